"""Moving drawings, edited as people edit films, held against themselves and against other films of the same room."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from jikim.copies.comparison import ItemRelation, compare_items, with_speed, without_pixels
from jikim.copies.films import KNOWN, LOOKED_AT, Density, fingerprint_video
from jikim.copies.fingerprints import NO_FEATURES, ItemFingerprint, SoundFingerprint, pack, unpack
from jikim.copies.frame_votes import hash_votes
from jikim.copies.verification import Relation
from jikim.types import Frame, Media, MediaKind

LENGTH_S = 6.0
FEW_POINTS = {density: replace(density, points_max=120) for density in (KNOWN, LOOKED_AT)}
"""Drawings are full of edges; fewer keypoints are enough and quicker."""


@cache
def _room(seed: int) -> np.ndarray:
    """A still room (270, 480, 3) full of edges."""
    rng = np.random.default_rng(seed)
    room = cv2.resize(rng.integers(40, 210, (9, 16, 3), np.uint8), (480, 270), interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        at, size = rng.integers(0, (480, 270)), rng.integers(6, 50, 2)
        colour = tuple(int(one) for one in rng.integers(0, 256, 3))
        cv2.rectangle(room, tuple(map(int, at)), tuple(map(int, at + size)), colour, -1 if rng.random() < 0.5 else 2)
    return room


def _scene(room: int, actor: int, at_s: float) -> np.ndarray:
    """Two figures that wander through a room, in ways that depend on `actor`."""
    frame = _room(room).copy()
    rng = np.random.default_rng(1000 + actor)
    for _ in range(2):
        x, y, fast, slow = rng.uniform(120, 360), rng.uniform(80, 190), rng.uniform(0.6, 1.4), rng.uniform(0.3, 0.7)
        turn = rng.uniform(0, 6.28)
        centre = (int(x + 90 * np.sin(fast * at_s + turn)), int(y + 60 * np.cos(slow * at_s + turn)))
        cv2.circle(frame, centre, 38, (230, 190, 160), -1)
        for part in range(6):
            spoke = (int(centre[0] + 34 * np.cos(part + fast * at_s)), int(centre[1] + 34 * np.sin(part + fast * at_s)))
            cv2.line(frame, centre, spoke, (20 + 30 * part, 40, 90), 3)
    return frame


def _film(show: Callable[[float], np.ndarray], length_s: float, step_s: float, density: Density = LOOKED_AT) -> ItemFingerprint:
    height, width = show(0.0).shape[:2]
    media = Media("ab" * 32, MediaKind.VIDEO, "video/mp4", width, height, length_s)
    frames = [Frame(media.id, float(at), np.ascontiguousarray(show(float(at)))) for at in np.arange(0, length_s, step_s)]
    return fingerprint_video(media, frames, None, FEW_POINTS[density])


@cache
def _item(room: int = 1, actor: int = 1) -> ItemFingerprint:
    """As it comes back from a bank."""
    return unpack(pack(_film(lambda at: _scene(room, actor, at), LENGTH_S, 0.2, KNOWN)))


def _compared(show: Callable[[float], np.ndarray], length_s: float = LENGTH_S) -> ItemRelation | None:
    return compare_items(_film(show, length_s, 0.4), _item())


def _near(found: ItemRelation, *expected: float) -> bool:
    (one,) = found.segments
    return bool(np.abs(np.array([one.start_s, one.end_s, one.item_start_s, one.item_end_s]) - expected).max() <= 1.0)


def _captioned(frame: np.ndarray) -> np.ndarray:
    bar = np.full((50, frame.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, "JIKIM 12:34", (20, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
    return np.vstack([bar, frame])


def _inset(frame: np.ndarray, at_s: float) -> np.ndarray:
    out = _scene(7, 7, at_s)
    out[100:235, 200:440] = cv2.resize(frame, (240, 135), interpolation=cv2.INTER_AREA)
    return out


EDITS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "as it is": lambda frame, at_s: frame,
    "smaller": lambda frame, at_s: cv2.resize(frame, (240, 135), interpolation=cv2.INTER_AREA),
    "mirrored": lambda frame, at_s: frame[:, ::-1],
    "rotated": lambda frame, at_s: np.rot90(frame),
    "cropped": lambda frame, at_s: frame[30:240, 50:430],
    "captioned": lambda frame, at_s: _captioned(frame),
    "letterbox": lambda frame, at_s: cv2.copyMakeBorder(frame, 50, 50, 0, 0, cv2.BORDER_CONSTANT),
    "inset": _inset,
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_film_is_a_copy_with_its_seconds(name: str):
    found = _compared(lambda at: EDITS[name](_scene(1, 1, at), at))
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 0, LENGTH_S, 0, LENGTH_S)
    assert not found.is_by_sound


def test_a_bordered_film_of_which_the_likest_frames_have_no_keypoints():
    """Hashes within the borders tell that it is the item, and keypoints of other frames where on the screen it lies."""
    film = _film(lambda at: cv2.copyMakeBorder(_scene(1, 1, at), 0, 0, 90, 90, cv2.BORDER_CONSTANT), LENGTH_S, 0.4)
    pointed = [place for place, frame in enumerate(film.frames) if frame.is_pointed][-4:]
    likest = max(worth for _, _, worth in hash_votes(film, _item()))
    others = {frame for frame, _, worth in hash_votes(film, _item()) if worth == likest} - set(pointed)
    assert len(others) >= 4
    frames = [one if place in pointed else replace(one, features=NO_FEATURES) for place, one in enumerate(film.frames)]
    found = compare_items(replace(film, frames=tuple(frames)), _item())
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 0, LENGTH_S, 0, LENGTH_S)


def test_a_faster_cropped_film_and_its_speed():
    found = _compared(lambda at: _scene(1, 1, 1.25 * at)[20:250, 30:450], LENGTH_S / 1.25)
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 0, LENGTH_S / 1.25, 0, LENGTH_S)
    assert found.speed == pytest.approx(1.25, abs=0.02)
    assert with_speed("cropped:13", 1.2503) == "cropped:13+speed:125"


def test_a_film_played_backwards():
    found = _compared(lambda at: _scene(1, 1, LENGTH_S - at))
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 0, LENGTH_S, LENGTH_S, 0)
    assert with_speed("none", found.speed) == "backwards"


def test_the_middle_of_the_item_inside_another_film():
    found = _compared(lambda at: _scene(1, 1, at - 2) if 4 <= at < 7 else _scene(5, 5, at), 10.0)
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 4, 7, 2, 5)


@pytest.mark.parametrize("actor", [2, 3, 4])
def test_another_film_of_the_same_room_is_no_copy(actor: int):
    found = _compared(lambda at: _scene(1, actor, at))
    assert found
    assert found.relation is Relation.SAME_SCENE


def test_another_film_is_nothing():
    assert _compared(lambda at: _scene(2, 2, at)) is None


def test_what_begins_and_ends_nearly_dark_is_whole():
    """Before and after it another film is shown."""

    def show(at_s: float) -> np.ndarray:
        return (_scene(1, 1, at_s) * (1.0 if 2 < at_s < 6 else 0.08)).astype(np.uint8)

    item = unpack(pack(_film(show, 8.0, 0.2, KNOWN)))
    found = compare_items(_film(lambda at: show(at - 4) if 4 <= at < 12 else _scene(5, 5, at), 16.0, 0.35), item)
    assert found
    assert found.relation is Relation.COPY
    assert _near(found, 4, 12, 0, 8)


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_frames_match_nothing_not_even_themselves(value: int):
    plain = _film(lambda at: np.full((270, 480, 3), value, np.uint8), LENGTH_S, 0.5)
    assert compare_items(plain, without_pixels(plain)) is None
    assert compare_items(plain, _item()) is None


def test_one_frame_of_the_item_is_found_in_it():
    found = compare_items(_film(lambda at: _scene(1, 1, 3.0), 0.1, 0.2), _item())
    assert found
    assert found.relation is Relation.COPY
    assert abs(found.segments[0].item_start_s - 3.0) <= 1.0


def test_nothing_is_nothing():
    empty = ItemFingerprint("cd" * 32, MediaKind.VIDEO, 480, 270, 3.0, (), None)
    assert compare_items(empty, _item()) is None
    assert compare_items(_item(), empty) is None


def test_without_sketches_the_answer_is_coarser_but_there():
    found = compare_items(_item(), _item())
    assert found
    assert found.relation is Relation.COPY
    assert math.isnan(found.moving)


def test_the_same_sound_under_another_film_is_said_to_be_that():
    codes = np.random.default_rng(1).integers(1, 2**32, 200, dtype=np.uint32)
    sound = SoundFingerprint(0.128, codes)
    item = ItemFingerprint("ab" * 32, MediaKind.VIDEO, 480, 270, 25.6, _item().frames, sound)
    other = _film(lambda at: _scene(2, 2, at), 12.8, 0.5)
    query = ItemFingerprint(other.sha256, other.kind, 480, 270, 12.8, other.frames, SoundFingerprint(0.128, codes[60:160]))
    found = compare_items(query, item)
    assert found
    assert found.is_by_sound
    assert found.relation is Relation.SAME_SCENE
    assert found.best is None
    assert _near(found, 0, 12.8, 7.68, 20.48)
