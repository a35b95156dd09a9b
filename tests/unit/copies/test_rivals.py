"""Little films before the same wall, where somebody lifts a hand in much the same way: which of them a film was taken from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_films import film, known

from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.comparison import compare_items
from jikim.copies.fingerprints import Segment
from jikim.copies.matching import Match, Matcher
from jikim.copies.rivals import Claim, claim, is_explained, is_outdone
from jikim.copies.store import create_bank
from jikim.copies.verification import Relation

LENGTH_S = 4.0


@cache
def _wall() -> np.ndarray:
    rng = np.random.default_rng(11)
    wall = cv2.resize(rng.integers(60, 200, (9, 16, 3), np.uint8), (480, 270), interpolation=cv2.INTER_CUBIC)
    for _ in range(50):
        at, size = rng.integers(0, (480, 270)), rng.integers(6, 40, 2)
        colour = tuple(int(one) for one in rng.integers(0, 256, 3))
        cv2.rectangle(wall, tuple(map(int, at)), tuple(map(int, at + size)), colour, -1)
    return wall


def _lesson(fingers: int, at_s: float) -> np.ndarray:
    """Somebody who sways and lifts an arm; at its end a hand that shows so many fingers."""
    frame = _wall().copy()
    sway = int(6 * np.sin(1.1 * at_s))
    cv2.rectangle(frame, (190 + sway, 110), (290 + sway, 269), (40, 40, 45), -1)
    for stripe in range(6):
        cv2.line(frame, (195 + sway, 125 + 22 * stripe), (285 + sway, 135 + 22 * stripe), (200, 200 - 20 * stripe, 60), 4)
    cv2.circle(frame, (240 + sway, 75), 32, (225, 185, 155), -1)
    high = int(90 * np.sin(np.pi * at_s / LENGTH_S))
    hand = 150 + sway, 210 - high
    cv2.line(frame, (200 + sway, 190), hand, (50, 50, 60), 18)
    cv2.circle(frame, hand, 17, (225, 185, 155), -1)
    for finger in range(fingers):
        cv2.line(frame, hand, (hand[0] - 24 + 16 * finger, hand[1] - 30), (225, 185, 155), 7)
    return frame


@cache
def _item(fingers: int):
    return known(lambda at: _lesson(fingers, at), LENGTH_S, name=str(fingers))


def _captioned(frame: np.ndarray) -> np.ndarray:
    return np.vstack([np.full((50, frame.shape[1], 3), 255, np.uint8), frame[10:-10]])


def _named(tmp_path: Path, show: Callable[[float], np.ndarray]) -> dict[str, Match]:
    with create_bank(tmp_path, "lessons", BankSettings()) as bank:
        for fingers in (1, 3):
            bank.add(NewItem(_item(fingers), str(fingers)))
        return {one.label: one for one in Matcher([bank]).match(film(show, LENGTH_S, 0.2))}


def test_two_lessons_are_too_like_each_other_to_be_told_apart_one_by_one():
    found = compare_items(film(lambda at: _lesson(3, at), LENGTH_S, 0.2), _item(1))
    assert found
    assert found.relation is Relation.COPY


@pytest.mark.parametrize("fingers", [1, 3])
def test_held_against_both_the_one_it_was_taken_from_is_the_copy(fingers: int, tmp_path: Path):
    found = _named(tmp_path, lambda at: _captioned(_lesson(fingers, at)))
    assert {label: one.relation for label, one in found.items()} == {str(fingers): "copy", str(4 - fingers): "same_scene"}
    assert found[str(fingers)].segments


def test_two_known_films_beside_each_other_are_both_copies(tmp_path: Path):
    found = _named(tmp_path, lambda at: np.hstack([_lesson(1, at), _lesson(3, LENGTH_S - at)]))
    assert "same_scene" not in {one.relation for one in found.values()}


def test_a_claim_says_where_on_the_screen_an_item_is():
    screen = np.full((540, 960, 3), 90, np.uint8)

    def inset(at_s: float) -> np.ndarray:
        out = screen.copy()
        out[270:, 480:] = _lesson(3, at_s)[:, ::-1]
        return out

    query = film(inset, LENGTH_S, 0.2)
    found = compare_items(query, _item(3))
    assert found
    claimed = claim(found, query, _item(3))
    assert claimed
    assert np.abs(np.array(claimed.box) - (0.5, 270 / 960, 1.0, 540 / 960)).max() < 0.03


WHOLE = (0.0, 0.0, 1.0, 0.6)


@pytest.mark.parametrize(
    ("other", "is_it"),
    [
        (Claim((Segment(0, 4, 0, 4),), 0.95, 0.97, WHOLE), True),
        (Claim((Segment(0, 4, 0, 4),), 0.88, 0.97, WHOLE), False),  # hardly liker
        (Claim((Segment(3, 9, 0, 6),), 0.95, 0.97, WHOLE), False),  # at other seconds
        (Claim((Segment(0, 4, 0, 4),), 0.95, 0.97, (0.9, 0.0, 1.0, 0.3)), True),  # a corner of what is claimed
        (Claim((Segment(0, 4, 0, 4),), 0.95, 0.97, (1.0, 0.0, 1.6, 0.6)), False),  # beside it
        (Claim((Segment(0, 4, 0, 4),), 0.99, 1.10, WHOLE), False),  # a better map
    ],
)
def test_what_it_takes_to_outdo(other: Claim, is_it: bool):
    one = Claim((Segment(0, 4, 0, 4),), 0.86, 0.94, WHOLE)
    assert is_outdone(one, [one, other]) is is_it


@pytest.mark.parametrize(
    ("gain", "end_s", "box", "is_told"),
    [
        (0.5, 4.0, (0.0, 0.0, 0.5, 0.6), True),
        (0.9, 4.0, (0.0, 0.0, 0.5, 0.6), False),
        (0.5, 10.0, (0.0, 0.0, 0.5, 0.6), False),
        (0.5, 4.0, (0.5, 0.0, 1.0, 0.6), False),
    ],
    ids=["less alike", "more alike", "shown for longer", "elsewhere on the screen"],
)
def test_the_same_scene_is_explained_by_a_copy_that_is_as_like_then_and_there(
    gain: float, end_s: float, box: tuple[float, float, float, float], is_told: bool
):
    copy = Claim((Segment(0.0, 4.0, 0.0, 4.0),), 0.8, 0.9, (0.0, 0.0, 0.5, 0.6))
    scene = Claim((Segment(0.0, end_s, 0.0, end_s),), gain, 0.9, box)
    assert is_explained(scene, [copy]) is is_told
