"""Landscapes, each drawn anew for every seed. Nobody is in them."""

from __future__ import annotations

import math

from pen import Pen, hexed, mix
from shapes import AWNINGS, ROOFS, hanok, pine, tree


def mountains(p: Pen) -> None:
    sunrise = p.rng.choice(
        [("f9d29d", "f7797d"), ("cfe8f3", "f4f1de"), ("2c3e63", "e8a87c"), ("b8c6db", "f5f7fa"), ("40407a", "ffb88c")]
    )
    p.sky(hexed(sunrise[0]), hexed(sunrise[1]), p.rng.uniform(-0.3, 0.3))
    p.disc(p.rng.uniform(0.1, 0.9), p.rng.uniform(0.1, 0.45), p.rng.uniform(0.04, 0.12), hexed("fff1c9"))
    far, near = hexed(p.rng.choice(["9fb4c7", "b58ea0", "a3bfa8"])), hexed(p.rng.choice(["24413b", "2b2d42", "3d3a2a"]))
    layers = p.rng.randint(3, 6)
    for k in range(layers):
        p.ridge(0.42 + 0.5 * k / layers + p.rng.uniform(-0.04, 0.04), 0.15 - 0.018 * k, mix(far, near, k / (layers - 1)))
    for _ in range(p.rng.randint(4, 16)):
        pine(p, p.rng.random(), p.rng.uniform(0.9, 1.05), p.rng.uniform(0.12, 0.3), mix(near, (20, 50, 40), 0.5))


def harbour(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["8ecae6", "ffd6a5", "577590", "c9d6df"])), hexed(p.rng.choice(["f1faee", "ffadad", "a8dadc"])))
    level = p.rng.uniform(0.45, 0.62)
    p.ridge(level - 0.03, 0.05, hexed("6c8ea4"))
    p.box(0, level, 1, 1, hexed(p.rng.choice(["2a6f97", "1d5c63", "3d5a80"])))
    for _ in range(60):
        x, y = p.rng.random(), p.rng.uniform(level, 1)
        p.line([(x, y), (x + 0.03 * (y - level + 0.2), y)], hexed("9cc5d8"), 0.004)
    x = p.rng.uniform(0.1, 0.9)
    for k in range(5):
        p.box(
            x - 0.022 + 0.002 * k,
            level - 0.08 * (k + 1),
            x + 0.022 - 0.002 * k,
            level - 0.08 * k,
            hexed("f4f4f4" if k % 2 else "c8553d"),
        )
    p.box(x - 0.018, level - 0.46, x + 0.018, level - 0.4, hexed("f2c14e"))
    for _ in range(p.rng.randint(2, 6)):
        bx, by, s = p.rng.uniform(0.05, 0.95), p.rng.uniform(level + 0.08, 0.95), p.rng.uniform(0.05, 0.13)
        hull = p.rng.choice(AWNINGS)
        p.poly([(bx - s, by - s * 0.4), (bx + s, by - s * 0.4), (bx + s * 0.7, by), (bx - s * 0.75, by)], hull)
        p.box(bx - s * 0.4, by - s * 0.9, bx + s * 0.1, by - s * 0.4, hexed("f7f3e8"))
        p.line([(bx + s * 0.3, by - s * 0.4), (bx + s * 0.3, by - s * 1.9)], hexed("4a3728"), 0.007)
        p.poly([(bx + s * 0.32, by - s * 1.85), (bx + s * 0.32, by - s * 0.6), (bx + s * 0.95, by - s * 0.7)], hexed("fbf7ee"))


def empty_beach(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["56b4d3", "ffcf9c", "a1c4fd"])), hexed(p.rng.choice(["e0f7fa", "ffe8d6"])))
    sea = p.rng.uniform(0.3, 0.5)
    p.box(0, sea, 1, 1, hexed(p.rng.choice(["1b98a6", "2978a0", "4fb0ae"])))
    shore = p.rng.uniform(0.6, 0.74)
    p.ridge(shore - 0.03, 0.02, hexed("f4fbfb"), 3)
    p.ridge(shore, 0.02, hexed(p.rng.choice(["e9d8a6", "f3dfc1", "dcc48e"])), 3)
    for _ in range(p.rng.randint(1, 4)):
        x, y, r = p.rng.uniform(0.1, 0.9), p.rng.uniform(shore + 0.02, 0.85), p.rng.uniform(0.1, 0.2)
        p.line([(x, y - r), (x, y + r * 0.9)], hexed("8b6b4a"), 0.012)
        colour = p.rng.choice(AWNINGS)
        for k in range(6):
            a, b = math.pi * (1 + k / 6), math.pi * (1 + (k + 1) / 6)
            p.poly(
                [
                    (x, y - r * 0.6),
                    (x + math.cos(a) * r / p.aspect, y - r * 0.5 + math.sin(a) * r * 0.8),
                    (x + math.cos(b) * r / p.aspect, y - r * 0.5 + math.sin(b) * r * 0.8),
                ],
                colour if k % 2 else hexed("fffaf0"),
            )
    for _ in range(p.rng.randint(5, 14)):
        p.oval(
            p.rng.random(),
            p.rng.uniform(shore + 0.1, 0.98),
            p.rng.uniform(0.008, 0.025),
            p.rng.uniform(0.006, 0.016),
            hexed(p.rng.choice(["bfa27a", "fff3e0", "d98c6a"])),
        )


def autumn_road(p: Pen) -> None:
    leaf = p.rng.choice([["e9a23b", "f2c14e", "d98324"], ["c8442c", "e07a3f", "a63d2f"], ["e8b04a", "c8553d", "8a9a4b"]])
    p.sky(hexed("cfe0e8"), hexed("f9efd9"))
    horizon = p.rng.uniform(0.42, 0.6)
    p.box(0, horizon, 1, 1, hexed(p.rng.choice(["a8b27a", "c9b36b", "b98b54"])))
    vanish, left, right = p.rng.uniform(0.25, 0.75), p.rng.uniform(-0.1, 0.35), p.rng.uniform(0.6, 1.1)
    p.poly([(left, 1), (right, 1), (vanish + 0.015, horizon), (vanish - 0.015, horizon)], hexed("8f8577"))
    for k in range(8):
        t = (k / 7) ** 1.8
        for side in (left - 0.1, right + 0.1):
            tree(
                p,
                vanish + (side - vanish) * (0.12 + 0.88 * t),
                horizon + (1 - horizon) * t * 0.9 + 0.02,
                0.14 + 0.75 * t,
                hexed(p.rng.choice(leaf)),
            )
    for _ in range(60):
        y = p.rng.uniform(horizon + 0.05, 1)
        p.oval(p.rng.random(), y, 0.012 * y, 0.006 * y, hexed(p.rng.choice(leaf)))


def blossom(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["a9d6e5", "d8c3e0", "5c6b9c"])), hexed(p.rng.choice(["fdf0f0", "f6e7cb"])))
    p.ridge(p.rng.uniform(0.6, 0.8), 0.06, hexed("9bb59a"))
    p.ridge(p.rng.uniform(0.8, 0.9), 0.03, hexed("7d9b6a"))
    x, bend = p.rng.uniform(-0.05, 0.3) if p.rng.random() < 0.5 else p.rng.uniform(0.7, 1.05), p.rng.uniform(0.2, 0.5)
    for branch in range(p.rng.randint(3, 6)):
        reach = bend * (1 if x < 0.5 else -1) * (0.5 + branch * 0.25)
        y0, y1 = 0.7 - branch * 0.12, p.rng.uniform(0.05, 0.45)
        points = [(x + reach * t / 10, y0 + (y1 - y0) * math.sqrt(t / 10)) for t in range(11)]
        p.line(points, hexed("4d3b38"), 0.022 - 0.002 * branch)
        for px, py in points[2:]:
            for _ in range(9):
                p.disc(
                    px + p.rng.gauss(0, 0.035),
                    py + p.rng.gauss(0, 0.05),
                    p.rng.uniform(0.01, 0.03),
                    hexed(p.rng.choice(["f7c9d4", "fbe3e8", "f2a7b8", "ffffff"])),
                )
    p.line([(x, 1), (x, 0.6)], hexed("4d3b38"), 0.06)


def snow_village(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["2b3a67", "9fb8cc", "dfe7ee", "41325e"])), hexed(p.rng.choice(["e4ebf2", "b7a9c9"])))
    for k in range(3):
        p.ridge(0.45 + 0.12 * k + p.rng.uniform(-0.05, 0.05), 0.09 - 0.02 * k, mix(hexed("a9bccf"), hexed("f5f8fb"), k / 2))
    for _ in range(p.rng.randint(3, 7)):
        hanok(p, p.rng.random(), p.rng.uniform(0.68, 0.92), p.rng.uniform(0.2, 0.45), hexed("e9eff5"), hexed("8a6a4f"))
    for _ in range(p.rng.randint(5, 12)):
        pine(p, p.rng.random(), p.rng.uniform(0.7, 1), p.rng.uniform(0.15, 0.4), hexed("3e6259"))
    for _ in range(130):
        p.disc(p.rng.random(), p.rng.random(), p.rng.uniform(0.003, 0.009), (252, 253, 255))


def flower_field(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["74b9e6", "f6d6ad", "b5c7e3"])), hexed("fdfcf0"))
    horizon = p.rng.uniform(0.3, 0.55)
    p.ridge(horizon - 0.05, 0.07, hexed("86a889"))
    p.box(0, horizon, 1, 1, hexed("6e8f4f"))
    petals = [
        hexed(c)
        for c in p.rng.choice(
            [
                ["f5a3c7", "fce4ec", "d0578b"],
                ["f9c846", "f2a541", "fbe08d"],
                ["8e7cc3", "b4a7d6", "cfc4ee"],
                ["e63946", "f28482", "f6bd60"],
            ]
        )
    ]
    for row in range(26):
        y = horizon + (1 - horizon) * (row / 25) ** 1.6
        size = 0.004 + 0.045 * (y - horizon)
        for _ in range(max(5, round(60 - row * 1.8))):
            x = p.rng.random()
            colour = p.rng.choice(petals)
            for k in range(5):
                p.disc(
                    x + math.cos(k * 1.257) * size * 0.9 / p.aspect, y + math.sin(k * 1.257) * size * 0.9, size * 0.65, colour
                )
            p.disc(x, y, size * 0.5, hexed("f4d35e" if colour != hexed("f9c846") else "6b4226"))


def rice_terraces(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["b9d7ea", "ffd8a8", "8093a8"])), hexed("fbf8ef"))
    p.ridge(0.34, 0.1, hexed("7d97a5"))
    tones = [
        hexed(c)
        for c in p.rng.choice([["a7c957", "6a994e", "386641"], ["e9c46a", "d4a373", "bc8a4f"], ["9bc1bc", "5d8a84", "33605a"]])
    ]
    steps = p.rng.randint(6, 11)
    for k in range(steps):
        y = 0.36 + 0.66 * (k / steps) ** 1.25
        p.ridge(y, 0.035 + 0.01 * k / steps, mix(tones[k % 3], (255, 255, 235), 0.25), 3)
        heights = p.ridge(y + 0.022, 0.035, tones[k % 3], 3)
        for step in range(0, 200, 6):
            p.line(
                [(step / 200, heights[step] + 0.01), (step / 200, heights[step] + 0.03)],
                mix(tones[k % 3], (30, 40, 20), 0.35),
                0.004,
            )
    hanok(p, p.rng.uniform(0.15, 0.85), p.rng.uniform(0.5, 0.75), 0.2, hexed("6b4f3a"), hexed("d9c6a5"))


def reeds_and_moon(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["1a2a4a", "46355c", "e3a26f"])), hexed(p.rng.choice(["7a6f9b", "e8b796", "c3d0de"])))
    x, y, r = p.rng.uniform(0.15, 0.85), p.rng.uniform(0.15, 0.4), p.rng.uniform(0.07, 0.15)
    p.glow(x, y, r * 3, hexed("fff3cf"), 0.6)
    p.disc(x, y, r, hexed("fff6dd"))
    p.ridge(p.rng.uniform(0.62, 0.76), 0.07, hexed("3f4c5c"))
    lean = p.rng.uniform(-0.12, 0.12)
    for _ in range(120):
        foot, tall = p.rng.random(), p.rng.uniform(0.2, 0.6)
        tip = (foot + lean * tall + p.rng.uniform(-0.02, 0.02), 1 - tall)
        p.line([(foot, 1), tip], hexed("a58d5f"), 0.004)
        p.line([tip, (tip[0] + lean * 0.3, tip[1] + 0.06)], hexed(p.rng.choice(["f1e3c6", "e2cfa4", "cdb684"])), 0.018)


def stone_bridge(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["bcd4e6", "f7d9b7", "6a7fa0"])), hexed("f4f1e8"))
    p.ridge(p.rng.uniform(0.4, 0.52), 0.09, hexed("7d9a83"))
    level = p.rng.uniform(0.6, 0.7)
    p.ridge(level - 0.03, 0.03, hexed("a7b58a"))
    arches, left, right = p.rng.randint(1, 4), p.rng.uniform(0.02, 0.2), p.rng.uniform(0.75, 0.98)
    stone = hexed(p.rng.choice(["b8ab97", "9a9a98", "c3a98a"]))
    wide = (right - left) / arches
    p.poly(
        [
            (left - 0.08, level),
            (left, level - 0.2),
            ((left + right) / 2, level - 0.27),
            (right, level - 0.2),
            (right + 0.08, level),
        ],
        stone,
    )
    for row in range(6):
        for k in range(24):
            x = left + (right - left) * (k + 0.5 * (row % 2)) / 24
            p.line(
                [(x, level - 0.19 + row * 0.03), (x + 0.03, level - 0.19 + row * 0.03)], mix(stone, (60, 50, 40), 0.3), 0.003
            )
    for k in range(arches):
        p.oval(left + wide * (k + 0.5), level, wide * 0.36 * p.aspect, 0.15, hexed("5f7f89"))
    for _ in range(p.rng.randint(2, 5)):
        tree(p, p.rng.random(), level, p.rng.uniform(0.2, 0.45), hexed(p.rng.choice(["7a9a4d", "c98b3f", "a34e3a"])))
    p.mirror_below(level, 0.6, hexed("54798a"))


def lake_pavilion(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["dce8ef", "f8c9a0", "7288a6"])), hexed("faf3e3"))
    for k in range(3):
        p.ridge(0.34 + 0.08 * k, 0.1 - 0.02 * k, mix(hexed("a9bfcb"), hexed("57766c"), k / 2))
    level = p.rng.uniform(0.56, 0.66)
    x, wide = p.rng.uniform(0.2, 0.8), p.rng.uniform(0.3, 0.55)
    p.oval(x, level, wide * 0.75, 0.05, hexed("8b8a6b"))
    hanok(p, x, level - 0.02, wide, p.rng.choice(ROOFS), hexed("a2543c"))
    hanok(p, x, level - 0.02 - wide * 0.5, wide * 0.55, p.rng.choice(ROOFS), hexed("a2543c"))
    for _ in range(p.rng.randint(2, 5)):
        tree(p, p.rng.random(), level, p.rng.uniform(0.15, 0.4), hexed(p.rng.choice(["6d8f4e", "d08c3a", "b5503c", "e3b9c4"])))
    p.mirror_below(level, 0.65, hexed("7b98a5"))
    for _ in range(p.rng.randint(5, 15)):
        p.oval(p.rng.random(), p.rng.uniform(level + 0.08, 0.97), 0.045, 0.012, hexed("5e8a4c"))


def bamboo(p: Pen) -> None:
    p.sky(
        hexed(p.rng.choice(["d9e8c5", "1f3d2b", "f3e9c8"])), hexed(p.rng.choice(["7fa36b", "4d7a4d"])), p.rng.uniform(-0.5, 0.5)
    )
    for k in range(p.rng.randint(9, 24)):
        x, thick = p.rng.random(), p.rng.uniform(0.008, 0.03)
        shade = mix(hexed(p.rng.choice(["5a8a3c", "7fae52", "3f6b33", "a8b861"])), (20, 40, 20), 0.25 * (k % 3))
        lean = p.rng.uniform(-0.06, 0.06)
        p.poly([(x, 1), (x + thick, 1), (x + thick * 0.8 + lean, 0), (x + lean, 0)], shade)
        for joint in range(9):
            y = joint / 9 + p.rng.uniform(0, 0.04)
            jx = x + lean * (1 - y)
            p.line([(jx - 0.002, y), (jx + thick, y)], mix(shade, (255, 255, 220), 0.4), 0.006)
        for _ in range(6):
            y = p.rng.random()
            p.poly(
                [
                    (x + lean * (1 - y), y),
                    (x + lean * (1 - y) + p.rng.uniform(-0.08, 0.08), y + p.rng.uniform(0.02, 0.1)),
                    (x + lean * (1 - y) + 0.01, y + 0.015),
                ],
                mix(shade, (200, 230, 120), 0.35),
            )


LANDSCAPES = {
    drawing.__name__: drawing
    for drawing in (
        mountains,
        harbour,
        empty_beach,
        autumn_road,
        blossom,
        snow_village,
        flower_field,
        rice_terraces,
        reeds_and_moon,
        stone_bridge,
        lake_pavilion,
        bamboo,
    )
}
