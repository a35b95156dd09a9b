"""What places send in the stead of an answer, one item of the list after the other, from every kind of place of the catalogue.

Each is named in the place's health with what to do; nothing that was found before is lost, and nobody is hammered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.messages import catalogue
from jikim.sources.health import todo_of
from jikim.sources.trouble import FAILURES_IN_A_ROW
from jikim.sweep import Health, ask_place
from jikim.sweep import Place as Asked
from jikim.types import Candidate, Keyword, SourceState
from jikim.vault import Vault
from tests.flow.catalogue import CATALOGUE, EVERY, Kind, number_of
from tests.flow.interfaces import FILES, WHEN, Place, Reply, Sent

FESTIVAL = Keyword("축제")
NUMBERS = list(range(12, 0, -1))
JSON_KINDS = [kind for kind in EVERY if kind.speaks == "json"]
WRITTEN_KINDS = [kind for kind in EVERY if kind.speaks != "json"]
PAGED_KINDS = [kind for kind in EVERY if kind.page_size]
KEYED_KINDS = [kind for kind in EVERY if kind.key]
HTML = {"Content-Type": "text/html; charset=utf-8"}
HUGE_BYTES = 100 * 2**20


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Kind) else None


def each(kinds: list[Kind]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", kinds, ids=name_of)


class Told(NamedTuple):
    """How a place answered, what it named, and the server that answered for it."""

    health: Health
    found: list[Candidate]
    server: Place

    @property
    def key(self) -> str:
        return self.health.error.key if self.health.error else ""

    @property
    def warnings(self) -> list[str]:
        return [warning.key for warning in self.health.warnings]

    @property
    def numbers(self) -> list[int]:
        return [number for one in self.found if (number := number_of(one.native_id)) is not None]

    def is_named(self, state: SourceState) -> bool:
        """Whether it is in that state, which has a sentence on what to do, and the error names no address to strangers."""
        todo = todo_of(self.health.state)
        said = self.health.error.message(masked=True) if self.health.error else None
        assert said is None or (said.ko and said.en and self.server.url not in said.ko + said.en)
        return self.health.state is state and todo is not None and todo in catalogue()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., Told]]:
    """`ask(kind, answer)` asks a place of that kind whose server answers so, through the real fetcher."""
    places: list[Place] = []
    with Vault.open(tmp_path / "home") as vault:

        def run(kind: Kind, answer: Callable[[str, Sent], Reply], *others: Place, limit: int = 300, **settings: object) -> Told:
            server = Place(answer)
            places.append(server)
            allowed = tuple(f"127.0.0.1:{one.port}" for one in (server, *others))
            reach = Fetching(loopback_allowed=allowed, connect_timeout_s=5, read_timeout_s=5, total_timeout_s=20)
            with SafeFetcher(reach, vault, "sweep:2026-11-22", retry_pauses_s=()) as fetcher:
                asked = Asked(kind.name, kind.source(server.url, tmp_path, fetcher, **settings), fetcher)
                health, found = Health(), list[Candidate]()
                ask_place(asked, FESTIVAL, None, limit, health, lambda _, one: found.append(one) if one else None)
            return Told(health, found, server)

        yield run
        for place in places:
            place.stop()


def well(kind: Kind, path: str, sent: Sent) -> Reply:
    return kind.interface(path, sent, NUMBERS)


def always(status: int, headers: dict[str, str], body: bytes) -> Callable[[str, Sent], Reply]:
    return lambda path, sent: (status, headers, body)


@each(KEYED_KINDS)
def test_a_wrong_or_expired_key(kind, ask):
    told = ask(kind, lambda path, sent: well(kind, path, sent), **{str(kind.key): "wrong-key-8b"})
    assert told.is_named(SourceState.BLOCKED)
    assert told.key in ("sources.key_refused", "sources.key_or_quota", "sources.sign_in_wanted")
    assert "wrong-key-8b" not in repr(told.health.error)
    assert len(told.server.asked) == 1


STATUSES = [
    (401, None, SourceState.BLOCKED),
    (403, None, SourceState.BLOCKED),
    (451, None, SourceState.BLOCKED),
    (404, None, SourceState.DEAD),
    (500, None, SourceState.DEAD),
    (429, None, SourceState.LIMITED),
    (429, "0", SourceState.LIMITED),
    (429, "3600", SourceState.LIMITED),
    (429, "Sun, 22 Nov 2026 00:00:00 GMT", SourceState.LIMITED),
    (429, "soon", SourceState.LIMITED),
]


@pytest.mark.parametrize(("status", "retry_after", "state"), STATUSES)
@each([*EVERY])
def test_a_status_with_and_without_retry_after(kind, retry_after, status, state, ask):
    told = ask(kind, always(status, {"Retry-After": retry_after} if retry_after else {}, b"no"))
    assert told.is_named(state), told.health
    most = {404: len(NUMBERS), 401: len(NUMBERS), 403: len(NUMBERS), 451: len(NUMBERS), 429: 1, 500: FAILURES_IN_A_ROW}
    assert len(told.server.asked) <= most[status], "nobody is hammered"


@each(PAGED_KINDS)
def test_a_failure_in_the_middle_loses_nothing_that_was_found(kind, ask):
    posts = list(range(3 * kind.page_size, 0, -1))

    def tires(path: str, sent: Sent) -> Reply:
        return (429, {"Retry-After": "3600"}, b"") if is_later_page(kind, sent) else kind.interface(path, sent, posts)

    told = ask(kind, tires)
    assert told.numbers == posts[: kind.page_size]
    assert told.is_named(SourceState.LIMITED)


MARKS = ("pageno", "offset", "max_id", "cursor", "sroffset", "start", "page", "pageToken")


def is_later_page(kind: Kind, sent: Sent) -> bool:
    first = {"pageno": "1", "offset": "0", "start": "0" if kind.name == "peertube" else "1", "page": "1"}
    return any(name in sent and sent[name] != first.get(name) for name in MARKS)


@each(JSON_KINDS)
def test_html_instead_of_json(kind, ask):
    told = ask(kind, always(200, HTML, b"<!doctype html><title>We have moved</title><p>Read our news"))
    assert told.is_named(SourceState.CHANGED)
    assert told.key == "sources.not_json"


@each([kind for kind in EVERY if kind.speaks == "xml"])
def test_html_instead_of_a_feed_or_a_list(kind, ask):
    told = ask(kind, always(200, HTML, b"<!doctype html><title>We have moved</title><p>Read our news"))
    assert told.is_named(SourceState.CHANGED)


@each(JSON_KINDS)
def test_truncated_json(kind, ask):
    def cut(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        return status, headers, body[: len(body) // 2]

    told = ask(kind, cut)
    assert told.is_named(SourceState.CHANGED)
    assert told.key == "sources.not_json"


@each([*EVERY])
def test_an_answer_that_breaks_off(kind, ask):
    def cut(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        return status, {**headers, "Content-Length": str(len(body) + 1000), "Connection": "close"}, body

    told = ask(kind, cut)
    assert told.is_named(SourceState.DEAD)
    assert len(told.server.asked) <= 2 * 5


@each([kind for kind in EVERY if kind.speaks == "xml"])
def test_a_truncated_feed_or_list_gives_what_can_be_read(kind, ask):
    def cut(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        return status, headers, body if b"sitemapindex" in body else body[: len(body) * 2 // 3]

    told = ask(kind, cut)
    assert set(NUMBERS[:5]) <= set(told.numbers)
    assert told.warnings


@pytest.mark.parametrize("says", ["header", "document", "nobody"])
@pytest.mark.parametrize("charset", ["euc-kr", "cp949"])
@each([*EVERY])
def test_old_korean_encodings(kind, charset, says, ask):
    titled = "똠방각하 축제" if charset == "cp949" else "가을 축제"

    def recoded(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        text = re.sub("(?:가을 )?(?:<b>)?축제(?:</b>)?(?= \\d)", titled, body.decode())
        declared = charset if says == "document" else "none"
        text = re.sub(r'((?:charset|encoding)=)"utf-8"', rf'\1"{declared}"', text)
        kind_of = headers.get("Content-Type", "text/html").partition(";")[0]
        said = f"{kind_of}; charset={charset}" if says == "header" else kind_of
        return status, {**headers, "Content-Type": said}, text.encode("cp949")

    told = ask(kind, recoded)
    assert told.health.state is SourceState.OK, told.health
    assert told.numbers == NUMBERS
    assert all(titled in one.title for one in told.found if one.title and number_of(one.native_id))


WALLS = {
    "sign_in": b'<!doctype html><title>x</title><form action="/login"><input name=id><input type="password" name=pw></form>',
    "captcha": b'<!doctype html><title>x</title><script src="https://captcha.example/a.js"></script><div class="g-recaptcha">',
    "consent": b'<!doctype html><title>x</title><form action="/consent/save"><button>ok</button></form>',
}


@pytest.mark.parametrize("wall", WALLS)
@each([*EVERY])
def test_a_sign_in_a_captcha_and_a_cookie_wall(kind, wall, ask):
    told = ask(kind, always(200, HTML, WALLS[wall]))
    assert told.is_named(SourceState.BLOCKED)
    assert told.key == "sources.wall"
    assert told.health.error.params["kind"] == {"message": f"sources.wall_{wall}"}
    assert told.found == []


@each([*EVERY])
def test_a_redirect_to_a_sign_in(kind, ask):
    def led(path: str, sent: Sent) -> Reply:
        return (200, HTML, WALLS["sign_in"]) if path == "/member/login" else (302, {"Location": "/member/login"}, b"")

    told = ask(kind, led)
    assert told.is_named(SourceState.BLOCKED)
    assert (told.key, told.found) == ("sources.wall", [])


@each([*EVERY])
def test_a_redirect_to_a_sign_in_elsewhere(kind, ask):
    elsewhere = Place(always(200, HTML, WALLS["sign_in"]))
    try:
        told = ask(kind, always(302, {"Location": f"{elsewhere.url}/login"}, b""), elsewhere)
    finally:
        elsewhere.stop()
    assert told.is_named(SourceState.BLOCKED)
    assert (told.key, told.found) == ("sources.wall", [])
    assert not any("api-key" in name or name == "authorization" for name in elsewhere.came), "no key goes elsewhere"


@each(PAGED_KINDS)
def test_repeated_pages(kind, ask):
    posts = list(range(3 * kind.page_size, 0, -1))
    first = {"naver": {"start": "1"}, "kakao": {"page": "1"}, "recipe": {"page": "1"}}.get(kind.name, {})

    def again(path: str, sent: Sent) -> Reply:
        whole = {name: value for name, value in sent.items() if name not in MARKS}
        return kind.interface(path, {**whole, **first}, posts)

    told = ask(kind, again)
    assert told.numbers == posts[: kind.page_size]
    assert told.health.state is SourceState.OK
    assert told.warnings == ["sources.repeated_page"]


@each(PAGED_KINDS)
def test_pages_without_end(kind, ask):
    posts = list(range(100_000, 0, -1))
    told = ask(kind, lambda path, sent: kind.interface(path, sent, posts), limit=100_000)
    assert told.health.state is SourceState.OK
    assert len(told.server.asked) <= 2 * 50
    assert told.numbers == posts[: len(told.numbers)]
    assert len(told.numbers) >= 5 * kind.page_size


@each(PAGED_KINDS)
def test_results_that_move_between_pages(kind, ask):
    posts = list(range(130, 0, -1))
    new = iter(range(1000, 9000))

    def moving(path: str, sent: Sent) -> Reply:
        reply = kind.interface(path, sent, posts)
        posts[0:0] = [next(new), next(new)]  # two new posts push everything on
        return reply

    told = ask(kind, moving)
    least = 50 if kind.name == "recipe" else 130  # a recipe reads five pages unless it says otherwise
    assert len(told.numbers) == len(set(told.numbers))
    assert len(set(told.numbers) & set(range(1, 131))) >= least - 10 * (kind.name == "recipe")
    assert told.health.state is SourceState.OK


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-10-03T18:00:00+09:00", datetime(2026, 10, 3, 9, tzinfo=UTC)),
        ("2026-10-03T04:00:00-05:00", datetime(2026, 10, 3, 9, tzinfo=UTC)),
        ("2099-10-03T09:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
    ],
)
@each([kind for kind in EVERY if kind.name != "page"])
def test_time_zones_and_dates_that_cannot_be(kind, written, means, ask):
    def dated(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        return status, headers, body.replace(WHEN.encode(), written.encode())

    told = ask(kind, dated)
    assert told.numbers == NUMBERS, "a date that cannot be true hides nothing"
    assert {one.posted_at for one in told.found if number_of(one.native_id)} == {means}


@pytest.mark.parametrize(
    ("host", "means"),
    [
        ("한글.example", "xn--bj0bj06e.example"),
        ("ｎａｖｅｒ.example", "naver.example"),
        ("nаver.example", "xn--nver-53d.example"),  # its second letter is Cyrillic
        ("NAVER.Example.", "naver.example"),
    ],
)
@each([kind for kind in EVERY if kind.name in ("searxng", "naver", "kakao", "peertube", "feed", "sitemap", "recipe")])
def test_hosts_in_other_letters_and_hosts_that_look_alike(kind, host, means, ask):
    told = ask(kind, lambda path, sent: elsewhere(well(kind, path, sent), f"https://{host}"))
    assert told.numbers == NUMBERS
    assert {one.url.split("/")[2] for one in told.found} == {means}, "what is shown tells one from the other"


def elsewhere(reply: Reply, base: str) -> Reply:
    status, headers, body = reply
    text = body.decode().replace(FILES, base).replace('href="/', f'href="{base}/')
    return status, headers, text.encode()


@pytest.mark.parametrize("host", ["naver.example@evil.example", "evil.example:99999", "a b.example", "xn--a.example\\@x"])
@each([kind for kind in EVERY if kind.name in ("searxng", "naver", "kakao", "peertube", "sitemap", "recipe")])
def test_an_address_that_deceives_hides_no_other_find(kind, host, ask):
    def one_deceives(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        text = body.decode().replace('href="/', f'href="{FILES}/')
        ending = r'(?=["<])'
        found = re.sub(rf"{FILES}((?:/[a-z]+)+/7){ending}", lambda one: json.dumps(f"https://{host}{one[1]}")[1:-1], text)
        assert found != text or "/7" not in text
        return status, headers, found.encode()

    told = ask(kind, one_deceives)
    assert [number for number in NUMBERS if number != 7] == [number for number in told.numbers if number != 7]
    assert told.health.state is SourceState.OK
    assert not any("evil" in one.url for one in told.found)


@each(JSON_KINDS)
def test_one_find_that_is_spoilt_hides_no_other(kind, ask):
    lists = {"results", "statuses", "posts", "search", "items", "documents", "data"}

    def spoilt(path: str, sent: Sent) -> Reply:
        status, headers, body = well(kind, path, sent)
        said = json.loads(body)
        inside = said["query"] if isinstance(said.get("query"), dict) else {}
        for name, value in [*said.items(), *inside.items()]:
            if name in lists and isinstance(value, list) and len(value) > 3:
                value[3] = 17
        return status, headers, json.dumps(said).encode()

    told = ask(kind, spoilt)
    assert told.numbers == [number for number in NUMBERS if number != NUMBERS[3]]
    assert told.health.state is SourceState.OK
    assert set(told.warnings) - {"sources.repeated_page"} == {"sources.field_changed"}  # pages counted by finds overlap then


@each([*EVERY])
def test_a_page_of_100_megabytes(kind, ask):
    told = ask(kind, always(200, {"Content-Type": "text/html", "Content-Length": str(HUGE_BYTES)}, b"<p>" + b"x" * 2**20))
    assert told.is_named(SourceState.CHANGED)
    assert told.key == "fetching.too_large"
    assert len(told.server.asked) <= 2 * len(NUMBERS)


@each(PAGED_KINDS)
def test_a_later_page_of_100_megabytes_loses_nothing_that_was_found(kind, ask):
    posts = list(range(3 * kind.page_size, 0, -1))

    def swells(path: str, sent: Sent) -> Reply:
        if is_later_page(kind, sent):
            return 200, {"Content-Length": str(HUGE_BYTES)}, b"x"
        return kind.interface(path, sent, posts)

    told = ask(kind, swells)
    assert told.numbers == posts[: kind.page_size]
    assert told.is_named(SourceState.CHANGED)


def test_every_kind_of_the_catalogue_is_asked():
    assert {kind.name for kind in (*JSON_KINDS, *WRITTEN_KINDS)} == set(CATALOGUE)
