"""The fetcher that everything else is handed: redirects, robots.txt, pacing, retries and sealing around one transport."""

from __future__ import annotations

import itertools
import re
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, Self, TypeVar

from jikim.config import Fetching
from jikim.errors import BadUse, FetchFailed, FetchRefused
from jikim.fetching import manifests, playlists, robots
from jikim.fetching.address import Reach, Target, parse
from jikim.fetching.content import SNIFFED_BYTES, sniff
from jikim.fetching.decoding import ACCEPTED_ENCODINGS
from jikim.fetching.pacing import Pacing
from jikim.fetching.streams import PLAYLIST_BYTES, SOUND, Film, means_sound
from jikim.fetching.transport import Deadline, Exchange, LookUp, Transport
from jikim.provenance import ProvenPractice
from jikim.types import Answer, Capture, Hop

RETRY_PAUSES_S = (0.5, 1.5)
_RETRIED_STATUSES = frozenset((429, 502, 503, 504))
_RETRIED_KEYS = frozenset(("fetching.unreachable", "fetching.cut_short"))
_BUSY_STATUSES = frozenset((429, 503))
_REDIRECT_STATUSES = frozenset((301, 302, 303, 307, 308))
_MAX_RETRY_AFTER_S = 24 * 3600.0

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN_HEADERS = frozenset(
    [
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ]
)
"""Headers that nobody else may set."""

_T = TypeVar("_T")


class Sealed(Protocol):
    @property
    def blob(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Sealing(Protocol):
    """An open blob. `sealed` is there once its `with` block ended without an error."""

    def write(self, chunk: bytes, /) -> object: ...
    @property
    def sealed(self) -> Sealed: ...


class VaultLike(Protocol):
    def sealing(self, holder: str, /) -> AbstractContextManager[Sealing]: ...


class SafeFetcher:
    """The one safe way to bring bytes here; see `jikim.seams.Fetcher`. Usable from many threads at once.

    A redirect is checked like a first address; it may lead from https to http, since plain http is allowed to begin with
    and nothing secret is ever sent. Headers given by the caller go to the first origin only. Cookies are not kept.
    """

    def __init__(
        self,
        settings: Fetching,
        vault: VaultLike,
        holder: str,
        *,
        practice: ProvenPractice | None = None,
        look_up: LookUp | None = None,
        tls: ssl.SSLContext | None = None,
        retry_pauses_s: Sequence[float] = RETRY_PAUSES_S,
    ) -> None:
        """`holder` owns what is sealed (`sweep:<day>` or `case:<id>`). With `practice`, that host alone can be reached.

        `look_up` resolves names, `tls` says which certificates count, `retry_pauses_s` how often and after how long what
        failed in passing is tried again. Raises BadUse for settings that cannot work.
        """
        if not _HEADER_VALUE.fullmatch(settings.user_agent):
            raise BadUse("config.invalid", where="[fetching] user_agent", problem=repr(settings.user_agent))
        self._settings = settings
        self._vault = vault
        self._holder = holder
        self._retry_pauses_s = tuple(retry_pauses_s)
        self._reach = Reach(settings.loopback_allowed, practice)
        self._transport = Transport(settings, self._reach, look_up=look_up, tls=tls)
        self._pacing = Pacing(settings.connections_per_host, settings.total_timeout_s)
        self._robots = robots.Robots(settings.user_agent, settings.robots_ignored_hosts, self._read_robots)
        self._captures: dict[tuple[str, int], Future[Capture]] = {}
        self._captures_lock = threading.Lock()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """The answer to a GET, in memory. Raises FetchRefused and FetchFailed, see `jikim.seams.Fetcher`."""
        target = parse(url)
        limit_bytes = min(self._settings.max_answer_bytes, max_bytes or self._settings.max_answer_bytes)
        own = tuple((headers or {}).items())
        _check_headers(own, target)
        deadline = Deadline(self._settings.total_timeout_s)
        self._ask_robots(target, deadline)
        return self._tried(deadline, lambda: self._answer(url, target, own, limit_bytes, deadline))

    def capture(self, url: str, *, max_bytes: int | None = None) -> Capture:
        """Fetches a file and seals it as it arrives; plain bytes are never written anywhere.

        An address that was captured before is not fetched again: its first Capture is returned. Raises as `get` does, and
        VaultError when it cannot be sealed; then nothing is kept.
        """
        target = parse(url)
        limit_bytes = min(self._settings.max_media_bytes, max_bytes or self._settings.max_media_bytes)
        key = (f"{target.url}#{SOUND}" if means_sound(url) else target.url, limit_bytes)
        with self._captures_lock:
            under_way = self._captures.get(key)
            mine: Future[Capture] = Future()
            if under_way is None:
                self._captures[key] = mine
        if under_way is not None:
            return under_way.result()
        try:
            deadline = Deadline(self._settings.total_timeout_s)
            self._ask_robots(target, deadline)
            mine.set_result(self._tried(deadline, lambda: self._sealed(url, target, limit_bytes, deadline)))
        except BaseException as error:
            with self._captures_lock:
                del self._captures[key]
            mine.set_exception(error)
            raise
        return mine.result()

    def close(self) -> None:
        """Ends everything under way, in all threads, with FetchFailed("fetching.closed"); later calls fail the same way."""
        self._transport.close()
        self._pacing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _answer(
        self, url: str, target: Target, headers: Sequence[tuple[str, str]], limit_bytes: int, deadline: Deadline
    ) -> Answer:
        chain: list[Hop] = []
        with self._opened(target, headers, limit_bytes, deadline, chain) as exchange:
            if exchange.headers.get("content-type", "").lower().startswith("multipart/byteranges"):
                raise FetchFailed("fetching.partial", where=exchange.target.url)
            body = b"".join(exchange.body(limit_bytes))
        at = datetime.now(UTC)
        return Answer(url, exchange.target.url, exchange.status, exchange.headers, body, exchange.peer_ip, at, tuple(chain))

    def _sealed(self, url: str, target: Target, limit_bytes: int, deadline: Deadline) -> Capture:
        """A file; a playlist becomes the film it names, or some of that."""
        chain: list[Hop] = []
        with self._opened(target, (), limit_bytes, deadline, chain) as exchange:
            if exchange.status != 200:
                key = "fetching.partial" if exchange.status == 206 else "fetching.empty"
                raise FetchFailed(key, where=exchange.target.url)
            pieces = exchange.body(limit_bytes)
            first = next((piece for piece in pieces if piece), b"")
            kind = sniff(first)
            if kind not in (playlists.MIME, manifests.MIME):
                return self._kept(url, exchange, itertools.chain((first,), pieces), chain)
            playlist = _playlist_text(first, pieces, exchange.target.url)
        film = self._film(kind, playlist, url, exchange.target, limit_bytes, deadline)
        kept = self._kept(url, exchange, self._parts(film, limit_bytes, deadline), chain)
        if means_sound(url):
            return replace(kept, content_type=kept.content_type.replace("video/", "audio/"))
        return replace(kept, sound=film.sound)

    def _film(self, kind: str, playlist: bytes, url: str, base: Target, limit_bytes: int, deadline: Deadline) -> Film:
        """What is to be fetched of a film; a playlist that it names is asked for as any other file."""
        if kind == manifests.MIME:
            return manifests.film(playlist, url, base, only_sound=means_sound(url))

        def read(named: Target) -> tuple[str, Target]:
            self._ask_robots(named, deadline)
            with self._opened(named, (), limit_bytes, deadline, []) as exchange:
                text = _playlist_text(b"", exchange.body(limit_bytes), exchange.target.url)
                return text.decode("utf-8", "replace"), exchange.target

        return playlists.film(playlist.decode("utf-8", "replace"), base, read)

    def _kept(self, url: str, exchange: Exchange, pieces: Iterable[bytes], chain: Sequence[Hop]) -> Capture:
        """Seals what comes. Raises FetchFailed where nothing does."""
        first = bytearray()
        with self._vault.sealing(self._holder) as sealing:
            for piece in pieces:
                first += piece[: SNIFFED_BYTES - len(first)]
                sealing.write(piece)
            if not first:
                raise FetchFailed("fetching.empty", where=exchange.target.url)
        sealed = sealing.sealed
        return Capture(
            url=url,
            final_url=exchange.target.url,
            status=exchange.status,
            peer_ip=exchange.peer_ip,
            content_type=sniff(bytes(first), exchange.headers.get("content-type")),
            sha256=sealed.sha256,
            size_bytes=sealed.size_bytes,
            fetched_at=datetime.now(UTC),
            blob=sealed.blob,
            chain=tuple(chain),
        )

    def _parts(self, film: Film, limit_bytes: int, deadline: Deadline) -> Iterator[bytes]:
        """The bytes of the parts of a film, one after the other, each asked for as any other file; a film may be as large as
        a file may."""
        left_bytes = limit_bytes
        for part in film.parts:
            target = parse(part.reference, base=film.base)
            self._ask_robots(target, deadline)
            with self._opened(target, part.headers, left_bytes, deadline, []) as exchange:
                if part.size_bytes is not None and exchange.status != 206:
                    raise FetchFailed("fetching.partial", where=exchange.target.url)
                for piece in exchange.body(left_bytes):
                    left_bytes -= len(piece)
                    yield piece

    def _read_robots(self, target: Target, deadline: Deadline) -> bytes:
        return self._tried(deadline, lambda: self._robots_text(target, deadline))

    def _robots_text(self, target: Target, deadline: Deadline) -> bytes:
        text = bytearray()
        with self._opened(target, (), robots.READ_BYTES, deadline, [], asks_robots=False) as exchange:
            for piece in exchange.body(sys.maxsize):
                text += piece
                if len(text) >= robots.READ_BYTES:
                    break
        return bytes(text[: robots.READ_BYTES])

    def _ask_robots(self, target: Target, deadline: Deadline) -> None:
        """Raises FetchRefused when the site's robots.txt forbids the target."""
        delay_s = self._robots.crawl_delay_s(target, deadline)
        if delay_s:
            self._pacing.keep_crawl_delay(target, delay_s)

    @contextmanager
    def _opened(
        self,
        target: Target,
        headers: Sequence[tuple[str, str]],
        limit_bytes: int,
        deadline: Deadline,
        chain: list[Hop],
        *,
        asks_robots: bool = True,
    ) -> Iterator[Exchange]:
        """The exchange at the end of all redirects, its status below 400, valid within the `with` block; `chain` is given
        every answer on the way."""
        first, seen = target, {target.url}
        for _ in range(self._settings.max_redirects + 1):
            pace_s = 0.0 if self._reach.is_test_server(target) else self._settings.pace_s
            every = self._headers(headers if target.origin == first.origin else ())
            with self._pacing.turn(target, pace_s) as waited_s:
                deadline.forgive(waited_s)
                with self._transport.open(target, every, deadline=deadline, limit_bytes=limit_bytes) as exchange:
                    chain.append(Hop(target.url, exchange.status, exchange.headers, exchange.peer_ip, datetime.now(UTC)))
                    if exchange.status not in _REDIRECT_STATUSES:
                        try:
                            self._check_status(exchange)
                            yield exchange
                        except (FetchFailed, FetchRefused) as error:
                            error.chain = tuple(chain)
                            raise
                        return
                    target = _next_target(exchange)
            if target.url in seen:
                raise FetchRefused("fetching.redirect_loop", where=first.url)
            seen.add(target.url)
            if asks_robots:
                self._ask_robots(target, deadline)
        raise FetchRefused("fetching.too_many_redirects", where=first.url, limit=self._settings.max_redirects)

    def _headers(self, own: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        defaults = [("Accept", "*/*"), ("Accept-Language", "ko,en;q=0.8")]
        given = {name.lower() for name, _ in own}
        return [
            ("User-Agent", self._settings.user_agent),
            ("Accept-Encoding", ACCEPTED_ENCODINGS),
            *(header for header in defaults if header[0].lower() not in given),
            *own,
        ]

    def _check_status(self, exchange: Exchange) -> None:
        if exchange.status < 400:
            return
        retry_after_s = _retry_after_s(exchange.headers.get("retry-after"))
        if exchange.status in _BUSY_STATUSES:
            self._pacing.rest(exchange.target, retry_after_s)
        known = {} if retry_after_s is None else {"retry_after_s": retry_after_s}
        raise FetchFailed("fetching.status", where=exchange.target.url, status=exchange.status, **known)

    def _tried(self, deadline: Deadline, attempt: Callable[[], _T]) -> _T:
        """The result of `attempt`, which is repeated when it failed in passing and the time allows."""
        for pause_s in self._retry_pauses_s:
            try:
                return attempt()
            except FetchFailed as error:
                pause_s = max(pause_s, error.retry_after_s or 0.0)
                is_passing = error.key in _RETRIED_KEYS or error.status in _RETRIED_STATUSES
                if not is_passing or pause_s >= deadline.remaining_s():
                    raise
            self._transport.closed.wait(pause_s)
        return attempt()


def _playlist_text(first: bytes, rest: Iterable[bytes], where: str) -> bytes:
    """Raises FetchRefused for one that is larger than any is."""
    text = bytearray(first)
    for piece in rest:
        text += piece
        if len(text) > PLAYLIST_BYTES:
            raise FetchRefused("fetching.too_large", where=where, limit_bytes=PLAYLIST_BYTES)
    return bytes(text)


def _next_target(exchange: Exchange) -> Target:
    location = exchange.headers.get("location", "").strip()
    if not location:
        raise FetchFailed("fetching.bad_redirect", where=exchange.target.url)
    return parse(location, base=exchange.target)


def _check_headers(headers: Sequence[tuple[str, str]], target: Target) -> None:
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value) or name.lower() in _OWN_HEADERS:
            raise FetchRefused("fetching.header_forbidden", where=target.url, name=name)


def _retry_after_s(value: str | None) -> float | None:
    """Seconds of a Retry-After header: a number or a date (RFC 9110 10.2.3). None when it is absent or neither."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value), _MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), _MAX_RETRY_AFTER_S)
