"""What the templates call."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from jikim_desk import words
from jikim_desk.console import navigation

register = template.Library()


@register.simple_tag
def say(key: str, **params: Any) -> str:
    """The sentence `key` in the language of the request; templates escape it like any text."""
    return words.say(key, **params)


@register.simple_tag
def say_state(what: str, state: str) -> str:
    """The word for a state of something: `console.state.<what>.<state>`."""
    return words.say(f"console.state.{what}.{state}")


@register.filter
def said(key: str) -> str:
    """The sentence `key`, where a tag cannot stand."""
    return words.say(key)


@register.simple_tag(takes_context=True)
def navigation_places(context: template.Context) -> navigation.Places:
    """Where this person can go."""
    request: HttpRequest = context["request"]
    return navigation.places(request)


@register.filter
def when(moment: datetime | date | None) -> str:
    """2026. 5. 22.(금) 14:05 in Korean, Fri 22 May 2026, 14:05 in English, in the centre's time zone; "" for None."""
    if moment is None:
        return ""
    is_korean = (get_language() or "ko").startswith("ko")
    local = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    clock = f" {local:%H:%M}" if isinstance(local, datetime) else ""
    if is_korean:
        return f"{local.year}. {local.month}. {local.day}.({'월화수목금토일'[local.weekday()]}){clock}"
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return day + ("," + clock if clock else "")


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, or in how long, in one unit: 2시간 전, in 5 min; "" for None."""
    if moment is None:
        return ""
    seconds = (timezone.now() - moment).total_seconds()
    unit, count = _unit(abs(seconds))
    if unit == "now":
        return words.say("console.time.now")
    return words.say(f"console.time.{'past' if seconds > 0 else 'to_come'}.{unit}", count=count)


@register.filter
def lasting(seconds: float | None) -> str:
    """A length of time: 43초, 2 min 5 s; "" for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return words.say("console.time.seconds", count=whole)
    if whole < 3600:
        return words.say("console.time.minutes", count=whole // 60, seconds=whole % 60)
    return words.say("console.time.hours", count=whole // 3600, minutes=whole % 3600 // 60)


def _unit(seconds: float) -> tuple[str, int]:
    if seconds < 45:
        return "now", 0
    if seconds < 3600:
        return "minutes", max(1, round(seconds / 60))
    if seconds < 86400:
        return "hours", round(seconds / 3600)
    return "days", round(seconds / 86400)


@register.filter
def grouped(number: int | None) -> str:
    """12,345; "" for None."""
    return "" if number is None else f"{number:,}"


@register.filter
def percent(share: float) -> str:
    """A share of 1 as a number out of 100, for the widths of a plot: 0.5 is "50"."""
    return f"{100 * min(max(share, 0.0), 1.0):.3g}"
