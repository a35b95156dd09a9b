from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching import SafeFetcher, prove
from jikim.provenance import PROOF_PATH, practice_answer

KEY = b"k" * 32


class Server(ThreadingHTTPServer):
    """`answers(nonce, ip, port)` gives the body of the proof."""

    daemon_threads = True

    def __init__(self, answers, host="127.0.0.1"):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                ip, port = self.connection.getsockname()[:2]
                asked = urlsplit(self.path)
                self.server.asked.append(asked.path)
                body = answers(parse_qs(asked.query).get("nonce", [""])[0], ip, port) if asked.path == PROOF_PATH else b"page"
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, format, *values):
                pass

        self.asked = []
        super().__init__((host, 0), Handler)
        self.port = self.server_address[1]


@pytest.fixture
def serve():
    running = []

    def start(answers, host="127.0.0.1"):
        server = Server(answers, host)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def honest(nonce, ip, port):
    return json.dumps({"hmac": practice_answer(KEY, nonce, ip, port)}).encode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_practice_host_proves_itself(host, serve):
    server = serve(honest)

    proven = prove(f"http://{host}:{server.port}/some/page?a=b", KEY, look_up=lambda host, port: ["127.0.0.1"])

    assert (proven.host, proven.ip, proven.port) == (host, "127.0.0.1", server.port)
    assert proven.origin == f"http://{host}:{server.port}"
    assert server.asked == [PROOF_PATH]


def relayed_from(real):
    def answers(nonce, ip, port):
        with urlopen(f"http://127.0.0.1:{real.port}{PROOF_PATH}?nonce={nonce}") as answer:
            return answer.read()

    return answers


def test_a_relayed_proof_is_worth_nothing(serve):
    real = serve(honest)
    assert prove(f"http://127.0.0.1:{real.port}/", KEY).port == real.port
    relay = serve(relayed_from(real))

    with pytest.raises(FetchRefused) as raised:
        prove(f"http://127.0.0.1:{relay.port}/", KEY)

    assert raised.value.key == "fetching.not_practice"
    assert real.asked == [PROOF_PATH] * 2, "it did pass the question on"


@pytest.mark.parametrize(
    "answers",
    [
        lambda nonce, ip, port: json.dumps({"hmac": practice_answer(b"x" * 32, nonce, ip, port)}).encode(),
        lambda nonce, ip, port: json.dumps({"hmac": practice_answer(KEY, "0" * 64, ip, port)}).encode(),
        lambda nonce, ip, port: json.dumps({"hmac": practice_answer(KEY, nonce, "127.0.0.2", port)}).encode(),
        lambda nonce, ip, port: json.dumps({"hmac": nonce}).encode(),
        lambda nonce, ip, port: json.dumps({"hmac": ""}).encode(),
        lambda nonce, ip, port: json.dumps({"hmac": 5}).encode(),
        lambda nonce, ip, port: b'{"hmac": "\\ud800"}',
        lambda nonce, ip, port: b"<html>",
        lambda nonce, ip, port: b"[" * 4000,
        lambda nonce, ip, port: b"\xff\xfe",
        lambda nonce, ip, port: b"",
    ],
)
def test_what_is_no_proof(answers, serve):
    server = serve(answers)
    with pytest.raises(FetchRefused) as raised:
        prove(f"http://127.0.0.1:{server.port}/", KEY)
    assert raised.value.key == "fetching.not_practice"


def test_an_endless_proof_is_cut(serve):
    server = serve(lambda nonce, ip, port: b" " * 10_000_000)
    with pytest.raises(FetchRefused) as raised:
        prove(f"http://127.0.0.1:{server.port}/", KEY)
    assert raised.value.key == "fetching.too_large"


def no_server(host, port):
    raise AssertionError("nothing is looked up")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/",
        "http://10.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "https://127.0.0.1/",
        "http://jikim.practice/",
        "http://localhost.practice/",
        "http://2130706433/",
    ],
)
def test_only_this_machine_is_asked(url):
    with pytest.raises(FetchRefused) as raised:
        prove(url, KEY, look_up=no_server)
    assert raised.value.key == "fetching.not_practice"


def test_a_name_must_point_here_with_all_its_addresses(serve):
    server = serve(honest)
    with pytest.raises(FetchRefused) as raised:
        prove(f"http://localhost:{server.port}/", KEY, look_up=lambda host, port: ["127.0.0.1", "93.184.215.14"])
    assert raised.value.key == "fetching.not_practice"
    assert server.asked == []


def test_a_host_that_is_down_is_told_as_such():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(FetchFailed):
        prove(f"http://127.0.0.1:{port}/", KEY)


def test_a_practice_fetcher_never_leaves_it(serve, fetcher):
    server, other = serve(honest), serve(honest)
    proven = prove(f"http://127.0.0.1:{server.port}/", KEY)
    bringer: SafeFetcher = fetcher(f"127.0.0.1:{other.port}", practice=proven)

    assert bringer.get(f"http://127.0.0.1:{server.port}/a").body == b"page"
    for url in (f"http://127.0.0.1:{other.port}/", "http://93.184.215.14/", f"http://localhost:{server.port}/"):
        with pytest.raises(FetchRefused) as raised:
            bringer.get(url)
        assert raised.value.key == "fetching.outside_practice"
    assert other.asked == []
