"""How long each stage takes, what people are spared, and how far the score can be trusted. Never of a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import quantiles
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.utils import timezone

from jikim_desk.records.models import Sweep

ROWS_MAX = 3000
"""The newest, so that the page costs the same whatever lies behind it."""
FEWEST = 10
"""Fewer say nothing and might tell of one person."""
BINS = 10
_Z90 = 1.645


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took: quarter, median and three quarters, in seconds."""

    name: str
    count: int
    low_s: float
    middle_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Spared:
    """Decisions and views of a period: finds decided together with a copy, and decisions for which no picture was opened."""

    decided: int
    as_copies: int
    without_pictures: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Finds whose score lay near `expected`: the share of them that was confirmed, with its 90 % interval."""

    expected: float
    observed: float
    low: float
    high: float
    count: int


def stages(team_ids: Collection[int], days: int) -> list[Stage]:
    """The stages from asking to decision over the last `days` days; those with too few are left out."""
    since = timezone.now() - timedelta(days=days)
    sweeps = Sweep.objects.filter(team__in=team_ids, asked_at__gte=since).order_by("-asked_at")
    times = list(sweeps.values_list("asked_at", "approved_at", "started_at", "ended_at")[:ROWS_MAX])
    decided = list(_applied(team_ids, since).values_list("candidate__found_at", "decision__decided_at")[:ROWS_MAX])
    found = [
        _stage("start", [(max(asked, approved or asked), started) for asked, approved, started, _ in times]),
        _stage("search", [(started, ended) for *_, started, ended in times]),
        _stage("review", decided),
    ]
    return [stage for stage in found if stage is not None]


def spared(team_ids: Collection[int], days: int) -> Spared:
    """What people did not have to look at over the last `days` days."""
    since = timezone.now() - timedelta(days=days)
    decided = apps.get_model("review", "Decision")._default_manager.filter(
        team__in=team_ids, state="stands", decided_at__gte=since
    )
    count = decided.count()
    finds = _applied(team_ids, since).order_by().count()
    return Spared(count, max(0, finds - count), decided.filter(was_looked_at=False).count())


def calibration(team_ids: Collection[int]) -> list[Bin]:
    """The score against what people confirmed, in tenths; tenths with too few are left out."""
    rows = (
        _applied(team_ids, None).filter(candidate__is_test=False).exclude(decision__kind__in=("cannot_tell", "second_review"))
    )
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, kind in rows.values_list("candidate__score", "decision__kind")[:ROWS_MAX]:
        bins[min(int(score * BINS), BINS - 1)].append((score, kind == "confirmed"))
    return [_bin(found) for found in bins if len(found) >= FEWEST]


def _applied(team_ids: Collection[int], since: datetime | None) -> QuerySet[Any]:
    rows: QuerySet[Any] = apps.get_model("review", "Applied")._default_manager.filter(
        is_current=True, decision__team__in=team_ids, decision__state="stands"
    )
    if since is not None:
        rows = rows.filter(decision__decided_at__gte=since)
    return rows.order_by("-pk")


def _stage(name: str, spans: Sequence[tuple[datetime | None, datetime | None]]) -> Stage | None:
    lengths = [max(0.0, (until - since).total_seconds()) for since, until in spans if since and until]
    if len(lengths) < FEWEST:
        return None
    low, middle, high = quantiles(lengths, n=4, method="inclusive")
    return Stage(name, len(lengths), low, middle, high)


def _bin(found: Sequence[tuple[float, bool]]) -> Bin:
    count = len(found)
    share = sum(was_confirmed for _, was_confirmed in found) / count
    low, high = wilson(share, count)
    return Bin(sum(score for score, _ in found) / count, share, low, high, count)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 90 % interval of a share seen `count` times (Wilson's)."""
    spread = 1 + _Z90**2 / count
    middle = (share + _Z90**2 / (2 * count)) / spread
    half = _Z90 * sqrt(share * (1 - share) / count + _Z90**2 / (4 * count**2)) / spread
    return max(0.0, middle - half), min(1.0, middle + half)
