"""The host that `removal_bench` visits, and the proxy by which it is visited from elsewhere: what lies under `/gone/` is gone,
everything else is a page of 20 kB. Prints its port.
"""

from __future__ import annotations

import http.server
from urllib.parse import urlsplit

from tests.desk.loopback import Server

PAGE = b"<!doctype html><title>board</title>" + b"<p>Something else stands here now.</p>" * 500


class Host(http.server.BaseHTTPRequestHandler):
    """Answers and says nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # whoever asks by the proxy names the host as well
        is_gone = path.startswith("/gone/") or path == "/robots.txt"
        body = b"gone" if is_gone else PAGE
        self.send_response(404 if is_gone else 200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Host) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
