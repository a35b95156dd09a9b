"""What the pages of the review call."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jikim_desk import words
from jikim_desk.config import desk_config
from jikim_desk.review.decisions import categories
from jikim_desk.review.masking import shown
from jikim_desk.review.models import Decision, DecisionState, Kind
from jikim_desk.review.reading import BAR_STEPS, ReasonLine, clock

register = template.Library()


@register.filter
def hour(moment: datetime | None) -> str:
    """14:05 in the centre's time zone; "" for None."""
    return f"{timezone.localtime(moment):%H:%M}" if moment else ""


@register.filter
def moment(written: str) -> datetime:
    """An instant as it stands in a kept sheet."""
    return datetime.fromisoformat(written)


@register.filter
def frame_time(at_s: float | None) -> str:
    """When a frame stands in its video; what a still picture is called where there is no time."""
    return words.say("review.page.still") if at_s is None else clock(at_s)


@register.filter
def plain_number(value: float | None) -> str:
    """A number as script reads it, in any language; "" for None."""
    return "" if value is None else repr(float(value))


@register.filter
def readable_words(text: str) -> str:
    """A colleague's words, with what would steer the page made visible."""
    return shown(text, has_names=True)


@register.simple_tag
def kind_words(decision: Decision) -> str:
    """What was decided, with its category."""
    said = words.say(f"review.kind.{decision.kind}")
    category = category_words(decision.kind, decision.category)
    return f"{said} ({category})" if category and len(categories(decision.kind)) > 1 else said


@register.simple_tag
def category_words(kind: str, category: str) -> str:
    """A category: the centre's own word, or ours where it is one of ours."""
    return words.say(f"review.category.{category}") if category and kind == Kind.APPEARS_ADULT else category


@register.filter
def undo_left(decision: Decision) -> int:
    """For how many seconds a decision can still be undone."""
    passed_s = int((timezone.now() - decision.decided_at).total_seconds())
    return max(0, min(desk_config().undo_s - passed_s, desk_config().undo_s))


@register.simple_tag
def undo_words(decision: Decision) -> str:
    """What the last decision was, for how many candidates, and how long it can be undone."""
    count = decision.applied.count()
    key = "review.page.just_decided_copies" if count > 1 else "review.page.just_decided"
    said = words.say(key, what=kind_words(decision), count=count, seconds=undo_left(decision))
    if decision.state in (DecisionState.AWAITS_SECOND, DecisionState.CONTESTED):
        return f"{words.say(f'review.state.{decision.state}')} {said}"
    return said


@register.simple_tag
def influence(reason: ReasonLine) -> SafeString:
    """A bar of at most four blocks for what a reason contributes; said in words to who cannot see it."""
    if not reason.bar:
        return format_html('<span class="influence none" title="{0}">–</span>', words.say("review.page.no_influence"))
    key = "review.page.lowers" if reason.lowers else "review.page.raises"
    blocks = "■" * reason.bar + "□" * (BAR_STEPS - reason.bar)
    return format_html(
        '<span class="influence{1}" role="img" aria-label="{0}" title="{0}">{2}</span>',
        words.say(key, weight=abs(reason.weight)),
        " lowers" if reason.lowers else "",
        blocks,
    )
