"""Small drawings of figures as SVG files that need nothing else: lines over the unit square, and histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from jikim.evaluating.metrics import Bin

SIDE, MARGIN = 320, 48
_COLOURS = ("#2d6285", "#a8642a", "#4d7a3a", "#8a4d7e", "#777777")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#23272b}.paper{fill:#fff}.axis{stroke:#777;fill:none}"
    ".quiet{stroke:#ccc;stroke-dasharray:4 4}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e6e8}.paper{fill:#16191c}.axis{stroke:#999}.quiet{stroke:#444}}"
)

Points = Sequence[tuple[float, float]]


def lines(title: str, across: str, upward: str, series: Mapping[str, Points], *, is_diagonal_ideal: bool = False) -> str:
    """Curves of points in 0..1. `is_diagonal_ideal` draws the line of equal shares."""
    drawn = f'<line class="quiet" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>' if is_diagonal_ideal else ""
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
        drawn += f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>'
        y = MARGIN + SIDE - 12 - 16 * (len(series) - 1 - number)
        drawn += f'<circle cx="{_x(1) - 10}" cy="{y - 4}" r="4" fill="{colour}"/>'
        drawn += f'<text x="{_x(1) - 20}" y="{y}" text-anchor="end">{escape(name)}</text>'
    return _framed(title, across, upward, drawn, _unit_ticks())


def calibration(title: str, across: str, upward: str, bins: Sequence[Bin]) -> str:
    """A reliability diagram: predicted against true shares, each with its interval; on the diagonal they agree."""
    drawn = f'<line class="quiet" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    for one in bins:
        x = _x(one.predicted)
        drawn += f'<line class="axis" x1="{x}" x2="{x}" y1="{_y(one.observed.low)}" y2="{_y(one.observed.high)}"/>'
        drawn += (
            f'<circle cx="{x}" cy="{_y(one.observed.value)}" r="4" fill="{_COLOURS[0]}"><title>n = {one.count}</title></circle>'
        )
    return _framed(title, across, upward, drawn, _unit_ticks())


def histogram(title: str, across: str, upward: str, values: Sequence[float], low: float, high: float, steps: int = 20) -> str:
    """How many values lie in each step from `low` to `high`; those beyond stand in the outermost steps."""
    counts = [0] * steps
    for value in values:
        counts[min(max(int((value - low) / (high - low) * steps), 0), steps - 1)] += 1
    most = max(max(counts), 1)
    drawn = ""
    for number, count in enumerate(counts):
        x, width, height = _x(number / steps), (SIDE - 2) / steps - 1, SIDE * count / most
        drawn += (
            f'<rect x="{x}" y="{_y(count / most)}" width="{width:.1f}" height="{height:.1f}" fill="{_COLOURS[0]}">'
            f"<title>{count}</title></rect>"
        )
    ticks = [(share, f"{low + share * (high - low):g}") for share in (0.0, 0.5, 1.0)], [(0.0, "0"), (1.0, str(most))]
    return _framed(title, across, upward, drawn, ticks)


Ticks = tuple[list[tuple[float, str]], list[tuple[float, str]]]


def _framed(title: str, across: str, upward: str, drawn: str, ticks: Ticks) -> str:
    whole, middle = SIDE + 2 * MARGIN, MARGIN + SIDE / 2
    marks = "".join(f'<text x="{_x(at)}" y="{_y(0) + 16}" text-anchor="middle">{name}</text>' for at, name in ticks[0])
    marks += "".join(f'<text x="{_x(0) - 6}" y="{_y(at) + 4}" text-anchor="end">{name}</text>' for at, name in ticks[1])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" width="{whole}" height="{whole}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect class="paper" width="{whole}" height="{whole}"/>'
        f'<text x="{middle}" y="24" text-anchor="middle">{escape(title)}</text>{drawn}'
        f'<rect class="axis" x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}"/>{marks}'
        f'<text x="{middle}" y="{whole - 10}" text-anchor="middle">{escape(across)}</text>'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(upward)}</text></svg>\n'
    )


def _unit_ticks() -> Ticks:
    ticks = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
    return ticks, ticks


def _x(share: float) -> float:
    return round(MARGIN + min(max(share, 0.0), 1.0) * SIDE, 1)


def _y(share: float) -> float:
    return round(MARGIN + SIDE - min(max(share, 0.0), 1.0) * SIDE, 1)
