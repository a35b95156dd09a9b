"""What every report is composed of: its head, its tables and its dates. A report is the data of one `sheets.sheet`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jikim_desk.config import desk_config
from jikim_desk.notices import sheets
from jikim_desk.words import say

LANGUAGES = ("ko", "en")


def report(
    title: str,
    lang: str,
    at: datetime,
    number: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """One report, headed by the organisation, its number and the day on which it holds."""
    organisation = organisation_in(lang)
    top = [(say("evidence.organisation", lang), organisation or "-"), (say("evidence.number", lang), number)]
    top.append((say("report.made_on", lang), day(at, lang)))
    footer = f"{organisation} · {number}"
    every = [*top, *facts]
    return sheets.sheet(lang, title, facts=every, sections=sections, date=at, organisation=organisation, footer=footer)


def organisation_in(lang: str) -> str:
    """The centre as it appears outside."""
    settings = desk_config().removal
    return (settings.organisation_en if lang == "en" else "") or settings.organisation or desk_config().centre


def section(
    title: str,
    head: Sequence[str] = (),
    rows: Iterable[Sequence[str]] = (),
    *,
    widths: Sequence[int] = (),
    words: Sequence[str] = (),
    facts: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """A section: sentences, facts, and one table where there are rows."""
    lines = [list(row) for row in rows]
    tables = [{"widths": list(widths) or [1] * len(head), "head": list(head), "rows": lines}] if lines else []
    return {"title": title, "words": list(words), "facts": list(facts), "tables": tables}


def day(moment: datetime | None, lang: str) -> str:
    """A day by the centre's clock; "" for None."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(desk_config().time_zone))
    return f"{local.year}. {local.month}. {local.day}." if lang == "ko" else f"{local.day} {local:%b %Y}"
