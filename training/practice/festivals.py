"""Festival places and things, each drawn anew for every seed. Nobody is in them."""

from __future__ import annotations

import itertools
import math

from pen import Pen, hexed, mix
from PIL import Image
from shapes import AWNINGS, LANTERNS, ROOFS, hanok, lantern, stars, tree


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
        for (xa, ya), (xb, yb) in itertools.pairwise(points):
            mid = ((xa + xb) / 2, (ya + yb) / 2 + p.rng.uniform(0.07, 0.11))
            p.poly([(xa + 0.004, ya), (xb - 0.004, yb), mid], p.rng.choice(AWNINGS + LANTERNS))


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
    for _ in range(p.rng.randint(2, 4)):
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


FESTIVAL_SCENES = {
    drawing.__name__: drawing
    for drawing in (
        lantern_river,
        lantern_street,
        fireworks,
        food_stalls,
        food_table,
        bunting,
        balloons,
        kites,
        empty_stage,
        ferris_wheel,
        pottery,
        night_market,
        patchwork,
    )
}
