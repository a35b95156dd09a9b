"""The four clocks of removal, and how long finds stay after the first notice, as plots with their numbers beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log1p
from statistics import quantiles
from typing import Any

from django.utils.safestring import SafeString

from jikim_desk import words
from jikim_desk.console.templatetags.desk import lasting
from jikim_desk.figures import plots
from jikim_desk.figures.stages import FEWEST, Stage
from jikim_desk.notices import clocks

AFTER_DAYS = (1, 7, 30, 90)
CLASSES_SHOWN = 6
_TICK_HOURS = (1, 24, 7 * 24, 30 * 24, 90 * 24)
_SPAN_HOURS = 180 * 24
_HOUR_S = 3600.0


def of(team_ids: Collection[int]) -> dict[str, Any]:
    """What the page of figures shows of removal: of the finds of these teams that were notified last."""
    found = clocks.newest(team_ids)
    spans = [stage for name, hours in clocks.hours(found).items() if (stage := _stage(name, hours.tolist()))]
    stays = clocks.stays(found)[:CLASSES_SHOWN]
    named = [(words.say(f"report.hours.{one.name}"), one) for one in spans]
    rows = [(name, one.low_s, one.middle_s, one.high_s, lasting(one.middle_s)) for name, one in named]
    return {
        "clocks": named,
        "clock_plot": plots.spans(rows, title=words.say("removal.figures.clocks")) if rows else "",
        "stays": [(_name(one), one, _plot(one), [one.after(days) for days in AFTER_DAYS]) for one in stays],
        "after_days": AFTER_DAYS,
        "watched": clocks.ROWS_MAX,
    }


def _stage(name: str, hours: Sequence[float]) -> Stage | None:
    if len(hours) < FEWEST:
        return None
    low, middle, high = (_HOUR_S * value for value in quantiles(hours, n=4, method="inclusive"))
    return Stage(name, len(hours), low, middle, high)


def _name(stay: clocks.Stay) -> str:
    return words.say(f"report.class.{stay.host_class or 'every'}")


def _plot(stay: clocks.Stay) -> SafeString:
    curve = stay.curve
    steps = [
        (_place(24 * float(time)), float(share), float(low), float(high))
        for time, share, low, high in zip(curve.times, curve.share, curve.low, curve.high, strict=True)
        if time <= stay.watched_days
    ]
    ticks = [(_place(hours), _tick(hours)) for hours in _TICK_HOURS]
    title = words.say("removal.figures.stays_of", what=_name(stay), count=curve.count, gone=curve.ended)
    return plots.survival(steps, ticks, title=title, end=_place(24 * stay.watched_days))


def _tick(hours: int) -> str:
    if hours < 24:
        return words.say("removal.figures.hours", count=hours)
    return words.say("removal.figures.days", count=hours // 24)


def _place(hours: float) -> float:
    """Where so many hours lie on an axis on which the first day is as wide as the weeks after it."""
    return min(log1p(hours) / log1p(_SPAN_HOURS), 1.0)
