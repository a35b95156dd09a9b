from __future__ import annotations

import numpy as np
import pytest

from jikim.analyzers import drawings
from jikim.analyzers.objects import ObjectsAnalyzer, ObjectsConfig, _kept
from jikim.types import Frame, Subject


def _things(sessions, pixels, **settings):
    return list(ObjectsAnalyzer(ObjectsConfig(**settings), sessions).analyze(Subject(None, (Frame("m", 2.0, pixels),))))


def test_the_teddy_bear_is_found_where_it_was_put(sessions):
    wall = np.full((416, 832, 3), (205, 200, 190), np.uint8)
    wall[:, 416:] = drawings.teddy_bear()
    (cue,) = _things(sessions, wall)
    assert cue.value == {"label": "teddy bear"}
    assert cue.at_s == 2.0
    assert 0.5 < cue.region.x + cue.region.w / 2 < 1
    assert cue.region.w < 0.5


def test_labels_and_thresholds_are_obeyed(sessions):
    bear = drawings.teddy_bear()
    assert _things(sessions, bear, labels=("book", "tie")) == []
    assert _things(sessions, bear, threshold={"teddy bear": 0.99}) == []


def test_of_overlapping_boxes_of_a_kind_the_surest_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [1, 0, 10, 10], [50, 50, 10, 10]], np.float32)
    scores = np.array([0.6, 0.9, 0.7, 0.8], np.float32)
    assert _kept(boxes, scores, np.array([0, 0, 1, 0])) == [1, 3, 2]
    assert _kept(boxes[:0], scores[:0], np.array([], int)) == []


@pytest.mark.parametrize("scale", [0.5, 2])
def test_the_size_of_the_picture_does_not_matter(sessions, scale):
    import cv2

    bear = cv2.resize(drawings.teddy_bear(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (cue,) = _things(sessions, bear)
    assert cue.value["label"] == "teddy bear"
