"""PDQ, the perceptual hash that hotlines and platforms exchange, in numpy.

Follows the C++ reference of facebook/ThreatExchange (`pdq/cpp/hashing`, `pdq/cpp/downscaling`) operation by operation in
float32, so that equal pixels give equal bits. The hash of a picture is 256 bits: which of its 16 x 16 lowest DCT frequencies
exceed their median.

The hashes of all eight orientations cost little more than one. The reference gets them from one set of frequencies by changing
signs, which is 15 bits off on average, since the pixels it picks after filtering lie off the middle. Here the filtered picture
is read a second time at the places that the mirrored picture would have been read at: within a few bits.

A hash is (32,) uint8, the most significant bit first, as in the usual 64 hexadecimal digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Hashes = NDArray[np.uint8]

SMALLEST_SIDE_PX = 5
"""Below this a picture has no hash; the reference gives it 256 zero bits and quality 0."""

REDUCED_SIDE_PX = 512
"""Sides are reduced to this before filtering, as the reference's file hasher does; by area here, by nearest pixel there."""

ORIENTATIONS = (
    "none",
    "mirrored",
    "flipped",
    "rotated_180",
    "transposed",
    "rotated_90",
    "rotated_270",
    "transversed",
)
"""What was done to a picture: mirrored left to right, flipped upside down, rotated clockwise, reflected in its diagonals."""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """`hashes`: (8, 32) uint8, the picture as each of ORIENTATIONS would have made it from what is sought: where
    `hashes[k]` is the hash of an original, the picture is that original after ORIENTATIONS[k]. `quality`: 0..100."""

    hashes: Hashes
    quality: int


def pdq(pixels: Pixels) -> tuple[Hashes, int]:
    """Hash (32,) and quality (0..100) of a picture (height, width, 3) RGB, exactly as the reference computes them."""
    if min(pixels.shape[:2]) < SMALLEST_SIDE_PX:
        return np.zeros(32, np.uint8), 0
    small = _decimated(_luma(pixels)).upright
    return _bits(_dct(small)), _quality(small)


def fingerprint(pixels: Pixels) -> Fingerprint:
    """All eight orientations of a picture (height, width, 3) RGB, whose sides are reduced to REDUCED_SIDE_PX first.

    The first hash is exactly `pdq(reduced(pixels))`.
    """
    if min(pixels.shape[:2]) < SMALLEST_SIDE_PX:
        return Fingerprint(np.zeros((8, 32), np.uint8), 0)
    small = _decimated(_luma(reduced(pixels)))
    upright, mirrored, flipped, both = (_dct(view) for view in (small.upright, small.mirrored, small.flipped, small.both))
    undone = (upright, mirrored, flipped, both, upright.T, mirrored.T, flipped.T, both.T)  # in the order of ORIENTATIONS
    return Fingerprint(np.stack([_bits(coefficients) for coefficients in undone]), _quality(small.upright))


def reduced(pixels: Pixels) -> Pixels:
    """The picture with each side at most REDUCED_SIDE_PX, averaged by area; the proportions do not matter to PDQ."""
    height, width = pixels.shape[:2]
    if height <= REDUCED_SIDE_PX and width <= REDUCED_SIDE_PX:
        return pixels
    size = (min(width, REDUCED_SIDE_PX), min(height, REDUCED_SIDE_PX))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def to_hex(hash_: Hashes) -> str:
    """64 hexadecimal digits."""
    return hash_.tobytes().hex()


def from_hex(digits: str) -> Hashes:
    """The reverse of `to_hex`. Raises ValueError."""
    raw = bytes.fromhex(digits)
    if len(raw) != 32:
        raise ValueError(f"a PDQ hash has 64 hexadecimal digits, not {len(digits)}")
    return np.frombuffer(raw, np.uint8)


def distances(left: Hashes, right: Hashes) -> NDArray[np.int64]:
    """The numbers of differing bits between every one of `left` (n, 32) and `right` (m, 32): (n, m)."""
    a, b = (np.ascontiguousarray(hashes).view(np.uint64) for hashes in (left, right))
    differing: NDArray[np.int64] = np.bitwise_count(a[:, None, :] ^ b[None, :, :]).sum(axis=2, dtype=np.int64)
    return differing


class _Decimated(NamedTuple):
    """A picture at 64 x 64, and what its reflections come to."""

    upright: Floats
    mirrored: Floats
    flipped: Floats
    both: Floats


def _luma(pixels: Pixels) -> Floats:
    red, green, blue = (channel.astype(np.float32) for channel in cv2.split(pixels))
    red *= np.float32(0.299)
    green *= np.float32(0.587)
    blue *= np.float32(0.114)
    red += green
    red += blue
    return red


def _decimated(luma: Floats) -> _Decimated:
    """Two passes of a box filter along rows and columns (a tent), then the pixels nearest to the centres of 64 x 64 cells.

    The last filters are computed only where they are looked at.
    """
    height, width = luma.shape
    if (height, width) == (64, 64):
        return _Decimated(luma, luma[:, ::-1], luma[::-1], luma[::-1, ::-1])
    rows, columns = _places(height), _places(width)
    across = _box_filtered(np.ascontiguousarray(luma.T), _window(width))
    down = _box_filtered(np.ascontiguousarray(across.T), _window(height))
    across = _box_filtered(np.ascontiguousarray(down.T), _window(width))[columns]
    filtered = _box_filtered(np.ascontiguousarray(across.T), _window(height))[rows]
    return _Decimated(filtered[:64, :64], filtered[:64, 64:], filtered[64:, :64], filtered[64:, 64:])


def _places(size: int) -> NDArray[np.intp]:
    """Where 64 centres lie along an axis, and then where they lie when it is reversed. The box of an even window reaches one
    further ahead than back, so that two passes lean one pixel forward, and reversed one backward."""
    centres = ((np.arange(64) + 0.5) * size / 64).astype(np.intp)
    lean = 0 if _window(size) % 2 else 2
    return np.concatenate([centres, np.clip(size - 1 - lean - centres, 0, size - 1)])


def _window(size: int) -> int:
    return (size + 127) // 128


def _box_filtered(values: Floats, window: int) -> Floats:
    """The running mean along axis 0 over `window` values, fewer at the ends, with the reference's rounding: one float32 sum
    to which each value is added as it enters and from which it is taken as it leaves."""
    size = len(values)
    half = (window + 2) // 2
    sums = np.empty_like(values)
    rows, outs = list(values), iter(sums)
    last = next(outs)
    last[:] = rows[0]
    for entering in rows[1:half]:
        last += entering
    for entering in rows[half:window]:
        last = np.add(last, entering, out=next(outs))
    for entering, leaving in zip(rows[window:], rows, strict=False):
        last = np.add(last, entering, out=next(outs))
        last -= leaving
    for leaving in rows[size - window : size - window + half - 1]:
        last = np.subtract(last, leaving, out=next(outs))
    sums /= _counts(size, window, half)[:, None]
    return sums


def _counts(size: int, window: int, half: int) -> Floats:
    """How many values each mean is over."""
    counts = np.full(size, window, np.float32)
    counts[: window - half + 1] = np.arange(half, window + 1)
    counts[size - half + 1 :] = np.arange(window - 1, window - half, -1)
    return counts


def _dct_matrix() -> Floats:
    frequency, place = np.arange(1, 17)[:, None], np.arange(64)[None, :]
    scale = np.float64(np.float32(np.sqrt(2.0 / 64)))
    return np.asarray(scale * np.cos((np.pi / 2.0 / 64) * frequency * (2 * place + 1)), np.float32)


_DCT = _dct_matrix()


def _dct(small: Floats) -> Floats:
    """D A Dt for A of 64 x 64; the sums run over the first axis, so that numpy adds in the reference's order."""
    left = (_DCT.T[:, :, None] * small[:, None, :]).sum(axis=0)
    return np.asarray((left.T[:, :, None] * _DCT.T[:, None, :]).sum(axis=0), np.float32)


def _quality(small: Floats) -> int:
    """How much the picture has in it: the sum of its noticeable gradients, cut at 100."""
    total = 0
    for axis in (0, 1):
        steps = np.diff(small, axis=axis)
        total += int(np.abs((-steps * np.float32(100) / np.float32(255)).astype(np.int32)).sum())
    return min(total // 90, 100)


def _bits(coefficients: Floats) -> Hashes:
    median = np.partition(coefficients, 127, axis=None)[127]
    return np.packbits((coefficients > median).ravel()[::-1])
