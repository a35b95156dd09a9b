"""robots.txt files that stall, flood, loop or lead inside. A site that cannot say what it allows is left alone for now."""

from __future__ import annotations

import itertools

import pytest

from jikim.errors import FetchFailed, FetchRefused


def page(peer):
    peer.answer(b"page")


def stalls(peer):
    peer.stall()


def floods(peer):
    peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    peer.for_ever(itertools.repeat(b"Disallow: /elsewhere\n" * 200))


def goes_inside(peer):
    peer.answer(b"", "Location: http://169.254.169.254/robots.txt", status="301 Moved")


def goes_in_a_circle(peer):
    peer.answer(b"", "Location: /robots.txt", status="301 Moved")


@pytest.mark.parametrize(
    ("robots", "kind", "key"),
    [
        (stalls, FetchFailed, "robots_unavailable"),
        (goes_in_a_circle, FetchFailed, "robots_unavailable"),
        (lambda peer: peer.answer(status="500 No"), FetchFailed, "robots_unavailable"),
        (lambda peer: peer.answer(status="429 No"), FetchFailed, "robots_unavailable"),
        (lambda peer: peer.answer(b"x", "Content-Encoding: gzip"), FetchFailed, "robots_unavailable"),
        (goes_inside, FetchRefused, "private_address"),
    ],
)
def test_a_site_without_readable_rules_is_left_alone(robots, kind, key, serve, fetcher, impatient, sealed_files):
    server = serve(page, robots=robots)
    bringer = fetcher(server.authority, **(impatient if robots is stalls else {}))

    for _ in range(2):
        with pytest.raises(kind) as raised:
            bringer.capture(server.url)
        assert raised.value.key == f"fetching.{key}"

    assert server.paths == []
    assert len(server.requests) == 1, "asked once, remembered for a while"
    assert sealed_files() == []


def test_only_the_beginning_of_an_endless_file_is_read(serve, fetcher):
    server = serve(page, robots=floods)

    assert fetcher(server.authority).get(server.url).body == b"page"


def test_a_file_made_to_exhaust_the_parser_is_read_in_its_stride(serve, fetcher):
    groups = b"".join(b"User-agent: bot%d\n" % number for number in range(12_000))
    rules = b"".join(b"Disallow: /%d*a*a*a*a$\n" % number for number in range(10_000))
    ours = b"\nUser-agent: Jikim\nDisallow: /secret\n"
    server = serve(page, robots=lambda peer: peer.answer(ours + groups + rules))
    bringer = fetcher(server.authority)

    assert bringer.get(server.url).body == b"page"
    with pytest.raises(FetchRefused, match="Forbidden by the site"):
        bringer.get(f"http://{server.authority}/secret/a")


def test_rules_hold_for_where_a_redirect_leads(serve, fetcher):
    hidden = serve(page, robots=lambda peer: peer.answer(b"User-agent: *\nDisallow: /thing"))
    server = serve(lambda peer: peer.answer(b"", f"Location: {hidden.url}", status="302 Found"))

    with pytest.raises(FetchRefused) as raised:
        fetcher(server.authority, hidden.authority).get(server.url)

    assert raised.value.key == "fetching.robots_forbid"
    assert hidden.paths == []
