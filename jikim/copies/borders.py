"""What of a picture is the picture: uniform borders and bars of words around it are found and left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPREAD_MAX = 6.0
"""Standard deviation of the grey values up to which a row or column is uniform."""

STEP_MAX = 12.0
"""How far the mean of a border's rows may lie from that of the outermost."""

KEPT_MIN = 0.2
"""What is left must be at least this share of each side; otherwise nothing is left out."""


def content_box(grey: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is inside the uniform borders of a grey picture (height, width)."""
    height, width = grey.shape
    top, bottom = _within(grey)
    left, right = _within(grey[top:bottom].T)
    if bottom - top < KEPT_MIN * height or right - left < KEPT_MIN * width:
        return 0, 0, width, height
    return left, top, right, bottom


def _within(rows: NDArray[np.uint8]) -> tuple[int, int]:
    """The first row that is not border, and the one after the last."""
    values = rows.astype(np.float32)
    uniform = values.std(axis=1) <= SPREAD_MAX
    means = values.mean(axis=1)
    first = int(np.argmin(uniform & (np.abs(means - means[0]) <= STEP_MAX)))
    last = int(np.argmin((uniform & (np.abs(means - means[-1]) <= STEP_MAX))[::-1]))
    if uniform.all():
        return 0, len(rows)
    return first, len(rows) - last
