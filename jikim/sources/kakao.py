"""Daum's search through Kakao, `GET /v2/search/{service}?query=&sort=recency&page=1&size=50`, for each service asked.

It answers `{"meta": {"total_count", "pageable_count", "is_end"}, "documents": [...]}` (developers.kakao.com, "Daum Search"):
pages, blogs and cafes with `title`, `contents`, `url`, `datetime`; clips with `title`, `url`, `thumbnail`, `play_time`,
`author`; pictures with `image_url`, `thumbnail_url`, `doc_url`, `display_sitename`. At most 50 a page (80 pictures) and 50
pages; of clips 30 and 15.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode

import msgspec

from jikim.errors import JikimError, NotConfigured
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import answered, beneath
from jikim.sources.candidates import candidate
from jikim.sources.canonical import canonical, resolved
from jikim.sources.credentials import KEY_REFUSED, Secret, refuse_clear_text, shown
from jikim.sources.dates import duration_s
from jikim.sources.markup import text_and_images
from jikim.sources.paging import Mark, Page
from jikim.sources.queries import query_of
from jikim.sources.services import each_service
from jikim.types import Candidate, Keyword

KAKAO = "https://dapi.kakao.com"

Service = Literal["web", "blog", "cafe", "vclip", "image"]
SIZES: dict[str, int] = {"web": 50, "blog": 50, "cafe": 50, "vclip": 30, "image": 80}
PAGES: dict[str, int] = {"web": 50, "blog": 50, "cafe": 50, "vclip": 15, "image": 50}


class KakaoConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key` is the application's REST key; it goes to Kakao alone, over https, and is never shown. `services` are searched one
    after the other, each for its share of the limit."""

    url: str = KAKAO
    key: Secret | None = None
    services: Annotated[tuple[Service, ...], msgspec.Meta(min_length=1)] = ("web", "vclip", "blog", "cafe")

    def __repr__(self) -> str:
        return f"KakaoConfig(url={self.url!r}, key={shown(self.key)}, services={self.services})"


class _Document(msgspec.Struct, frozen=True):
    title: str = ""
    contents: str = ""
    url: str | None = None
    posted: str | None = msgspec.field(default=None, name="datetime")
    thumbnail: str | None = None
    play_time: float | None = None
    author: str | None = None
    blogname: str | None = None
    cafename: str | None = None
    image_url: str | None = None
    thumbnail_url: str | None = None
    doc_url: str | None = None
    display_sitename: str | None = None


class _Meta(msgspec.Struct, frozen=True):
    is_end: bool


class _Answer(msgspec.Struct, frozen=True):
    meta: _Meta
    documents: tuple[_Document, ...]


class KakaoSource:
    name: ClassVar[str] = "kakao"
    names_pages: ClassVar[bool] = True
    canary: ClassVar[str] = "날씨"
    secrets: ClassVar[tuple[str, ...]] = ("key",)
    Config: ClassVar[type[msgspec.Struct]] = KakaoConfig

    def __init__(self, config: KakaoConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A service that fails while another one answers becomes a warning."""
        self.warnings = []
        self.verify(self._config)
        pages = partial(self._page, keyword)
        yield from each_service(self._config.services, {"page": 1}, pages, since, limit, self.warnings)

    def _page(self, keyword: Keyword, service: Service, mark: Mark) -> Page:
        query = urlencode({"query": query_of(self.name, keyword), "sort": "recency", "size": SIZES[service], **mark})
        url = beneath(self._config.url, f"/v2/search/{service}?{query}")
        keys = {"authorization": f"KakaoAK {self._config.key}"}
        answer = answered(self._fetcher, url, _Answer, keys, source=self.name, refusals=KEY_REFUSED, warnings=self.warnings)
        number = int(mark["page"])
        has_more = bool(answer.documents) and not answer.meta.is_end and number < PAGES[service]
        found = [made for document in answer.documents if (made := self._candidate(document, url, keyword))]
        return Page(url, found, {"page": number + 1} if has_more else None)

    def _candidate(self, document: _Document, asked_url: str, keyword: Keyword) -> Candidate | None:
        """None for a document that leads nowhere."""
        picture = resolved(asked_url, document.image_url or "")
        url = resolved(asked_url, document.url or document.doc_url or "") or picture
        if url is None:
            return None
        return candidate(
            self.name,
            f"{canonical(url)} {canonical(picture)}" if picture else canonical(url),
            keyword,
            datetime.now(UTC),
            url=url,
            title=text_and_images(document.title, url)[0],
            text=text_and_images(document.contents, url)[0],
            author_ref=document.author or document.blogname or document.cafename or document.display_sitename,
            media_urls=[picture] if picture else (),
            thumbnail_urls=[each for each in (document.thumbnail, document.thumbnail_url) if each],
            duration_s=duration_s(document.play_time),
            posted=document.posted,
        )

    @classmethod
    def verify(cls, config: KakaoConfig) -> None:
        """Raises NotConfigured without a key, BadUse for an address that would carry it in clear."""
        if not config.key:
            raise NotConfigured("sources.key_wanted", source=cls.name, names="key")
        refuse_clear_text(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages of the web and a clip."""
        clip = {
            "title": "축제 영상",
            "url": "https://tube.example/7",
            "datetime": "2026-10-03T18:00:00.000+09:00",
            "play_time": 65,
            "thumbnail": "https://tube.example/7.jpg",
            "author": "글쓴이",
        }
        asked_for = f"{KAKAO}/v2/search/{{}}?query=%EC%B6%95%EC%A0%9C&sort=recency&size={{}}&page={{}}"
        return [
            SourceExample(
                config={"key": "example", "services": ["web", "vclip"]},
                answers={
                    asked_for.format("web", 50, 1): _example_answer([_example_page(1), _example_page(2)], is_end=False),
                    asked_for.format("web", 50, 2): _example_answer([_example_page(2), _example_page(3)], is_end=True),
                    asked_for.format("vclip", 30, 1): _example_answer([clip], is_end=True),
                },
                keyword=Keyword("축제"),
                native_ids=(*(f"https://page.example/{number}" for number in (1, 2, 3)), "https://tube.example/7"),
            )
        ]


def _example_page(number: int) -> dict[str, Any]:
    posted = "2026-10-03T18:00:00.000+09:00"
    return {"title": "가을 <b>축제</b>", "contents": "강변의 등불", "url": f"https://page.example/{number}", "datetime": posted}


def _example_answer(documents: list[dict[str, Any]], *, is_end: bool) -> bytes:
    meta = {"total_count": 3, "pageable_count": 3, "is_end": is_end}
    return msgspec.json.encode({"meta": meta, "documents": documents})
