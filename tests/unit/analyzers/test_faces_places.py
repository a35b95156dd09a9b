from __future__ import annotations

import cv2
import numpy as np

from jikim.analyzers import drawings
from jikim.analyzers.faces import FacesAnalyzer, FacesConfig
from jikim.analyzers.faces_places import with_places
from jikim.analyzers.faces_quality import is_colourless
from jikim.analyzers.pictures import Box
from jikim.analyzers.tracks import with_tracks
from jikim.types import Cue, Frame, Region, Subject


def _face(region, at_s=None, doubt=None, quality=1.0):
    value = {
        "age": 15,
        "age_low": 10,
        "age_high": 25,
        "p_minor": 0.7,
        "p_female": 0.5,
        "is_certain": doubt is None,
        "track": None,
    }
    value |= {"doubt": doubt, "quality": quality}
    return Cue("m", "faces", "3", None, "face", at_s, Region(*region), value, 0.9, "cue.face")


def _thing(label, region, at_s=None):
    return Cue("m", "objects", "3", None, "object", at_s, Region(*region), {"label": label}, 0.9, "cue.object")


SCREEN = (0.1, 0.1, 0.6, 0.5)


def test_a_face_on_a_screen_is_said_to_be_there_and_counts_as_much():
    (face, _) = with_places([_face((0.3, 0.2, 0.1, 0.2)), _thing("screen", SCREEN)])
    assert (face.value["shown_on"], face.message_key, face.value["is_certain"]) == ("screen", "cue.face_on_screen", True)


def test_a_doubtful_face_on_a_screen_keeps_its_doubt():
    (face, _) = with_places([_face((0.3, 0.2, 0.1, 0.2), doubt="blurred"), _thing("screen", SCREEN)])
    assert (face.value["shown_on"], face.message_key) == ("screen", "cue.face")


def test_a_face_before_or_beside_a_screen_or_at_another_time_is_not_on_it():
    before = _face((0.05, 0.05, 0.65, 0.6))
    beside = _face((0.65, 0.2, 0.2, 0.2))
    later = _face((0.3, 0.2, 0.1, 0.2), at_s=4.0)
    told = with_places([before, beside, later, _thing("screen", SCREEN), _thing("book", (0, 0, 1, 1), 4.0)])
    assert told[:3] == [before, beside, later]


def test_the_face_of_a_soft_toy_is_doubted_and_that_of_whoever_holds_it_is_not():
    bear = _thing("teddy bear", (0.2, 0.2, 0.5, 0.7))
    (toy, holder, _) = with_places([_face((0.3, 0.25, 0.3, 0.3)), _face((0.6, 0.05, 0.2, 0.3)), bear])
    assert (toy.value["doubt"], toy.value["is_certain"], toy.message_key) == ("doll", False, "cue.face_doubtful")
    assert holder.value["doubt"] is None


def test_the_faces_of_a_track_keep_their_place():
    frames = [_face((0.3, 0.2, 0.1, 0.2), at_s) for at_s in (0.0, 1.0)]
    told = with_tracks([*frames, *(_thing("screen", SCREEN, at_s) for at_s in (0.0, 1.0))])
    assert [(cue.value["shown_on"], cue.message_key, cue.value["track"]) for cue in told[:2]] == [
        ("screen", "cue.face_on_screen", 0)
    ] * 2


def _grainy(pixels):
    grain = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def test_a_grey_face_among_colours_is_named_as_a_statue_may_be(sessions):
    grey = cv2.cvtColor(cv2.cvtColor(drawings.face(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    garden = np.full((480, 640, 3), (70, 140, 60), np.uint8)
    garden[80:400, 160:480] = grey
    (cue,) = FacesAnalyzer(FacesConfig(), sessions).analyze(Subject(None, (Frame("m", None, _grainy(garden)),)))
    assert (cue.value["doubt"], cue.value["is_certain"]) == ("colourless", False)
    box = Box(100, 65, 120, 190)
    assert not is_colourless(drawings.face(), box)
    assert not is_colourless(grey, box)  # a black-and-white photograph is no statue
