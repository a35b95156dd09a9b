"""The fixed vocabulary that keypoint descriptors are written in: a cell of 65,536 and 64 bits of where they lie in it.

Product quantisation gives the cell (inverted multi-index, Babenko and Lempitsky 2012), signs of the rotated remainder the bits
(Hamming embedding, Jegou et al. 2008). A descriptor and its mirror image get the same code: of the two the one that points to
the positive side of a fixed direction is taken.

`vocabulary.npz` is made by `training/picture_vocabulary` and never changes: an index written with one is useless with another.
Arrays: side (128,), mean (128,), axes (128, 64), centroids (2, 256, 32), rotation (64, 64); float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jikim.copies.keypoints import mirrored_descriptors

CELLS = 1 << 16
_HALF = 256
_NEAR_HALVES = 6
"""The nearest centroids of each half that are combined when several cells are asked for."""

Descriptors = NDArray[np.uint8]
Floats = NDArray[np.float32]
Words = NDArray[np.uint64]


class Codes(NamedTuple):
    """`cells` (n,) and `bits` (n,) of descriptors; `rows` (n,) says of which."""

    cells: NDArray[np.int64]
    bits: Words
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    side: Floats
    mean: Floats
    axes: Floats
    centroids: Floats
    rotation: Floats

    def codes(self, descriptors: Descriptors) -> Codes:
        """One code for each descriptor (n, 128)."""
        upright, _ = self._canonical(_unit(descriptors), _unit(mirrored_descriptors(descriptors)))
        projected = self._projected(upright)
        left, right = (half.argmin(axis=1) for half in self._half_distances(projected))
        rows = np.arange(len(descriptors))
        return Codes(left * _HALF + right, self._bits(projected, rows, left, right), rows)

    def near_codes(self, descriptors: Descriptors, cells: int, doubt: float) -> Codes:
        """The codes in the nearest `cells` cells of each descriptor; where its side is in doubt, of its mirror image too."""
        upright, mirrored = _unit(descriptors), _unit(mirrored_descriptors(descriptors))
        chosen, margin = self._canonical(upright, mirrored)
        doubtful = np.flatnonzero(margin < doubt)
        other = np.where(((upright @ self.side) >= 0)[:, None], mirrored, upright)[doubtful]
        projected = self._projected(np.concatenate([chosen, other]))
        halves = self._half_distances(projected)
        near = [np.argpartition(half, _NEAR_HALVES, axis=1)[:, :_NEAR_HALVES] for half in halves]
        first, second = (np.take_along_axis(half, places, axis=1) for half, places in zip(halves, near, strict=True))
        sums = (first[:, :, None] + second[:, None, :]).reshape(len(projected), -1)
        best = np.argpartition(sums, cells, axis=1)[:, :cells]
        left = np.take_along_axis(near[0], best // _NEAR_HALVES, axis=1).ravel()
        right = np.take_along_axis(near[1], best % _NEAR_HALVES, axis=1).ravel()
        places = np.repeat(np.arange(len(projected)), cells)
        rows = np.concatenate([np.arange(len(descriptors)), doubtful])[places]
        return Codes(left * _HALF + right, self._bits(projected, places, left, right), rows)

    def _canonical(self, upright: Floats, mirrored: Floats) -> tuple[Floats, Floats]:
        """Of each descriptor and its mirror image the one on the positive side, and how far on that side it is."""
        towards = upright @ self.side
        return np.where((towards >= 0)[:, None], upright, mirrored), np.abs(towards)

    def _projected(self, descriptors: Floats) -> Floats:
        return np.asarray((descriptors - self.mean) @ self.axes, np.float32)

    def _half_distances(self, projected: Floats) -> list[Floats]:
        """Squared distances to the centroids of each half, but for what all have in common."""
        middle = projected.shape[1] // 2
        parts = (projected[:, :middle], projected[:, middle:])
        return [(known * known).sum(axis=1) - 2 * part @ known.T for part, known in zip(parts, self.centroids, strict=True)]

    def _bits(self, projected: Floats, places: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> Words:
        middle = projected.shape[1] // 2
        remainder = (projected @ self.rotation)[places]
        remainder -= (self.centroids[0] @ self.rotation[:middle])[left]
        remainder -= (self.centroids[1] @ self.rotation[middle:])[right]
        return np.packbits(remainder > 0, axis=1).view(np.uint64).ravel()


@cache
def vocabulary() -> Vocabulary:
    """The shipped vocabulary."""
    with files("jikim").joinpath("copies", "vocabulary.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return Vocabulary(*(arrays[name] for name in ("side", "mean", "axes", "centroids", "rotation")))


def _unit(descriptors: Descriptors) -> Floats:
    values = descriptors.astype(np.float32)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    return values
