"""The practice platform's search, `/api/search?q=&page=&size=`.

It answers `{"schema": 1, "items": [...], "total": n, "next": address or null}`, an item `{"id", "url", "title", "text",
"author", "posted_at", "kind", "media": [{"url", "type", "duration_s", "thumbnail"}]}` (see `jikim.practice.server`). An
address that leads to another server is refused, for what is practice is only what the platform itself serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

import msgspec

from jikim.errors import JikimError, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import own, read
from jikim.sources.candidates import candidate, is_new_enough
from jikim.sources.canonical import origin, require_address
from jikim.types import Candidate, Keyword

PAGE_SIZE = 100


class PracticeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is where the platform runs, `http://127.0.0.1:8085`."""

    url: str | None = None


class _Medium(msgspec.Struct, frozen=True):
    url: str
    type: str
    duration_s: float | None = None
    thumbnail: str | None = None


class _Item(msgspec.Struct, frozen=True):
    id: str
    url: str
    title: str
    text: str
    author: str | None
    posted_at: datetime | None
    media: tuple[_Medium, ...]


class _Page(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...]
    next: str | None
    schema: Literal[1] = 1


class PracticeSource:
    name: ClassVar[str] = "practice"
    Config: ClassVar[type[msgspec.Struct]] = PracticeConfig

    def __init__(self, config: PracticeConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. Stops with a warning where pages repeat."""
        self.warnings = []
        self.verify(self._config)
        base = origin(str(self._config.url))
        url: str | None = f"{base}/api/search?{urlencode({'q': keyword.text, 'page': 1, 'size': min(limit, PAGE_SIZE)})}"
        seen: set[str] = set()
        left = limit
        while url is not None and left > 0:
            page = read(self._fetcher.get(url, headers={"accept": "application/json"}), _Page)
            fresh = {item.id: item for item in page.items if item.id not in seen}
            if not fresh and page.next is not None:
                self.warnings.append(SourceChanged("sources.repeated_page", where=url))
                return
            seen.update(fresh)
            for item in fresh.values():
                found = self._candidate(item, base, keyword, datetime.now(UTC))
                if left > 0 and is_new_enough(found, since):
                    left -= 1
                    yield found
            url = own(base, page.next, "next") if page.next is not None else None

    def _candidate(self, item: _Item, base: str, keyword: Keyword, found_at: datetime) -> Candidate:
        return candidate(
            self.name,
            item.id,
            keyword,
            found_at,
            url=own(base, item.url, "items[].url"),
            title=item.title,
            text=item.text,
            author_ref=item.author,
            media_urls=[own(base, medium.url, "items[].media[].url") for medium in item.media],
            thumbnail_urls=[
                own(base, medium.thumbnail, "items[].media[].thumbnail") for medium in item.media if medium.thumbnail
            ],
            duration_s=max((medium.duration_s for medium in item.media if medium.duration_s), default=None),
            posted=item.posted_at,
        )

    @classmethod
    def verify(cls, config: PracticeConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages in the documented shape, the second naming an item of the first again."""
        base = "http://127.0.0.1:8085"
        query = "q=%EC%B6%95%EC%A0%9C"
        video = {
            "url": f"{base}/media/a2/1.mp4",
            "type": "video/mp4",
            "duration_s": 12.5,
            "thumbnail": f"{base}/thumb/a2/1.jpg",
        }
        picture = {"url": f"{base}/media/a1/1.jpg", "type": "image/jpeg", "duration_s": None, "thumbnail": None}
        items: list[dict[str, Any]] = [
            _example_item("a1", "가을 축제 사진", [picture]),
            _example_item("a2", "불꽃 축제 영상", [video]),
            _example_item("a3", "축제 후기", []),
        ]
        pages = [f"{base}/api/search?{query}&page={page}&size=100" for page in (1, 2)]
        first = {"schema": 1, "query": "축제", "items": items[:2], "total": 3, "page": 1, "size": 100, "next": pages[1]}
        second = {"schema": 1, "query": "축제", "items": items[1:], "total": 3, "page": 2, "size": 100, "next": None}
        return [
            SourceExample(
                config={"url": base},
                answers={pages[0]: msgspec.json.encode(first), pages[1]: msgspec.json.encode(second)},
                keyword=Keyword("축제"),
                native_ids=("a1", "a2", "a3"),
            )
        ]


def _example_item(native_id: str, title: str, media: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": native_id,
        "url": f"http://127.0.0.1:8085/item/{native_id}",
        "title": title,
        "text": "공원에서 열린 축제",
        "author": "writer-1",
        "posted_at": "2026-10-03T09:00:00+00:00",
        "kind": media[0]["type"].partition("/")[0] if media else "text",
        "media": media,
    }
