"""The four clocks of removal over many finds: found, reviewed, notified, verified gone; and how long finds stay.

Much of what was asked for is still there when one looks, and a mean over what is gone would flatter: finds that are not
verified gone count for as long as they were watched (`survival.kaplan_meier`). The end is the visit that proved it, so a
find may have been gone since the visit before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from django.db.models import OuterRef, QuerySet, Subquery
from numpy.typing import NDArray

from jikim_desk.figures import survival
from jikim_desk.notices.models import Host, Recheck, Removal

ROWS_MAX = 1000
"""The newest, so that a page costs the same whatever lies behind it."""
FEWEST = 10
"""Of fewer no curve is drawn, and a curve ends where fewer were watched so long."""
UNKNOWN, HOSTILE = "unknown", "hostile"
"""Classes besides the kinds of the host directory: not in it, and known to refuse."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class Clock(NamedTuple):
    """The clocks of one find. `seen_at` is its last visit."""

    found_at: datetime
    reviewed_at: datetime
    notified_at: datetime | None
    gone_at: datetime | None
    seen_at: datetime | None
    host_ref: str


@dataclass(frozen=True, slots=True)
class Stay:
    """How long finds on one class of host stay, in days after the first notice."""

    host_class: str
    curve: survival.Curve

    @property
    def watched_days(self) -> float:
        """For how long enough of them were watched to say anything."""
        return float(self.curve.watched[-FEWEST]) if self.curve.count >= FEWEST else 0.0

    def after(self, days: float, fewest: int = FEWEST) -> tuple[float, float, float] | None:
        """The share still there after so many days, with its interval; None where fewer were watched so long."""
        return self.curve.at(days) if self.curve.left(days) >= fewest else None


def rows(removals: QuerySet[Removal]) -> list[Clock]:
    """The clocks of removals, in their order."""
    last = Recheck.objects.filter(removal=OuterRef("pk")).order_by("-at").values("at")[:1]
    wanted = ("candidate__found_at", "reviewed_at", "notified_at", "gone_at", Subquery(last), "candidate__host_ref")
    return [Clock(*row) for row in removals.values_list(*wanted)]


def newest(team_ids: Collection[int]) -> list[Clock]:
    """The clocks of what was notified last."""
    notified = Removal.objects.filter(team__in=team_ids, notified_at__isnull=False)
    return rows(notified.order_by("-notified_at")[:ROWS_MAX])


def hours(found: Sequence[Clock]) -> dict[str, NDArray[np.float64]]:
    """Hours of each part of the way, of the finds that have come so far."""
    return {
        "review": _spans([(one.found_at, one.reviewed_at) for one in found]),
        "notify": _spans([(one.reviewed_at, one.notified_at) for one in found]),
        "gone": _spans([(one.notified_at, one.gone_at) for one in found]),
    }


def stays(found: Sequence[Clock]) -> list[Stay]:
    """How long finds stay, for all hosts (class "") and for each class with enough of them, the largest first."""
    watched = [one for one in found if one.notified_at is not None and (one.gone_at or one.seen_at)]
    classes = _classes({one.host_ref for one in watched})
    groups: dict[str, list[Clock]] = {"": watched}
    for one in watched:
        groups.setdefault(classes.get(one.host_ref, UNKNOWN), []).append(one)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [_stay(name, group) for name, group in largest if len(group) >= FEWEST]


def _stay(name: str, group: Sequence[Clock]) -> Stay:
    lengths, ended = [], []
    for one in group:
        until = one.gone_at or one.seen_at
        if one.notified_at is not None and until is not None:
            lengths.append(max((until - one.notified_at) / _DAY, 0.0))
            ended.append(one.gone_at is not None)
    return Stay(name, survival.kaplan_meier(lengths, ended))


def _classes(refs: Collection[str]) -> dict[str, str]:
    """The class of each host the directory knows. It is read whole: it has thousands of rows where finds have many more."""
    known = Host.objects.values_list("ref", "kind", "is_hostile")
    return {ref: HOSTILE if is_hostile else kind for ref, kind, is_hostile in known if ref in refs}


def _spans(pairs: Sequence[tuple[datetime | None, datetime | None]]) -> NDArray[np.float64]:
    return np.array([max((later - earlier) / _HOUR, 0.0) for earlier, later in pairs if earlier and later], dtype=np.float64)
