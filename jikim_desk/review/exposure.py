"""What somebody is exposed to, in minutes and severity; the day's budget; rests that hand the item on.

Everything here is for the person themselves: it is in no report, and a lead learns only whether somebody is available.

The clock: a stretch of work is the sum of the time between two moments at an item, of which at most `LONGEST_GAP_S` counts, so
a clock that jumps adds two minutes at most and takes nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.config import desk_config
from jikim_desk.review.models import Claim, Exposure, Lift, Severity, Stretch
from jikim_desk.review.turns import take_turn

LONGEST_GAP_S = 120
LONGEST_LIFT_S = 10
KEPT_FOR = timedelta(days=31)
"""Nobody needs to know longer what somebody was exposed to."""
WEIGHTS = {Severity.WORDS: 1, Severity.SKETCHES: 1, Severity.CLEAR: 2}
"""What a second counts against the budget. The time at the page runs on while something is seen clearly: together three."""


@dataclass(frozen=True, slots=True)
class State:
    """How it stands for one person; seconds throughout. `rest_until` is set while they rest."""

    words_s: int
    sketches_s: int
    clear_s: int
    counted_s: int
    budget_s: int
    stretch_s: int
    longest_stretch_s: int
    rest_until: datetime | None
    is_rest_forced: bool

    @property
    def is_day_over(self) -> bool:
        """Whether today's budget is used up."""
        return self.counted_s >= self.budget_s

    @property
    def is_rest_due(self) -> bool:
        """Whether it is time for a rest that cannot be put off."""
        return self.stretch_s >= self.longest_stretch_s

    @property
    def may_work(self) -> bool:
        """Whether they may take an item now."""
        return not (self.is_day_over or self.is_rest_due or self.rest_until)

    @property
    def left_s(self) -> int:
        """Until the next rest or the end of the budget, whichever comes first."""
        return max(0, min(self.longest_stretch_s - self.stretch_s, self.budget_s - self.counted_s))

    @property
    def share(self) -> float:
        """Of today's budget, 0..1."""
        return min(1.0, self.counted_s / self.budget_s)

    @property
    def counted_min(self) -> int:
        return self.counted_s // 60

    @property
    def budget_min(self) -> int:
        return self.budget_s // 60

    @property
    def next_rest_at(self) -> datetime:
        """When a rest comes, if they work on without a pause."""
        return timezone.now() + timedelta(seconds=self.left_s)


def state(user: User) -> State:
    """How it stands for `user` now."""
    desk, now = desk_config(), timezone.now()
    seconds = dict(Exposure.objects.filter(person=user, day=_day(now)).values_list("severity", "seconds"))
    stretch = Stretch.objects.filter(person=user).first()
    longest_s = desk.viewing_minutes_at_once * 60
    done_s = stretch.seconds if stretch and not _has_rested(stretch, now) else 0
    return State(
        words_s=seconds.get(Severity.WORDS, 0),
        sketches_s=seconds.get(Severity.SKETCHES, 0),
        clear_s=seconds.get(Severity.CLEAR, 0),
        counted_s=sum(seconds.get(one, 0) * weight for one, weight in WEIGHTS.items()),
        budget_s=desk.viewing_minutes_a_day * 60,
        stretch_s=done_s,
        longest_stretch_s=longest_s,
        rest_until=stretch.rest_until_at if stretch and _is_resting(stretch, now) else None,
        is_rest_forced=stretch is not None and stretch.seconds >= longest_s,
    )


@transaction.atomic
def add(user: User, seconds: float, severity: Severity) -> None:
    """Counts `seconds` of what `user` was exposed to today, and towards their next rest."""
    whole = max(0, round(seconds))
    if not whole:
        return
    take_turn(user)
    day = _day(timezone.now())
    _, is_new = Exposure.objects.get_or_create(person=user, day=day, severity=severity)
    if is_new:
        Exposure.objects.filter(person=user, day__lt=day - KEPT_FOR).delete()
    Exposure.objects.filter(person=user, day=day, severity=severity).update(seconds=F("seconds") + whole)
    Stretch.objects.get_or_create(person=user)
    Stretch.objects.filter(person=user).update(seconds=F("seconds") + whole * WEIGHTS[severity])


@transaction.atomic
def touch(user: User, *, is_leaving: bool = False) -> None:
    """Somebody does something at the item in their hands: the time since the last such moment counts.

    `is_leaving` when they lay it down: what follows does not count.
    """
    take_turn(user)
    now = timezone.now()
    Stretch.objects.get_or_create(person=user)
    stretch = Stretch.objects.select_for_update().get(person=user)
    if _has_rested(stretch, now):
        stretch.seconds, stretch.rest_from_at, stretch.rest_until_at = 0, None, None
    gap_s = (now - stretch.touched_at).total_seconds() if stretch.touched_at else 0.0
    stretch.touched_at = None if is_leaving else now
    stretch.save()
    has_strip = Claim.objects.filter(person=user, has_opened_strip=True).exists()
    add(user, min(max(gap_s, 0.0), LONGEST_GAP_S), Severity.SKETCHES if has_strip else Severity.WORDS)
    _count_forgotten_lifts(user, now)


@transaction.atomic
def begin_rest(user: User) -> datetime:
    """Begins a rest of the length the centre sets, unless one is going on; returns its end. What was in hand is handed on by
    `queue.hand_on`, which calls this."""
    touch(user, is_leaving=True)
    now = timezone.now()
    stretch = Stretch.objects.select_for_update().get(person=user)
    if stretch.rest_until_at is None or not _is_resting(stretch, now):
        stretch.rest_from_at = now
        stretch.rest_until_at = now + timedelta(minutes=desk_config().break_minutes)
        stretch.save()
    return stretch.rest_until_at or now


@transaction.atomic
def end_rest(user: User) -> bool:
    """Ends a rest before its time, where it was one's own wish. Returns whether one may work on."""
    take_turn(user)
    if state(user).is_rest_forced and not state(user).may_work:
        return False
    Stretch.objects.filter(person=user).update(rest_from_at=None, rest_until_at=None)
    return state(user).may_work


def _count_forgotten_lifts(user: User, now: datetime) -> None:
    """A lift whose end nobody told counts as the longest there is."""
    before = now - timedelta(seconds=LONGEST_LIFT_S * 2)
    for lift in Lift.objects.filter(person=user, seconds=None, lifted_at__lt=before):
        if Lift.objects.filter(pk=lift.pk, seconds=None).update(seconds=LONGEST_LIFT_S):
            add(user, LONGEST_LIFT_S, Severity.CLEAR)


def _is_resting(stretch: Stretch, now: datetime) -> bool:
    if stretch.rest_from_at is None or stretch.rest_until_at is None:
        return False
    return abs(now - stretch.rest_from_at) < stretch.rest_until_at - stretch.rest_from_at


def _has_rested(stretch: Stretch, now: datetime) -> bool:
    """Whether a rest has come to its end, or they were away for as long."""
    if stretch.rest_from_at is not None:
        return not _is_resting(stretch, now)
    away = timedelta(minutes=desk_config().break_minutes)
    return stretch.touched_at is not None and now - stretch.touched_at >= away


def _day(now: datetime) -> date:
    return timezone.localtime(now).date()
