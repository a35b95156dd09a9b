"""One sweep at the desk: the stages of `jikim.sweep`, each find put on record as it is made.

    Engine            what all sweeps of one worker share: looking processes, turns, one event loop in a thread
    Errand            one sweep: finds come from the places -> rows -> `follow` -> rows, in two threads

The event loop fetches and looks; the thread that called `Errand.run` alone writes to the database. A find has its row before
anything of it is fetched, and what was fetched is not fetched again after a kill: looking goes on from the rows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from django.db import OperationalError, transaction

from jikim.assessing import assess
from jikim.config import Config
from jikim.errors import JikimError
from jikim.scan import Failure, Look, failure_remarks
from jikim.sources.canonical import canonical
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import State
from jikim.sweep import FETCHES_AT_ONCE, GLANCE, Found, Health, House, Place, Turns, follow, search, state_of
from jikim.types import Candidate, Capture, JsonValue, Keyword, Level, Reason, SourceState
from jikim.vault import case_holder
from jikim.workers import Workers
from jikim_desk.records import store
from jikim_desk.records.models import Sweep, SweepKind
from jikim_desk.review import news
from jikim_desk.visiting import Places, Recording, opened

LOOKING_BUDGETS = 10
"""What a place does not say within the budget is late; looking at what it did say may take this many times as long."""
WATCH_BUDGET_S = 600.0
VISITS_AT_ONCE = 8
BATCH = 40
STOP_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A place named a candidate; `place` is the name under which it is known in this sweep."""

    candidate: Candidate
    place: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Something was fetched and sealed."""

    url: str
    capture: Capture


@dataclass(frozen=True, slots=True)
class Asked:
    """All places have answered or are late."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything was looked at, or `error` stopped it."""

    error: BaseException | None = None


Event = Seen | Fetched | Found | Asked | Ended


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


class Errand:
    """One sweep being run. Made for each attempt; what earlier attempts put on record is where it goes on."""

    def __init__(self, engine: Engine, sweep: Sweep) -> None:
        self._engine = engine
        self._sweep = sweep
        self._is_interactive = sweep.kind != SweepKind.WATCH
        self._case_holder = case_holder(sweep.case_id) if sweep.case_id else None
        budget_s = engine.config.sweeping.budget_s
        self._budget_s = budget_s if self._is_interactive else max(budget_s, WATCH_BUDGET_S)
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._to_follow: asyncio.Queue[tuple[Candidate, str] | None] = asyncio.Queue()
        self._answers: list[dict[str, Health]] = []
        self._open: dict[str, tuple[Candidate, Found | None]] = {}
        self._parts: dict[str, dict[tuple[str, str], Candidate]] = {}

    def run(self) -> bool:
        """Finds, looks and puts on record until all is done; False when a person stopped it. Raises JikimError."""
        unfinished = list(store.unfinished(self._sweep))
        recording = Recording(
            store.captured(self._sweep),
            lambda url, capture: self._events.put(Fetched(url, capture)),
            lambda error: self._events.put(Ended(error)),
        )
        with opened(self._engine.config, self._sweep, recording) as places:
            running = asyncio.run_coroutine_threadsafe(self._find(places), self._engine.loop)
            try:
                for candidate, place in unfinished:
                    self._take_on(candidate, place, recording)
                is_whole = self._keep_until_ended(running, recording, is_test=places.is_practice)
                self._remember_health()
                return is_whole
            finally:
                running.cancel()

    # In the thread of the caller: rows.

    def _keep_until_ended(self, running: Future[None], recording: Recording, *, is_test: bool) -> bool:
        while True:
            batch = list(self._batch())
            self._keep(batch, recording)
            for event in batch:
                if isinstance(event, Asked):
                    self._engine.loop.call_soon_threadsafe(self._to_follow.put_nowait, None)
                if isinstance(event, Ended):
                    if event.error is not None:
                        raise event.error
                    return True
            if Sweep.objects.filter(pk=self._sweep.pk, is_stopping=True).exists():
                running.cancel()
                as_they_stand = [as_it_stands(candidate, found, is_test=is_test) for candidate, found in self._open.values()]
                self._keep(as_they_stand, recording)
                return False

    def _batch(self) -> Iterator[Event]:
        """What has happened, waiting a while for the first; nothing that came after the end."""
        with suppress(Empty):
            event = self._events.get(timeout=STOP_POLL_S)
            yield event
            for _ in range(BATCH - 1):
                if isinstance(event, Ended):
                    return
                event = self._events.get_nowait()
                yield event

    def _keep(self, batch: Sequence[Event], recording: Recording) -> None:
        """Puts events on record in their order; a database that was busy is asked again, for all of it may be told twice."""
        taken: list[Seen] = []
        for together in in_transactions(batch):
            taken += self._keep_together(together, recording)
        for event in batch:
            if isinstance(event, Found):
                self._open[event.candidate.id] = (event.candidate, event)
                if event.is_final:
                    del self._open[event.candidate.id]
        for seen in taken:
            self._take_on(seen.candidate, seen.place, recording)

    def _keep_together(self, events: Sequence[Event], recording: Recording) -> list[Seen]:
        for tries_left in (2, 1, 0):
            taken: list[Seen] = []
            try:
                with transaction.atomic():
                    for event in events:
                        self._keep_one(event, taken, recording)
                    self._keep_health()
                return taken
            except OperationalError:
                if not tries_left:
                    raise
        raise AssertionError("the last try raises")

    def _keep_one(self, event: Event, taken: list[Seen], recording: Recording) -> None:
        if isinstance(event, Seen):
            if store.see(self._sweep, event.candidate, event.place):
                taken.append(event)
        elif isinstance(event, Fetched):
            for (_, part), candidate in self._parts.get(canonical(event.url), {}).items():
                store.keep_capture(candidate, part, event.capture, self._case_holder)
        elif isinstance(event, Found):
            if event.candidate != self._open[event.candidate.id][0]:  # its page was opened and told more
                store.keep_opened(event.candidate)
                self._expect(event.candidate, recording)
            store.keep_find(self._sweep, event)
            if event.is_final:
                news.arrived(event.candidate.id)

    def _keep_health(self) -> None:
        told = health_object(self._answers)
        if told != self._sweep.health:
            self._sweep.health = told
            Sweep.objects.filter(pk=self._sweep.pk).update(health=told)

    def _remember_health(self) -> None:
        """As `jikim sweep`: how every place answered last, for `jikim source health`."""
        if self._sweep.kind == SweepKind.REPORTED:
            return
        with State.open(self._engine.config.home) as state:
            for name, told in self._sweep.health.items():
                state.record_health(name, SourceState(told["state"]), told["error"] or None)

    def _take_on(self, candidate: Candidate, place: str, recording: Recording) -> None:
        """Hands a find whose row is there to the event loop."""
        if candidate.id in self._open:
            return
        self._open[candidate.id] = (candidate, None)
        self._expect(candidate, recording)
        self._engine.loop.call_soon_threadsafe(self._to_follow.put_nowait, (candidate, place))

    def _expect(self, candidate: Candidate, recording: Recording) -> None:
        """Knows from now on that what is fetched from its addresses belongs to a find."""
        parts = [(candidate.url, store.PAGE)] if candidate.url not in candidate.media_urls else []
        parts += [(url, store.THUMBNAIL) for url in candidate.thumbnail_urls]
        parts += [(url, store.MEDIA) for url in candidate.media_urls]
        for url, part in parts:
            self._parts.setdefault(canonical(url), {})[candidate.id, part] = candidate
            capture = recording.kept(url)
            if capture is not None:
                store.keep_capture(candidate, part, capture, self._case_holder)

    # In the event loop: search, fetch, look.

    async def _find(self, places: Places) -> None:
        self._engine.interactive_count += self._is_interactive
        with ThreadPoolExecutor(FETCHES_AT_ONCE, "fetch") as fetching:
            try:
                deadline = self._engine.loop.time() + LOOKING_BUDGETS * self._budget_s
                house = House(self._engine.looking, fetching, self._engine.turns(self._is_interactive), deadline)
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._ask(places))
                    while (one := await self._to_follow.get()) is not None:
                        ways.create_task(self._go(one[0], await places.at(one[1]), house))
                self._events.put(Ended())
            except BaseExceptionGroup as group:
                self._events.put(Ended(group.exceptions[0]))
            except BaseException as error:
                self._events.put(Ended(error))
                raise
            finally:
                self._engine.interactive_count -= self._is_interactive
                fetching.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, places: Places) -> None:
        """Asks the places for each keyword, or visits the addresses that were reported."""
        if self._sweep.kind == SweepKind.REPORTED:
            visits = asyncio.Semaphore(VISITS_AT_ONCE)
            self._answers.append({})
            async with asyncio.TaskGroup() as visiting:
                for number in range(1, len(self._sweep.addresses) + 1):
                    visiting.create_task(self._visit(str(number), places, visits))
        else:
            every = await places.every()
            for text in self._sweep.keywords:
                self._answers.append({})
                await self._ask_for(read_keyword(text, None), every, self._engine.config.sweeping.limit)
        self._events.put(Asked())

    async def _visit(self, number: str, places: Places, visits: asyncio.Semaphore) -> None:
        async with visits:
            try:
                place = await places.at(number)
            except JikimError as error:
                self._answers[-1][number] = Health(state_of(error), 0, error)
            else:
                await self._ask_for(Keyword("", self._engine.config.lang), [place], 1)

    async def _ask_for(self, keyword: Keyword, asked: Sequence[Place], limit: int) -> None:
        deadline = self._engine.loop.time() + self._budget_s
        async for place, candidate in search(keyword, asked, None, limit, deadline, self._answers[-1]):
            self._events.put(Seen(candidate, place.name))

    async def _go(self, candidate: Candidate, place: Place, house: House) -> None:
        """Follows a candidate to its end. The page of one that is worth a look, or was reported, is captured meanwhile."""
        page: list[asyncio.Task[Failure | None]] = []
        last: list[Found] = []

        def tell(found: Found) -> None:
            is_page = candidate.url not in candidate.media_urls
            if is_page and not page and (found.assessment.level is not Level.NONE or self._sweep.kind == SweepKind.REPORTED):
                page.append(asyncio.create_task(self._fetch_page(candidate, place, house)))
            if found.is_final:
                last.append(found)
            else:
                self._events.put(found)

        try:
            await follow(candidate, place, house, tell)
            for failure in [await one for one in page]:
                if failure is not None:
                    look = replace(last[0].look, failures=(*last[0].look.failures, failure))
                    last[0] = replace(last[0], look=look)
            self._events.put(last[0])
        finally:
            for one in page:
                one.cancel()

    async def _fetch_page(self, candidate: Candidate, place: Place, house: House) -> Failure | None:
        async with house.turns.take(GLANCE, 0.0):
            try:
                await house.fetch(candidate.url, place.fetcher)
            except JikimError as error:
                return Failure("fetch", error)
        return None


def in_transactions(batch: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in order, each final find alone: it takes its turn at the chain and locks its copies, and lets go at once."""
    together: list[Event] = []
    for event in batch:
        if isinstance(event, Found) and event.is_final:
            if together:
                yield together
            yield [event]
            together = []
        else:
            together.append(event)
    yield together


def as_it_stands(candidate: Candidate, found: Found | None, *, is_test: bool) -> Found:
    """What is known of a find that was not looked at to the end."""
    look = found.look if found else Look()
    remarks = failure_remarks(look.failures)
    if candidate.media_urls:
        remarks.append(Reason("reason.not_read" if look.media else "reason.not_looked_at", {}, 0.0, ()))
    made = assess(candidate.id, look.cues, remarks=remarks, has_failures=bool(look.failures), is_test=is_test)
    return Found(candidate, look, made, is_final=True)


WORST_FIRST = (
    SourceState.DEAD,
    SourceState.CHANGED,
    SourceState.BLOCKED,
    SourceState.LIMITED,
    SourceState.UNKNOWN,
    SourceState.SLOW,
    SourceState.OK,
)


def health_object(answers: Sequence[Mapping[str, Health]]) -> dict[str, dict[str, JsonValue]]:
    """How each place answered, over all keywords: the worst of its states, everything it found, its first error."""
    told: dict[str, dict[str, JsonValue]] = {}
    for name in dict.fromkeys(name for answer in answers for name in answer):
        each = [answer[name] for answer in answers if name in answer]
        states = {one.state for one in each}
        errors = [one.error.key for one in each if one.error]
        told[name] = {
            "state": next((state for state in WORST_FIRST if state in states), SourceState.EMPTY).value,
            "found": sum(one.found for one in each),
            "error": errors[0] if errors else "",
        }
    return told
