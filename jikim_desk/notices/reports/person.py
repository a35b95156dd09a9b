"""For the person helped: what was found, what was asked and what became of it, in plain words. No address, no name, no case
number, no worker: the page may lie on a kitchen table."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from jikim_desk.cases.models import Case
from jikim_desk.config import desk_config
from jikim_desk.notices.models import Notice, NoticeKind, Recheck, Removal, RemovalState, random_number
from jikim_desk.notices.reports.composing import day, report, section
from jikim_desk.notices.reports.counting import LEFT
from jikim_desk.words import say

ROWS_MAX = 500


def progress(case: Case, lang: str) -> dict[str, Any]:
    """What has become of a case's finds; the newest `ROWS_MAX` one by one, and all of them counted."""
    now = timezone.now()
    every = Removal.objects.filter(candidate__case=case)
    counts = dict(every.order_by().values_list("state").annotate(count=Count("pk")))
    newest = list(every.select_related("candidate").order_by("-begun_at")[:ROWS_MAX])[::-1]
    letters = Notice.objects.filter(removal__candidate__case=case, state__in=LEFT).exclude(kind=NoticeKind.WITHDRAWAL).count()
    visits = Recheck.objects.filter(removal__candidate__case=case)
    looked = dict(visits.order_by().values_list("removal").annotate(last=Max("at")))

    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    total = sum(counts.values())
    facts = [
        (word("found"), word("count", count=total)),
        (word("letters"), word("letter_count", count=letters)),
        *((word(f"state.{state}"), word("count", count=counts[state])) for state in RemovalState.values if counts.get(state)),
    ]
    rows = [
        [
            str(place),
            day(one.candidate.found_at, lang),
            day(one.notified_at, lang) or word("not_yet"),
            day(looked.get(one.pk), lang) or "-",
            word(f"state.{one.state}"),
            day(one.gone_at, lang) or "-",
            day(one.next_recheck_at, lang) or "-",
        ]
        for place, one in enumerate(newest, total - len(newest) + 1)
    ]
    head = [word(f"column.{name}") for name in ("place", "found", "asked", "looked", "state", "gone", "next")]
    nothing = [] if rows else [word("nothing_yet")]
    left_out = [word("newest_only", count=len(newest))] if total > len(newest) else []
    mailbox = desk_config().removal.mailbox
    sections = [
        section(word("what_we_do"), words=[word("what_we_do_1"), word("what_we_do_2"), word("what_we_do_3")]),
        section(word("each"), head, rows, widths=[2, 4, 4, 4, 6, 4, 4], words=nothing + left_out),
        section(word("words"), words=[word(f"words_{name}") for name in ("gone", "not_visible", "blocked", "back")]),
        section(word("ask_us"), words=[word("ask_us_help")], facts=[(word("mailbox"), mailbox)] if mailbox else []),
    ]
    return report(word("progress"), lang, now, random_number(), facts, sections)
