"""Books drawn at random as people draw them in clip art: shaded, with bent backs, ribs, ribbons and the edges of their leaves."""

# ruff: noqa: E501 - a shape stands on one line

from __future__ import annotations

import numpy as np

Drawn = np.random.Generator


def volume(drawn: Drawn) -> str:
    """One book with a bent back, one lying open and seen aslant, books side by side, or a heap of them."""
    ink = str(drawn.choice(("#111111", "#222222", _colour(drawn, 20, 110))))
    outline = (
        f' stroke="{ink}" stroke-width="{drawn.uniform(0.4, 2.2):.1f}" stroke-linejoin="round"' if drawn.random() < 0.6 else ""
    )
    draw = (_tome, _tome, _lying_open, _side_by_side, _heap)[drawn.integers(5)]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g transform="rotate({drawn.uniform(-12, 12):.0f} 50 50)">{draw(drawn, outline)}</g></svg>'


def _tome(drawn: Drawn, outline: str) -> str:
    """Closed, standing or leaning, its back bent and often ribbed, its leaves seen above or below."""
    cover = _cover(drawn)
    slant, high, wide, back = drawn.uniform(-14, 14), drawn.uniform(52, 72), drawn.uniform(34, 50), drawn.uniform(8, 20)
    left, top = 50 - (wide + back) / 2 + back, 50 - high / 2
    deep, is_above = drawn.uniform(4, 14), drawn.random() < 0.5
    page = _mixed("#ffffff", "#e2cf9e", drawn.uniform(0, 1))
    shade = _shaded(drawn, "cover", cover, across=1, down=drawn.uniform(0, 1)) + _shaded(
        drawn, "back", _mixed(cover, "#000000", drawn.uniform(0, 0.3))
    )
    edge = top if is_above else top + high
    away = -deep if is_above else deep
    lean = slant * (1 if is_above else -1)
    leaves = f'<path d="M{left - back * 0.6:.1f} {edge:.1f} L{left + wide - 2:.1f} {edge:.1f} l{lean - 3:.1f} {away:.1f} H{left - back * 0.3 + lean:.1f} z" fill="{page}"{outline}/>'
    for share in np.linspace(0.2, 0.85, int(drawn.integers(0, 4))):
        leaves += f'<path d="M{left + lean * share:.1f} {edge + away * share:.1f} h{wide - 6:.1f}" stroke="#8a7f6a" stroke-width=".6" fill="none"/>'
    bend = drawn.uniform(0.15, 0.6) * back
    parts = (
        leaves
        + f'<path d="M{left:.1f} {top:.1f} q{wide / 2:.1f} {drawn.uniform(-4, 4):.1f} {wide:.1f} 0 q{drawn.uniform(-4, 4):.1f} {high / 2:.1f} 0 {high:.1f} q{-wide / 2:.1f} {drawn.uniform(-4, 4):.1f} {-wide:.1f} 0 z" fill="url(#cover)"{outline}/>'
    )
    parts += f'<path d="M{left:.1f} {top:.1f} q{-back / 2:.1f} {-bend:.1f} {-back:.1f} 0 V{top + high:.1f} q{back / 2:.1f} {bend:.1f} {back:.1f} 0 z" fill="url(#back)"{outline}/>'
    rib = _mixed(cover, str(drawn.choice(("#000000", "#ffffff", "#d9b545"))), 0.5)
    for y in np.linspace(top + high * 0.12, top + high * 0.84, int(drawn.choice((0, 0, 2, 3, 4, 5)))):
        parts += f'<path d="M{left - back:.1f} {y:.1f} q{back / 2:.1f} {bend:.1f} {back:.1f} 0 v3 q{-back / 2:.1f} {bend:.1f} {-back:.1f} 0 z" fill="{rib}"/>'
    if drawn.random() < 0.5:
        gold, inset = _mixed(cover, str(drawn.choice(("#ffffff", "#d9b545"))), 0.7), drawn.uniform(0.12, 0.3) * wide
        tall = drawn.uniform(0.08, 0.3) * high
        parts += f'<rect x="{left + inset:.1f}" y="{top + high * drawn.uniform(0.12, 0.4):.1f}" width="{wide - 2 * inset:.1f}" height="{tall:.1f}" fill="{"none" if drawn.random() < 0.4 else gold}" stroke="{gold}"/>'
    if drawn.random() < 0.25:
        parts += f'<path d="M{left + wide * 0.6:.1f} {top + high:.1f} q2 6 -2 12 l4 -2 l3 3 q2 -6 0 -13 z" fill="{_colour(drawn)}"{outline}/>'
    return (
        f'<defs>{shade}</defs><g transform="skewX({slant:.0f}) translate({-50 * np.tan(np.radians(slant)):.1f} 0)">{parts}</g>'
    )


def _lying_open(drawn: Drawn, outline: str) -> str:
    """Open on a table, seen aslant from the front: two bent pages over a cover, lines of text or none, a ribbon at times."""
    is_lines_alone = drawn.random() < 0.4
    ink = str(drawn.choice(("#111111", _colour(drawn, 0, 120))))
    line = f' stroke="{ink}" stroke-width="{drawn.uniform(1, 3):.1f}" stroke-linejoin="round"' if is_lines_alone else outline
    page = "#ffffff" if is_lines_alone else _mixed("#ffffff", "#e8d9b0", drawn.uniform(0, 1))
    cover = ink if is_lines_alone else _colour(drawn)
    deep, slant, lift, thick = drawn.uniform(28, 50), drawn.uniform(-16, 16), drawn.uniform(5, 15), drawn.uniform(2, 9)
    top, bottom = 50 - deep / 2, 50 + deep / 2
    parts = f'<path d="M{5 + slant:.1f} {top + 3:.1f} L50 {top + 8:.1f} L{95 + slant:.1f} {top + 3:.1f} L96 {bottom + thick:.1f} L50 {bottom + thick + 4:.1f} L4 {bottom + thick:.1f} z" fill="{cover}"{line}/>'
    for side in (-1, 1):
        for under in range(int(thick // 2.5), -1, -1):
            y = under * 2.2
            parts += f'<path d="M{50 + slant:.1f} {top + lift * 0.5:.1f} Q{50 + slant + side * 18:.1f} {top - lift:.1f} {50 + slant + side * 42:.1f} {top:.1f} L{50 + side * 44:.1f} {bottom + y:.1f} Q{50 + side * 18} {bottom - lift + y:.1f} 50 {bottom + lift * 0.5 + y:.1f} z" fill="{page}"{line}/>'
        if drawn.random() < 0.5:
            for share in np.linspace(0.15, 0.85, int(drawn.integers(3, 9))):
                y, x = top + deep * share, 50 + slant * (1 - share)
                parts += f'<path d="M{x + side * 6:.1f} {y + 1:.1f} Q{x + side * 19:.1f} {y - lift * 0.8:.1f} {x + side * 37:.1f} {y:.1f}" fill="none" stroke="{"#777" if not is_lines_alone else ink}" stroke-width="1"/>'
    if drawn.random() < 0.3:
        parts += (
            f'<path d="M50 {bottom:.1f} q3 10 -3 {drawn.uniform(10, 18):.0f} l6 -2 q4 -8 1 -15 z" fill="{_colour(drawn)}"/>'
        )
    return parts


def _side_by_side(drawn: Drawn, outline: str) -> str:
    """Standing side by side, seen from a little above: their backs, their leaves, and the cover of the last."""
    is_grey, aside, up = drawn.random() < 0.3, drawn.uniform(8, 26), -drawn.uniform(3, 14)
    count = int(drawn.integers(2, 7))
    wide = [drawn.uniform(8, 15) for _ in range(count)]
    x, parts = 50 - (sum(wide) + aside) / 2, ""
    for number, across in enumerate(wide):
        cover = "#" + 3 * f"{drawn.integers(60, 250):02x}" if is_grey else _colour(drawn)
        high = drawn.uniform(46, 72)
        top = 88 - high
        parts += f'<path d="M{x:.1f} {top:.1f} l{aside:.1f} {up:.1f} h{across:.1f} l{-aside:.1f} {-up:.1f} z" fill="#f4ecd8"{outline}/>'
        for share in (0.3, 0.6):
            parts += f'<path d="M{x + across * share:.1f} {top:.1f} l{aside:.1f} {up:.1f}" stroke="#999" stroke-width=".5"/>'
        parts += f'<path d="M{x + across:.1f} {top:.1f} l{aside:.1f} {up:.1f} V{88 + up:.1f} L{x + across:.1f} 88 z" fill="{_mixed(cover, "#000000", 0.25) if number < count - 1 else _mixed(cover, "#ffffff", 0.2)}"{outline}/>'
        parts += f'<rect x="{x:.1f}" y="{top:.1f}" width="{across:.1f}" height="{high:.1f}" rx="{drawn.uniform(0, 2):.1f}" fill="{cover}"{outline}/>'
        for share in drawn.choice((0.08, 0.16, 0.24, 0.75, 0.85, 0.92), int(drawn.integers(0, 4)), replace=False):
            parts += f'<rect x="{x:.1f}" y="{top + high * share:.1f}" width="{across:.1f}" height="{drawn.uniform(1, 5):.1f}" fill="{_mixed(cover, str(drawn.choice(("#ffffff", "#000000", "#d9b545"))), 0.6)}"/>'
        x += across
    return parts


def _heap(drawn: Drawn, outline: str) -> str:
    """Lying on one another, each a little turned: its upper cover, and its back or its leaves."""
    y, parts = 88.0, ""
    for _ in range(int(drawn.integers(1, 7))):
        cover = _cover(drawn)
        wide, high = drawn.uniform(42, 60), drawn.uniform(7, 15)
        aside, up = drawn.uniform(-16, 22), -drawn.uniform(8, 18)
        left, tilt = 50 - wide / 2 - aside / 2 + drawn.uniform(-8, 8), drawn.uniform(-4, 4)
        y -= high
        page = _mixed("#ffffff", "#e8d9b0", drawn.uniform(0, 1))
        is_back = drawn.random() < 0.4
        side = _mixed(cover, "#000000", 0.3)
        parts += f'<path d="M{left:.1f} {y:.1f} l{wide:.1f} {tilt:.1f} v{high:.1f} l{-wide:.1f} {-tilt:.1f} z" fill="{side if is_back else page}"{outline}/>'
        if not is_back:
            for share in np.linspace(0.25, 0.8, int(drawn.integers(1, 4))):
                dashes = ' stroke-dasharray="3 1.5"' if drawn.random() < 0.4 else ""
                parts += f'<path d="M{left:.1f} {y + high * share:.1f} l{wide:.1f} {tilt:.1f}" stroke="#777" stroke-width=".7" fill="none"{dashes}/>'
            parts += (
                f'<path d="M{left:.1f} {y + high:.1f} l{wide:.1f} {tilt:.1f} v-2 l{-wide:.1f} {-tilt:.1f} z" fill="{side}"/>'
            )
        end = aside > 0
        start, across = (left + wide, tilt) if end else (left, 0.0)
        parts += f'<path d="M{start:.1f} {y + across:.1f} l{aside:.1f} {up:.1f} v{high:.1f} l{-aside:.1f} {-up:.1f} z" fill="{page if is_back else side}"{outline}/>'
        parts += f'<path d="M{left:.1f} {y:.1f} l{wide:.1f} {tilt:.1f} l{aside:.1f} {up:.1f} l{-wide:.1f} {-tilt:.1f} z" fill="{cover}"{outline}/>'
    return parts


def _shaded(drawn: Drawn, name: str, colour: str, across: float = 1, down: float = 0) -> str:
    """A gradient of a colour, or nearly none."""
    depth = drawn.uniform(0, 0.6)
    stops = "".join(
        f'<stop offset="{at}" stop-color="{_mixed(colour, tone, depth * share)}"/>'
        for at, tone, share in ((0, "#000000", 0.6), (drawn.uniform(0.3, 0.7), "#ffffff", 0.6), (1, "#000000", 0.8))
    )
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{across}" y2="{down:.1f}">{stops}</linearGradient>'


def _cover(drawn: Drawn) -> str:
    """Brown, black, red, green, grey or any colour."""
    plain = ("#5b3517", "#6b3a1e", "#7a2418", "#1d1d1d", "#333333", "#26443a", "#1f2f5c", "#7d7460", "#8d8d8d", "#dddddd")
    return str(drawn.choice(plain)) if drawn.random() < 0.5 else _colour(drawn)


def _colour(drawn: Drawn, least: int = 20, most: int = 225) -> str:
    return "#" + "".join(f"{value:02x}" for value in drawn.integers(least, most, 3))


def _mixed(one: str, other: str, share: float) -> str:
    channels = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (one, other)]
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in zip(*channels, strict=True))
