"""From decisions to examples, and from proposed weights to those in use and back: what a lead sees and switches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from jikim.assessing import assess
from jikim.assessing.rules import Rules, in_force, own_file, read, shipped
from jikim.types import Cue
from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.figures.models import Example, Label, Proposal
from jikim_desk.figures.stages import Unsought, standing
from jikim_desk.records.models import Capture
from jikim_desk.sealing import reference

LABELS = {"confirmed": Label.CONFIRMED, "appears_adult": Label.ADULT, "not_relevant": Label.NOT_RELEVANT}
GATHERED_AT_ONCE = 50
COMPARED_MAX = 300
WORDLESS = frozenset({"label"})
"""The only text a cue's value keeps: the name an analyzer has for an object."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that differs between two sets of weights."""

    name: str
    now: float
    proposed: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What a set of weights would have made of the examples of one label: how many to look at, and at once."""

    label: str
    count: int
    look_now: int
    look_proposed: int
    urgent_now: int
    urgent_proposed: int


def gather() -> int:
    """Makes examples of new decisions that stand, and drops those of decisions that count no longer; how many are new.

    What is a test, and what nobody could tell, teaches nothing.
    """
    applied = apps.get_model("review", "Applied")._default_manager
    Example.objects.filter(applied__in=applied.filter(is_current=False).values("pk")).delete()
    last = Example.objects.aggregate(last=Max("applied"))["last"] or 0
    labelled = standing().annotate(of_kind=Unsought("decision__kind")).filter(of_kind__in=LABELS, candidate__is_test=False)
    new = list(labelled.filter(pk__gt=last).select_related("candidate", "decision").order_by("pk")[:GATHERED_AT_ONCE])
    files: dict[str, set[str]] = {}
    for candidate, sha256 in Capture.objects.filter(candidate__in=[row.candidate_id for row in new]).values_list(
        "candidate", "sha256"
    ):
        files.setdefault(str(candidate), set()).add(sha256)
    rows = [_example(row, sorted(files.get(row.candidate_id, ()))) for row in new]
    Example.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def take_in(folder: Path) -> int:
    """Puts proposed weights on record that somebody left as TOML files in `folder`; how many are new.

    Raises BadAsk for a file that holds no weights.
    """
    taken = 0
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        written = path.read_bytes()
        try:
            rules = read(written)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise BadAsk("figures.no_weights", where=path.name) from error
        _, is_new = Proposal.objects.get_or_create(sha256=rules.sha256, defaults={"toml": written.decode("utf-8")})
        taken += is_new
    return taken


def proposals_folder() -> Path:
    """Where weights may be put that were worked out elsewhere. What `jikim learn` proposes is on record at once."""
    return jikim_config().home / "proposals"


def in_use() -> Rules:
    """The weights in force. Raises BadUse when the centre's own are damaged."""
    return in_force()


def differences(now: Rules, proposed: Rules) -> list[Difference]:
    """The numbers in which they differ."""
    ours, theirs = _numbers(now), _numbers(proposed)
    names = dict.fromkeys([*ours, *theirs])
    return [
        Difference(name, ours.get(name, 0.0), theirs.get(name, 0.0)) for name in names if ours.get(name) != theirs.get(name)
    ]


def effects(now: Rules, proposed: Rules) -> list[Effect]:
    """What both would have made of the newest examples, by label."""
    counts = {label: [0, 0, 0, 0, 0] for label in Label}
    for example in Example.objects.order_by("-day")[:COMPARED_MAX]:
        cues = [cue_of(cue) for cue in example.cues]
        tally = counts[Label(example.label)]
        tally[0] += 1
        for place, rules in ((1, now), (2, proposed)):
            level = assess(example.candidate_ref, cues, rules=rules).level
            tally[place] += level != "none"
            tally[place + 2] += level == "urgent"
    return [Effect(label.value, *tally) for label, tally in counts.items()]


def switch_on(lead: User, proposal: Proposal) -> None:
    """Puts proposed weights in force from the next assessment on. Raises PermissionDenied, OSError for a full disk."""
    _require_lead(lead)
    read(proposal.toml.encode("utf-8"))
    with transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(switched_on_at=timezone.now(), switched_on_by=lead)
        chain.record(Action.SETTING, actor=lead, subject=f"weights:{proposal.pk}", facts={"what": "switched_on"})
        _write(own_file(jikim_config().home), proposal.toml.encode("utf-8"))


def switch_back(lead: User) -> None:
    """Puts the weights in force that were before: those switched on before the last, else those shipped."""
    _require_lead(lead)
    with transaction.atomic():
        past = list(Proposal.objects.exclude(switched_on_at=None).order_by("-switched_on_at")[:2])
        if not past:
            raise BadAsk("figures.nothing_before")
        Proposal.objects.filter(pk=past[0].pk).update(switched_on_at=None)
        chain.record(Action.SETTING, actor=lead, subject=f"weights:{past[0].pk}", facts={"what": "switched_back"})
        file = own_file(jikim_config().home)
        if len(past) == 2:
            _write(file, past[1].toml.encode("utf-8"))
        else:
            file.unlink(missing_ok=True)


def is_shipped(rules: Rules) -> bool:
    """Whether they are those that came with this version."""
    return rules.sha256 == shipped().sha256


def _require_lead(user: User) -> None:
    if not user.has_role(Role.LEAD):
        raise PermissionDenied


def _example(applied: Any, media: list[str]) -> Example:
    candidate, decision = applied.candidate, applied.decision
    analysis: Mapping[str, Any] = candidate.analysis or {}
    return Example(
        candidate_ref=reference("example", candidate.pk),
        applied=applied.pk,
        label=LABELS[decision.kind],
        cues=[_features(cue) for cue in analysis.get("cues") or ()],
        media=media,
        score=candidate.score,
        level=candidate.level,
        day=timezone.localdate(decision.decided_at),
    )


def _features(cue: Mapping[str, Any]) -> dict[str, Any]:
    """The cue without words, names and places."""
    value = {
        name: inner
        for name, inner in (cue.get("value") or {}).items()
        if isinstance(inner, bool | int | float) or (cue["name"] == "object" and name in WORDLESS)
    }
    kept = {"name": cue["name"], "confidence": cue["confidence"], "value": value}
    if cue["name"] == "known_copy":
        kept["value"] |= {"relation": cue["value"].get("relation"), "is_test": cue["value"].get("bank") == "test"}
    return kept


def cue_of(kept: Mapping[str, Any]) -> Cue:
    """A cue again, from what an example kept of it."""
    value = dict(kept["value"])
    if kept["name"] == "known_copy":
        value |= {"bank": "test" if value.pop("is_test", False) else "known", "item": "known"}
    return Cue(
        media_id=None,
        analyzer="example",
        analyzer_version="",
        weights_sha256="",
        name=kept["name"],
        at_s=None,
        region=None,
        value=value,
        confidence=kept["confidence"],
        message_key="",
        params={},
    )


def _numbers(rules: Rules) -> dict[str, float]:
    found = {"look": rules.thresholds.look, "urgent_low": rules.thresholds.urgent_low}
    for name, axis in rules.axes.items():
        found |= {f"{name}.prior": axis.prior, f"{name}.spread": axis.spread}
    for rule in rules.rules:
        title = f"{rule.axis}.{rule.cue}" + (f" ({rule.label})" if rule.label else "")
        found |= {f"{title}.{field}": getattr(rule, field) for field in ("weight", "neutral", "floor", "ceiling")}
    return found


def _write(path: Path, written: bytes) -> None:
    """Replaces a file whole or not at all."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(written)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
