"""What watches bring: new finds by day and by spelling, and the spellings that bring nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F
from django.utils import timezone

from jikim_desk.records import watches
from jikim_desk.records.models import Candidate, Sighting, Sweep, Variant, VariantState, Watch
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
    """What one spelling led to, over all time: finds nobody had found before, and those among them that a person kept."""

    new: int
    kept: int


def by_day(watch_ids: Sequence[str], days: int) -> dict[str, list[Day]]:
    """The last `days` days of each watch, the oldest first, days without a sweep included."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    since = timezone.make_aware(datetime.combine(first, time.min))
    ended = Sweep.objects.filter(watch__in=watch_ids, ended_at__gte=since)
    found = dict(Sighting.objects.filter(sweep__in=ended.values("pk")).values_list("sweep").annotate(n=Count("pk")).order_by())
    new = dict(
        Candidate.objects.filter(found_by__in=ended.values("pk")).values_list("found_by").annotate(n=Count("pk")).order_by()
    )
    sums = {watch: {first + timedelta(days=number): [0, 0, 0] for number in range(days)} for watch in watch_ids}
    for sweep, watch, ended_at in ended.values_list("pk", "watch", "ended_at"):
        day = sums[str(watch)].get(timezone.localdate(ended_at)) if ended_at else None
        if day is not None:
            for place, count in enumerate((1, found.get(sweep, 0), new.get(sweep, 0))):
                day[place] += count
    return {watch: [Day(day, *counts) for day, counts in of_watch.items()] for watch, of_watch in sums.items()}


def by_spelling(watch: Watch) -> dict[str, Spelling]:
    """What each spelling of a watch led to."""
    found = Candidate.objects.filter(found_by__watch=watch, sightings__sweep=F("found_by"))
    new = dict(found.values_list("sightings__keyword_ref").annotate(n=Count("pk")).order_by())
    is_kept = {"applied__is_current": True, "applied__decision__kind__in": KEPT}
    kept = dict(found.filter(**is_kept).values_list("sightings__keyword_ref").annotate(n=Count("pk")).order_by())
    texts = {text: reference("keyword", text) for text in (*watch.keywords, *(one.text for one in watch.variants.all()))}
    return {text: Spelling(new.get(ref, 0), kept.get(ref, 0)) for text, ref in texts.items()}


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
