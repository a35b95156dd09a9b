from __future__ import annotations

import numpy as np
import pytest
from drawn import bordered, drawing, recompressed

from jikim.copies.borders import content_box


def _grey(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 1]


@pytest.mark.parametrize("shade", [0, 255])
@pytest.mark.parametrize(
    "sides", [{}, {"top": 50, "bottom": 50}, {"left": 80, "right": 80}, {"top": 9, "left": 20, "right": 30, "bottom": 40}]
)
def test_uniform_borders_are_found_to_a_few_pixels(sides, shade):
    framed = _grey(recompressed(bordered(drawing(5), **sides, shade=shade), 60))
    left, top, right, bottom = content_box(framed)
    expected = (sides.get("left", 0), sides.get("top", 0), sides.get("left", 0) + 480, sides.get("top", 0) + 360)
    assert np.abs(np.subtract((left, top, right, bottom), expected)).max() <= 4


def test_borders_of_two_colours_are_found():
    framed = bordered(bordered(drawing(6), top=30, shade=0), bottom=30, shade=255)
    assert np.abs(np.subtract(content_box(_grey(framed)), (0, 30, 480, 390))).max() <= 2


def test_what_is_uniform_or_nearly_all_border_is_left_whole():
    assert content_box(np.full((90, 120), 7, np.uint8)) == (0, 0, 120, 90)
    speck = np.zeros((90, 120), np.uint8)
    speck[40:45, 50:60] = 255
    assert content_box(speck) == (0, 0, 120, 90)
    assert content_box(np.zeros((1, 1), np.uint8)) == (0, 0, 1, 1)
