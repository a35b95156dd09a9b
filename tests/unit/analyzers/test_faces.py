from __future__ import annotations

import cv2
import numpy as np
import pytest

from jikim.analyzers import drawings
from jikim.analyzers.faces import FacesAnalyzer, FacesConfig, _estimate, sharpness, turned
from jikim.analyzers.pictures import Box, square_crop
from jikim.types import Frame, Subject


def _faces(sessions, pixels, **settings):
    frames = (Frame("m", None, np.ascontiguousarray(pixels)),)
    return list(FacesAnalyzer(FacesConfig(**settings), sessions).analyze(Subject(None, frames)))


def test_a_face_is_where_it_was_drawn(sessions):
    (cue,) = _faces(sessions, drawings.face())
    assert cue.region.x < 0.5 < cue.region.x + cue.region.w
    assert cue.region.y < 0.5 < cue.region.y + cue.region.h
    assert 0.25 < cue.region.w < 0.6
    assert cue.value["age_low"] < cue.value["age"] < cue.value["age_high"]
    assert cue.value["is_certain"] is True


def test_the_colours_come_in_as_red_green_blue(sessions):
    """Swapped channels change the estimate: the right order must be the one used."""
    (right,) = _faces(sessions, drawings.face())
    (swapped,) = _faces(sessions, drawings.face()[:, :, ::-1])
    assert right.value["age"] != swapped.value["age"]
    session = sessions.session("faceres-deep")
    box = Box(*(side * 320 for side in right.region))
    bgr = square_crop(drawings.face(), box, 1.15, 224)[:, :, ::-1].astype(np.float32) - [103.939, 116.779, 123.68]
    (shares,) = session.run(["age_pred/Softmax:0"], {"input_1:0": bgr[None].astype(np.float32)})
    assert float(shares[0] @ np.arange(1, 101)) == pytest.approx(right.value["age"], abs=1.5)


def test_several_faces_of_one_frame_get_what_each_gets_alone(sessions):
    pair = np.concatenate([drawings.face(), drawings.face()[:, ::-1]], axis=1)
    cues = _faces(sessions, pair)
    assert len(cues) == 2
    left, right = sorted(cues, key=lambda cue: cue.region.x)
    assert right.region.x == pytest.approx(0.5 + left.region.x, abs=0.05)
    (alone,) = _faces(sessions, drawings.face())
    assert left.value["age"] == pytest.approx(alone.value["age"], abs=3)


def test_a_face_at_the_border_is_cropped_and_its_region_stays_inside(sessions):
    cut = drawings.face()[:, 100:]
    for cue in _faces(sessions, cut, detection_score=0.3):
        assert cue.region.x >= 0
        assert cue.region.x + cue.region.w <= 1


def test_small_and_blurred_faces_are_uncertain(sessions):
    small = np.full((300, 300, 3), 170, np.uint8)
    small[100:164, 100:164] = cv2.resize(drawings.face(), (64, 64), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(drawings.face(), (0, 0), 7)
    for pixels in (small, blurred):
        cues = _faces(sessions, pixels)
        assert len(cues) == 1
        assert cues[0].value["is_certain"] is False
        assert cues[0].message_key == "cue.face_uncertain"


def test_turned_is_zero_in_front_and_grows_to_the_side():
    frontal = np.array([[0, 0], [10, 0], [5, 6], [2, 10], [8, 10]], np.float32)
    half = frontal.copy()
    half[2, 0] = 9
    assert turned(frontal) == 0
    assert turned(half) == pytest.approx(0.4)
    tilted = frontal @ np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    assert turned(tilted) == pytest.approx(0, abs=1e-6)
    assert turned(np.zeros((5, 2), np.float32)) == 1


def test_sharpness_falls_with_blur_and_does_not_depend_on_size():
    pixels = drawings.face()
    box = Box(100, 65, 120, 190)
    assert sharpness(pixels, box) > 2 * sharpness(cv2.GaussianBlur(pixels, (0, 0), 8), box)


def test_the_interval_holds_the_estimate_and_the_shares_are_summed_to_seventeen():
    shares = np.zeros(100, np.float32)
    shares[15:19] = 0.25  # 16, 17, 18, 19
    estimate = _estimate(shares, male=0.9)
    assert estimate.age == 17.5
    assert estimate.p_minor == 0.5
    assert estimate.p_female == pytest.approx(0.1)
    assert estimate.age_low < 16
    assert estimate.age_high > 19
    one = np.zeros(100, np.float32)
    one[0] = 1
    assert _estimate(one, male=0.5).age_low >= 0


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (20, 600), (600, 20), (32, 32)])
def test_tiny_and_thin_pictures_never_show_a_face(sessions, shape):
    """A fresh detector each time: what it found there depended on what lay in memory."""
    for fill in range(20):
        assert _faces(sessions, np.full((*shape, 3), fill * 12, np.uint8)) == []
