"""What all sweeps of one worker share: the looking processes, their turns, and one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from jikim.config import Config
from jikim.sweep import FETCHES_AT_ONCE, Turns
from jikim.workers import Workers


class Engine:
    """The looking processes and the event loop of one worker. Interactive sweeps overtake: while one runs, the others take
    one turn at a time."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.looking = Workers(config, has_extents=True)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="engine", daemon=True)
        at_once = self.looking.count + FETCHES_AT_ONCE
        self.interactive = Turns(at_once)
        self.background = GivingWay(self.looking.count + 2, self)
        self.interactive_count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.looking.__exit__(kind, error, trace)
        self.loop.close()

    def turns(self, is_interactive: bool) -> Turns:
        """The turns of one lane."""
        return self.interactive if is_interactive else self.background


class GivingWay(Turns):
    """Turns of the 24-hour sweep: one at a time while somebody is waiting for an interactive one."""

    def __init__(self, at_once: int, engine: Engine) -> None:
        super().__init__(at_once)
        self._engine = engine
        self._narrow = asyncio.Lock()

    @asynccontextmanager
    async def take(self, stage: int, rank: float) -> AsyncIterator[None]:
        """As `Turns.take`."""
        async with super().take(stage, rank):
            if self._engine.interactive_count:
                async with self._narrow:
                    yield
            else:
                yield
