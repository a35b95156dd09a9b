"""What places may name is shared by what they gave before, nobody is left with nothing, and no room is left unused."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.sources.budgets import Room, shares, worth

WORTHS = st.dictionaries(st.sampled_from("abcdefghij"), st.floats(0, 1), min_size=1)


@given(st.integers(0, 1_000), WORTHS)
def test_all_is_shared_and_nobody_gets_nothing(limit, worths):
    shared = shares(limit, worths)
    assert sum(shared.values()) == limit
    assert shared.keys() == worths.keys()
    if limit >= 2 * len(worths):
        assert min(shared.values()) >= 1


def test_what_gave_more_gets_more_and_half_is_even():
    assert shares(300, {"a": 0.4, "b": 0.1, "c": 0.0}) == {"a": 170, "b": 80, "c": 50}


def test_little_evidence_moves_little():
    assert worth(0, 0) == pytest.approx(0.05)
    assert worth(1, 1) < 0.1
    assert worth(1_000, 500) == pytest.approx(0.49, abs=0.01)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def namer(room: Room, place: str, count: int, settles: bool = True):
    """A place with `count` finds, in a thread of its own; the list of what it named."""
    named: list[int] = []

    def run() -> None:
        for number in range(count):
            if not room.take(place):
                break
            named.append(number)
            if settles:
                room.settle(place, is_new=True)
        room.end(place)

    thread = Thread(target=run)
    thread.start()
    return thread, named


@pytest.mark.parametrize("counts", [(0, 0, 90), (5, 90, 90), (90, 90, 90), (10, 10, 9), (30, 0, 1)])
def test_room_that_one_leaves_goes_to_the_others(counts):
    room = Room(30, dict.fromkeys("abc", 0.1), patience_s=60)
    every = [namer(room, place, count) for place, count in zip("abc", counts, strict=True)]
    for thread, _ in every:
        thread.join(10)
        assert not thread.is_alive()
    named = [len(named) for _, named in every]
    assert sum(named) == min(30, sum(counts))
    assert all(one >= min(10, count) for one, count in zip(named, counts, strict=True))


def test_a_place_that_answers_late_still_has_its_share():
    room = Room(30, {"fast": 0.1, "late": 0.1}, patience_s=60)
    fast, named = namer(room, "fast", 100)
    late, named_late = namer(room, "late", 100)
    fast.join(10)
    late.join(10)
    assert (len(named), len(named_late)) == (15, 15)


def test_what_a_silent_place_does_not_use_is_free_after_a_while():
    room = Room(30, {"fast": 0.1, "silent": 0.1}, patience_s=0)
    assert [room.take("fast") for _ in range(30)] == [True] * 30


def test_a_duplicate_does_not_count():
    room = Room(2, {"a": 0.1}, patience_s=60)
    assert room.take("a")
    assert room.take("a")
    waits = Event()
    answers: list[bool] = []
    thread = Thread(target=lambda: (waits.set(), answers.append(room.take("a"))))
    thread.start()
    waits.wait(10)
    room.settle("a", is_new=False)
    thread.join(10)
    assert answers == [True]


def test_closing_sends_everybody_away():
    room = Room(1, {"a": 0.1, "b": 0.1}, patience_s=60)
    shared = shares(1, {"a": 0.1, "b": 0.1})
    waiter = min(shared, key=lambda name: shared[name])
    thread, named = namer(room, waiter, 5)
    room.close()
    thread.join(10)
    assert not thread.is_alive()
    assert named == []
