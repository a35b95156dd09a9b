"""The places a sweep goes to, each with a fetcher that tells what it fetched and fetches nothing twice."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from jikim.commands.places import PRACTICE, may_be_practice, require_authority
from jikim.commands.places import opened as opened_places
from jikim.config import Config
from jikim.errors import FetchFailed, FetchRefused, VaultError
from jikim.fetching import SafeFetcher, prove
from jikim.schema import locked
from jikim.seams import SOURCES, Fetcher, configured, plugin
from jikim.sources.canonical import canonical, origin
from jikim.sweep import Place
from jikim.types import Answer, Capture
from jikim.vault import sweep_holder
from jikim_desk.records import store
from jikim_desk.records.models import Sweep, SweepKind
from jikim_desk.sealing import vault


class Recording:
    """What was fetched for one sweep, by canonical address; `tell` hears of each at the moment it is sealed, `fail` of what
    this machine could not seal: that is no fault of the place, and the find must not pass for one that has nothing."""

    def __init__(
        self, captures: Mapping[str, Capture], tell: Callable[[str, Capture], None], fail: Callable[[VaultError], None]
    ) -> None:
        self._captures = dict(captures)
        self._tell = tell
        self.fail = fail

    def kept(self, url: str) -> Capture | None:
        """What was fetched from an address, in this attempt or an earlier one."""
        return self._captures.get(canonical(url))

    def put(self, url: str, capture: Capture) -> None:
        """Keeps what was just fetched."""
        self._captures[canonical(url)] = capture
        self._tell(url, capture)


@dataclass(frozen=True, slots=True)
class TellingFetcher:
    """See `jikim.seams.Fetcher`. `pages` are addresses whose answer to `get` is itself evidence: it is sealed as well."""

    inner: Fetcher
    recording: Recording
    pages: frozenset[str] = frozenset()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """As `Fetcher.get`."""
        answer = self.inner.get(url, headers=headers, max_bytes=max_bytes)
        if answer.status == 200 and canonical(url) in self.pages and self.recording.kept(url) is None:
            with self._told_of_faults():
                self.recording.put(url, store.sealed(answer))
        return answer

    def capture(self, url: str, *, max_bytes: int | None = None) -> Capture:
        """As `Fetcher.capture`; what was fetched before is given again."""
        kept = self.recording.kept(url)
        if kept is not None:
            return kept
        with self._told_of_faults():
            capture = self.inner.capture(url, max_bytes=max_bytes)
        self.recording.put(url, capture)
        return capture

    @contextmanager
    def _told_of_faults(self) -> Iterator[None]:
        try:
            yield
        except VaultError as error:
            if error.key != "vault.too_large":
                self.recording.fail(error)
            raise


class Places:
    """The places of one sweep by name, opened when they are first wanted; asked from the event loop."""

    def __init__(self, open_place: Callable[[str], Place], names: Sequence[str], *, is_practice: bool) -> None:
        self._open_place = open_place
        self._names = names
        self._opened: dict[str, Place] = {}
        self._lock = threading.Lock()
        self.is_practice = is_practice

    async def every(self) -> list[Place]:
        """All of them. Raises as `at`."""
        return [await self.at(name) for name in self._names]

    async def at(self, name: str) -> Place:
        """One of them. Raises AuthorityMissing, FetchRefused, FetchFailed, BadUse, NotConfigured."""
        return await asyncio.to_thread(self._at, name)

    def _at(self, name: str) -> Place:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open_place(name)
            return self._opened[name]


@contextmanager
def opened(config: Config, sweep: Sweep, recording: Recording) -> Iterator[Places]:
    """The places a sweep goes to. Raises as `jikim.commands.places.opened`."""
    if sweep.kind == SweepKind.REPORTED:
        with _Addresses(config, sweep.addresses, recording) as addresses:
            names = [str(number) for number in range(1, len(sweep.addresses) + 1)]
            yield Places(addresses.place, names, is_practice=all(may_be_practice(config, url) for url in sweep.addresses))
        return
    has_own = bool(config.sources.get(PRACTICE, {}).get("url"))
    named = [practice_platform(config) if one == PRACTICE and not has_own else one for one in sweep.places]
    with opened_places(config, named, spares_others=True) as made:
        telling = {place.name: replace(place, fetcher=TellingFetcher(place.fetcher, recording)) for place in made}
        yield Places(telling.__getitem__, list(telling), is_practice=all(place.is_practice for place in made))


class _Addresses:
    """Reported addresses, each a place of its own: one fetcher for every practice host, one for everything outside."""

    def __init__(self, config: Config, urls: Sequence[str], recording: Recording) -> None:
        self._config = config
        self._urls = urls
        self._recording = recording
        self._stack = ExitStack()
        self._fetchers: dict[str, SafeFetcher] = {}

    def __enter__(self) -> _Addresses:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def place(self, number: str) -> Place:
        url = self._urls[int(number) - 1]
        kind = plugin(SOURCES, "page")
        read = configured(kind.Config, {**self._config.sources.get("page", {}), "url": url}, "sources.page")
        kind.verify(read)
        is_practice = may_be_practice(self._config, url)
        telling = TellingFetcher(self._fetcher(url, is_practice), self._recording, frozenset({canonical(url)}))
        return Place(number, kind(read, telling), telling, is_practice=is_practice)

    def _fetcher(self, url: str, is_practice: bool) -> SafeFetcher:
        base = origin(url) if is_practice else ""
        if base not in self._fetchers:
            if not is_practice:
                require_authority(self._config)
            proven = prove(url, vault().practice_key()) if is_practice else None
            made = SafeFetcher(self._config.fetching, vault(), sweep_holder(datetime.now(UTC).date()), practice=proven)
            self._fetchers[base] = self._stack.enter_context(made)
        return self._fetchers[base]


_PLATFORM = """
import sys
from jikim.media.sandbox import die_with_parent
die_with_parent(int(sys.argv.pop(1)))
from jikim.__main__ import main
main()
"""
_platform_lock = threading.Lock()


def practice_platform(config: Config) -> str:
    """The practice platform of this desk as a place: the one that runs, else one that is started and ends with this process.
    Its port stays the same, so that what was found on it is still there after a restart."""
    file = config.home / "practice.port"
    with _platform_lock, locked(config.home):
        port = file.read_text("ascii").strip() if file.exists() else "0"
        if port == "0" or not _is_proven(f"http://127.0.0.1:{port}"):
            running = _started(port) or _started("0")
            if running is None:
                raise FetchFailed("places.practice_did_not_start")
            port = str(urlsplit(running).port)
            file.write_text(port, "ascii")
    return f"{PRACTICE}=http://127.0.0.1:{port}"


def _is_proven(url: str) -> bool:
    try:
        prove(url, vault().practice_key())
    except (FetchFailed, FetchRefused):
        return False
    return True


def _started(port: str) -> str | None:
    """The origin of a platform started on a port; None when it cannot be had."""
    command = [sys.executable, "-c", _PLATFORM, str(os.getpid()), "practice", "--port", port]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    said = running.stdout.readline().strip() if running.stdout else ""
    return said if said.startswith("http://") else None
