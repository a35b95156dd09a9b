"""Local features of a picture: SIFT keypoints with RootSIFT descriptors, and what mirroring does to both.

Scale-invariant keypoints (Lowe 2004) find again what was cropped, shrunk into another picture or photographed off a screen;
RootSIFT (Arandjelovic and Zisserman 2012) compares their descriptors by the Hellinger distance.

The strongest keypoints of a picture are nearly all fine detail, which is the first to go when the picture is shrunk, blurred or
compressed. The keypoints are therefore taken in turns from classes of size, each class the strongest first, so that any
number of the first of them shows the picture at every scale.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 512
"""Pictures are reduced to this longer side before keypoints are sought; smaller ones are not enlarged."""

POINTS_MAX = 400
CONTRAST_MIN = 0.01
FEW_POINTS = 150
"""Below this the picture's contrast is evened out and a second look taken."""

QUICKLY_DESCRIBED = 870
"""So many are described in the time that a picture of SIDE_PX takes to be blurred once more."""

FAINT_CONTRAST_MIN = 0.004
DETECTED_MAX = 6000
SMALLEST_SIDE_PX = 16
_MALLOC_TRIM_THRESHOLD, _MALLOC_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _MAPPED_FROM_BYTES = 64 << 20, 32 << 20
_SIZE_CLASSES = (2.6, 4.0, 6.5, 11.0, 20.0)
_MIRRORED = np.array(
    [((3 - row) * 4 + column) * 8 + (8 - turn) % 8 for row in range(4) for column in range(4) for turn in range(8)], np.intp
)

Points = NDArray[np.float32]
Descriptors = NDArray[np.uint8]
_NONE: tuple[Points, Descriptors] = (np.empty((0, 4), np.float32), np.empty((0, 128), np.uint8))


class Seeker:
    """Seeks keypoints in pictures of which one is likely to show about as many as the one before, as the frames of a film do.

    Where few are expected, all of them are described while they are sought, which is quicker than to blur the picture once more
    for those that are kept; what comes out is the same.
    """

    def __init__(self, side_px: int = SIDE_PX, *, are_few: bool = False) -> None:
        self._side_px = side_px
        self._are_few = are_few

    def reduced(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as keypoints are sought in it: its longer side at most `side_px`."""
        return reduced_to(grey, self._side_px)

    def keypoints(self, grey: NDArray[np.uint8], points_max: int = POINTS_MAX) -> tuple[Points, Descriptors]:
        """The keypoints of a grey picture (height, width): (n, 4) float32 x, y, size as shares of the longer side and angle in
        degrees, and (n, 128) uint8. None for pictures smaller than SMALLEST_SIDE_PX."""
        small = self.reduced(grey)
        if points_max <= 0 or min(small.shape) < SMALLEST_SIDE_PX:
            return _NONE
        detector = _sift(CONTRAST_MIN)
        found, raw = self._sought(detector, small)
        if len(found) < FEW_POINTS:
            small = np.asarray(cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(small), np.uint8)
            detector = _sift(FAINT_CONTRAST_MIN)
            found, raw = self._sought(detector, small)
        self._are_few = len(found) <= QUICKLY_DESCRIBED
        chosen = _in_turns(found, points_max)
        if not len(chosen):
            return _NONE
        kept = [found[place] for place in chosen]
        if raw is None:
            kept, raw = detector.compute(small, kept)
        else:
            raw = raw[chosen]
        side = max(small.shape)
        points = np.array([(one.pt[0] / side, one.pt[1] / side, one.size / side, one.angle) for one in kept], np.float32)
        return points, _root_sift(raw)

    def _sought(self, detector: Any, small: NDArray[np.uint8]) -> tuple[Any, NDArray[np.float32] | None]:
        """All keypoints, and what describes them where they are few."""
        return detector.detectAndCompute(small, None) if self._are_few else (detector.detect(small, None), None)


def reduced_to(grey: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """The picture with its longer side at most `side_px`, averaged by area."""
    longer = max(grey.shape)
    if longer <= side_px:
        return grey
    size = (max(round(grey.shape[1] * side_px / longer), 1), max(round(grey.shape[0] * side_px / longer), 1))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def mirrored_descriptors(descriptors: Descriptors) -> Descriptors:
    """The descriptors that the mirrored picture would have: cells and directions change places."""
    return descriptors[:, _MIRRORED]


def mirrored_points(points: Points, width: float) -> Points:
    """The points of the mirrored picture; `width` is its width in the unit of x."""
    return np.column_stack([width - points[:, 0], points[:, 1], points[:, 2], (180 - points[:, 3]) % 360]).astype(np.float32)


@cache
def _sift(contrast_min: float) -> Any:
    _keep_freed_memory()
    return cv2.SIFT.create(nfeatures=DETECTED_MAX, nOctaveLayers=3, contrastThreshold=contrast_min, edgeThreshold=10, sigma=1.6)


def _keep_freed_memory() -> None:
    """SIFT takes some 35 MB for every picture and frees them. The C library would give them back to the system each time, and
    taking them anew, page by page, is as much work as finding the keypoints."""
    library = ctypes.CDLL(None)
    library.mallopt(_MALLOC_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
    library.mallopt(_MALLOC_TRIM_THRESHOLD, _KEPT_BYTES)


def _in_turns(found: Any, points_max: int) -> NDArray[np.intp]:
    """The places of at most `points_max` keypoints, one of each class of size in turn, each class the strongest first."""
    sizes = np.array([one.size for one in found])
    strengths = np.array([one.response for one in found])
    classes = np.searchsorted(_SIZE_CLASSES, sizes)
    order = np.lexsort((-strengths, classes))
    starts = np.searchsorted(classes[order], np.arange(len(_SIZE_CLASSES) + 1))
    turn = np.empty(len(found))
    turn[order] = np.arange(len(found)) - starts[classes[order]]
    return np.asarray(np.lexsort((-strengths, turn))[:points_max], np.intp)


def _root_sift(raw: NDArray[np.float32]) -> Descriptors:
    """Square roots of the shares of each descriptor, so that their scalar product is the Hellinger kernel, times 512."""
    shares = raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.minimum(np.sqrt(shares) * 512 + 0.5, 255), np.uint8)
