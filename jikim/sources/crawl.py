"""Named hosts without a search of their own, walked from page to page: to a depth, a number of pages, and no other host.

Pages whose words hold the keyword are candidates with the media on them. Links that speak of the keyword are followed first,
then those nearest to the start. Every page is asked of the handed fetcher, one after the other,
the hosts in turn: robots.txt, the pace of each host and the legal ground on record where a centre overrides robots.txt are
the fetcher's, the same for a crawl as for everything else.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec

from jikim.errors import FetchFailed, FetchRefused, JikimError, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import candidate, is_new_enough
from jikim.sources.canonical import canonical, require_address, resolved, site
from jikim.sources.markup import PageFacts, page_facts
from jikim.sources.page import is_media, page_text
from jikim.sources.text import matches
from jikim.sources.trouble import Trouble, warn
from jikim.sources.walls import refuse_wall_for_page
from jikim.types import Candidate, Keyword

WARNINGS_LIMIT = 20
SEGMENT_REPEATS = 3
"""An address that names one folder more often than this leads round in a circle."""
SAME_SHAPE_LIMIT = 200
"""How many addresses that differ in their numbers alone are followed: calendars have no end."""


class CrawlConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` and `addresses` are where to begin, one host each or several pages of one. `depth` is how many links away from
    them pages are read, `pages` how many of each host."""

    url: str | None = None
    addresses: tuple[str, ...] = ()
    depth: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    pages: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 200


@dataclass(slots=True)
class _Host:
    """What is still to be read of one host: the most promising page first."""

    pages_left: int
    waiting: list[tuple[int, int, int, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    shapes: Counter[str] = field(default_factory=Counter)
    has_answered: bool = False

    def add(self, url: str, depth: int, is_promising: bool) -> None:
        """Takes on a page that nobody named before; addresses that lead round in circles or have no end are left out."""
        address = canonical(url)
        shape = "".join("0" if one.isdigit() else one for one in address)
        if address in self.known or _is_circle(address) or self.shapes[shape] >= SAME_SHAPE_LIMIT:
            return
        self.known.add(address)
        self.shapes[shape] += 1
        heapq.heappush(self.waiting, (0 if is_promising else 1, depth, len(self.known), url))


class CrawlSource:
    name: ClassVar[str] = "crawl"
    Config: ClassVar[type[msgspec.Struct]] = CrawlConfig

    def __init__(self, config: CrawlConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A page that cannot be had is a warning; raises the first failure where none answered."""
        self.warnings = []
        self.verify(self._config)
        left = limit
        seen: set[str] = set()
        for found in self._walk(keyword):
            if left <= 0:
                return
            if found.id not in seen and is_new_enough(found, since):
                seen.add(found.id)
                left -= 1
                yield found

    def _walk(self, keyword: Keyword) -> Iterator[Candidate]:
        hosts: dict[str, _Host] = {}
        for url in _starts(self._config):
            hosts.setdefault(site(url), _Host(self._config.pages)).add(url, 0, is_promising=True)
        turns = deque(hosts.items())
        trouble = Trouble()
        first_failure: JikimError | None = None
        while turns:
            name, host = turns.popleft()
            if not host.waiting or not host.pages_left:
                self._say_unfinished(host)
                continue
            if trouble.leaves(name):
                warn(self.warnings, FetchFailed("sources.host_left", where=name, count=len(host.waiting)), WARNINGS_LIMIT)
                continue
            turns.append((name, host))
            _, depth, _, url = heapq.heappop(host.waiting)
            host.pages_left -= 1
            try:
                yield from self._read(url, depth, name, host, keyword)
            except (FetchFailed, FetchRefused) as error:
                first_failure = first_failure or error
                trouble.note(name, error)
                warn(self.warnings, error, WARNINGS_LIMIT)
            else:
                trouble.is_over(name)
                host.has_answered = True
        if first_failure and not any(host.has_answered for host in hosts.values()):
            raise first_failure
        if gone := trouble.of_all(hosts):
            raise gone

    def _read(self, url: str, depth: int, name: str, host: _Host, keyword: Keyword) -> Iterator[Candidate]:
        """One page: what it is, and where it leads. Raises FetchFailed and FetchRefused."""
        answer = self._fetcher.get(url)
        base = answer.final_url
        if site(base) != name or is_media(answer):
            return
        facts = page_facts(page_text(answer), base)
        if depth < self._config.depth:
            for link in facts.links:
                address = resolved(base, link.url)
                if address is not None and site(address) == name:
                    host.add(address, depth + 1, matches(keyword, link.text))
        refuse_wall_for_page(answer, facts)  # past a small page with a sign-in on it the way may go on
        if matches(keyword, facts.title, facts.text):
            yield self._candidate(url, facts, keyword)

    def _candidate(self, url: str, facts: PageFacts, keyword: Keyword) -> Candidate:
        return candidate(
            self.name,
            canonical(url),
            keyword,
            datetime.now(UTC),
            url=url,
            title=facts.title or urlsplit(url).path,
            text=facts.text,
            author_ref=facts.author,
            media_urls=[*facts.video_urls, *facts.image_urls],
            thumbnail_urls=facts.thumbnail_urls,
            duration_s=facts.duration_s,
            posted=facts.posted,
        )

    def _say_unfinished(self, host: _Host) -> None:
        if host.waiting and not host.pages_left:
            unfinished = SourceChanged("sources.crawl_unfinished", where=host.waiting[0][3], count=len(host.waiting))
            warn(self.warnings, unfinished, WARNINGS_LIMIT)

    @classmethod
    def verify(cls, config: CrawlConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, *_starts(config))

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """A board of three pages, one of which is two links away; a link to another host is not followed."""
        base = "https://board.example"
        pages = {
            "/": '<title>게시판</title><a href="/1">가을 축제</a><a href="/2">바다</a><a href="https://other.example/">축제</a>',
            "/1": "<title>가을 축제</title><p>등불</p><img src=/lantern.jpg>",
            "/2": '<title>바다</title><a href="/3">더 보기</a>',
            "/3": "<title>모임</title><p>지난 축제의 그림</p>",
        }
        return [
            SourceExample(
                config={"url": f"{base}/"},
                answers={f"{base}{path}": f"<!doctype html>{page}".encode() for path, page in pages.items()},
                keyword=Keyword("축제"),
                native_ids=(f"{base}/", f"{base}/1", f"{base}/3"),
            )
        ]


def _starts(config: CrawlConfig) -> tuple[str, ...]:
    return (*([config.url] if config.url else ()), *config.addresses)


def _is_circle(address: str) -> bool:
    folders = Counter(part for part in urlsplit(address).path.split("/") if part)
    return any(count > SEGMENT_REPEATS for count in folders.values())
