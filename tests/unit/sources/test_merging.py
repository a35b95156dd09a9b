"""What several places name is one find; what one place tells apart stays apart; nothing else is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jikim.sources.candidates import candidate
from jikim.sources.merging import Merging
from jikim.types import Keyword

AT = datetime(2026, 11, 20, tzinfo=UTC)
TITLE = "강변에서 열린 가을 축제"


def found(native_id, url, **more):
    return candidate("one", native_id, Keyword("축제"), AT, url=url, **more)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("https://a.example/1", {}), ("https://A.example:443/1?utm_source=x#top", {})),
        (
            ("https://a.example/1", {"media_urls": ["https://c.example/f.mp4"]}),
            ("https://b.example/1", {"media_urls": ["https://c.example/f.mp4"]}),
        ),
        (
            ("https://a.example/1", {"title": TITLE, "duration_s": 61}),
            ("https://m.a.example/watch/1", {"title": TITLE.replace(" ", ""), "duration_s": 61}),
        ),
        (("https://a.example/1", {"title": TITLE, "posted": AT}), ("https://a.example/2", {"title": TITLE, "posted": AT})),
    ],
)
def test_one_thing_of_two_places_is_one(first, second):
    merging = Merging()
    assert merging.is_new("x", found("1", first[0], **first[1]))
    assert not merging.is_new("y", found("2", second[0], **second[1]))
    assert merging.is_new("x", found("2", second[0], **second[1])), "one place tells its own posts apart"
    assert len(merging) == 2


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("https://a.example/2", {"title": TITLE}),
        ("https://b.example/1", {"title": TITLE, "duration_s": 61}),
        ("https://a.example/2", {"title": "축제", "duration_s": 61}),
        ("https://a.example/2", {"title": TITLE, "duration_s": 62}),
        ("https://a.example/2", {"media_urls": ["https://c.example/f.mp4", "https://c.example/g.mp4"]}),
    ],
)
def test_when_in_doubt_two_stay_two(url, more):
    merging = Merging()
    first = found("1", "https://a.example/1", title=TITLE, duration_s=61, media_urls=["https://c.example/f.mp4"])
    assert merging.is_new("x", first)
    assert merging.is_new("y", found("2", url, **more))


def test_one_find_is_named_once():
    merging = Merging()
    assert merging.is_new("x", found("1", "https://a.example/1"))
    assert not merging.is_new("x", found("1", "https://a.example/1"))
