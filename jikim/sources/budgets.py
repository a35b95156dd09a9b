"""How the places share what one search may name: in proportion to what each gave before, and never nothing.

A place that is through leaves its room to those that have more; whoever has used up its share waits for that before it asks
its place for another page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

FLOOR = 0.5
"""The part of a budget that is shared evenly, whatever was found before."""
DOUBT = 20
"""How many finds of a keyword weigh as much as what a place gives for all keywords."""
NEW_WORTH = 0.05
"""What a place is thought to be worth that was never asked."""


def worth(named: int, worthy: int, overall: float = NEW_WORTH) -> float:
    """The share of a place's finds that deserved a look: `worthy` of `named`, and `overall` where little is known."""
    return (worthy + DOUBT * overall) / (named + DOUBT)


def shares(limit: int, worths: Mapping[str, float]) -> dict[str, int]:
    """`limit` finds divided among places: `FLOOR` of it evenly, the rest in proportion to `worths`; at least one each while
    there are enough. The sum is `limit`."""
    if not worths:
        return {}
    even = limit * FLOOR / len(worths)
    total = sum(worths.values())
    exact = {name: even + limit * (1 - FLOOR) * (one / total if total else 1 / len(worths)) for name, one in worths.items()}
    whole = {name: int(one) for name, one in exact.items()}
    by_rest = sorted(exact, key=lambda name: (whole[name] > 0, whole[name] - exact[name]))
    for name in by_rest[: limit - sum(whole.values())]:
        whole[name] += 1
    return whole


class Room:
    """What the places may still name, shared by their threads. `patience_s` after its making, what silent places have not
    used is there for the others."""

    def __init__(
        self, limit: int, worths: Mapping[str, float], patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = shares(limit, worths)
        self._worths = worths
        self._spare = 0
        self._waiting: set[str] = set()
        self._untold = 0
        self._is_closed = False
        self._clock = clock
        self._until = clock() + patience_s
        self._changed = threading.Condition()

    def take(self, place: str) -> bool:
        """Whether `place` may name one more; waits while that depends on the others. Each is to be settled."""
        with self._changed:
            while not self._is_closed:
                if self._takes(place):
                    self._untold += 1
                    self._waiting.discard(place)
                    return True
                self._waiting.add(place)
                if not self._untold and not self._spare and self._left.keys() <= self._waiting:
                    break
                wait_s = self._until - self._clock()
                if wait_s > 0:
                    self._changed.wait(wait_s)
                else:
                    self._share_out()
                    if not self._spare:
                        self._changed.wait()
            self._waiting.discard(place)
            return False

    def settle(self, place: str, *, is_new: bool) -> None:
        """What was taken for `place` was named, or not: then it is there for another."""
        with self._changed:
            self._untold -= 1
            if not is_new and place in self._left:
                self._left[place] += 1
            elif not is_new:
                self._spare += 1
            self._changed.notify_all()

    def end(self, place: str) -> None:
        """`place` has no more: its room goes to the others."""
        with self._changed:
            self._spare += self._left.pop(place, 0)
            self._waiting.discard(place)
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody may name any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _takes(self, place: str) -> bool:
        if self._left.get(place, 0) > 0:
            self._left[place] -= 1
            return True
        is_first = all(self._worths[place] >= self._worths[other] for other in self._waiting)
        if self._spare and is_first:
            self._spare -= 1
            return True
        return False

    def _share_out(self) -> None:
        self._spare += sum(self._left.values())
        self._left = dict.fromkeys(self._left, 0)
        self._changed.notify_all()
