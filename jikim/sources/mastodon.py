"""Mastodon and what speaks its language, by the search of one server, `/api/v2/search?q=&type=statuses&limit=`.

It answers `{"accounts": [], "statuses": [Status], "hashtags": []}` (docs.joinmastodon.org, "search API methods" and the
entities Status and MediaAttachment), at most 40 posts a page. With a token the pages are asked for by `offset`; without one
that is not allowed and `max_id` takes its place. Mastodon itself names posts only to those signed in, so nothing found
without a token says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec

from jikim.errors import FetchFailed, JikimError, NotConfigured
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import asked, changed, each, read
from jikim.sources.candidates import candidate
from jikim.sources.canonical import origin, require_address, resolved
from jikim.sources.credentials import Secret, refuse_clear_text, shown
from jikim.sources.dates import duration_s
from jikim.sources.markup import text_and_images
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.queries import query_of
from jikim.sources.text import plain
from jikim.types import Candidate, Keyword

PAGE_SIZE = 40
NATIVE_ID_LIMIT = 2_000


class MastodonConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the server. `token` is an access token with the scope `read:search`; it goes to that server alone, over https,
    and is never shown."""

    url: str | None = None
    token: Secret | None = None

    def __repr__(self) -> str:
        return f"MastodonConfig(url={self.url!r}, token={shown(self.token)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url), ("token", shown(self.token))]


class _Original(msgspec.Struct, frozen=True):
    duration: float | None = None


class _Meta(msgspec.Struct, frozen=True):
    original: _Original | None = None


class _Attachment(msgspec.Struct, frozen=True):
    type: str
    url: str | None
    remote_url: str | None = None
    preview_url: str | None = None
    meta: _Meta | None = None
    description: str | None = None


class _Account(msgspec.Struct, frozen=True):
    acct: str


class _Card(msgspec.Struct, frozen=True):
    image: str | None = None


class _Status(msgspec.Struct, frozen=True):
    id: str
    uri: str
    created_at: datetime
    content: str
    account: _Account
    media_attachments: tuple[_Attachment, ...]
    url: str | None = None
    spoiler_text: str = ""
    card: _Card | None = None


class _Answer(msgspec.Struct, frozen=True):
    statuses: tuple[_Status, ...]


class MastodonSource:
    name: ClassVar[str] = "mastodon"
    secrets: ClassVar[tuple[str, ...]] = ("token",)
    Config: ClassVar[type[msgspec.Struct]] = MastodonConfig

    def __init__(self, config: MastodonConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self._has_named = False
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. Raises NotConfigured where nothing was named and there is no token, see above."""
        self.warnings, self._has_named = [], False
        self.verify(self._config)
        first = {"offset": 0} if self._config.token else {}
        yield from paged(first, lambda mark: self._page(keyword, mark), since, limit, self.warnings)
        if not self._has_named and not self._config.token and limit > 0:
            raise NotConfigured("sources.token_wanted", source=self.name)

    def _page(self, keyword: Keyword, mark: Mark) -> Page:
        wanted = {"q": query_of(self.name, keyword), "type": "statuses", "limit": PAGE_SIZE, **mark}
        url = f"{origin(str(self._config.url))}/api/v2/search?{urlencode(wanted)}"
        statuses = self._answer(url).statuses
        self._has_named = self._has_named or bool(statuses)
        found = each(statuses, lambda status: self._candidate(status, url, keyword), self.warnings)
        return Page(url, found, _following(statuses, mark))

    def _answer(self, url: str) -> _Answer:
        authorization = {"authorization": f"Bearer {self._config.token}"} if self._config.token else {}
        try:
            return read(asked(self._fetcher, url, authorization), _Answer, self.warnings)
        except FetchFailed as error:
            if error.status == 401:
                raise FetchFailed("sources.sign_in_wanted", source=self.name, where=url, status=401) from error
            raise

    def _candidate(self, status: _Status, asked_url: str, keyword: Keyword) -> Candidate:
        url = resolved(asked_url, status.url or "") or resolved(asked_url, status.uri)
        if url is None:
            raise changed(asked_url, "statuses[].url")
        attachments = status.media_attachments
        words = [text_and_images(status.content, url)[0], *(each.description or "" for each in attachments)]
        durations = [duration_s(each.meta.original.duration) for each in attachments if each.meta and each.meta.original]
        previews = [each.preview_url or "" for each in attachments] + ([status.card.image or ""] if status.card else [])
        return candidate(
            self.name,
            plain(status.uri, NATIVE_ID_LIMIT),
            keyword,
            datetime.now(UTC),
            url=url,
            title=status.spoiler_text,
            text="\n".join(words),
            author_ref=status.account.acct,
            media_urls=[each.url or each.remote_url or "" for each in attachments],
            thumbnail_urls=previews,
            duration_s=max((seconds for seconds in durations if seconds), default=None),
            posted=status.created_at,
        )

    @classmethod
    def verify(cls, config: MastodonConfig) -> None:
        """Raises NotConfigured without an address, BadUse for one that cannot be opened or would carry the token in clear."""
        require_address(cls.name, config.url)
        if config.token:
            refuse_clear_text(cls.name, str(config.url))

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """Without a token, by `max_id`: a video post, a picture post named on both pages, a post of words, and the end."""
        base = "https://social.example"
        asked_for = f"{base}/api/v2/search?q=%EC%B6%95%EC%A0%9C&type=statuses&limit=40"
        video = _example_attachment("video", "mp4", {"original": {"width": 640, "height": 360, "duration": 12.5}})
        picture = _example_attachment("image", "jpg", {"original": {"width": 640, "height": 360}})
        statuses = [_example_status(3, [video]), _example_status(2, [picture]), _example_status(1, [])]
        pages = {"": statuses[:2], "&max_id=2": statuses[1:], "&max_id=1": []}
        return [
            SourceExample(
                config={"url": base},
                answers={
                    asked_for + more: msgspec.json.encode({"accounts": [], "statuses": page, "hashtags": []})
                    for more, page in pages.items()
                },
                keyword=Keyword("축제"),
                native_ids=tuple(f"{base}/users/writer/statuses/{number}" for number in (3, 2, 1)),
            )
        ]


def _following(statuses: tuple[_Status, ...], mark: Mark) -> Mark | None:
    if not statuses:
        return None
    if "offset" in mark:
        return {"offset": int(mark["offset"]) + len(statuses)}
    # Ids are numbers written as text, or text of one length: in both the shorter comes first.
    return {"max_id": min((status.id for status in statuses), key=lambda text: (len(text), text))}


def _example_status(number: int, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": str(number),
        "created_at": "2026-10-03T09:00:00.000Z",
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "uri": f"https://social.example/users/writer/statuses/{number}",
        "url": f"https://social.example/@writer/{number}",
        "content": '<p>공원 <a href="https://social.example/tags/축제" class="mention hashtag">#<span>축제</span></a></p>',
        "reblog": None,
        "account": {"id": "1", "username": "writer", "acct": "writer", "url": "https://social.example/@writer"},
        "media_attachments": attachments,
        "card": None,
    }


def _example_attachment(kind: str, ending: str, meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "9",
        "type": kind,
        "url": f"https://files.example/original/9.{ending}",
        "preview_url": "https://files.example/small/9.png",
        "remote_url": None,
        "meta": meta,
        "description": "강변의 등불",
        "blurhash": None,
    }
