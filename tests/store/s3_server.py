"""A real S3-speaking server on loopback, and a gate in front of it that can fail as networks and stores do."""

import http.client
import os
import re
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import obstore
from obstore.store import S3Store

from jikim.config import Storing
from jikim.vault import Vault

SERVER = Path(__file__).parents[2] / ".venv-store/bin/moto_server"
READY_S = 60
DAY = "sweep:2026-11-22"


def started(port: int, **environ: str) -> subprocess.Popen[bytes]:
    """The server, answering. It has no way to say which port it chose, so it is told one that was free just now."""
    process = subprocess.Popen(
        [SERVER, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **environ},
    )
    waiting = threading.Event()
    for _ in range(READY_S * 20):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
            return process
        except OSError:
            assert process.poll() is None, "the S3 server died: run `make test-store`, which prepares it"
            waiting.wait(0.05)
    raise AssertionError("the S3 server does not answer")


class Store:
    """One bucket of the server, looked into past the vault."""

    def __init__(self, port: int, bucket: str, prefix: str = "sealed") -> None:
        self.port, self.bucket, self.prefix = port, bucket, prefix

    def url(self, port: int | None = None) -> str:
        return f"s3://{self.bucket}/{self.prefix}?endpoint=http://127.0.0.1:{port or self.port}&region=us-east-1"

    def open(self, home: Path, port: int | None = None, **more) -> Vault:
        return Vault.open(home, bucket=Storing(self.url(port)).bucket(), **more)

    def ask(self, method: str, path: str = "", body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{self.bucket}{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def objects(self) -> list[str]:
        listing = self.ask("GET", "?list-type=2").decode()
        return re.findall(r"<Key>(.*?)</Key>", listing)

    def content(self, key: str) -> bytes:
        return bytes(obstore.get(self.client(), key).bytes())

    def replace(self, key: str, body: bytes) -> None:
        obstore.put(self.client(), key, body)

    def remove(self, key: str) -> None:
        obstore.delete(self.client(), key)

    def client(self) -> S3Store:
        config = {"endpoint": f"http://127.0.0.1:{self.port}", "region": "us-east-1"}
        signed = {"access_key_id": "a", "secret_access_key": "b"}
        return S3Store(self.bucket, config=config | signed, client_options={"allow_http": True})

    def uploads(self) -> bytes:
        return self.ask("GET", "?uploads")


def seal(vault: Vault, plain: bytes, holder: str = DAY) -> str:
    with vault.sealing(holder) as sealing:
        for at in range(0, len(plain), 100_000):
            sealing.write(plain[at : at + 100_000])
    return sealing.sealed.blob


def unfinished(home: Path) -> list[Path]:
    return sorted(home.glob("blobs/unfinished/*"))


class Gate:
    """Passes requests on to the server, except those that `fault` is set for.

    busy            503 SlowDown
    cut             half of an answer's body
    lose            an upload is passed on, its answer is not
    hold            an upload waits, its first half received, until `released`; `held` is set then
    keep            an upload is passed on, its answer is kept until `released` and then not given; `held` is set at first
    """

    def __init__(self, port: int) -> None:
        self.fault = ""
        self.times = 10**9
        """How many requests the fault meets before it passes."""
        self.seen: list[str] = []
        self.held, self.released = threading.Event(), threading.Event()
        gate = self

        class Passing(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                gate.seen.append(self.command)
                length = int(self.headers.get("Content-Length", 0))
                fault = gate.fault if gate.times > 0 else ""
                is_put = self.command == "PUT"
                if fault == "busy":
                    gate.times -= 1
                    self.rfile.read(length)
                    return self.reply(503, b"<Error><Code>SlowDown</Code><Message>slower</Message></Error>", {})
                if fault == "hold" and is_put:
                    self.rfile.read(length // 2)
                    gate.held.set()
                    gate.released.wait()
                    self.close_connection = True
                    return None
                body = self.rfile.read(length)
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                upstream.request(self.command, self.path, body, dict(self.headers))
                answered = upstream.getresponse()
                content = answered.read()
                headers = {name: value for name, value in answered.getheaders() if name.lower() not in HOP}
                upstream.close()
                if is_put and fault in ("lose", "keep"):
                    gate.times -= 1
                    if fault == "keep":
                        gate.held.set()
                        gate.released.wait()
                    self.close_connection = True
                    return None
                cut = len(content) // 2 if fault == "cut" and self.command == "GET" else len(content)
                return self.reply(answered.status, content, headers, cut)

            def reply(self, status, content, headers, cut=None):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content[:cut])
                if cut is not None and cut < len(content):
                    self.close_connection = True

        for method in ("GET", "PUT", "HEAD", "POST", "DELETE"):
            setattr(Passing, f"do_{method}", Passing.answer)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that was killed has gone away, which is what some tests are about

        self._server = Server(("127.0.0.1", 0), Passing)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


HOP = {"connection", "transfer-encoding", "server", "date"}
