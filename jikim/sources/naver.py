"""NAVER's search through its API HUB, `GET /search/v1/{service}?query=&display=100&start=1&sort=date`, for each service asked.

It answers `{"lastBuildDate", "total", "start", "display", "items": [{"title", "link", "description", ...}]}`
(api.ncloud-docs.com, "NAVER API HUB Search"), titles and descriptions with the keyword in `<b>`. At most 100 items a page, the
last page begins at 1,000; `webkr` takes no `sort`. The two headers of an application are needed; a day has 25,000 requests
for all of them.
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
from jikim.sources.markup import text_and_images
from jikim.sources.paging import Mark, Page
from jikim.sources.queries import query_of
from jikim.sources.quota import Quota
from jikim.sources.services import each_service
from jikim.types import Candidate, Keyword

HUB = "https://naverapihub.apigw.ntruss.com"
PAGE_SIZE = 100
LAST_START = 1_000

Service = Literal["webkr", "news", "blog", "cafearticle", "kin", "image"]


class NaverConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key_id` and `key` are the application's; they go to the hub alone, over https, and are never shown. `services` are
    searched one after the other, each for its share of the limit."""

    url: str = HUB
    key_id: Secret | None = None
    key: Secret | None = None
    services: Annotated[tuple[Service, ...], msgspec.Meta(min_length=1)] = ("webkr", "blog", "cafearticle")

    def __repr__(self) -> str:
        return f"NaverConfig(url={self.url!r}, key_id={shown(self.key_id)}, key={shown(self.key)}, services={self.services})"


class _Item(msgspec.Struct, frozen=True):
    title: str
    link: str
    description: str = ""
    thumbnail: str | None = None
    bloggername: str | None = None
    cafename: str | None = None
    posted_on: str | None = msgspec.field(default=None, name="postdate")
    posted: str | None = msgspec.field(default=None, name="pubDate")


class _Answer(msgspec.Struct, frozen=True):
    total: int
    start: int
    display: int
    items: tuple[_Item, ...]


class NaverSource:
    name: ClassVar[str] = "naver"
    names_pages: ClassVar[bool] = True
    canary: ClassVar[str] = "날씨"
    secrets: ClassVar[tuple[str, ...]] = ("key_id", "key")
    quota: ClassVar[Quota] = Quota(25_000, "Asia/Seoul")
    Config: ClassVar[type[msgspec.Struct]] = NaverConfig

    def __init__(self, config: NaverConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. A service that fails while another one answers becomes a warning."""
        self.warnings = []
        self.verify(self._config)
        pages = partial(self._page, keyword)
        yield from each_service(self._config.services, {"start": 1}, pages, since, limit, self.warnings)

    def _page(self, keyword: Keyword, service: Service, mark: Mark) -> Page:
        sort = {} if service == "webkr" else {"sort": "sim" if service == "image" else "date"}
        query = urlencode({"query": query_of(self.name, keyword), "display": PAGE_SIZE, **mark, **sort})
        url = beneath(self._config.url, f"/search/v1/{service}?{query}")
        keys = {"x-ncp-apigw-api-key-id": str(self._config.key_id), "x-ncp-apigw-api-key": str(self._config.key)}
        answer = answered(self._fetcher, url, _Answer, keys, source=self.name, refusals=KEY_REFUSED, warnings=self.warnings)
        following = answer.start + PAGE_SIZE
        has_more = bool(answer.items) and following <= min(answer.total, LAST_START)
        found = [made for item in answer.items if (made := self._candidate(item, service, url, keyword))]
        return Page(url, found, {"start": following} if has_more else None)

    def _candidate(self, item: _Item, service: Service, asked_url: str, keyword: Keyword) -> Candidate | None:
        """None for an item that leads nowhere."""
        url = resolved(asked_url, item.link)
        if url is None:
            return None
        is_picture = service == "image"
        return candidate(
            self.name,
            canonical(url),
            keyword,
            datetime.now(UTC),
            url=url,
            title=text_and_images(item.title, url)[0],
            text=text_and_images(item.description, url)[0],
            author_ref=item.bloggername or item.cafename,
            media_urls=[url] if is_picture else (),
            thumbnail_urls=[item.thumbnail] if item.thumbnail else (),
            posted=item.posted or _day(item.posted_on),
        )

    @classmethod
    def verify(cls, config: NaverConfig) -> None:
        """Raises NotConfigured without both keys, BadUse for an address that would carry them in clear."""
        if not config.key_id or not config.key:
            raise NotConfigured("sources.key_wanted", source=cls.name, names="key_id, key")
        refuse_clear_text(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages of the web and one of blogs, with a post named on both pages of the web."""
        pages = {
            "webkr": ((1, [_example_item(1), _example_item(2)], 102), (101, [_example_item(2), _example_item(3)], 102)),
            "blog": ((1, [_example_item(4, postdate="20261003", bloggername="글쓴이")], 1),),
        }
        answers = {}
        for service, parts in pages.items():
            for start, items, total in parts:
                sort = "" if service == "webkr" else "&sort=date"
                asked_for = f"{HUB}/search/v1/{service}?query=%EC%B6%95%EC%A0%9C&display=100&start={start}{sort}"
                answers[asked_for] = _example_answer(start, items, total)
        return [
            SourceExample(
                config={"key_id": "example", "key": "example", "services": ["webkr", "blog"]},
                answers=answers,
                keyword=Keyword("축제"),
                native_ids=tuple(f"https://page.example/{number}" for number in (1, 2, 3, 4)),
            )
        ]


def _day(text: str | None) -> str | None:
    """`20261003` as a date that can be read."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text and len(text) == 8 and text.isdigit() else None


def _example_item(number: int, **more: Any) -> dict[str, Any]:
    return {"title": "가을 <b>축제</b>", "link": f"https://page.example/{number}", "description": "강변의 등불", **more}


def _example_answer(start: int, items: list[dict[str, Any]], total: int) -> bytes:
    built = {"lastBuildDate": "Sat, 03 Oct 2026 18:00:00 +0900", "total": total, "start": start, "display": len(items)}
    return msgspec.json.encode({**built, "items": items})
