"""YouTube's Data API: `GET /youtube/v3/search?part=snippet&type=video&q=&maxResults=50&order=date`, then how long each one is.

The search answers `{"items": [{"id": {"videoId"}, "snippet": {"publishedAt", "channelId", "title", "description",
"thumbnails"}}], "nextPageToken"}`, `GET /youtube/v3/videos?part=contentDetails&id=` `{"items": [{"id", "contentDetails":
{"duration"}}]}` (developers.google.com/youtube/v3/docs). A project has 100 searches a day until midnight Pacific time: one
keyword takes one search for every 50 videos, so `searches` bounds what one sweep may spend. What was found is opened by its
page's extractor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec

from jikim.errors import JikimError, NotConfigured
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import answered, beneath, changed, each
from jikim.sources.candidates import candidate
from jikim.sources.credentials import Secret, refuse_clear_text, shown
from jikim.sources.dates import duration_s
from jikim.sources.markup import text_and_images
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.sources.quota import Quota
from jikim.types import Candidate, Keyword

GOOGLE = "https://www.googleapis.com"
WATCH = "https://www.youtube.com/watch?v="
PAGE_SIZE = 50
REFUSED = dict.fromkeys((400, 401, 403), "sources.key_or_quota")
_T = TypeVar("_T")


class YoutubeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key` is the project's; it goes to Google alone, over https, in a header, and is never shown. `searches` is how many of
    the day's 100 searches one sweep may spend."""

    url: str = GOOGLE
    key: Secret | None = None
    searches: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2

    def __repr__(self) -> str:
        return f"YoutubeConfig(url={self.url!r}, key={shown(self.key)}, searches={self.searches})"


class _Id(msgspec.Struct, frozen=True):
    video: str | None = msgspec.field(default=None, name="videoId")


class _Thumbnail(msgspec.Struct, frozen=True):
    url: str
    width: int = 0


class _Snippet(msgspec.Struct, frozen=True):
    title: str
    description: str
    posted: str = msgspec.field(name="publishedAt")
    channel: str = msgspec.field(name="channelId")
    thumbnails: Mapping[str, _Thumbnail] = {}


class _Found(msgspec.Struct, frozen=True):
    id: _Id
    snippet: _Snippet


class _Search(msgspec.Struct, frozen=True):
    items: tuple[_Found, ...]
    following: str | None = msgspec.field(default=None, name="nextPageToken")


class _Details(msgspec.Struct, frozen=True):
    duration: str | None = None


class _Video(msgspec.Struct, frozen=True):
    id: str
    details: _Details = msgspec.field(default=_Details(), name="contentDetails")


class _Videos(msgspec.Struct, frozen=True):
    items: tuple[_Video, ...]


class YoutubeSource:
    name: ClassVar[str] = "youtube"
    names_pages: ClassVar[bool] = True
    canary: ClassVar[str] = "날씨"
    secrets: ClassVar[tuple[str, ...]] = ("key",)
    quota: ClassVar[Quota] = Quota(100, "America/Los_Angeles", "/search")
    Config: ClassVar[type[msgspec.Struct]] = YoutubeConfig

    def __init__(self, config: YoutubeConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. Lengths that cannot be had become a warning."""
        self.warnings = []
        self.verify(self._config)
        most = min(limit, PAGE_SIZE * self._config.searches)
        yield from paged({}, lambda mark: self._page(keyword, mark, since), since, most, self.warnings, newest_first=True)

    def _page(self, keyword: Keyword, mark: Mark, since: datetime | None) -> Page:
        after = {"publishedAfter": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if since else {}
        language = keyword.lang.partition("-")[0]
        wanted = {
            "part": "snippet",
            "type": "video",
            "q": query_of(self.name, keyword),
            "maxResults": PAGE_SIZE,
            "order": "date",
            "safeSearch": "none",  # what is searched for here is what a filter would hide
            "relevanceLanguage": language,
            **after,
            **mark,
        }
        url = beneath(self._config.url, f"/youtube/v3/search?{urlencode(wanted)}")
        answer = self._answer(url, _Search)
        videos = {found.id.video: found.snippet for found in answer.items if found.id.video}
        lengths = self._lengths(videos)
        found = each(videos.items(), lambda one: self._candidate(*one, lengths.get(one[0]), url, keyword), self.warnings)
        return Page(url, found, {"pageToken": answer.following} if answer.following and answer.items else None)

    def _lengths(self, videos: Iterable[str]) -> dict[str, float | None]:
        named = ",".join(videos)
        if not named:
            return {}
        url = beneath(self._config.url, f"/youtube/v3/videos?{urlencode({'part': 'contentDetails', 'id': named})}")
        try:
            return {video.id: duration_s(video.details.duration) for video in self._answer(url, _Videos).items}
        except JikimError as error:
            self.warnings.append(error)
            return {}

    def _answer(self, url: str, shape: type[_T]) -> _T:
        keys = {"x-goog-api-key": str(self._config.key)}
        return answered(self._fetcher, url, shape, keys, source=self.name, refusals=REFUSED, warnings=self.warnings)

    def _candidate(self, number: str, snippet: _Snippet, length_s: float | None, asked_url: str, keyword: Keyword) -> Candidate:
        if not number.replace("-", "").replace("_", "").isalnum():
            raise changed(asked_url, "items[].id.videoId")
        url = f"{WATCH}{number}"
        widest = sorted(snippet.thumbnails.values(), key=lambda each: -each.width)
        return candidate(
            self.name,
            number,
            keyword,
            datetime.now(UTC),
            url=url,
            title=text_and_images(snippet.title, url)[0],
            text=snippet.description,
            author_ref=snippet.channel,
            thumbnail_urls=[each.url for each in widest[:1]],
            duration_s=length_s,
            posted=snippet.posted,
        )

    @classmethod
    def verify(cls, config: YoutubeConfig) -> None:
        """Raises NotConfigured without a key, BadUse for an address that would carry it in clear."""
        if not config.key:
            raise NotConfigured("sources.key_wanted", source=cls.name, names="key")
        refuse_clear_text(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages of one video each."""
        asked_for = (
            f"{GOOGLE}/youtube/v3/search?part=snippet&type=video&q=%EC%B6%95%EC%A0%9C&maxResults=50&order=date"
            "&safeSearch=none&relevanceLanguage=ko"
        )
        lengths = f"{GOOGLE}/youtube/v3/videos?part=contentDetails&id="
        answers: dict[str, dict[str, Any]] = {
            asked_for: {"items": [_example_video("aaaaaaaaaaa")], "nextPageToken": "CDIQAA"},
            f"{lengths}aaaaaaaaaaa": {"items": [{"id": "aaaaaaaaaaa", "contentDetails": {"duration": "PT1M5S"}}]},
            f"{asked_for}&pageToken=CDIQAA": {"items": [_example_video("bbbbbbbbbbb")]},
            f"{lengths}bbbbbbbbbbb": {"items": [{"id": "bbbbbbbbbbb", "contentDetails": {"duration": "PT12S"}}]},
        }
        return [
            SourceExample(
                config={"key": "example"},
                answers={url: msgspec.json.encode(answer) for url, answer in answers.items()},
                keyword=Keyword("축제"),
                native_ids=("aaaaaaaaaaa", "bbbbbbbbbbb"),
            )
        ]


def _example_video(number: str) -> dict[str, Any]:
    thumbnails = {"default": {"url": f"https://i.example/{number}/s.jpg", "width": 120, "height": 90}}
    return {
        "kind": "youtube#searchResult",
        "id": {"kind": "youtube#video", "videoId": number},
        "snippet": {
            "publishedAt": "2026-10-03T09:00:00Z",
            "channelId": "UC1",
            "title": "가을 축제 &amp; 등불",
            "description": "강변의 등불",
            "thumbnails": thumbnails,
            "channelTitle": "글쓴이",
        },
    }
