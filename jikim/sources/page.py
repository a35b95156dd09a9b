"""Any public page: what it shows, and the pages of the same site that it links to under the keyword.

First yt-dlp's extractor for the site, where there is one; else the page itself. The page is a candidate whether or not it
holds the keyword, for someone asked for it; what it links to is one when the link's own words hold the keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, ClassVar
from urllib.parse import unquote, urlsplit

import msgspec

from jikim.errors import FetchFailed, FetchRefused, JikimError
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import TEXT_LIMIT, candidate, is_new_enough
from jikim.sources.canonical import canonical, require_address, resolved, site
from jikim.sources.charsets import decoded
from jikim.sources.extractors import Extracted, extract, extractor_for
from jikim.sources.markup import PageFacts, kind_by_ending, page_facts
from jikim.sources.text import matches, plain
from jikim.sources.walls import refuse_wall_for_page
from jikim.types import Answer, Candidate, Keyword

FRAMES_LIMIT = 3
"""How many embedded players are looked into."""

BEGINNING_BYTES = 4096

_SIGNATURES = (
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"GIF8"),
    (8, b"WEBP"),
    (4, b"ftyp"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"ID3"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"#EXTM3U"),
)
_MANIFEST = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>)?(?:\s|<!--.*?-->)*<(?:\w+:)?MPD[\s>]", re.DOTALL)
"""Where a DASH manifest begins."""


class PageConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the page; `links_limit` bounds the linked pages named; `extractors` says whether yt-dlp is asked."""

    url: str | None = None
    links_limit: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 100
    extractors: bool = True


class PageSource:
    name: ClassVar[str] = "page"
    Config: ClassVar[type[msgspec.Struct]] = PageConfig

    def __init__(self, config: PageConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`."""
        self.warnings = []
        self.verify(self._config)
        visit = Visit(self.name, keyword, self._fetcher, self._config.extractors, self.warnings)
        found = visit.candidates(str(self._config.url), self._config.links_limit)
        yield from islice((each for each in found if is_new_enough(each, since)), limit)

    @classmethod
    def verify(cls, config: PageConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """A page with a picture, a video, a link that holds the keyword and one that does not."""
        url = "https://city.example/festival/"
        page = """<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>가을 축제</title>
            <meta property="og:image" content="/poster.jpg"></head><body><h1>가을 축제</h1><p>공원에서 열립니다.</p>
            <video src="opening.mp4" poster="opening.jpg"></video><a href="2025">지난 축제</a>
            <a href="/bus">버스 안내</a></body></html>"""
        return [
            SourceExample(
                config={"url": url, "extractors": False},
                answers={url: page.encode()},
                keyword=Keyword("축제"),
                native_ids=(url, "https://city.example/festival/2025"),
            )
        ]


def opened_page(found: Candidate, fetcher: Fetcher) -> Candidate:
    """`found` with what its page says and holds: its words, its media, and what its source did not tell of them.

    Raises FetchRefused and FetchFailed where the page cannot be brought here.
    """
    page = next(Visit(found.source, found.keyword, fetcher, True, []).candidates(found.url, links_limit=0), None)
    if page is None:
        return found
    text = found.text if page.text in found.text else plain(f"{found.text}\n{page.text}", TEXT_LIMIT)
    return replace(
        found,
        title=found.title or page.title,
        text=text,
        author_ref=found.author_ref or page.author_ref,
        media_urls=page.media_urls,
        thumbnail_urls=found.thumbnail_urls or page.thumbnail_urls,
        posted_at=found.posted_at or page.posted_at,
        duration_s=found.duration_s or page.duration_s,
    )


class Visit:
    """One look at addresses on behalf of a source. `warnings` takes what went wrong beside what was delivered."""

    def __init__(self, source: str, keyword: Keyword, fetcher: Fetcher, extractors: bool, warnings: list[JikimError]) -> None:
        self._source = source
        self._keyword = keyword
        self._fetcher = fetcher
        self._extractors = extractors
        self._warnings = warnings

    def candidates(self, url: str, links_limit: int) -> Iterator[Candidate]:
        """The candidate at `url`, a media file or a page, then up to `links_limit` that it leads to.

        Raises FetchRefused and FetchFailed where the page cannot be brought here or is neither page nor media.
        """
        if kind_by_ending(url):
            yield self._medium(url)
            return
        extracted = self._extracted(url) if self._extractors else ()
        if extracted:
            yield from self._from_extractor(url, extracted, links_limit)
            return
        answer = self._answer(url)
        if is_media(answer):
            yield self._medium(url)
            return
        yield from self._from_page(url, answer, links_limit)

    def _extracted(self, url: str) -> tuple[Extracted, ...]:
        extractor = extractor_for(url)
        if extractor is None:
            return ()
        try:
            return extract(url, extractor, self._fetcher)
        except FetchFailed as error:
            self._warnings.append(error)
            return ()

    def _answer(self, url: str) -> Answer:
        """The page, or the beginning of what is too large for a page and is media. Raises as `get` does."""
        try:
            return self._fetcher.get(url)
        except FetchRefused as refusal:
            if "limit_bytes" not in refusal.params:
                raise
            beginning = self._fetcher.get(url, headers={"range": f"bytes=0-{BEGINNING_BYTES - 1}"})
            if not is_media(beginning):
                raise refusal from None
            return beginning

    def _medium(self, url: str) -> Candidate:
        name = unquote(urlsplit(url).path.rpartition("/")[2], errors="replace")
        return candidate(self._source, canonical(url), self._keyword, datetime.now(UTC), url=url, title=name, media_urls=[url])

    def _from_extractor(self, url: str, extracted: tuple[Extracted, ...], links_limit: int) -> Iterator[Candidate]:
        """All that the address itself names; of a list, what holds the keyword, or the first few where nothing does."""
        if len(extracted) > 1:
            extracted = (
                tuple(each for each in extracted if matches(self._keyword, each.title, each.text)) or extracted[:FRAMES_LIMIT]
            )
        for each in extracted[: links_limit + 1]:
            address = resolved(url, each.url) or url
            yield candidate(
                self._source,
                canonical(address),
                self._keyword,
                datetime.now(UTC),
                url=address,
                title=each.title,
                text=each.text,
                author_ref=each.author,
                media_urls=each.media_urls,
                thumbnail_urls=each.thumbnail_urls,
                duration_s=each.duration_s,
                posted=each.posted,
            )

    def _from_page(self, url: str, answer: Answer, links_limit: int) -> Iterator[Candidate]:
        facts = page_facts(page_text(answer), answer.final_url)
        refuse_wall_for_page(answer, facts)
        embedded = [each for frame in self._players(answer.final_url, facts) for each in self._extracted(frame)]
        durations = [facts.duration_s, *(each.duration_s for each in embedded)]
        yield candidate(
            self._source,
            canonical(url),
            self._keyword,
            datetime.now(UTC),
            url=url,
            title=facts.title or urlsplit(url).path,
            text=facts.text,
            author_ref=facts.author,
            media_urls=[*(media for each in embedded for media in each.media_urls), *facts.video_urls, *facts.image_urls],
            thumbnail_urls=[*(thumbnail for each in embedded for thumbnail in each.thumbnail_urls), *facts.thumbnail_urls],
            duration_s=max((seconds for seconds in durations if seconds), default=None),
            posted=facts.posted,
        )
        yield from islice(self._linked(url, answer.final_url, facts), links_limit)

    def _players(self, base: str, facts: PageFacts) -> Iterator[str]:
        if self._extractors:
            frames = (address for frame in facts.frame_urls if (address := resolved(base, frame)))
            yield from islice((address for address in frames if extractor_for(address)), FRAMES_LIMIT)

    def _linked(self, url: str, final_url: str, facts: PageFacts) -> Iterator[Candidate]:
        """Pages of the same site whose link holds the keyword; only what the link says of them is known."""
        seen = {canonical(url), canonical(final_url)}
        for link in facts.links:
            address = resolved(final_url, link.url)
            if (
                address is None
                or canonical(address) in seen
                or site(address) != site(final_url)
                or not matches(self._keyword, link.text)
            ):
                continue
            seen.add(canonical(address))
            yield candidate(self._source, canonical(address), self._keyword, datetime.now(UTC), url=address, title=link.text)


def is_media(answer: Answer) -> bool:
    """Whether a picture, video or sound was answered, by its first bytes, else by the server's word."""
    if any(answer.body.startswith(mark, offset) for offset, mark in _SIGNATURES) or _MANIFEST.match(answer.body[:1024]):
        return True
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content_type.startswith(("image/", "video/", "audio/")) and not _looks_like_markup(answer.body)


def page_text(answer: Answer) -> str:
    """The page as text. Raises FetchFailed for what is no page at all."""
    content_type = answer.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/plain" and not _looks_like_markup(answer.body):
        return "<body><pre>" + decoded(answer.body, content_type).replace("&", "&amp;").replace("<", "&lt;")
    if kind in ("", "text/html", "application/xhtml+xml", "application/xml", "text/xml") or _looks_like_markup(answer.body):
        return decoded(answer.body, content_type)
    raise FetchFailed("sources.not_a_page", where=answer.url, type=kind if len(kind) < 80 and kind.isascii() else "?")


def _looks_like_markup(body: bytes) -> bool:
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml"))
