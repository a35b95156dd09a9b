"""Votes as edits of films make them, with the places where they must lead to."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.copies.fingerprints import Segment
from jikim.copies.timelines import Stretch, Vote, align, coverage

LENGTH_S = 60.0
LOOKED = np.arange(0.5, LENGTH_S, 1.0)


def _votes(
    spans: list[tuple[float, float, float, float]], *, wrong: int = 0, seed: int = 0, looks_s: float = 1.0
) -> list[Vote]:
    """Votes of a frame a second of a query; a span is (start, end, item time at the start, speed). The item was looked at
    every `looks_s`; each frame also votes for `wrong` random moments."""
    rng = np.random.default_rng(seed)
    votes = []
    for start, end, item_start, speed in spans:
        for at in LOOKED[(start <= LOOKED) & (end >= LOOKED)]:
            exact = item_start + speed * (at - start)
            votes.append(Vote(float(at), math.floor(exact / looks_s + 0.5) * looks_s, float(rng.uniform(0.5, 1.0))))
    for at in LOOKED:
        votes += [Vote(float(at), float(rng.uniform(0, 300)), float(rng.uniform(0.2, 0.7))) for _ in range(wrong)]
    return votes


def _near(segment: Segment, start: float, end: float, item_start: float, item_end: float) -> bool:
    found = (segment.start_s, segment.end_s, segment.item_start_s, segment.item_end_s)
    return bool(np.abs(np.array(found) - (start, end, item_start, item_end)).max() <= 1.0)


def _only(stretches: list[Stretch]) -> Stretch:
    assert len(stretches) == 1
    return stretches[0]


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.1, 1.25, 1.5, 2.0])
def test_a_whole_copy_at_any_speed(speed: float):
    votes = _votes([(0, 60, 0, speed)], wrong=2)
    found = _only(align(votes, LOOKED, LENGTH_S, LENGTH_S * speed, 0.6))
    assert _near(found.segment, 0, 60, 0, 60 * speed)
    assert found.speed == pytest.approx(speed, abs=0.01)
    assert coverage([found.segment], LENGTH_S, LENGTH_S * speed) == pytest.approx((1, 1), abs=0.02)


@pytest.mark.parametrize(("every", "is_told"), [(2, True), (3, True), (4, False)])
def test_a_line_that_goes_on_after_a_gap_needs_fewer_frames(every: int, is_told: bool):
    """A camera that moves fast is recognised only where a look at the item happens to show the same moment."""
    votes = _votes([(0, 25, 0, 1.0)]) + _votes([(35, 60, 35, 1.0)])[::every]
    found = align(votes, LOOKED, LENGTH_S, LENGTH_S, 0.6)
    assert _near(found[0].segment, 0, 25, 0, 25)
    assert len(found) == 1 + is_told
    assert not is_told or found[1].segment.end_s > 55


@pytest.mark.parametrize(("weight", "is_told"), [(1.0, True), (0.5, False)])
def test_two_frames_at_the_end_of_a_line_are_told_where_they_are_sure(weight: float, is_told: bool):
    """A fast shot in which nothing is recognised comes before the last one, which is short."""
    votes = [*_votes([(0, 45, 0, 1.0)]), Vote(59.1, 59.0, weight), Vote(59.5, 59.6, weight)]
    found = align(votes, [*LOOKED, 59.1], LENGTH_S, LENGTH_S, 0.6)
    assert _near(found[0].segment, 0, 45, 0, 45)
    assert len(found) == 1 + is_told
    assert not is_told or _near(found[1].segment, 59, 60, 59, 60)


@pytest.mark.parametrize(("looked_s", "start_s"), [([5.0], 0.0), ([4.7, 5.1], 0.0), ([2.5, 5.0], 5.25)])
def test_what_is_like_nothing_right_before_a_stretch_does_not_begin_it_late(looked_s: list[float], start_s: float):
    """What came before showed nothing and was not counted."""
    votes = _votes([(4.9, 60, 4.9, 1.0)], looks_s=0.2)
    looked = [*looked_s, *(vote.at_s for vote in votes)]
    found = _only(align(votes, looked, LENGTH_S, LENGTH_S, 0.6))
    assert found.segment.start_s == pytest.approx(start_s, abs=0.3)


@pytest.mark.parametrize("step_s", [0.5, 1.2])
def test_a_stretch_beside_a_short_stronger_one_neither_covers_it_nor_is_lost(step_s: float):
    """A closer look has many frames within half a second; another cut begins right after it."""
    short = [Vote(float(at), float(at) - 0.3, 1.0) for at in np.linspace(0.35, 0.85, 20)]
    long = [Vote(float(at), float(at) + 20, 0.15 if step_s < 1 else 0.9) for at in np.arange(1.2, 20, step_s)]
    found = [one.segment for one in align([*short, *long], [vote.at_s for vote in (*short, *long)], 20.0, 60.0, 0.35)]
    assert len(found) == 2
    assert found[0].end_s <= found[1].start_s
    assert found[0].end_s < 1.2
    assert found[1].end_s > 19


def test_a_stretch_does_not_reach_over_one_found_before():
    """Both ends of a film run on one line; another cut lies between them for less than it takes to interrupt it."""
    within = [Vote(float(at), float(at) + 30, 1.0) for at in np.linspace(10.0, 11.2, 30)]
    around = [Vote(float(at), float(at), 0.3) for at in (*np.arange(0.5, 10, 0.5), *np.arange(11.5, 20, 0.5))]
    found = align([*within, *around], [vote.at_s for vote in (*within, *around)], 20.0, 60.0, 0.35)
    assert len(found) >= 2
    assert all(one.segment.end_s <= other.segment.start_s for one, other in pairwise(found))


def test_a_trimmed_copy():
    found = _only(align(_votes([(0, 60, 100, 1.0)], wrong=2), LOOKED, LENGTH_S, 300, 0.6))
    assert _near(found.segment, 0, 60, 100, 160)
    assert coverage([found.segment], LENGTH_S, 300) == pytest.approx((1, 0.2), abs=0.01)


def test_an_item_inside_a_longer_film():
    found = _only(align(_votes([(22, 42, 0, 1.0)]), LOOKED, LENGTH_S, 20, 0.6))
    assert _near(found.segment, 22, 42, 0, 20)
    assert coverage([found.segment], LENGTH_S, 20) == pytest.approx((1 / 3, 1), abs=0.03)


def test_a_part_inside_a_longer_film_faster():
    found = _only(align(_votes([(22, 42, 100, 1.25)], wrong=1), LOOKED, LENGTH_S, 300, 0.6))
    assert _near(found.segment, 22, 42, 100, 125)


def test_something_inserted_into_the_item():
    found = align(_votes([(0, 20, 0, 1.0), (35, 60, 20, 1.0)], wrong=1), LOOKED, LENGTH_S, 45, 0.6)
    assert len(found) == 2
    assert _near(found[0].segment, 0, 20, 0, 20)
    assert _near(found[1].segment, 35, 60, 20, 45)
    assert coverage([one.segment for one in found], LENGTH_S, 45) == pytest.approx((0.75, 1), abs=0.03)


def test_a_part_taken_out_of_the_item():
    found = align(_votes([(0, 30, 0, 1.0), (30, 60, 50, 1.0)]), LOOKED, LENGTH_S, 80, 0.6)
    assert len(found) == 2
    assert _near(found[0].segment, 0, 30, 0, 30)
    assert _near(found[1].segment, 30, 60, 50, 80)


def test_played_backwards():
    found = _only(align(_votes([(0, 60, 60, -1.0)], wrong=2), LOOKED, LENGTH_S, 60, 0.6))
    assert found.speed == -1
    assert _near(found.segment, 0, 60, 60, 0)


def test_a_scene_that_hardly_changes_is_aligned_from_end_to_end():
    """Every moment looks like every other, the right one hardly more than the rest."""
    rng = np.random.default_rng(3)
    votes = [Vote(float(at), float(item), float(rng.uniform(0.6, 0.7))) for at in LOOKED[::4] for item in range(0, 75, 3)]
    found = _only(align(votes, LOOKED[::4], LENGTH_S, 75, 1.8))
    assert _near(found.segment, 0, 60, 0, 75) or _near(found.segment, 0, 60, found.offset_s, 60 + found.offset_s)


def test_the_item_may_be_looked_at_rarely():
    found = _only(align(_votes([(0, 60, 40, 1.0)], looks_s=5), LOOKED, LENGTH_S, 300, 2.7))
    assert _near(found.segment, 0, 60, 40, 100)


def test_one_frame_is_a_stretch_around_it():
    found = _only(align([Vote(30.5, 7.0, 1.0)], LOOKED, LENGTH_S, 20, 0.6))
    assert found.segment.start_s < 30.5 < found.segment.end_s
    assert found.segment.end_s - found.segment.start_s <= 1.5


def test_an_item_that_ends_in_black_reaches_to_its_end():
    votes = [Vote(at, at - 10.0, 0.9) for at in np.arange(10.5, 18.0)]
    looked = [*np.arange(0.5, 18.0), *np.arange(29.9, LENGTH_S)]  # the item ends at 30; of its end nothing was seen
    assert _near(_only(align(votes, looked, LENGTH_S, 20.0, 0.5)).segment, 10, 30, 0, 20)


def test_many_looks_at_one_moment_make_no_further_stretch():
    moment = [Vote(at, 5.0, 0.7) for at in np.arange(0.0, 0.5, 0.08)]
    votes = [*moment, *(Vote(at, at - 20.0, 0.9) for at in np.arange(20.5, LENGTH_S))]
    looked = [*(vote.at_s for vote in moment), *LOOKED[LOOKED > 0.5]]
    assert _near(_only(align(votes, looked, LENGTH_S, 40.0, 0.5)).segment, 20, 60, 0, 40)


def test_what_hardly_moves_is_not_slow():
    """A still room that fades in: all that follows is likest to its first moments."""
    alike = {5.36: 0.95, 5.6: 1.0, 5.88: 0.84, 6.12: 0.76, 6.36: 0.72, 6.6: 0.71}
    votes = [Vote(4.72, 5.36, 1.0), Vote(4.92, 5.36, 1.0)]
    votes += [Vote(at, moment, worth) for at in np.linspace(5.16, 6.16, 6) for moment, worth in alike.items()]
    looked = sorted({vote.at_s for vote in votes})
    assert _only(align(votes, looked, 9.0, 9.84, 0.35)).speed == pytest.approx(1, abs=0.1)


def test_no_votes_no_stretches():
    assert align([], LOOKED, LENGTH_S, 20, 0.6) == []


@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.floats(0, 300), st.floats(0.01, 1)),
        max_size=40,
    ),
    st.floats(0, 100),
    st.floats(0, 400),
)
def test_whatever_is_voted_stays_within_both_films(raw, length_s, item_length_s):
    votes = [Vote(min(at, length_s), min(item, item_length_s), weight) for at, item, weight in raw]
    found = align(votes, [vote.at_s for vote in votes], length_s, item_length_s, 0.6)
    for one in found:
        assert 0 <= one.segment.start_s <= one.segment.end_s <= length_s + 1e-3
        for item_at in (one.segment.item_start_s, one.segment.item_end_s):
            assert -1e-3 <= item_at <= item_length_s + 1e-3
    for before, after in pairwise(found):
        assert before.segment.end_s <= after.segment.start_s
    assert all(0 <= share <= 1 for share in coverage([one.segment for one in found], length_s, item_length_s))
