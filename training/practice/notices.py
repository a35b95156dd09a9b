"""Drawn notices: posters, maps, charts, tables, cards."""

from __future__ import annotations

import math

from pen import Pen, hexed, mix
from scenes import SCENES
from shapes import AWNINGS, LANTERNS, hanok, tree

FESTIVALS = [
    "달빛등불축제",
    "억새바람축제",
    "강변불꽃축제",
    "골목먹거리축제",
    "국화향기축제",
    "얼음꽃축제",
    "메밀꽃축제",
    "단풍길축제",
    "연날리기축제",
    "도자기축제",
    "찻잎축제",
    "벚꽃길축제",
    "별빛야시장축제",
    "책마을축제",
    "사과축제",
    "전통놀이축제",
    "등대축제",
    "거리음악축제",
    "김장나눔축제",
    "호수축제",
]
PLACES = [
    "한솔시 중앙공원",
    "솔내천 둔치",
    "달재 마을회관",
    "새벽시장 주차장",
    "호수공원 야외무대",
    "옛역 광장",
    "한솔항 방파제",
    "은행나무길",
    "북문 문화마당",
    "들꽃언덕",
    "시청 앞 잔디마당",
    "강변 체육공원",
]
DAYS = [
    "10월 3일",
    "10월 9일",
    "10월 17일",
    "10월 24일",
    "10월 31일",
    "11월 7일",
    "11월 8일",
    "11월 14일",
    "11월 15일",
    "11월 21일",
    "11월 28일",
    "12월 5일",
]
DISHES = [
    "호떡",
    "해물파전",
    "잔치국수",
    "군고구마",
    "식혜",
    "어묵꼬치",
    "도토리묵",
    "감자전",
    "쌀강정",
    "수정과",
    "두부김치",
    "메밀전병",
]
PAPER = [hexed(c) for c in ("fbf6ea", "f3efe6", "e9f0ee", "fdf1e3", "eef1f7", "20304a", "2f4238", "4a2c3b", "f7d9a8", "bcd8d2")]


def paper(p: Pen) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """A sheet in a chosen colour; returns it and the ink that can be read on it."""
    sheet = p.rng.choice(PAPER)
    p.sky(sheet, mix(sheet, (255, 255, 255), 0.12), p.rng.uniform(-0.5, 0.5))
    return sheet, hexed("fdf7e8") if sum(sheet) < 330 else hexed("2b2d34")


def poster(p: Pen) -> None:
    p.rng.choice(
        [SCENES[name] for name in ("mountains", "balloons", "bunting", "reeds_and_moon", "patchwork", "bamboo", "flower_field")]
    )(p)
    top = p.rng.choice([0.08, 0.3, 0.52])
    left, right = p.rng.uniform(0.04, 0.2), p.rng.uniform(0.75, 0.96)
    ink = p.rng.choice(["fffaf0", "1f2a33"])
    p.box(left, top, right, top + 0.4, hexed("1f2a33" if ink == "fffaf0" else "fffaf0"), 0.02)
    middle = (left + right) / 2
    p.text(middle, top + 0.13, p.rng.choice(FESTIVALS), 0.13, hexed(ink), bold=True)
    p.text(middle, top + 0.25, f"{p.rng.choice(DAYS)} 오전 {p.rng.randint(9, 11)}시부터", 0.065, hexed(ink))
    p.text(middle, top + 0.34, p.rng.choice(PLACES), 0.06, hexed(ink))


def area_map(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["e9efe2", "f2ece0", "e6ebef"])), hexed("f4f1e6"))
    for _ in range(p.rng.randint(3, 6)):
        x, y = p.rng.random(), p.rng.random()
        p.box(
            x - p.rng.uniform(0.06, 0.2),
            y - p.rng.uniform(0.06, 0.2),
            x + 0.1,
            y + 0.1,
            hexed(p.rng.choice(["b9d8a4", "cfe3bd", "d9d3c0"])),
            0.04,
        )
    flow, phase = p.rng.uniform(0.15, 0.85), p.rng.uniform(0, 6)
    if p.rng.random() < 0.5:
        p.line([(t / 30, flow + 0.12 * math.sin(t / 5 + phase)) for t in range(-1, 32)], hexed("9ccbe0"), 0.1)
    else:
        p.line([(flow + 0.08 * math.sin(t / 5 + phase), t / 30) for t in range(-1, 32)], hexed("9ccbe0"), 0.1)
    for _ in range(p.rng.randint(4, 7)):
        if p.rng.random() < 0.5:
            y = p.rng.random()
            road = [(0.0, y), (1.0, y + p.rng.uniform(-0.25, 0.25))]
        else:
            x = p.rng.random()
            road = [(x, 0.0), (x + p.rng.uniform(-0.25, 0.25), 1.0)]
        p.line(road, hexed("c9c2b4"), 0.05)
        p.line(road, hexed("ffffff"), 0.038)
    places = p.rng.sample(PLACES, p.rng.randint(4, 6))
    heights = p.rng.sample(range(len(places)), len(places))
    for number, place in enumerate(places, start=1):
        x, y = p.rng.uniform(0.1, 0.68), 0.1 + 0.85 * (heights[number - 1] + p.rng.uniform(0.1, 0.7)) / len(places)
        p.disc(x, y, 0.038, p.rng.choice(AWNINGS))
        p.text(x, y, str(number), 0.045, (255, 255, 255), bold=True)
        p.text(x + 0.035, y, place, 0.045, hexed("2b2d34"), anchor="lm")


def chart(p: Pen) -> None:
    sheet, ink = paper(p)
    p.text(
        0.06,
        0.1,
        f"{p.rng.choice(FESTIVALS)} {p.rng.choice(['방문객 수', '만족도 조사', '요일별 판매량', '시간대별 주차'])}",
        0.075,
        ink,
        bold=True,
        anchor="lm",
    )
    shape = p.rng.choice(["bars", "lines", "round", "lying"])
    if shape == "round":
        x, y, r, turn = p.rng.uniform(0.25, 0.7), 0.58, 0.34, p.rng.uniform(0, 360)
        for colour in p.rng.sample(AWNINGS + LANTERNS, p.rng.randint(3, 6)):
            wide = p.rng.uniform(30, 110)
            cx, cy, radius = x * p.w, y * p.h, r * p.h
            p.draw.pieslice((cx - radius, cy - radius, cx + radius, cy + radius), turn, turn + wide, fill=colour)
            turn += wide
        p.disc(x, y, r * p.rng.uniform(0, 0.55), sheet)
        return
    many = p.rng.randint(4, 11)
    values = [p.rng.uniform(0.1, 0.66) for _ in range(many)]
    colour = p.rng.choice(AWNINGS)
    if shape == "lying":
        for k, value in enumerate(values):
            y = 0.2 + 0.74 * k / many
            p.box(0.2, y, 0.2 + value * 1.1, y + 0.5 / many, p.rng.choice([colour, mix(colour, sheet, 0.4)]))
            p.text(0.18, y + 0.25 / many, f"{k + 1}월", 0.3 / many + 0.01, ink, anchor="rm")
        return
    for k in range(5):
        p.line([(0.08, 0.25 + k * 0.16), (0.95, 0.25 + k * 0.16)], mix(sheet, ink, 0.2), 0.003)
    points = [(0.1 + 0.84 * (k + 0.5) / many, 0.89 - value) for k, value in enumerate(values)]
    for k, (x, y) in enumerate(points):
        if shape == "bars":
            p.box(x - 0.3 / many, y, x + 0.3 / many, 0.89, mix(colour, LANTERNS[k % len(LANTERNS)], 0.35))
        p.text(x, 0.94, f"{k + 1}일", 0.04, ink)
    if shape == "lines":
        p.poly([(points[0][0], 0.89), *points, (points[-1][0], 0.89)], mix(colour, sheet, 0.6))
        p.line(points, colour, 0.016)
        for point in points:
            p.disc(*point, 0.02, colour)


def weather_card(p: Pen) -> None:
    p.sky(
        hexed(p.rng.choice(["6fb1e0", "8d99ae", "f6bd60", "355070"])),
        hexed(p.rng.choice(["cfe8f5", "e5e5e5", "b5838d"])),
        p.rng.uniform(-0.6, 0.6),
    )
    days = p.rng.randint(2, 4)
    for k in range(days):
        x, y = (k + 0.5) / days, p.rng.uniform(0.3, 0.42)
        p.box(
            (k + 0.06) / days, 0.08, (k + 0.94) / days, 0.92, mix((255, 255, 255), hexed("9db4c6"), p.rng.uniform(0, 0.5)), 0.04
        )
        kind, r = p.rng.choice(["맑음", "구름", "비"]), p.rng.uniform(0.08, 0.14)
        if kind != "비":
            for ray in range(12):
                angle = math.tau * ray / 12
                p.line(
                    [(x, y), (x + math.cos(angle) * r * 1.5 / p.aspect, y + math.sin(angle) * r * 1.5)], hexed("f4a261"), 0.01
                )
            p.disc(x, y, r, hexed("f9c74f"))
        if kind != "맑음":
            for dx, dy, s in ((-0.8, 0.25, 0.6), (0, 0, 0.9), (0.85, 0.25, 0.65)):
                p.disc(x + dx * r / p.aspect, y + r * 0.6 + dy * r, r * s, hexed("7d8ca3"))
        if kind == "비":
            for drop in range(5):
                dx = (drop - 2) * r * 0.4 / p.aspect
                p.line([(x + dx, y + r * 1.7), (x + dx - 0.01, y + r * 2.2)], hexed("3a86c8"), 0.012)
        p.text(x, 0.17, p.rng.choice(DAYS), 0.06, hexed("2b2d34"))
        p.text(x, 0.72, f"{p.rng.randint(-3, 22)}도", 0.11, hexed("2b2d34"), bold=True)
        p.text(x, 0.83, kind, 0.06, hexed("4a5563"))


def time_table(p: Pen) -> None:
    sheet, ink = paper(p)
    bar = p.rng.choice(AWNINGS)
    top = p.rng.choice([0.0, 0.78])
    p.box(0, top, 1, top + 0.22, bar)
    p.text(
        0.5,
        top + 0.11,
        p.rng.choice(["버스 우회 안내", "무대 공연 순서", "무료 순환버스 시간표", "장터 운영 시간", "주차장 이용 안내"]),
        0.1,
        (255, 255, 255),
        bold=True,
    )
    rows = p.rng.randint(4, 6)
    split = p.rng.uniform(0.28, 0.45)
    start = 0.24 if top == 0 else 0.03
    for k in range(rows):
        y = start + 0.72 * k / rows
        if k % 2:
            p.box(0.04, y, 0.96, y + 0.72 / rows, mix(sheet, bar, 0.22))
        p.text(
            0.08,
            y + 0.36 / rows,
            f"{p.rng.randint(9, 20)}시 {p.rng.choice(['00', '10', '20', '30', '40', '50'])}분",
            0.058,
            ink,
            bold=True,
            anchor="lm",
        )
        p.text(split, y + 0.36 / rows, p.rng.choice(PLACES), 0.058, ink, anchor="lm")


def menu_board(p: Pen) -> None:
    board = hexed(p.rng.choice(["24382f", "2b2d42", "4a3728", "f6ead2", "e8efe8"]))
    frame = p.rng.uniform(0.02, 0.06)
    p.sky(hexed("8a5a3b"), hexed("a8744f"), p.rng.uniform(-0.4, 0.4))
    p.box(frame / p.aspect, frame, 1 - frame / p.aspect, 1 - frame, board)
    ink = hexed("fdf7e8") if sum(board) < 400 else hexed("4a3728")
    x = p.rng.choice([0.3, 0.5, 0.68])
    p.text(
        x,
        0.16,
        p.rng.choice(["오늘의 차림", "장터 차림표", "따뜻한 한 그릇"]),
        0.11,
        hexed("f4c95d") if sum(board) < 400 else hexed("b5533c"),
        bold=True,
    )
    dishes = p.rng.sample(DISHES, p.rng.randint(4, 6))
    for k, dish in enumerate(dishes):
        y = 0.3 + 0.62 * k / len(dishes)
        p.text(0.1, y + 0.03, dish, 0.075, ink, anchor="lm")
        p.text(0.9, y + 0.03, f"{p.rng.randint(2, 9)},{p.rng.choice(['000', '500'])}원", 0.07, ink, anchor="rm")
        p.line([(0.42, y + 0.04), (0.68, y + 0.04)], mix(board, ink, 0.4), 0.004)


def recipe_card(p: Pen) -> None:
    _, ink = paper(p)
    side = p.rng.choice([0.0, 0.56])
    colour = p.rng.choice(LANTERNS)
    p.box(side, 0, side + 0.44, 1, colour)
    for _ in range(p.rng.randint(5, 12)):
        x, y, r = side + p.rng.uniform(0.06, 0.38), p.rng.uniform(0.12, 0.9), p.rng.uniform(0.05, 0.13)
        kind = p.rng.choice(["e63946", "6a994e", "f2c14e", "f7f3e8", "8a5a3b"])
        p.oval(x, y, r, r * p.rng.uniform(0.6, 1.2), hexed(kind))
        p.line([(x, y - r * 0.8), (x + 0.015, y - r * 1.4)], hexed("3f6b33"), 0.012)
    text_x = 0.48 if side == 0 else 0.05
    p.text(text_x, 0.14, f"{p.rng.choice(DISHES)} 만들기", 0.09, ink, bold=True, anchor="lm")
    steps = [
        "재료를 깨끗이 씻습니다",
        "한입 크기로 썹니다",
        "중불에서 끓입니다",
        "소금으로 간을 맞춥니다",
        "그릇에 담아 냅니다",
        "참기름을 조금 두릅니다",
    ]
    for k, step in enumerate(p.rng.sample(steps, p.rng.randint(3, 5)), start=1):
        p.text(text_x, 0.16 + 0.15 * k, f"{k}. {step}", 0.055, ink, anchor="lm")


def ticket(p: Pen) -> None:
    sheet, _ = paper(p)
    for k in range(p.rng.randint(1, 3)):
        y, x = p.rng.uniform(0.05, 0.3) + 0.3 * k, p.rng.uniform(0.03, 0.25)
        colour = p.rng.choice(AWNINGS)
        p.box(x, y, x + 0.7, y + 0.34, colour, 0.03)
        cut = x + p.rng.uniform(0.15, 0.55)
        for dot in range(9):
            p.disc(cut, y + 0.02 + dot * 0.0375, 0.008, sheet)
        p.disc(x, y + 0.17, 0.035, sheet)
        p.disc(x + 0.7, y + 0.17, 0.035, sheet)
        p.text(x + 0.35, y + 0.12, p.rng.choice(FESTIVALS), 0.08, (255, 252, 240), bold=True)
        p.text(
            x + 0.35,
            y + 0.23,
            f"{p.rng.choice(['먹거리', '체험', '주차', '공연'])} 이용권 {p.rng.randint(1, 9)},000원",
            0.055,
            (255, 246, 220),
        )


def umbrella(p: Pen) -> None:
    p.sky(
        hexed(p.rng.choice(["93a8ac", "c9d6df", "e9e4d4", "52616b"])),
        hexed(p.rng.choice(["d7dedc", "f0f5f9", "a7b3b9"])),
        p.rng.uniform(-0.5, 0.5),
    )
    for _ in range(70):
        x, y = p.rng.random(), p.rng.random()
        p.line([(x, y), (x - 0.008, y + 0.045)], hexed("7f95a3"), 0.004)
    for _ in range(p.rng.randint(1, 3)):
        x, y, r, colour = p.rng.uniform(0.2, 0.8), p.rng.uniform(0.25, 0.6), p.rng.uniform(0.17, 0.36), p.rng.choice(AWNINGS)
        p.line([(x, y - r), (x, y + r * 0.9), (x + 0.03, y + r), (x + 0.05, y + r * 0.88)], hexed("5b4636"), 0.016)
        for k in range(8):
            a, b = math.pi * (1 + k / 8), math.pi * (1 + (k + 1) / 8)
            edge = [(x + math.cos(t) * r / p.aspect, y + math.sin(t) * r * 0.85) for t in (a, (a + b) / 2, b)]
            p.poly([(x, y - r * 0.05), *edge], colour if k % 2 else mix(colour, (255, 255, 255), 0.3))
        p.line([(x, y - r), (x, y - r * 0.8)], hexed("5b4636"), 0.014)


def drum_yard(p: Pen) -> None:
    p.sky(hexed(p.rng.choice(["cfe3ea", "f7dfba"])), hexed("f6f0df"))
    p.ridge(0.55, 0.06, hexed("93ad8a"))
    p.box(0, 0.68, 1, 1, hexed("c9ad7f"))
    for k in range(p.rng.randint(1, 3)):
        hanok(p, (k + p.rng.uniform(0.2, 0.8)) / 3, 0.72, p.rng.uniform(0.35, 0.6), hexed("4a4e57"), hexed("a87f55"))
    for _ in range(p.rng.randint(3, 7)):
        x, y, r, skin = p.rng.uniform(0.08, 0.92), p.rng.uniform(0.8, 0.93), p.rng.uniform(0.06, 0.12), p.rng.choice(AWNINGS)
        p.poly(
            [
                (x - r / p.aspect, y - r),
                (x, y - r * 0.25),
                (x + r / p.aspect, y - r),
                (x + r / p.aspect, y + r),
                (x, y + r * 0.25),
                (x - r / p.aspect, y + r),
            ],
            skin,
        )
        p.oval(x - r / p.aspect, y, r * 0.28, r, hexed("f3e6cc"))
        p.oval(x + r / p.aspect, y, r * 0.28, r, hexed("f3e6cc"))
    tree(p, p.rng.random(), 0.75, p.rng.uniform(0.3, 0.5), hexed("7f9f5a"))


NOTICES = {
    drawing.__name__: drawing
    for drawing in (
        poster,
        area_map,
        chart,
        weather_card,
        time_table,
        menu_board,
        recipe_card,
        ticket,
        umbrella,
        drum_yard,
    )
}
