"""The sources that ask a search interface, against servers that answer as documented, through the real fetcher."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from jikim import sweep
from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused, JikimError, NotConfigured, SourceChanged
from jikim.fetching import SafeFetcher
from jikim.seams import configured
from jikim.sources.bluesky import BlueskySource
from jikim.sources.mastodon import MastodonSource
from jikim.sources.mediawiki import MediawikiSource
from jikim.sources.paging import PAGES_LIMIT
from jikim.sources.searxng import SearxngSource
from jikim.sweep import state_of
from jikim.types import Keyword, SourceState
from jikim.vault import Vault
from tests.flow.interfaces import FILES, JSON, TOKEN, Interface, Place, Reply, Sent, bluesky, mastodon, mediawiki, said, searxng

FESTIVAL = Keyword("축제")


class Kind(NamedTuple):
    """A source, the interface it asks, further settings of it, and how many results its pages have."""

    plugin: type
    interface: Interface
    settings: dict[str, str]
    page_size: int

    def source(self, url: str, fetcher: SafeFetcher, **more: object):
        return self.plugin(configured(self.plugin.Config, {"url": url, **self.settings, **more}, self.plugin.name), fetcher)


KINDS = {
    "searxng": Kind(SearxngSource, searxng, {}, 10),
    "mastodon": Kind(MastodonSource, mastodon, {}, 40),
    "mastodon with a token": Kind(MastodonSource, mastodon, {"token": TOKEN}, 40),
    "bluesky": Kind(BlueskySource, bluesky, {}, 100),
    "mediawiki": Kind(MediawikiSource, mediawiki, {}, 50),
}


@pytest.fixture(params=KINDS)
def kind(request) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, Sent], Reply]], Place]]:
    places: list[Place] = []

    def start(answer: Callable[[str, Sent], Reply]) -> Place:
        places.append(Place(answer))
        return places[-1]

    yield start
    for place in places:
        place.stop()


@pytest.fixture
def fetcher_for(tmp_path: Path) -> Iterator[Callable[..., SafeFetcher]]:
    vault = Vault.open(tmp_path / "home")
    made: list[SafeFetcher] = []

    def make(*ports: int) -> SafeFetcher:
        allowed = tuple(f"127.0.0.1:{port}" for port in ports)
        settings = Fetching(loopback_allowed=allowed, connect_timeout_s=5, read_timeout_s=5)
        made.append(SafeFetcher(settings, vault, "sweep:2026-11-20", retry_pauses_s=()))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


def number_of(native_id):
    """The number of a post, whatever the place calls it."""
    return int(native_id.rpartition(" ")[2].rpartition("/")[2])


def found_by(source, limit=300, keyword=FESTIVAL):
    return [number_of(each.native_id) for each in source.search(keyword, None, limit)]


def failure(source) -> JikimError:
    with pytest.raises(JikimError) as error:
        list(source.search(FESTIVAL, None, 300))
    return error.value


def words(error: BaseException) -> str:
    """All that an error and what led to it could show, tracebacks included."""
    shown = traceback.format_exception(error)
    messages = [error.message().ko, error.message().en, error.message(masked=True).ko] if isinstance(error, JikimError) else []
    return "".join([*shown, *messages, repr(error)])


def test_every_page_is_read_to_the_end(kind, serve, fetcher_for):
    posts = list(range(230, 0, -1))
    place = serve(lambda path, sent: kind.interface(path, sent, posts))
    source = kind.source(place.url, fetcher_for(place.port))
    assert found_by(source) == posts
    assert source.warnings == []


@pytest.mark.parametrize("limit", [1, 7, 60])
def test_no_more_is_given_and_asked_than_the_limit(limit, kind, serve, fetcher_for):
    posts = list(range(230, 0, -1))
    place = serve(lambda path, sent: kind.interface(path, sent, posts))
    assert found_by(kind.source(place.url, fetcher_for(place.port)), limit) == posts[:limit]
    searches = [path for path in place.asked if "pageids=" not in path]
    assert len(searches) == -(-limit // kind.page_size)


def test_nothing_is_asked_for_a_limit_of_none(kind, serve, fetcher_for):
    place = serve(lambda path, sent: kind.interface(path, sent, [1]))
    assert found_by(kind.source(place.url, fetcher_for(place.port)), 0) == []
    assert place.asked == []


def test_nothing_found_is_said_honestly(kind, serve, fetcher_for):
    place = serve(lambda path, sent: kind.interface(path, sent, []))
    source = kind.source(place.url, fetcher_for(place.port))
    if kind is KINDS["mastodon"]:  # without a token it names no posts, whatever there is
        error = failure(source)
        assert isinstance(error, NotConfigured)
        assert state_of(error) is SourceState.BLOCKED
    else:
        assert found_by(source) == []
    assert source.warnings == []


@pytest.mark.parametrize(
    "text", ["가을 & 축제=#1", "100% +1", "!!g 축제", "a/b?c=d", '"등불 축제" -x', "🎆", "<b>&lt;", "축제\\"]
)
def test_a_keyword_arrives_as_it_was_typed(text, kind, serve, fetcher_for):
    arrived = []

    def answer(path: str, sent: Sent) -> Reply:
        arrived.extend(sent[name] for name in ("q", "srsearch") if name in sent)
        return kind.interface(path, sent, [1])

    place = serve(answer)
    assert found_by(kind.source(place.url, fetcher_for(place.port)), keyword=Keyword(text)) == [1]
    assert set(arrived) == {text}


def test_results_that_move_while_pages_are_read_are_named_once(kind, serve, fetcher_for):
    posts = list(range(230, 0, -1))
    places_asked = iter(range(1000, 2000))

    def answer(path: str, sent: Sent) -> Reply:
        reply = kind.interface(path, sent, posts)
        posts[0:0] = [next(places_asked), next(places_asked)]  # two new posts push everything on
        return reply

    place = serve(answer)
    found = found_by(kind.source(place.url, fetcher_for(place.port)))
    assert len(set(found)) == len(found)
    assert set(range(1, 231)) <= set(found)


def test_pages_that_repeat_end_with_a_warning(kind, serve, fetcher_for):
    posts = list(range(230, 0, -1))

    def first_page(path: str, sent: Sent) -> Reply:
        return kind.interface(path, {name: value for name, value in sent.items() if name not in MARKS}, posts)

    place = serve(first_page)
    source = kind.source(place.url, fetcher_for(place.port))
    assert found_by(source) == posts[: kind.page_size]
    assert [warning.key for warning in source.warnings] == ["sources.repeated_page"]
    assert len([path for path in place.asked if "pageids=" not in path]) == 2


MARKS = ("pageno", "offset", "max_id", "cursor", "sroffset", "continue")


def test_pages_without_end_are_cut_with_a_warning(kind, serve, fetcher_for):
    count = iter(range(10**6, 0, -1))

    def one_more(path: str, sent: Sent) -> Reply:
        if "pageids" in sent:
            return kind.interface(path, sent, [])
        whole = {name: value for name, value in sent.items() if name not in MARKS}
        status, headers, body = kind.interface(path, whole, [next(count)])
        goes_on = {"cursor": f"c{len(place.asked)}"} if kind.plugin is BlueskySource else {}
        goes_on |= {"continue": {"sroffset": len(place.asked)}} if kind.plugin is MediawikiSource else {}
        return status, headers, json.dumps({**json.loads(body), **goes_on}).encode()

    place = serve(one_more)
    source = kind.source(place.url, fetcher_for(place.port))
    assert len(found_by(source, limit=10_000)) == PAGES_LIMIT
    assert [warning.key for warning in source.warnings] == ["sources.too_many_pages"]
    assert place.url not in source.warnings[0].message(masked=True).ko


def test_a_place_that_is_down_is_a_failure(kind, fetcher_for):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it meanwhile
        port = closed.getsockname()[1]
        error = failure(kind.source(f"http://127.0.0.1:{port}", fetcher_for(port)))
    assert isinstance(error, FetchFailed)
    assert state_of(error) is SourceState.DEAD


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (401, SourceState.BLOCKED),
        (403, SourceState.BLOCKED),
        (404, SourceState.DEAD),
        (429, SourceState.LIMITED),
        (500, SourceState.DEAD),
        (503, SourceState.DEAD),
    ],
)
def test_a_bad_status_is_a_failure_that_names_it(status, state, kind, serve, fetcher_for):
    headers = {"Retry-After": "30"} if status == 429 else {}
    place = serve(lambda path, sent: (status, {**JSON, **headers}, b'{"error": "no"}'))
    error = failure(kind.source(place.url, fetcher_for(place.port)))
    assert isinstance(error, FetchFailed)
    assert not isinstance(error, SourceChanged)
    assert (error.status, error.retry_after_s) == (status, 30 if status == 429 else None)
    assert state_of(error) is state
    assert place.url not in error.message(masked=True).ko


def test_a_failure_in_the_middle_leaves_what_was_found(kind, serve, fetcher_for):
    posts = list(range(230, 0, -1))

    def tires(path: str, sent: Sent) -> Reply:
        return kind.interface(path, sent, posts) if len(place.asked) < 3 else (429, {"Retry-After": "60"}, b"")

    place = serve(tires)
    found = []
    with pytest.raises(FetchFailed) as error:
        found.extend(each for each in kind.source(place.url, fetcher_for(place.port)).search(FESTIVAL, None, 300))
    assert error.value.retry_after_s == 60
    assert len(found) == (kind.page_size if kind.plugin is MediawikiSource else 2 * kind.page_size)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>log in</title>",
        b'{"results": [',
        b'{"message": "no"}',
        b"null",
        b"[]",
        b"\x00\xff" * 40,
        b'{"results": 1, "statuses": 1, "posts": 1, "query": 1, "unresponsive_engines": []}',
        b"[" * 100_000,
    ],
)
def test_another_shape_is_a_change(body, kind, serve, fetcher_for):
    place = serve(lambda path, sent: (200, {"Content-Type": "text/html"}, body))
    error = failure(kind.source(place.url, fetcher_for(place.port)))
    assert isinstance(error, SourceChanged)
    assert state_of(error) is SourceState.CHANGED


def test_an_answer_without_end_is_cut(kind, serve, fetcher_for):
    place = serve(lambda path, sent: (200, JSON, b'{"a": "' + b"x" * 9 * 2**20))
    error = failure(kind.source(place.url, fetcher_for(place.port)))
    assert isinstance(error, FetchRefused)


def test_only_the_server_that_was_named_is_asked(kind, serve, fetcher_for):
    other = serve(lambda path, sent: kind.interface(path, sent, [1]))

    def pointing_elsewhere(path: str, sent: Sent) -> Reply:
        status, headers, body = kind.interface(path, sent, [2, 1])
        return status, {**headers, "Link": f'<{other.url}/next>; rel="next"'}, body.replace(FILES.encode(), other.url.encode())

    place = serve(pointing_elsewhere)
    assert found_by(kind.source(place.url, fetcher_for(place.port, other.port))) == [2, 1]
    assert other.asked == []


def test_an_answer_of_another_server_is_not_taken(kind, serve, fetcher_for):
    other = serve(lambda path, sent: kind.interface(path, {**sent, "authorization": f"Bearer {TOKEN}"}, [1]))
    place = serve(lambda path, sent: (302, {"Location": f"{other.url}{place.asked[-1]}"}, b""))
    error = failure(kind.source(place.url, fetcher_for(place.port, other.port)))
    assert error.key == "sources.other_server"
    assert other.authorizations == [""]
    assert isinstance(failure(kind.source(place.url, fetcher_for(place.port))), FetchRefused)


def test_robots_txt_counts_for_interfaces_too(kind, serve, fetcher_for):
    place = serve(lambda path, sent: kind.interface(path, sent, [1]))
    place.robots = b"User-agent: *\nDisallow: /"
    error = failure(kind.source(place.url, fetcher_for(place.port)))
    assert error.key == "fetching.robots_forbid"
    assert place.asked == []


@pytest.mark.parametrize("status", [200, 302, 401, 403, 429, 500])
def test_the_token_stands_in_no_error(status, serve, fetcher_for, caplog):
    caplog.set_level(0)
    place = serve(lambda path, sent: (status, {"Location": "/elsewhere"} if status == 302 else {}, b"<html>"))
    source = KINDS["mastodon with a token"].source(place.url, fetcher_for(place.port))
    error: BaseException | None = failure(source)
    assert set(place.authorizations) == {f"Bearer {TOKEN}"}
    while error is not None:
        assert TOKEN not in words(error)
        error = error.__cause__ or error.__context__
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(place.asked)


def test_a_wrong_token_is_said_so(serve, fetcher_for):
    place = serve(lambda path, sent: mastodon(path, sent, [1]))
    error = failure(KINDS["mastodon"].source(place.url, fetcher_for(place.port), token="wrong-9c"))
    assert (error.key, error.status) == ("sources.sign_in_wanted", 401)
    assert "wrong-9c" not in words(error)


def test_an_instance_that_does_not_speak_json_is_told_how(serve, fetcher_for):
    place = serve(lambda path, sent: (403, {"Content-Type": "text/html"}, b"<title>403 Forbidden</title>"))
    error = failure(KINDS["searxng"].source(place.url, fetcher_for(place.port)))
    assert "settings.yml" in error.message().ko
    assert "json" in error.message(masked=True).en


def test_silent_engines_are_told_and_never_nothing(serve, fetcher_for):
    silent = [["one", "timeout"], ["two", "Suspended: too many requests"]]
    results = [{"url": f"{FILES}/page/1", "title": "축제", "content": None, "template": "default.html"}]

    def answer(path: str, sent: Sent) -> Reply:
        first = sent["q"] == "축제" and sent["pageno"] == "1"
        return said({"results": results if first else [], "unresponsive_engines": silent})

    place = serve(answer)
    source = KINDS["searxng"].source(place.url, fetcher_for(place.port))
    assert found_by(source) == [1]
    assert [warning.params["engine"] for warning in source.warnings] == ["one", "two"]
    with pytest.raises(FetchFailed) as error:
        found_by(source, keyword=Keyword("등불"))
    assert state_of(error.value) is not SourceState.EMPTY


@pytest.mark.parametrize(
    ("code", "state"),
    [("ratelimited", SourceState.LIMITED), ("maxlag", SourceState.DEAD), ("readapidenied", SourceState.BLOCKED)],
)
def test_a_wikis_refusal_in_a_good_answer_is_a_failure(code, state, serve, fetcher_for):
    refusal = json.dumps({"error": {"code": code, "info": "later", "docref": "See api.php"}}).encode()
    place = serve(lambda path, sent: (200, {**JSON, "Retry-After": "5"}, refusal))
    error = failure(KINDS["mediawiki"].source(place.url, fetcher_for(place.port)))
    assert state_of(error) is state
    assert error.retry_after_s == 5


def test_the_language_goes_along_where_the_interface_knows_it(serve, fetcher_for):
    for name, parameter in (("searxng", "language"), ("bluesky", "lang")):
        kind = KINDS[name]
        place = serve(lambda path, sent, kind=kind: kind.interface(path, sent, [1]))
        fetcher = fetcher_for(place.port)
        for keyword in (Keyword("축제", "ko"), Keyword("축제", "")):
            found_by(kind.source(place.url, fetcher), keyword=keyword)
        sent = [parse_qs(urlsplit(path).query).get(parameter) for path in place.asked]
        assert [each for each in sent if each] == [["ko"]] * (len(sent) // 2)


def test_an_empty_answer_counts_only_while_the_canary_sings(serve, fetcher_for):
    """`nothing found` is said only where the place still finds what it always finds."""
    weather = Keyword("날씨")
    for finds_canary, state in ((True, SourceState.EMPTY), (False, SourceState.UNKNOWN)):
        place = serve(
            lambda path, sent, finds=finds_canary: searxng(path, sent, [1] if finds and sent["q"] == weather.text else [])
        )
        fetcher = fetcher_for(place.port)
        kind = KINDS["searxng"].source(place.url, fetcher)
        health = sweep.Health()
        sweep.ask_place(sweep.Place("searxng", kind, fetcher, canary=weather), FESTIVAL, None, 10, health, lambda *_: None)
        assert (health.state, health.found) == (state, 0)
        assert (health.error is not None) is (state is SourceState.UNKNOWN)
