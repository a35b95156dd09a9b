"""Bar charts as SVG, with nothing but text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

COLOURS = ("#9aa5b1", "#c9a227", "#7b9e6b", "#b0714f", "#2457a6")
ROW = 9
LEFT = 190
WIDTH = 520


def bars(title: str, series: Mapping[str, Mapping[str, float]]) -> str:
    """A horizontal bar for each series and name, values 0..1; all series have the same names."""
    names = list(next(iter(series.values())))
    block = ROW * len(series) + 6
    height = 60 + block * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" font-family="sans-serif">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20" font-size="14">{escape(title)}</text>',
    ]
    for place, name in enumerate(series):
        x = 10 + place * 160
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{COLOURS[place % len(COLOURS)]}"/>')
        parts.append(f'<text x="{x + 14}" y="39" font-size="10">{escape(name)}</text>')
    for row, name in enumerate(names):
        top = 50 + row * block
        parts.append(f'<text x="{LEFT - 6}" y="{top + block / 2}" font-size="11" text-anchor="end">{escape(name)}</text>')
        for place, values in enumerate(series.values()):
            width = WIDTH * values[name]
            y = top + place * ROW
            colour = COLOURS[place % len(COLOURS)]
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{ROW - 1}" fill="{colour}"/>')
            parts.append(f'<text x="{LEFT + width + 4:.1f}" y="{y + ROW - 1}" font-size="8">{values[name]:.2f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
