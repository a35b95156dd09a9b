"""A site's own list of its pages: sitemaps and indexes of them, with their video, picture and news additions.

The shapes are those of sitemaps.org (`urlset`/`url`/`loc`/`lastmod`, `sitemapindex`/`sitemap`/`loc`) and of Google's "Video
sitemaps", "Image sitemaps" and "News sitemaps". Pages are matched by what the list says of them: titles, captions, and the
words in their addresses.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import unquote, urlsplit

import msgspec
from lxml import etree

from jikim.errors import FetchFailed, FetchRefused, JikimError, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import candidate, is_new_enough
from jikim.sources.canonical import canonical, require_address, resolved
from jikim.sources.charsets import decoded
from jikim.sources.dates import duration_s, posted_at
from jikim.sources.text import matches
from jikim.sources.walls import refuse_wall_in
from jikim.sources.xml_trees import element_text, local_name, xml_tree
from jikim.types import Answer, Candidate, Keyword

PAGES_LIMIT = 50_000
UNPACKED_BYTES = 50 * 2**20
"""Both are what one sitemap may hold at most, by sitemaps.org."""


class SitemapConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the sitemap or the index; for a bare site it is `/sitemap.xml`. `lists` bounds how many lists are read, the
    newest first."""

    url: str | None = None
    lists: Annotated[int, msgspec.Meta(ge=1, le=500)] = 20


class SitemapSource:
    name: ClassVar[str] = "sitemap"
    names_pages: ClassVar[bool] = True
    Config: ClassVar[type[msgspec.Struct]] = SitemapConfig

    def __init__(self, config: SitemapConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A list that cannot be read, where others can, becomes a warning."""
        self.warnings = []
        self.verify(self._config)
        seen: set[str] = set()
        for page in self._pages(since):
            if len(seen) >= limit:
                return
            found = _candidate(self.name, page, keyword)
            if (
                found
                and found.id not in seen
                and is_new_enough(found, since)
                and matches(keyword, found.title, found.text, _address_words(found.url))
            ):
                seen.add(found.id)
                yield found

    def _pages(self, since: datetime | None) -> Iterator[_Page]:
        """The pages of all lists, breadth first from the one that is set."""
        first = _sitemap_url(str(self._config.url))
        waiting, known, has_answered = [first], {canonical(first)}, False
        for _ in range(self._config.lists):
            if not waiting:
                return
            url = waiting.pop(0)
            try:
                root = self._list(url)
            except (FetchFailed, FetchRefused, SourceChanged) as error:
                if not has_answered and not waiting:
                    raise
                self.warnings.append(error)
                continue
            has_answered = True
            for named in _named_lists(root, url, since):
                if canonical(named) not in known and len(known) < PAGES_LIMIT:
                    known.add(canonical(named))
                    waiting.append(named)
            yield from _listed_pages(root, url)
        if waiting:
            self.warnings.append(SourceChanged("sources.sitemaps_left", where=first, count=len(waiting)))

    def _list(self, url: str) -> Any:
        answer = self._fetcher.get(url, headers={"accept": "application/xml, text/xml;q=0.9, */*;q=0.5"})
        tree = xml_tree(decoded(_unpacked(answer), answer.headers.get("content-type", "")))
        if tree is None or local_name(tree.root) not in ("urlset", "sitemapindex"):
            refuse_wall_in(answer.body, answer.final_url)
            raise SourceChanged("sources.not_a_sitemap", where=url)
        if tree.is_damaged:
            self.warnings.append(SourceChanged("sources.sitemap_damaged", where=url))
        return tree.root

    @classmethod
    def verify(cls, config: SitemapConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """An index of a packed list with a video and a plain list whose page says what it is in its address."""
        base = "https://city.example"
        return [
            SourceExample(
                config={"url": base},
                answers={
                    f"{base}/sitemap.xml": _INDEX.encode(),
                    f"{base}/videos.xml.gz": gzip.compress(_VIDEOS.encode(), mtime=0),
                    f"{base}/pages.xml": _PAGES.encode(),
                },
                keyword=Keyword("축제"),
                native_ids=(f"{base}/v/7", f"{base}/%EC%B6%95%EC%A0%9C-%EC%95%88%EB%82%B4"),
            )
        ]


class _Page(msgspec.Struct, frozen=True):
    url: str
    changed: str = ""
    titles: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    media_urls: tuple[str, ...] = ()
    thumbnail_urls: tuple[str, ...] = ()
    duration_s: float | None = None
    posted: str = ""


def _candidate(source: str, page: _Page, keyword: Keyword) -> Candidate | None:
    """None for a page whose address cannot be opened."""
    url = resolved(page.url, page.url)
    if url is None:
        return None
    return candidate(
        source,
        canonical(url),
        keyword,
        datetime.now(UTC),
        url=url,
        title=page.titles[0] if page.titles else _address_words(url).strip("/"),
        text=" ".join((*page.titles[1:], *page.texts)),
        media_urls=page.media_urls,
        thumbnail_urls=page.thumbnail_urls,
        duration_s=page.duration_s,
        posted=page.posted or page.changed,
    )


def _named_lists(root: Any, base: str, since: datetime | None) -> list[str]:
    """The lists an index names, the newest first; those that have not changed since then are left out."""
    named: list[tuple[datetime, str]] = []
    for element in root.iterchildren(etree.Element) if local_name(root) == "sitemapindex" else ():
        parts = {local_name(part): element_text(part) for part in element.iterchildren(etree.Element)}
        changed = posted_at(parts.get("lastmod"), datetime.now(UTC))
        url = resolved(base, parts.get("loc", ""))
        if url and not (since and changed and changed < since):
            named.append((changed or datetime.now(UTC), url))
    return [url for _, url in sorted(named, key=lambda each: each[0], reverse=True)]


def _listed_pages(root: Any, base: str) -> Iterator[_Page]:
    for number, element in enumerate(root.iterchildren(etree.Element) if local_name(root) == "urlset" else ()):
        if number >= PAGES_LIMIT:
            return
        page = _page(element, base)
        if page:
            yield page


def _page(element: Any, base: str) -> _Page | None:
    said: dict[str, list[str]] = {}
    for part in element.iterdescendants(etree.Element):
        inside = local_name(part.getparent())
        if inside in ("url", "video", "image", "news"):
            said.setdefault(f"{inside} {local_name(part)}", []).append(element_text(part))
    url = resolved(base, next(iter(said.get("url loc", ())), ""))
    if url is None:
        return None

    def every(*names: str) -> tuple[str, ...]:
        return tuple(text for name in names for text in said.get(name, ()) if text)

    return _Page(
        url=url,
        changed=next(iter(every("url lastmod")), ""),
        titles=every("video title", "news title", "image title"),
        texts=every("video description", "image caption", "news keywords", "video tag"),
        media_urls=every("video content_loc", "image loc"),
        thumbnail_urls=every("video thumbnail_loc"),
        duration_s=duration_s(next(iter(every("video duration")), None)),
        posted=next(iter(every("video publication_date", "news publication_date")), ""),
    )


def _address_words(url: str) -> str:
    """What stands in an address after its host, to be read."""
    return unquote(urlsplit(url)._replace(scheme="", netloc="").geturl(), errors="replace")


def _sitemap_url(url: str) -> str:
    """Where the list of a bare site lies."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/sitemap.xml" if parts.path in ("", "/") and not parts.query else url


def _unpacked(answer: Answer) -> bytes:
    """The list itself where it came as a `.gz` file. Raises FetchFailed for one that is damaged or unpacks to more than a list
    may hold."""
    if not answer.body.startswith(b"\x1f\x8b"):
        return answer.body
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(answer.body, UNPACKED_BYTES)
    except zlib.error as error:
        raise FetchFailed("sources.not_a_sitemap", where=answer.url) from error
    if unpacking.unconsumed_tail:
        raise FetchFailed("sources.sitemap_too_large", where=answer.url, limit_mb=UNPACKED_BYTES // 2**20)
    return plain


_INDEX = """<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <sitemap><loc>https://city.example/pages.xml</loc><lastmod>2026-09-01</lastmod></sitemap>
  <sitemap><loc>https://city.example/videos.xml.gz</loc><lastmod>2026-10-03T09:00:00+09:00</lastmod></sitemap>
</sitemapindex>"""
_VIDEOS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">
  <url><loc>https://city.example/v/7</loc><video:video>
    <video:thumbnail_loc>https://city.example/7.jpg</video:thumbnail_loc><video:title>가을 축제</video:title>
    <video:description>강변의 등불</video:description><video:content_loc>https://city.example/7.mp4</video:content_loc>
    <video:duration>65</video:duration><video:publication_date>2026-10-03T09:00:00+09:00</video:publication_date>
  </video:video></url>
  <url><loc>https://city.example/v/8</loc></url>
</urlset>"""
_PAGES = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc>https://city.example/%EC%B6%95%EC%A0%9C-%EC%95%88%EB%82%B4</loc><lastmod>2026-09-01</lastmod></url>
</urlset>"""
