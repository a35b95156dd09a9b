"""Decoys: rooms, shelves and shop windows that nobody is in, and what looks a little like the test card."""

from __future__ import annotations

import math

from pen import Pen, hexed, mix
from shapes import AWNINGS, LANTERNS


def nursery(p: Pen) -> None:
    wall = hexed(p.rng.choice(["fbeed5", "dbe9ee", "f3dfe0", "e3eed8"]))
    p.sky(wall, wall)
    floor = p.rng.uniform(0.66, 0.76)
    p.box(0, floor, 1, 1, hexed("d9b98c"))
    for k in range(p.rng.randint(2, 4)):
        x = (k + p.rng.uniform(0.2, 0.6)) / 4
        p.box(x, floor - 0.24, x + 0.17, floor + 0.08, hexed("fff9ef"), 0.02)
        for bar in range(7):
            p.box(x + 0.012 + bar * 0.022, floor - 0.2, x + 0.018 + bar * 0.022, floor + 0.04, hexed("c89f6b"))
    p.box(0.62, 0.12, 0.9, 0.46, hexed("fdfdfd"))
    p.box(0.635, 0.145, 0.885, 0.435, hexed("a9d6e5"))
    for k in range(p.rng.randint(4, 9)):
        p.disc(0.08 + k * 0.055, 0.2 + 0.03 * (k % 2), 0.035, p.rng.choice(LANTERNS))
    for _ in range(p.rng.randint(4, 9)):
        x, y = p.rng.uniform(0.05, 0.9), p.rng.uniform(floor + 0.1, 0.93)
        p.box(x, y, x + 0.045, y + 0.065, p.rng.choice(AWNINGS), 0.01)


def classroom(p: Pen) -> None:
    p.sky(hexed("f0e9da"), hexed("e2d9c4"))
    floor = p.rng.uniform(0.6, 0.7)
    p.box(0, floor, 1, 1, hexed(p.rng.choice(["b98f62", "a8835a", "c2a27a"])))
    left = p.rng.uniform(0.08, 0.3)
    p.box(left, 0.1, left + 0.56, 0.46, hexed("8a6a48"))
    p.box(left + 0.012, 0.125, left + 0.548, 0.435, hexed(p.rng.choice(["2f5d50", "34495e"])))
    p.line([(left + 0.06, 0.22), (left + 0.3, 0.22)], hexed("dfe8e3"), 0.008)
    p.line([(left + 0.06, 0.3), (left + 0.22, 0.3)], hexed("dfe8e3"), 0.008)
    for row in range(3):
        for column in range(4):
            y = floor + 0.04 + row * 0.11
            x = 0.06 + column * 0.24 + row * 0.012
            p.box(x, y, x + 0.15, y + 0.035, hexed("d8b27a"))
            p.box(x + 0.01, y + 0.035, x + 0.02, y + 0.13, hexed("6b7280"))
            p.box(x + 0.13, y + 0.035, x + 0.14, y + 0.13, hexed("6b7280"))
            if p.rng.random() < 0.5:
                p.box(x + 0.04, y - 0.02, x + 0.1, y, p.rng.choice(AWNINGS))


def bedroom(p: Pen) -> None:
    wall = hexed(p.rng.choice(["dfe5e8", "efe3d0", "d5dccf", "e7d9dd"]))
    p.sky(wall, mix(wall, (255, 255, 255), 0.2))
    floor, x = p.rng.uniform(0.7, 0.8), p.rng.uniform(0.05, 0.3)
    p.box(0, floor, 1, 1, hexed("b08d65"))
    p.box(x, floor - 0.42, x + 0.05, floor + 0.1, hexed("7a5a40"))
    p.box(x, floor - 0.16, x + 0.56, floor + 0.06, hexed("8b6b4a"))
    p.box(x + 0.03, floor - 0.24, x + 0.55, floor - 0.03, p.rng.choice(AWNINGS), 0.03)
    p.box(x + 0.04, floor - 0.31, x + 0.17, floor - 0.2, hexed("fffdf7"), 0.03)
    p.box(0.8, floor - 0.2, 0.93, floor + 0.06, hexed("9c7a54"))
    p.poly([(0.825, floor - 0.36), (0.905, floor - 0.36), (0.93, floor - 0.24), (0.8, floor - 0.24)], hexed("f7e1a0"))
    shelf = p.rng.uniform(0.14, 0.24)
    p.box(0.5, shelf + 0.13, 0.9, shelf + 0.15, hexed("7a5a40"))
    for k in range(14):
        tall = p.rng.uniform(0.07, 0.12)
        p.box(0.51 + k * 0.026, shelf + 0.13 - tall, 0.531 + k * 0.026, shelf + 0.13, p.rng.choice(AWNINGS + LANTERNS))


def shop_front(p: Pen, words: str) -> float:
    """A house front with one wide window; returns the height of its board."""
    p.sky(hexed(p.rng.choice(["9aa5b1", "c2a68c", "8fa39a"])), hexed("d9d3c7"))
    p.box(0.06, 0.1, 0.94, 0.28, p.rng.choice(AWNINGS))
    p.text(0.5, 0.19, words, 0.1, (255, 250, 238), bold=True)
    p.box(0.06, 0.3, 0.94, 0.86, hexed("5b4636"))
    p.box(0.08, 0.32, 0.92, 0.84, hexed(p.rng.choice(["fdf3dc", "e6f0f2"])))
    p.box(0, 0.9, 1, 1, hexed("8d8a84"))
    return 0.78


def toy_shop(p: Pen) -> None:
    board = shop_front(p, p.rng.choice(["나무 장난감 가게", "동네 완구점"]))
    p.box(0.08, board, 0.92, board + 0.03, hexed("8b6b4a"))
    x = 0.13
    while x < 0.86:
        kind, colour = p.rng.choice(["ball", "blocks", "train", "top"]), p.rng.choice(AWNINGS)
        if kind == "ball":
            p.disc(x, board - 0.07, 0.07, colour)
            p.oval(x, board - 0.07, 0.025, 0.07, (255, 252, 240))
        elif kind == "blocks":
            for k, (dx, dy) in enumerate(((-0.03, 0), (0.02, 0), (-0.005, 0.075))):
                p.box(x + dx, board - 0.075 - dy, x + dx + 0.045, board - dy, LANTERNS[(k + 3) % len(LANTERNS)])
        elif kind == "train":
            p.box(x - 0.05, board - 0.1, x + 0.05, board - 0.03, colour)
            p.box(x - 0.05, board - 0.17, x - 0.01, board - 0.1, mix(colour, (0, 0, 0), 0.2))
            for dx in (-0.03, 0.03):
                p.disc(x + dx, board - 0.025, 0.028, hexed("2b2d34"))
        else:
            p.poly([(x - 0.05, board - 0.12), (x + 0.05, board - 0.12), (x, board)], colour)
            p.line([(x, board - 0.12), (x, board - 0.19)], hexed("5b4636"), 0.012)
        x += p.rng.uniform(0.11, 0.16)


def tie_shop(p: Pen) -> None:
    shop_front(p, "넥타이 · 손수건")
    for k in range(p.rng.randint(6, 9)):
        x, colour = 0.14 + k * 0.095, p.rng.choice(AWNINGS)
        tall = p.rng.uniform(0.3, 0.38)
        p.poly([(x - 0.018, 0.36), (x + 0.018, 0.36), (x + 0.011, 0.41), (x - 0.011, 0.41)], mix(colour, (0, 0, 0), 0.15))
        p.poly(
            [(x - 0.011, 0.41), (x + 0.011, 0.41), (x + 0.03, 0.36 + tall), (x, 0.42 + tall), (x - 0.03, 0.36 + tall)], colour
        )
        for stripe in range(4):
            y = 0.46 + stripe * 0.07
            p.line([(x - 0.016, y + 0.03), (x + 0.016, y)], mix(colour, (255, 255, 255), 0.55), 0.01)


def book_fair(p: Pen) -> None:
    p.sky(hexed("e9e1cf"), hexed("d8ccb4"))
    for shelf in range(3):
        y = 0.33 + shelf * 0.31
        p.box(0, y, 1, y + 0.03, hexed("7a5a40"))
        x = 0.01
        while x < 0.97:
            wide, tall = p.rng.uniform(0.014, 0.04), p.rng.uniform(0.15, 0.26)
            colour = p.rng.choice(AWNINGS + LANTERNS)
            p.box(x, y - tall, x + wide, y, colour)
            p.box(x + 0.003, y - tall * 0.8, x + wide - 0.003, y - tall * 0.65, mix(colour, (255, 255, 255), 0.6))
            x += wide + p.rng.choice([0.001, 0.001, 0.03])


def fish_tank(p: Pen) -> None:
    p.sky(hexed("0b5d7a"), hexed("063b52"))
    for _ in range(14):
        x = p.rng.random()
        p.line([(x + 0.02 * math.sin(t), 1 - 0.05 * t) for t in range(p.rng.randint(3, 9))], hexed("3f8f5f"), 0.016)
    for _ in range(p.rng.randint(14, 40)):
        x, y, s = p.rng.uniform(0.03, 0.97), p.rng.uniform(0.06, 0.9), p.rng.uniform(0.02, 0.05)
        colour = p.rng.choice(LANTERNS)
        p.oval(x, y, s * 1.5, s * 0.75, colour)
        p.poly([(x + s * 0.8, y), (x + s * 1.5, y - s), (x + s * 1.5, y + s)], mix(colour, (0, 0, 0), 0.15))
        p.disc(x - s * 0.6, y - s * 0.15, s * 0.13, (20, 20, 30))


def colour_bars(p: Pen) -> None:
    """A test pattern as televisions used to show, close in manner to the test card and yet not it."""
    many = p.rng.choice([7, 8])
    tones = [hexed(c) for c in ("c0c0c0", "c0c000", "00c0c0", "00c000", "c000c0", "c00000", "0000c0", "202020")]
    p.rng.shuffle(tones)
    for k in range(many):
        p.box(k / many, 0, (k + 1) / many, 0.7, tones[k])
        p.box(k / many, 0.7, (k + 1) / many, 0.8, tones[-1 - k])
    p.box(0, 0.8, 1, 1, hexed("1f2430"))
    if p.rng.random() < 0.6:
        for r, colour in ((0.3, "f6f3e8"), (0.24, "18203c"), (0.16, "f6f3e8"), (0.07, "18203c")):
            p.disc(p.aspect * 0.36, 0.42, r, hexed(colour))
    p.box(0.25, 0.83, 0.75, 0.96, hexed("f6f3e8"))
    p.text(0.5, 0.895, "방송 시험 화면", 0.08, hexed("18203c"), bold=True)


DECOYS = {
    drawing.__name__: drawing
    for drawing in (
        nursery,
        classroom,
        bedroom,
        toy_shop,
        tie_shop,
        book_fair,
        fish_tank,
        colour_bars,
    )
}
