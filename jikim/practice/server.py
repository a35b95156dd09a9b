"""The practice platform over HTTP/1.1, on 127.0.0.1 alone.

What it serves:

- `/`, `/search?q=&page=`, `/item/<id>`: pages in Korean, without script.
- `/api/search?q=&page=1&size=50` (`size` at most 100): JSON, the newest posts first::

      {"schema": 1, "query": "...", "total": 310, "page": 1, "size": 50, "next": "<address>" | null,
       "items": [{"id": "<16 hex digits>", "url": "<address>", "title": "...", "text": "...", "author": "<handle>",
                  "posted_at": "2026-11-20T12:00:00+00:00", "kind": "image|video|audio|text",
                  "media": [{"url": "<address>", "type": "image/jpeg", "duration_s": 12.5 | null,
                             "thumbnail": "<address>" | null}]}]}

  A wrong or empty parameter gives status 400 and `{"error": "..."}`. A page after the last one has no items.
- `/feed?q=&size=100` (`size` at most 500): RSS 2.0 with enclosures; without `q` the newest posts.
- `/media/<id>/<n>.<ending>`, `/thumb/<id>/<n>.jpg`: the files, with byte ranges.
- `/robots.txt`: everything is allowed.
- `/.well-known/jikim-practice?nonce=<64 hex digits>`: `{"hmac": "..."}`, the proof described in `jikim.provenance`.
"""

from __future__ import annotations

import logging
import re
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jikim.errors import BadUse
from jikim.practice.site import Reply, Site, refusal
from jikim.practice.world import World

IP = "127.0.0.1"
IDLE_S = 30.0
"""How long a connection may say nothing."""

_CHUNK_BYTES = 64 * 1024
_LINGER_S = 1.0
_LINGER_BYTES = 2**20
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_log = logging.getLogger(__name__)


class PracticeServer:
    """The platform over `world`, listening from the moment it is made; port 0 takes any free port.

    `key` is the practice key of the vault. As a context manager it serves from a thread of its own; `serve_forever` serves
    from the caller's. Raises BadUse when the port is not to be had.
    """

    def __init__(self, world: World, key: bytes, port: int = 0) -> None:
        try:
            self._server = _Server(port)
        except (OSError, OverflowError) as error:
            problem = getattr(error, "strerror", None) or str(error)
            raise BadUse("practice.port_unusable", port=port, problem=problem) from error
        self.port: int = self._server.server_address[1]
        self.origin = f"http://{IP}:{self.port}"
        self._server.site = Site(world, key, self.origin, IP, self.port)
        self._thread: threading.Thread | None = None

    def serve_forever(self) -> None:
        """Serves until `stop` is called from another thread or an interrupt arrives; then closes everything."""
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Ends `serve_forever` and waits until every connection is closed."""
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name="practice", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for the threads
    request_queue_size = 128
    site: Site

    def __init__(self, port: int) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((IP, port), _Handler)

    def server_bind(self) -> None:
        """Without the name look-up of HTTPServer: no question leaves this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = IP, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):  # the other side was faster
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nobody's fault; anything else is ours and belongs in the log."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.exception("the practice platform failed to answer")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "JikimPractice"
    sys_version = ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = _CHUNK_BYTES  # head and body of a small answer leave in one packet
    server: _Server
    _has_unread = False

    def do_GET(self) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self._refuse_more()  # its body would be read as the next request
        reply = self.server.site.reply(self.path)
        if reply.file is None:
            self._send(reply)
        else:
            self._send_file(reply.file, reply.content_type)

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the HTTP layer itself refuses: a malformed request line, an unknown method, too long an address."""
        self._refuse_more()
        status = HTTPStatus(code)
        if not self.command:  # the request line itself was not understood
            self.command, self.request_version = "", self.protocol_version
        self._send(refusal(status, "이 요청에는 답할 수 없습니다."))

    def finish(self) -> None:
        """Before a connection with unread bytes is closed, reads on for a moment: a reset would take the answer with it."""
        if self._has_unread:
            with suppress(OSError):  # the other side is gone or silent
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                self.connection.settimeout(_LINGER_S)
                left = _LINGER_BYTES
                while left > 0 and (part := self.rfile.read1(_CHUNK_BYTES)):
                    left -= len(part)
        super().finish()

    def _refuse_more(self) -> None:
        self.close_connection = True
        self._has_unread = True

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)

    def _send(self, reply: Reply) -> None:
        self._head(reply.status, reply.content_type, len(reply.body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _head(self, status: HTTPStatus, content_type: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'",
        )
        if self.close_connection:
            self.send_header("Connection", "close")

    def _send_file(self, path: Path, content_type: str) -> None:
        try:
            file = path.open("rb")
        except OSError:
            self._send(refusal(HTTPStatus.NOT_FOUND, "파일이 더는 없습니다."))
            return
        with file:
            size = path.stat().st_size
            span = _span(self.headers.get("Range"), size)
            if span is None:
                self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, content_type, 0)
                self.send_header("Content-Range", f"bytes */{size}")
                self.end_headers()
                return
            start, end, is_partial = span
            self._head(HTTPStatus.PARTIAL_CONTENT if is_partial else HTTPStatus.OK, content_type, end - start)
            self.send_header("Accept-Ranges", "bytes")
            if is_partial:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            if self.command == "HEAD":
                return
            file.seek(start)
            left = end - start
            while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
                self.wfile.write(chunk)
                left -= len(chunk)
            if left:  # the file became shorter meanwhile: the length that was promised cannot be kept
                self.close_connection = True


def _span(header: str | None, size: int) -> tuple[int, int, bool] | None:
    """Start, end (not included) and whether it is a part; None when the range lies outside. A form that we do not know, such
    as several ranges, means the whole file, as the standard allows (RFC 9110, section 14.2)."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size, False
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return 0, size, False
    return (start, end, True) if start < end else None
