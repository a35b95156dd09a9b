"""The cues of one video over its time, as a drawing within the page: a row for each kind, a mark for each moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jikim.messages import Message, catalogue, render
from jikim.reporting.page import both, clock, one_line, say, words
from jikim.types import Cue

WIDTH, LABELS, ROW, MARK = 720, 120, 24, 14
PLOT = WIDTH - LABELS - 16
LEAST_MARK = 3.0
MOST_ROWS = 12
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment or stretch of one kind of cue, in seconds, and how sure it is."""

    start_s: float
    end_s: float
    confidence: float


def timeline(cues: Iterable[Cue], duration_s: float | None) -> str:
    """A figure with a row for each kind of cue that has a time; nothing where no cue has one. `duration_s` is the video's."""
    rows = marks_by_kind(cues)
    if not rows:
        return ""
    end_s = max(duration_s or 0.0, max(mark.end_s for marks in rows.values() for mark in marks), 1.0)
    left_out = sum(len(marks) for marks in list(rows.values())[MOST_ROWS:])
    rows = dict(list(rows.items())[:MOST_ROWS])
    height = ROW * len(rows) + 26
    counted = "; ".join(f"{kind_words(kind).ko} / {kind_words(kind).en}: {len(marks)}" for kind, marks in rows.items())
    drawn = "".join(_row(place, kind, marks, end_s) for place, (kind, marks) in enumerate(rows.items()))
    more = f'<p class="quiet">{say("reporting.timeline_left_out", count=left_out)}</p>' if left_out else ""
    return (
        f'<figure class="timeline"><figcaption>{say("reporting.timeline", length=clock(end_s))}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{words(counted, 600)}">'
        f"{_axis(end_s, ROW * len(rows))}{drawn}</svg>{more}</figure>"
    )


def marks_by_kind(cues: Iterable[Cue]) -> Mapping[str, Sequence[Mark]]:
    """The marks of each kind of cue in order of time, kinds with the surest mark first."""
    rows: dict[str, list[Mark]] = {}
    for cue in cues:
        if cue.at_s is not None:
            rows.setdefault(cue.name, []).append(_mark(cue, cue.at_s))
    ordered = sorted(rows.items(), key=lambda row: (-max(mark.confidence for mark in row[1]), row[0]))
    return {kind: sorted(marks, key=lambda mark: mark.start_s) for kind, marks in ordered}


def kind_words(kind: str) -> Message:
    """What a kind of cue is called; a plug-in's own kind by its own name."""
    key = f"kind.{kind}"
    return render(key, {}) if key in catalogue() else Message(kind, kind)


def _mark(cue: Cue, at_s: float) -> Mark:
    start_s, end_s = cue.value.get("start_s"), cue.value.get("end_s")
    if isinstance(start_s, int | float) and isinstance(end_s, int | float) and 0 <= start_s <= end_s:
        return Mark(float(start_s), float(end_s), cue.confidence)
    return Mark(at_s, at_s, cue.confidence)


def _row(place: int, kind: str, marks: Sequence[Mark], end_s: float) -> str:
    top = place * ROW + (ROW - MARK) // 2
    name = kind_words(kind)
    labels = f'<text x="0" y="{top + 11}">{both_in_svg(name)}</text>'
    return f"<g>{labels}{''.join(_drawn(mark, top, end_s) for mark in strongest(marks, end_s))}</g>"


def strongest(marks: Iterable[Mark], end_s: float) -> list[Mark]:
    """Of the marks that would begin on the same unit of the drawing the surest, so that a drawing has a bounded size."""
    best: dict[int, Mark] = {}
    for mark in marks:
        column = int(mark.start_s / end_s * PLOT)
        if column not in best or mark.confidence > best[column].confidence:
            best[column] = mark
    return [best[column] for column in sorted(best)]


def _drawn(mark: Mark, top: int, end_s: float) -> str:
    x = LABELS + mark.start_s / end_s * PLOT
    width = max(LEAST_MARK, (mark.end_s - mark.start_s) / end_s * PLOT)
    opacity = 0.35 + 0.65 * min(max(mark.confidence, 0.0), 1.0)
    when = clock(mark.start_s) if mark.end_s <= mark.start_s else f"{clock(mark.start_s)}~{clock(mark.end_s)}"
    title = one_line("reporting.mark", when=when, confidence=mark.confidence)
    return (
        f'<rect class="cue" x="{x:.1f}" y="{top}" width="{width:.1f}" height="{MARK}" rx="1.5" opacity="{opacity:.2f}">'
        f"<title>{title}</title></rect>"
    )


def _axis(end_s: float, bottom: int) -> str:
    step_s = next((step for step in _STEPS_S if end_s / step <= _MOST_TICKS), end_s / _MOST_TICKS)
    ticks = []
    for number in range(int(end_s / step_s) + 1):
        x = LABELS + number * step_s / end_s * PLOT
        ticks.append(
            f'<line class="rule" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom + 4}"/>'
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{clock(number * step_s)}</text>'
        )
    return "".join(ticks)


def both_in_svg(message: Message) -> str:
    """A message in the two languages within an SVG text."""
    return both(message).replace("<span", "<tspan").replace("</span>", "</tspan>")
