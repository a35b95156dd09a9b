"""Notices that what was confirmed is there again: a new find that shows it, or a known address that a source names again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from jikim.types import Cue
from jikim_desk.accounts.models import Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.figures.stages import Unsought
from jikim_desk.notices import visible
from jikim_desk.notices.models import Recheck, Removal, RemovalState
from jikim_desk.notices.reuploads import guarding
from jikim_desk.notices.reuploads.mirroring import BANK
from jikim_desk.notices.reuploads.models import Likeness, Reupload
from jikim_desk.records.models import Candidate
from jikim_desk.review import access

_SHOWN_MAX = 200
NOT_THERE = (RemovalState.GONE, RemovalState.NOT_VISIBLE, RemovalState.BLOCKED)
LOOKED_LATELY = timedelta(hours=6)
"""A find that was visited within this time is not visited again because a source names it: search engines do for weeks."""


def arrived(candidate_id: str) -> list[Reupload]:
    """To be called when the assessment of a find has become final, in that transaction; once or more often. Links it to what it
    shows again, one removal a team, and puts what had been asked for or was gone on record as an alarm."""
    candidate = Candidate.objects.get(pk=candidate_id)
    if candidate.is_test:
        return []
    best: dict[int, tuple[Removal, Likeness]] = {}
    for removal, likeness in _shown(candidate):
        before = best.get(removal.team_id)
        if before is None or _rank(removal, likeness) < _rank(*before):
            best[removal.team_id] = (removal, likeness)
    return [made for removal, likeness in best.values() if (made := _link(removal, candidate, likeness)) is not None]


def is_known(cues: Iterable[Cue]) -> bool:
    """Whether cues show anything of the bank of confirmed finds: of most finds nothing more has to be asked."""
    return any(cue.name == "known_copy" and cue.value.get("bank") == BANK for cue in cues)


def sighted(candidate_ids: Collection[str]) -> int:
    """To be called with the finds that a source named again: those that were said to be gone are visited soon, unless they were
    lately. How many."""
    now = timezone.now()
    lately = Recheck.objects.filter(at__gt=now - LOOKED_LATELY).values("removal")
    gone = Removal.objects.filter(pk__in=candidate_ids, state__in=NOT_THERE).exclude(pk__in=lately)
    return gone.filter(Q(next_recheck_at=None) | Q(next_recheck_at__gt=now)).update(next_recheck_at=now)


def alarms(user: User) -> list[Reupload]:
    """What came up again and nobody has taken note of, as far as `user` may see the removal; the latest first."""
    return list(_waiting(user).select_related("removal__candidate", "candidate").order_by("-found_at")[:_SHOWN_MAX])


def count_alarms(user: User, team: Team | None = None) -> int:
    """How many of them there are; of one team where it says so."""
    return _waiting(user, team)[:_SHOWN_MAX].count()


def of_removal(removal: Removal) -> list[Reupload]:
    """Where what a removal is about came up again, the latest first."""
    return list(removal.reuploads.select_related("candidate").order_by("-found_at")[:50])


def of_candidate(user: User, candidate: Candidate) -> list[Reupload]:
    """The removals of which a find seems to be a re-upload, as far as `user` may see them."""
    rows = list(Reupload.objects.filter(candidate=candidate).select_related("removal").order_by("-is_alarm", "found_at"))
    seen = visible.removals(user).filter(pk__in=[one.removal_id for one in rows])
    mine = frozenset(seen.values_list("pk", flat=True)) if rows else frozenset()
    return [one for one in rows if one.removal_id in mine]


def among(candidates: Iterable[Candidate]) -> frozenset[str]:
    """The ids of those of `candidates` that raise an alarm."""
    ids = [one.pk for one in candidates]
    return frozenset(Reupload.objects.filter(candidate__in=ids, is_alarm=True).values_list("candidate_id", flat=True))


def take_note(user: User, reupload_id: str) -> Reupload:
    """A person has seen an alarm and sees to it. Twice is once. Raises Http404 for who may not decide on the removal."""
    row = Reupload.objects.filter(pk=reupload_id).select_related("removal__candidate").first()
    if row is None or not visible.removals(user).filter(pk=row.removal_id).exists():
        raise Http404
    if not access.may_decide(user, row.removal.candidate):
        raise Http404
    with transaction.atomic():
        if Reupload.objects.filter(pk=row.pk, seen_at=None).update(seen_by=user, seen_at=timezone.now()):
            facts = {"what": "reupload_seen"}
            chain.record(Action.GUARD, actor=user, subject=f"candidate:{row.removal_id}", facts=facts)
    return row


def _waiting(user: User, team: Team | None = None) -> QuerySet[Reupload]:
    """Of the alarms that wait those `user` may see, of one team where it says so. Few ever wait: the database is to begin with
    these, not with the removals of a team, of which there are many."""
    waiting = Reupload.objects.filter(is_alarm=True, seen_at=None).annotate(of_team=Unsought("removal__team_id"))
    waiting = waiting.filter(of_team=team.pk) if team else waiting
    return waiting.filter(visible.condition(user, "removal__", team="of_team"))


def _shown(candidate: Candidate) -> list[tuple[Removal, Likeness]]:
    """The removals whose files a find shows: by the bank's fingerprints, or as a verified copy within its own team."""
    likenesses = _items((candidate.analysis or {}).get("cues") or ())
    found: list[tuple[Removal, Likeness]] = []
    if likenesses:
        files = guarding.wanted().filter(sha256__in=likenesses).select_related("guard__removal__candidate")
        found += [(one.guard.removal, likenesses[one.sha256]) for one in files]
    if candidate.same_as:
        same = guarding.watched().filter(candidate__same_as=candidate.same_as, team=candidate.team_id)
        found += [(one, Likeness.SAME) for one in same.select_related("candidate")[:200]]
    return [(removal, likeness) for removal, likeness in found if removal.pk != candidate.pk]


def _items(cues: Sequence[Mapping[str, Any]]) -> dict[str, Likeness]:
    """Item of our bank -> how it is shown."""
    found: dict[str, Likeness] = {}
    for cue in cues:
        value = cue.get("value") or {}
        if cue.get("name") == "known_copy" and value.get("bank") == BANK:
            is_copy = value.get("relation") == "copy"
            if is_copy or value["item"] not in found:
                found[value["item"]] = Likeness.COPY if is_copy else Likeness.SCENE
    return found


def _rank(removal: Removal, likeness: Likeness) -> tuple[bool, int, bool, str]:
    """The removal to speak of: one that is plainly meant before one that may be, one that was gone or asked for before others,
    the first one before later ones."""
    return (
        likeness is Likeness.SCENE,
        0 if removal.state in NOT_THERE else 1 if removal.notified_at else 2,
        likeness is not Likeness.SAME,
        removal.begun_at.isoformat(),
    )


def _link(removal: Removal, candidate: Candidate, likeness: Likeness) -> Reupload | None:
    was_asked_for = removal.notified_at is not None or removal.state in NOT_THERE
    made, is_new = Reupload.objects.get_or_create(
        removal=removal,
        candidate=candidate,
        defaults={
            "found_at": timezone.now(),
            "likeness": likeness,
            "was": removal.state,
            "is_alarm": was_asked_for and likeness is not Likeness.SCENE,
        },
    )
    if not is_new:
        return None
    facts = {"what": "reupload", "state": removal.state, "kind": likeness.value}
    chain.record(Action.GUARD, actor=None, subject=f"candidate:{removal.pk}", facts=facts)
    return made
