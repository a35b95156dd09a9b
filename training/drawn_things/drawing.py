"""Teddy bears and books drawn at random: own shapes, colours and outlines, as SVG.

The families of icons hold seven teddy bears between them, too few to learn from.
"""

# ruff: noqa: E501 - a shape stands on one line

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Drawn = np.random.Generator
Point = NDArray[np.float64]
FURS = ("#a5713d", "#8a5a2b", "#c79a63", "#d9b382", "#6f4520", "#e8d3b0", "#b98a8a", "#9aa3ad", "#f2e6d5", "#cf8f9f")


def teddy_bear(drawn: Drawn) -> str:
    """A bear with a body, sitting or standing, in fur of one colour with lighter ears, muzzle, belly and paws."""
    fur = str(drawn.choice(FURS))
    light = mixed(fur, "#fff3df", drawn.uniform(0.3, 0.7))
    line = (
        f' stroke="{mixed(fur, "#000000", drawn.uniform(0.4, 0.9))}" stroke-width="{drawn.uniform(0.6, 3):.1f}"'
        if drawn.random() < 0.6
        else ""
    )
    shade = drawn.random() < 0.5
    filled = "url(#fur)" if shade else fur
    head, body = drawn.uniform(17, 24), drawn.uniform(17, 25)
    head_y, body_y = 32.0, 32 + head * 0.8 + body * 0.75
    ear, ear_x, ear_y = head * drawn.uniform(0.32, 0.48), head * drawn.uniform(0.65, 0.85), head * drawn.uniform(0.65, 0.85)
    parts = []

    def round_(x: float, y: float, across: float, down: float, colour: str, turn: float = 0, is_lined: bool = True) -> None:
        parts.append(
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{across:.1f}" ry="{down:.1f}" fill="{colour}"{line if is_lined else ""} '
            f'transform="rotate({turn:.0f} {x:.1f} {y:.1f})"/>'
        )

    leg_y, leg = body_y + body * drawn.uniform(0.65, 0.95), body * drawn.uniform(0.35, 0.5)
    spread, arm_turn = body * drawn.uniform(0.6, 0.95), drawn.uniform(-50, 50)
    for side in (-1, 1):
        round_(50 + side * ear_x, head_y - ear_y, ear, ear, filled)
        round_(50 + side * ear_x, head_y - ear_y, ear * 0.6, ear * 0.6, light, is_lined=False)
        round_(
            50 + side * body * 0.95, body_y - body * 0.2, body * 0.28, body * drawn.uniform(0.5, 0.7), filled, side * arm_turn
        )
    round_(50, body_y, body, body * drawn.uniform(0.95, 1.15), filled)
    if drawn.random() < 0.8:
        round_(50, body_y + 2, body * 0.6, body * 0.7, light, is_lined=False)
    for side in (-1, 1):
        round_(50 + side * spread, leg_y, leg, leg * drawn.uniform(0.85, 1.2), filled)
        if drawn.random() < 0.8:
            round_(50 + side * spread, leg_y + 1, leg * 0.62, leg * 0.62, light, is_lined=False)
    round_(50, head_y, head * drawn.uniform(1, 1.15), head, filled)
    round_(50, head_y + head * 0.38, head * drawn.uniform(0.4, 0.55), head * drawn.uniform(0.32, 0.45), light, is_lined=False)
    eye = drawn.uniform(1.2, 2.8)
    for side in (-1, 1):
        round_(50 + side * head * 0.38, head_y - head * 0.12, eye, eye * 1.1, "#1b130d", is_lined=False)
    round_(50, head_y + head * 0.25, head * 0.15, head * 0.1, "#2a1a12", is_lined=False)
    mouth_y = head_y + head * 0.45
    parts.append(
        f'<path d="M{50 - head * 0.18:.1f} {mouth_y:.1f} Q50 {mouth_y + head * 0.2:.1f} {50 + head * 0.18:.1f} {mouth_y:.1f}" fill="none" stroke="#2a1a12" stroke-width="1.2"/>'
    )
    if drawn.random() < 0.4:
        bow, y = colour_of(drawn), head_y + head * 0.98
        parts.append(
            f'<path d="M50 {y:.1f} l-9 -5 v10 z M50 {y:.1f} l9 -5 v10 z" fill="{bow}"/><circle cx="50" cy="{y:.1f}" r="2.4" fill="{bow}"/>'
        )
    lit = f'<defs><radialGradient id="fur" cx=".4" cy=".35"><stop offset="0" stop-color="{mixed(fur, "#ffffff", 0.35)}"/><stop offset="1" stop-color="{fur}"/></radialGradient></defs>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 110">{lit}{"".join(parts)}</svg>'


def book(drawn: Drawn) -> str:
    """A book: closed and seen aslant, lying or standing in space, open, on a shelf, or a pile of them."""
    kind = drawn.integers(7)
    outline = (
        f' stroke="#222" stroke-width="{drawn.uniform(0.5, 2.5):.1f}" stroke-linejoin="round"' if drawn.random() < 0.6 else ""
    )
    page = mixed("#ffffff", "#e8d9b0", drawn.uniform(0, 1))
    if kind == 0:
        parts = _closed(drawn, outline, page)
    elif kind == 1:
        parts = _open(drawn, outline, page)
    elif kind == 2:
        parts = _row(drawn, outline)
    elif kind == 3:
        parts = _pile(drawn, outline, page)
    else:
        parts = _volume(drawn, outline, page)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{parts}</svg>'


def _closed(drawn: Drawn, outline: str, page: str) -> str:
    cover, slant, thick = colour_of(drawn), drawn.uniform(-12, 22), drawn.uniform(5, 16)
    dark = mixed(cover, "#000000", 0.35)
    left, right, top, bottom = 22, drawn.uniform(62, 78), 14, 84
    parts = f'<path d="M{left} {bottom} L{right} {bottom - slant * 0.3:.1f} l{thick * 0.4:.1f} {thick:.1f} L{left + thick * 0.4:.1f} {bottom + thick:.1f} z" fill="{page}"{outline}/>'
    parts += f'<path d="M{left} {top} L{right} {top - slant * 0.3:.1f} L{right} {bottom - slant * 0.3:.1f} L{left} {bottom} z" fill="{cover}"{outline}/>'
    parts += f'<path d="M{left} {top} l{-thick * 0.3:.1f} 3 V{bottom + thick * 0.8:.1f} l{thick * 0.3 + 2:.1f} 2 V{bottom} z" fill="{dark}"{outline}/>'
    if drawn.random() < 0.7:
        title = mixed(cover, "#ffffff", 0.6)
        for y in (28, 36)[: drawn.integers(1, 3)]:
            parts += f'<rect x="{left + 10}" y="{y}" width="{right - left - 22:.1f}" height="4" fill="{title}"/>'
    return parts


def _open(drawn: Drawn, outline: str, page: str) -> str:
    cover, lift, depth = colour_of(drawn), drawn.uniform(3, 14), drawn.uniform(35, 52)
    top = 50 - depth / 2
    bottom = 50 + depth / 2
    parts = f'<path d="M6 {top + 2:.1f} L50 {top + 5:.1f} L94 {top + 2:.1f} V{bottom + 5:.1f} L50 {bottom + 8:.1f} L6 {bottom + 5:.1f} z" fill="{cover}"{outline}/>'
    for side in (-1, 1):
        far = 50 + side * 41
        parts += (
            f'<path d="M50 {top + lift * 0.3:.1f} Q{50 + side * 20} {top - lift:.1f} {far} {top:.1f} V{bottom:.1f} '
            f'Q{50 + side * 20} {bottom - lift:.1f} 50 {bottom + lift * 0.3:.1f} z" fill="{page}"{outline}/>'
        )
        if drawn.random() < 0.8:
            for number in range(int(drawn.integers(3, 8))):
                y = top + 8 + number * (depth - 12) / 8
                parts += f'<path d="M{50 + side * 6} {y + 1:.1f} Q{50 + side * 20} {y - lift * 0.7:.1f} {50 + side * 35} {y:.1f}" fill="none" stroke="#777" stroke-width="1"/>'
    return parts


def _row(drawn: Drawn, outline: str) -> str:
    x, parts = 10.0, ""
    while x < 80:
        wide, high, lean = drawn.uniform(7, 16), drawn.uniform(45, 72), drawn.uniform(-7, 7) if drawn.random() < 0.3 else 0
        cover = colour_of(drawn)
        band = mixed(cover, "#ffffff", 0.6)
        parts += f'<g transform="rotate({lean:.0f} {x:.1f} 88)"><rect x="{x:.1f}" y="{88 - high:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{cover}"{outline}/>'
        parts += f'<rect x="{x:.1f}" y="{88 - high * 0.85:.1f}" width="{wide:.1f}" height="4" fill="{band}"/></g>'
        x += wide + 0.5
    return parts


def _pile(drawn: Drawn, outline: str, page: str) -> str:
    y, parts = 90.0, ""
    for _ in range(int(drawn.integers(2, 7))):
        high, left, wide = drawn.uniform(8, 14), drawn.uniform(10, 25), drawn.uniform(52, 68)
        cover = colour_of(drawn)
        y -= high
        parts += f'<rect x="{left:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="2" fill="{cover}"{outline}/>'
        parts += (
            f'<rect x="{left + 5:.1f}" y="{y + 2:.1f}" width="{wide - 5:.1f}" height="{high - 4:.1f}" fill="{page}"{outline}/>'
        )
    return parts


def _volume(drawn: Drawn, outline: str, page: str) -> str:
    """A closed book as a block in space: cover, back and the edges of its pages, with or without a title or an ornament."""
    is_plain = drawn.random() < 0.2
    cover = str(drawn.choice(("#ffffff", "#eeeeee", "#999999", "#444444", "#111111"))) if is_plain else colour_of(drawn)
    high, wide, thick = drawn.uniform(50, 66), drawn.uniform(34, 50), drawn.uniform(6, 26)
    turn, tilt = drawn.uniform(0.25, 1.1), drawn.uniform(-0.9, 0.9)
    across = np.array([np.cos(turn), np.sin(turn) * np.sin(tilt)]) * wide
    along = np.array([np.sin(turn), -np.cos(turn) * np.sin(tilt)]) * thick
    down = np.array([0.0, np.cos(tilt)]) * high
    spin = drawn.choice((drawn.uniform(-0.6, 0.6), drawn.uniform(-3.1, 3.1)))
    turned = np.array([[np.cos(spin), -np.sin(spin)], [np.sin(spin), np.cos(spin)]])
    across, along, down = turned @ across, turned @ along, turned @ down
    corner = np.array([50.0, 50.0]) - (across + along + down) / 2
    front, dark = cover, mixed(cover, "#000000", drawn.uniform(0.15, 0.5))
    is_back_seen = drawn.random() < 0.6

    def face(start: Point, one: Point, other: Point, colour: str) -> str:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (start, start + one, start + one + other, start + other))
        return f'<polygon points="{points}" fill="{colour}"{outline}/>'

    side = face(corner + across, along, down, dark if is_back_seen else page)
    end = face(corner, across, along, page) if tilt > 0 else face(corner + down, across, along, page)
    parts = side + end + face(corner, across, down, front)
    if not is_back_seen:
        parts += face(corner, across * 0.07, down, dark)
    for part, share in (("title", 0.7), ("second", 0.4)):
        if drawn.random() < share:
            top = 0.2 if part == "title" else 0.34
            parts += face(corner + across * 0.22 + down * top, across * 0.56, down * 0.06, mixed(cover, "#ffffff", 0.65))
    if drawn.random() < 0.25:
        gold = "#d9b545"
        parts += face(corner + across * 0.46 + down * 0.3, across * 0.08, down * 0.4, gold)
        parts += face(corner + across * 0.3 + down * 0.42, across * 0.4, down * 0.07, gold)
    return parts


def other(drawn: Drawn) -> str:
    """What is taken for a book: a sheet of paper, a folder, a box, a cube, a card, a newspaper, a board."""
    kind = drawn.integers(5)
    line = (
        f' stroke="#222" stroke-width="{drawn.uniform(0.5, 2.5):.1f}" stroke-linejoin="round"' if drawn.random() < 0.7 else ""
    )
    colour = colour_of(drawn)
    lines = "".join(
        f'<rect x="30" y="{y}" width="{drawn.uniform(20, 40):.0f}" height="2" fill="#777"/>'
        for y in range(28, 80, int(drawn.integers(5, 9)))
    )
    if kind == 0:
        paper = mixed("#ffffff", "#f2e7c8", drawn.uniform(0, 1))
        fold = '<path d="M64 12 v14 h14 z" fill="#ccc"/>'
        parts = f'<path d="M22 12 H64 L78 26 V90 H22 z" fill="{paper}"{line}/>{fold}{lines if drawn.random() < 0.7 else ""}'
    elif kind == 1:
        light = mixed(colour, "#ffffff", 0.3)
        parts = f'<path d="M10 24 h28 l8 8 h42 v52 H10 z" fill="{colour}"{line}/><path d="M16 42 h80 l-10 42 H10 z" fill="{light}"{line}/>'
    elif kind == 2:
        shades = [colour, mixed(colour, "#ffffff", 0.3), mixed(colour, "#000000", 0.3)]
        parts = (
            f'<path d="M50 12 L86 30 L50 48 L14 30 z" fill="{shades[1]}"{line}/><path d="M14 30 L50 48 V90 L14 70 z" fill="{shades[0]}"{line}/>'
            f'<path d="M86 30 L50 48 V90 L86 70 z" fill="{shades[2]}"{line}/>'
        )
        if drawn.random() < 0.6:
            parts += "".join(
                f'<path d="M{14 + 12 * n} {30 + 6 * n} V{70 + 6.6 * n:.0f} M{50 + 12 * n} {48 - 6 * n} V{90 - 6.6 * n:.0f} M14 {30 + 13 * n} L50 {48 + 14 * n} '
                f'L86 {30 + 13 * n}" fill="none" stroke="#222" stroke-width="1.5"/>'
                for n in (1, 2)
            )
    elif kind == 3:
        parts = f'<rect x="8" y="26" width="84" height="{drawn.uniform(40, 56):.0f}" rx="{drawn.uniform(0, 8):.0f}" fill="{colour}"{line}/>'
        parts += (
            '<rect x="16" y="36" width="30" height="5" fill="#eee"/><rect x="16" y="52" width="22" height="14" fill="#eee"/>'
        )
    else:
        parts = f'<rect x="12" y="14" width="76" height="74" fill="#f4f1ea"{line}/><rect x="18" y="20" width="64" height="8" fill="#333"/>'
        parts += '<rect x="18" y="34" width="30" height="24" fill="#999"/>' + "".join(
            f'<rect x="{x}" y="{y}" width="28" height="1.6" fill="#777"/>'
            for x in (18, 54)
            for y in range(34 if x == 54 else 62, 84, 4)
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{parts}</svg>'


def colour_of(drawn: Drawn) -> str:
    """Any colour but the palest."""
    return "#" + "".join(f"{value:02x}" for value in drawn.integers(20, 225, 3))


def mixed(one: str, other: str, share: float) -> str:
    """Two colours, with `share` of the other."""
    channels = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (one, other)]
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in zip(*channels, strict=True))
