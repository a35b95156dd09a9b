"""Harmless pictures made by code, for the analyzers' examples."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from jikim.seams import AnalyzerExample
from jikim.types import Frame, Subject

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

FONT = Path(__file__).parents[1] / "practice" / "world" / "fonts" / "JikimPractice-Regular.ttf"
"""A few hundred Korean syllables under the SIL Open Font Licence."""


def example(pixels: Pixels, *cue_names: str) -> AnalyzerExample:
    """A still and the cues it must give."""
    return AnalyzerExample(Subject(None, (Frame("example", None, pixels),)), frozenset(cue_names))


def slope() -> Pixels:
    """(300, 400, 3): grey from left to right."""
    return np.broadcast_to(np.linspace(0, 255, 400, dtype=np.uint8)[None, :, None], (300, 400, 3)).copy()


def noise() -> Pixels:
    """(300, 400, 3): every channel of every pixel at random."""
    return np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)


def landscape() -> Pixels:
    """(300, 400, 3): sky, a hill and a meadow."""
    canvas = np.full((300, 400, 3), (130, 185, 235), np.uint8)
    cv2.ellipse(canvas, (130, 230), (170, 90), 0, 180, 360, (70, 110, 80), -1, cv2.LINE_AA)
    canvas[200:] = (95, 150, 70)
    return canvas


def sign(text: str) -> Pixels:
    """(200, 480, 3): a line of dark letters on a light wall, 36 pixels high."""
    canvas = Image.new("RGB", (480, 200), (225, 220, 205))
    ImageDraw.Draw(canvas).text((60, 80), text, fill=(40, 40, 60), font=ImageFont.truetype(FONT, 36))
    return np.asarray(canvas)


def teddy_bear() -> Pixels:
    """(416, 416, 3): a teddy bear on a table. Its fur matters: without it the detector sees a drawing and says nothing."""
    brown, light, dark = (150, 98, 55), (200, 155, 105), (25, 18, 14)
    canvas = np.full((416, 416, 3), (205, 200, 190), np.uint8)
    canvas[300:] = (150, 120, 90)
    for x in (135, 281):
        _ellipse(canvas, (x, 95), (38, 38), brown)
        _ellipse(canvas, (x, 98), (20, 20), light)
    _ellipse(canvas, (208, 290), (85, 95), brown)
    _ellipse(canvas, (208, 300), (50, 62), light)
    _ellipse(canvas, (110, 270), (28, 62), brown, 25)
    _ellipse(canvas, (306, 270), (28, 62), brown, -25)
    for x in (128, 288):
        _ellipse(canvas, (x, 365), (44, 40), brown)
        _ellipse(canvas, (x, 372), (26, 26), light)
    _ellipse(canvas, (208, 145), (92, 82), brown)
    _ellipse(canvas, (208, 178), (42, 34), light)
    for x in (172, 244):
        _ellipse(canvas, (x, 132), (10, 11), dark)
    _ellipse(canvas, (208, 164), (15, 10), dark)
    for x in (196, 220):
        cv2.ellipse(canvas, (x, 188), (12, 9), 0, 0, 180, dark, 3, cv2.LINE_AA)
    return _furry(canvas)


def face() -> Pixels:
    """(320, 320, 3): a plain adult's face, as a passport photograph would be drawn."""
    hair, skin, shade, white = (60, 40, 30), (224, 178, 150), (200, 150, 125), (245, 240, 238)
    canvas = np.full((320, 320, 3), (150, 170, 190), np.uint8)
    _ellipse(canvas, (160, 150), (70, 110), hair)
    cv2.rectangle(canvas, (135, 230), (185, 310), shade, -1)
    _ellipse(canvas, (160, 160), (60, 95), skin)
    for x in (132, 188):
        _ellipse(canvas, (x, 142), (16, 8), white)
        _ellipse(canvas, (x, 142), (7, 8), hair)
        cv2.ellipse(canvas, (x, 134), (20, 16), 0, 200, 340, hair, 5, cv2.LINE_AA)
    cv2.fillPoly(canvas, [np.array([(160, 150), (148, 192), (172, 192)], np.int32)], shade, cv2.LINE_AA)
    _ellipse(canvas, (160, 191), (12, 7), (196, 144, 118))
    _ellipse(canvas, (160, 221), (24, 9), (180, 90, 85))
    cv2.line(canvas, (138, 220), (182, 220), (120, 50, 50), 3, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 2.0), np.uint8)


def _ellipse(canvas: Pixels, middle: tuple[int, int], axes: tuple[int, int], colour: Colour, angle: int = 0) -> None:
    cv2.ellipse(canvas, middle, axes, angle, 0, 360, colour, -1, cv2.LINE_AA)


def _furry(canvas: Pixels) -> Pixels:
    """With a coarse grain and light from the upper left."""
    height, width = canvas.shape[:2]
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (height, width)), (0, 0), 1.2)
    light = np.linspace(25, -35, height)[:, None] + np.linspace(15, -25, width)[None, :]
    return np.asarray(np.clip(canvas + (grain + light)[:, :, None], 0, 255), np.uint8)
