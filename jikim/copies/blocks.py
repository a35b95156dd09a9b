"""A close look at whether two pictures that fit by geometry show the same moment, without keeping either.

Of known material one code is kept for each of 8 x 8 blocks of a picture: the signs of 32 fixed projections of its contrasts.
Two codes differ in a share of bits that grows with the angle between the contrasts (Charikar 2002), which gives their
correlation. What is looked at is there as pixels while it is compared: it is carried over to where the known picture was, and
then has codes of its own. The codes alone show nothing: no brightness, no order within a block.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCKS = 8
"""Blocks along each side of a picture, whatever its shape."""

SKETCH_SIDE_PX = 320
"""The longer side of the grey picture that is held in memory while something is compared."""

SEEN_MIN = 0.95
"""Share of a block that must lie within the query for the block to be compared."""

_SAMPLES = 8
_SIDE = BLOCKS * _SAMPLES
_BITS = 32
_PLAIN = 4.0
"""Standard deviation of the grey values up to which a block of a known picture has nothing to compare."""
_BLANK = 1.5
"""The same of what is looked at: lower, so that a block near the limit is not told from itself."""

_MARKED = 10.0
"""The same from which there plainly is something in a block of it: far enough from _PLAIN that neither compression nor more
contrast puts it into a block where the known picture has nothing."""

Codes = NDArray[np.uint32]
Bools = NDArray[np.bool_]
Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]


class Carried(NamedTuple):
    """What a query shows of the blocks of a reference: their codes, 0 where they are plain; which it shows at all, and in which
    of these there plainly is something. (64,) each."""

    codes: Codes
    is_shown: Bools
    is_marked: Bools


def _projections() -> NDArray[np.float32]:
    """(64, 32): directions at right angles to each other and to plain grey, the same for ever."""
    drawn = np.random.Generator(np.random.PCG64(20_231)).standard_normal((_SAMPLES**2, _BITS + 1))
    drawn[:, 0] = 1.0
    return np.asarray(np.linalg.qr(drawn)[0][:, 1:], np.float32)


_PROJECTIONS = _projections()
_CORNERS = np.array([[0, _SIDE - 1, 0, _SIDE - 1], [0, 0, _SIDE - 1, _SIDE - 1], [1, 1, 1, 1]], np.float64)
_ALIKE = np.cos(np.pi * np.arange(_BITS + 1) / _BITS)
"""How contrasts correlate whose codes differ in so many bits."""


def block_codes(grey: Grey) -> Codes:
    """(64,) codes of the blocks of a grey picture (height, width), row by row; 0 where a block is plain."""
    codes, spread = _coded(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32))
    return _unless_plain(codes, spread, _PLAIN)


def _coded(small: NDArray[np.float32]) -> tuple[Codes, Floats]:
    """The signs of the blocks' projections, and the variance of their grey values times 64 * 64."""
    blocks = small.reshape(BLOCKS, _SAMPLES, BLOCKS, _SAMPLES).transpose(0, 2, 1, 3).reshape(BLOCKS**2, _SAMPLES**2)
    signs = blocks @ _PROJECTIONS > 0
    codes = np.packbits(signs, axis=1).view(">u4").ravel().astype(np.uint32)
    # sums of whole numbers below 2 ** 24, which float32 holds exactly, and the variance from them
    total, squares = blocks.sum(axis=1).astype(np.float64), np.einsum("ij,ij->i", blocks, blocks)
    return codes, _SAMPLES**2 * squares - total * total


def _unless_plain(codes: Codes, spread: Floats, plain: float) -> Codes:
    return np.where(_is_over(spread, plain), np.maximum(codes, 1), 0).astype(np.uint32)


def _is_over(spread: Floats, deviation: float) -> Bools:
    """Where the standard deviation is greater than this; `spread` as of `_coded`."""
    return np.asarray(spread > (_SAMPLES**2 * deviation) ** 2)


def carried_codes(grey: Grey, transform: Floats, reference_size: tuple[int, int], *, is_mirrored: bool) -> Carried:
    """The blocks of a reference (width, height) as a query shows them.

    `transform` (2, 3) carries places of the query, mirrored first where `is_mirrored`, to the reference, both in shares of the
    longer side.
    """
    seen: Grey = np.ascontiguousarray(grey[:, ::-1]) if is_mirrored else grey
    size = np.array(reference_size, np.float64) / max(reference_size)
    longer = max(grey.shape)
    map_ = np.empty((2, 3))
    back = _inverse(transform[:, :2]) * longer
    map_[:, :2] = back * (size / _SIDE)
    map_[:, 2] = back @ (0.5 * size / _SIDE - transform[:, 2]) - 0.5
    shrink = math.sqrt(abs(map_[0, 0] * map_[1, 1] - map_[0, 1] * map_[1, 0]))
    if shrink > 1.4:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.45 * shrink), np.uint8)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(seen, map_, (_SIDE, _SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)
    codes, spread = _coded(warped.astype(np.float32))
    is_shown = _shown(seen, map_)
    return Carried(_unless_plain(codes, spread, _BLANK), is_shown, is_shown & _is_over(spread, _MARKED))


def _shown(seen: Grey, map_: Floats) -> Bools:
    """(64,) which blocks lie within the picture `seen`; `map_` (2, 3) carries places of the blocks to its pixels."""
    corners = map_ @ _CORNERS
    if corners.min() >= 0 and corners[0].max() <= seen.shape[1] - 1 and corners[1].max() <= seen.shape[0] - 1:
        return np.ones(BLOCKS**2, np.bool_)
    is_there = cv2.warpAffine(np.ones_like(seen), map_, (_SIDE, _SIDE), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    count = is_there.reshape(BLOCKS, _SAMPLES, BLOCKS, _SAMPLES).sum(axis=(1, 3), dtype=np.uint32).ravel()
    return np.asarray(count >= SEEN_MIN * _SAMPLES**2)


def _inverse(square: Floats) -> Floats:
    """Of a (2, 2) matrix that has one; numpy's way takes five times as long for so few numbers."""
    (a, b), (c, d) = square.tolist()
    area = a * d - b * c
    return np.array([[d / area, -b / area], [-c / area, a / area]])


def correlations(one: Codes, other: Codes) -> Floats:
    """How the contrasts of blocks correlate, -1..1, by their codes; broadcasts. 0 where one of them is plain."""
    alike = _ALIKE[np.bitwise_count(one ^ other)]
    return np.asarray(np.where((one != 0) & (other != 0), alike, 0.0))


def sketch(grey: Grey) -> Grey:
    """The picture with its longer side at most SKETCH_SIDE_PX."""
    longer = max(grey.shape)
    if longer <= SKETCH_SIDE_PX:
        return grey
    size = tuple(max(round(side * SKETCH_SIDE_PX / longer), 1) for side in grey.shape[::-1])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
