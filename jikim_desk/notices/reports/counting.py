"""What is counted for a month or a year, in few statements that count in the database, so that 100,000 finds cost seconds.

Counts alone leave this file; what is too small to be told is held back where it is written down (`suppressing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from django.db.models import Count, Q, QuerySet
from numpy.typing import NDArray

from jikim.types import SourceState
from jikim_desk.config import desk_config
from jikim_desk.notices import clocks
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Recheck, Removal
from jikim_desk.notices.reports.suppressing import FEWEST_OF_SHARE
from jikim_desk.records.models import Sweep, SweepKind
from jikim_desk.review.models import Decision, DecisionState

LEFT = (NoticeState.SENT, NoticeState.DOWNLOADED, NoticeState.UNKNOWN)
DAYS = (1, 7, 30, 90)
"""After so many days it is told what is still there."""
_ANSWERED = frozenset({SourceState.OK, SourceState.EMPTY})


class Length(msgspec.Struct, frozen=True):
    """How long one part of the way took, in hours: quarter, median, three quarters, of `count` finds."""

    count: int
    low: float
    middle: float
    high: float


class Stays(msgspec.Struct, frozen=True):
    """How long finds on one class of host stay after the first notice: `after` has for each of `DAYS` the share that is not
    verified gone with its 95 % interval, None where nothing was watched so long."""

    host_class: str
    count: int
    gone: int
    median_days: float | None
    after: list[tuple[float, float, float] | None]


class Figures(msgspec.Struct, frozen=True):
    """All that a report of a period counts."""

    begun: int
    gone: int
    states: dict[str, int]
    """Of the finds begun in the period, as of now."""
    letters: dict[str, dict[str, int]]
    """Kind -> what was answered ("" for nothing yet) -> how many left in the period."""
    levels: dict[str, dict[str, int]]
    """What the software had said -> what people decided -> how many, of decisions in the period that stand."""
    reopened: dict[str, int]
    """What people had decided -> how often it was opened again later."""
    confirmed: int
    """Confirmations of the period, those opened again included."""
    by_two: int
    differed: int
    """Decisions that two people made apart, and how many of them differed."""
    visits: dict[str, int]
    """What visits to the finds begun in the period saw."""
    never_visited: int
    """Finds begun in the period that were asked to be removed and never visited since."""
    places: dict[str, tuple[int, int]]
    """Source -> how often it was asked, and how often it did not answer."""
    lengths: dict[str, Length]
    stays: list[Stays]


def bounds(year: int, month: int | None) -> tuple[datetime, datetime]:
    """From when to when (aware, by the centre's clock). Raises ValueError for no such month."""
    zone = ZoneInfo(desk_config().time_zone)
    first = date(year, month or 1, 1)
    after = date(year + 1, 1, 1) if month is None else date(year + month // 12, month % 12 + 1, 1)
    return datetime(first.year, first.month, 1, tzinfo=zone), datetime(after.year, after.month, 1, tzinfo=zone)


def count(team_ids: Collection[int], begins: datetime, ends: datetime) -> Figures:
    """What these teams did from `begins` until before `ends`."""
    begun = Removal.objects.filter(team__in=team_ids, begun_at__gte=begins, begun_at__lt=ends)
    gone = Removal.objects.filter(team__in=team_ids, gone_at__gte=begins, gone_at__lt=ends)
    decided = Decision.objects.filter(team__in=team_ids, decided_at__gte=begins, decided_at__lt=ends, candidate__is_test=False)
    states = _counted(begun, "state")
    by_two, differed = _by_two(decided)
    reopened = _counted(decided.filter(state=DecisionState.REOPENED), "kind")
    levels = _nested(decided.filter(state=DecisionState.STANDS), "candidate__level", "kind")
    found = clocks.rows(begun)
    return Figures(
        begun=sum(states.values()),
        gone=gone.count(),
        states=states,
        letters=_letters(team_ids, begins, ends),
        levels=levels,
        reopened=reopened,
        confirmed=sum(kinds.get("confirmed", 0) for kinds in levels.values()) + reopened.get("confirmed", 0),
        by_two=by_two,
        differed=differed,
        visits=_counted(Recheck.objects.filter(removal__in=begun), "seen"),
        never_visited=sum(one.notified_at is not None and one.seen_at is None for one in found),
        places=_places(team_ids, begins, ends),
        lengths={name: length for name, hours in clocks.hours(found).items() if (length := _length(hours))},
        stays=[_stays(one) for one in clocks.stays(found)],
    )


def _letters(team_ids: Collection[int], begins: datetime, ends: datetime) -> dict[str, dict[str, int]]:
    left = Notice.objects.filter(team__in=team_ids, sent_at__gte=begins, sent_at__lt=ends, state__in=LEFT)
    return _nested(left.exclude(kind=NoticeKind.WITHDRAWAL), "kind", "outcome")


def _by_two(decided: QuerySet[Decision]) -> tuple[int, int]:
    """Decisions that came of two words, and how many of them of words that differed."""
    words = decided.filter(state=DecisionState.MERGED, merged_into__isnull=False)
    differing = Count("merged_into", distinct=True, filter=Q(answered_by__isnull=False))
    counted = words.aggregate(every=Count("merged_into", distinct=True), differing=differing)
    return counted["every"], counted["differing"]


def _places(team_ids: Collection[int], begins: datetime, ends: datetime) -> dict[str, tuple[int, int]]:
    """How the sources answered; of NAME=URL the name alone."""
    sweeps = Sweep.objects.filter(team__in=team_ids, asked_at__gte=begins, asked_at__lt=ends).exclude(kind=SweepKind.REPORTED)
    asked: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for health in sweeps.values_list("health", flat=True).iterator(chunk_size=2000):
        for place, answer in health.items():
            name = place.partition("=")[0].partition(" ")[0]
            asked[name] += 1
            silent[name] += answer.get("state") not in _ANSWERED
    return {name: (asked[name], silent[name]) for name in sorted(asked)}


def _length(hours: NDArray[np.float64]) -> Length | None:
    if not len(hours):
        return None
    low, middle, high = (float(value) for value in np.quantile(hours, (0.25, 0.5, 0.75)))
    return Length(len(hours), low, middle, high)


def _stays(one: clocks.Stay) -> Stays:
    curve = one.curve
    after = [one.after(days, FEWEST_OF_SHARE) for days in DAYS]
    return Stays(one.host_class, curve.count, curve.ended, curve.median, after)


def _counted(rows: QuerySet[Any], field: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(field).annotate(count=Count("pk")))


def _nested(rows: QuerySet[Any], outer: str, inner: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    counted: Iterable[tuple[str, str, int]] = rows.order_by().values_list(outer, inner).annotate(count=Count("pk"))
    for one, other, number in counted:
        found.setdefault(one, {})[other] = number
    return found
