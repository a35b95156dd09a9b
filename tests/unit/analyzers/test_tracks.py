from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.analyzers.tracks import with_tracks
from jikim.types import Cue, Region


def _face(at_s, x, y=0.3, size=0.2, age=30.0, media="m"):
    value = {"age": age, "age_low": 0, "age_high": 100, "p_minor": 0, "p_female": 0, "is_certain": True, "track": None}
    return Cue(media, "faces", "1", None, "face", at_s, Region(x, y, size, size), value, 0.9, "cue.face")


def _tracks(*cues):
    return [cue.value["track"] for cue in with_tracks(cues)]


def test_a_face_that_moves_a_little_keeps_its_track():
    assert _tracks(_face(0, 0.30), _face(1, 0.33), _face(2, 0.37), _face(3, 0.36)) == [0, 0, 0, 0]


def test_two_faces_side_by_side_keep_theirs():
    assert _tracks(_face(0, 0.1), _face(0, 0.6), _face(1, 0.62), _face(1, 0.12)) == [0, 1, 1, 0]


def test_another_age_in_the_same_place_is_another_person():
    assert _tracks(_face(0, 0.3, age=8), _face(1, 0.3, age=45)) == [0, 1]


def test_another_size_or_place_or_a_long_gap_starts_anew():
    assert _tracks(_face(0, 0.3, size=0.1), _face(1, 0.3, size=0.5)) == [0, 1]
    assert _tracks(_face(0, 0.1), _face(1, 0.7)) == [0, 1]
    assert _tracks(_face(0, 0.3), _face(30, 0.3)) == [0, 1]


def test_media_are_counted_apart_and_other_cues_pass_through():
    thing = Cue("m", "objects", "1", None, "object", 0.0, None, {"label": "book"}, 0.9, "cue.object")
    cues = [_face(0, 0.3), thing, _face(0, 0.3, media="n"), _face(None, 0.3, media="still"), _face(None, 0.3, media="still")]
    result = with_tracks(cues)
    assert result[1] is thing
    assert [result[place].value["track"] for place in (0, 2, 3, 4)] == [0, 0, 0, 1]
    assert cues[0].value["track"] is None


def _seen(at_s, age, p_minor=0.5, quality=1.0, is_certain=True):
    cue = _face(at_s, 0.3, age=age)
    doubt = None if is_certain else "blurred"
    value = {"age_low": age - 5, "age_high": age + 5, "p_minor": p_minor, "p_female": 0.5, "is_certain": is_certain}
    return replace(cue, value={**cue.value, **value, "quality": quality, "doubt": doubt})


def test_the_faces_of_a_track_say_one_thing_and_good_ones_count_most():
    result = with_tracks([_seen(0, 20, quality=1.0), _seen(1, 26, quality=0.5), _seen(2, 20, quality=1.0)])
    assert len({(cue.value["age"], cue.value["age_low"], cue.value["p_minor"]) for cue in result}) == 1
    assert result[0].value["age"] == pytest.approx((20 + 20 + 26 / 4) / 2.25, abs=0.01)
    assert [cue.value["quality"] for cue in result] == [1.0, 0.5, 1.0]
    assert all(cue.params["age"] == cue.value["age"] for cue in result)


def test_a_certain_face_speaks_for_the_doubtful_ones_of_its_track():
    result = with_tracks([_seen(0, 14, 0.8), _seen(1, 22, 0.1, is_certain=False), _seen(2, 30, 0.01, quality=0.0)])
    assert [(cue.value["age"], cue.value["p_minor"], cue.value["is_certain"]) for cue in result] == [(14, 0.8, True)] * 3
    assert {cue.message_key for cue in result} == {"cue.face"}


def test_a_face_that_cannot_be_judged_does_not_break_a_track():
    result = with_tracks([_seen(0, 6, 0.9), _seen(1, 30, 0.3, quality=0.0, is_certain=False), _seen(2, 6, 0.9)])
    assert [cue.value["track"] for cue in result] == [0, 0, 0]
    assert {cue.value["age"] for cue in result} == {6}


def test_doubtful_faces_alone_stay_doubtful_and_what_cannot_be_judged_stays_so():
    doubtful = with_tracks([_seen(0, 14, is_certain=False), _seen(1, 16, is_certain=False)])
    assert {(cue.value["is_certain"], cue.value["doubt"], cue.message_key) for cue in doubtful} == {
        (False, "blurred", "cue.face_doubtful")
    }
    unjudged = [_seen(0, 30, quality=0.0, is_certain=False), _seen(1, 30, quality=0.0, is_certain=False)]
    assert [cue.message_key for cue in with_tracks(unjudged)] == [cue.message_key for cue in unjudged]


faces = st.builds(
    _face,
    st.sampled_from([0.0, 0.5, 1.0, 2.5, 9.0]),
    st.floats(0, 0.8),
    st.floats(0, 0.8),
    st.floats(0.01, 0.2),
    st.floats(1, 100),
    st.sampled_from(["m", "n"]),
)


@given(st.lists(faces, max_size=25))
def test_order_and_values_stay_and_no_frame_has_a_track_twice(cues):
    result = with_tracks(cues)
    assert [(cue.media_id, cue.at_s, cue.region) for cue in result] == [(cue.media_id, cue.at_s, cue.region) for cue in cues]
    for media in ("m", "n"):
        here = [cue for cue in result if cue.media_id == media]
        assert len({(cue.at_s, cue.value["track"]) for cue in here}) == len(here)
        assert {cue.value["track"] for cue in here} == set(range(len({cue.value["track"] for cue in here})))
