"""Films in which nothing is to be seen for most of the time: a yard that a vehicle drives through now and then."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from drawn_films import film, known, room

from jikim.copies.comparison import STILL_MIN, ItemRelation, compare_items
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.geometry import agreed_map, best_geometry
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.verification import Relation

LENGTH_S = 11.0
LANES = ((1.5, 120, 90), (7.0, 300, -60))
"""When a vehicle comes, where, and how far it drifts aside while it drives up, in seconds and pixels."""

WAY_S = 2.0
HEIGHT, WIDTH = 270, 480


@cache
def _vehicle() -> np.ndarray:
    rng = np.random.default_rng(8)
    drawn = np.full((160, 80, 3), 235, np.uint8)
    for _ in range(50):
        at, size, grey = rng.integers(0, (70, 150)), rng.integers(4, 20, 2), int(rng.integers(0, 256))
        cv2.rectangle(drawn, tuple(map(int, at)), tuple(map(int, at + size)), (grey, grey, grey), -1)
    return cv2.GaussianBlur(drawn, (0, 0), 1)


@cache
def _ground() -> np.ndarray:
    rng = np.random.default_rng(9)
    drawn = np.full((HEIGHT, WIDTH, 3), 85, np.uint8)
    for _ in range(60):
        cv2.circle(drawn, tuple(map(int, rng.integers(0, (WIDTH, HEIGHT)))), 1, (130, 130, 130), -1)
    return cv2.GaussianBlur(drawn, (0, 0), 0.7)


def _yard(at_s: float) -> np.ndarray:
    """Plain ground with a few specks; the vehicle gets smaller as it drives away."""
    drawn = _ground().copy()
    for begins_s, left, drift in LANES:
        way = (at_s - begins_s) / WAY_S
        if 0 <= way <= 1:
            scale = 1 - 0.45 * way
            seen = cv2.resize(_vehicle(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, width = seen.shape[:2]
            x, y = int(left + drift * way), int(HEIGHT - 5 - way * (HEIGHT - 5 + height))
            top, bottom = max(0, y), min(HEIGHT, y + height)
            drawn[top:bottom, x : x + width] = seen[top - y : bottom - y]
    return drawn


def _yard_before_a_wall(at_s: float) -> np.ndarray:
    drawn = _yard(at_s)
    drawn[:64] = room(3)[:64]
    return drawn


def _under_a_sticker(frame: np.ndarray) -> np.ndarray:
    frame = frame.copy()
    cv2.circle(frame, (400, 215), 40, (240, 200, 40), -1)
    for eye in (385, 412):
        cv2.circle(frame, (eye, 205), 6, (0, 0, 0), -1)
    return frame


def _cropped(frame: np.ndarray) -> np.ndarray:
    return frame[27:243, 48:432]


def _under_a_bar(frame: np.ndarray) -> np.ndarray:
    return np.vstack([np.full((50, WIDTH, 3), 255, np.uint8), frame])


@cache
def _item(show: Callable[[float], np.ndarray]) -> ItemFingerprint:
    return known(show, LENGTH_S, 0.45)


def _is_whole(show: Callable[[float], np.ndarray], edit: Callable[[np.ndarray], np.ndarray]) -> bool:
    found = compare_items(film(lambda at: edit(show(at)), LENGTH_S, 0.48), _item(show))
    assert found
    assert found.relation is Relation.COPY
    return _ends(found) == [0, LENGTH_S, 0, LENGTH_S]


def _ends(found: ItemRelation) -> list[int]:
    (one,) = found.segments
    return [round(at_s) for at_s in (one.start_s, one.end_s, one.item_start_s, one.item_end_s)]


@pytest.mark.parametrize("edit", [_cropped, _under_a_bar])
def test_a_yard_in_which_nothing_stands_is_whole(edit: Callable[[np.ndarray], np.ndarray]):
    """Nearly all keypoints are the vehicle's, and most frames show next to nothing."""
    assert _is_whole(_yard, edit)


@pytest.mark.parametrize("edit", [lambda frame: frame, _under_a_sticker], ids=["as it is", "under a sticker"])
def test_an_empty_yard_is_not_what_the_same_yard_with_a_vehicle_shows(edit: Callable[[np.ndarray], np.ndarray]):
    """The wall behind it agrees at all moments."""
    assert _is_whole(_yard_before_a_wall, edit)


def _pointed(frame: np.ndarray) -> PictureFingerprint:
    return fingerprint_picture(np.ascontiguousarray(frame), 0.0, 300)


def test_pairs_of_frames_agree_in_one_map_though_a_vehicle_drove_on_in_most():
    def show(at_s: float) -> np.ndarray:
        drawn = _yard(at_s)
        drawn[30:140, 350:430] = _vehicle()[::-1][:110]
        return drawn

    moments = [(0.0, 0.0), (2.0, 2.25), (2.4, 2.7), (2.8, 2.25), (8.2, 7.65)]
    pairs = [(_pointed(_cropped(show(own_s))), _pointed(show(items_s))) for own_s, items_s in moments]
    maps = [found.transform for pair in pairs if (found := best_geometry(*pair))]
    exact = np.array([[0.8, 0, 0.1], [0, 0.8, 27 / WIDTH]])
    assert sum(np.abs(one - exact).max() > 0.03 for one in maps) > len(maps) / 2
    agreed = agreed_map(pairs, maps, is_mirrored=False)
    assert agreed
    assert agreed.transform == pytest.approx(exact, abs=0.01)


def test_pairs_of_frames_that_have_nothing_in_common_share_no_map():
    pairs = [(_pointed(room(seed)), _pointed(room(seed + 1))) for seed in (20, 30, 40)]
    maps = [np.array([[scale, 0, 0], [0, scale, 0]]) for scale in (1.0, 0.01)]
    agreed = agreed_map(pairs, maps, is_mirrored=False)
    assert agreed is None or agreed.carried.max() < 9


def test_films_of_one_length_in_which_nothing_moves_begin_together():
    """All lines fit; and all frames are likest the moments at which the item was least spoilt."""

    def spoilt(at_s: float, noise: float) -> np.ndarray:
        grain = np.random.default_rng(round(100 * at_s)).normal(0, noise, (HEIGHT, WIDTH, 3))
        return np.clip(cv2.GaussianBlur(room(5), (0, 0), 1.5) + grain, 0, 255).astype(np.uint8)

    item = known(lambda at: spoilt(at, 2 if 4 < at < 8 else 30), LENGTH_S, 0.45)
    found = compare_items(film(lambda at: spoilt(50 + at, 4), LENGTH_S, 0.48), item)
    assert found
    assert found.speed == 1.0
    assert _ends(found) == [0, LENGTH_S, 0, LENGTH_S]


def test_a_still_film_that_begins_and_ends_blank_is_a_copy():
    """Most of the item shows nothing, which is no sign that the rest of it moves."""

    def show(at_s: float) -> np.ndarray:
        if 3.5 < at_s < 7.5:
            return room(5)
        return np.zeros((HEIGHT, WIDTH, 3), np.uint8)

    found = compare_items(film(lambda at: _under_a_bar(show(at)), LENGTH_S, 0.48), _item(show))
    assert found
    assert found.relation is Relation.COPY
    assert found.still > STILL_MIN
    assert _ends(found) == [0, LENGTH_S, 0, LENGTH_S]


def test_two_copies_of_one_room_beside_each_other_are_no_reason_to_take_one_place_for_all():
    pairs = [(_pointed(np.hstack([room(5), room(5)])), _pointed(room(5))) for _ in range(3)]
    left, right = (np.array([[2.0, 0, -aside], [0, 2.0, 0]]) for aside in (0.0, 1.0))
    agreed = agreed_map(pairs, [left, right], is_mirrored=False)
    assert agreed
    assert min(agreed.carried.min(), agreed.elsewhere.min()) >= 9
