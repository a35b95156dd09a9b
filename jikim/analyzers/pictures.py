"""Making pictures fit a model: sizes and crops."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.types import Region

Pixels = NDArray[np.uint8]


class Box(NamedTuple):
    """A box in pixels; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float


def scaled_down(pixels: Pixels, longest_px: int) -> tuple[Pixels, float]:
    """The picture with its longest side at most `longest_px`, and the factor by which it shrank (<= 1)."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    if scale == 1.0:
        return pixels, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _resized(pixels, size), scale


def padded(pixels: Pixels, side_px: int) -> Pixels:
    """The picture in the upper left corner of black, each side at least `side_px`."""
    below, beside = (max(0, side_px - size) for size in pixels.shape[:2])
    return np.pad(pixels, ((0, below), (0, beside), (0, 0))) if below or beside else pixels


def square_crop(pixels: Pixels, box: Box, margin: float, side_px: int) -> Pixels:
    """The square around the middle of `box`, `margin` times its longer side, as (side_px, side_px, 3).

    What lies beyond the picture repeats its border.
    """
    side = max(box.width, box.height) * margin
    left = round(box.left + box.width / 2 - side / 2)
    top = round(box.top + box.height / 2 - side / 2)
    size = max(1, round(side))
    height, width = pixels.shape[:2]
    rows = np.clip(np.arange(top, top + size), 0, height - 1)
    columns = np.clip(np.arange(left, left + size), 0, width - 1)
    return _resized(pixels[np.ix_(rows, columns)], (side_px, side_px))


def region(box: Box, pixels: Pixels) -> Region:
    """The part of a box inside the picture, in shares of its sides."""
    height, width = pixels.shape[:2]
    left, right = (min(max(x / width, 0.0), 1.0) for x in (box.left, box.left + box.width))
    top, bottom = (min(max(y / height, 0.0), 1.0) for y in (box.top, box.top + box.height))
    return Region(round(left, 4), round(top, 4), round(right - left, 4), round(bottom - top, 4))


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """By area when shrinking, linearly when growing, as `size` (width, height)."""
    is_smaller = size[0] < pixels.shape[1]
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation), np.uint8)
