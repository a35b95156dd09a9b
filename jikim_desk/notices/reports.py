"""Reports of removal: for the person helped, and for the city, council and ministry. As PDF, DOCX and CSV from one table.

For the person: plain words, dates and progress; no address, no name, no case number. For a month: counts of one team, honest
about what is only "not visible to us" and about confirmations that were taken back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import docx
from django.db.models import Count, Q
from django.utils import timezone
from docx.oxml.ns import qn
from docx.shared import Pt

from jikim_desk.accounts.models import Team
from jikim_desk.cases.models import Case
from jikim_desk.config import desk_config
from jikim_desk.notices import sheets
from jikim_desk.notices.models import Notice, NoticeKind, Removal, RemovalState, random_number
from jikim_desk.review.models import Decision, DecisionState, Kind
from jikim_desk.words import say

_FONT = "Malgun Gothic"
_LEFT = ("sent", "downloaded", "unknown")


def progress(case: Case, lang: str) -> dict[str, Any]:
    """What has become of a case's finds, for the person helped."""
    now, number = timezone.now(), random_number()
    removals = list(Removal.objects.filter(candidate__case=case).select_related("candidate").order_by("begun_at"))
    counts = {state: sum(one.state == state for one in removals) for state in RemovalState.values}
    notices = Notice.objects.filter(removal__in=[one.pk for one in removals], state__in=_LEFT)

    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    facts = [
        (word("found"), word("count", count=len(removals))),
        (word("letters"), word("letter_count", count=notices.exclude(kind=NoticeKind.WITHDRAWAL).count())),
        *((word(f"state.{state}"), word("count", count=count)) for state, count in counts.items() if count),
    ]
    rows = [
        [
            str(place),
            _day(one.candidate.found_at, lang),
            _day(one.notified_at, lang) or word("not_yet"),
            word(f"state.{one.state}"),
            _day(one.gone_at, lang) or "-",
            _day(one.next_recheck_at, lang) or "-",
        ]
        for place, one in enumerate(removals, 1)
    ]
    head = [word(f"column.{name}") for name in ("place", "found", "asked", "state", "gone", "next")]
    tables = [{"widths": [1, 3, 3, 5, 3, 3], "head": head, "rows": rows}] if rows else []
    sections: list[dict[str, Any]] = [
        {"title": word("what_we_do"), "words": [word("what_we_do_1"), word("what_we_do_2")]},
        {"title": word("each"), "words": [] if rows else [word("nothing_yet")], "tables": tables},
        {"title": word("words"), "words": [word("words_gone"), word("words_not_visible"), word("words_back")]},
    ]
    return _report(word("progress"), lang, now, number, facts, sections)


def month(team: Team, year: int, number: int, lang: str) -> dict[str, Any]:
    """What one team did in a month. Raises ValueError for no month."""
    begins, ends = _bounds(year, number)
    begun = Removal.objects.filter(team=team, begun_at__gte=begins, begun_at__lt=ends)
    left = Notice.objects.filter(team=team, sent_at__gte=begins, sent_at__lt=ends, state__in=_LEFT)
    gone = Removal.objects.filter(team=team, gone_at__gte=begins, gone_at__lt=ends)
    decided = Decision.objects.filter(team=team, decided_at__gte=begins, decided_at__lt=ends, kind=Kind.CONFIRMED)
    stood = Q(state=DecisionState.STANDS)
    taken_back = Q(state__in=(DecisionState.REOPENED, DecisionState.UNDONE))
    decisions = decided.aggregate(stands=Count("pk", filter=stood), taken_back=Count("pk", filter=taken_back))
    states = {state: begun.filter(state=state).count() for state in RemovalState.values}

    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    hours = [
        (word("hours.review"), _hours(begun.values_list("candidate__found_at", "reviewed_at"))),
        (word("hours.notice"), _hours(begun.exclude(notified_at=None).values_list("reviewed_at", "notified_at"))),
        (word("hours.gone"), _hours(gone.exclude(notified_at=None).values_list("notified_at", "gone_at"))),
    ]
    kinds = left.order_by("kind").values_list("kind").annotate(count=Count("pk"))
    head = [word("column.what"), word("column.count")]
    sections = [
        _counts(word("finds"), head, [(word(f"state.{state}"), count) for state, count in states.items()]),
        _counts(word("letters"), head, [(say(f"notice.kind.{kind}", lang), count) for kind, count in kinds]),
        _counts(
            word("errors"),
            head,
            [(word("confirmed"), decisions["stands"]), (word("taken_back"), decisions["taken_back"])],
            note=word("errors_help"),
        ),
        {
            "title": word("hours"),
            "tables": [
                {
                    "widths": [5, 2],
                    "head": [word("column.what"), word("column.hours")],
                    "rows": [[name, "-" if value is None else f"{value:.1f}"] for name, value in hours],
                }
            ],
        },
    ]
    facts = [
        (word("team"), team.name),
        (word("month"), f"{year}-{number:02d}"),
        (word("begun"), f"{begun.count():,}"),
        (word("gone_in_month"), f"{gone.count():,}"),
    ]
    return _report(word("monthly"), lang, timezone.now(), random_number(), facts, sections)


def as_docx(report: Mapping[str, Any]) -> bytes:
    """A report as a Word document; its properties name the organisation alone."""
    document = docx.Document()
    about = document.core_properties
    about.author = about.last_modified_by = report["organisation"]
    about.title, about.comments = report["title"], ""
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(10)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    _heading(document, report["title"], 0)
    _table(document, report["facts"])
    for section in report["sections"]:
        if section["title"]:
            _heading(document, section["title"], 1)
        for words in section.get("words", ()):
            document.add_paragraph(words)
        _table(document, section.get("facts", ()))
        for table in section.get("tables", ()):
            _table(document, [table["head"], *table["rows"]])
    document.sections[0].footer.paragraphs[0].text = report["footer"]
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_csv(report: Mapping[str, Any]) -> bytes:
    """The numbers of a report, with a byte order mark so that spreadsheets read Hangul."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow([report["title"]])
    lines.writerows([[_inert(cell) for cell in row] for row in report["facts"]])
    for section in report["sections"]:
        for table in section.get("tables", ()):
            lines.writerow([])
            lines.writerow([section["title"]])
            lines.writerows([[_inert(cell) for cell in row] for row in (table["head"], *table["rows"])])
    return file.getvalue().encode("utf-8-sig")


def _report(
    title: str,
    lang: str,
    now: datetime,
    number: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    settings = desk_config().removal
    organisation = (settings.organisation_en if lang == "en" else "") or settings.organisation or desk_config().centre
    top = [(say("evidence.organisation", lang), organisation or "-"), (say("evidence.number", lang), number)]
    top.append((say("evidence.made_at", lang), _day(now, lang)))
    footer = f"{organisation} · {number}"
    every = [*top, *facts]
    return sheets.sheet(lang, title, facts=every, sections=sections, date=now, organisation=organisation, footer=footer)


def _counts(title: str, head: list[str], rows: Sequence[tuple[str, int]], *, note: str = "") -> dict[str, Any]:
    table = {"widths": [5, 2], "head": head, "rows": [[name, f"{count:,}"] for name, count in rows]}
    return {"title": title, "words": [note] if note else [], "tables": [table] if rows else []}


def _hours(pairs: Any) -> float | None:
    spans = [(later - earlier) / timedelta(hours=1) for earlier, later in pairs]
    return median(spans) if spans else None


def _bounds(year: int, number: int) -> tuple[datetime, datetime]:
    zone = ZoneInfo(desk_config().time_zone)
    first = date(year, number, 1)
    following = date(year + number // 12, number % 12 + 1, 1)
    return (
        datetime(first.year, first.month, 1, tzinfo=zone),
        datetime(following.year, following.month, 1, tzinfo=zone),
    )


def _day(moment: datetime | None, lang: str) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(desk_config().time_zone))
    return f"{local.year}. {local.month}. {local.day}." if lang == "ko" else f"{local:%d %B %Y}"


def _inert(cell: str) -> str:
    """Text that a spreadsheet would run is led by an apostrophe."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and len(cell) > 1) else cell


def _heading(document: Any, words: str, level: int) -> None:
    for run in document.add_heading(words, level).runs:
        run.font.name = _FONT
        run._element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)


def _table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
