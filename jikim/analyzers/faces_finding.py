"""Where faces are in a picture, with their five points, by YuNet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Box, Pixels, padded, scaled_down
from jikim.seams import Sessions

WEIGHTS = "yunet"
OVERLAP_MOST = 0.3
DETECTION_SIDE_MIN_PX = 64
"""With a side of up to 32 pixels cv2.FaceDetectorYN (4.14) reads uninitialised memory and finds faces in plain grey."""

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detection in pixels of the frame. `points` (5, 2): right eye, left eye, nose, right and left corner of the mouth."""

    box: Box
    points: Points
    score: float

    @property
    def side_px(self) -> float:
        return min(self.box.width, self.box.height)


class FaceFinder:
    """Seeks faces with the picture's longest side scaled down to at most `side_px`, those with at least `score`."""

    def __init__(self, sessions: Sessions, side_px: int, score: float) -> None:
        cv2.setNumThreads(1)
        self._sessions = sessions
        self._side_px = side_px
        self._score = score

    def find(self, pixels: Pixels) -> list[Face]:
        """The faces of an RGB picture (height, width, 3), the surest first. Raises WeightsMissing."""
        small, scale = scaled_down(pixels, self._side_px)
        small = padded(small, DETECTION_SIDE_MIN_PX)
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        rows = self._detector.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        if rows is None:
            return []
        faces = [Face(Box(*(row[:4] / scale).tolist()), row[4:14].reshape(5, 2) / scale, float(row[14])) for row in rows]
        return sorted((face for face in faces if face.side_px >= 1), key=lambda face: -face.score)

    @cached_property
    def _detector(self) -> Any:
        path = str(self._sessions.path(WEIGHTS))
        return cv2.FaceDetectorYN.create(path, "", (320, 320), self._score, OVERLAP_MOST, 5000)
