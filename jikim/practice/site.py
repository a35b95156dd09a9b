"""What the practice platform answers to which path: no sockets here, a path and a query in, an answer out.

Paths are looked up in tables made from the world; none is ever turned into a name on the disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from jikim.practice import pages
from jikim.practice.world import Item, World
from jikim.provenance import PROOF_PATH, practice_answer

RESULTS_ON_A_PAGE = 30
API_SIZE = 50
API_SIZE_MAX = 100
FEED_SIZE = 100
FEED_SIZE_MAX = 500

_HTML = "text/html; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `file` is sent from the disk in place of `body`."""

    status: HTTPStatus
    content_type: str
    body: bytes = b""
    file: Path | None = None


class BadQuery(Exception):
    """A parameter of the address is wrong; the message says which, in Korean."""


class Site:
    """The platform over one world. `key` proves it to be a practice host; `origin` is its own, as in `http://127.0.0.1:8000`."""

    def __init__(self, world: World, key: bytes, origin: str, ip: str, port: int) -> None:
        self._world = world
        self._key = key
        self._origin = origin
        self._ip = ip
        self._port = port
        self._items: Mapping[str, Item] = {f"/item/{item.id}": item for item in world.items}
        self._files = _files(world)
        self._pages: Mapping[str, Callable[[Mapping[str, str]], Reply]] = {
            "/": self._home,
            "/search": self._search,
            "/api/search": self._api_search,
            "/feed": self._feed,
            "/robots.txt": self._robots,
            "/style.css": self._style,
            PROOF_PATH: self._proof,
        }

    def reply(self, target: str) -> Reply:
        """The answer to a GET for `target`, a path with its query as it stands in the request line."""
        try:
            split = urlsplit(target)
            path = unquote(split.path)
            query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True, errors="strict").items()}
        except ValueError:
            return refusal(HTTPStatus.BAD_REQUEST, "주소를 읽을 수 없습니다.")
        if path in self._pages:
            return self._page(path, query)
        if path in self._items:
            return _html(pages.item(self._items[path], self._origin))
        if path in self._files:
            return self._files[path]
        return refusal(HTTPStatus.NOT_FOUND, "여기에는 아무것도 없습니다.")

    def _page(self, path: str, query: Mapping[str, str]) -> Reply:
        try:
            return self._pages[path](query)
        except BadQuery as error:
            sentence = str(error)
        if path in ("/api/search", PROOF_PATH):
            return _json({"error": sentence}, HTTPStatus.BAD_REQUEST)
        return refusal(HTTPStatus.BAD_REQUEST, sentence)

    def _home(self, query: Mapping[str, str]) -> Reply:
        return _html(pages.home(self._world.items[:10], len(self._world.items)))

    def _search(self, query: Mapping[str, str]) -> Reply:
        keyword = query.get("q", "")
        page = _number(query, "page", 1)
        found = self._world.search(keyword)
        start = (page - 1) * RESULTS_ON_A_PAGE
        end = start + RESULTS_ON_A_PAGE
        return _html(pages.results(found[start:end], keyword, page, len(found), end < len(found)))

    def _api_search(self, query: Mapping[str, str]) -> Reply:
        keyword = query.get("q", "")
        if not keyword.strip():
            raise BadQuery("q: 찾을 말이 비어 있습니다.")
        page = _number(query, "page", 1)
        size = min(_number(query, "size", API_SIZE), API_SIZE_MAX)
        found = self._world.search(keyword)
        end = page * size
        following = f"{self._origin}/api/search?{urlencode({'q': keyword, 'page': page + 1, 'size': size})}"
        return _json(
            {
                "schema": 1,
                "query": keyword,
                "total": len(found),
                "page": page,
                "size": size,
                "next": following if end < len(found) else None,
                "items": [self._described(item) for item in found[end - size : end]],
            }
        )

    def _described(self, item: Item) -> dict[str, object]:
        return {
            "id": item.id,
            "url": f"{self._origin}/item/{item.id}",
            "title": item.title,
            "text": item.text,
            "author": item.author,
            "posted_at": item.posted_at.isoformat(),
            "kind": item.kind,
            "media": [self._described_media(item, number) for number in range(len(item.media))],
        }

    def _described_media(self, item: Item, number: int) -> dict[str, object]:
        thumbnail = pages.thumbnail_path(item, number)
        return {
            "url": self._origin + pages.media_path(item, number),
            "type": item.media[number].mime,
            "duration_s": item.media[number].duration_s,
            "thumbnail": self._origin + thumbnail if thumbnail else None,
        }

    def _feed(self, query: Mapping[str, str]) -> Reply:
        keyword = query.get("q", "").strip()
        size = min(_number(query, "size", FEED_SIZE), FEED_SIZE_MAX)
        found = self._world.search(keyword) if keyword else self._world.items
        body = pages.feed(found[:size], keyword, self._origin).encode()
        return Reply(HTTPStatus.OK, "application/rss+xml; charset=utf-8", body)

    def _robots(self, query: Mapping[str, str]) -> Reply:
        return Reply(HTTPStatus.OK, "text/plain; charset=utf-8", b"User-agent: *\nAllow: /\n")

    def _style(self, query: Mapping[str, str]) -> Reply:
        return Reply(HTTPStatus.OK, "text/css; charset=utf-8", pages.STYLE.encode())

    def _proof(self, query: Mapping[str, str]) -> Reply:
        try:
            return _json({"hmac": practice_answer(self._key, query.get("nonce", ""), self._ip, self._port)})
        except ValueError as error:
            raise BadQuery("nonce: 소문자 16진수 64자리여야 합니다.") from error


def refusal(status: HTTPStatus, sentence: str) -> Reply:
    """A page saying that something is not to be had."""
    return Reply(
        status, _HTML, pages.notice("찾을 수 없습니다" if status == HTTPStatus.NOT_FOUND else "요청 오류", sentence).encode()
    )


def _files(world: World) -> Mapping[str, Reply]:
    files: dict[str, Reply] = {}
    for item in world.items:
        for number, media in enumerate(item.media):
            files[pages.media_path(item, number)] = Reply(HTTPStatus.OK, media.mime, file=media.path)
            thumbnail = pages.thumbnail_path(item, number)
            if thumbnail and media.thumbnail:
                files[thumbnail] = Reply(HTTPStatus.OK, "image/jpeg", file=media.thumbnail)
    return files


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name)
    if given is None:
        return default
    if not _NUMBER.fullmatch(given):
        raise BadQuery(f"{name}: 1부터 999999까지의 수여야 합니다.")
    return int(given)


def _html(text: str) -> Reply:
    return Reply(HTTPStatus.OK, _HTML, text.encode())


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(status, _JSON, json.dumps(value, ensure_ascii=False).encode())
