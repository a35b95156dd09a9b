"""The gate between foreign programs and the web: who asks, for what, and what comes back from hostile servers."""

from __future__ import annotations

import base64
import itertools
import socket
import threading
from contextlib import ExitStack

import pytest

from jikim.config import Fetching
from jikim.fetching import Gate
from jikim.fetching import gate as gate_module
from jikim.provenance import ProvenPractice


@pytest.fixture
def gate():
    """`gate("host:port", ..., setting=...)` opens a gate."""
    with ExitStack() as stack:

        def make(*loopback_allowed, **others):
            own = {name: others.pop(name) for name in ("look_up", "practice", "tunnel_s") if name in others}
            return stack.enter_context(Gate(Fetching(loopback_allowed=loopback_allowed, **others), **own))

        yield make


def page(peer):
    peer.answer(b"page", "Set-Cookie: secret=1", "X-One: 1")


def asked(gate, *lines, body=b"", token=None):
    """Everything the gate answers to one request."""
    credentials = f"Proxy-Authorization: Bearer {gate.token if token is None else token}"
    with socket.create_connection(gate.address) as connection:
        connection.sendall("\r\n".join((*lines, credentials, "", "")).encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status(answer):
    return int(answer.split(b" ")[1])


def reason(answer):
    found = [line for line in answer.split(b"\r\n") if line.startswith(b"X-Jikim-Reason: ")]
    return found[0].partition(b": ")[2].decode() if found else None


def tunnel(gate, authority, stack):
    connection = stack.enter_context(socket.create_connection(gate.address))
    connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nProxy-Authorization: Bearer {gate.token}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert status(head) == 200
    return connection


def test_a_tunnel_carries_both_ways(serve, gate):
    server = serve(page)
    with ExitStack() as stack:
        connection = tunnel(gate(server.authority), server.authority, stack)
        connection.sendall(b"GET /thing HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"".join(iter(lambda: connection.recv(65536), b"")).endswith(b"\r\n\r\npage")
    assert server.paths == ["/thing"]


def test_plain_http_leaves_without_what_identifies(serve, gate):
    server = serve(page)
    opened = gate(server.authority)

    answer = asked(
        opened,
        f"GET {server.url}?a=b HTTP/1.1",
        "Host: elsewhere.test",
        "User-Agent: Browser/1.0",
        "Accept: text/html",
        "Cookie: secret=1",
        "Authorization: Bearer secret",
        "Referer: http://secret.test/",
        "X-Secret: 1",
        "Proxy-Connection: keep-alive",
    )

    assert answer.endswith(b"\r\n\r\npage")
    assert b"x-one: 1" in answer
    assert b"secret" not in answer
    head = server.requests[0].head.decode()
    assert head.startswith("GET /thing?a=b HTTP/1.1\r\n")
    assert f"host: {server.authority}\r\n" in head
    assert "user-agent: Browser/1.0" in head
    assert "secret" not in head.lower()
    assert opened.token not in head


def test_a_post_is_passed_on_whole(serve, gate):
    got = []

    def script(peer):
        got.append(peer.head.partition(b"\r\n\r\n")[2] or peer.connection.recv(65536))
        peer.answer(b"ok")

    server = serve(script)
    answer = asked(gate(server.authority), f"POST {server.url} HTTP/1.1", "Content-Length: 5", body=b"hello")
    assert status(answer) == 200
    assert got == [b"hello"]


def test_what_follows_a_request_does_not_ride_along(serve, gate):
    followed, listened = [], threading.Event()

    def script(peer):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\npage")
        followed.append(peer.connection.recv(65536))
        listened.set()

    server = serve(script)
    opened = gate(server.authority, read_timeout_s=0.5)
    first = f"GET {server.url} HTTP/1.1\r\nProxy-Authorization: Bearer {opened.token}\r\n\r\n"
    second = f"GET http://{server.authority}/second HTTP/1.1\r\nCookie: secret=1\r\n\r\n"
    with socket.create_connection(opened.address) as connection:
        connection.sendall((first + second).encode())
        assert listened.wait(30)
    assert followed == [b""], "the server heard the end of the connection and nothing else"
    assert b"secret" not in server.requests[0].head


@pytest.mark.parametrize("token", ["", "wrong", "\xe9"])
def test_whoever_does_not_know_the_token_gets_nothing(token, serve, gate):
    server = serve(page)
    opened = gate(server.authority)
    for line in (f"GET {server.url} HTTP/1.1", f"CONNECT {server.authority} HTTP/1.1"):
        answer = asked(opened, line, token=token)
        assert status(answer) == 407
        assert b"Proxy-Authenticate: Basic" in answer
    assert server.requests == []


def test_the_token_as_a_password(serve, gate):
    server = serve(page)
    opened = gate(server.authority)
    basic = base64.b64encode(f"jikim:{opened.token}".encode()).decode()
    with socket.create_connection(opened.address) as connection:
        connection.sendall(f"GET {server.url} HTTP/1.1\r\nProxy-Authorization: Basic {basic}\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert opened.proxy_url == f"http://jikim:{opened.token}@127.0.0.1:{opened.address[1]}"


@pytest.mark.parametrize(
    ("lines", "expected", "key"),
    [
        (["CONNECT 127.0.0.1:{other} HTTP/1.1"], 403, "private_address"),
        (["CONNECT localhost:{other} HTTP/1.1"], 403, "private_address"),
        (["CONNECT 2130706433:{other} HTTP/1.1"], 403, "private_address"),
        (["CONNECT [::ffff:127.0.0.1]:{other} HTTP/1.1"], 403, "private_address"),
        (["CONNECT 169.254.169.254:80 HTTP/1.1"], 403, "private_address"),
        (["CONNECT 127.0.0.1:{gate} HTTP/1.1"], 403, "private_address"),
        (["GET http://127.0.0.1:{other}/ HTTP/1.1"], 403, "private_address"),
        (["GET http://[fd00::1]/ HTTP/1.1"], 403, "private_address"),
        (["GET file:///etc/passwd HTTP/1.1"], 403, "scheme"),
        (["GET / HTTP/1.1", "Host: 127.0.0.1"], 403, "scheme"),
        (["CONNECT example.org:25 HTTP/1.1"], 403, "port"),
        (["CONNECT user:pass@example.org:443 HTTP/1.1"], 403, "userinfo"),
        (["CONNECT gone.test:443 HTTP/1.1"], 502, "no_such_host"),
        (["GET https://{allowed}/ HTTP/1.1"], 400, None),
        (["CONNECT {allowed}/path HTTP/1.1"], 400, None),
        (["PUT http://{allowed}/ HTTP/1.1"], 405, None),
        (["TRACE http://{allowed}/ HTTP/1.1"], 405, None),
        (["GET http://{allowed}/ HTTP/2.0"], 400, None),
        (["GET  http://{allowed}/ HTTP/1.1"], 400, None),
        (["hello"], 400, None),
        (["GET http://{allowed}/ HTTP/1.1", "X: a\nCookie: b"], 400, None),
        (["GET http://{allowed}/ HTTP/1.1", " folded: line"], 400, None),
        (["GET http://{allowed}/ HTTP/1.1", "Proxy-Authorization: Bearer x"], 400, None),
        (["POST http://{allowed}/ HTTP/1.1", "Transfer-Encoding: chunked"], 411, None),
        (["POST http://{allowed}/ HTTP/1.1", "Content-Length: 1", "Content-Length: 2"], 400, None),
        (["POST http://{allowed}/ HTTP/1.1", "Content-Length: 99999999999"], 413, None),
        (["GET http://{allowed}/ HTTP/1.1", "X: " + "a" * 70000], 400, None),
    ],
)
def test_what_is_declined(lines, expected, key, serve, gate):
    def look_up(host, port):
        if host == "gone.test":
            raise OSError("Name or service not known")
        return ["127.0.0.1"]

    server, other = serve(page), serve(page)
    opened = gate(server.authority, look_up=look_up)
    filled = [line.format(other=other.port, allowed=server.authority, gate=opened.address[1]) for line in lines]

    answer = asked(opened, *filled)

    assert status(answer) == expected
    assert reason(answer) == (f"fetching.{key}" if key else None)
    assert server.requests == other.requests == []


def test_the_gate_connects_to_the_address_that_was_checked(serve, gate):
    checked = serve(page, host="127.0.0.2")
    rebound = serve(page, host="127.0.0.3", port=checked.port)
    answers = itertools.chain([["127.0.0.2"]], itertools.repeat(["127.0.0.3"]))
    asked_for = []

    def look_up(host, port):
        asked_for.append(host)
        return next(answers)

    allowed = f"rebinding.test:{checked.port}"
    assert status(asked(gate(allowed, look_up=look_up), f"GET http://{allowed}/ HTTP/1.1")) == 200
    assert (len(checked.requests), rebound.requests, asked_for) == (1, [], ["rebinding.test"])


def test_with_a_practice_host_there_is_nothing_else(serve, gate):
    server, other = serve(page), serve(page)
    practice = ProvenPractice(origin=f"http://{server.authority}", host="127.0.0.1", ip="127.0.0.1", port=server.port)
    opened = gate(other.authority, practice=practice)

    assert status(asked(opened, f"GET {server.url} HTTP/1.1")) == 200
    assert reason(asked(opened, f"GET {other.url} HTTP/1.1")) == "fetching.outside_practice"
    assert reason(asked(opened, "CONNECT example.org:443 HTTP/1.1")) == "fetching.outside_practice"


@pytest.mark.parametrize(
    "script",
    [
        lambda peer: peer.send(b"not http\r\n\r\n"),
        lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"),
        lambda peer: peer.send(b"HTTP/1.1 200 OK\r\n"),
        lambda peer: peer.for_ever(itertools.repeat(b"X-A: b\r\n" * 500)),
        lambda peer: peer.for_ever(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ],
)
def test_a_server_that_does_not_speak_http(script, serve, gate):
    server = serve(script)
    answer = asked(gate(server.authority), f"GET {server.url} HTTP/1.1")
    assert (status(answer), reason(answer)) == (502, "fetching.bad_answer")


def test_an_endless_answer_is_cut(serve, gate):
    server = serve(lambda peer: (peer.send(b"HTTP/1.1 200 OK\r\n\r\n"), peer.for_ever(itertools.repeat(bytes(65536)))))
    received = []
    with ExitStack() as stack:
        connection = tunnel(gate(server.authority, max_media_bytes=2**20), server.authority, stack)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            received.extend(map(len, iter(lambda: connection.recv(65536), b"")))
    assert sum(received) <= 2**20


def test_an_endless_upload_is_cut(serve, gate, monkeypatch):
    monkeypatch.setattr(gate_module, "MAX_UPLOAD_BYTES", 2**18)
    got = []

    def script(peer):
        while piece := peer.connection.recv(65536):
            got.append(len(piece))

    server = serve(script)
    with ExitStack() as stack:
        connection = tunnel(gate(server.authority), server.authority, stack)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            all(connection.sendall(piece) is None for piece in itertools.repeat(bytes(65536)))
    assert sum(got) <= 2**18


@pytest.mark.parametrize("seconds", [{"read_timeout_s": 0.2}, {"tunnel_s": 0.2}])
def test_a_silent_tunnel_ends(seconds, serve, gate):
    server = serve(lambda peer: peer.stall())
    with ExitStack() as stack:
        connection = tunnel(gate(server.authority, **seconds), server.authority, stack)
        connection.settimeout(30)
        with pytest.raises(ConnectionResetError):
            assert connection.recv(1) == b"reset expected"


def test_a_client_that_says_nothing_is_sent_away(gate):
    with socket.create_connection(gate(read_timeout_s=0.2).address) as connection:
        connection.settimeout(30)
        with pytest.raises(ConnectionResetError):
            assert connection.recv(1) == b"reset expected"


def test_no_more_connections_than_allowed(serve, gate, monkeypatch):
    monkeypatch.setattr(gate_module, "MAX_CONNECTIONS", 2)
    server = serve(lambda peer: peer.stall())
    opened = gate(server.authority)
    with ExitStack() as stack:
        for _ in range(2):
            tunnel(opened, server.authority, stack)
        assert status(asked(opened, f"GET {server.url} HTTP/1.1")) == 503


def test_closing_cuts_every_tunnel_and_leaves_nothing_behind(serve):
    server = serve(lambda peer: peer.stall())
    before = set(threading.enumerate())
    with ExitStack() as stack:
        with Gate(Fetching(loopback_allowed=(server.authority,))) as opened:
            connection = tunnel(opened, server.authority, stack)
        connection.settimeout(30)
        assert connection.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(opened.address)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("jikim-gate")]


def test_every_gate_has_a_token_of_its_own(gate):
    assert gate().token != gate().token
