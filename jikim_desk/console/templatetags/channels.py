"""What the pages of channels call."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from jikim_desk import words
from jikim_desk.notices import letters
from jikim_desk.notices.channels import sheet_files
from jikim_desk.notices.channels.models import Filing
from jikim_desk.notices.channels.sheet_files import Sheet
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState

register = template.Library()


@dataclass(frozen=True, slots=True)
class ByHand:
    """How a notice is handed in, where it is by hand. `sheet` is None for the bulk file."""

    row: Filing | None
    sheet: Sheet | None
    is_by_hand: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """By what a draft may be handed in, and the sheet it was drafted for."""

    sheets: list[tuple[str, Sheet]]
    chosen: str
    is_for_commission: bool


@register.filter
def language(lang: str) -> str:
    """What a language of letters is called; its two letters where its file is gone."""
    if lang in letters.LANGUAGES:
        return words.say(f"notice.lang.{lang}")
    return letters.language_name(lang) if lang in letters.every_language() else lang


@register.simple_tag
def filing_of(notice: Notice) -> ByHand:
    """How a notice that was approved for it is handed in."""
    row = Filing.objects.filter(notice=notice).select_related("filed_by").first()
    is_approved = notice.state in (NoticeState.APPROVED, NoticeState.DOWNLOADED) and notice.leaves_at is None
    return ByHand(row, sheet_files.sheets().get(row.form) if row and row.form else None, row is not None and is_approved)


@register.simple_tag
def ways_by_hand(notice: Notice) -> Ways:
    """By what a draft may be handed in."""
    row = Filing.objects.filter(notice=notice).first()
    fitting = list(sheet_files.fitting(notice.kind).items())
    host = notice.host.name if notice.host else ""
    chosen = row.form if row else sheet_files.likeliest(notice.kind, notice.lang, host)
    return Ways(fitting, chosen, notice.kind == NoticeKind.REGULATOR)
