"""The only way a picture is shown unasked: grey, small and blurred, so that one sees that something is there and not what.

The detail is thrown away, not covered: of a picture no more than `CELLS` x `CELLS` grey means are kept, whatever its size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELLS = 16
SIDE_PX = 128
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601 luma."""


def sketch(pixels: NDArray[np.uint8], *, side_px: int = SIDE_PX, cells: int = CELLS) -> NDArray[np.uint8]:
    """A grey, blurred (height, width) uint8 sketch of (h, w, 3) uint8 RGB `pixels`, its longer side `side_px`.

    The longer side is reduced to `cells` means, which are spread out smoothly again. Raises ValueError for an empty picture.
    """
    height, width = pixels.shape[:2]
    if height < 1 or width < 1 or side_px < 1 or cells < 1:
        raise ValueError("nothing to sketch")
    scale = 1 / max(height, width)
    rows, columns = max(1, round(cells * height * scale)), max(1, round(cells * width * scale))
    grey: NDArray[np.float32] = (pixels @ _GREY).astype(np.float32)
    means = _means(_means(grey, rows, 0), columns, 1)
    spread = _spread(_spread(means, max(1, round(side_px * height * scale)), 0), max(1, round(side_px * width * scale)), 1)
    blurred: NDArray[np.uint8] = spread.round().clip(0, 255).astype(np.uint8)
    return blurred


def _means(values: NDArray[np.float32], count: int, axis: int) -> NDArray[np.float32]:
    """`values` in `count` equal stretches along `axis`, each its mean; at most as many as there are values."""
    length = values.shape[axis]
    edges = np.linspace(0, length, min(count, length) + 1).astype(int)
    sums = np.add.reduceat(values, edges[:-1], axis=axis)
    counts = np.diff(edges).astype(np.float32)
    means: NDArray[np.float32] = (sums / (counts[:, None] if axis == 0 else counts[None, :])).astype(np.float32)
    return means


def _spread(values: NDArray[np.float32], length: int, axis: int) -> NDArray[np.float32]:
    """`values` interpolated linearly to `length` along `axis`."""
    count = values.shape[axis]
    at = ((np.arange(length) + 0.5) * count / length - 0.5).clip(0, count - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, count - 1)
    share = (at - low).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    smooth: NDArray[np.float32] = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return smooth
