"""RSS and Atom feeds.

A feed is read whole and its entries are matched by keyword here; where the address holds `{query}` the place itself searches,
and what it answers is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import ClassVar, Literal
from urllib.parse import quote

import msgspec

from jikim.errors import JikimError, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import candidate, is_new_enough
from jikim.sources.canonical import canonical, require_address, resolved, site
from jikim.sources.charsets import decoded
from jikim.sources.entries import Entry, feed_entries
from jikim.sources.markup import text_and_images
from jikim.sources.text import matches, plain
from jikim.sources.walls import refuse_wall_in
from jikim.types import Answer, Candidate, Keyword

ENTRIES_LIMIT = 10_000
PLACEHOLDER = "{query}"


class FeedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the feed; `{query}` in it stands for the keyword. `match` says whether entries without the keyword are left
    out: `auto` does so unless the place was asked for the keyword."""

    url: str | None = None
    match: Literal["auto", "always", "never"] = "auto"


class FeedSource:
    name: ClassVar[str] = "feed"
    names_pages: ClassVar[bool] = True
    Config: ClassVar[type[msgspec.Struct]] = FeedConfig

    def __init__(self, config: FeedConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A damaged feed gives what can be read of it and a warning."""
        self.warnings = []
        self.verify(self._config)
        template = str(self._config.url)
        answer = self._fetcher.get(template.replace(PLACEHOLDER, quote(keyword.text, safe="")), headers={"accept": _ACCEPT})
        yield from islice(self._candidates(answer, keyword, since), limit)

    def _candidates(self, answer: Answer, keyword: Keyword, since: datetime | None) -> Iterator[Candidate]:
        is_asked = PLACEHOLDER in str(self._config.url)
        filters = self._config.match == "always" or (self._config.match == "auto" and not is_asked)
        seen: set[str] = set()
        for entry in self._entries(answer):
            found = self._candidate(entry, answer.final_url, keyword)
            if (
                found.id in seen
                or not is_new_enough(found, since)
                or (filters and not matches(keyword, found.title, found.text))
            ):
                continue
            seen.add(found.id)
            yield found

    def _entries(self, answer: Answer) -> tuple[Entry, ...]:
        feed = feed_entries(decoded(answer.body, answer.headers.get("content-type", "")), ENTRIES_LIMIT + 1)
        if feed is None or (feed.is_damaged and not feed.entries):
            refuse_wall_in(answer.body, answer.final_url)
            raise SourceChanged("sources.not_a_feed", where=answer.url)
        if feed.is_damaged:
            self.warnings.append(SourceChanged("sources.feed_damaged", where=answer.url, count=len(feed.entries)))
        if len(feed.entries) > ENTRIES_LIMIT:
            self.warnings.append(SourceChanged("sources.feed_cut", where=answer.url, limit=ENTRIES_LIMIT))
        return feed.entries[:ENTRIES_LIMIT]

    def _candidate(self, entry: Entry, base: str, keyword: Keyword) -> Candidate:
        title, _ = text_and_images(entry.title, base)
        text, images = text_and_images(max(entry.texts, key=len, default=""), base)
        return candidate(
            self.name,
            _native_id(entry, base),
            keyword,
            datetime.now(UTC),
            url=_address(entry, base),
            title=title,
            text=text,
            author_ref=entry.author or None,
            media_urls=[*entry.media_urls, *images],
            thumbnail_urls=entry.thumbnail_urls,
            duration_s=entry.duration_s,
            posted=entry.posted or entry.changed,
        )

    @classmethod
    def verify(cls, config: FeedConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url and config.url.replace(PLACEHOLDER, ""))

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """An RSS 2.0 feed with Media RSS and an Atom search feed."""
        rss, atom = "https://news.example/rss.xml", "https://search.example/atom?q={query}"
        return [
            SourceExample(
                config={"url": rss}, answers={rss: _RSS}, keyword=Keyword("축제"), native_ids=("https://news.example/1",)
            ),
            SourceExample(
                config={"url": atom},
                answers={"https://search.example/atom?q=%EC%B6%95%EC%A0%9C": _ATOM},
                keyword=Keyword("축제"),
                native_ids=("search.example tag:search.example,2026:7",),
            ),
        ]


_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.5"

_RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
<channel><title>소식</title><link>https://news.example/</link><description>동네 소식</description>
<item><title>가을 축제</title><link>https://news.example/1</link><guid isPermaLink="true">https://news.example/1</guid>
<description>&lt;p&gt;공원에서 &lt;b&gt;열립니다&lt;/b&gt;&lt;/p&gt;</description>
<pubDate>Sat, 03 Oct 2026 09:00:00 +0900</pubDate>
<enclosure url="https://news.example/1.mp4" type="video/mp4" length="1000"/><itunes:duration>1:05</itunes:duration>
<media:thumbnail url="https://news.example/1.jpg"/></item>
<item><title>버스 안내</title><link>https://news.example/2</link><guid isPermaLink="true">https://news.example/2</guid></item>
</channel></rss>""".encode()

_ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>결과</title><id>tag:search.example,2026:all</id><updated>2026-10-03T00:00:00Z</updated>
<entry><title>불꽃놀이</title><id>tag:search.example,2026:7</id><link href="https://search.example/p/7"/>
<updated>2026-10-03T00:00:00Z</updated><summary>강변에서</summary></entry></feed>""".encode()


def _address(entry: Entry, base: str) -> str:
    """Where the entry stands: its link, else an id that is an address, else its first media, else the feed."""
    named = [entry.link, entry.id if _is_address(entry.id) else "", *entry.media_urls]
    return next((address for reference in named if (address := resolved(base, reference))), base)


def _native_id(entry: Entry, base: str) -> str:
    """The entry's own address where it names itself by one, so that two feeds naming it give one candidate; else its id in
    this place; else its link; else a digest of its words."""
    if _is_address(entry.id) and (address := resolved(base, entry.id)):
        return canonical(address)
    if entry.id:
        return f"{site(base)} {plain(entry.id, 1000)}"
    if link := resolved(base, entry.link):
        return canonical(link)
    words = "\0".join((entry.title, *entry.texts))
    return f"{site(base)} {sha256(words.encode('utf-8', 'replace')).hexdigest()}"


def _is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))
