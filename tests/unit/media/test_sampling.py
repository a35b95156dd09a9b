"""Which moments are looked at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.media import sampling
from jikim.media.sampling import Packet

times = st.lists(st.floats(0, 1000, allow_nan=False), max_size=40).map(sorted)


def test_where_nothing_is_seen_only_a_floor_of_coverage_is_asked_for() -> None:
    asked = sampling.refine([0.0, 60.0], [], 60.0, 100)
    assert max(b - a for a, b in pairwise([0.0, *asked, 60.0])) <= 10.0
    assert len(asked) <= 6
    assert sampling.refine([0.0, *asked, 60.0], [], 60.0, 100) == []


def test_long_films_have_a_wider_floor() -> None:
    asked = sampling.refine([], [], 36_000.0, 1000)
    assert 80 <= len(asked) <= 100


def test_times_gather_where_cues_appear() -> None:
    seen = [float(second) for second in range(0, 61, 5)]
    assert sampling.refine(seen, [30.0], 60.0, 100) == [27.5, 32.5]
    assert sampling.refine(sorted([*seen, 27.5, 32.5]), [30.0], 60.0, 100) == []


def test_what_lasts_is_followed_less_closely_than_its_edges() -> None:
    assert sampling.refine([0.0, 5.0, 10.0], [0.0, 5.0, 10.0], 10.0, 100) == []
    assert sampling.refine([0.0, 9.0], [0.0, 9.0], 9.0, 100) == [4.5]


def test_disagreement_comes_before_agreement() -> None:
    assert sampling.refine([0.0, 5.0, 10.0], [0.0, 5.0], 10.0, 1) == [7.5]


@given(times, st.floats(0.1, 1000), st.integers(0, 50), st.data())
def test_refining_ends_and_stays_in_bounds(seen: list[float], duration: float, limit: int, data: st.DataObject) -> None:
    cued = [time_s for time_s in seen if data.draw(st.booleans())]
    asked = sampling.refine(seen, cued, duration, limit)
    assert len(asked) <= limit
    assert asked == sorted(asked)
    assert all(0 <= time_s <= duration for time_s in asked)
    assert not set(asked) & set(seen)


def test_refining_comes_to_an_end() -> None:
    seen, rounds = [0.0, 100.0], 0
    while asked := sampling.refine(seen, [time_s for time_s in seen if 40 <= time_s <= 50], 100.0, 20):
        seen = sorted({*seen, *asked})
        rounds += 1
        assert rounds < 30
    assert max(b - a for a, b in pairwise(seen)) <= 10.0
    edges = [(a, b) for a, b in pairwise(seen) if (40 <= a <= 50) != (40 <= b <= 50)]
    assert max(b - a for a, b in edges) <= 4.0


def test_scene_changes_stand_out_by_their_size() -> None:
    packets = [Packet(i / 10, 500 if i % 3 else 900, False) for i in range(300)]
    packets[0] = Packet(0.0, 20_000, True)
    packets[120] = Packet(12.0, 15_000, False)
    assert sampling.scene_changes(packets) == [12.0]
    assert sampling.scene_changes(packets[:20]) == []
    assert sampling.scene_changes([]) == []


def test_spreading_keeps_the_ends() -> None:
    moments = [float(i) for i in range(100)]
    chosen = sampling.spread(moments, 7)
    assert len(chosen) == 7
    assert (chosen[0], chosen[-1]) == (0.0, 99.0)
    assert sampling.spread(moments, 200) == moments
    assert sampling.spread(moments, 1) == [0.0]


def test_each_group_is_decoded_once() -> None:
    groups = sampling.group([1.0, 12.0, 9.99, 10.0, 25.0], [0.0, 10.0, 20.0])
    assert groups == [(0.0, [1.0, 9.99]), (10.0, [10.0, 12.0]), (20.0, [25.0])]


@given(times, st.floats(0.5, 100))
def test_filling_leaves_no_gap(seen: list[float], gap: float) -> None:
    joined = sorted([0.0, *seen, *sampling.fill(seen, 1000.0, gap), 1000.0])
    assert max(b - a for a, b in pairwise(joined)) <= gap * 1.001


def test_near_identical_pictures_are_seen_once() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 255, (90, 160, 3), dtype=np.uint8)
    first = first // 8 * 8
    seen = sampling.Seen(10)
    assert seen.is_new(first)
    assert not seen.is_new(first + rng.integers(0, 3, first.shape, dtype=np.uint8))
    changed = first.copy()
    changed[10:30, 20:50] = 255
    assert seen.is_new(changed)
    assert not seen.is_new(first)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 3), (16, 16), (17, 15), (1080, 1920)])
def test_a_signature_of_any_shape(shape: tuple[int, int]) -> None:
    sketch = sampling.signature(np.full((*shape, 3), 100, np.uint8))
    assert sketch.shape == (16, 16)
    assert np.allclose(sketch, 100, atol=0.5)
