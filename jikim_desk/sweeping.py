"""One sweep at the desk: the stages of `jikim.sweep`, each find put on record as it is made.

The event loop fetches and looks; the thread that called `Errand.search` and `Errand.look` alone writes to the database. Each
stage has its checkpoint in the rows, so that a kill repeats only what was in hand at that moment:

    search      what all places have answered (`Sweep.answered`) is not asked again
    fetch       a find has its row before anything of it is fetched; what was fetched (`Capture`) is not fetched again
    analyze     each look that was taken is kept with the find (`Candidate.looks`) and not taken again
    assess      a find that is final is not looked at again
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import groupby, takewhile
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from django.db import OperationalError, transaction
from django.utils import timezone

from jikim.commands import remembering
from jikim.errors import JikimError
from jikim.scan import Failure, Look
from jikim.sources.canonical import canonical
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import State
from jikim.sweep import FETCHES_AT_ONCE, GLANCE, Found, Health, House, Place, follow, search, state_of
from jikim.types import Candidate, Keyword, Level, SourceState
from jikim.vault import case_holder
from jikim_desk import rota
from jikim_desk.events import (
    Answer,
    Answered,
    Asked,
    Ended,
    Event,
    Fetched,
    Looked,
    Seen,
    as_it_stands,
    in_transactions,
    together,
)
from jikim_desk.events import told as told_of
from jikim_desk.looking import Engine
from jikim_desk.notices.reuploads import noticing
from jikim_desk.records import runs, store
from jikim_desk.records.models import Sweep, SweepKind
from jikim_desk.review import news
from jikim_desk.sealing import reference, vault
from jikim_desk.visiting import Places, Recording, opened

LOOKING_BUDGETS = 10
"""What a place does not say within the budget is late; looking at what it did say may take this many times as long."""
WATCH_BUDGET_S = 600.0
VISITS_AT_ONCE = 8
BATCH = 40
GATHER_S = 0.1
"""How long events are gathered to be put on record together."""
STOP_POLL_S = 1.0
NO_WORTHS: Mapping[str, float] = {}


class Errand:
    """One sweep being run, in two stages. Made for each attempt; what earlier attempts put on record is where it goes on."""

    def __init__(self, engine: Engine, sweep: Sweep) -> None:
        self._engine = engine
        self._sweep = sweep
        self._is_interactive = sweep.kind != SweepKind.WATCH
        self._typed = frozenset(sweep.watch.keywords if sweep.watch is not None else sweep.keywords or ())
        self._case_holder = case_holder(sweep.case_id) if sweep.case_id else None
        budget_s = engine.config.sweeping.budget_s
        self._budget_s = budget_s if self._is_interactive else max(budget_s, WATCH_BUDGET_S)
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._to_follow: asyncio.Queue[tuple[Candidate, str, dict[str, list[Look]]] | None] = asyncio.Queue()
        self._answers: dict[str, dict[str, Health]] = {}
        self._answered: dict[str, Answer] = dict(sweep.answered)
        self._asked: dict[str, Sequence[Place]] = {}
        self._finals: list[Found] = []
        self._open: dict[str, tuple[Candidate, Found | None]] = {}
        self._parts: dict[str, dict[tuple[str, str], Candidate]] = {}
        self._asks_again_at_s = 0.0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Goes on where the rows stand: finds that are open are followed, what has not answered is asked. Raises JikimError."""
        unfinished = list(store.unfinished(self._sweep))
        self._recording = Recording(
            store.captured(self._sweep),
            lambda url, capture: self._events.put(Fetched(url, capture)),
            lambda error: self._events.put(Ended(error)),
        )
        with ExitStack() as stack:
            places = stack.enter_context(opened(self._engine.config, self._sweep, self._recording))
            self._is_test = places.is_practice
            self._running: Future[None] = asyncio.run_coroutine_threadsafe(self._find(places), self._engine.loop)
            stack.callback(self._running.cancel)
            for candidate, place, looks in unfinished:
                self._take_on(candidate, place, looks)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def search(self) -> bool:
        """Keeps what is found and looked at until all places have answered or are late; False when a person stopped it. Raises
        JikimError."""
        return self._keep_until(Asked)

    def look(self) -> bool:
        """Keeps what is looked at until all is done; False when a person stopped it. Raises JikimError."""
        return self._keep_until(Ended)

    # In the thread of the caller: rows.

    def _keep_until(self, last: type[Asked] | type[Ended]) -> bool:
        while True:
            batch = list(self._batch(last))
            self._keep(batch)
            for event in batch:
                if isinstance(event, Asked):
                    runs.looks(self._sweep.pk)
                    self._engine.loop.call_soon_threadsafe(self._to_follow.put_nowait, None)
                if isinstance(event, Ended) and event.error is not None:
                    raise event.error
            if batch and isinstance(batch[-1], last):
                if last is Ended:
                    self._remember()
                return True
            if self._is_stopped():
                self._stop()
                return False

    def _stop(self) -> None:
        """Leaves every find as it stands."""
        self._running.cancel()
        self._keep([as_it_stands(candidate, found, is_test=self._is_test) for candidate, found in self._open.values()])
        self._remember()

    def _batch(self, last: type[Asked] | type[Ended]) -> Iterator[Event]:
        """What has happened, waiting a while for the first and gathering what comes right after it; nothing after `last`."""
        with suppress(Empty):
            event = self._events.get(timeout=STOP_POLL_S)
            until_s = time.monotonic() + GATHER_S
            yield event
            for _ in range(BATCH - 1):
                if isinstance(event, (last, Ended)):
                    return
                event = self._events.get(timeout=max(0.0, until_s - time.monotonic()))
                yield event

    def _is_stopped(self) -> bool:
        """Whether a person stopped it; asked once a while."""
        if time.monotonic() < self._asks_again_at_s:
            return False
        self._asks_again_at_s = time.monotonic() + STOP_POLL_S
        return Sweep.objects.filter(pk=self._sweep.pk, is_stopping=True).exists()

    def _keep(self, batch: Sequence[Event]) -> None:
        """Puts events on record in their order; a database that was busy is asked again, for all of it may be told twice."""
        taken: list[Seen] = []
        for kept_together in in_transactions(batch):
            taken += self._keep_together(kept_together)
        for event in batch:
            if isinstance(event, Looked):
                candidate = event.found.candidate
                self._open[candidate.id] = (candidate, event.found)
                if event.found.is_final:
                    del self._open[candidate.id]
                    self._finals.append(event.found)
        for seen in taken:
            self._take_on(seen.candidate, seen.place, {})

    def _keep_together(self, events: Sequence[Event]) -> list[Seen]:
        for tries_left in (2, 1, 0):
            taken: list[Seen] = []
            try:
                with transaction.atomic():
                    for _, group in groupby(events, lambda event: isinstance(event, Seen)):
                        some = list(group)
                        taken += self._see([event for event in some if isinstance(event, Seen)])
                        for event in some:
                            self._keep_one(event)
                    self._keep_answers()
                return taken
            except OperationalError:
                if not tries_left:
                    raise
        raise AssertionError("the last try raises")

    def _see(self, some: Sequence[Seen]) -> list[Seen]:
        """Those that this sweep is to look at. Two sources that name one page give one find: where both come together, the
        second waits until the first has its row."""
        first: dict[str, Seen] = {}
        for event in some:
            first.setdefault(canonical(event.candidate.url), event)
        if not some:
            return []
        at_once = list(first.values())
        later = [event for event in some if event is not first[canonical(event.candidate.url)]]
        are_ours = store.see_all(self._sweep, [(event.candidate, event.place) for event in at_once])
        ours = [event for event, is_ours in zip(at_once, are_ours, strict=True) if is_ours]
        if len(ours) < len(some):
            noticing.sighted([event.candidate.id for event in some])
        return ours + [event for event in later if store.see(self._sweep, event.candidate, event.place)]

    def _keep_one(self, event: Event) -> None:
        if isinstance(event, Fetched):
            for (_, part), candidate in self._parts.get(canonical(event.url), {}).items():
                store.keep_capture(candidate, part, event.capture, self._case_holder)
        elif isinstance(event, Answered):
            self._answered[event.number] = told_of(self._answers[event.number])
        elif isinstance(event, Looked):
            candidate = event.found.candidate
            if candidate != self._open[candidate.id][0]:  # its page was opened and told more
                store.keep_opened(candidate)
                self._expect(candidate)
            has_copies = store.keep_find(self._sweep, event.found, event.looks)
            if event.found.is_final and has_copies is not False:  # new and without copies: no decision can count for it
                news.arrived(candidate.id)
            if has_copies or (has_copies is not None and noticing.is_known(event.found.look.cues)):
                noticing.arrived(candidate.id)
            if has_copies is not None and event.found.assessment.level is Level.URGENT:
                rota.note(candidate.id, timezone.now())

    def _keep_answers(self) -> None:
        now = {number: told_of(answer) for number, answer in self._answers.items()} | self._answered
        health, answered = together(now.values()), self._answered
        if (health, answered) != (self._sweep.health, self._sweep.answered):
            self._sweep.health, self._sweep.answered = dict(health), dict(answered)
            Sweep.objects.filter(pk=self._sweep.pk).update(health=health, answered=answered)

    def _remember(self) -> None:
        """As `jikim sweep`: how every place answered last, for `jikim source health`; what each gave for a keyword, so that the
        next sweep asks it for its share; and at which hosts the finds stand. Of an attempt that was killed only the health."""
        if self._sweep.kind == SweepKind.REPORTED:
            return
        with State.open(self._engine.config.home) as state:
            for number, places in self._asked.items():
                finals = [one for one in self._finals if one.candidate.keyword.text == self._keyword(number).text]
                remembering.record(state, places, self._reference(number), self._answers[number], finals)
                if not self._is_test:
                    remembering.record_hosts(vault(), state, places, finals)
            for name, one in self._sweep.health.items():
                state.record_health(name, SourceState(one["state"]), one["error"] or None, one.get("field") or None)

    def _keyword(self, number: str) -> Keyword:
        """What was asked for; an approved spelling says that it is one, for it is meant letter by letter."""
        read = read_keyword(self._sweep.keywords[int(number) - 1], None)
        return read if read.text in self._typed else replace(read, origin="variant")

    def _reference(self, number: str) -> str:
        return reference("keyword", self._keyword(number).text)

    def _take_on(self, candidate: Candidate, place: str, looks: dict[str, list[Look]]) -> None:
        """Hands a find whose row is there to the event loop."""
        if candidate.id in self._open:
            return
        self._open[candidate.id] = (candidate, None)
        self._expect(candidate)
        self._engine.loop.call_soon_threadsafe(self._to_follow.put_nowait, (candidate, place, looks))

    def _expect(self, candidate: Candidate) -> None:
        """Knows from now on that what is fetched from its addresses belongs to a find."""
        parts = [(candidate.url, store.PAGE)] if candidate.url not in candidate.media_urls else []
        parts += [(url, store.THUMBNAIL) for url in candidate.thumbnail_urls]
        parts += [(url, store.MEDIA) for url in candidate.media_urls]
        for url, part in parts:
            self._parts.setdefault(canonical(url), {})[candidate.id, part] = candidate
            capture = self._recording.kept(url)
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
                        candidate, place, looks = one
                        ways.create_task(self._go(candidate, await places.at(place), house, looks))
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
        """Asks the places for each keyword, or visits the addresses that were reported, as far as that is not done."""
        if self._sweep.kind == SweepKind.REPORTED:
            visits = asyncio.Semaphore(VISITS_AT_ONCE)
            async with asyncio.TaskGroup() as visiting:
                for number in map(str, range(1, len(self._sweep.addresses) + 1)):
                    if number not in self._answered:
                        visiting.create_task(self._visit(number, places, visits))
        else:
            every = await places.every()
            for number in map(str, range(1, len(self._sweep.keywords) + 1)):
                if number not in self._answered:
                    await self._search_for(number, every)
        self._events.put(Asked())

    async def _visit(self, number: str, places: Places, visits: asyncio.Semaphore) -> None:
        async with visits:
            try:
                place = await places.at(number)
            except JikimError as error:
                self._answers[number] = {number: Health(state_of(error), 0, error)}
                self._events.put(Answered(number))
            else:
                await self._ask_for(number, Keyword("", self._engine.config.lang), [place], 1)
                self._events.put(Answered(number))

    async def _search_for(self, number: str, every: Sequence[Place]) -> None:
        """Each place is asked for its share by what it gave before; one that lacks a field it used to give is `changed`."""
        home = self._engine.config.home
        with State.open(home) as state:
            worths = remembering.worths(state, every, self._reference(number))
        await self._ask_for(number, self._keyword(number), every, self._engine.config.sweeping.limit, worths)
        with State.open(home) as state:
            remembering.notice_drift(state, every, self._answers[number])
        self._asked[number] = every
        self._events.put(Answered(number))

    async def _ask_for(
        self, number: str, keyword: Keyword, asked: Sequence[Place], limit: int, worths: Mapping[str, float] = NO_WORTHS
    ) -> None:
        deadline = self._engine.loop.time() + self._budget_s
        answer = self._answers[number] = {}
        async for place, candidate in search(keyword, asked, None, limit, deadline, answer, worths):
            self._events.put(Seen(candidate, place.name))

    async def _go(self, candidate: Candidate, place: Place, house: House, looks: dict[str, list[Look]]) -> None:
        """Follows a candidate to its end, from the looks taken before. The page of one that is worth a look, or was reported,
        is captured meanwhile."""
        page: list[asyncio.Task[Failure | None]] = []
        last: list[Found] = []

        def tell(found: Found) -> None:
            is_page = candidate.url not in candidate.media_urls
            if is_page and not page and (found.assessment.level is not Level.NONE or self._sweep.kind == SweepKind.REPORTED):
                page.append(asyncio.create_task(self._fetch_page(candidate, place, house)))
            if found.is_final:
                last.append(found)
            else:
                self._events.put(Looked(found, sound(looks)))

        try:
            await follow(candidate, place, house, tell, looks)
            for failure in [await one for one in page]:
                if failure is not None:
                    look = replace(last[0].look, failures=(*last[0].look.failures, failure))
                    last[0] = replace(last[0], look=look)
            self._events.put(Looked(last[0]))
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


def sound(looks: Mapping[str, Sequence[Look]]) -> dict[str, list[Look]]:
    """The looks that need not be taken again, by step: those before the first that failed in anything."""
    kept = {f"{step}": list(takewhile(lambda look: not look.failures, taken)) for step, taken in looks.items()}
    return {step: taken for step, taken in kept.items() if taken}
