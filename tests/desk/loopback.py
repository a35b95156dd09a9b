"""Servers on loopback for tests that look at addresses: any handler, and a real forward proxy as another network's way."""

from __future__ import annotations

import http.client
import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of whoever looks at the first bytes and hangs up; every other fault is told."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    """The port of a server that answers by `handler` until the block ends."""
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy(http.server.BaseHTTPRequestHandler):
    """A real forward proxy, which marks what comes by it with `x-away`."""

    def do_GET(self) -> None:
        away = http.client.HTTPConnection(self.path.split("/")[2])
        away.request("GET", "/" + self.path.split("/", 3)[3], headers={**dict(self.headers), "x-away": "1"})
        answer = away.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() != "transfer-encoding":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.read())
        away.close()

    def log_message(self, *_: object) -> None:
        pass
