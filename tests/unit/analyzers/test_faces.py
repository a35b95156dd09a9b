from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from jikim.analyzers import drawings
from jikim.analyzers.faces import FacesAnalyzer, FacesConfig
from jikim.analyzers.faces_age import Calibration, calibrated, estimate, widened
from jikim.analyzers.faces_quality import flatness, is_drawn, sharpness, turned
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


def test_the_colours_come_in_as_red_green_blue(sessions):
    """Swapped channels change the estimate: the right order must be the one used."""
    (right,) = _faces(sessions, drawings.face())
    (swapped,) = _faces(sessions, drawings.face()[:, :, ::-1])
    assert right.value["age"] != swapped.value["age"]
    session = sessions.session("faceres-deep")
    box = Box(*(side * 320 for side in right.region))
    crops = [square_crop(drawings.face(), box, margin, 224)[:, :, ::-1] for margin in (1.15, 1.3, 1.45)]
    crops[1] = crops[1][:, ::-1]
    bgr = np.stack(crops).astype(np.float32) - np.array([103.939, 116.779, 123.68], np.float32)
    (shares,) = session.run(["age_pred/Softmax:0"], {"input_1:0": bgr})
    assert estimate(shares.mean(axis=0), 0.5).age == pytest.approx(right.value["age"], abs=1.5)


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
        assert cues[0].message_key in ("cue.face_doubtful", "cue.face_untold")


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


PLAIN = Calibration(
    late_from=36,
    late=0,
    odds=9,
    odds_year=0.5,
    odds_female=0,
    odds_young=0,
    below_share=0.1,
    above=3,
    above_share=0.1,
    widening=0.5,
)


def test_the_estimate_is_the_mean_of_the_distribution_put_right():
    shares = np.zeros(100, np.float32)
    shares[16:19] = 1 / 3  # 17, 18, 19
    told = estimate(shares, 0.9, PLAIN)
    assert told.age == 18.0
    assert told.p_minor == 0.5
    assert told.p_female == pytest.approx(0.1)
    assert (told.age_low, told.age_high) == (pytest.approx(16.2), pytest.approx(22.8))


def test_a_poor_face_has_a_wider_interval_around_the_same_age():
    told = calibrated(20, 0.1, 0.5, PLAIN)
    assert widened(told, 1.0, PLAIN) == told
    poor = widened(told, 0.0, PLAIN)
    assert (poor.age, poor.age_low, poor.age_high) == (20, pytest.approx(17), pytest.approx(27.5))
    assert widened(calibrated(2, 0.9, 0.5), 0.0).age_low > 0


def test_a_woman_of_the_same_look_is_less_likely_a_minor():
    moved = replace(PLAIN, odds=10, odds_female=2)
    assert [calibrated(16, 0.5, share, moved).p_minor for share in (0.0, 1.0)] == [pytest.approx(0.8808), 0.5]


def test_of_one_mean_age_the_surer_of_a_child_is_more_likely_a_minor():
    split, narrow = np.zeros(100, np.float32), np.zeros(100, np.float32)
    split[[9, 29]] = 0.5  # 10 or 30
    narrow[19] = 1  # 20
    assert estimate(split, 0.5).age == estimate(narrow, 0.5).age == 20
    assert estimate(split, 0.5).p_minor > estimate(narrow, 0.5).p_minor


def test_older_faces_are_moved_up_and_the_order_stays():
    late = replace(PLAIN, late=0.5)
    assert calibrated(30, 0.1, 0.5, late).age == 30
    assert calibrated(50, 0.1, 0.5, late).age == 57
    told = [calibrated(age, max(0.0, 1 - age / 20), 0.5) for age in range(1, 100)]
    assert all(one.age <= other.age and one.p_minor >= other.p_minor for one, other in pairwise(told))
    assert all(0 <= one.age_low <= one.age <= one.age_high <= 110 for one in told)


def test_a_drawn_face_is_named_as_such_and_a_photographed_one_is_not(sessions):
    (drawn,) = _faces(sessions, drawings.face())
    assert drawn.value["doubt"] == "drawn"
    assert drawn.value["is_certain"] is False
    assert drawn.message_key == "cue.face_doubtful"
    grain = np.random.default_rng(0).normal(0, 4, (320, 320, 3))
    (taken,) = _faces(sessions, np.clip(drawings.face() + grain, 0, 255).astype(np.uint8))
    assert taken.value["doubt"] is None
    assert taken.message_key == "cue.face"
    assert not is_drawn(cv2.GaussianBlur(drawings.face(), (0, 0), 12), Box(100, 65, 120, 190))
    assert flatness(np.full((96, 96, 3), 90, np.uint8), Box(0, 0, 96, 96)) == 1


def test_a_face_of_twelve_pixels_is_a_face_whose_age_cannot_be_told(sessions):
    frame = np.full((120, 120, 3), 170, np.uint8)
    frame[50:66, 50:66] = cv2.resize(drawings.face()[50:270, 50:270], (16, 16), interpolation=cv2.INTER_AREA)
    (cue,) = _faces(sessions, frame, detection_score=0.3)
    assert cue.message_key == "cue.face_untold"
    assert cue.region.w * 120 < 14
    assert (cue.value["doubt"], cue.value["p_minor"], cue.value["quality"]) == ("small", 0.3, 0.0)
    assert (cue.value["age_low"], cue.value["age_high"] > 100) == (0.0, True)


def test_of_eighty_faces_the_largest_are_estimated_and_the_others_said(sessions):
    face = cv2.resize(drawings.face(), (96, 96), interpolation=cv2.INTER_AREA)
    rows = [np.concatenate([face] * 10, axis=1) for _ in range(8)]
    cues = _faces(sessions, np.concatenate(rows), detection_side_px=960, estimated_most=25)
    assert len(cues) == 80
    assert sum(cue.message_key != "cue.face_untold" for cue in cues) == 25
    assert sum(cue.value["doubt"] == "many" for cue in cues) > 0


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (20, 600), (600, 20), (32, 32)])
def test_tiny_and_thin_pictures_never_show_a_face(sessions, shape):
    """A fresh detector each time: what it found there depended on what lay in memory."""
    for fill in range(20):
        assert _faces(sessions, np.full((*shape, 3), fill * 12, np.uint8)) == []
