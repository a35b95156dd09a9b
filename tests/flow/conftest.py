"""A home of one's own, a small harmless world, and the commands run as a person runs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from PIL import Image

from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.vault import Vault
from tests.flow.harness import CARD, JIKIM, Ran, drawing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def jikim(home: Path) -> Callable[..., Ran]:
    def run(*arguments: object, lang: str = "en", timeout_s: float = 120) -> Ran:
        done = subprocess.run(
            [JIKIM, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": lang},
            timeout=timeout_s,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Four posts about 축제: a drawing, the test card re-encoded, words alone, and a file that is no picture."""
    folder = tmp_path / "world"
    folder.mkdir()
    drawing("등불").save(folder / "drawing.png")
    with Image.open(CARD) as card:
        card.convert("RGB").resize((480, 480 * card.height // card.width)).save(folder / "card.jpg", quality=70)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture at all")
    rows = [
        ("file", "title", "text", "cue"),
        ("drawing.png", "등불 축제", "등불을 그렸습니다", ""),
        ("card.jpg", "축제 그림", "시험용 그림입니다", "known_copy"),
        ("", "축제 날씨", "내일은 맑겠습니다", ""),
        ("broken.jpg", "축제 사진", "파일이 깨졌습니다", ""),
    ]
    (folder / "items.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return folder


@pytest.fixture
def platform(home: Path, world: Path) -> Iterator[PracticeServer]:
    with Vault.open(home) as vault:
        key = vault.practice_key()
    with PracticeServer(load_world(world), key) as server:
        yield server


@pytest.fixture
def site() -> Iterator[Callable[[dict[str, bytes]], str]]:
    """A plain HTTP server on loopback over a dictionary of paths; its host and port."""
    running: list[ThreadingHTTPServer] = []

    def serve(pages: dict[str, bytes]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path.split("?")[0])
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def stalling() -> Iterator[Callable[[], str]]:
    """A server that answers nothing but robots.txt until the test has ended; its host and port."""
    ended = Event()
    running: list[ThreadingHTTPServer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/robots.txt":
                ended.wait()
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    def serve() -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{server.server_address[1]}"

    yield serve
    ended.set()
    for server in running:
        server.shutdown()
        server.server_close()
