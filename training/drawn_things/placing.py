"""A drawing laid on a ground at random: mirrored, turned, recoloured, compressed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
HEIGHT_PX = 320


def placed(drawing: Pixels, drawn: np.random.Generator) -> Pixels:
    """An RGB picture of an RGBA drawing."""
    if drawn.random() < 0.5:
        drawing = drawing[:, ::-1]
    if drawn.random() < 0.6:
        drawing = _turned(np.ascontiguousarray(drawing), drawn)
    width = int(HEIGHT_PX * drawn.uniform(0.75, 1.35))
    high = int(min(HEIGHT_PX, width) * drawn.uniform(0.5, 0.98))
    wide = max(8, min(width, int(high * drawn.uniform(0.85, 1.15))))
    small = cv2.resize(np.ascontiguousarray(drawing), (wide, high), interpolation=cv2.INTER_AREA)
    colours = small[:, :, :3].astype(np.float32)
    if drawn.random() < 0.25:
        colours = _recoloured(small, drawn)
    canvas = _ground(HEIGHT_PX, width, drawn)
    top, left = drawn.integers(0, HEIGHT_PX - high + 1), drawn.integers(0, width - wide + 1)
    share = small[:, :, 3:].astype(np.float32) / 255
    part = canvas[top : top + high, left : left + wide]
    part[:] = part * (1 - share) + colours * share
    if drawn.random() < 0.1:
        canvas[:] = canvas.mean(axis=2, keepdims=True)
    shown = canvas.astype(np.uint8)
    if drawn.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(drawn.integers(50, 95))]
        shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", shown, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return shown


def _turned(drawing: Pixels, drawn: np.random.Generator) -> Pixels:
    height, width = drawing.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), drawn.uniform(-25, 25), drawn.uniform(0.85, 1))
    return np.asarray(cv2.warpAffine(drawing, turn, (width, height)), np.uint8)


def _recoloured(small: Pixels, drawn: np.random.Generator) -> NDArray[np.float32]:
    hues = cv2.cvtColor(np.ascontiguousarray(small[:, :, :3]), cv2.COLOR_RGB2HSV)
    hues[:, :, 0] = (hues[:, :, 0].astype(int) + int(drawn.integers(0, 180))) % 180
    return np.asarray(cv2.cvtColor(hues, cv2.COLOR_HSV2RGB), np.float32)


def _ground(height: int, width: int, drawn: np.random.Generator) -> NDArray[np.float32]:
    """White mostly, else of one light colour or shading into another."""
    canvas = np.full((height, width, 3), 255, np.float32)
    kind = drawn.random()
    if kind < 0.35:
        canvas[:] = drawn.integers(140, 256, 3)
    elif kind < 0.45:
        down = np.linspace(0, 1, height)[:, None, None]
        canvas[:] = down * drawn.integers(100, 256, 3) + (1 - down) * drawn.integers(100, 256, 3)
    return canvas
