"""Bluesky, by the search of its public interface, `/xrpc/app.bsky.feed.searchPosts?q=&sort=&limit=&cursor=`.

It answers `{"cursor", "hitsTotal", "posts": [postView]}`, at most 100 posts a page (the lexicons app.bsky.feed.searchPosts,
app.bsky.feed.defs and app.bsky.embed.*). A video is named by a playlist, of which the
fetcher takes a low rendition.

A post is dated by when the place took it in, `indexedAt`: `createdAt` is the author's own word, and a post dated back would
hide from every later look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

import msgspec

from jikim.errors import JikimError
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import answered, changed, each
from jikim.sources.candidates import candidate
from jikim.sources.canonical import origin, require_address
from jikim.sources.markup import kind_by_ending
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.types import Candidate, Keyword

PAGE_SIZE = 100
ALL_LANGUAGES = "all"
SIGN_IN_WANTED = dict.fromkeys((401, 403), "sources.sign_in_wanted")
WEB = "https://bsky.app"
"""Where people see a post."""

_POST = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]{1,200})/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})\Z")


class BlueskyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the interface asked. `sort` is the order of what it names. `language` leaves posts in other languages out: None
    is the keyword's, `all` leaves none out."""

    url: str | None = "https://api.bsky.app"
    sort: Literal["latest", "top"] = "latest"
    language: str | None = None


class _Image(msgspec.Struct, frozen=True):
    fullsize: str
    thumb: str
    alt: str = ""


class _External(msgspec.Struct, frozen=True):
    uri: str
    title: str = ""
    description: str = ""
    thumb: str | None = None


class _Embed(msgspec.Struct, frozen=True):
    """All kinds in one: `images`, a video's `playlist` and `thumbnail`, an `external` link, and the `media` beside a quoted
    post. The quoted post is another author's and a find of its own; kinds yet unknown have none of these."""

    images: tuple[_Image, ...] = ()
    playlist: str | None = None
    thumbnail: str | None = None
    alt: str = ""
    external: _External | None = None
    media: _Embed | None = None


class _Author(msgspec.Struct, frozen=True):
    did: str


class _Record(msgspec.Struct, frozen=True):
    text: str


class _Post(msgspec.Struct, frozen=True):
    uri: str
    author: _Author
    record: _Record
    indexed_at: datetime = msgspec.field(name="indexedAt")
    embed: _Embed | None = None


class _Answer(msgspec.Struct, frozen=True):
    posts: tuple[_Post, ...]
    cursor: str | None = None


class BlueskySource:
    name: ClassVar[str] = "bluesky"
    Config: ClassVar[type[msgspec.Struct]] = BlueskyConfig

    def __init__(self, config: BlueskyConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`."""
        self.warnings = []
        self.verify(self._config)
        is_latest = self._config.sort == "latest"
        pages = paged({}, lambda mark: self._page(keyword, mark), since, limit, self.warnings, newest_first=is_latest)
        yield from pages

    def _page(self, keyword: Keyword, mark: Mark) -> Page:
        language = self._config.language or keyword.lang
        spoken = {"lang": language} if language and language != ALL_LANGUAGES else {}
        wanted = {"q": query_of(self.name, keyword), "sort": self._config.sort, **spoken, "limit": PAGE_SIZE, **mark}
        url = f"{origin(str(self._config.url))}/xrpc/app.bsky.feed.searchPosts?{urlencode(wanted)}"
        answer = answered(self._fetcher, url, _Answer, source=self.name, refusals=SIGN_IN_WANTED, warnings=self.warnings)
        found = each(answer.posts, lambda post: self._candidate(post, url, keyword), self.warnings)
        return Page(url, found, {"cursor": answer.cursor} if answer.cursor else None)

    def _candidate(self, post: _Post, asked_url: str, keyword: Keyword) -> Candidate:
        place = _POST.match(post.uri)
        if place is None:
            raise changed(asked_url, "posts[].uri")
        embeds = [embed for embed in (post.embed, post.embed.media if post.embed else None) if embed]
        images = [image for embed in embeds for image in embed.images]
        externals = [embed.external for embed in embeds if embed.external]
        words = [post.record.text, *(image.alt for image in images), *(embed.alt for embed in embeds)]
        words += [word for external in externals for word in (external.title, external.description)]
        return candidate(
            self.name,
            post.uri,
            keyword,
            datetime.now(UTC),
            url=f"{WEB}/profile/{place[1]}/post/{place[2]}",
            text="\n".join(word for word in words if word),
            author_ref=post.author.did,
            media_urls=[
                *(image.fullsize for image in images),
                *(embed.playlist or "" for embed in embeds),
                *(external.uri for external in externals if kind_by_ending(external.uri)),
            ],
            thumbnail_urls=[
                *(image.thumb for image in images),
                *(embed.thumbnail or "" for embed in embeds),
                *(external.thumb or "" for external in externals),
            ],
            posted=post.indexed_at,
        )

    @classmethod
    def verify(cls, config: BlueskyConfig) -> None:
        """Raises NotConfigured without an address and BadUse for one that cannot be opened."""
        require_address(cls.name, config.url)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Two pages: pictures, a video, a link; then pictures beside a quoted post, and the first post again."""
        base = "https://api.bsky.app"
        asked_for = f"{base}/xrpc/app.bsky.feed.searchPosts?q=%EC%B6%95%EC%A0%9C&sort=latest&lang=ko&limit=100"
        image = {"thumb": "https://cdn.example/thumb/a@jpeg", "fullsize": "https://cdn.example/full/a@jpeg", "alt": "등불"}
        images = {"$type": "app.bsky.embed.images#view", "images": [image]}
        video = {
            "$type": "app.bsky.embed.video#view",
            "cid": "bafkreia",
            "playlist": "https://video.example/a/playlist.m3u8",
            "thumbnail": "https://video.example/a/thumbnail.jpg",
        }
        link = {"uri": "https://city.example/festival", "title": "가을 축제", "description": "안내"}
        quoted = {"$type": "app.bsky.embed.recordWithMedia#view", "record": {"record": {}}, "media": images}
        posts = [
            _example_post("3kaaa", images),
            _example_post("3kbbb", video),
            _example_post("3kccc", {"$type": "app.bsky.embed.external#view", "external": link}),
            _example_post("3kddd", quoted),
        ]
        answers = {
            asked_for: {"posts": posts[:3], "cursor": "100", "hitsTotal": 4},
            f"{asked_for}&cursor=100": {"posts": [posts[3], posts[0]]},
        }
        return [
            SourceExample(
                config={},
                answers={url: msgspec.json.encode(answer) for url, answer in answers.items()},
                keyword=Keyword("축제"),
                native_ids=tuple(str(post["uri"]) for post in posts),
            )
        ]


def _example_post(key: str, embed: dict[str, Any]) -> dict[str, Any]:
    did = "did:plc:z72i7hdynmk6r22z27h6tvur"
    return {
        "uri": f"at://{did}/app.bsky.feed.post/{key}",
        "cid": "bafyreia",
        "author": {"did": did, "handle": "writer.example"},
        "record": {"$type": "app.bsky.feed.post", "text": "가을 축제", "createdAt": "2026-10-03T09:00:00.000Z"},
        "embed": embed,
        "likeCount": 0,
        "indexedAt": "2026-10-03T09:00:01.000Z",
    }
