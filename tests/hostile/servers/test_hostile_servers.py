"""Servers that stall, lie, flood, or lead inside: one clear error each, and nothing sealed is left over."""

from __future__ import annotations

import gzip
import itertools
import socket
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from jikim.errors import FetchFailed, FetchRefused

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def gzip_bomb():
    """A gzip stream that unfolds to more and more zeroes; about a thousandth of it is sent."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_SYNC_FLUSH)


def bomb_of_bombs() -> bytes:
    """10 GB of zeroes, gzipped twice: a few kilobytes once the outer layer is taken for what it is."""
    inner = zlib.compressobj(9, zlib.DEFLATED, 31)
    outer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = inner.compress(bytes(2**20)) + inner.flush(zlib.Z_FULL_FLUSH)
    repeated = inner.compress(bytes(2**20)) + inner.flush(zlib.Z_FULL_FLUSH)
    return outer.compress(piece + repeated * 10_000) + outer.flush()


def reset(peer):
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def sends(*parts):
    return lambda peer: peer.send(*parts)


def sends_and_stalls(*parts):
    def script(peer):
        peer.send(*parts)
        peer.stall()

    return script


def sends_for_ever(start, piece, every_s=0.0):
    def script(peer):
        peer.send(start)
        peer.for_ever(itertools.repeat(piece), every_s)

    return script


def bombs(peer):
    peer.send(OK, b"Content-Encoding: gzip\r\n\r\n")
    peer.for_ever(gzip_bomb())


def redirects_on_and_on(peer):
    peer.answer(b"", f"Location: {peer.path}x", status="302 Found")


def redirects_in_a_circle(peer):
    peer.answer(b"", "Location: " + {"/thing": "/b", "/b": "/thing"}[peer.path], status="302 Found")


STALLS = {
    "says nothing": (sends_and_stalls(b""), "too_slow"),
    "stalls within the status line": (sends_and_stalls(b"HTTP/1.1 2"), "too_slow"),
    "stalls within the headers": (sends_and_stalls(OK, b"Content-Length: 5\r\nX-A"), "too_slow"),
    "stalls within the body": (sends_and_stalls(OK, b"Content-Length: 5\r\n\r\nab"), "too_slow"),
    "stalls within a chunk": (sends_and_stalls(CHUNKED, b"5\r\nab"), "too_slow"),
    "drips headers": (sends_for_ever(OK + b"X-A: ", b"a", 0.05), "too_slow"),
    "drips interim answers": (sends_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), "too_slow"),
    "drips the body": (sends_for_ever(OK + b"Content-Length: 9999\r\n\r\n", b"a", 0.05), "too_slow"),
    "drips a body without end": (sends_for_ever(OK + b"\r\n", b"a", 0.05), "too_slow"),
}
LIES = {
    "announces more than it sends": (sends(OK, b"Content-Length: 9\r\n\r\nabc"), "cut_short"),
    "announces more and waits": (sends_and_stalls(OK, b"Content-Length: 9\r\n\r\nabc"), "too_slow"),
    "announces too much": (sends_and_stalls(OK, b"Content-Length: 99999999999999\r\n\r\n"), "too_large"),
    "announces two lengths": (sends(OK, b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), "bad_answer"),
    "announces less than nothing": (sends(OK, b"Content-Length: -3\r\n\r\nabc"), "bad_answer"),
    "announces a number with 5000 digits": (sends(OK, b"Content-Length: ", b"9" * 5000, b"\r\n\r\nabc"), "bad_answer"),
    "sends a chunk of no size": (sends(CHUNKED, b"zz\r\nabc\r\n"), "bad_answer"),
    "ends without the last chunk": (sends(CHUNKED, b"3\r\nabc\r\n"), "cut_short"),
    "calls plain bytes gzip": (sends(OK, b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot a zip"), "encoding_broken"),
    "cuts off gzip": (
        lambda peer: peer.answer(gzip.compress(bytes(range(256)) * 9)[:-12], "Content-Encoding: gzip"),
        "cut_short",
    ),
    "encodes unasked": (lambda peer: peer.answer(b"\x28\xb5\x2f\xfd", "Content-Encoding: zstd"), "encoding_unknown"),
    "encodes with brotli": (lambda peer: peer.answer(b"\x0b\x02\x80", "Content-Encoding: br"), "encoding_unknown"),
    "sends byte ranges": (
        lambda peer: peer.answer(
            b"--a\r\n\r\nabc\r\n--a--", "Content-Type: multipart/byteranges; boundary=a", status="206 Partial Content"
        ),
        "partial",
    ),
}
FLOODS = {
    "one header without end": (sends_for_ever(OK + b"X-A: ", b"a" * 4096), "bad_answer"),
    "headers without end": (sends_for_ever(OK, b"X-A: b\r\n" * 500), "bad_answer"),
    "thousands of headers": (sends(OK, b"X-A: b\r\n" * 5000, b"Content-Length: 0\r\n\r\n"), "bad_answer"),
    "a status line without end": (sends_for_ever(b"HTTP/1.1 200 ", b"a" * 4096), "bad_answer"),
    "interim answers without end": (sends_for_ever(b"", b"HTTP/1.1 103 Hints\r\n\r\n" * 500), "bad_answer"),
    "chunks without end": (sends_for_ever(CHUNKED, b"1000\r\n" + b"a" * 4096 + b"\r\n"), "too_large"),
    "a body without end": (sends_for_ever(OK + b"\r\n", b"a" * 4096), "too_large"),
    "a chunk's name without end": (sends_for_ever(CHUNKED + b"1;", b"a" * 4096), "bad_answer"),
    "tiny chunks with long names": (sends_for_ever(CHUNKED, b"1;" + b"n" * 9000 + b"\r\na\r\n"), "bad_answer"),
    "a trailer without end": (sends_for_ever(CHUNKED + b"1\r\na\r\n0\r\n", b"X-A: b\r\n" * 500), "bad_answer"),
    "a gzip bomb": (bombs, "too_large"),
    "a bomb within a bomb, taken as one": (lambda peer: peer.answer(BOMB, "Content-Encoding: gzip"), "too_large"),
    "a bomb within a bomb, both named": (lambda peer: peer.answer(BOMB, "Content-Encoding: gzip, gzip"), "encoding_unknown"),
    "a deflate bomb": (
        lambda peer: peer.answer(zlib.compress(bytes(2**24), 9), "Content-Encoding: deflate"),
        "too_large",
    ),
}
NOT_HTTP = {
    "speaks another protocol and waits": (sends_and_stalls(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "too_slow"),
    "speaks another protocol": (sends(b"220 mail.test ESMTP\r\n500 What?\r\n\r\n"), "bad_answer"),
    "sends bytes": (sends(bytes(range(256)) * 40), "bad_answer"),
    "sends a page without a head": (sends(b"<html><body>hello</body></html>\r\n\r\n"), "bad_answer"),
    "closes at once": (sends(b""), "cut_short"),
    "closes within the headers": (sends(OK, b"X-A"), "cut_short"),
    "resets the connection": (reset, "cut_short"),
    "changes the protocol": (sends(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "bad_answer"),
    "has an odd status": (sends(b"HTTP/1.1 99 No\r\n\r\n"), "bad_answer"),
    "redirects to nowhere": (lambda peer: peer.answer(status="302 Found"), "bad_redirect"),
    "redirects for ever": (redirects_on_and_on, "too_many_redirects"),
    "redirects in a circle": (redirects_in_a_circle, "redirect_loop"),
}
BOMB = bomb_of_bombs()
CASES = {**STALLS, **LIES, **FLOODS, **NOT_HTTP}


@pytest.mark.parametrize("way", ["get", "capture"])
@pytest.mark.parametrize("case", CASES)
def test_one_clear_error(case, way, serve, fetcher, impatient, sealed_files):
    script, key = CASES[case]
    server = serve(script)
    patience = impatient if key == "too_slow" else {}

    with pytest.raises((FetchFailed, FetchRefused)) as raised:
        getattr(fetcher(server.authority, **patience), way)(server.url)

    assert raised.value.key == f"fetching.{key}"
    assert server.authority in raised.value.params["where"]
    assert server.authority in raised.value.message().ko
    assert server.authority not in raised.value.message(masked=True).en
    assert sealed_files() == []


INSIDE = [
    "http://127.0.0.1:{other}/",
    "http://localhost:{other}/",
    "http://127.1:{other}/",
    "http://2130706433:{other}/",
    "http://0x7f000001:{other}/",
    "http://0177.0.0.1:{other}/",
    "http://0:{other}/",
    "http://127.0.0.1.:{other}/",
    "http://[::1]:{other}/",
    "http://[::]:{other}/",
    "http://[::ffff:127.0.0.1]:{other}/",
    "http://[::127.0.0.1]:{other}/",
    "http://[64:ff9b::7f00:1]:{other}/",
    "http://[2002:7f00:1::]:{other}/",
    "http://169.254.169.254/latest/",
    "http://[fd00:ec2::254]/latest/",
    "http://100.100.100.200/",
    "//10.0.0.1/",
    "http:\\\\192.168.0.1\\",
]


@pytest.mark.parametrize("way", ["get", "capture"])
@pytest.mark.parametrize("inside", INSIDE)
def test_a_redirect_never_leads_inside(inside, way, serve, fetcher, sealed_files):
    other = serve(lambda peer: peer.answer(b"inner"))
    server = serve(lambda peer: peer.answer(b"", f"Location: {inside.format(other=other.port)}", status="302 Found"))

    with pytest.raises((FetchFailed, FetchRefused)) as raised:
        getattr(fetcher(server.authority), way)(server.url)

    if not inside.startswith("http:\\"):  # read as a path on the same host: a circle or a missing page, never inside
        assert raised.value.key in ("fetching.private_address", "fetching.bad_address")
    assert other.requests == []
    assert sealed_files() == []


@pytest.mark.parametrize(
    ("where", "key"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://example.org/a", "scheme"),
        ("data:text/html,hello", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("gopher://example.org/", "scheme"),
        ("http://user:secret@example.org/", "userinfo"),
        ("http://example.org:22/", "port"),
        ("http://example.org:99999/", "port"),
        ("http://[fe80::1%25eth0]/", "bad_address"),
        ("http://\uff11\uff12\uff17.0.0.1/", "bad_address"),
        ("http://exa mple.org/", "bad_address"),
        ("http://" + "a" * 9000 + "/", "bad_address"),
    ],
)
def test_a_redirect_never_leaves_the_web(where, key, serve, fetcher):
    server = serve(lambda peer: peer.send("\r\n".join(("HTTP/1.1 302 Found", f"Location: {where}", "", "")).encode()))

    with pytest.raises(FetchRefused) as raised:
        fetcher(server.authority).get(server.url)

    assert raised.value.key == f"fetching.{key}"
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "retry_after_s"),
    [((), None), (("Retry-After: 3600",), 3600.0), (("Retry-After: soon",), None), (("Retry-After: " + "9" * 400,), 86400.0)],
)
@pytest.mark.parametrize("status", [404, 429, 451, 500, 503])
def test_an_error_status_is_told_with_its_wait(status, headers, retry_after_s, serve, fetcher, sealed_files):
    server = serve(lambda peer: peer.answer(b"no", *headers, status=f"{status} No"))

    with pytest.raises(FetchFailed) as raised:
        fetcher(server.authority).capture(server.url)

    assert raised.value.key == "fetching.status"
    assert (raised.value.status, raised.value.retry_after_s) == (status, retry_after_s)
    assert sealed_files() == []


def test_a_length_that_is_too_short_ends_the_body_there(serve, fetcher):
    server = serve(sends(OK, b"Content-Length: 3\r\n\r\nabcdef"))

    assert fetcher(server.authority).get(server.url).body == b"abc"


def test_a_wrong_content_type_is_not_believed(serve, fetcher):
    server = serve(lambda peer: peer.answer(b"\x89PNG\r\n\x1a\n" + bytes(64), "Content-Type: video/mp4"))

    assert fetcher(server.authority).capture(server.url).content_type == "image/png"


@pytest.mark.parametrize("status", ["204 No Content", "200 OK"])
def test_nothing_is_not_sealed(status, serve, fetcher, sealed_files):
    server = serve(lambda peer: peer.answer(status=status))

    with pytest.raises(FetchFailed, match="empty"):
        fetcher(server.authority).capture(server.url)
    assert sealed_files() == []


@pytest.mark.parametrize("way", ["get", "capture"])
@pytest.mark.parametrize("start", [b"", OK + b"Content-Length: 9\r\n\r\nhalf"])
def test_closing_ends_what_is_under_way(start, way, serve, fetcher, sealed_files):
    asked = threading.Event()

    def script(peer):
        peer.send(start)
        asked.set()
        peer.stall()

    server = serve(script)
    bringer = fetcher(server.authority, read_timeout_s=300.0, total_timeout_s=300.0)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(getattr(bringer, way), server.url)
        asked.wait()
        bringer.close()
        with pytest.raises(FetchFailed) as raised:
            under_way.result()
    assert raised.value.key == "fetching.closed"
    with pytest.raises(FetchFailed, match="stopped"):
        bringer.get(server.url)
    assert sealed_files() == []
