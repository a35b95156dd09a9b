"""The interfaces of portals and video sites as their documentation gives them, and sites without any, over numbered posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.flow.interfaces import FILES, WHEN, Reply, Sent, said

KEY = "key-4c19e0"
HTML = {"Content-Type": "text/html; charset=utf-8"}
XML = {"Content-Type": "application/xml; charset=utf-8"}
Numbers = Sequence[int]


def naver(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """At most 100 a page by `start`, which is at most 1,000; both headers of an application."""
    if sent.get("header x-ncp-apigw-api-key") != KEY or not sent.get("header x-ncp-apigw-api-key-id"):
        return said({"error": {"errorCode": "200", "message": "Authentication Failed"}}, 401)
    start, display = int(sent["start"]), int(sent["display"])
    if path != "/search/v1/news" or not 1 <= start <= 1000 or not 1 <= display <= 100:
        return said({"errorMessage": "Incorrect query request", "errorCode": "SE01"}, 400)
    items = [
        {"title": f"가을 <b>축제</b> {n}", "link": f"{FILES}/page/{n}", "description": sent["query"], "pubDate": WHEN}
        for n in numbers[start - 1 : start - 1 + display]
    ]
    return said({"lastBuildDate": WHEN, "total": len(numbers), "start": start, "display": len(items), "items": items})


def kakao(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """At most 50 a page by `page`, `is_end` on the last."""
    if sent["authorization"] != f"KakaoAK {KEY}":
        return said({"errorType": "AccessDeniedError", "message": "wrong appKey"}, 401)
    page, size = int(sent["page"]), int(sent["size"])
    if path != "/v2/search/web" or not 1 <= page <= 50 or not 1 <= size <= 50:
        return said({"errorType": "InvalidArgument", "message": "page is more than max"}, 400)
    documents = [
        {"title": f"가을 <b>축제</b> {n}", "contents": sent["query"], "url": f"{FILES}/page/{n}", "datetime": WHEN}
        for n in numbers[(page - 1) * size : page * size]
    ]
    meta = {"total_count": len(numbers), "pageable_count": len(numbers), "is_end": page * size >= len(numbers)}
    return said({"meta": meta, "documents": documents})


def youtube(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """At most 50 a page by `pageToken`, absent after the last; the lengths by another call. A wrong key is a status of 400."""
    if sent.get("header x-goog-api-key") != KEY:
        return said({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}, 400)
    if path == "/youtube/v3/videos":
        return said({"items": [{"id": one, "contentDetails": {"duration": "PT1M5S"}} for one in sent["id"].split(",")]})
    start = int(sent.get("pageToken", "p0")[1:])
    end = start + int(sent["maxResults"])
    items = [_video(n, sent["q"]) for n in numbers[start:end]]
    return said({"items": items, **({"nextPageToken": f"p{end}"} if end < len(numbers) else {})})


def _video(number: int, words: str) -> dict[str, Any]:
    snippet = {"publishedAt": WHEN, "channelId": "UC1", "title": f"축제 {number}", "description": words, "thumbnails": {}}
    return {"id": {"kind": "youtube#video", "videoId": f"v{number:010}"}, "snippet": snippet}


def peertube(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """At most 100 a page by `start`."""
    start, count = int(sent.get("start", 0)), int(sent.get("count", 15))
    if path != "/api/v1/search/videos" or count > 100:
        return said({"detail": "Incorrect request parameters: count"}, 400)
    data = [
        {
            "uuid": f"00000000-0000-4000-8000-{n:012}",
            "name": f"축제 {n}",
            "url": f"{FILES}/videos/watch/{n}",
            "truncatedDescription": sent["search"],
            "duration": 65,
            "thumbnailPath": f"/lazy-static/{n}.jpg",
            "publishedAt": WHEN,
            "account": {"name": "w", "host": "tube.example"},
        }
        for n in numbers[start : start + count]
    ]
    return said({"total": len(numbers), "data": data})


def feed(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """RSS 2.0, all at once."""
    items = "".join(
        f"<item><title>축제 {n}</title><link>{FILES}/page/{n}</link><guid>{FILES}/page/{n}</guid>"
        f"<pubDate>{WHEN}</pubDate></item>"
        for n in numbers
    )
    body = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>소식</title>{items}</channel></rss>'
    return (200, XML, body.encode()) if path == "/feed" else (404, {}, b"")


def sitemap(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """An index and one list, with what Google's video sitemaps add."""
    urls = "".join(
        f"<url><loc>{FILES}/page/{n}</loc><video><title>축제 {n}</title><publication_date>{WHEN}</publication_date>"
        "</video></url>"
        for n in numbers
    )
    lists = {
        "/sitemap.xml": "<sitemapindex><sitemap><loc>/pages.xml</loc></sitemap></sitemapindex>",
        "/pages.xml": f"<urlset>{urls}</urlset>",
    }
    body = f'<?xml version="1.0" encoding="utf-8"?>{lists.get(path, "<none/>")}'
    return (200, XML, body.encode()) if path in lists else (404, {}, b"")


def site(path: str, sent: Sent, numbers: Numbers) -> Reply:
    """A forum: a front page that names every post, a page for each, and a search of ten results a page."""
    if path == "/find":
        first = 10 * (int(sent.get("page", 1)) - 1)
        rows = "".join(f'<li class="row">{_link(n)}<time>{WHEN}</time></li>' for n in numbers[first : first + 10])
        return _page("찾기", f"<ul>{rows}</ul>")
    if path == "/":
        return _page("게시판", '<form action="/find"><input name="q"></form>' + "".join(map(_link, numbers)))
    number = path.removeprefix("/page/")
    if number.isdecimal() and int(number) in numbers:
        return _page(f"가을 축제 {number}", f'<time datetime="{WHEN}"></time><p>강변의 등불')
    return 404, HTML, b"gone"


def _link(number: int) -> str:
    return f'<a href="/page/{number}">가을 축제 {number}</a> '


def _page(title: str, inside: str) -> Reply:
    return 200, HTML, f'<!doctype html><meta charset="utf-8"><title>{title}</title><body>{inside}</body>'.encode()
