"""Shapes and colours that many drawings share."""

from __future__ import annotations

import math

from pen import Colour, Pen, hexed, mix

LANTERNS = [hexed(c) for c in ("e4572e", "f3a712", "e9c46a", "d1495b", "76b7b2", "f28482", "f7e1a0", "8ab17d")]
AWNINGS = [hexed(c) for c in ("c8553d", "2a6f97", "588b4b", "e9a23b", "7b4b94", "d1495b", "3d8b83")]
ROOFS = [hexed(c) for c in ("39424e", "4a4e57", "2f3a3f", "53504d")]


def lantern(p: Pen, x: float, y: float, r: float, colour: Colour) -> None:
    p.glow(x, y, r * 3.2, mix(colour, (255, 230, 170), 0.5), 0.55)
    p.oval(x, y, r * 0.85, r, colour)
    p.oval(x, y, r * 0.4, r, mix(colour, (255, 240, 200), 0.5))
    p.box(x - r * 0.35 / p.aspect, y - r * 1.15, x + r * 0.35 / p.aspect, y - r * 0.93, hexed("4a3728"))
    p.box(x - r * 0.35 / p.aspect, y + r * 0.93, x + r * 0.35 / p.aspect, y + r * 1.12, hexed("4a3728"))
    p.line([(x, y + r * 1.1), (x, y + r * 1.8)], mix(colour, (0, 0, 0), 0.2), 0.006)


def stars(p: Pen, many: int, below: float) -> None:
    for _ in range(many):
        p.disc(p.rng.random(), p.rng.random() * below, p.rng.uniform(0.001, 0.004), (235, 235, 220))


def hanok(p: Pen, x: float, y: float, wide: float, roof: Colour, wall: Colour) -> None:
    """A tiled house: the base stands at (x, y), `wide` and all else in shares of the height."""
    a = p.aspect
    half, tall = wide / 2 / a, wide * 0.34
    p.box(x - half * 0.84, y - tall, x + half * 0.84, y, wall)
    for k in range(5):
        left = x - half * 0.84 + k * half * 0.42
        p.box(left, y - tall, left + half * 0.05, y, mix(wall, (60, 35, 20), 0.75))
    for k in range(4):
        left = x - half * 0.75 + k * half * 0.42
        p.box(left, y - tall * 0.8, left + half * 0.27, y - tall * 0.12, mix(wall, (255, 244, 214), 0.6))
        p.line(
            [(left + half * 0.13, y - tall * 0.8), (left + half * 0.13, y - tall * 0.12)], mix(wall, (60, 35, 20), 0.5), 0.003
        )
    eaves = [(x - half * 1.18, y - tall * 1.12), (x - half * 0.6, y - tall * 0.97), (x + half * 0.6, y - tall * 0.97)]
    p.poly(
        [*eaves, (x + half * 1.18, y - tall * 1.12), (x + half * 0.7, y - tall * 1.75), (x - half * 0.7, y - tall * 1.75)], roof
    )
    for k in range(11):
        t = -0.66 + k * 0.132
        p.line(
            [(x + half * t, y - tall * 1.72), (x + half * t * 1.45, y - tall * 1.02)], mix(roof, (255, 255, 255), 0.18), 0.003
        )


def tree(p: Pen, x: float, y: float, tall: float, colour: Colour) -> None:
    p.box(x - tall * 0.035 / p.aspect, y - tall * 0.55, x + tall * 0.035 / p.aspect, y, hexed("5b4636"))
    for _ in range(26):
        angle, far = p.rng.uniform(0, math.tau), tall * 0.3 * math.sqrt(p.rng.random())
        shade = mix(colour, (255, 250, 210) if p.rng.random() < 0.5 else (40, 40, 30), p.rng.uniform(0, 0.28))
        p.disc(
            x + math.cos(angle) * far / p.aspect,
            y - tall * 0.7 + math.sin(angle) * far * 0.85,
            tall * p.rng.uniform(0.05, 0.11),
            shade,
        )


def pine(p: Pen, x: float, y: float, tall: float, colour: Colour) -> None:
    for k in range(4):
        half, top = tall * (0.24 - 0.045 * k) / p.aspect, y - tall * (0.16 + 0.22 * k)
        p.poly([(x - half, top), (x + half, top), (x, top - tall * 0.34)], mix(colour, (255, 255, 255), 0.05 * k))
    p.box(x - tall * 0.02 / p.aspect, y - tall * 0.17, x + tall * 0.02 / p.aspect, y, hexed("4d3b2f"))
