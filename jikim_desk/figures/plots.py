"""Plots as SVG, made here: no script, no style in the markup, words for who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 520, 170
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 26
SPARK_WIDTH, SPARK_HEIGHT = 120, 30


def spark(counts: Sequence[int], *, title: str) -> SafeString:
    """A row of little bars, for a line of a table."""
    most = max([*counts, 1])
    step = SPARK_WIDTH / max(len(counts), 1)
    bars = [
        (
            "mark" if count else "none",
            f"{number * step:.1f}",
            f"{SPARK_HEIGHT - _tall(count, most, SPARK_HEIGHT):.1f}",
            f"{max(step - 1, 1):.1f}",
            f"{_tall(count, most, SPARK_HEIGHT):.1f}",
        )
        for number, count in enumerate(counts)
    ]
    drawn = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', bars)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', SPARK_WIDTH, SPARK_HEIGHT, title, drawn
    )


def bars(counts: Sequence[tuple[date, int]], *, title: str) -> SafeString:
    """A bar a day, with the days at both ends and the largest count at the side."""
    most = max([*(count for _, count in counts), 1])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = wide / max(len(counts), 1)
    drawn = format_html_join(
        "",
        '<rect class="mark" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
        (
            (
                f"{LEFT + number * step + 1:.1f}",
                f"{TOP + tall - tall * count / most:.1f}",
                f"{max(step - 2, 1):.1f}",
                f"{tall * count / most:.1f}",
                f"{day.month}. {day.day}.",
                count,
            )
            for number, (day, count) in enumerate(counts)
            if count
        ),
    )
    ends = [(LEFT, "start", counts[0][0]), (WIDTH - RIGHT, "end", counts[-1][0])] if counts else []
    words = [(f"{x}", HEIGHT - 8, anchor, f"{day.month}. {day.day}.") for x, anchor, day in ends]
    words += [(f"{LEFT - 6}", TOP + 10, "end", f"{most:,}"), (f"{LEFT - 6}", HEIGHT - BOTTOM, "end", "0")]
    return _plot(title, drawn, words, [(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM)])


def spans(rows: Sequence[tuple[str, float, float, float, str]], *, title: str) -> SafeString:
    """For each name how long something takes: the middle half as a band, the median as a mark, with its length in words.

    `rows`: name, quarter, median and three quarters in one unit, and the median in words.
    """
    most = max([*(high for _, _, _, high, _ in rows), 1e-9])
    left, step = 140, 34
    wide = WIDTH - left - 90
    height = TOP + step * len(rows) + 8
    drawn = format_html_join(
        "",
        '<rect class="trough" x="{}" y="{}" width="{}" height="12"/><rect class="mark" x="{}" y="{}" width="3" height="20"/>',
        (
            (
                f"{left + wide * low / most:.1f}",
                TOP + number * step + 6,
                f"{max(wide * (high - low) / most, 1):.1f}",
                f"{left + wide * middle / most:.1f}",
                TOP + number * step + 2,
            )
            for number, (_, low, middle, high, _) in enumerate(rows)
        ),
    )
    words = [(f"{left - 10}", TOP + number * step + 16, "end", name) for number, (name, *_) in enumerate(rows)]
    words += [
        (f"{left + wide * high / most + 8:.1f}", TOP + number * step + 16, "start", length)
        for number, (_, _, _, high, length) in enumerate(rows)
    ]
    return _plot(title, drawn, words, [], height=height)


def calibration(points: Sequence[tuple[float, float, float, float, int]], *, title: str) -> SafeString:
    """What was confirmed against what was expected, with 90 % intervals; the dashed line is where both are the same.

    `points`: expected, observed, low and high (0..1), and how many stand behind it.
    """
    side, left, top = 240, 44, 12
    marks = [
        (
            f"{left + side * expected:.1f}",
            f"{top + side * (1 - low):.1f}",
            f"{top + side * (1 - high):.1f}",
            f"{top + side * (1 - observed):.1f}",
            f"{min(3 + count**0.5 / 4, 9):.1f}",
            f"{expected:.0%} → {observed:.0%} ({low:.0%}~{high:.0%}), n={count:,}",
        )
        for expected, observed, low, high, count in points
    ]
    drawn = format_html_join(
        "",
        '<line class="range" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>'
        '<circle class="mark" cx="{0}" cy="{3}" r="{4}"><title>{5}</title></circle>',
        marks,
    )
    ideal = format_html('<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>', left, top + side, left + side, top)
    words = [
        (f"{left - 6}", top + 10, "end", "100%"),
        (f"{left - 6}", top + side, "end", "0%"),
        (f"{left + side}", top + side + 18, "end", "100%"),
    ]
    axes = [(left, top + side, left + side, top + side), (left, top, left, top + side)]
    return _plot(title, ideal + drawn, words, axes, width=left + side + 12, height=top + side + 26)


def survival(
    steps: Sequence[tuple[float, float, float, float]], ticks: Sequence[tuple[float, str]], *, title: str, end: float = 1.0
) -> SafeString:
    """The share still there over time as steps, with its interval as a band, until `end`.

    `steps`: place in time (0..1 of the width, ascending), share, low and high (0..1) from there on; `ticks`: places with words.
    """
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    corners = [(0.0, 1.0, 1.0, 1.0), *_thinned(steps, wide)]
    ends = [*(place for place, *_ in corners[1:]), end]

    def edge(which: int) -> list[tuple[float, float]]:
        return [
            (LEFT + wide * x, TOP + tall * (1 - corner[which]))
            for corner, until in zip(corners, ends, strict=True)
            for x in (corner[0], until)
        ]

    band = _points([*edge(2), *reversed(edge(3))])
    drawn = format_html('<polygon class="trough" points="{}"/><polyline class="line" points="{}"/>', band, _points(edge(1)))
    floor = HEIGHT - BOTTOM
    words = [(f"{LEFT + wide * x:.1f}", HEIGHT - 8, "middle", word) for x, word in ticks]
    words += [(f"{LEFT - 6}", TOP + 10, "end", "100%"), (f"{LEFT - 6}", floor, "end", "0%")]
    axes: list[tuple[float, float, float, float]] = [(LEFT, floor, WIDTH - RIGHT, floor), (LEFT, TOP, LEFT, floor)]
    axes += [(LEFT + wide * x, floor, LEFT + wide * x, floor + 4) for x, _ in ticks]
    return _plot(title, drawn, words, axes)


def _thinned(steps: Sequence[tuple[float, float, float, float]], wide: int) -> list[tuple[float, float, float, float]]:
    """The last step of each two points of the width: more cannot be seen."""
    kept = {int(step[0] * wide / 2): step for step in steps}
    return list(kept.values())


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _plot(
    title: str,
    drawn: SafeString,
    words: Sequence[tuple[str, float, str, str]],
    axes: Sequence[tuple[float, float, float, float]],
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> SafeString:
    shape = "plot square" if width < WIDTH else "plot"
    lines = format_html_join("", '<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>', axes)
    texts = format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', words)
    frame = '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>'
    return format_html(frame, shape, width, height, title, lines, drawn, texts)


def _tall(count: int, most: int, height: int) -> float:
    return max(height * count / most, 2.0)
