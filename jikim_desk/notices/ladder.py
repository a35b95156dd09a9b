"""The escalation ladder: which step is due when for a host of a class. Drafting is `escalating`'s, sending a person's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
from django.db.models import F

from jikim_desk.notices import hosts
from jikim_desk.notices.models import Removal
from jikim_desk.notices.reuploads.models import Reupload

REQUEST = "request"
"""The first letter: the form the directory names for the host, or mail."""


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    after_days: int
    kind: str
    to: str


def of(removal: Removal) -> Sequence[Rung]:
    """The ladder for the host of a find."""
    host = hosts.of(removal.candidate)
    return rungs(is_hostile=host is not None and host.is_hostile, is_again=bool(again_among([removal.pk])))


def rungs(*, is_hostile: bool, is_again: bool = False) -> Sequence[Rung]:
    """The ladder for hosts of a class; `is_again` where the same was asked of the same host before."""
    return _ladders()["hostile" if is_hostile else "again" if is_again else "platform"]


def again_among(removal_ids: Iterable[str]) -> frozenset[str]:
    """Those of removals whose finds are re-uploads at a host of what it was asked to remove before."""
    again = Reupload.objects.filter(candidate__in=list(removal_ids), is_alarm=True)
    same_host = again.filter(removal__candidate__host_ref=F("candidate__host_ref"))
    return frozenset(same_host.values_list("candidate_id", flat=True))


def due_at(removal: Removal) -> datetime | None:
    """When the next step is due; None when the ladder is at its end, or waits for the first notice to leave."""
    every = of(removal)
    if removal.ladder_step >= len(every):
        return None
    after = timedelta(days=every[removal.ladder_step].after_days)
    if removal.notified_at is None:
        return removal.begun_at if not after else None
    return removal.notified_at + after


@cache
def _ladders() -> dict[str, tuple[Rung, ...]]:
    read = tomllib.loads(Path(__file__).with_name("rungs.toml").read_text("utf-8"))
    return msgspec.convert(read, dict[str, tuple[Rung, ...]])
