"""Whatever an interface answers in place of what it should, it is candidates or an error of ours."""

from contextlib import suppress
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim import seams
from jikim.errors import JikimError
from jikim.sources.bluesky import BlueskySource
from jikim.sources.candidates import MEDIA_LIMIT, TEXT_LIMIT, TITLE_LIMIT
from jikim.sources.kakao import KakaoSource
from jikim.sources.mastodon import MastodonSource
from jikim.sources.mediawiki import MediawikiSource
from jikim.sources.naver import NaverSource
from jikim.sources.peertube import PeertubeSource
from jikim.sources.searxng import SearxngSource
from jikim.sources.youtube import YoutubeSource

GONE = object()
ADDRESSES = st.sampled_from(
    [
        "",
        "//",
        "http://[",
        "https://a.example:99999/",
        "javascript:x",
        "//cdn.example/a.jpg",
        "http://\x00/",
        "https://" + "a" * 300,
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | ADDRESSES,
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=8), value, max_size=3),
    max_leaves=5,
)
FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value, at=()):
    """Every place in a JSON value, as the keys that lead to it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *(place for key, each in inside for place in places(each, (*at, key)))]


def with_change(value, place, change):
    """A copy of a JSON value with `change` at `place`, or with nothing there."""
    if not place:
        return change
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(place) == 1 and change is GONE:
        del copy[place[0]]
    else:
        copy[place[0]] = with_change(copy[place[0]], place[1:], change)
    return copy


def search(plugin, example, answers, recorded):
    source = plugin(seams.configured(plugin.Config, example.config, plugin.name), recorded(answers))
    found = []
    with suppress(JikimError):
        for each in source.search(example.keyword, None, 300):
            found.append(each)
    for each in found:
        assert urlsplit(each.url).scheme in ("http", "https")
        assert each.native_id
        assert all(urlsplit(url).scheme in ("http", "https") for url in (*each.media_urls, *each.thumbnail_urls))
        assert max(len(each.media_urls), len(each.thumbnail_urls)) <= MEDIA_LIMIT
        assert (len(each.title) <= TITLE_LIMIT, len(each.text) <= TEXT_LIMIT) == (True, True)
        assert not any(ord(sign) < 32 for sign in each.title + each.text + (each.author_ref or ""))
        assert each.duration_s is None or each.duration_s > 0
    assert len({each.id for each in found}) == len(found)
    for warning in source.warnings:
        assert warning.message().ko


INTERFACES = [
    *(SearxngSource, MastodonSource, BlueskySource, MediawikiSource),
    *(NaverSource, KakaoSource, YoutubeSource, PeertubeSource),
]


@pytest.fixture(params=INTERFACES, ids=lambda plugin: plugin.name)
def plugin(request):
    return request.param


@FUZZ
@given(st.data())
def test_any_change_of_any_field_is_candidates_or_an_error_of_ours(plugin, recorded, data):
    (example,) = plugin.examples()
    answers = dict(example.answers)
    for url in answers:
        answer = msgspec.json.decode(answers[url])
        place = data.draw(st.sampled_from(places(answer)))
        answers[url] = msgspec.json.encode(with_change(answer, place, data.draw(st.just(GONE) | VALUES)))
    search(plugin, example, answers, recorded)


@FUZZ
@given(st.binary(max_size=60) | VALUES.map(msgspec.json.encode))
def test_any_answer_at_all_is_candidates_or_an_error_of_ours(plugin, recorded, body):
    (example,) = plugin.examples()
    search(plugin, example, dict.fromkeys(example.answers, body), recorded)


@FUZZ
@given(st.data())
def test_an_answer_cut_anywhere_is_a_change(plugin, recorded, data):
    (example,) = plugin.examples()
    first = next(iter(example.answers))
    body = example.answers[first]
    cut = {**example.answers, first: body[: data.draw(st.integers(0, len(body) - 1))]}
    source = plugin(seams.configured(plugin.Config, example.config, plugin.name), recorded(cut))
    told = []
    try:
        list(source.search(example.keyword, None, 300))
    except JikimError as error:
        told.append(error)
    told += source.warnings  # one of several services that fails hides no other
    assert told[0].key in ("sources.not_json", "sources.field_changed")
