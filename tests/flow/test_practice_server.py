"""The practice platform over real sockets."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from jikim.errors import BadUse
from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world, own_world
from jikim.provenance import PROOF_PATH, practice_answer

KEY = bytes(range(32))
CLIP = bytes(range(256)) * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clip.mp4").write_bytes(CLIP)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "secret.txt").write_text("not listed")
    lines = ['clip.mp4\t<b>축제</b> & "등"\t글 ]]> \x01 끝\tknown_copy', "empty.jpg\t빈 사진\t축제\t", "\t글만\t버스\t"]
    (tmp_path / "items.tsv").write_text("\n".join(["file\ttitle\ttext\tcue", *lines, ""]), "utf-8")
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[PracticeServer]:
    with PracticeServer(load_world(folder), KEY) as running:
        yield running


@pytest.fixture
def client(server: PracticeServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.origin, trust_env=False) as ready:
        yield ready


@pytest.fixture(scope="module")
def shipped() -> Iterator[httpx.Client]:
    with PracticeServer(own_world(), KEY) as running, httpx.Client(base_url=running.origin, trust_env=False) as ready:
        yield ready


def clip_address(client: httpx.Client) -> str:
    return str(client.get("/api/search", params={"q": "등"}).json()["items"][0]["media"][0]["url"])


def raw(server: PracticeServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_the_interface_pages_through_everything_once(shipped: httpx.Client):
    found: list[dict[str, object]] = []
    following = "/api/search?" + "q=" + quote("축제") + "&size=100"
    while following:
        page = shipped.get(following).json()
        assert page["schema"] == 1
        found += page["items"]
        following = page["next"]
    assert len(found) == page["total"] >= 305
    assert len({item["id"] for item in found}) == len(found)
    assert [item["posted_at"] for item in found] == sorted((str(item["posted_at"]) for item in found), reverse=True)


def test_every_address_the_interface_names_can_be_had(shipped: httpx.Client):
    items = shipped.get("/api/search", params={"q": "축제", "size": 100}).json()["items"]
    for item in items:
        assert shipped.head(item["url"]).status_code == 200
        for media in item["media"]:
            answer = shipped.get(media["url"])
            assert answer.status_code == 200
            assert answer.headers["content-type"] == media["type"]
            assert len(answer.content) > 100
            if media["thumbnail"]:
                assert shipped.get(media["thumbnail"]).content[:3] == b"\xff\xd8\xff"


def test_a_described_post_has_the_documented_shape(client: httpx.Client, server: PracticeServer):
    (item,) = client.get("/api/search", params={"q": "등"}).json()["items"]
    assert set(item) == {"id", "url", "title", "text", "author", "posted_at", "kind", "media"}
    assert item["title"] == '<b>축제</b> & "등"'
    assert item["kind"] == "video"
    assert item["url"] == f"{server.origin}/item/{item['id']}"
    assert item["media"] == [
        {"url": f"{server.origin}/media/{item['id']}/0.mp4", "type": "video/mp4", "duration_s": None, "thumbnail": None}
    ]


def test_nothing_found_is_said_as_such(client: httpx.Client):
    page = client.get("/api/search", params={"q": "우주선"}).json()
    assert (page["total"], page["items"], page["next"]) == (0, [], None)
    assert "찾은 글이 없습니다" in client.get("/search", params={"q": "우주선"}).text


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%20%20", "q=a&page=0", "q=a&page=x", "q=a&page=9999999", "q=a&size=-1", "q=%FF"]
)
def test_a_wrong_question_is_answered_with_400(client: httpx.Client, query: str):
    assert client.get(f"/api/search?{query}").status_code == 400


def test_pages_are_korean_escaped_and_without_script(client: httpx.Client):
    item = client.get("/api/search", params={"q": "등"}).json()["items"][0]
    for path in ("/", "/search?q=%3Cscript%3E", "/search?q=" + quote("축제"), item["url"], "/nowhere"):
        text = client.get(path).text
        assert '<html lang="ko">' in text
        assert "<script" not in text
        assert "<b>축제" not in text
    assert f'<video src="/media/{item["id"]}/0.mp4"' in client.get(item["url"]).text


def test_the_feed_is_well_formed_and_has_enclosures(client: httpx.Client):
    answer = client.get("/feed", params={"q": "축제"})
    assert answer.headers["content-type"].startswith("application/rss+xml")
    posts = ElementTree.fromstring(answer.content).findall("channel/item")
    assert [post.findtext("title") for post in posts] == ['<b>축제</b> & "등"', "빈 사진"]
    enclosure = posts[0].find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib["length"] == str(len(CLIP))
    assert client.get(enclosure.attrib["url"]).content == CLIP
    assert len(ElementTree.fromstring(client.get("/feed").content).findall("channel/item")) == 3


def test_robots_may_go_everywhere(client: httpx.Client):
    assert client.get("/robots.txt").text == "User-agent: *\nAllow: /\n"


def test_it_proves_itself_for_its_own_address_only(client: httpx.Client, server: PracticeServer):
    nonce = secrets.token_hex(32)
    proof = client.get(PROOF_PATH, params={"nonce": nonce}).json()
    assert proof == {"hmac": practice_answer(KEY, nonce, "127.0.0.1", server.port)}
    assert proof["hmac"] != practice_answer(KEY, nonce, "127.0.0.1", server.port + 1)


@pytest.mark.parametrize("nonce", [None, "", "ab", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 63 + "\n"])
def test_a_nonce_of_another_form_gets_no_proof(client: httpx.Client, nonce: str | None):
    answer = client.get(PROOF_PATH, params={} if nonce is None else {"nonce": nonce})
    assert answer.status_code == 400
    assert "hmac" not in answer.json()


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=255990-", 255990, 256000),
        ("bytes=-5", 255995, 256000),
        ("bytes=100-999999999", 100, 256000),
    ],
)
def test_a_range_is_that_part(client: httpx.Client, asked: str, start: int, end: int):
    answer = client.get(clip_address(client), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"
    assert answer.content == CLIP[start:end]


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=-0", "bytes=999999999999-"])
def test_a_range_outside_is_refused_with_the_size(client: httpx.Client, asked: str):
    answer = client.get(clip_address(client), headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CLIP)}"


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 40 + "-"])
def test_a_range_of_another_form_gives_the_whole_file(client: httpx.Client, asked: str):
    answer = client.get(clip_address(client), headers={"Range": asked})
    assert answer.status_code == 200
    assert answer.content == CLIP


def test_head_has_the_length_and_no_body(client: httpx.Client, server: PracticeServer):
    address = clip_address(client)
    assert client.head(address).headers["content-length"] == str(len(CLIP))
    path = urlsplit(address).path
    answer = raw(server, f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.endswith(b"\r\n\r\n")


def test_one_connection_serves_many_requests(server: PracticeServer):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    used = connection.sock
    for path in ("/", "/nowhere", "/robots.txt", "/search?page=0", "/style.css"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is used
    connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/media/secret.txt",
        "/media/../secret.txt",
        "/media/..%2fsecret.txt",
        "/media/%2e%2e/items.tsv",
        "//etc/passwd",
        "/media//etc/passwd",
        "/thumb/..%5c..%5csecret.txt",
        "/item/../../items.tsv",
        "/media/%00",
        "/static/../secret.txt",
    ],
)
def test_no_path_leads_out_of_the_tables(server: PracticeServer, path: str):
    answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"not listed" not in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET http://[::1/ HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_gets_a_plain_refusal(server: PracticeServer, request_: bytes, status: bytes):
    answer = raw(server, request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Traceback" not in answer
    assert b"Python" not in answer


def test_a_body_is_never_read_as_the_next_request(server: PracticeServer):
    hidden = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_file_that_went_away_is_404_and_an_empty_one_is_empty(client: httpx.Client, folder: Path):
    address = clip_address(client)
    (folder / "clip.mp4").unlink()
    assert client.get(address).status_code == 404
    (empty,) = client.get("/api/search", params={"q": "사진"}).json()["items"]
    answer = client.get(empty["media"][0]["url"])
    assert (answer.status_code, answer.content) == (200, b"")


def test_many_at_once_are_all_served(server: PracticeServer):
    answers: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=server.origin, trust_env=False) as client:
            answers.extend(client.get("/api/search", params={"q": "축제"}).json()["total"] for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [2] * 100


def test_it_listens_on_loopback_only_and_says_when_a_port_is_taken(server: PracticeServer, folder: Path):
    assert server.origin == f"http://127.0.0.1:{server.port}"
    with pytest.raises(BadUse) as caught:
        PracticeServer(load_world(folder), KEY, server.port)
    assert caught.value.key == "practice.port_unusable"
    with pytest.raises(BadUse):
        PracticeServer(load_world(folder), KEY, 70000)


def test_stopping_closes_idle_connections_and_frees_the_port(folder: Path):
    with PracticeServer(load_world(folder), KEY) as running:
        idle = socket.create_connection(("127.0.0.1", running.port), timeout=10)
        idle.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
    with idle:
        while idle.recv(65536):
            pass
    with PracticeServer(load_world(folder), KEY, running.port) as again:
        assert again.port == running.port


def test_the_answer_is_json_in_utf8(client: httpx.Client):
    answer = client.get("/api/search", params={"q": "버스"})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(answer.content.decode("utf-8"))["items"][0]["title"] == "글만"
