from __future__ import annotations

import cv2
import numpy as np
import pytest

from jikim.analyzers import drawings
from jikim.analyzers.faces_finding import FaceFinder
from jikim.analyzers.faces_same import SAME_FROM, FaceComparison, similarity


def _template(sessions, pixels):
    (face, *_) = FaceFinder(sessions, 640, 0.5).find(pixels)
    return FaceComparison(sessions).template(pixels, face)


def test_a_face_is_like_itself_in_another_size_and_light_and_mirrored(sessions):
    face = drawings.face()
    whole = _template(sessions, face)
    assert whole.shape == (128,)
    assert float(np.linalg.norm(whole)) == pytest.approx(1, abs=1e-5)
    smaller = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
    darker = np.asarray(face * 0.7, np.uint8)
    for other in (smaller, darker, np.ascontiguousarray(face[:, ::-1])):
        assert similarity(whole, _template(sessions, other)) >= SAME_FROM


def test_two_faces_are_compared_the_same_both_ways(sessions):
    one = _template(sessions, drawings.face())
    other = _template(sessions, np.ascontiguousarray(255 - drawings.face()[:, :, ::-1]) // 2 + 60)
    assert similarity(one, other) == pytest.approx(similarity(other, one))
    assert -1 <= similarity(one, other) < similarity(one, one)
