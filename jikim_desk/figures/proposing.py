"""From examples to proposed weights: the newest decisions teach a challenger, which waits for a lead."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from jikim.assessing.learning import Decided, Lesson, Verdict, learn
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.figures import learning
from jikim_desk.figures.models import Example, Proposal

EXAMPLES_MAX = 2000
"""The newest decisions that teach: older ones would count for less than a thirtieth."""


def propose(lead: User | None) -> tuple[Proposal, Lesson]:
    """Learns from the decisions there are and puts the challenger on record, with what was measured; nothing is switched on.

    `lead` is who asked, None for a command on this machine. Raises BadUse where there are too few decisions.
    """
    while learning.gather():
        pass
    lesson = learn(_decided(), learning.in_use())
    fields = {"toml": lesson.toml.decode("utf-8"), "figures": {"taught_on": lesson.taught_on, **asdict(lesson.comparison)}}
    with transaction.atomic():
        proposal, _ = Proposal.objects.update_or_create(sha256=lesson.rules.sha256, defaults=fields)
        facts = {"what": "proposed", "decisions": lesson.taught_on, "is_better": lesson.comparison.is_better}
        chain.record(Action.SETTING, actor=lead, subject=f"weights:{proposal.pk}", facts=facts)
    return proposal, lesson


def _decided() -> list[Decided]:
    """The newest examples, the oldest of them first."""
    newest = Example.objects.order_by("-applied")[:EXAMPLES_MAX]
    rows = reversed(list(newest.values_list("cues", "label")))
    return [Decided([learning.cue_of(kept) for kept in cues], Verdict(label)) for cues, label in rows]
