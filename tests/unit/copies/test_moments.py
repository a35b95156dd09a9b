"""What tells the moments of a film from each other and a copy from another film of the same room, on little drawn films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from drawn_films import film, known, room

from jikim.copies.comparison import GAIN_MIN, ItemRelation, compare_items, shows_same_moments
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.profiles import NOT_COMPARED
from jikim.copies.verification import Relation

LENGTH_S = 8.0


def _walker(at_s: float, phase: float = 0.0) -> np.ndarray:
    """Somebody in a striped shirt who walks to and fro and lifts something before it, at other times with another `phase`."""
    frame = room(21).copy()
    x = int(240 + 100 * np.sin(0.9 * at_s + phase) + 70 * np.sin((1.6 + phase) * at_s + 2 * phase))
    held = x + int(60 * np.sin(2.1 * at_s + 3 * phase)), int(150 + 70 * np.cos(1.7 * at_s + 2 * phase))
    cv2.rectangle(frame, (x - 40, 90), (x + 40, 269), (35, 35, 60), -1)
    for stripe in range(8):
        cv2.line(frame, (x - 36, 100 + 20 * stripe), (x + 36, 108 + 20 * stripe), (220, 220 - 20 * stripe, 40), 5)
    cv2.circle(frame, (x, 65), 28, (225, 185, 155), -1)
    cv2.rectangle(frame, (held[0] - 30, held[1] - 22), (held[0] + 30, held[1] + 22), (30, 160, 90), -1)
    cv2.putText(frame, "BOOK", (held[0] - 28, held[1] + 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (250, 250, 250), 2)
    return frame


def _late(at_s: float) -> np.ndarray:
    """A car park of plain ground with two lines, in which a car passes towards the end."""
    frame = np.full((270, 480, 3), 95, np.uint8)
    cv2.line(frame, (20, 20), (120, 60), (240, 240, 240), 5)
    cv2.line(frame, (400, 250), (470, 180), (240, 240, 240), 5)
    for pebble in np.random.default_rng(3).integers(0, (480, 270), (40, 2)):
        cv2.circle(frame, tuple(map(int, pebble)), 3, (150, 150, 140), -1)
    if at_s > 5:
        x = int(-60 + 200 * (at_s - 5))
        cv2.rectangle(frame, (x, 90), (x + 130, 170), (180, 30, 30), -1)
        cv2.rectangle(frame, (x + 25, 100), (x + 90, 130), (210, 220, 230), -1)
        for wheel in (25, 105):
            cv2.circle(frame, (x + wheel, 172), 16, (20, 20, 20), -1)
    return frame


def _panned(at_s: float) -> np.ndarray:
    """A wide room in which the camera is turned quickly to and fro."""
    left = int(480 + 300 * np.sin(0.7 * at_s) + 120 * np.sin(1.3 * at_s))
    return np.ascontiguousarray(room(22, 1440)[:, left : left + 480])


def _with_sticker(frame: np.ndarray) -> np.ndarray:
    out = frame.copy()
    cv2.circle(out, (250, 130), 45, (255, 205, 50), -1)
    return out


def _off_a_screen(frame: np.ndarray, at_s: float) -> np.ndarray:
    """Smaller, askew, soft, dull and noisy."""
    y, x = np.mgrid[:405, :720].astype(np.float32)
    corners = np.array([[70, 50], [640, 30], [660, 360], [80, 370]], np.float32) + np.float32(3 * np.sin(at_s))
    warp = cv2.getPerspectiveTransform(np.array([[0, 0], [480, 0], [480, 270], [0, 270]], np.float32), corners)
    seen = cv2.GaussianBlur(cv2.warpPerspective(frame, warp, (720, 405)), (0, 0), 1.5).astype(np.float32)
    glare = 50 * np.exp(-(((x - 300) / 90) ** 2 + ((y - 180) / 90) ** 2))
    noise = np.random.default_rng(int(100 * at_s)).normal(0, 5, seen.shape)
    return np.clip(0.75 * seen + (glare + 6 * np.sin(x / 1.7))[..., None] + noise, 0, 255).astype(np.uint8)


@cache
def _item(show: Callable[[float], np.ndarray], step_s: float = 0.2) -> ItemFingerprint:
    return known(show, LENGTH_S, step_s)


def _compared(show: Callable[[float], np.ndarray], item: Callable[[float], np.ndarray]) -> ItemRelation:
    found = compare_items(film(show, LENGTH_S, 0.4), _item(item))
    assert found
    return found


def _spans(found: ItemRelation, *expected: float, within_s: float = 0.5) -> bool:
    (one,) = found.segments
    return bool(np.abs(np.array([one.start_s, one.end_s, one.item_start_s, one.item_end_s]) - expected).max() <= within_s)


@pytest.mark.parametrize(
    "edit",
    [lambda frame, at_s: frame, lambda frame, at_s: _with_sticker(frame), _off_a_screen, lambda frame, at_s: frame[:, ::-1]],
    ids=["as it is", "sticker", "off a screen", "mirrored"],
)
def test_what_moves_alike_gains_on_other_moments(edit: Callable[[np.ndarray, float], np.ndarray]):
    found = _compared(lambda at: edit(_walker(at), at), _walker)
    assert found.relation is Relation.COPY
    assert found.gain >= GAIN_MIN
    assert _spans(found, 0, LENGTH_S, 0, LENGTH_S)


@pytest.mark.parametrize("phase", [1.3, 2.1])
def test_the_same_walker_at_another_time_gains_little(phase: float):
    found = _compared(lambda at: _walker(at, phase), _walker)
    assert found.relation is Relation.SAME_SCENE
    assert found.still > 0.8
    assert not found.gain >= GAIN_MIN


def test_an_empty_room_says_nothing_against_a_film_in_which_somebody_walks():
    """Of a few frames that fell on the wall alone, what stands still agrees in all; that is no copy."""
    found = compare_items(film(lambda at: room(21), LENGTH_S, 0.4), _item(_walker))
    assert found is None or found.relation is Relation.SAME_SCENE


def test_where_nothing_moves_for_long_the_whole_is_one_stretch():
    """Every moment of the first five seconds is like every other."""
    found = _compared(lambda at: cv2.convertScaleAbs(_late(at), alpha=1.2), _late)
    assert found.relation is Relation.COPY
    assert _spans(found, 0, LENGTH_S, 0, LENGTH_S)


def test_a_second_look_goes_to_the_moments_the_item_has_where_the_camera_moves():
    """The frames of a quick pan lie between those of the item and show neither; a look at the item's own moments tells."""
    item = _item(_panned, 0.45)

    def part(at_s: float) -> np.ndarray:
        return _panned(at_s + 2.0)

    first = film(part, 4.0, 0.45)
    found = compare_items(first, item)
    assert found
    assert found.unsure_s
    wanted = sorted({one for one in found.unsure_s if one < 4.0} - {frame.at_s for frame in first.frames})
    looked = [film(lambda _, at=at: part(at), 0.1, 0.2).frames[0] for at in wanted]
    more = [replace(frame, at_s=at) for frame, at in zip(looked, wanted, strict=True)]
    closer = replace(first, frames=tuple(sorted((*first.frames, *more), key=lambda frame: frame.at_s)))
    second = compare_items(closer, item, before=found.compared)
    assert second
    assert second.relation is Relation.COPY
    assert second.moving > found.moving
    assert _spans(second, 0, 4, 2, 6), second.segments


@pytest.mark.parametrize(
    ("speed", "median", "gain", "is_copy"),
    [
        (1.0, 0.96, 0.55, True),
        (0.45, 0.96, 0.55, False),
        (0.45, 0.96, 0.75, True),
        (2.0, 0.9, 0.9, False),
        (1.0, 0.8, 0.65, True),
    ],
)
def test_at_an_unusual_speed_more_must_be_where_it_was(speed: float, median: float, gain: float, is_copy: bool):
    """What hardly moves fits at any speed: people who walk through one place on another day did so at .45 times the speed."""
    close = NOT_COMPARED._replace(moving=0.7, moving_median=median, still=0.9, moving_share=0.2, frames=12, close=12, gain=gain)
    assert shows_same_moments(close, speed) is is_copy


@pytest.mark.parametrize(
    ("speed", "still", "is_copy"), [(1.0, 0.77, True), (0.47, 0.77, False), (0.47, 0.85, True), (1.0, 0.7, False)]
)
def test_where_nothing_moves_what_stands_still_decides(speed: float, still: float, is_copy: bool):
    assert shows_same_moments(NOT_COMPARED._replace(still=still, frames=12, close=12), speed) is is_copy
    assert shows_same_moments(NOT_COMPARED, speed) is None
