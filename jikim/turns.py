"""Whose turn it is: so many at once, and the most promising first."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """So many at once, and whoever is most promising goes next."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: list[tuple[int, float, int, asyncio.Future[None]]] = []
        self._count = 0

    @asynccontextmanager
    async def take(self, stage: int, rank: float) -> AsyncIterator[None]:
        """Waits for a turn: a lower stage first, then a lower rank, then who came first."""
        await self._wait(stage, rank)
        try:
            yield
        finally:
            self._free += 1
            self._call_next()

    async def _wait(self, stage: int, rank: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (stage, rank, self._count, turn))
        self._call_next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free += 1
                self._call_next()
            raise

    def _call_next(self) -> None:
        while self._free and self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._free -= 1
                turn.set_result(None)
