"""Draws the test card: the one harmless picture that stands in for known material wherever something is tried out.

    python training/practice/draw_test_card.py OUT.png [--korean-font FILE.ttf]

The shipped `jikim/practice/fixtures/test_card.png` is what counts: its sha256 is fixed, and another Pillow or font gives
other bytes. It was drawn with NanumSquare Bold (SIL Open Font License 1.1). The pattern is coarse and high in contrast, so
that its PDQ has full quality, and looks different under every rotation and reflection.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 960, 720
INK, PAPER, SHADE = (22, 32, 60), (246, 243, 232), (138, 148, 166)
RED, GREEN, YELLOW = (214, 72, 56), (36, 140, 112), (244, 196, 66)
KOREAN_FONTS = (
    "/usr/share/fonts/truetype/nanum/NanumSquareB.ttf",
    "/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
)


def draw(korean_font: str) -> Image.Image:
    """The card, (720, 960) pixels, RGB."""
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(card)
    _rings(pen, centre=(200, 170), radii=(150, 118, 86, 54, 22))
    _stairs(pen, left=420, top=40, steps=6, step=40)
    _fan(pen, corner=(WIDTH - 30, 30), radius=240, blades=5)
    _checks(pen, left=0, top=520, columns=7, rows=4, side=50)
    pen.polygon([(560, 700), (930, 700), (930, 470)], fill=GREEN)
    pen.polygon([(640, 680), (780, 680), (780, 595)], fill=PAPER)
    pen.rectangle((420, 520, 500, 690), fill=RED)
    pen.rectangle((40, 340, WIDTH - 40, 490), fill=INK)
    pen.rectangle((40, 340, 120, 490), fill=YELLOW)
    _centred(pen, "JIKIM TEST CARD", (540, 390), ImageFont.truetype(korean_font, 74))
    _centred(pen, "지킴 시험용 그림", (540, 455), ImageFont.truetype(korean_font, 42))
    return card


def _rings(pen: ImageDraw.ImageDraw, centre: tuple[int, int], radii: tuple[int, ...]) -> None:
    x, y = centre
    for number, radius in enumerate(radii):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=PAPER if number % 2 else INK)


def _stairs(pen: ImageDraw.ImageDraw, left: int, top: int, steps: int, step: int) -> None:
    for number in range(steps):
        x = left + number * step
        pen.rectangle((x, top + number * step, x + step - 1, top + steps * step - 1), fill=RED if number % 2 else SHADE)


def _fan(pen: ImageDraw.ImageDraw, corner: tuple[int, int], radius: int, blades: int) -> None:
    x, y = corner
    for number in range(blades):
        start = math.pi / 2 * (1 + (number + 0.1) / blades)
        end = math.pi / 2 * (1 + (number + 0.6) / blades)
        tips = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in (start, end)]
        pen.polygon([(x, y), *tips], fill=INK)


def _checks(pen: ImageDraw.ImageDraw, left: int, top: int, columns: int, rows: int, side: int) -> None:
    for row in range(rows):
        for column in range(columns):
            if (row + column) % 2 == 0:
                x, y = left + column * side, top + row * side
                pen.rectangle((x, y, x + side - 1, y + side - 1), fill=INK)


def _centred(pen: ImageDraw.ImageDraw, words: str, at: tuple[int, int], font: ImageFont.FreeTypeFont) -> None:
    pen.text(at, words, font=font, fill=PAPER, anchor="mm")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws the test card.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--korean-font", default=next((font for font in KOREAN_FONTS if Path(font).exists()), None))
    arguments = parser.parse_args()
    if arguments.korean_font is None:
        parser.error("no Korean font found; name one with --korean-font")
    draw(arguments.korean_font).save(arguments.out, optimize=True)


if __name__ == "__main__":
    main()
