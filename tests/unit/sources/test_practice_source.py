from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import SourceChanged
from jikim.sources.practice import PracticeConfig, PracticeSource
from jikim.types import Keyword

BASE = "http://127.0.0.1:8085"
FESTIVAL = Keyword("축제")
FIRST = f"{BASE}/api/search?q=%EC%B6%95%EC%A0%9C&page=1&size=100"


def item(native_id="a1", **changes):
    made = {
        "id": native_id,
        "url": f"{BASE}/item/{native_id}",
        "title": "축제",
        "text": "",
        "author": "w",
        "posted_at": None,
        "kind": "text",
    }
    return {**made, "media": [], **changes}


def page(*items, following=None, **changes):
    return msgspec.json.encode({"schema": 1, "items": items, "total": len(items), "next": following, **changes})


def search(recorded, answers, limit=300, since=None):
    source = PracticeSource(PracticeConfig(url=BASE), recorded(answers))
    return source, list(source.search(FESTIVAL, since, limit))


def changed(recorded, body):
    with pytest.raises(SourceChanged) as error:
        search(recorded, {FIRST: body})
    return error.value.params.get("field", error.value.key)


def test_nothing_found_is_an_honest_nothing(recorded):
    assert search(recorded, {FIRST: page()})[1] == []


def test_what_an_item_says_is_kept(recorded):
    media = [{"url": f"{BASE}/media/a1/1.mp4", "type": "video/mp4", "duration_s": 7.5, "thumbnail": f"{BASE}/thumb/a1/1.jpg"}]
    body = page(item(title="가을\n축제", text="공원\x00에서", posted_at="2026-10-03T09:00:00+09:00", kind="video", media=media))
    (found,) = search(recorded, {FIRST: body})[1]
    assert (found.url, found.title, found.text) == (f"{BASE}/item/a1", "가을 축제", "공원 에서")
    assert (found.author_ref, found.duration_s) == ("w", 7.5)
    assert found.media_urls == (f"{BASE}/media/a1/1.mp4",)
    assert found.thumbnail_urls == (f"{BASE}/thumb/a1/1.jpg",)
    assert found.posted_at.isoformat() == "2026-10-03T00:00:00+00:00"


def test_what_was_posted_before_is_left_out_and_what_nobody_dated_is_kept(recorded):
    items = [item(f"a{n}", posted_at=at) for n, at in enumerate(["2026-10-01T00:00:00Z", "2026-10-03T00:00:00Z", None])]
    since = datetime(2026, 10, 2, tzinfo=UTC)
    assert [found.native_id for found in search(recorded, {FIRST: page(*items)}, since=since)[1]] == ["a1", "a2"]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (lambda: page(item(title=7)), "items[0].title"),
        (lambda: page(item(media=[{"type": "image/jpeg"}])), "items[0].media[0].url"),
        (lambda: page(item(), following=2), "next"),
        (lambda: b'{"schema": 1, "items": []}', "next"),
        (lambda: b'{"schema": 1, "results": [], "next": null}', "items"),
        (lambda: page(schema=2), "schema"),
        (lambda: b"[]", "$"),
        (lambda: page(item(posted_at="yesterday")), "items[0].posted_at"),
        (lambda: page(item(url="https://elsewhere.example/1")), "items[].url"),
        (lambda: page(item(media=[{"url": "http://127.0.0.1:9/1", "type": "a/b"}])), "items[].media[].url"),
        (lambda: page(item(), following="https://elsewhere.example/"), "next"),
        (lambda: b"<html>login</html>", "sources.not_json"),
        (lambda: page(item())[:-9], "sources.not_json"),
        (lambda: b"", "sources.not_json"),
        (lambda: b"\xff\xfe", "sources.not_json"),
        (lambda: b"[" * 100_000, "$"),
        (lambda: b'{"items": [' + b"[" * 100_000, "items[0]"),
    ],
)
def test_a_changed_shape_names_the_field(recorded, broken, field):
    assert changed(recorded, broken()) == field


def test_what_was_given_before_a_change_stands(recorded):
    second = FIRST.replace("page=1", "page=2")
    source = PracticeSource(PracticeConfig(url=BASE), recorded({FIRST: page(item(), following=second), second: b"x"}))
    found = source.search(FESTIVAL, None, 300)
    assert next(found).native_id == "a1"
    with pytest.raises(SourceChanged):
        next(found)


def test_repeated_pages_end_with_a_warning(recorded):
    second = FIRST.replace("page=1", "page=2")
    source, found = search(recorded, {FIRST: page(item(), following=second), second: page(item(), following=FIRST)})
    assert [each.native_id for each in found] == ["a1"]
    assert [warning.key for warning in source.warnings] == ["sources.repeated_page"]


def test_limit_counts_what_is_given(recorded):
    first = FIRST.replace("size=100", "size=2")
    second = first.replace("page=1", "page=2")
    answers = {first: page(item("a1"), following=second), second: page(item("a2"), item("a3"), following=first)}
    assert [found.native_id for found in search(recorded, answers, limit=2)[1]] == ["a1", "a2"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda value: st.lists(value, max_size=3), max_leaves=5
)


FIELDS = ("id", "url", "title", "text", "author", "posted_at", "kind", "media")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_any_item_is_a_candidate_or_a_change(recorded, changes):
    with suppress(SourceChanged):
        search(recorded, {FIRST: page(item(**changes))})
