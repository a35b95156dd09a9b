"""What lies behind the letters: plain colours, gradients, cloudy noise, shapes, stripes, and photographs in the public domain.

The photographs are those of scikit-image's package that are CC0 or in the public domain.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(h, w, 3), RGB."""
Rng = np.random.Generator

PHOTOGRAPHS = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "grass.png", "gravel.png"),
    *("hubble_deep_field.jpg", "moon.png", "rocket.jpg"),
)


@cache
def _photographs() -> tuple[Picture, ...]:
    import skimage  # only its folder of pictures is used

    folder = Path(skimage.__file__).parent / "data"
    return tuple(np.asarray(cv2.imread(str(folder / name))[:, :, ::-1]) for name in PHOTOGRAPHS)


def colour(rng: Rng) -> NDArray[np.float32]:
    return rng.integers(0, 256, 3).astype(np.float32)


def ground(rng: Rng, width: int, height: int) -> Picture:
    """One background, any of the kinds."""
    kind = rng.random()
    if kind < 0.10:
        return np.tile(colour(rng).astype(np.uint8), (height, width, 1))
    if kind < 0.20:
        return _gradient(rng, width, height)
    if kind < 0.32:
        return _clouds(rng, width, height)
    if kind < 0.45:
        return _with_shapes(rng, ground(rng, width, height))
    if kind < 0.52:
        return _stripes(rng, width, height)
    return _photograph(rng, width, height)


def _gradient(rng: Rng, width: int, height: int) -> Picture:
    start, end = colour(rng), colour(rng)
    along = np.linspace(0, 1, width)[None, :, None] * rng.random() + np.linspace(0, 1, height)[:, None, None] * rng.random()
    along /= max(along.max(), 1e-3)
    return (start * (1 - along) + end * along).astype(np.uint8)


def _clouds(rng: Rng, width: int, height: int) -> Picture:
    total = np.zeros((height, width, 3), np.float32)
    for size in (4, 8, 16, 32, 64):
        grid = rng.random((max(2, height // size + 1), max(2, width // size + 1), 3), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR) * size
    total = (total - total.min()) / (np.ptp(total) + 1e-5)
    low = rng.integers(0, 160)
    return (low + total * rng.integers(40, 255 - low)).clip(0, 255).astype(np.uint8)


def _stripes(rng: Rng, width: int, height: int) -> Picture:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    angle, wave = rng.uniform(0, np.pi), rng.uniform(4, 60)
    share = (np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / wave) > rng.uniform(-0.6, 0.6))[..., None]
    return (colour(rng) * share + colour(rng) * ~share).astype(np.uint8)


def _with_shapes(rng: Rng, picture: Picture) -> Picture:
    picture = np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    for _ in range(rng.integers(3, 16)):
        paint = tuple(int(value) for value in colour(rng))
        here, there = ((int(rng.integers(width)), int(rng.integers(height))) for _ in range(2))
        kind = rng.random()
        if kind < 0.4:
            cv2.circle(picture, here, int(rng.integers(3, max(4, height // 2))), paint, -1)
        elif kind < 0.7:
            cv2.line(picture, here, there, paint, int(rng.integers(1, 9)))
        else:
            cv2.rectangle(picture, here, there, paint, -1)
    return picture


def _photograph(rng: Rng, width: int, height: int) -> Picture:
    photographs = _photographs()
    picture = photographs[rng.integers(len(photographs))]
    least = max(width / picture.shape[1], height / picture.shape[0])
    scale = least * rng.choice([1.0, 1.2, 2.0, 4.0])
    cut_width, cut_height = max(2, int(width / scale)), max(2, int(height / scale))
    top = int(rng.integers(0, picture.shape[0] - cut_height + 1))
    left = int(rng.integers(0, picture.shape[1] - cut_width + 1))
    cut = cv2.resize(picture[top : top + cut_height, left : left + cut_width], (width, height))
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    if rng.random() < 0.4:
        cut = cut[:, :, rng.permutation(3)]
    if rng.random() < 0.4:
        cut = np.clip(cut.astype(np.float32) * rng.uniform(0.4, 1.5) + rng.uniform(-40, 40), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(cut)
