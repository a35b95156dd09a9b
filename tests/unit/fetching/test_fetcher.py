from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

import pytest

from jikim.errors import BadUse, FetchFailed, FetchRefused, VaultError
from jikim.fetching.fetcher import _retry_after_s

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 700


def test_get(site, page, fetcher):
    site.pages["/a?b=c"] = page(b"hello", headers={"X-One": "1", "Set-Cookie": "secret=1"})

    before = datetime.now(UTC)
    answer = fetcher(site.authority).get(site.url("/a?b=c#part"), headers={"Accept": "application/json"})

    assert (answer.url, answer.final_url) == (site.url("/a?b=c#part"), site.url("/a?b=c"))
    assert (answer.status, answer.body, answer.peer_ip) == (200, b"hello", "127.0.0.1")
    assert answer.headers["x-one"] == "1"
    assert "set-cookie" not in answer.headers
    assert before <= answer.fetched_at <= datetime.now(UTC)
    asked = site.asked[-1].headers
    assert asked["accept"] == "application/json"
    assert asked["user-agent"].startswith("Jikim/")
    assert asked["host"] == site.authority
    assert set(asked) == {"accept", "accept-encoding", "accept-language", "connection", "host", "user-agent"}


def test_capture_is_sealed_and_typed_by_content(site, page, fetcher, vault):
    site.pages["/a"] = page(PNG, headers={"Content-Type": "text/html"})

    capture = fetcher(site.authority).capture(site.url("/a"))

    assert capture.content_type == "image/png"
    assert (capture.sha256, capture.size_bytes) == (sha256(PNG).hexdigest(), len(PNG))
    assert vault.read(capture.blob) == PNG
    assert vault.has(capture.blob, "sweep:2026-11-22")


def test_plain_bytes_are_nowhere_on_disk(site, page, fetcher, tmp_path):
    site.pages["/a"] = page(PNG)
    fetcher(site.authority).capture(site.url("/a"))
    assert any(path.is_file() for path in (tmp_path / "home" / "blobs").rglob("*"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and PNG[1000:1064] in path.read_bytes()]


def test_an_address_is_captured_once(site, page, fetcher):
    site.pages["/a"] = page(PNG)
    bringer = fetcher(site.authority)
    together = threading.Barrier(8)

    def capture(number):
        together.wait(timeout=30)
        return bringer.capture(site.url(f"/a#{number}"))

    with ThreadPoolExecutor(8) as pool:
        captures = set(pool.map(capture, range(8)))

    assert len(captures) == 1
    assert site.paths().count("/a") == 1


def test_a_capture_that_failed_is_tried_again_when_asked_again(site, page, fetcher):
    site.pages["/a"] = [page(status=404), page(PNG)]
    bringer = fetcher(site.authority)

    with pytest.raises(FetchFailed):
        bringer.capture(site.url("/a"))
    assert bringer.capture(site.url("/a")).size_bytes == len(PNG)


def test_limits(site, page, fetcher):
    site.pages["/a"] = page(PNG)
    bringer = fetcher(site.authority, max_answer_bytes=len(PNG), max_media_bytes=len(PNG))

    assert bringer.get(site.url("/a"), max_bytes=10 * len(PNG)).body == PNG
    assert bringer.capture(site.url("/a")).size_bytes == len(PNG)
    for way in (bringer.get, bringer.capture):
        with pytest.raises(FetchRefused, match="larger"):
            way(site.url("/a"), max_bytes=len(PNG) - 1)


def test_a_redirect_is_followed_and_tells_where_it_led(new_site, page, fetcher):
    first, second = new_site(), new_site()
    first.pages["/a"] = page(status=301, headers={"Location": "/b"})
    first.pages["/b"] = page(status=302, headers={"Location": second.url("/c")})
    second.pages["/c"] = page(b"there")

    bringer = fetcher(first.authority, second.authority)
    answer = bringer.get(first.url("/a"), headers={"Authorization": "Bearer secret"})

    assert (answer.url, answer.final_url, answer.body) == (first.url("/a"), second.url("/c"), b"there")
    assert [asked.headers.get("authorization") for asked in first.asked if asked.path in "/a /b"] == ["Bearer secret"] * 2
    assert all("secret" not in str(asked.headers) for asked in second.asked), "headers stay with the first origin"


@pytest.mark.parametrize("method", ["get", "capture"])
def test_every_answer_on_the_way_is_told(new_site, page, fetcher, method):
    here, there = new_site(), new_site()
    here.pages["/a"] = page(b"", status=302, headers={"Location": there.url("/b"), "X-Step": "1", "Set-Cookie": "s=1"})
    there.pages["/b"] = page(PNG, headers={"X-Step": "2"})

    brought = getattr(fetcher(here.authority, there.authority), method)(here.url("/a"))

    assert [(hop.url, hop.status, hop.peer_ip, hop.headers["x-step"]) for hop in brought.chain] == [
        (here.url("/a"), 302, "127.0.0.1", "1"),
        (there.url("/b"), 200, "127.0.0.1", "2"),
    ]
    assert brought.chain[0].at <= brought.chain[1].at <= brought.fetched_at
    assert "set-cookie" not in brought.chain[0].headers


def test_no_redirect_when_none_is_allowed(site, page, fetcher):
    site.pages["/a"] = page(status=302, headers={"Location": "/b"})
    with pytest.raises(FetchRefused) as raised:
        fetcher(site.authority, max_redirects=0).get(site.url("/a"))
    assert raised.value.key == "fetching.too_many_redirects"


def test_no_cookie_comes_back(site, page, fetcher):
    site.pages["/a"] = page(status=302, headers={"Location": "/b", "Set-Cookie": "secret=1; Path=/"})
    site.pages["/b"] = page()
    fetcher(site.authority).get(site.url("/a"))
    assert all("cookie" not in asked.headers for asked in site.asked)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_fails_in_passing_is_tried_again(status, site, page, fetcher):
    site.pages["/a"] = [page(status=status, headers={"Retry-After": "0"}), page(b"now")]
    assert fetcher(site.authority, retry_pauses_s=(0.0,)).get(site.url("/a")).body == b"now"


@pytest.mark.parametrize(("status", "requests"), [(400, 1), (404, 1), (500, 1), (503, 3)])
def test_how_often_is_tried(status, requests, site, page, fetcher):
    site.pages["/a"] = page(status=status, headers={"Retry-After": "0"})
    with pytest.raises(FetchFailed) as raised:
        fetcher(site.authority, retry_pauses_s=(0.0, 0.0)).get(site.url("/a"))
    assert raised.value.status == status
    assert site.paths().count("/a") == requests


def test_nobody_waits_longer_than_the_time_there_is(site, page, fetcher):
    site.pages["/a"] = page(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(FetchFailed) as raised:
        fetcher(site.authority, retry_pauses_s=(0.0,)).get(site.url("/a"))
    assert (raised.value.status, raised.value.retry_after_s) == (429, 3600.0)
    assert site.paths().count("/a") == 1


def test_robots(site, page, fetcher):
    rules = b"User-agent: *\nDisallow: /\n\nUser-agent: jikim\nDisallow: /private\nAllow: /private/open\n"
    site.pages.update({"/robots.txt": page(rules), "/a": page(), "/private/open": page()})
    bringer = fetcher(site.authority)

    assert bringer.get(site.url("/a")).status == 200
    assert bringer.get(site.url("/private/open")).status == 200
    for way in (bringer.get, bringer.capture):
        with pytest.raises(FetchRefused) as raised:
            way(site.url("/private/a"))
        assert raised.value.key == "fetching.robots_forbid"
    assert site.paths().count("/robots.txt") == 1
    assert "/private/a" not in site.paths()


def test_a_ground_on_record_overrides_robots(site, page, fetcher):
    site.pages.update({"/robots.txt": page(b"User-agent: *\nDisallow: /"), "/a": page()})

    assert fetcher(site.authority, robots_ignored_hosts={"127.0.0.1": "Act 1, Art. 2"}).get(site.url("/a")).status == 200
    assert "/robots.txt" not in site.paths()
    with pytest.raises(FetchRefused, match="Forbidden by the site"):
        fetcher(site.authority, robots_ignored_hosts={"127.0.0.1": "  "}).get(site.url("/a"))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_without_robots_forbids_nothing(status, site, page, fetcher):
    site.pages.update({"/robots.txt": page(status=status), "/a": page()})
    assert fetcher(site.authority).get(site.url("/a")).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"Host": "inner"}, {"Cookie": "a=1"}, {"X-A": "b\r\nHost: inner"}, {"X A": "b"}, {"Transfer-Encoding": "chunked"}],
)
def test_headers_that_nobody_may_set(headers, site, fetcher):
    with pytest.raises(FetchRefused) as raised:
        fetcher(site.authority).get(site.url("/a"), headers=headers)
    assert raised.value.key == "fetching.header_forbidden"
    assert site.asked == []


def test_proxies_of_the_environment_are_ignored(site, page, fetcher, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    site.pages["/a"] = page()
    assert fetcher(site.authority).get(site.url("/a")).status == 200


def test_a_vault_that_cannot_seal_is_told_as_such(site, page, fetcher, vault, monkeypatch, tmp_path):
    site.pages["/a"] = page(PNG)
    real_write = os.write

    def full(handle, data):
        if os.readlink(f"/proc/self/fd/{handle}").endswith(".part"):
            raise OSError(28, "No space left on device")
        return real_write(handle, data)

    monkeypatch.setattr("jikim.vault.blobs.os.write", full)
    with pytest.raises(VaultError, match="disk is full"):
        fetcher(site.authority).capture(site.url("/a"))
    assert not [path for path in (tmp_path / "home" / "blobs").rglob("*") if path.is_file()]


def test_settings_that_cannot_work_are_told(fetcher):
    with pytest.raises(BadUse, match="user_agent"):
        fetcher(user_agent="Jikim\r\nHost: inner")
    with pytest.raises(BadUse, match="loopback_allowed"):
        fetcher("127.0.0.1")


def test_retry_after():
    at = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < _retry_after_s(format_datetime(at, usegmt=True)) <= 100
    assert _retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT") == 0.0
    assert _retry_after_s("-5") is None
    assert _retry_after_s(None) is None
    assert _retry_after_s(" 12 ") == 12.0
