import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jikim import seams
from jikim.errors import BadUse, FetchFailed, NotConfigured, SourceChanged
from jikim.sources.mastodon import MastodonConfig, MastodonSource
from jikim.types import Answer, Keyword

FESTIVAL = Keyword("축제")
BASE = "https://social.example"
TOKEN = "tok-3f9a"


def status(number=1, **changes):
    made = {
        "id": str(number),
        "uri": f"{BASE}/users/w/statuses/{number}",
        "url": f"{BASE}/@w/{number}",
        "created_at": "2026-10-03T09:00:00.000Z",
        "content": "<p>가을<br>축제</p>",
        "spoiler_text": "",
        "account": {"acct": "w@other.example"},
        "media_attachments": [],
    }
    return {**made, **changes}


def attachment(**changes):
    return {"type": "image", "url": "https://files.example/1.jpg", "preview_url": None, "meta": None, **changes}


class Pages:
    """Answers the first request, the second, ... with the posts it was given, every later one with none."""

    def __init__(self, *pages):
        self.pages = pages
        self.asked = []
        self.headers = []

    def get(self, url, *, headers=None, max_bytes=None):
        self.asked.append(parse_qs(urlsplit(url).query))
        self.headers.append(dict(headers or {}))
        statuses = self.pages[len(self.asked) - 1] if len(self.asked) <= len(self.pages) else []
        body = statuses if isinstance(statuses, bytes) else msgspec.json.encode({"accounts": [], "statuses": statuses})
        return Answer(url, url, 200, {}, body, "192.0.2.1", datetime.now(UTC))


def search(*pages, token=TOKEN, limit=300, since=None):
    fetcher = Pages(*pages)
    source = MastodonSource(MastodonConfig(url=BASE, token=token), fetcher)
    return source, list(source.search(FESTIVAL, since, limit)), fetcher


def test_the_examples_give_what_they_promise(recorded):
    for example in MastodonSource.examples():
        fetcher = recorded(example.answers)
        source = MastodonSource(seams.configured(MastodonConfig, example.config, "mastodon"), fetcher)
        assert isinstance(source, seams.Source)
        found = list(source.search(example.keyword, None, 300))
        assert tuple(each.native_id for each in found) == example.native_ids
        assert set(fetcher.asked) == set(example.answers)
        assert source.warnings == []


def test_what_a_post_says_is_kept():
    video = attachment(
        type="video",
        url="https://files.example/1.mp4",
        preview_url="https://files.example/1.png",
        meta={"length": "0:00:12.50", "original": {"width": 1, "duration": 12.5, "frame_rate": "30/1"}, "small": {}},
        description="강변의 등불",
    )
    _, (found,), _ = search([status(spoiler_text="불꽃", media_attachments=[video], sensitive=True)])
    assert (found.native_id, found.url) == (f"{BASE}/users/w/statuses/1", f"{BASE}/@w/1")
    assert (found.title, found.text, found.author_ref) == ("불꽃", "가을 축제 강변의 등불", "w@other.example")
    assert (found.media_urls, found.thumbnail_urls) == (("https://files.example/1.mp4",), ("https://files.example/1.png",))
    assert (found.duration_s, found.posted_at) == (12.5, datetime(2026, 10, 3, 9, tzinfo=UTC))


def test_a_file_that_the_server_did_not_take_over_is_named_where_it_came_from():
    far = attachment(type="unknown", url=None, remote_url="https://far.example/1.jpg")
    card = {"url": "https://city.example", "image": "https://files.example/card.png"}
    _, (found,), _ = search([status(url=None, media_attachments=[far], card=card)])
    assert found.url == f"{BASE}/users/w/statuses/1"
    assert (found.media_urls, found.thumbnail_urls) == (("https://far.example/1.jpg",), ("https://files.example/card.png",))


def test_with_a_token_the_pages_go_by_offset():
    _, found, fetcher = search([status(3), status(2)], [status(1)])
    assert len(found) == 3
    assert [asked["offset"] for asked in fetcher.asked] == [["0"], ["2"], ["3"]]
    assert {headers["authorization"] for headers in fetcher.headers} == {f"Bearer {TOKEN}"}


def test_without_a_token_the_pages_go_by_the_oldest_id():
    _, found, fetcher = search([status(100), status(99)], [status(9)], token=None)
    assert len(found) == 3
    assert [asked.get("max_id") for asked in fetcher.asked] == [None, ["99"], ["9"]]
    assert not any("offset" in asked for asked in fetcher.asked)
    assert not any("authorization" in headers for headers in fetcher.headers)


def test_no_page_is_larger_than_allowed():
    _, _, fetcher = search([status()], limit=1000)
    assert {asked["limit"][0] for asked in fetcher.asked} == {"40"}


def test_nothing_without_a_token_says_nothing_and_with_one_is_honest():
    assert search([])[1] == []
    with pytest.raises(NotConfigured) as error:
        search([], token=None)
    assert "token" in error.value.message().ko


def test_all_older_than_since_is_an_honest_nothing_new():
    assert search([status()], token=None, since=datetime(2026, 10, 4, tzinfo=UTC))[1] == []


def test_posts_that_move_to_the_next_page_are_named_once():
    source, found, _ = search([status(4), status(3)], [status(3), status(2)], [status(1)])
    assert [each.native_id[-1] for each in found] == list("4321")
    assert source.warnings == []


def test_the_token_is_shown_nowhere():
    config = MastodonConfig(url=BASE, token=TOKEN)
    from rich.pretty import pretty_repr

    for shown in (repr(config), str(config), pretty_repr(config), repr(MastodonSource(config, Pages()))):
        assert TOKEN not in shown
    with pytest.raises(BadUse) as error:
        seams.configured(MastodonConfig, {"url": BASE, "token": f"{TOKEN}\r\nx: y"}, "mastodon")
    assert TOKEN not in f"{error.value!s}{error.value.params}{error.value.message().ko}"


def test_a_token_goes_over_https_or_stays_on_this_machine():
    with pytest.raises(BadUse) as error:
        MastodonSource.verify(MastodonConfig(url="http://social.example", token=TOKEN))
    assert TOKEN not in str(error.value)
    MastodonSource.verify(MastodonConfig(url="http://social.example"))
    MastodonSource.verify(MastodonConfig(url="http://127.0.0.1:3000", token=TOKEN))
    MastodonSource.verify(MastodonConfig(url=BASE, token=TOKEN))


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (status(content=None), "statuses[0].content"),
        (status(account={"id": "1"}), "statuses[0].account.acct"),
        (status(media_attachments=[{"type": "image"}]), "statuses[0].media_attachments[0].url"),
        (status(created_at="yesterday"), "statuses[0].created_at"),
        (status(uri="tag:x", url="javascript:x"), "statuses[].url"),
        ({"id": "1"}, "statuses[0].uri"),
    ],
)
def test_a_changed_shape_names_the_field(broken, field):
    with pytest.raises(SourceChanged) as error:
        search([broken])
    assert error.value.params["field"] == field


@pytest.mark.parametrize("body", [b'{"error": "Not authorized"}', b'{"accounts": [], "hashtags": []}'])
def test_an_answer_without_posts_is_a_change(body):
    with pytest.raises(SourceChanged, match="statuses"):
        search(body)


def test_without_an_address_it_is_politely_absent():
    with pytest.raises(NotConfigured):
        MastodonSource.verify(MastodonConfig())
    with pytest.raises(BadUse):
        MastodonSource.verify(MastodonConfig(url="ftp://social.example"))


def test_refused_credentials_are_said_so():
    class Refusing(Pages):
        def get(self, url, *, headers=None, max_bytes=None):
            raise FetchFailed("fetching.status", where=url, status=401)

    with pytest.raises(FetchFailed, match=re.escape("signed-in")) as error:
        list(MastodonSource(MastodonConfig(url=BASE, token=TOKEN), Refusing()).search(FESTIVAL, None, 10))
    assert error.value.status == 401
