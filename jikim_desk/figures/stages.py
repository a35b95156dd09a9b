"""How long each stage takes, and how far the score can be trusted. Never of a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import quantiles
from typing import Any, NamedTuple

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from jikim_desk.records.models import Sweep

ROWS_MAX = 1000
"""The newest, so that the page costs the same whatever lies behind it."""
FEWEST = 10
"""Fewer say nothing and might tell of one person."""
BINS = 10
UNDECIDED = ("cannot_tell", "second_review")
_Z90 = 1.645
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took: quarter, median and three quarters, in seconds."""

    name: str
    count: int
    low_s: float
    middle_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Finds whose score lay near `expected`: the share of them that was confirmed, with its 90 % interval."""

    expected: float
    observed: float
    low: float
    high: float
    count: int


class Outcome(NamedTuple):
    """What became of one find."""

    score: float
    kind: str
    found_at: datetime
    decided_at: datetime
    is_test: bool


def outcomes(team_ids: Collection[int]) -> list[Outcome]:
    """The newest finds that were decided."""
    rows = standing().annotate(of_team=Unsought("decision__team_id")).filter(of_team__in=team_ids)
    wanted = ("candidate__score", "decision__kind", "candidate__found_at", "decision__decided_at", "candidate__is_test")
    return [Outcome(*row) for row in rows.order_by("-pk").values_list(*wanted)[:ROWS_MAX]]


class Unsought(Func):
    """A column that SQLite checks row by row and seeks in no index: it walks by number then and stops early, where it would
    gather and sort all that fit. PostgreSQL finds that way by its statistics, which an expression would hide from it."""

    template = "+%(expressions)s"
    arity = 1

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Sequence[Any]]:
        return self.as_sql(compiler, connection, template="%(expressions)s")


def standing() -> QuerySet[Any]:
    """What decisions that stand count for (`review.Applied`)."""
    rows: QuerySet[Any] = apps.get_model("review", "Applied")._default_manager.filter(is_current=True)
    rows = rows.annotate(in_state=Unsought("decision__state"))
    return rows.filter(in_state="stands")


def stages(team_ids: Collection[int], decided: Sequence[Outcome], days: int) -> list[Stage]:
    """The stages from asking to decision over the last `days` days; those with too few are left out."""
    since = timezone.now() - timedelta(days=days)
    sweeps = Sweep.objects.filter(team__in=team_ids, asked_at__gte=since).order_by("-asked_at")
    times = list(sweeps.values_list("asked_at", "approved_at", "started_at", "ended_at")[:ROWS_MAX])
    found = [
        _stage("start", [(max(asked, approved or asked), started) for asked, approved, started, _ in times]),
        _stage("search", [(started, ended) for *_, started, ended in times]),
        _stage("review", [(one.found_at, one.decided_at) for one in decided if one.decided_at >= since]),
    ]
    return [stage for stage in found if stage is not None]


def calibration(decided: Sequence[Outcome]) -> list[Bin]:
    """The score against what people confirmed, in tenths; tenths with too few are left out."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for one in decided:
        if one.kind not in UNDECIDED and not one.is_test:
            bins[min(int(one.score * BINS), BINS - 1)].append((one.score, one.kind == "confirmed"))
    return [_bin(found) for found in bins if len(found) >= FEWEST]


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


def wilson(share: float, count: int, z: float = _Z90) -> tuple[float, float]:
    """The interval of a share seen `count` times (Wilson's): 90 % unless `z` says otherwise."""
    spread = 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / spread
    half = z * sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / spread
    return max(0.0, middle - half), min(1.0, middle + half)
