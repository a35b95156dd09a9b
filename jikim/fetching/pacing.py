"""Every host its slots: how many requests at once and how long between their starts.

The idea of per-host slots is Scrapy's. A host that says "too many" or "later" is left alone for as long as it asks, within
a bound; a Crawl-delay of its robots.txt is kept, within a bound.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jikim.errors import FetchFailed
from jikim.fetching.address import Target

MAX_CRAWL_DELAY_S = 10.0
REST_S = 5.0
"""How long a host rests that said "too many" without saying how long."""


@dataclass(slots=True)
class _Slot:
    active: int = 0
    next_start: float = 0.0
    crawl_delay_s: float = 0.0


class Pacing:
    """Hands out turns. Thread-safe. `max_rest_s` bounds how long a host can make everybody wait."""

    def __init__(self, connections_per_host: int, max_rest_s: float) -> None:
        self._connections_per_host = connections_per_host
        self._max_rest_s = max_rest_s
        self._slots: defaultdict[str, _Slot] = defaultdict(_Slot)
        self._changed = threading.Condition()
        self._is_closed = False

    @contextmanager
    def turn(self, target: Target, pace_s: float) -> Iterator[float]:
        """Waits for a turn at the target's host, holds it for the `with` block and gives the seconds waited.

        `pace_s` is the least time until the next start there. Raises FetchFailed when the pacing is closed meanwhile.
        """
        asked = time.monotonic()
        with self._changed:
            slot = self._slots[target.host]
            while True:
                if self._is_closed:
                    raise FetchFailed("fetching.closed", where=target.url)
                now = time.monotonic()
                is_free = slot.active < self._connections_per_host
                if is_free and now >= slot.next_start:
                    break
                self._changed.wait(slot.next_start - now if is_free else None)
            slot.active += 1
            slot.next_start = now + max(pace_s, slot.crawl_delay_s)
        try:
            yield now - asked
        finally:
            with self._changed:
                slot.active -= 1
                self._changed.notify_all()

    def rest(self, target: Target, seconds: float | None) -> None:
        """Nobody asks this host again for `seconds` (what it asked for; None: a short while)."""
        rest_s = min(REST_S if seconds is None else seconds, self._max_rest_s)
        with self._changed:
            slot = self._slots[target.host]
            slot.next_start = max(slot.next_start, time.monotonic() + rest_s)

    def keep_crawl_delay(self, target: Target, seconds: float) -> None:
        """At least `seconds` between two starts at this host, `MAX_CRAWL_DELAY_S` at most."""
        with self._changed:
            slot = self._slots[target.host]
            bounded_s = min(seconds, MAX_CRAWL_DELAY_S)
            if bounded_s > slot.crawl_delay_s:
                slot.crawl_delay_s = bounded_s
                slot.next_start = max(slot.next_start, time.monotonic() + bounded_s)

    def close(self) -> None:
        """Sends everybody who waits away."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
