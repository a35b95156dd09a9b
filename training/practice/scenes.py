"""Landscapes and festival places, each drawn anew for every seed. Nobody is in them."""

from __future__ import annotations

import math

from PIL import Image

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


def lantern_river(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["0d1b3e", "1b1440", "10263a"])), hexed(p.rng.choice(["503a65", "7a4b5d", "2c5364"])))
    stars(p, 90, 0.4)
    p.ridge(p.rng.uniform(0.36, 0.5), 0.05, hexed("1a2238"))
    level = p.rng.uniform(0.48, 0.6)
    for _ in range(p.rng.randint(3, 9)):
        hanok(p, p.rng.random(), level, p.rng.uniform(0.16, 0.34), p.rng.choice(ROOFS), hexed("7a5a3c"))
    p.mirror_below(level, 0.55, hexed("12203c"))
    for _ in range(p.rng.randint(8, 26)):
        y = p.rng.uniform(level + 0.06, 0.97)
        lantern(p, p.rng.random(), y, 0.012 + (y - level) * 0.11, p.rng.choice(LANTERNS))


def lantern_street(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["243b55", "f2c48d", "87b5c9", "3a2d4f"])), hexed(p.rng.choice(["f0d9b5", "c98b6b", "5b4b6b"])))
    for x in (p.rng.uniform(0.05, 0.3), p.rng.uniform(0.35, 0.65), p.rng.uniform(0.7, 0.95)):
        hanok(p, x, p.rng.uniform(0.82, 0.93), p.rng.uniform(0.45, 0.85), p.rng.choice(ROOFS), hexed("b08a63"))
    p.box(0, 0.9, 1, 1, hexed("8b7b68"))
    for row in range(p.rng.randint(2, 4)):
        start, end, sag = p.rng.uniform(0.03, 0.4), p.rng.uniform(0.03, 0.4), p.rng.uniform(0.05, 0.2)
        points = [(t / 20, start + (end - start) * t / 20 + sag * math.sin(math.pi * t / 20)) for t in range(21)]
        p.line(points, hexed("3b2f2f"), 0.004)
        for t in range(1 + row % 2, 20, p.rng.choice([2, 3])):
            lantern(p, points[t][0], points[t][1] + 0.05, p.rng.uniform(0.028, 0.05), p.rng.choice(LANTERNS))


def fireworks(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["060b20", "120a2a", "071a2b"])), hexed(p.rng.choice(["2b2a4c", "3f2b4a", "173f5f"])))
    level = p.rng.uniform(0.66, 0.84)
    for _ in range(p.rng.randint(3, 7)):
        x, y, r = p.rng.random(), p.rng.uniform(0.08, level - 0.2), p.rng.uniform(0.1, 0.27)
        colour = p.rng.choice(LANTERNS)
        p.glow(x, y, r * 1.3, colour, 0.35)
        rays = p.rng.randint(16, 34)
        for k in range(rays):
            angle, far = math.tau * k / rays, r * p.rng.uniform(0.8, 1.05)
            tip = (x + math.cos(angle) * far / p.aspect, y + math.sin(angle) * far + 0.02)
            p.line([(x + math.cos(angle) * far * 0.25 / p.aspect, y + math.sin(angle) * far * 0.25), tip], colour, 0.004)
            p.disc(*tip, 0.006, mix(colour, (255, 255, 255), 0.6))
    x = 0.0
    while x < 1:
        wide, tall = p.rng.uniform(0.02, 0.08), p.rng.uniform(0.04, 0.22)
        p.box(x, level - tall, x + wide, level, mix(hexed("10142a"), hexed("2b3050"), p.rng.random()))
        for _ in range(7):
            wx, wy = x + p.rng.uniform(0.1, 0.8) * wide, level - p.rng.uniform(0.1, 0.9) * tall
            p.box(wx, wy, wx + 0.005, wy + 0.011, hexed("f3d27a"))
        x += wide
    p.mirror_below(level, 0.6, hexed("0a1024"))


def food_stalls(p: Pen) -> None:
    day = p.rng.random() < 0.5
    p.sky(hexed("a8d0e6" if day else "1f2544"), hexed("f7e9d0" if day else "6b4e71"))
    p.ridge(p.rng.uniform(0.42, 0.55), 0.06, hexed("8fae8b" if day else "2b2f4a"))
    ground = p.rng.uniform(0.76, 0.88)
    p.box(0, ground - 0.02, 1, 1, hexed("cbb592" if day else "4b4356"))
    many = p.rng.randint(2, 5)
    for k in range(many):
        colour, x0, x1 = p.rng.choice(AWNINGS), (k + 0.06) / many, (k + 0.94) / many
        top = p.rng.uniform(0.26, 0.46)
        p.box(x0, top + 0.12, x1, ground, hexed("fff4dc" if day else "f0c987"))
        for bottle in range(p.rng.randint(4, 9)):
            bx = x0 + (x1 - x0) * (bottle + 0.5) / 9
            p.oval(bx, ground - 0.19, 0.018, p.rng.uniform(0.02, 0.05), p.rng.choice(LANTERNS))
        p.box(x0, ground - 0.16, x1, ground + 0.02, mix(colour, (70, 45, 30), 0.55))
        stripes = p.rng.choice([6, 8, 10])
        for stripe in range(stripes):
            s0, s1 = x0 + (x1 - x0) * stripe / stripes, x0 + (x1 - x0) * (stripe + 1) / stripes
            shade = colour if stripe % 2 else hexed("fdf8ee")
            p.box(s0 - 0.01, top, s1 + 0.01, top + 0.13, shade)
            p.oval((s0 + s1) / 2, top + 0.13, (s1 - s0) / 2 * p.aspect + 0.006, 0.03, shade)
        p.text(
            (x0 + x1) / 2,
            ground - 0.075,
            p.rng.choice(["호떡", "어묵", "식혜", "파전", "군밤", "국수", "만두", "떡볶이"]),
            0.07,
            hexed("fff8e7"),
            bold=True,
        )


def food_table(p: Pen) -> None:
    wood = hexed(p.rng.choice(["9c6b42", "c69c6d", "6f4e37", "b7b1a5", "355c56"]))
    p.sky(wood, mix(wood, (0, 0, 0), 0.18), p.rng.uniform(-0.4, 0.4))
    for k in range(9):
        y = k / 9 + p.rng.uniform(-0.03, 0.03)
        p.line([(0, y), (1, y + p.rng.uniform(-0.03, 0.03))], mix(wood, (0, 0, 0), 0.2), 0.004)
    for _ in range(p.rng.randint(2, 6)):
        x, y, r = p.rng.uniform(0.1, 0.9), p.rng.uniform(0.15, 0.85), p.rng.uniform(0.14, 0.32)
        p.oval(x + 0.015, y + 0.03, r, r * 0.92, mix(wood, (0, 0, 0), 0.35))
        p.oval(x, y, r, r * 0.92, p.rng.choice([hexed("f5f1e6"), hexed("3b4a54"), hexed("d9e2e1")]))
        soup = hexed(p.rng.choice(["c8442c", "e8b04a", "6b8f3c", "f0e2c0", "8a4b2a", "d97f3e"]))
        p.oval(x, y, r * 0.8, r * 0.73, soup)
        for _ in range(p.rng.randint(8, 22)):
            angle, far = p.rng.uniform(0, math.tau), r * 0.62 * math.sqrt(p.rng.random())
            bit = p.rng.choice([hexed("f7efe0"), hexed("5d8a3a"), hexed("f2c14e"), hexed("a63d2f")])
            p.oval(
                x + math.cos(angle) * far / p.aspect,
                y + math.sin(angle) * far * 0.9,
                r * p.rng.uniform(0.05, 0.15),
                r * p.rng.uniform(0.04, 0.09),
                bit,
            )
    lean = p.rng.uniform(0.05, 0.3)
    for gap in (0, 0.025):
        p.line([(0.82 + gap, 0.05), (0.82 + gap - lean, 0.95)], hexed("e8dcc3"), 0.014)


def bunting(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["7fb7d8", "bfd8e0", "f6c28b", "9fc5a8"])), hexed("fdf6e3"))
    for _ in range(5):
        x, y = p.rng.random(), p.rng.uniform(0.1, 0.5)
        for k in range(5):
            p.oval(x + k * 0.025, y - 0.02 * (k % 2), 0.06, 0.035, hexed("ffffff"))
    p.ridge(p.rng.uniform(0.7, 0.85), 0.05, hexed(p.rng.choice(["7aa26b", "b5a36a", "6d9a8d"])))
    for _ in range(p.rng.randint(3, 6)):
        y0, y1, sag = p.rng.uniform(0, 0.5), p.rng.uniform(0, 0.6), p.rng.uniform(0.05, 0.25)
        flags = p.rng.randint(9, 16)
        points = [(t / flags, y0 + (y1 - y0) * t / flags + sag * math.sin(math.pi * t / flags)) for t in range(flags + 1)]
        p.line(points, hexed("5b5b5b"), 0.004)
        for (xa, ya), (xb, yb) in zip(points, points[1:], strict=False):
            mid = ((xa + xb) / 2, (ya + yb) / 2 + p.rng.uniform(0.07, 0.11))
            p.poly([(xa + 0.004, ya), (xb - 0.004, yb), mid], p.rng.choice(AWNINGS + LANTERNS))


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


def balloons(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["4ea8de", "f4a261", "c9e4ff"])), hexed(p.rng.choice(["fff1e6", "e0fbfc"])))
    p.ridge(p.rng.uniform(0.75, 0.9), 0.07, hexed("7c9a5e"))
    for _ in range(p.rng.randint(2, 7)):
        x, y, r = p.rng.uniform(0.08, 0.92), p.rng.uniform(0.15, 0.65), p.rng.uniform(0.07, 0.22)
        one, two = p.rng.sample(AWNINGS + LANTERNS, 2)
        p.oval(x, y, r, r * 1.1, one)
        for k, share in enumerate((0.75, 0.45, 0.18)):
            p.oval(x, y, r * share, r * 1.1, two if k % 2 == 0 else one)
        p.poly(
            [
                (x - r * 0.6 / p.aspect, y + r * 0.86),
                (x + r * 0.6 / p.aspect, y + r * 0.86),
                (x + r * 0.16 / p.aspect, y + r * 1.45),
                (x - r * 0.16 / p.aspect, y + r * 1.45),
            ],
            mix(one, (0, 0, 0), 0.15),
        )
        p.box(x - r * 0.2 / p.aspect, y + r * 1.5, x + r * 0.2 / p.aspect, y + r * 1.78, hexed("8b5e34"))


def kites(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["3a86c8", "8ecae6", "e0c3fc"])), hexed("f8f9fa"), p.rng.uniform(-0.4, 0.4))
    p.ridge(p.rng.uniform(0.8, 0.92), 0.04, hexed("c2b280"))
    for _ in range(p.rng.randint(3, 8)):
        x, y, s, lean = p.rng.uniform(0.08, 0.92), p.rng.uniform(0.08, 0.7), p.rng.uniform(0.07, 0.2), p.rng.uniform(-0.3, 0.3)
        a = p.aspect
        corners = [
            (x + (dx * math.cos(lean) - dy * math.sin(lean)) * s / a, y + (dx * math.sin(lean) + dy * math.cos(lean)) * s)
            for dx, dy in ((-0.7, -1), (0.7, -1), (0.7, 1), (-0.7, 1))
        ]
        p.line([(x, y), (p.rng.uniform(0.3, 0.7), 1)], hexed("6b7280"), 0.002)
        p.poly(corners, hexed("fffaf0"))
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
        p.poly(
            [(ax, ay), (bx, by), ((bx * 3 + cx) / 4, (by * 3 + cy) / 4), ((ax * 3 + dx) / 4, (ay * 3 + dy) / 4)],
            p.rng.choice(AWNINGS),
        )
        p.poly(
            [(dx, dy), (cx, cy), ((bx + cx * 3) / 4, (by + cy * 3) / 4), ((ax + dx * 3) / 4, (ay + dy * 3) / 4)],
            p.rng.choice(AWNINGS),
        )
        p.disc(x, y, s * 0.3, p.rng.choice(LANTERNS))


def empty_stage(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["141a33", "2a1633", "10302f"])), hexed(p.rng.choice(["3b3054", "57315a", "265c5a"])))
    floor = p.rng.uniform(0.68, 0.82)
    left, right = p.rng.uniform(0.02, 0.2), p.rng.uniform(0.78, 0.98)
    p.box(left, 0.12, right, floor, mix(p.rng.choice(AWNINGS), (20, 15, 30), 0.4))
    for k in range(14):
        x = left + (right - left) * k / 14
        p.poly(
            [(x, 0.12), (x + 0.03, 0.12), (x + 0.02, floor), (x + 0.005, floor)], mix(p.rng.choice(AWNINGS), (20, 15, 30), 0.55)
        )
    for _ in range(p.rng.randint(3, 6)):
        x, foot, colour = p.rng.uniform(left, right), p.rng.uniform(left, right), p.rng.choice(LANTERNS)
        layer = p.image.copy()
        p.poly(
            [(x - 0.01, 0.08), (x + 0.01, 0.08), (foot + 0.1, floor + 0.06), (foot - 0.1, floor + 0.06)],
            mix(colour, (255, 255, 230), 0.4),
        )
        p.image.paste(Image.blend(layer, p.image, 0.35))
        p.disc(x, 0.08, 0.025, (255, 250, 225))
    p.poly([(left - 0.08, 1), (right + 0.08, 1), (right, floor), (left, floor)], hexed("4a3b2f"))
    for k in range(p.rng.randint(2, 4)):
        x = p.rng.uniform(left + 0.05, right - 0.05)
        p.oval(x, floor + 0.02, 0.07, 0.05, hexed("a63d2f"))
        p.oval(x, floor - 0.02, 0.07, 0.025, hexed("f3e2c0"))


def ferris_wheel(p: Pen) -> None:
    night = p.rng.random() < 0.5
    p.sky(hexed("182848" if night else "9ad1e3"), hexed("4b6cb7" if night else "fef6e4"))
    p.ridge(p.rng.uniform(0.8, 0.88), 0.03, hexed("26334d" if night else "8bb174"))
    x, y, r = p.rng.uniform(0.25, 0.75), p.rng.uniform(0.38, 0.5), p.rng.uniform(0.24, 0.36)
    a, turn, many = p.aspect, p.rng.uniform(0, 1), p.rng.choice([8, 10, 12])
    steel = hexed("e8eaf0" if night else "56617a")
    p.line([(x, y), (x - r * 0.6 / a, 0.9)], steel, 0.016)
    p.line([(x, y), (x + r * 0.6 / a, 0.9)], steel, 0.016)
    for share in (1, 0.86):
        p.line(
            [(x + math.cos(math.tau * k / 60) * r * share / a, y + math.sin(math.tau * k / 60) * r * share) for k in range(61)],
            steel,
            0.008,
        )
    for k in range(many):
        angle = math.tau * (k + turn) / many
        gx, gy = x + math.cos(angle) * r / a, y + math.sin(angle) * r
        p.line([(x, y), (gx, gy)], steel, 0.004)
        if night:
            p.glow(gx, gy, 0.09, hexed("ffe29a"), 0.6)
        p.box(gx - 0.035 / a, gy - 0.01, gx + 0.035 / a, gy + 0.055, p.rng.choice(AWNINGS + LANTERNS), 0.012)
    for _ in range(p.rng.randint(2, 6)):
        tree(p, p.rng.random(), p.rng.uniform(0.9, 1), p.rng.uniform(0.15, 0.35), hexed("3d5a45" if night else "6a9a55"))


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


def pottery(p: Pen) -> None:
    wall = hexed(p.rng.choice(["e8e0d2", "3e4a4f", "c2a887", "8c9ea3"]))
    p.sky(wall, mix(wall, (0, 0, 0), 0.15), p.rng.uniform(-0.3, 0.3))
    shelves = p.rng.randint(2, 3)
    for shelf in range(shelves):
        y = (shelf + 0.93) / shelves
        p.box(0, y, 1, y + 0.035, hexed("7a5a40"))
        x = p.rng.uniform(0.03, 0.1)
        while x < 0.95:
            r, tall = p.rng.uniform(0.06, 0.16) * 2 / shelves, p.rng.uniform(0.14, 0.36) * 2 / shelves
            glaze = hexed(p.rng.choice(["7fa99b", "f3ede0", "5b6f8a", "a0603f", "3f3a36", "c9d5c5"]))
            x += r / p.aspect
            p.oval(x, y - tall * 0.5, r, tall * 0.5, glaze)
            p.box(x - r * 0.35 / p.aspect, y - tall * 1.12, x + r * 0.35 / p.aspect, y - tall * 0.8, glaze)
            p.oval(x, y - tall * 1.12, r * 0.42, r * 0.12, mix(glaze, (0, 0, 0), 0.3))
            p.oval(x - r * 0.35 / p.aspect, y - tall * 0.6, r * 0.12, tall * 0.2, mix(glaze, (255, 255, 255), 0.45))
            if p.rng.random() < 0.6:
                p.line(
                    [(x - r * 0.8 / p.aspect, y - tall * 0.45), (x + r * 0.8 / p.aspect, y - tall * 0.45)],
                    mix(glaze, (30, 40, 90), 0.5),
                    0.012,
                )
            x += r / p.aspect + p.rng.uniform(0.01, 0.06)


def night_market(p: Pen) -> None:
    p.sky(hexed("1b1b2f"), hexed(p.rng.choice(["3a2c4e", "4e3440", "22405c"])))
    vanish = p.rng.uniform(0.35, 0.65)
    for k in range(7):
        t = (k / 6) ** 1.7
        for side in (0, 1):
            near = vanish + (side - vanish) * (0.1 + 0.95 * t)
            wide, top, foot = 0.05 + 0.2 * t, 0.5 - 0.35 * t, 0.56 + 0.4 * t
            x0, x1 = (near - wide, near) if side == 0 else (near, near + wide)
            colour = p.rng.choice(AWNINGS)
            p.box(x0, top + 0.08 * t, x1, foot, mix(hexed("f2c879"), colour, 0.3))
            p.box(x0, foot - 0.16 * (0.2 + t), x1, foot, mix(colour, (30, 20, 20), 0.4))
            p.poly([(x0 - 0.01, top + 0.1 * t), (x1 + 0.01, top + 0.1 * t), (x1 - 0.01, top), (x0 + 0.01, top)], colour)
            lantern(p, (x0 + x1) / 2, top + 0.16 * t + 0.02, 0.012 + 0.04 * t, p.rng.choice(LANTERNS))
    p.poly([(vanish - 0.02, 0.58), (vanish + 0.02, 0.58), (0.98, 1), (0.02, 1)], hexed("39354b"))
    for _ in range(40):
        y = p.rng.uniform(0.62, 1)
        p.oval(vanish + p.rng.uniform(-1, 1) * (y - 0.55), y, 0.03 * y, 0.006, hexed("6c6480"))


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


def patchwork(p: Pen) -> None:
    """A wrapping cloth of sewn pieces."""
    tones = [
        hexed(c)
        for c in p.rng.choice(
            [
                ["e4c9b6", "c86b5e", "8a9ea7", "f1e3c8", "5a6f7d"],
                ["b7d3c6", "e8dcb5", "d68c7a", "6f8f9b", "f4efe4"],
                ["3d405b", "e07a5f", "81b29a", "f2cc8f", "f4f1de"],
            ]
        )
    ]

    def cut(x0: float, y0: float, x1: float, y1: float, depth: int) -> None:
        if depth == 0 or p.rng.random() < 0.12:
            p.box(x0, y0, x1, y1, p.rng.choice(tones))
            p.line([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], hexed("fffdf5"), 0.005)
            if p.rng.random() < 0.25:
                p.poly([(x0, y0), (x1, y0), (x0, y1)], p.rng.choice(tones))
            return
        share = p.rng.uniform(0.3, 0.7)
        if (x1 - x0) * p.aspect > (y1 - y0):
            middle = x0 + (x1 - x0) * share
            cut(x0, y0, middle, y1, depth - 1)
            cut(middle, y0, x1, y1, depth - 1)
        else:
            middle = y0 + (y1 - y0) * share
            cut(x0, y0, x1, middle, depth - 1)
            cut(x0, middle, x1, y1, depth - 1)

    cut(0, 0, 1, 1, p.rng.randint(4, 6))


SCENES = {
    scene.__name__: scene
    for scene in (
        lantern_river, lantern_street, fireworks, food_stalls, food_table, bunting, mountains, harbour, empty_beach, autumn_road,
        blossom, snow_village, balloons, kites, empty_stage, ferris_wheel, flower_field, rice_terraces, reeds_and_moon,
        stone_bridge, pottery, night_market, lake_pavilion, bamboo, patchwork,
    )
}  # fmt: skip
