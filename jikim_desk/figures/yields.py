"""What watches bring: new finds by day and by spelling, and the spellings that bring nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from jikim_desk.records import watches
from jikim_desk.records.models import Sighting, Sweep, Variant, VariantState, Watch
from jikim_desk.sealing import reference

POOR_AFTER_SWEEPS = 20
"""A spelling that was searched for so often and led to nothing that anybody kept is dropped."""
KEPT = ("confirmed", "appears_adult", "second_review")
"""Decisions after which a find was worth finding."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a watch: sweeps that ended, finds, and those among them that nobody had found before."""

    day: date
    sweeps: int
    found: int
    new: int


@dataclass(frozen=True, slots=True)
class Spelling:
    """What one spelling led to, over all time: finds, those first found by it, and those a person kept."""

    found: int
    new: int
    kept: int


def by_day(watch_ids: Sequence[str], days: int) -> dict[str, list[Day]]:
    """The last `days` days of each watch, the oldest first, days without a sweep included."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    since = timezone.make_aware(datetime.combine(first, time.min))
    ended = (
        Sweep.objects.filter(watch__in=watch_ids, ended_at__gte=since)
        .values_list("watch", TruncDate("ended_at"))
        .annotate(count=Count("pk"))
        .order_by()
    )
    sweeps = {(watch, day): count for watch, day, count in ended}
    is_new = Q(candidate__found_by=F("sweep"))
    sighted = (
        Sighting.objects.filter(sweep__watch__in=watch_ids, seen_at__gte=since)
        .values_list("sweep__watch", TruncDate("seen_at"))
        .annotate(found=Count("pk"), new=Count("pk", filter=is_new))
        .order_by()
    )
    finds = {(watch, day): (found, new) for watch, day, found, new in sighted}
    wanted = [first + timedelta(days=number) for number in range(days)]
    return {
        watch: [Day(day, sweeps.get((watch, day), 0), *finds.get((watch, day), (0, 0))) for day in wanted]
        for watch in watch_ids
    }


def by_spelling(watch: Watch) -> dict[str, Spelling]:
    """What each spelling of a watch led to."""
    is_new = Q(candidate__found_by=F("sweep"))
    is_kept = Q(candidate__applied__is_current=True, candidate__applied__decision__kind__in=KEPT)
    counted = (
        Sighting.objects.filter(sweep__watch=watch)
        .values_list("keyword_ref")
        .annotate(
            found=Count("candidate", distinct=True),
            new=Count("candidate", filter=is_new, distinct=True),
            kept=Count("candidate", filter=is_kept, distinct=True),
        )
        .order_by()
    )
    told = {ref: Spelling(found, new, kept) for ref, found, new, kept in counted}
    texts = [*watch.keywords, *(variant.text for variant in watch.variants.all())]
    return {text: told.get(reference("keyword", text), Spelling(0, 0, 0)) for text in texts}


def poor(watch: Watch) -> list[Variant]:
    """The approved spellings that were searched for often and brought nothing that a person kept or has yet to decide."""
    approved = list(watch.variants.filter(state=VariantState.APPROVED))
    if not approved:
        return []
    ended = list(watch.sweeps.exclude(ended_at=None).values_list("started_at", flat=True))
    undecided = set(
        Sighting.objects.filter(sweep__watch=watch).exclude(candidate__state="decided").values_list("keyword_ref", flat=True)
    )
    spelled = by_spelling(watch)
    return [
        one
        for one in approved
        if one.decided_at is not None
        and sum(started_at is not None and started_at >= one.decided_at for started_at in ended) >= POOR_AFTER_SWEEPS
        and spelled[one.text].kept == 0
        and reference("keyword", one.text) not in undecided
    ]


def drop_poor(watch_id: str) -> int:
    """Drops the poor spellings of a watch; how many."""
    found = poor(Watch.objects.get(pk=watch_id))
    for variant in found:
        watches.drop(variant)
    return len(found)
