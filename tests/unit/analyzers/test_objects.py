from __future__ import annotations

import numpy as np
import pytest

from jikim.analyzers import drawings
from jikim.analyzers.objects import COCO_CLASS, ObjectsAnalyzer, ObjectsConfig, _Found, _kept, joined
from jikim.analyzers.objects_second import look
from jikim.errors import WeightsMissing
from jikim.types import Frame, Subject
from jikim.weights.sessions import LocalSessions


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
    found = [_Found(box, kind, score) for box, kind, score in zip(boxes, (0, 0, 1, 0), scores, strict=True)]
    assert _kept(found) == [found[1], found[3], found[2]]
    assert _kept([]) == []


def test_both_looks_together_are_sure_where_both_are_and_grow_with_each():
    assert joined(0.9, 0.9) > joined(0.9, 0.3) > joined(0.9, 0.0) > joined(0.0, 0.0) > 0
    assert joined(0.3, 0.9) > joined(0.3, 0.3)
    assert joined(1.0, 1.0) < 1
    assert joined(0.2, 0.6) > joined(0.6, 0.2)  # the second look counts for more


def test_a_label_of_which_nothing_is_seen_still_has_one_place_to_ask_both_looks_about(sessions):
    seen = look(sessions, drawings.slope(), [(COCO_CLASS["tie"],)])
    assert seen.heat.max() < 0.05
    assert seen.peaks(0).shape == (1, 4)
    cues = _things(sessions, drawings.slope(), threshold=dict.fromkeys(COCO_CLASS, 0.001), second_from=0.0001)
    assert {cue.value["label"] for cue in cues} == set(COCO_CLASS)


def test_a_second_look_sees_the_bear_where_the_first_does_and_is_asked_when_configured(sessions):
    pixels = drawings.teddy_bear()
    seen = look(sessions, pixels, [(COCO_CLASS["teddy bear"],), (COCO_CLASS["tie"],)])
    bear = np.array([80, 60, 256, 320], np.float32)
    assert seen.sureness(bear, 0) > 0.2 > seen.sureness(bear, 1)
    assert seen.sureness(bear, 0) >= seen.sureness(np.array([0, 0, 40, 40], np.float32), 0)
    assert len(seen.peaks(0)) >= 1
    still, video = Frame("m", None, pixels), Frame("m", 1.0, pixels)
    asked = {"threshold": {"teddy bear": 0.05}, "labels": ("teddy bear",)}

    def weights(frame, **settings):
        cues = ObjectsAnalyzer(ObjectsConfig(**asked, **settings), sessions).analyze(Subject(None, (frame,)))
        return {cue.weights_sha256 for cue in cues}

    assert weights(still) == weights(video, second_from=0.05) == {sessions.sha256("centernet")}
    assert weights(still, second_most=0) == weights(video, second_from=0.99) == {sessions.sha256("yolox-nano")}


def test_of_a_film_the_surest_frame_of_a_label_is_looked_at_twice_and_no_further_one_once_both_are_sure(sessions):
    bear = drawings.teddy_bear()
    dimmed = (bear * 0.6).astype(np.uint8)
    frames = tuple(Frame("m", float(at_s), pixels) for at_s, pixels in enumerate((drawings.slope(), dimmed, bear, dimmed)))

    def looked_at(least, **settings):
        asked = ObjectsConfig(labels=("teddy bear",), threshold={"teddy bear": least}, second_from=0.05, **settings)
        cues = ObjectsAnalyzer(asked, sessions).analyze(Subject(None, frames))
        return {cue.at_s for cue in cues if cue.weights_sha256 == sessions.sha256("centernet")}

    assert looked_at(0.05) == {2.0}
    assert looked_at(0.05, second_most=0) == set()


def test_a_frame_of_a_film_without_padding_shows_the_bear_where_a_still_shows_it(sessions):
    wall = np.full((416, 832, 3), (205, 200, 190), np.uint8)
    wall[:, 416:] = drawings.teddy_bear()
    settings = ObjectsConfig(labels=("teddy bear",), second_most=0)

    def bear(at_s):
        (cue,) = ObjectsAnalyzer(settings, sessions).analyze(Subject(None, (Frame("m", at_s, wall),)))
        return [cue.confidence, cue.region.x, cue.region.y, cue.region.w, cue.region.h]

    assert bear(1.0) == pytest.approx(bear(None), abs=0.1)


@pytest.mark.parametrize("scale", [0.5, 2])
def test_the_size_of_the_picture_does_not_matter(sessions, scale):
    import cv2

    bear = cv2.resize(drawings.teddy_bear(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (cue,) = _things(sessions, bear)
    assert cue.value["label"] == "teddy bear"


@pytest.mark.parametrize("name", ["yolox-nano", "centernet"])
def test_a_model_file_that_was_changed_is_refused_before_it_is_opened(sessions, tmp_path, name):
    for weights in ObjectsAnalyzer.weights:
        real = sessions.path(weights)
        (tmp_path / real.name).write_bytes(real.read_bytes())
    changed = tmp_path / sessions.path(name).name
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    still = Subject(None, (Frame("m", None, drawings.teddy_bear()),))
    with pytest.raises(WeightsMissing) as raised:
        list(ObjectsAnalyzer(ObjectsConfig(), LocalSessions(tmp_path)).analyze(still))
    assert changed.name in raised.value.message().en
