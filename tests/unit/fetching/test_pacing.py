from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jikim.errors import FetchFailed
from jikim.fetching import pacing as pacing_module
from jikim.fetching.address import parse
from jikim.fetching.pacing import MAX_CRAWL_DELAY_S, Pacing

HERE, THERE = parse("http://here.test/"), parse("http://there.test/")


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


class PassingCondition(threading.Condition):
    """Waiting for a time lets that time pass at once; waiting for a change really waits."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def wait(self, timeout=None):
        if timeout is None:
            return super().wait()
        self._clock.now += timeout
        return True


@pytest.fixture
def paced(monkeypatch):
    """`paced(connections_per_host, max_rest_s)`: a Pacing whose time passes only when somebody waits."""

    def make(connections_per_host, max_rest_s):
        clock = Clock()
        monkeypatch.setattr(pacing_module, "time", clock)
        pacing = Pacing(connections_per_host, max_rest_s)
        pacing._changed = PassingCondition(clock)
        return pacing

    return make


def starts(pacing, target, pace_s, times):
    found = []
    for _ in range(times):
        with pacing.turn(target, pace_s) as waited_s:
            found.append(waited_s)
    return found


def test_starts_keep_their_distance(paced):
    assert starts(paced(2, 60.0), HERE, 1.5, 3) == [0.0, 1.5, 1.5]


def test_hosts_do_not_wait_for_each_other(paced):
    pacing = paced(1, 60.0)
    with pacing.turn(HERE, 5.0):
        assert starts(pacing, THERE, 5.0, 1) == [0.0]


def test_a_crawl_delay_is_kept_within_a_bound(paced):
    pacing = paced(2, 60.0)
    pacing.keep_crawl_delay(HERE, 3.0)
    pacing.keep_crawl_delay(HERE, 3.0)
    assert starts(pacing, HERE, 1.0, 3) == [3.0, 3.0, 3.0]
    pacing.keep_crawl_delay(HERE, 86400.0)
    assert starts(pacing, HERE, 1.0, 2) == [MAX_CRAWL_DELAY_S] * 2


def test_a_busy_host_rests_within_a_bound(paced):
    pacing = paced(2, 60.0)
    pacing.rest(HERE, 7.0)
    assert starts(pacing, HERE, 0.0, 2) == [7.0, 0.0]
    pacing.rest(HERE, 86400.0)
    assert starts(pacing, HERE, 0.0, 1) == [60.0]
    pacing.rest(HERE, None)
    assert starts(pacing, HERE, 0.0, 1) == [pacing_module.REST_S]


def test_no_more_at_once_than_allowed():
    pacing, lock = Pacing(3, 60.0), threading.Lock()
    active, most = 0, 0
    all_in = threading.Barrier(3)

    def ask(number):
        nonlocal active, most
        with pacing.turn(HERE, 0.0):
            with lock:
                active += 1
                most = max(most, active)
            if number < 3:
                all_in.wait(timeout=30)  # three really are in together
            with lock:
                active -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(12)))
    assert most == 3


def test_closing_sends_everybody_away():
    pacing = Pacing(1, 60.0)
    waiting = threading.Event()

    def ask():
        waiting.set()
        with pacing.turn(HERE, 0.0):
            raise AssertionError("got a turn")

    with ThreadPoolExecutor(1) as pool, pacing.turn(HERE, 0.0):
        asked = pool.submit(ask)
        waiting.wait()
        pacing.close()
        with pytest.raises(FetchFailed, match="stopped"):
            asked.result()
    with pytest.raises(FetchFailed, match="stopped"), pacing.turn(THERE, 0.0):
        pass
