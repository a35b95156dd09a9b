"""The whole way of one keyword, from top to bottom:

    sweep()      keyword in, finds out, best first within a budget of time
      search()     every source at once -> candidates, merged
      follow()     one candidate, from its words to its assessment:
        glance()     its words and thumbnail, before anything else is downloaded
        open_page()  its page, where the place names pages alone: what media it holds
        look()       its media, the most promising candidates first: fetched, sealed, opened, seen, then read and heard
        conclude()   the assessment, after each step and at the end

Nothing waits for a slow place: what is not done when the time is up is said, never passed over in silence.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from jikim import workers
from jikim.assessing import assess
from jikim.errors import FetchFailed, JikimError, SourceChanged
from jikim.rendering import joined
from jikim.scan import Failure, Look, Step, failure_remarks
from jikim.seams import Fetcher, Source
from jikim.sources import budgets
from jikim.sources.canonical import SOUND, canonical
from jikim.sources.health import is_silence
from jikim.sources.health import state_of as state_of
from jikim.sources.merging import Merging
from jikim.sources.page import opened_page
from jikim.turns import Turns as Turns
from jikim.types import Assessment, Candidate, Capture, Keyword, Level, Reason, SourceState, TextOrigin, TextSpan
from jikim.workers import Workers

T = TypeVar("T")

FETCHES_AT_ONCE = 8
PATIENCE = 1 / 3
"""The part of the time after which what silent places have not used of their share is there for the others."""
TOLD_FIELDS = ("title", "text", "author_ref", "posted_at", "media_urls", "thumbnail_urls", "duration_s")
"""What a place may say of a find."""
GLANCE, OPEN, SEE, READ = 0, 1, 2, 3
"""What goes first: a glance at everything before a look at anything, and what is to be read or heard last."""


@dataclass(frozen=True, slots=True)
class Place:
    """A source to search, the fetcher it was handed, and whether it has proved to be a practice platform.

    `name` tells two places of one kind apart: `feed`, `feed:2`.
    """

    name: str
    source: Source
    fetcher: Fetcher
    is_practice: bool = False
    canary: Keyword | None = None
    """A keyword for which this place always has something: asked when it has nothing for another one."""
    identity: str = ""
    """What it is known by from one run to the next; empty: nothing is remembered of it."""
    host: str = ""
    """The site that is asked, where its address names one."""


@dataclass(slots=True)
class Health:
    """How a place has answered in this sweep."""

    state: SourceState = SourceState.SLOW
    found: int = 0
    error: JikimError | None = None
    warnings: list[JikimError] = field(default_factory=list)
    named: int = 0
    """How many candidates it named, duplicates included, and of how many of them it said what."""
    filled: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as it stands: provisional after the glance, final after the look."""

    candidate: Candidate
    look: Look
    assessment: Assessment
    is_final: bool
    place: str = ""
    """The name of the place that named it."""


def in_order(found: Iterable[Found]) -> list[Found]:
    """The order of work: level first, then score; ties in the order of the find."""
    levels = list(Level)
    return sorted(found, key=lambda one: (levels.index(one.assessment.level), -one.assessment.score))


async def sweep(
    keyword: Keyword,
    places: Sequence[Place],
    looking: Workers,
    *,
    since: datetime | None = None,
    limit: int,
    budget_s: float,
    health: dict[str, Health],
    worths: Mapping[str, float] = MappingProxyType({}),
    variants: Sequence[Keyword] = (),
) -> AsyncIterator[Found]:
    """Candidates for `keyword` with their assessments, each at least once provisionally or finally.

    `health` is filled in as the places answer; a place that is still silent when the time is up stays `slow`. `worths` says
    what each place gave before; `variants` are approved spellings that are asked for after the keyword itself.
    """
    deadline = asyncio.get_running_loop().time() + budget_s
    finds: asyncio.Queue[Found | None] = asyncio.Queue()
    with ThreadPoolExecutor(FETCHES_AT_ONCE, "fetch") as fetching:
        house = House(looking, fetching, Turns(looking.count + FETCHES_AT_ONCE), deadline)

        async def run() -> None:
            try:
                async with asyncio.TaskGroup() as ways:
                    async for place, candidate in search(keyword, places, since, limit, deadline, health, worths, variants):
                        ways.create_task(follow(candidate, place, house, finds.put_nowait))
            finally:
                finds.put_nowait(None)

        running = asyncio.create_task(run())
        try:
            while (found := await finds.get()) is not None:
                yield found
            await running
        finally:
            running.cancel()
            fetching.shutdown(wait=False, cancel_futures=True)


async def search(
    keyword: Keyword,
    places: Sequence[Place],
    since: datetime | None,
    limit: int,
    deadline: float,
    health: dict[str, Health],
    worths: Mapping[str, float] = MappingProxyType({}),
    variants: Sequence[Keyword] = (),
) -> AsyncIterator[tuple[Place, Candidate]]:
    """Asks every place at once and merges what they name, `limit` in all, shared among them as `sources.budgets` says.

    One find is one candidate, and so is one thing that several places name; posts of one place may share an address.
    """
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[tuple[Place, Candidate | None]] = asyncio.Queue()

    def tell(place: Place, candidate: Candidate | None) -> None:
        with suppress(RuntimeError):  # the time was up and the loop has gone; its health says that the place was slow
            loop.call_soon_threadsafe(answers.put_nowait, (place, candidate))

    known = {place.name: worths.get(place.name, budgets.NEW_WORTH) for place in places}
    room = budgets.Room(limit, known, PATIENCE * (deadline - loop.time()))
    for place in places:
        health[place.name] = Health()
        ask = (place, keyword, since, limit, health[place.name], tell, room, variants)
        threading.Thread(target=ask_place, args=ask, daemon=True, name=f"search-{place.name}").start()
    merging = Merging()
    waiting = len(places)
    try:
        while waiting and len(merging) < limit:
            try:
                async with asyncio.timeout_at(deadline):
                    place, candidate = await answers.get()
            except TimeoutError:
                return
            if candidate is None:
                waiting -= 1
                continue
            is_new = merging.is_new(place.name, candidate)
            room.settle(place.name, is_new=is_new)
            if is_new:
                health[place.name].found += 1
                yield place, candidate
        for one in health.values():
            if one.state is SourceState.SLOW and one.named:  # it was not late: nobody wanted more of it
                one.state = SourceState.OK
    finally:
        room.close()


def ask_place(
    place: Place,
    keyword: Keyword,
    since: datetime | None,
    limit: int,
    health: Health,
    tell: Callable[[Place, Candidate | None], None],
    room: budgets.Room | None = None,
    variants: Sequence[Keyword] = (),
) -> None:
    """Searches one place in its own thread, within its room, and says how it went; None marks its end."""
    try:
        for asked in (keyword, *variants):
            for candidate in _within(room, place, place.source.search(asked, since, limit)):
                health.named += 1
                health.filled.update(field for field in TOLD_FIELDS if getattr(candidate, field))
                tell(place, candidate)
            health.warnings += getattr(place.source, "warnings", ())
        health.state = SourceState.OK if health.named else _emptiness(place, health)
    except JikimError as error:
        health.warnings += getattr(place.source, "warnings", ())
        health.state, health.error = state_of(error), error
    except Exception as error:  # noqa: BLE001 - a plug-in's own fault ends its search alone; it is said, without its words
        health.state, health.error = SourceState.DEAD, FetchFailed("sweep.source_fault", problem=type(error).__name__)
    finally:
        if room is not None:
            room.end(place.name)
        tell(place, None)


def _within(room: budgets.Room | None, place: Place, found: Iterator[Candidate]) -> Iterator[Candidate]:
    """The candidates there is room for; the place is asked for another page only then."""
    while room is None or room.take(place.name):
        candidate = None
        try:
            candidate = next(found, None)
        finally:
            if room is not None and candidate is None:
                room.settle(place.name, is_new=False)
        if candidate is None:
            return
        yield candidate


def _emptiness(place: Place, health: Health) -> SourceState:
    """What an empty answer is worth: nothing found, if all of it was read and the place still finds what it always finds."""
    unread = next((warning for warning in health.warnings if is_silence(warning)), None)
    if unread is not None:
        health.error = unread
        return state_of(unread)
    if place.canary is None or any(place.source.search(place.canary, None, 1)):
        return SourceState.EMPTY
    health.error = SourceChanged("sweep.canary_silent", canary=place.canary.text)
    return SourceState.UNKNOWN


async def follow(
    candidate: Candidate,
    place: Place,
    house: House,
    tell: Callable[[Found], None],
    looks: dict[str, list[Look]] | None = None,
) -> None:
    """The way of one candidate: the cheapest informative step first, after each of them it stands anew among the others.

    `tell` hears of it provisionally after each step and finally at the end. `looks` are those taken before, by step: they are
    not taken again, and each new one is added while it goes on.
    """
    looks = {} if looks is None else looks
    is_late = False
    try:
        async with asyncio.timeout_at(house.deadline):
            async with house.turns.take(GLANCE, 0.0):
                await glance(candidate, place, house, looks)
            if not candidate.media_urls and getattr(place.source, "names_pages", False) and "page" not in looks:
                so_far = conclude(candidate, looks, place)
                tell(Found(candidate, everything(looks), so_far, is_final=False, place=place.name))
                async with house.turns.take(OPEN, -so_far.score):
                    candidate = await open_page(candidate, place, house, looks)
            for turn, step in ((SEE, Step.SEE), (READ, Step.READ)):
                if candidate.media_urls and (step is Step.SEE or house.reads_media):
                    so_far = conclude(candidate, looks, place)
                    tell(Found(candidate, everything(looks), so_far, is_final=False, place=place.name))
                    async with house.turns.take(turn, -so_far.score):
                        candidate = await look(candidate, place, house, step, looks)
    except TimeoutError:
        is_late = True
    concluded = conclude(candidate, looks, place, is_late=is_late)
    tell(Found(candidate, everything(looks), concluded, is_final=True, place=place.name))


async def glance(candidate: Candidate, place: Place, house: House, looks: dict[str, list[Look]]) -> None:
    """Looks at words and the first thumbnail, before anything else is downloaded."""
    if not looks.get("words"):
        looks["words"] = [await house.looking.run(workers.read, words(candidate))]
    if not looks.get("thumbnail"):
        for url in candidate.thumbnail_urls[:1]:
            looks["thumbnail"] = [await house.look_at(url, place.fetcher, Step.SEE)]


def words(candidate: Candidate) -> tuple[TextSpan, ...]:
    """What a candidate says."""
    said = ((candidate.title, TextOrigin.TITLE), (candidate.text, TextOrigin.POST))
    return tuple(TextSpan(text, origin) for text, origin in said if text)


async def open_page(candidate: Candidate, place: Place, house: House, looks: dict[str, list[Look]]) -> Candidate:
    """The candidate with the words and the media of its page; as it was, with the failure told, where that cannot be had."""
    try:
        opened = await house.in_thread(opened_page, candidate, place.fetcher)
    except JikimError as error:
        looks["page"] = [Look(failures=(Failure("fetch", error),))]
        return candidate
    if opened.text != candidate.text:
        looks["words"] = [await house.looking.run(workers.read, words(opened))]
    looks["page"] = [Look()]
    return opened


async def look(candidate: Candidate, place: Place, house: House, step: Step, looks: dict[str, list[Look]]) -> Candidate:
    """Takes one step of looking at the media themselves, as far as it was not taken before. The candidate, with the sound of
    films that have it apart: a medium of its own, fetched only when it is to be heard."""
    done = looks.setdefault(step, [])
    while len(done) < len(candidate.media_urls):
        url = candidate.media_urls[len(done)]
        if step is Step.SEE and url.endswith(SOUND):
            done.append(Look())
            continue
        done.append(await house.look_at(url, place.fetcher, step))
        sound = await house.sound_of(url, place.fetcher)
        if sound is not None and sound not in candidate.media_urls:
            candidate = replace(candidate, media_urls=(*candidate.media_urls, sound))
    return candidate


def everything(looks: Mapping[str, Sequence[Look]]) -> Look:
    """All looks as one. A thumbnail counts while the media themselves were not seen; a file that could not be opened failed
    in the first step and is not counted again for the second."""
    seen = looks.get(Step.SEE, ())
    read = [replace(one, frames=0, failures=analysis_failures(one)) for one in looks.get(Step.READ, ())]
    first = [] if any(one.media for one in seen) else list(looks.get("thumbnail", ()))
    return joined([*looks.get("words", ()), *looks.get("page", ()), *first, *seen, *read])


def analysis_failures(look: Look) -> tuple[Failure, ...]:
    """What failed beyond fetching and opening."""
    return tuple(failure for failure in look.failures if failure.stage == "analyze")


def conclude(candidate: Candidate, looks: Mapping[str, Sequence[Look]], place: Place, *, is_late: bool = False) -> Assessment:
    """The assessment of everything that was noticed of a candidate, with what could not be done as a remark."""
    whole = everything(looks)
    remarks = failure_remarks(whole.failures)
    if is_late and candidate.media_urls:
        was_seen = any(one.media for one in looks.get(Step.SEE, ()))
        remarks.append(Reason("reason.not_read" if was_seen else "reason.not_looked_at", {}, 0.0, ()))
    return assess(candidate.id, whole.cues, remarks=remarks, has_failures=bool(whole.failures), is_test=place.is_practice)


class House:
    """What the ways of all candidates share: the looking processes, the fetching threads, the turns and the clock.

    One address is fetched once and each step of looking at one file is taken once, however many candidates name it.
    """

    def __init__(self, looking: Workers, fetching: ThreadPoolExecutor, turns: Turns, deadline: float) -> None:
        self.looking = looking
        self.turns = turns
        self.deadline = deadline
        self._fetching = fetching
        self._captures: dict[tuple[int, str], asyncio.Task[Capture]] = {}
        self._looks: dict[tuple[str, Step], asyncio.Task[Look]] = {}

    @property
    def reads_media(self) -> bool:
        """Whether there is anything to do in the second step."""
        return self.looking.reads_media

    async def look_at(self, url: str, fetcher: Fetcher, step: Step) -> Look:
        """Fetches and seals what is at an address, once, and takes a step of looking at it, once."""
        try:
            capture = await self.fetch(url, fetcher)
        except JikimError as error:
            return Look(failures=(Failure("fetch", error),))
        job = (capture.sha256, step)
        if job not in self._looks:
            self._looks[job] = asyncio.create_task(self.looking.run(workers.look_at_blob, capture.blob, capture.sha256, step))
        return await asyncio.shield(self._looks[job])

    async def sound_of(self, url: str, fetcher: Fetcher) -> str | None:
        """Where the sound of the film at an address stands that was looked at, if it is apart."""
        with suppress(JikimError):  # the look has told it
            return (await self.fetch(url, fetcher)).sound
        return None

    async def fetch(self, url: str, fetcher: Fetcher) -> Capture:
        """Fetches and seals what is at an address, once. Raises as `Fetcher.capture`."""
        address = (id(fetcher), canonical(url))
        if address not in self._captures:
            self._captures[address] = asyncio.create_task(self._capture(url, fetcher))
        return await asyncio.shield(self._captures[address])

    async def _capture(self, url: str, fetcher: Fetcher) -> Capture:
        return await self.in_thread(fetcher.capture, url)

    async def in_thread(self, fetch: Callable[..., T], *arguments: object) -> T:
        """What `fetch(*arguments)` gives, in a thread that may wait for the network."""
        return await asyncio.get_running_loop().run_in_executor(self._fetching, fetch, *arguments)
