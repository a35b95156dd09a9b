"""Wikis that run MediaWiki, Wikimedia Commons among them, by their action interface `api.php`, formatversion 2.

A page of results takes two requests: `list=search` names pages with a snippet, `prop=info|imageinfo|pageimages` says for them
where they stand, which file they are and which picture they lead with (mediawiki.org, "API:Search", "API:Imageinfo",
"Extension:PageImages"). Where an answer is not complete it has `continue`, whose parameters are sent along with the next
request. Errors come with status 200 as `{"error": {"code", "info"}}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec

from jikim.errors import FetchFailed, JikimError
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import asked, beneath, changed, each, read
from jikim.sources.candidates import candidate
from jikim.sources.canonical import require_address, resolved
from jikim.sources.dates import duration_s
from jikim.sources.markup import kind_by_ending, text_and_images
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.types import Answer, Candidate, Keyword

PAGE_SIZE = 50
"""The most pages that one request may ask the details of."""
DETAILS_PARTS_LIMIT = 5
THUMBNAIL_PX = 320

STATUS_BY_CODE = {
    "ratelimited": 429,
    "maxlag": 503,
    "readonly": 503,
    "cirrussearch-too-busy-error": 503,
    "readapidenied": 403,
    "permissiondenied": 403,
    "blocked": 403,
    "autoblocked": 403,
}
"""What an error of the interface would be as an HTTP status, where the kind of failure matters."""

_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")
_UNOPENED = ("image/svg+xml", "image/vnd.djvu", "image/x-xcf")
"""Pictures that are no raster; the wiki draws a thumbnail of them."""


class MediawikiConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the wiki: its `api.php`, or its host where that is at `/w/api.php`. `namespaces` are those searched: 0 articles,
    6 files."""

    url: str | None = None
    namespaces: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)] = (0, 6)


class _Error(msgspec.Struct, frozen=True):
    code: str


class _Hit(msgspec.Struct, frozen=True):
    pageid: int
    title: str
    timestamp: datetime
    snippet: str = ""


class _Hits(msgspec.Struct, frozen=True):
    search: tuple[_Hit, ...]


class _Search(msgspec.Struct, frozen=True):
    query: _Hits
    following: dict[str, int | str] | None = msgspec.field(default=None, name="continue")


class _File(msgspec.Struct, frozen=True):
    url: str
    mime: str
    timestamp: datetime
    user: str | None = None
    thumburl: str | None = None
    duration: float | None = None


class _Picture(msgspec.Struct, frozen=True):
    source: str


class _Details(msgspec.Struct, frozen=True):
    pageid: int = 0
    fullurl: str | None = None
    imageinfo: tuple[_File, ...] = ()
    original: _Picture | None = None
    thumbnail: _Picture | None = None


class _Pages(msgspec.Struct, frozen=True):
    pages: tuple[_Details, ...]


class _Lookup(msgspec.Struct, frozen=True):
    query: _Pages
    following: dict[str, int | str] | None = msgspec.field(default=None, name="continue")


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error | None = None


_Shape = TypeVar("_Shape", _Search, _Lookup)


class MediawikiSource:
    name: ClassVar[str] = "mediawiki"
    Config: ClassVar[type[msgspec.Struct]] = MediawikiConfig

    def __init__(self, config: MediawikiConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A file is dated by its upload, another page by its last change."""
        self.warnings = []
        self.verify(self._config)
        yield from paged({}, lambda mark: self._page(keyword, mark), since, limit, self.warnings)

    def _page(self, keyword: Keyword, mark: Mark) -> Page:
        wanted = {
            "list": "search",
            "srsearch": query_of(self.name, keyword),
            "srnamespace": "|".join(map(str, self._config.namespaces)),
            "srlimit": PAGE_SIZE,
            "srprop": "snippet|timestamp",
            **mark,
        }
        url = self._address(wanted)
        answer = self._read(url, _Search)
        details = self._details([hit.pageid for hit in answer.query.search])
        hits = answer.query.search
        found = each(hits, lambda hit: self._candidate(hit, details.get(hit.pageid, _Details()), url, keyword), self.warnings)
        return Page(url, found, answer.following)

    def _details(self, pageids: Sequence[int]) -> dict[int, _Details]:
        """What the wiki says of these pages, each detail from the first part of the answer that has it."""
        known: dict[int, _Details] = {}
        mark: Mark | None = {} if pageids else None
        for _ in range(DETAILS_PARTS_LIMIT):
            if mark is None:
                break
            answer = self._read(self._address({**_DETAILS_WANTED, "pageids": "|".join(map(str, pageids)), **mark}), _Lookup)
            for part in answer.query.pages:
                known[part.pageid] = _joined(known.get(part.pageid, _Details()), part)
            mark = answer.following
        return known

    def _address(self, wanted: Mark) -> str:
        every = {"action": "query", "format": "json", "formatversion": 2, **wanted}
        return f"{_interface(str(self._config.url))}?{urlencode(every)}"

    def _read(self, url: str, shape: type[_Shape]) -> _Shape:
        answer = asked(self._fetcher, url)
        refusal = read(answer, _Refusal).error
        if refusal is not None:
            raise _failure(refusal.code, url, answer)
        return read(answer, shape, self.warnings)

    def _candidate(self, hit: _Hit, details: _Details, asked_url: str, keyword: Keyword) -> Candidate:
        interface = _interface(str(self._config.url))
        url = resolved(interface, details.fullurl or f"index.php?curid={hit.pageid}")
        if url is None:
            raise changed(asked_url, "query.pages[].fullurl")
        file = details.imageinfo[0] if details.imageinfo else None
        return candidate(
            self.name,
            f"{interface} {hit.pageid}",
            keyword,
            datetime.now(UTC),
            url=url,
            title=hit.title,
            text=text_and_images(hit.snippet, url)[0],
            author_ref=file.user if file else None,
            media_urls=_media(details),
            thumbnail_urls=[file.thumburl or "" if file else "", details.thumbnail.source if details.thumbnail else ""],
            duration_s=duration_s(file.duration) if file else None,
            posted=file.timestamp if file else hit.timestamp,
        )

    @classmethod
    def verify(cls, config: MediawikiConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages of results: a film and an article, then the article again and a drawing."""
        wiki = "https://wiki.example"
        search = (
            f"{wiki}/w/api.php?action=query&format=json&formatversion=2&list=search&srsearch=%EC%B6%95%EC%A0%9C"
            "&srnamespace=0%7C6&srlimit=50&srprop=snippet%7Ctimestamp"
        )
        lookup = f"{wiki}/w/api.php?{urlencode({'action': 'query', 'format': 'json', 'formatversion': 2, **_DETAILS_WANTED})}"
        film, article, drawing = (
            _example_page(11, "File:축제.webm", imageinfo=[_example_file("webm", "video/webm", duration=61.5)]),
            _example_page(12, "축제", original={"source": f"{wiki}/images/a.jpg"}, thumbnail={"source": f"{wiki}/t/a.jpg"}),
            _example_page(13, "File:등불.svg", imageinfo=[_example_file("svg", "image/svg+xml")]),
        )
        answers = {
            search: _example_hits(film, article, following={"sroffset": 50, "continue": "-||"}),
            f"{search}&sroffset=50&continue=-%7C%7C": _example_hits(article, drawing),
            f"{lookup}&pageids=11%7C12": {"batchcomplete": True, "query": {"pages": [film, article]}},
            f"{lookup}&pageids=12%7C13": {"batchcomplete": True, "query": {"pages": [article, drawing]}},
        }
        return [
            SourceExample(
                config={"url": wiki},
                answers={url: msgspec.json.encode(answer) for url, answer in answers.items()},
                keyword=Keyword("축제"),
                native_ids=tuple(f"{wiki}/w/api.php {number}" for number in (11, 12, 13)),
            )
        ]


_DETAILS_WANTED: Mark = {
    "prop": "info|imageinfo|pageimages",
    "inprop": "url",
    "iiprop": "url|mime|size|user|timestamp",
    "iiurlwidth": THUMBNAIL_PX,
    "piprop": "original|thumbnail",
    "pithumbsize": THUMBNAIL_PX,
    "pilimit": PAGE_SIZE,
}


def _interface(url: str) -> str:
    """The address of a wiki's `api.php`. Raises BadUse."""
    address = beneath(url, "")
    return address if address.endswith(".php") else f"{address}/w/api.php"


def _failure(code: str, url: str, answer: Answer) -> FetchFailed:
    status = STATUS_BY_CODE.get(code)
    known: dict[str, float] = {} if status is None else {"status": status}
    wait = answer.headers.get("retry-after", "").strip()
    if wait.isascii() and wait.isdigit() and len(wait) < 6:
        known["retry_after_s"] = float(wait)
    return FetchFailed("sources.interface_refused", where=url, code=code if _CODE.match(code) else "?", **known)


def _media(details: _Details) -> list[str]:
    """The file itself, or the picture an article leads with; nothing that is no raster."""
    if details.imageinfo:
        file = details.imageinfo[0]
        is_media = file.mime.startswith(("image/", "video/", "audio/", "application/ogg")) and file.mime not in _UNOPENED
        return [file.url] if is_media else []
    return [details.original.source] if details.original and kind_by_ending(details.original.source) else []


def _joined(known: _Details, part: _Details) -> _Details:
    return _Details(
        pageid=part.pageid,
        fullurl=known.fullurl or part.fullurl,
        imageinfo=known.imageinfo or part.imageinfo,
        original=known.original or part.original,
        thumbnail=known.thumbnail or part.thumbnail,
    )


def _example_page(pageid: int, title: str, **more: Any) -> dict[str, Any]:
    return {"pageid": pageid, "ns": 0, "title": title, "fullurl": f"https://wiki.example/wiki/{pageid}", **more}


def _example_file(ending: str, mime: str, **more: Any) -> dict[str, Any]:
    stand = {"timestamp": "2026-10-03T09:00:00Z", "user": "Writer", "size": 1000, "width": 640, "height": 360}
    urls = {"url": f"https://files.example/{ending}/1.{ending}", "thumburl": f"https://files.example/{ending}/1.png"}
    return {**stand, **urls, "mime": mime, **more}


def _example_hits(*pages: dict[str, Any], following: dict[str, Any] | None = None) -> dict[str, Any]:
    snippet = '공원에서 열린 <span class="searchmatch">축제</span>'
    hits = [
        {"ns": 0, "title": page["title"], "pageid": page["pageid"], "snippet": snippet, "timestamp": "2026-10-03T09:00:00Z"}
        for page in pages
    ]
    more = {"continue": following} if following else {"batchcomplete": True}
    return {**more, "query": {"searchinfo": {"totalhits": 3}, "search": hits}}
