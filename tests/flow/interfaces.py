"""The search interfaces of four places as their documentation gives them, over numbered posts, on a real loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, str], bytes]
Sent = Mapping[str, str]
Interface = Callable[[str, Sent, Sequence[int]], Reply]

JSON = {"Content-Type": "application/json; charset=utf-8"}
FILES = "https://files.example"
TOKEN = "tok-5d2c81"
WHEN = "2026-10-03T09:00:00Z"


def said(value: object, status: int = 200) -> Reply:
    return status, JSON, json.dumps(value, ensure_ascii=False).encode()


def searxng(path: str, sent: Sent, numbers: Sequence[int]) -> Reply:
    """Ten results a page by `pageno`."""
    if path != "/search" or sent.get("format") != "json":
        return 404, {}, b""
    first = 10 * (int(sent.get("pageno", 1)) - 1)
    results = [
        {
            "url": f"{FILES}/page/{number}",
            "title": f"축제 {number}",
            "content": sent["q"],
            "template": "default.html",
            "publishedDate": WHEN,
        }
        for number in numbers[first : first + 10]
    ]
    return said({"query": sent["q"], "number_of_results": 0, "results": results, "unresponsive_engines": []})


def mastodon(path: str, sent: Sent, numbers: Sequence[int]) -> Reply:
    """At most 40 posts a page; `offset` for those signed in alone, `max_id` for all."""
    if path != "/api/v2/search" or sent.get("type") != "statuses":
        return 404, {}, b""
    token = sent["authorization"]
    if (token and token != f"Bearer {TOKEN}") or ("offset" in sent and not token):
        return said({"error": "The access token is invalid"}, 401)
    if int(sent["limit"]) > 40:
        return said({"error": "limit"}, 422)
    left = [number for number in numbers if number < int(sent.get("max_id", 10**9))][int(sent.get("offset", 0)) :]
    statuses = [
        {
            "id": str(number),
            "uri": f"{FILES}/statuses/{number}",
            "url": f"{FILES}/@w/{number}",
            "created_at": WHEN,
            "content": f"<p>{sent['q'].replace('<', '&lt;')}</p>",
            "account": {"acct": "w"},
            "media_attachments": [{"type": "image", "url": f"{FILES}/{number}.jpg", "preview_url": None, "meta": {}}],
        }
        for number in left[: int(sent["limit"])]
    ]
    return said({"accounts": [], "statuses": statuses, "hashtags": []})


def bluesky(path: str, sent: Sent, numbers: Sequence[int]) -> Reply:
    """At most 100 posts a page by `cursor`, which is absent after the last."""
    if path != "/xrpc/app.bsky.feed.searchPosts":
        return 404, {}, b""
    if not 1 <= int(sent["limit"]) <= 100 or sent["sort"] not in ("top", "latest"):
        return said({"error": "InvalidRequest", "message": "limit"}, 400)
    start = int(sent.get("cursor", 0))
    end = start + int(sent["limit"])
    posts = [
        {
            "uri": f"at://did:plc:abc/app.bsky.feed.post/{number}",
            "author": {"did": "did:plc:abc", "handle": "w.example"},
            "record": {"text": sent["q"], "createdAt": WHEN},
            "indexedAt": WHEN,
        }
        for number in numbers[start:end]
    ]
    return said({"posts": posts, **({"cursor": str(end)} if end < len(numbers) else {})})


def mediawiki(path: str, sent: Sent, numbers: Sequence[int]) -> Reply:
    """`list=search` by `sroffset`, details by `pageids`, at most 50 of either; errors with status 200."""
    if path != "/w/api.php" or sent.get("action") != "query" or sent.get("formatversion") != "2":
        return 404, {}, b""
    if "pageids" in sent:
        pageids = sent["pageids"].split("|")
        if len(pageids) > 50:
            return said({"error": {"code": "toomanyvalues", "info": "Too many values"}})
        pages = [{"pageid": int(pageid), "fullurl": f"{FILES}/wiki/{pageid}"} for pageid in pageids]
        return said({"batchcomplete": True, "query": {"pages": pages}})
    start = int(sent.get("sroffset", 0))
    end = start + int(sent["srlimit"])
    hits = [
        {"pageid": number, "title": f"축제 {number}", "snippet": sent["srsearch"], "timestamp": WHEN}
        for number in numbers[start:end]
    ]
    following = {"continue": {"sroffset": end, "continue": "-||"}} if end < len(numbers) else {"batchcomplete": True}
    return said({**following, "query": {"searchinfo": {"totalhits": len(numbers)}, "search": hits}})


class Place:
    """A server over `answer(path, what was sent)`, where headers are `header NAME`.

    `asked` has the path with its query of each request, `authorizations` what came with it, which is also among what was sent,
    empty where there was none, `came` the names of all headers. `robots` is its robots.txt."""

    def __init__(self, answer: Callable[[str, Sent], Reply]) -> None:
        place = self
        self.asked: list[str] = []
        self.authorizations: list[str] = []
        self.came: set[str] = set()
        self.robots = b""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = 200 if place.robots else 404, {}, place.robots
                if self.path != "/robots.txt":
                    place.asked.append(self.path)
                    place.authorizations.append(self.headers.get("Authorization", ""))
                    parts = urlsplit(self.path)
                    sent = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
                    place.came |= {name.lower() for name in self.headers}
                    came = {f"header {name.lower()}": value for name, value in self.headers.items()}
                    status, headers, body = answer(parts.path, {**sent, **came, "authorization": place.authorizations[-1]})
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(ConnectionError):  # the other side has had enough
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
