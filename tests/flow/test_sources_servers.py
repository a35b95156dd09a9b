"""The sources against real servers, through the real fetcher: what is down, broken, endless or changed is said so."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused, JikimError, SourceChanged
from jikim.fetching import SafeFetcher
from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.sources.feed import FeedConfig, FeedSource
from jikim.sources.listing import ListingConfig, ListingSource
from jikim.sources.page import PageConfig, PageSource
from jikim.sources.practice import PracticeConfig, PracticeSource
from jikim.types import Keyword
from jikim.vault import Vault

FESTIVAL = Keyword("축제")
Reply = tuple[int, dict[str, str], bytes]


class Place:
    """A server whose answer to each path is decided by `answer(path with query) -> (status, headers, body)`;
    with `gives_parts` a Range header is answered with the beginning that it asks for."""

    def __init__(self, answer: Callable[[str], Reply], gives_parts: bool) -> None:
        place = self
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/robots.txt":
                    status, headers, body = 404, {}, b""
                else:
                    place.asked.append(self.path)
                    status, headers, body = answer(self.path)
                    if gives_parts and (asked := self.headers.get("Range")):
                        status, body = 206, body[: int(asked.rpartition("-")[2]) + 1]
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


@pytest.fixture
def serve() -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def start(answer: Callable[[str], Reply], gives_parts: bool = False) -> Place:
        places.append(Place(answer, gives_parts))
        return places[-1]

    yield start
    for place in places:
        place.stop()


@pytest.fixture
def fetcher_for(tmp_path: Path) -> Iterator[Callable[[int], SafeFetcher]]:
    vault = Vault.open(tmp_path / "home")
    made: list[SafeFetcher] = []

    def make(port: int) -> SafeFetcher:
        settings = Fetching(loopback_allowed=(f"127.0.0.1:{port}",), connect_timeout_s=5, read_timeout_s=5)
        made.append(SafeFetcher(settings, vault, "sweep:2026-11-20", retry_pauses_s=()))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


def source_of(name: str, url: str, fetcher: SafeFetcher, tmp_path: Path):
    match name:
        case "practice":
            return PracticeSource(PracticeConfig(url=url), fetcher)
        case "feed":
            return FeedSource(FeedConfig(url=url + "/feed"), fetcher)
        case "page":
            return PageSource(PageConfig(url=url + "/page"), fetcher)
        case _:
            path = tmp_path / "list.txt"
            path.write_text(url + "/page\n")
            return ListingSource(ListingConfig(url=str(path)), fetcher)


NAMES = ("practice", "feed", "page", "listing")
SEARCHES = ("practice", "feed")


def found_by(source, limit=300):
    return list(source.search(FESTIVAL, None, limit))


@pytest.mark.parametrize("name", NAMES)
def test_a_place_that_is_down_is_a_failure_and_no_empty_result(name, fetcher_for, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it meanwhile
        port = closed.getsockname()[1]
        with pytest.raises(FetchFailed) as error:
            found_by(source_of(name, f"http://127.0.0.1:{port}", fetcher_for(port), tmp_path))
    assert not isinstance(error.value, SourceChanged)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_bad_status_is_a_failure_that_names_it(name, status, serve, fetcher_for, tmp_path):
    place = serve(lambda path: (status, {"Retry-After": "30"} if status == 429 else {}, "<html>축제</html>".encode()))
    with pytest.raises(FetchFailed) as error:
        found_by(source_of(name, place.url, fetcher_for(place.port), tmp_path))
    assert error.value.status == status
    assert error.value.retry_after_s == (30 if status == 429 else None)
    assert place.url not in error.value.message(masked=True).ko


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><title>log in</title>", b"{", b'{"error": "no"}', b"\x00\xff" * 40, b"null"]
)
def test_another_shape_is_a_change(name, body, serve, fetcher_for, tmp_path):
    place = serve(lambda path: (200, {"Content-Type": "text/html"}, body))
    with pytest.raises(SourceChanged):
        found_by(source_of(name, place.url, fetcher_for(place.port), tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_without_end_is_cut(name, serve, fetcher_for, tmp_path):
    place = serve(lambda path: (200, {"Content-Type": "text/html"}, b"<p>" * 3 * 2**20))
    with pytest.raises(FetchRefused, match="larger"):
        found_by(source_of(name, place.url, fetcher_for(place.port), tmp_path))


@pytest.mark.parametrize("name", ["page", "listing"])
def test_a_large_file_whose_address_does_not_say_so_is_media(name, serve, fetcher_for, tmp_path):
    film = bytes(4) + b"ftypisom" + bytes(9 * 2**20)
    place = serve(lambda path: (200, {}, film), gives_parts=True)
    (found,) = found_by(source_of(name, place.url, fetcher_for(place.port), tmp_path))
    assert found.media_urls == (place.url + "/page",)


def test_a_place_of_our_own_network_is_refused(serve, fetcher_for, tmp_path):
    place = serve(lambda path: (200, {}, b"<title>inside</title>"))
    other = serve(lambda path: (302, {"Location": place.url + "/page"}, b""))
    for name in NAMES:
        with pytest.raises(FetchRefused):
            found_by(source_of(name, other.url, fetcher_for(other.port), tmp_path))
    assert place.asked == []


def endless(path: str) -> Reply:
    """A new page with a new item, for ever."""
    number = int(parse_qs(urlsplit(path).query)["page"][0])
    item = {
        "id": f"a{number}",
        "url": f"/item/{number}",
        "title": "축제",
        "text": "",
        "author": None,
        "posted_at": None,
        "media": [],
    }
    following = f"/api/search?q=%EC%B6%95%EC%A0%9C&page={number + 1}&size=25"
    return 200, {"Content-Type": "application/json"}, json.dumps({"schema": 1, "items": [item], "next": following}).encode()


def test_pages_without_end_are_asked_for_only_up_to_the_limit(serve, fetcher_for):
    place = serve(endless)
    assert len(found_by(PracticeSource(PracticeConfig(url=place.url), fetcher_for(place.port)), limit=25)) == 25
    assert len(place.asked) == 25


def test_pages_that_repeat_end_with_a_warning(serve, fetcher_for):
    place = serve(lambda path: endless("?page=1"))
    source = PracticeSource(PracticeConfig(url=place.url), fetcher_for(place.port))
    assert len(found_by(source)) == 1
    assert len(place.asked) == 2
    assert [warning.key for warning in source.warnings] == ["sources.repeated_page"]


def test_pages_that_are_empty_for_ever_end(serve, fetcher_for):
    def answer(path: str) -> Reply:
        status, headers, body = endless(path)
        return status, headers, json.dumps({**json.loads(body), "items": []}).encode()

    place = serve(answer)
    assert found_by(PracticeSource(PracticeConfig(url=place.url), fetcher_for(place.port))) == []
    assert len(place.asked) == 1


def test_what_came_before_a_failure_stands(serve, fetcher_for):
    place = serve(lambda path: endless(path) if "page=1&" in path else (500, {}, b""))
    source = PracticeSource(PracticeConfig(url=place.url), fetcher_for(place.port))
    found, failures = [], []
    try:
        for candidate in source.search(FESTIVAL, None, 300):
            found.append(candidate.native_id)
    except JikimError as error:
        failures.append(error)
    assert found == ["a1"]
    assert [error.status for error in failures] == [500]


def test_a_page_in_an_old_encoding_after_a_redirect(serve, fetcher_for):
    def answer(path: str) -> Reply:
        if path == "/page":
            return 302, {"Location": "/moved/"}, b""
        page = '<title>쌰 축제</title><img src="i.jpg"><a href="2">축제 둘</a>'
        return 200, {"Content-Type": "text/html; charset=euc-kr"}, page.encode("cp949")

    place = serve(answer)
    first, second = found_by(PageSource(PageConfig(url=place.url + "/page"), fetcher_for(place.port)))
    assert (first.url, first.title, first.media_urls) == (f"{place.url}/page", "쌰 축제", (f"{place.url}/moved/i.jpg",))
    assert second.url == f"{place.url}/moved/2"


def test_a_list_with_dead_and_living_addresses(serve, fetcher_for, tmp_path):
    place = serve(lambda path: (200, {}, b"<!doctype html><title>here</title>") if path == "/here" else (410, {}, b""))
    path = tmp_path / "list.txt"
    path.write_text(f"{place.url}/gone\nnot an address\n{place.url}/here\n")
    source = ListingSource(ListingConfig(url=str(path)), fetcher_for(place.port))
    assert [found.title for found in found_by(source)] == ["here"]
    assert [warning.key for warning in source.warnings] == ["sources.bad_line", "fetching.status"]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PracticeServer]:
    lines = ["file\ttitle\ttext\tcue", *(f"\t축제 소식 {number}\t공원에서 열립니다 {number}\t" for number in range(230))]
    (tmp_path / "items").mkdir()
    (tmp_path / "items" / "items.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    with PracticeServer(load_world(tmp_path / "items"), bytes(32)) as server:
        yield server


def test_the_practice_platform_itself(platform, fetcher_for):
    fetcher = fetcher_for(platform.port)
    source = PracticeSource(PracticeConfig(url=platform.origin), fetcher)
    found = found_by(source)
    assert len({candidate.id for candidate in found}) == 230
    assert source.warnings == []
    assert {candidate.title for candidate in found} == {f"축제 소식 {number}" for number in range(230)}
    assert len(found_by(source, limit=7)) == 7
    assert list(source.search(Keyword("없는말"), None, 300)) == []
    by_feed = found_by(FeedSource(FeedConfig(url=platform.origin + "/feed?q={query}&size=300"), fetcher))
    assert {candidate.url for candidate in by_feed} == {candidate.url for candidate in found}
    page, *_ = found_by(PageSource(PageConfig(url=found[0].url), fetcher))
    assert found[0].title in page.title
