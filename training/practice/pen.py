"""The pen that the scenes are drawn with: simple shapes on a large canvas that is scaled down at the end."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = Path(__file__).parents[2] / "jikim" / "practice" / "world" / "fonts"
OVERSIZE = 2

Colour = tuple[int, int, int]
Point = tuple[float, float]


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0..1) of `b` in it."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def hexed(code: str) -> Colour:
    """A colour from its six hexadecimal digits."""
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


class Pen:
    """A canvas of `width` x `height` pixels. Places are shares of width (x) and height (y); sizes are shares of the height."""

    def __init__(self, rng: random.Random, width: int, height: int) -> None:
        self.rng = rng
        self.size = (width, height)
        self.w, self.h = width * OVERSIZE, height * OVERSIZE
        self.aspect = width / height
        self.image = Image.new("RGB", (self.w, self.h))
        self.draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        return self.image.resize(self.size, Image.Resampling.LANCZOS)

    def _xy(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.w, y * self.h) for x, y in points]

    def sky(self, top: Colour, bottom: Colour, slant: float = 0.0) -> None:
        """Fills everything with a gradient; `slant` turns it a little."""
        y, x = np.mgrid[0 : self.h, 0 : self.w].astype(np.float32)
        t = np.clip(y / self.h + slant * (x / self.w - 0.5), 0, 1)[..., None]
        pixels = np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t
        self.image.paste(Image.fromarray(pixels.astype(np.uint8)))

    def disc(self, x: float, y: float, r: float, colour: Colour) -> None:
        cx, cy, radius = x * self.w, y * self.h, r * self.h
        self.draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=colour)

    def oval(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, outline: Colour | None = None, line: float = 0
    ) -> None:
        cx, cy, a, b = x * self.w, y * self.h, rx * self.h, ry * self.h
        self.draw.ellipse((cx - a, cy - b, cx + a, cy + b), fill=colour, outline=outline, width=round(line * self.h))

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, round_r: float = 0.0) -> None:
        left, top, right, bottom = x0 * self.w, y0 * self.h, x1 * self.w, y1 * self.h
        self.draw.rounded_rectangle((left, top, right, bottom), round_r * self.h, fill=colour)

    def poly(self, points: Sequence[Point], colour: Colour) -> None:
        self.draw.polygon(self._xy(points), fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, thick: float = 0.006) -> None:
        self.draw.line(self._xy(points), fill=colour, width=max(1, round(thick * self.h)), joint="curve")

    def glow(self, x: float, y: float, r: float, colour: Colour, strength: float = 0.7) -> None:
        """Light around a point."""
        radius = max(2, round(r * self.h))
        cx, cy = round(x * self.w), round(y * self.h)
        left, top = max(0, cx - radius), max(0, cy - radius)
        right, bottom = min(self.w, cx + radius), min(self.h, cy + radius)
        if right <= left or bottom <= top:
            return
        yy, xx = np.mgrid[top:bottom, left:right].astype(np.float32)
        share = np.clip(1 - np.hypot(xx - cx, yy - cy) / radius, 0, 1) ** 2 * strength
        under = np.asarray(self.image.crop((left, top, right, bottom)), np.float32)
        lit = under + (np.array(colour, np.float32) - under) * share[..., None]
        self.image.paste(Image.fromarray(lit.astype(np.uint8)), (left, top))

    def ridge(self, y: float, rough: float, colour: Colour, detail: int = 5) -> list[float]:
        """A mountain line across the canvas, filled below; returns its heights at 200 steps."""
        waves = [(self.rng.uniform(0.6, 1.4) * 2**k, self.rng.uniform(0, math.tau), rough / 1.9**k) for k in range(detail)]
        heights = []
        for step in range(201):
            t = step / 200 * self.aspect
            heights.append(y - sum(a * math.sin(f * t * 2.2 + shift) for f, shift, a in waves))
        self.poly([(0, 1), *((step / 200, value) for step, value in enumerate(heights)), (1, 1)], colour)
        return heights

    def text(
        self, x: float, y: float, words: str, size: float, colour: Colour, *, bold: bool = False, anchor: str = "mm"
    ) -> None:
        """`size` is the height of the letters as a share of the canvas; too long a line is made smaller."""
        face = font(bold, round(size * self.h))
        room = {"l": 1 - x, "m": 2 * min(x, 1 - x), "r": x}[anchor[0]] * self.w * 0.97
        long = face.getlength(words)
        if long > room:
            face = font(bold, int(size * self.h * room / long))
        self.draw.text((x * self.w, y * self.h), words, colour, face, anchor)

    def grain(self, amount: float) -> None:
        """Paper: a little noise, so that large areas are not dead."""
        rng = np.random.default_rng(self.rng.getrandbits(32))
        small = rng.normal(0, amount, (self.h // 6 + 1, self.w // 6 + 1)).astype(np.float32)
        noise = np.kron(small, np.ones((6, 6), np.float32))[: self.h, : self.w, None]
        pixels = np.asarray(self.image, np.float32) + noise
        self.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))

    def soften(self, radius: float) -> None:
        self.image.paste(self.image.filter(ImageFilter.GaussianBlur(radius * self.h)))

    def mirror_below(self, y: float, dim: float, tint: Colour) -> None:
        """Water: what stands above `y` upside down below it, darker and rippled."""
        line = round(y * self.h)
        depth = self.h - line
        above = self.image.crop((0, max(0, line - depth), self.w, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        above = above.resize((self.w, depth))
        pixels = np.asarray(above, np.float32) * dim + np.array(tint, np.float32) * (1 - dim)
        rows = np.arange(depth)
        shifts = (np.sin(rows / self.h * 90) * rows / self.h * 14 * OVERSIZE).astype(int)
        rippled = np.stack([np.roll(pixels[row], shifts[row], axis=0) for row in rows])
        self.image.paste(Image.fromarray(rippled.astype(np.uint8)), (0, line))


@cache
def font(bold: bool, size: int) -> ImageFont.FreeTypeFont:
    """The shipped Korean font."""
    return ImageFont.truetype(FONTS / ("JikimPractice-Bold.ttf" if bold else "JikimPractice-Regular.ttf"), max(6, size))
