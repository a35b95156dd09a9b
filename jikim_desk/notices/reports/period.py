"""For city, council and ministry: a month or a year in counts, honest about what is not proven, not reached and was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from jikim_desk.figures.stages import FEWEST as FEWEST_OF_LENGTH
from jikim_desk.notices.models import RemovalState
from jikim_desk.notices.reports import suppressing
from jikim_desk.notices.reports.composing import report, section
from jikim_desk.notices.reports.counting import DAYS, Figures, Stays
from jikim_desk.notices.reports.models import PeriodReport
from jikim_desk.words import say

ANSWERS = ("removed", "refused", "asks", "bounced", "")
_LEVELS = ("urgent", "look", "none")
_KINDS = ("confirmed", "appears_adult", "not_relevant", "cannot_tell")


def written(asked: PeriodReport, lang: str) -> dict[str, Any]:
    """A report that was made, in words. Small numbers are left out."""
    figures = msgspec.convert(asked.figures, Figures)

    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    facts = [
        (word("team"), asked.team.name if asked.team else word("whole_centre")),
        (word("month"), f"{asked.year}-{asked.month:02d}") if asked.month else (word("year"), str(asked.year)),
        (word("begun"), suppressing.count(figures.begun)),
        (word("gone_in_period"), suppressing.count(figures.gone)),
    ]
    sections = [
        section(word("how"), words=[word(f"how_{name}") for name in ("finds", "gone", "small", "intervals")]),
        _states(figures, word),
        _lengths(figures, word),
        _stays(figures, word),
        _letters(figures, lang, word),
        _seen(figures, word),
        _people(figures, word),
        _software(figures, word),
        _places(figures, word),
    ]
    title = word("monthly") if asked.month else word("yearly")
    at = asked.made_at or asked.asked_at
    return report(title, lang, at, asked.number, facts, [one for one in sections if one["tables"] or one["words"]])


def _states(figures: Figures, word: Any) -> dict[str, Any]:
    counts = {word(f"state.{state}"): figures.states.get(state, 0) for state in RemovalState.values}
    gone = suppressing.share(figures.states.get(RemovalState.GONE, 0), figures.begun)
    rows = [*suppressing.table(counts), (word("share_gone"), gone)]
    words = [word("words_gone"), word("words_not_visible")]
    return section(word("finds"), [word("column.what"), word("column.count")], rows, widths=[5, 2], words=words)


def _lengths(figures: Figures, word: Any) -> dict[str, Any]:
    rows = [
        (word(f"hours.{name}"), suppressing.count(one.count), f"{one.middle:,.1f}", f"{one.low:,.1f}~{one.high:,.1f}")
        for name, one in figures.lengths.items()
        if one.count >= FEWEST_OF_LENGTH
    ]
    head = [word(f"column.{name}") for name in ("what", "count", "median_hours", "half_hours")]
    return section(word("hours"), head, rows, widths=[5, 2, 2, 3], words=[word("hours_help")] if rows else [])


def _stays(figures: Figures, word: Any) -> dict[str, Any]:
    head = [word("column.host_class"), word("column.count"), *(word("column.after_days", count=days) for days in DAYS)]
    rows = [
        [word(f"class.{one.host_class or 'every'}"), f"{one.count:,}", *(_still(one, place) for place in range(len(DAYS)))]
        for one in figures.stays
        if one.count >= suppressing.FEWEST_OF_SHARE
    ]
    return section(word("stays"), head, rows, widths=[4, 2, 4, 4, 4, 4], words=[word("stays_help")] if rows else [])


def _still(one: Stays, place: int) -> str:
    after = one.after[place]
    if after is None:
        return "-"
    share, low, high = (100 * value for value in after)
    return f"{share:.1f} % ({low:.1f}~{high:.1f})"


def _letters(figures: Figures, lang: str, word: Any) -> dict[str, Any]:
    head = [word("column.letter"), *(word(f"answer.{answer or 'none'}") for answer in ANSWERS)]
    kinds = sorted(figures.letters, key=lambda kind: -sum(figures.letters[kind].values()))
    rows = []
    for kind in kinds:
        counts = [figures.letters[kind].get(answer, 0) for answer in ANSWERS]
        rows.append([say(f"notice.kind.{kind}", lang), *(suppressing.count(number) for number in counts)])
    return section(word("letters"), head, rows, widths=[5, 2, 2, 2, 2, 2], words=[word("letters_help")] if rows else [])


def _seen(figures: Figures, word: Any) -> dict[str, Any]:
    order = ("gone", "still_there", "moved", "refused_here", "unreachable", "cannot_tell")
    counts = {word(f"seen.{seen}"): figures.visits.get(seen, 0) for seen in order}
    total = sum(counts.values())
    not_told = figures.visits.get("unreachable", 0) + figures.visits.get("cannot_tell", 0)
    rows = [*suppressing.table(counts), (word("share_not_told"), suppressing.share(not_told, total))] if total else []
    rows += [(word("never_visited"), suppressing.count(figures.never_visited))]
    words = [word("visits_help")]
    return section(word("visits"), [word("column.what"), word("column.count")], rows, widths=[5, 2], words=words)


def _people(figures: Figures, word: Any) -> dict[str, Any]:
    taken_back = figures.reopened.get("confirmed", 0)
    others = sum(figures.reopened.values()) - taken_back
    rows = [
        (word("confirmed"), suppressing.count(figures.confirmed)),
        (word("taken_back"), suppressing.count(taken_back)),
        (word("share_taken_back"), suppressing.share(taken_back, figures.confirmed)),
        (word("opened_again"), suppressing.count(others)),
        (word("by_two"), suppressing.count(figures.by_two)),
        (word("share_differed"), suppressing.share(figures.differed, figures.by_two)),
    ]
    return section(
        word("errors"), [word("column.what"), word("column.count")], rows, widths=[5, 2], words=[word("errors_help")]
    )


def _software(figures: Figures, word: Any) -> dict[str, Any]:
    head = [word("column.level"), *(word(f"decided.{kind}") for kind in _KINDS), word("column.share_confirmed")]
    rows = []
    for level in _LEVELS:
        kinds: Mapping[str, int] = figures.levels.get(level, {})
        told = [kinds.get(kind, 0) for kind in _KINDS]
        judged = sum(told[:3])
        if sum(told):
            share = suppressing.share(told[0], judged)
            rows.append([word(f"level.{level}"), *(suppressing.count(number) for number in told), share])
    words = [word("software_help"), word("software_missed")] if rows else []
    return section(word("software"), head, rows, widths=[3, 2, 2, 2, 2, 4], words=words)


def _places(figures: Figures, word: Any) -> dict[str, Any]:
    head = [word("column.source"), word("column.asked_times"), word("column.silent"), word("column.share_silent")]
    rows = [
        [name, f"{asked:,}", f"{silent:,}", f"{100 * silent / asked:.1f} %"] for name, (asked, silent) in figures.places.items()
    ]
    return section(word("places"), head, rows, widths=[4, 2, 2, 3], words=[word("places_help")] if rows else [])
