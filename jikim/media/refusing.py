"""How a reader says no, and how it knows that it has worked long enough."""

from __future__ import annotations

import time
from typing import NoReturn

from jikim.media import wire


class Refused(Exception):
    """The file will not be opened, for a reason the parent has words for."""

    def __init__(self, refusal: wire.Refusal) -> None:
        super().__init__(refusal.key)
        self.refusal = refusal


def refuse(key: wire.RefusalKey, content: wire.Content = "") -> NoReturn:
    """Raises Refused."""
    raise Refused(wire.Refusal(key, content))


def refuse_size(width_px: int, height_px: int) -> NoReturn:
    """Raises Refused for a picture of that size."""
    raise Refused(wire.Refusal("media.too_large", "", max(0, width_px), max(0, height_px)))


def check_size(width_px: int, height_px: int, bounds: wire.Bounds) -> None:
    """Raises Refused for a picture too large to be decoded, before it is."""
    if width_px * height_px > bounds.max_pixels or max(width_px, height_px) > wire.MAX_SIDE_PX:
        refuse_size(width_px, height_px)


class Clock:
    """How long a file has kept its reader busy, all requests together, in seconds of wall time."""

    def __init__(self, budget_s: float) -> None:
        self._budget_s = budget_s
        self._spent_s = 0.0
        self._since: float | None = time.monotonic()

    def pause(self) -> None:
        """While waiting for the parent."""
        if self._since is not None:
            self._spent_s += time.monotonic() - self._since
            self._since = None

    def go_on(self) -> None:
        self._since = time.monotonic()

    def is_over(self, share: float = 1.0) -> bool:
        """Whether `share` of the budget is spent."""
        running = 0.0 if self._since is None else time.monotonic() - self._since
        return self._spent_s + running > self._budget_s * share
