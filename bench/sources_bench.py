"""One keyword over ten places that answer after 200 ms, the bookkeeping of a candidate, and the pace as a server sees it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.sources.candidates import candidate
from jikim.sources.merging import Merging
from jikim.sources.searxng import SearxngConfig, SearxngSource
from jikim.sweep import Health, Place, search
from jikim.types import Keyword
from jikim.vault import Vault

PLACES = 10
ANSWER_S = 0.2
PAGES, PAGE_SIZE = 3, 10
CANDIDATES = 20_000
PACE_S, PACED_REQUESTS, ASKERS = 0.2, 20, 8
HOLDER = "sweep:2026-11-22"


def bench_sources() -> None:
    """Prints the three figures; nothing leaves this machine."""
    print("\nSources")
    with TemporaryDirectory() as folder, Vault.open(Path(folder)) as vault:
        _ten_places(vault)
        _pace(vault)
    _bookkeeping()


def _ten_places(vault: Vault) -> None:
    """Each place has `PAGES` pages of `PAGE_SIZE`, every answer takes `ANSWER_S`; as with real places, none is paced."""
    with ExitStack() as stack:
        ports = [stack.enter_context(_slow_place(number)) for number in range(PLACES)]
        settings = Fetching(loopback_allowed=tuple(f"127.0.0.1:{port}" for port in ports))
        places = []
        for number, port in enumerate(ports):
            fetcher = stack.enter_context(SafeFetcher(settings, vault, HOLDER))
            source = SearxngSource(SearxngConfig(url=f"http://127.0.0.1:{port}"), fetcher)
            places.append(Place(f"searxng:{number}", source, fetcher))
        first_s, all_s, count = asyncio.run(_searched(places))
    print(
        f"  {PLACES} places, {ANSWER_S * 1000:.0f} ms an answer, {PAGES} pages each: first candidate {first_s:.2f} s, ", end=""
    )
    print(f"all {count} in {all_s:.2f} s")


async def _searched(places: list[Place]) -> tuple[float, float, int]:
    start = time.monotonic()
    first_s, count = 0.0, 0
    deadline = asyncio.get_running_loop().time() + 60
    health: dict[str, Health] = {}
    async for _ in search(Keyword("축제"), places, None, PLACES * PAGES * PAGE_SIZE, deadline, health):
        first_s = first_s or time.monotonic() - start
        count += 1
    return first_s, time.monotonic() - start, count


def _bookkeeping() -> None:
    """What one candidate costs until it is known as new: made, cleaned, its addresses brought to their form, merged."""
    keyword, now = Keyword("축제"), datetime.now(UTC)
    merging = Merging()
    start = time.process_time()
    for number in range(CANDIDATES):
        made = candidate(
            "searxng",
            f"https://page.example/{number}",
            keyword,
            now,
            url=f"https://page.example/watch/{number}?utm_source=x&v={number}",
            title=f"강변에서 열린 가을 축제 {number}",
            text="등불이 켜진 강변에서 사람들이 걷습니다. " * 10,
            media_urls=[f"https://files.example/{number}.mp4"],
            thumbnail_urls=[f"https://files.example/{number}.jpg"],
            duration_s=61.0,
            posted="2026-11-20T09:00:00+09:00",
        )
        merging.is_new(f"place {number % PLACES}", made)
    spent_ms = (time.process_time() - start) * 1000 / CANDIDATES
    print(f"  merging and bookkeeping: {spent_ms:.3f} ms of CPU a candidate ({CANDIDATES:,} candidates)")


def _pace(vault: Vault) -> None:
    """`ASKERS` threads ask one host through one fetcher; the server, whose robots.txt asks for the pace, notes each arrival."""
    arrivals: list[float] = []
    with _noting_server(arrivals) as port:
        settings = Fetching(loopback_allowed=(f"127.0.0.1:{port}",))
        with SafeFetcher(settings, vault, HOLDER) as fetcher:
            each = PACED_REQUESTS // ASKERS + 1

            def ask() -> None:
                for number in range(each):
                    fetcher.get(f"http://127.0.0.1:{port}/{number}")

            threads = [Thread(target=ask) for _ in range(ASKERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    gaps = [after - before for before, after in pairwise(arrivals)]
    print(f"  pace {PACE_S:.2f} s, {ASKERS} askers, {len(arrivals)} requests: ", end="")
    print(f"smallest gap {min(gaps):.3f} s, largest {max(gaps):.3f} s")


@contextmanager
def _slow_place(number: int) -> Iterator[int]:
    """A SearXNG that takes its time."""
    pause = Event()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            pause.wait(ANSWER_S)
            parts = urlsplit(self.path)
            page = int(parse_qs(parts.query).get("pageno", ["1"])[0])
            first = (page - 1) * PAGE_SIZE
            numbers = range(first, first + PAGE_SIZE) if page <= PAGES else ()
            results = [
                {
                    "url": f"https://place{number}.example/{one}",
                    "title": f"축제 {one}",
                    "content": "",
                    "template": "default.html",
                }
                for one in numbers
            ]
            body = json.dumps({"results": results, "unresponsive_engines": []}).encode()
            is_robots = parts.path == "/robots.txt"
            self.send_response(404 if is_robots else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with _serving(Answering) as port:
        yield port
    pause.set()


@contextmanager
def _noting_server(arrivals: list[float]) -> Iterator[int]:
    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrivals.append(time.monotonic())
            body = f"User-agent: *\nCrawl-delay: {PACE_S}\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with _serving(Noting) as port:
        yield port


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
