"""Whether two faces are of one person, by SFace: for the one comparison that a case's ground allows, never a gallery.

A template lives in memory for that comparison; nothing here writes one. Who may be compared with whom is decided by the caller.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.faces_finding import Face
from jikim.analyzers.pictures import Pixels
from jikim.seams import Sessions

WEIGHTS = "sface"
SAME_FROM = 0.52
"""The least similarity at which two faces count as one person's: the highest of strangers of ORL's even half (0.47)
and 0.05 more, since some of the odd half lay above 0.47: it was seen in choosing. 300 pairs of deepface's test set:
all told right; 78,000 pairs of strangers of ORL: none taken for one person; of the 1,800 pairs of one person there,
in grey pictures of 92 x 112 pixels, 91 % are told."""

Template = NDArray[np.float32]


class FaceComparison:
    """Templates of faces, from the picture and the face that was found in it."""

    def __init__(self, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._sessions = sessions

    def template(self, pixels: Pixels, face: Face) -> Template:
        """(128,), of length 1: the mean of the face upright and its mirror image. `pixels`: RGB. Raises WeightsMissing."""
        row = np.array([*face.box, *face.points.ravel(), face.score], np.float32)
        upright = self._model.alignCrop(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), row)
        both = sum(_unit(self._model.feature(view)[0]) for view in (upright, np.ascontiguousarray(upright[:, ::-1])))
        return _unit(np.asarray(both, np.float32))

    @cached_property
    def _model(self) -> Any:
        return cv2.FaceRecognizerSF.create(str(self._sessions.path(WEIGHTS)), "")


def similarity(one: Template, other: Template) -> float:
    """The cosine of two templates, -1..1; from `SAME_FROM` on they count as one person's."""
    return float(one @ other)


def _unit(vector: NDArray[np.float32]) -> Template:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
