"""PeerTube, by the search of one instance, `GET /api/v1/search/videos?search=&count=100&start=0&sort=-publishedAt&nsfw=both`.

It answers `{"total", "data": [{"uuid", "name", "truncatedDescription", "duration", "url", "thumbnailPath", "publishedAt",
"account"}]}` (docs.joinpeertube.org, "REST API", searchVideos), videos of other instances it knows among them. What was found
is opened by its page's extractor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec

from jikim.errors import JikimError
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import answered, beneath, changed, each
from jikim.sources.candidates import candidate
from jikim.sources.canonical import canonical, origin, require_address, resolved
from jikim.sources.dates import duration_s
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.sources.text import plain
from jikim.types import Candidate, Keyword

PAGE_SIZE = 100
START_LIMIT = 10_000
NATIVE_ID_LIMIT = 2_000


class PeertubeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the instance. `is_local` leaves out what it only knows from other instances."""

    url: str | None = None
    is_local: bool = False


class _Account(msgspec.Struct, frozen=True):
    name: str
    host: str


class _Video(msgspec.Struct, frozen=True):
    uuid: str
    name: str
    url: str | None = None
    short: str | None = msgspec.field(default=None, name="truncatedDescription")
    description: str | None = None
    duration: float | None = None
    thumbnail: str | None = msgspec.field(default=None, name="thumbnailPath")
    preview: str | None = msgspec.field(default=None, name="previewPath")
    posted: str | None = msgspec.field(default=None, name="publishedAt")
    account: _Account | None = None


class _Answer(msgspec.Struct, frozen=True):
    total: int
    data: tuple[_Video, ...]


class PeertubeSource:
    name: ClassVar[str] = "peertube"
    names_pages: ClassVar[bool] = True
    Config: ClassVar[type[msgspec.Struct]] = PeertubeConfig

    def __init__(self, config: PeertubeConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`."""
        self.warnings = []
        self.verify(self._config)
        yield from paged({"start": 0}, lambda mark: self._page(keyword, mark), since, limit, self.warnings, newest_first=True)

    def _page(self, keyword: Keyword, mark: Mark) -> Page:
        target = {"searchTarget": "local"} if self._config.is_local else {}
        wanted = {
            "search": query_of(self.name, keyword),
            "count": PAGE_SIZE,
            "sort": "-publishedAt",
            "nsfw": "both",
            **target,
            **mark,
        }
        url = beneath(str(self._config.url), f"/api/v1/search/videos?{urlencode(wanted)}")
        answer = answered(self._fetcher, url, _Answer, source=self.name, warnings=self.warnings)
        following = int(mark["start"]) + len(answer.data)
        has_more = bool(answer.data) and following < min(answer.total, START_LIMIT)
        found = each(answer.data, lambda video: self._candidate(video, url, keyword), self.warnings)
        return Page(url, found, {"start": following} if has_more else None)

    def _candidate(self, video: _Video, asked_url: str, keyword: Keyword) -> Candidate:
        base = origin(asked_url)
        url = resolved(base, video.url or f"/w/{video.uuid}")
        if url is None:
            raise changed(asked_url, "data[].url")
        pictures = (resolved(base, path) for path in (video.preview, video.thumbnail) if path)
        return candidate(
            self.name,
            plain(canonical(url), NATIVE_ID_LIMIT),
            keyword,
            datetime.now(UTC),
            url=url,
            title=video.name,
            text=video.description or video.short or "",
            author_ref=f"{video.account.name}@{video.account.host}" if video.account else None,
            thumbnail_urls=[address for address in pictures if address][:1],
            duration_s=duration_s(video.duration),
            posted=video.posted,
        )

    @classmethod
    def verify(cls, config: PeertubeConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages: the second repeats the last video of the first, as a new post moves everything by one."""
        base = "https://tube.example"
        asked_for = f"{base}/api/v1/search/videos?search=%EC%B6%95%EC%A0%9C&count=100&sort=-publishedAt&nsfw=both&start="
        pages = {0: (1, 2), 2: (2, 3)}
        return [
            SourceExample(
                config={"url": base},
                answers={
                    f"{asked_for}{start}": msgspec.json.encode(
                        {"total": 4, "data": [_example_video(base, one) for one in named]}
                    )
                    for start, named in pages.items()
                },
                keyword=Keyword("축제"),
                native_ids=tuple(f"{base}/videos/watch/{number}" for number in (1, 2, 3)),
            )
        ]


def _example_video(base: str, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "name": "가을 축제",
        "url": f"{base}/videos/watch/{number}",
        "truncatedDescription": "강변의 등불",
        "duration": 65,
        "nsfw": False,
        "thumbnailPath": f"/lazy-static/thumbnails/{number}.jpg",
        "previewPath": f"/lazy-static/previews/{number}.jpg",
        "publishedAt": "2026-10-03T09:00:00.000Z",
        "account": {"name": "writer", "host": "tube.example"},
    }
