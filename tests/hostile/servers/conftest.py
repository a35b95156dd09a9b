"""Servers on loopback that do with a connection whatever a script says, and a fetcher with small limits."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.vault import Vault

HOLDER = "sweep:2026-11-22"
NO_ROBOTS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Peer:
    """The server's end of one connection. `path` is what was asked for, `head` the whole request."""

    def __init__(self, connection: socket.socket, head: bytes, ended: threading.Event) -> None:
        self.connection = connection
        self.head = head
        self.path = [*head.split(b" "), b"", b""][1].decode("latin-1")
        self._ended = ended

    def send(self, *parts: bytes) -> None:
        self.connection.sendall(b"".join(parts))

    def answer(self, body: bytes = b"", *headers: str, status: str = "200 OK") -> None:
        """A proper answer with the true length."""
        lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "Connection: close", "", "")
        self.send("\r\n".join(lines).encode(), body)

    def stall(self) -> None:
        """Says nothing more until the test ends."""
        self._ended.wait()

    def for_ever(self, pieces: Iterator[bytes], every_s: float = 0.0) -> None:
        """Sends until the other side hangs up or the test ends."""
        for piece in pieces:
            self.send(piece)
            if self._ended.wait(every_s) if every_s else self._ended.is_set():
                return


Script = Callable[[Peer], None]


class Server:
    """Runs `script` for every connection; answers a question for robots.txt with 404 unless `robots` is a script too."""

    def __init__(self, script: Script, host: str, port: int, robots: Script | None, tls: ssl.SSLContext | None) -> None:
        self.requests: list[Peer] = []
        self._script = script
        self._robots = robots
        self._tls = tls
        self._ended = threading.Event()
        self._listening = socket.create_server((host, port))
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self.host, self.port = self._listening.getsockname()[:2]
        self.authority = f"{self.host}:{self.port}"
        self.url = f"http://{self.authority}/thing"
        self._threads[0].start()

    @property
    def paths(self) -> list[str]:
        return [peer.path for peer in self.requests if peer.path != "/robots.txt"]

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.callback(connection.close)
            if self._tls is not None:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            peer = Peer(connection, head, self._ended)
            self.requests.append(peer)
            if peer.path != "/robots.txt":
                self._script(peer)
            elif self._robots is not None:
                self._robots(peer)
            else:
                peer.send(NO_ROBOTS)

    def close(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(script, host=..., port=..., robots=..., tls=...)` starts a server that lives as long as the test."""
    with ExitStack() as stack:

        def start(
            script: Script,
            *,
            host: str = "127.0.0.1",
            port: int = 0,
            robots: Script | None = None,
            tls: ssl.SSLContext | None = None,
        ) -> Server:
            server = Server(script, host, port, robots, tls)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    with Vault.open(home) as opened:
        yield opened


@pytest.fixture
def sealed_files(home: Path) -> Callable[[], list[Path]]:
    """What lies in the vault's folder of blobs, finished or not."""
    return lambda: [path for path in (home / "blobs").rglob("*") if path.is_file()]


@pytest.fixture
def impatient() -> dict[str, float]:
    """Settings for servers that are too slow on purpose; all others get the time of a busy machine."""
    return {"connect_timeout_s": 0.5, "read_timeout_s": 0.3, "total_timeout_s": 0.8}


@pytest.fixture
def fetcher(vault: Vault) -> Iterator[Callable[..., SafeFetcher]]:
    """`fetcher("host:port", ..., setting=...)` makes a fetcher with small limits that may reach these test servers."""
    with ExitStack() as stack:

        def make(*loopback_allowed: str, **others: object) -> SafeFetcher:
            own = {name: others.pop(name) for name in ("look_up", "tls", "practice") if name in others}
            retry_pauses_s = others.pop("retry_pauses_s", ())
            defaults = {
                "max_answer_bytes": 256 * 1024,
                "max_media_bytes": 256 * 1024,
                "pace_s": 0.0,
            }
            settings = Fetching(loopback_allowed=loopback_allowed, **{**defaults, **others})
            return stack.enter_context(SafeFetcher(settings, vault, HOLDER, retry_pauses_s=retry_pauses_s, **own))

        yield make
