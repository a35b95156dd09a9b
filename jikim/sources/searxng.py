"""SearXNG, a metasearch engine that a centre runs itself, by its JSON search interface `/search?q=&format=json&pageno=`.

It answers `{"query", "results": [{"url", "title", "content", "template", "img_src", "thumbnail", "publishedDate", ...}],
"unresponsive_engines": [[engine, reason], ...], ...}` (docs.searxng.org, "Search API"). An instance answers in JSON only
where `json` stands under `search: formats:` of its settings.yml, and 403 where it does not.

Dates are compared here: asked for a time range, an instance leaves out every engine that cannot tell dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec

from jikim.errors import FetchFailed, JikimError
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import asked, beneath, read
from jikim.sources.candidates import candidate
from jikim.sources.canonical import canonical, require_address, resolved
from jikim.sources.dates import duration_s
from jikim.sources.markup import kind_by_ending, text_and_images
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.types import Candidate, Keyword

ALL_LANGUAGES = "all"
ENGINES_LIMIT = 200
"""How many silent engines are named; an instance knows about as many."""

_PICTURES = "images.html"
"""The template of results that are a picture each; `img_src` is then the picture itself, elsewhere an illustration."""
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(-[A-Za-z]{2})?(?:-|\Z)")
_SAYABLE = re.compile(r"[\w ,:()-]{1,60}\Z")
"""What an instance may say in our words about an engine: no address, no handle."""


class SearxngConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the instance. `categories` and `engines` are the ones to ask, by the names the instance gives them; none leaves
    the choice to the instance. `language` is what to search in: None is the keyword's, `all` every language."""

    url: str | None = None
    categories: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    language: str | None = None


class _Result(msgspec.Struct, frozen=True):
    url: str | None = None
    title: str | None = None
    content: str | None = None
    template: str | None = None
    author: str | None = None
    img_src: str | None = None
    thumbnail: str | None = None
    thumbnail_src: str | None = None
    audio_src: str | None = None
    published: str | None = msgspec.field(default=None, name="publishedDate")
    length: float | str | None = None


class _Answer(msgspec.Struct, frozen=True):
    results: tuple[_Result, ...]
    unresponsive_engines: tuple[tuple[str, ...], ...]


class SearxngSource:
    name: ClassVar[str] = "searxng"
    names_pages: ClassVar[bool] = True
    canary: ClassVar[str] = "날씨"
    Config: ClassVar[type[msgspec.Struct]] = SearxngConfig

    def __init__(self, config: SearxngConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self._silent: dict[str, FetchFailed] = {}
        self._has_named = False
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. An engine that did not answer becomes a warning.

        Raises FetchFailed where nothing was named and an engine was silent: then nobody knows whether there is anything.
        """
        self.warnings, self._silent, self._has_named = [], {}, False
        self.verify(self._config)
        yield from paged({"pageno": 1}, lambda mark: self._page(keyword, mark), since, limit, self.warnings)
        if self._silent and not self._has_named:
            raise FetchFailed("sources.engines_silent", where=self._address(keyword, {}), engines=", ".join(self._silent))

    def _page(self, keyword: Keyword, mark: Mark) -> Page:
        url = self._address(keyword, mark)
        answer = self._answer(url)
        self._note_silence(answer.unresponsive_engines)
        found = [each for result in answer.results if (each := self._candidate(result, keyword))]
        self._has_named = self._has_named or bool(found)
        return Page(url, found, {"pageno": int(mark["pageno"]) + 1} if answer.results else None)

    def _address(self, keyword: Keyword, mark: Mark) -> str:
        language = self._config.language or keyword.lang
        wanted = {
            "q": query_of(self.name, keyword),
            "format": "json",
            "categories": ",".join(self._config.categories),
            "engines": ",".join(self._config.engines),
            "language": _language(language),
            "safesearch": 0,  # what is searched for here is what a filter would hide
            **mark,
        }
        query = urlencode({name: value for name, value in wanted.items() if value != ""})
        return beneath(str(self._config.url), f"/search?{query}")

    def _answer(self, url: str) -> _Answer:
        try:
            return read(asked(self._fetcher, url), _Answer, self.warnings)
        except FetchFailed as error:
            if error.status == 403:
                raise FetchFailed("sources.searxng_json_off", where=url, status=403) from error
            raise

    def _note_silence(self, engines: tuple[tuple[str, ...], ...]) -> None:
        for said in engines:
            engine, reason = (part if _SAYABLE.match(part) else "?" for part in (*said, "", "")[:2])
            if engine not in self._silent and len(self._silent) < ENGINES_LIMIT:
                self._silent[engine] = FetchFailed("sources.engine_silent", engine=engine, reason=reason)
                self.warnings.append(self._silent[engine])

    def _candidate(self, result: _Result, keyword: Keyword) -> Candidate | None:
        """None for a result that leads nowhere, such as a magnet link or a table of facts."""
        base = beneath(str(self._config.url), "/")
        url = resolved(base, result.url or "")
        if url is None:
            return None
        picture = resolved(base, result.img_src or "")
        is_picture = result.template == _PICTURES and picture is not None
        media = [picture if is_picture else None, resolved(base, result.audio_src or ""), url if kind_by_ending(url) else None]
        thumbnails = [resolved(base, reference or "") for reference in (result.thumbnail, result.thumbnail_src)]
        # Several pictures stand on one page: each is a find of its own.
        native_id = f"{canonical(url)} {canonical(picture)}" if is_picture and picture else canonical(url)
        return candidate(
            self.name,
            native_id,
            keyword,
            datetime.now(UTC),
            url=url,
            title=text_and_images(result.title or "", url)[0],
            text=text_and_images(result.content or "", url)[0],
            author_ref=result.author,
            media_urls=[address for address in media if address],
            thumbnail_urls=[address for address in (*thumbnails, picture) if address],
            duration_s=duration_s(result.length),
            posted=result.published,
        )

    @classmethod
    def verify(cls, config: SearxngConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Three pages: a web page and a picture, the page again with a video, and an empty one, which is the last."""
        base = "https://search.example"
        asked_for = "q=%EC%B6%95%EC%A0%9C&format=json&language=ko&safesearch=0&pageno="
        page, video = "https://city.example/festival", "https://tube.example/watch?v=7"
        picture = "https://city.example/lanterns.jpg"
        first = [
            _example_result(page, "가을 축제", publishedDate="2026-10-03T09:00:00"),
            _example_result(page, "등불", template=_PICTURES, img_src=picture, thumbnail_src="https://city.example/s.jpg"),
        ]
        second = [
            _example_result(page, "가을 축제"),
            _example_result(video, "축제 영상", template="videos.html", thumbnail="https://tube.example/7.jpg", length="1:05"),
        ]
        return [
            SourceExample(
                config={"url": base},
                answers={
                    f"{base}/search?{asked_for}{number}": msgspec.json.encode(_example_answer(results))
                    for number, results in enumerate((first, second, []), 1)
                },
                keyword=Keyword("축제"),
                native_ids=(page, f"{page} {picture}", video),
            )
        ]


def _language(tag: str) -> str:
    """A language tag as SearXNG takes it, a language with at most a region; empty for none."""
    if tag == ALL_LANGUAGES:
        return tag
    found = _LANGUAGE.match(tag)
    return (found[1] + (found[2] or "")) if found else ""


def _example_result(url: str, title: str, **more: Any) -> dict[str, Any]:
    known = {"template": "default.html", "engine": "example", "engines": ["example"], "category": "general", "score": 1.0}
    return {"url": url, "title": title, "content": "공원에서 <b>열린</b> 축제", "publishedDate": None, **known, **more}


def _example_answer(results: list[dict[str, Any]]) -> dict[str, Any]:
    empty: dict[str, list[Any]] = {"answers": [], "corrections": [], "infoboxes": [], "suggestions": []}
    return {"query": "축제", "number_of_results": 0, "results": results, **empty, "unresponsive_engines": []}
