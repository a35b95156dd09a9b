from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn import drawing

from jikim.copies.films import KNOWN, LOOKED_AT, Density, fingerprint_video, pointed_frames
from jikim.copies.keypoints import Seeker
from jikim.types import Frame, Media, MediaKind

TEN_HOURS_S = 36_000.0


def _media(length_s: float | None) -> Media:
    return Media("ab" * 32, MediaKind.VIDEO, "video/mp4", 160, 90, length_s)


def _frame(at_s: float, seed: int = 0) -> Frame:
    return Frame("ab" * 32, at_s, np.random.default_rng(seed).integers(0, 256, (90, 160, 3), np.uint8))


@pytest.mark.parametrize("density", [KNOWN, LOOKED_AT])
def test_ten_hours_are_looked_at_no_more_often_than_is_bounded(density: Density):
    assert TEN_HOURS_S / density.distance_s(TEN_HOURS_S) <= density.frames_max
    assert density.distance_s(3.0) >= 0.2


@pytest.mark.parametrize("length_s", [0.04, 0.0, None])
def test_a_film_of_one_frame(length_s: float | None):
    found = fingerprint_video(_media(length_s), [_frame(0.0)], None, LOOKED_AT)
    assert (len(found.frames), pointed_frames(found), found.duration_s, found.sound) == (1, [0], length_s, None)


def test_a_film_of_no_frame():
    assert fingerprint_video(_media(5.0), [], None, KNOWN).frames == ()


def test_keypoints_are_taken_now_and_then_and_where_another_scene_begins():
    calm = [_frame(float(at)) for at in range(100)]
    film = fingerprint_video(_media(1400.0), calm, None, LOOKED_AT)
    assert len(film.frames) == 100
    assert pointed_frames(film) == [0, 60]  # 1,400 s, at most 14 frames: a minute is enough between two
    changing = [_frame(float(at), at // 10) for at in range(30)]
    assert pointed_frames(fingerprint_video(_media(1400.0), changing, None, LOOKED_AT)) == [0, 10, 20]


def test_cuts_without_end_are_bounded():
    restless = [_frame(float(at), at) for at in range(80)]
    film = fingerprint_video(_media(80.0), restless, None, LOOKED_AT)
    assert len(pointed_frames(film)) <= 2 * LOOKED_AT.keypoint_frames_max


def test_keypoints_of_a_film_are_sought_when_they_are_asked_for_and_once(monkeypatch):
    sought = []

    def keypoints(seeker, grey, points_max):
        sought.append(grey.shape)
        return found(seeker, grey, points_max)

    found = Seeker.keypoints
    monkeypatch.setattr(Seeker, "keypoints", keypoints)
    film = fingerprint_video(
        _media(30.0), [Frame("f", float(second), drawing(second)) for second in range(20)], None, LOOKED_AT
    )
    assert len(pointed_frames(film)) > 8
    assert sought == []
    again = [len(film.frames[0].points), len(film.frames[0].descriptors), len(film.frames[0].points)]
    assert again[0] > 100
    assert len(set(again)) == len(sought) == 1


def test_what_is_looked_at_is_made_smaller_for_its_keypoints_than_what_is_kept():
    """A quarter of the work less, and what is known keeps the finer ones."""
    picture = cv2.resize(drawing(5), (1280, 720), interpolation=cv2.INTER_CUBIC)
    media = Media("0" * 64, MediaKind.VIDEO, "video/mp4", 1280, 720, 1.0)

    def smallest(density: Density) -> float:
        (frame,) = fingerprint_video(media, [Frame(media.id, 0.0, picture)], None, density).frames
        return float(frame.points[:, 2].min())

    assert LOOKED_AT.points_side_px < KNOWN.points_side_px
    assert smallest(LOOKED_AT) > smallest(KNOWN)
    grey = np.zeros((720, 1280), np.uint8)
    assert Seeker(LOOKED_AT.points_side_px).reduced(grey).shape == (252, 448)
    assert Seeker(LOOKED_AT.points_side_px).reduced(grey[:90, :160]).shape == (90, 160)
