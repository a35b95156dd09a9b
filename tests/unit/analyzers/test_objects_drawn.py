from __future__ import annotations

import cv2
import numpy as np

from jikim.analyzers import drawings
from jikim.analyzers.objects import ObjectsAnalyzer, ObjectsConfig
from jikim.analyzers.objects_drawn import drawn_box, is_drawing, shipped_head
from jikim.types import Frame, Subject

BROWN, LIGHT, DARK = (150, 98, 55), (205, 165, 120), (35, 24, 18)


def _bear() -> np.ndarray:
    """(500, 500, 3): a plain cartoon bear with ears, muzzle, belly and paws, on white."""
    canvas = np.full((500, 500, 3), 255, np.uint8)

    def ellipse(middle, axes, colour):
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, DARK, 3, cv2.LINE_AA)

    for x in (165, 335):
        ellipse((x, 90), (42, 42), BROWN)
        ellipse((x, 92), (24, 24), LIGHT)
        ellipse((x - 20 if x < 250 else x + 20, 310), (36, 70), BROWN)
    ellipse((250, 340), (105, 115), BROWN)
    ellipse((250, 350), (64, 78), LIGHT)
    for x in (165, 335):
        ellipse((x, 430), (52, 46), BROWN)
        ellipse((x, 436), (30, 28), LIGHT)
    ellipse((250, 155), (112, 96), BROWN)
    ellipse((250, 192), (52, 40), LIGHT)
    for x in (210, 290):
        ellipse((x, 140), (9, 10), DARK)
    ellipse((250, 175), (16, 11), DARK)
    return canvas


def _things(sessions, pixels, at_s=None, count=1, **settings):
    frames = tuple(Frame("m", None if at_s is None else at_s + number, pixels) for number in range(count))
    return list(ObjectsAnalyzer(ObjectsConfig(**settings), sessions).analyze(Subject(None, frames)))


def test_a_drawn_bear_is_noticed_and_said_to_be_drawn(sessions):
    (cue,) = [cue for cue in _things(sessions, _bear()) if cue.value["label"] == "teddy bear"]
    assert cue.value["is_drawn"] is True
    assert cue.message_key == "cue.object_drawn"
    assert cue.weights_sha256 == sessions.sha256("efficientnet-lite1")
    assert 0.1 < cue.region.x < cue.region.x + cue.region.w < 0.9


def test_labels_and_the_most_drawings_of_a_round_are_obeyed(sessions):
    def drawn(**settings):
        return sum("is_drawn" in cue.value for cue in _things(sessions, _bear(), 0.0, 3, **settings))

    assert drawn() == 3
    assert drawn(drawn_most=1) == 1
    assert drawn(drawn_most=0) == 0
    assert drawn(labels=("book",)) == 0


def test_of_a_drawing_the_detectors_are_believed_where_they_are_sure(sessions):
    asked = dict.fromkeys(("book", "teddy bear", "backpack"), 0.001)
    drawn = _things(sessions, _bear(), threshold=asked)
    assert all(cue.value.get("is_drawn") or cue.confidence >= 0.45 for cue in drawn)
    assert len([cue for cue in drawn if cue.value["label"] == "book"]) == 1
    assert not any("is_drawn" in cue.value for cue in _things(sessions, _bear(), threshold=asked, drawn_most=0))


def test_photographs_are_not_looked_at_as_drawings(sessions):
    grain = np.random.default_rng(0).normal(0, 3, (500, 500, 3))
    taken = np.clip(_bear() + grain, 0, 255).astype(np.uint8)
    assert is_drawing(_bear())
    assert not is_drawing(taken)
    assert not is_drawing(drawings.teddy_bear())
    assert not is_drawing(np.zeros((1, 40, 3), np.uint8))
    assert all("is_drawn" not in cue.value for cue in _things(sessions, taken))


def test_plain_pictures_show_nothing(sessions):
    for pixels in (np.full((300, 400, 3), 255, np.uint8), np.zeros((20, 600, 3), np.uint8), drawings.landscape()):
        assert _things(sessions, pixels) == []


def test_what_is_drawn_is_cut_out_of_its_ground():
    canvas = np.full((400, 600, 3), 240, np.uint8)
    canvas[100:200, 300:500] = (200, 30, 30)
    assert drawn_box(canvas) == (288, 88, 224, 124)
    assert drawn_box(np.full((40, 60, 3), 9, np.uint8)) == (0, 0, 60, 40)
    framed = np.full((41, 60, 3), 100, np.uint8)
    framed[:, 30:] = 101  # an even edge: its middle lies between two values
    framed[20, 40] = (126, 101, 101)
    framed[10, 20] = (100, 100, 76)
    framed[5, 5] = 124  # as near as the ground may be
    assert drawn_box(framed) == (19, 9, 23, 13)
    busy = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    assert drawn_box(busy) == (0, 0, 60, 40)


def test_the_head_is_small_and_of_the_labels_that_count():
    head = shipped_head()
    assert head.labels == ("book", "teddy bear", "backpack")
    assert head.factors.shape == (3, 2560)
    assert np.isfinite(head.factors).all()
