"""RSS and Atom feeds. feedparser is handed bytes and nothing else, so it opens no address and no file.

A feed is read whole and its entries are matched by keyword here; where the address holds `{query}` the place itself searches,
and what it answers is taken as it is.
"""

from __future__ import annotations

import calendar
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import msgspec

from jikim.errors import JikimError, NotConfigured, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import candidate, is_new_enough
from jikim.sources.canonical import canonical, resolved, site
from jikim.sources.charsets import decoded
from jikim.sources.dates import duration_s
from jikim.sources.markup import text_and_images
from jikim.sources.text import matches
from jikim.types import Answer, Candidate, Keyword

ENTRIES_LIMIT = 10_000
ENTRY_CHARACTERS = 100_000
PLACEHOLDER = "{query}"

_Entry = dict[str, Any]


class FeedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the feed; `{query}` in it stands for the keyword. `match` says whether entries without the keyword are left
    out: `auto` does so unless the place was asked for the keyword."""

    url: str | None = None
    match: Literal["auto", "always", "never"] = "auto"


class FeedSource:
    name: ClassVar[str] = "feed"
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

    def _entries(self, answer: Answer) -> list[_Entry]:
        feed = _parsed(answer)
        entries: list[_Entry] = feed.get("entries") or []
        is_damaged = bool(feed.get("bozo"))
        if not entries and (is_damaged or not feed.get("version")):
            raise SourceChanged("sources.not_a_feed", where=answer.url)
        if len(entries) > ENTRIES_LIMIT:
            self.warnings.append(SourceChanged("sources.feed_cut", where=answer.url, limit=ENTRIES_LIMIT))
            entries = entries[:ENTRIES_LIMIT]
        elif is_damaged:
            self.warnings.append(SourceChanged("sources.feed_damaged", where=answer.url, count=len(entries)))
        return entries

    def _candidate(self, entry: _Entry, base: str, keyword: Keyword) -> Candidate:
        title, _ = _words(entry, "title", base)
        text, images = max((_words(entry, name, base) for name in ("summary", "content")), key=lambda words: len(words[0]))
        link = resolved(base, _string(entry, "link")) or base
        media, thumbnails = _media(entry)
        return candidate(
            self.name,
            _native_id(entry, base, f"{title}\0{text}"),
            keyword,
            datetime.now(UTC),
            url=link,
            title=title,
            text=text,
            author_ref=_string(entry, "author") or None,
            media_urls=[*media, *images],
            thumbnail_urls=thumbnails,
            duration_s=_duration(entry),
            posted=_posted(entry),
        )

    @classmethod
    def verify(cls, config: FeedConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        if not config.url:
            raise NotConfigured("sources.no_address", source=cls.name)
        canonical(config.url.replace(PLACEHOLDER, ""))

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


def _parsed(answer: Answer) -> Any:
    import feedparser

    text = decoded(answer.body, answer.headers.get("content-type", ""))
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": answer.final_url}
    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    # feedparser's loose reading of broken markup stumbles over some of it in many ways; all mean the same.
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise SourceChanged("sources.not_a_feed", where=answer.url) from error


def _native_id(entry: _Entry, base: str, words: str) -> str:
    """The entry's own address where it names itself by one, so that two feeds naming it give one candidate; else its id in
    this place; else its link; else a digest of its words."""
    own_id = _string(entry, "id").strip()[:1000]
    if own_id.lower().startswith(("http://", "https://")) and (address := resolved(base, own_id)):
        return canonical(address)
    if own_id:
        return f"{site(base)} {own_id}"
    if link := resolved(base, _string(entry, "link")):
        return canonical(link)
    return f"{site(base)} {sha256(words.encode('utf-8', 'replace')).hexdigest()}"


def _words(entry: _Entry, name: str, base: str) -> tuple[str, tuple[str, ...]]:
    """The visible text and the pictures of an element that may hold HTML."""
    value = dict.get(entry, name)
    if name == "content":
        pieces = [piece for piece in value if isinstance(piece, dict)] if isinstance(value, list) else []
    else:
        detail = dict.get(entry, f"{name}_detail")
        pieces = [detail] if isinstance(detail, dict) else []
    texts: list[str] = []
    images: list[str] = []
    for piece in pieces:
        said = _string(piece, "value")[:ENTRY_CHARACTERS]
        # Titles are declared as plain text by every RSS feed and hold markup in many.
        text, shown = text_and_images(said, base)
        texts.append(text)
        images.extend(shown)
    return "\n".join(texts), tuple(images)


def _media(entry: _Entry) -> tuple[list[str], list[str]]:
    """Addresses of media and of thumbnails, from enclosures and Media RSS."""
    media = [
        _string(link, "href") for link in _objects(entry, "links") if _string(link, "rel") == "enclosure" and _is_media(link)
    ]
    media += [_string(content, "url") for content in _objects(entry, "media_content") if _is_media(content)]
    thumbnails = [_string(thumbnail, "url") for thumbnail in _objects(entry, "media_thumbnail")]
    image = dict.get(entry, "image")
    if isinstance(image, dict):
        thumbnails.append(_string(image, "href"))
    return [url for url in media if url], [url for url in thumbnails if url]


def _is_media(link: _Entry) -> bool:
    said = _string(link, "type").lower()
    return not said or said.startswith(("image/", "video/", "audio/", "application/octet-stream"))


def _duration(entry: _Entry) -> float | None:
    said = [_string(content, "duration") for content in _objects(entry, "media_content")] + [_string(entry, "itunes_duration")]
    return max((seconds for text in said if (seconds := duration_s(text))), default=None)


def _posted(entry: _Entry) -> float | None:
    """Seconds since 1970. `dict.get` because a feedparser dictionary answers for one date with another, and warns."""
    moment = next(
        (moment for name in ("published", "updated", "created") if (moment := dict.get(entry, f"{name}_parsed"))), None
    )
    try:
        return float(calendar.timegm(moment)) if moment else None
    except (ValueError, OverflowError, TypeError):
        return None


def _objects(entry: _Entry, name: str) -> list[_Entry]:
    value = dict.get(entry, name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _string(entry: _Entry, name: str) -> str:
    value = dict.get(entry, name)
    return value if isinstance(value, str) else ""
