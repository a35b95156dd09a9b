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
_UNTELLING = ("unreachable", "cannot_tell")
_TAKEN_BACK, _UNRAISED = "taken_back", "unraised"
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
    told = _told_states(figures)
    gone = suppressing.share(figures.states.get(RemovalState.GONE, 0), figures.begun)
    rows = [(word(f"state.{state}"), cell) for state, cell in told.items()]
    rows += [(word("share_gone"), gone if suppressing.are_told(told[RemovalState.GONE]) else suppressing.LEFT_OUT)]
    words = [word("words_gone"), word("words_not_visible")]
    return section(word("finds"), [word("column.what"), word("column.count")], rows, widths=[5, 2], words=words)


def _told_states(figures: Figures) -> dict[str, str]:
    """The finds in each state. How many are gone stands in the share and beside the hours too."""
    counts = {state: figures.states.get(state, 0) for state in RemovalState.values}
    return suppressing.column(counts, last=(RemovalState.GONE,))


def _lengths(figures: Figures, word: Any) -> dict[str, Any]:
    is_gone_told = suppressing.are_told(_told_states(figures)[RemovalState.GONE])
    rows = [
        (
            word(f"hours.{name}"),
            _finds(one.count, is_told=is_gone_told or name != "gone"),
            f"{one.middle:,.1f}",
            f"{one.low:,.1f}~{one.high:,.1f}",
        )
        for name, one in figures.lengths.items()
        if one.count >= FEWEST_OF_LENGTH
    ]
    head = [word(f"column.{name}") for name in ("what", "count", "median_hours", "half_hours")]
    return section(word("hours"), head, rows, widths=[5, 2, 2, 3], words=[word("hours_help")] if rows else [])


def _finds(count: int, *, is_told: bool) -> str:
    return suppressing.count(count) if is_told else suppressing.LEFT_OUT


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
    counts = {seen: figures.visits.get(seen, 0) for seen in ("gone", "still_there", "moved", "refused_here", *_UNTELLING)}
    total = sum(counts.values())
    told = suppressing.column(counts)
    share = suppressing.share(sum(counts[seen] for seen in _UNTELLING), total)
    if not suppressing.are_told(*(told[seen] for seen in _UNTELLING)):
        share = suppressing.LEFT_OUT
    rows = [*((word(f"seen.{seen}"), cell) for seen, cell in told.items()), (word("share_not_told"), share)] if total else []
    rows += [(word("never_visited"), suppressing.count(figures.never_visited))]
    words = [word("visits_help")]
    return section(word("visits"), [word("column.what"), word("column.count")], rows, widths=[5, 2], words=words)


def _told_confirmed(figures: Figures) -> dict[str, str]:
    """What the confirmations of the period are made of: by what the software had said, and those taken back."""
    counts = {level: figures.levels.get(level, {}).get("confirmed", 0) for level in _LEVELS}
    counts[_TAKEN_BACK] = figures.reopened.get("confirmed", 0)
    counts[_UNRAISED] = figures.confirmed - sum(counts.values())
    return suppressing.column(counts)


def _people(figures: Figures, word: Any) -> dict[str, Any]:
    taken_back = figures.reopened.get("confirmed", 0)
    others = sum(figures.reopened.values()) - taken_back
    told = _told_confirmed(figures)[_TAKEN_BACK]
    share = suppressing.share(taken_back, figures.confirmed) if suppressing.are_told(told) else suppressing.LEFT_OUT
    rows = [
        (word("confirmed"), suppressing.count(figures.confirmed)),
        (word("taken_back"), told),
        (word("share_taken_back"), share),
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
    confirmed = _told_confirmed(figures)
    for level in _LEVELS:
        kinds: Mapping[str, int] = figures.levels.get(level, {})
        counts = [kinds.get(kind, 0) for kind in _KINDS]
        told = [confirmed[level], *(suppressing.count(number) for number in counts[1:])]
        share = suppressing.share(counts[0], sum(counts[:3])) if suppressing.are_told(*told[:3]) else suppressing.LEFT_OUT
        if sum(counts):
            rows.append([word(f"level.{level}"), *told, share])
    words = [word("software_help"), word("software_missed")] if rows else []
    return section(word("software"), head, rows, widths=[3, 2, 2, 2, 2, 4], words=words)


def _places(figures: Figures, word: Any) -> dict[str, Any]:
    head = [word("column.source"), word("column.asked_times"), word("column.silent"), word("column.share_silent")]
    rows = [
        [name, f"{asked:,}", f"{silent:,}", f"{100 * silent / asked:.1f} %"] for name, (asked, silent) in figures.places.items()
    ]
    return section(word("places"), head, rows, widths=[4, 2, 2, 3], words=[word("places_help")] if rows else [])
