"""A well-behaved site on loopback, and fetchers that may reach it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.vault import Vault

HOLDER = "sweep:2026-11-22"


@dataclass
class Page:
    body: bytes = b"page"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    path: str
    headers: dict[str, str]


class Site:
    """`pages` by path; a page may be a list, whose last answer is given again and again."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | list[Page]] = {}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", 0))
                site.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.rfile.read(length)
                page = site.pages.get(self.path, Page(b"", 404))
                if isinstance(page, list):
                    page = page.pop(0) if len(page) > 1 else page[0]
                self.send_response(page.status)
                for name, value in {"Content-Length": str(len(page.body)), **page.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(page.body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *values: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.port = self._server.server_address[1]
        self.authority = f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.authority}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def new_site() -> Iterator[Callable[[], Site]]:
    with ExitStack() as stack:

        def make() -> Site:
            made = Site()
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    return new_site()


@pytest.fixture
def page() -> type[Page]:
    return Page


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def fetcher(vault: Vault) -> Iterator[Callable[..., SafeFetcher]]:
    """`fetcher("host:port", ..., setting=...)`: without pauses unless asked for."""
    with ExitStack() as stack:

        def make(*loopback_allowed: str, **others: object) -> SafeFetcher:
            own = {name: others.pop(name) for name in ("look_up", "tls", "practice", "retry_pauses_s") if name in others}
            settings = Fetching(loopback_allowed=loopback_allowed, **{"pace_s": 0.0, **others})
            return stack.enter_context(SafeFetcher(settings, vault, HOLDER, **{"retry_pauses_s": (), **own}))

        yield make
