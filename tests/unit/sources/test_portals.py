"""NAVER, Kakao, YouTube, PeerTube: what their documented answers become, and what their errors say."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jikim import sweep
from jikim.errors import BadUse, FetchFailed, NotConfigured, SourceChanged
from jikim.sources.kakao import KakaoConfig, KakaoSource
from jikim.sources.naver import NaverConfig, NaverSource
from jikim.sources.peertube import PeertubeConfig, PeertubeSource
from jikim.sources.youtube import YoutubeConfig, YoutubeSource
from jikim.types import Answer, Keyword, SourceState

FESTIVAL = Keyword("축제")
KEY = "key-7f1c"


class Place:
    """Answers by `answer(path, query)`, which gives an object, bytes or an HTTP status."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.headers = []

    def get(self, url, *, headers=None, max_bytes=None):
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query))
        self.headers.append(dict(headers or {}))
        said = self.answer(parts.path, query)
        if isinstance(said, int):
            raise FetchFailed("fetching.status", where=url, status=said)
        body = said if isinstance(said, bytes) else msgspec.json.encode(said)
        return Answer(url, url, 200, {}, body, "192.0.2.1", datetime.now(UTC))


def naver_items(*numbers, total=1):
    items = [{"title": "<b>축제</b>", "link": f"https://p.example/{n}", "description": "등불"} for n in numbers]
    return {"lastBuildDate": "", "total": total, "start": 1, "display": len(items), "items": items}


def kakao_page(*numbers, is_end=True):
    documents = [{"title": "축제", "contents": "등불", "url": f"https://p.example/{n}"} for n in numbers]
    return {"meta": {"total_count": 1, "pageable_count": 1, "is_end": is_end}, "documents": documents}


def naver(answer, limit=300, **changes):
    place = Place(answer)
    source = NaverSource(NaverConfig(**{"key_id": "id", "key": KEY, "services": ("webkr", "blog"), **changes}), place)
    return source, place, list(source.search(FESTIVAL, None, limit))


def kakao(answer, limit=300, **changes):
    place = Place(answer)
    source = KakaoSource(KakaoConfig(**{"key": KEY, "services": ("web", "cafe"), **changes}), place)
    return source, place, list(source.search(FESTIVAL, None, limit))


def test_keys_go_in_headers_alone_and_are_never_shown():
    _, place, _ = naver(lambda path, query: naver_items(1))
    assert place.headers[0]["x-ncp-apigw-api-key"] == KEY
    _, other, _ = kakao(lambda path, query: kakao_page(1))
    assert other.headers[0]["authorization"] == f"KakaoAK {KEY}"
    tube = Place(lambda path, query: {"items": []})
    list(YoutubeSource(YoutubeConfig(key=KEY), tube).search(FESTIVAL, None, 10))
    assert tube.headers[0]["x-goog-api-key"] == KEY
    assert not any(KEY in str(asked) for each in (place, other, tube) for asked in each.asked)
    for config in (NaverConfig(key_id=KEY, key=KEY), KakaoConfig(key=KEY), YoutubeConfig(key=KEY)):
        assert KEY not in repr(config)
        assert KEY not in str(config)


@pytest.mark.parametrize("source", [NaverSource, KakaoSource, YoutubeSource])
def test_without_a_key_it_is_politely_absent_and_no_key_goes_in_clear(source):
    with pytest.raises(NotConfigured):
        source.verify(source.Config())
    keys = {"key": KEY, **({"key_id": "id"} if source is NaverSource else {})}
    with pytest.raises(BadUse):
        source.verify(source.Config(url="http://portal.example", **keys))
    source.verify(source.Config(url="http://127.0.0.1:8000", **keys))


def test_one_service_that_fails_hides_no_other():
    source, _, found = naver(lambda path, query: 500 if path.endswith("webkr") else naver_items(1, 2))
    assert [each.url for each in found] == ["https://p.example/1", "https://p.example/2"]
    assert [error.status for error in source.warnings] == [500]
    with pytest.raises(FetchFailed):
        naver(lambda path, query: 500)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named(status):
    with pytest.raises(FetchFailed) as caught:
        naver(lambda path, query: status)
    assert (caught.value.key, caught.value.status) == ("sources.key_refused", status)
    with pytest.raises(FetchFailed) as caught:
        kakao(lambda path, query: status)
    assert caught.value.key == "sources.key_refused"
    with pytest.raises(FetchFailed) as caught:
        list(YoutubeSource(YoutubeConfig(key=KEY), Place(lambda path, query: status)).search(FESTIVAL, None, 10))
    assert caught.value.key == "sources.key_or_quota"


def test_services_share_the_limit_and_what_one_leaves_goes_on():
    def answer(path, query):
        start = int(query["start"])
        if path.endswith("webkr"):
            return naver_items(9_000, total=1)
        return {**naver_items(*range(start, start + 100), total=900), "start": start}

    _, place, found = naver(answer, limit=150)
    assert len(found) == 150
    assert [query.get("start") for path, query in place.asked if path.endswith("blog")] == ["1", "101"]


CAPTCHA = b'<!doctype html><script src="https://www.google.com/recaptcha/api.js"></script>'


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (naver_items(), SourceState.EMPTY),
        ({"items": "gone"}, SourceState.CHANGED),
        (b"<html><title>news</title>", SourceState.CHANGED),
        (CAPTCHA, SourceState.BLOCKED),
        (503, SourceState.DEAD),
        (429, SourceState.LIMITED),
    ],
)
def test_nothing_found_is_said_only_where_every_service_was_read(answer, state):
    source, place, found = naver(lambda path, query: naver_items() if path.endswith("webkr") else answer)
    assert found == []
    health = sweep.Health()
    sweep.ask_place(sweep.Place("naver", source, place), FESTIVAL, None, 10, health, lambda *_: None)
    assert health.state is state
    assert (health.error is None) is (state is SourceState.EMPTY)


def test_the_last_pages_of_the_portals_are_not_passed():
    _, place, _ = naver(
        lambda path, query: {
            **naver_items(*range(int(query["start"]), int(query["start"]) + 100)),
            "start": int(query["start"]),
            "total": 10**6,
        },
        limit=10_000,
        services=("blog",),
    )
    assert max(int(query["start"]) for _, query in place.asked) == 901
    _, place, _ = kakao(
        lambda path, query: kakao_page(*range(50 * int(query["page"]), 50 * int(query["page"]) + 50), is_end=False),
        limit=10_000,
        services=("cafe",),
    )
    assert max(int(query["page"]) for _, query in place.asked) == 50


def test_a_naver_picture_is_its_own_media_and_a_blog_says_its_day():
    item = {"title": "등불", "link": "https://p.example/1.jpg", "thumbnail": "https://p.example/s.jpg"}
    _, _, (found,) = naver(lambda path, query: {**naver_items(), "items": [item]}, services=("image",))
    assert (found.media_urls, found.thumbnail_urls) == (("https://p.example/1.jpg",), ("https://p.example/s.jpg",))
    post = {"title": "등불", "link": "https://b.example/1", "postdate": "20261003", "bloggername": "글쓴이"}
    _, _, (found,) = naver(lambda path, query: {**naver_items(), "items": [post]}, services=("blog",))
    assert (found.posted_at, found.author_ref) == (datetime(2026, 10, 3, tzinfo=UTC), "글쓴이")


def test_kakao_clips_and_pictures():
    clip = {
        "title": "등불",
        "url": "https://t.example/1",
        "play_time": 65,
        "thumbnail": "https://t.example/1.jpg",
        "author": "가",
    }
    picture = {
        "image_url": "https://p.example/1.jpg",
        "thumbnail_url": "https://p.example/s.jpg",
        "doc_url": "https://p.example/a",
        "display_sitename": "모음",
    }
    answers = {"vclip": clip, "image": picture}
    _, _, found = kakao(
        lambda path, query: {"meta": {"is_end": True}, "documents": [answers[path.rpartition("/")[2]]]},
        services=("vclip", "image"),
    )
    assert (found[0].duration_s, found[0].author_ref, found[0].media_urls) == (65.0, "가", ())
    assert (found[1].url, found[1].media_urls) == ("https://p.example/a", ("https://p.example/1.jpg",))


@pytest.mark.parametrize("body", [b"<html>", b'{"items": [{"title": 1}]}', b'{"meta": {}}', b"\xff", b"[" * 10_000])
def test_another_shape_is_named_as_changed(body):
    for search in (lambda: naver(lambda path, query: body), lambda: kakao(lambda path, query: body)):
        with pytest.raises(SourceChanged):
            search()
    for source in (
        YoutubeSource(YoutubeConfig(key=KEY), Place(lambda path, query: body)),
        PeertubeSource(PeertubeConfig(url="https://tube.example"), Place(lambda path, query: body)),
    ):
        with pytest.raises(SourceChanged):
            list(source.search(FESTIVAL, None, 10))


def youtube_item(number):
    snippet = {"publishedAt": "2026-10-03T09:00:00Z", "channelId": "UC1", "title": "축제", "description": "", "thumbnails": {}}
    return {"id": {"videoId": number}, "snippet": snippet}


def test_youtube_spends_no_more_searches_than_it_may():
    def answer(path, query):
        if path.endswith("videos"):
            return {"items": []}
        page = int(query.get("pageToken", "0"))
        return {"items": [youtube_item(f"v{page:03}{n:02}") for n in range(50)], "nextPageToken": str(page + 1)}

    place = Place(answer)
    assert len(list(YoutubeSource(YoutubeConfig(key=KEY, searches=3), place).search(FESTIVAL, None, 10_000))) == 150
    assert sum(path.endswith("search") for path, _ in place.asked) == 3


def test_youtube_without_lengths_is_delivered_with_a_warning():
    place = Place(lambda path, query: 500 if path.endswith("videos") else {"items": [youtube_item("abc")]})
    source = YoutubeSource(YoutubeConfig(key=KEY), place)
    (found,) = source.search(FESTIVAL, None, 10)
    assert (found.url, found.duration_s) == ("https://www.youtube.com/watch?v=abc", None)
    assert len(source.warnings) == 1


def test_a_youtube_id_that_is_none_is_a_change():
    place = Place(lambda path, query: {"items": [youtube_item("../evil?x=")]})
    with pytest.raises(SourceChanged):
        list(YoutubeSource(YoutubeConfig(key=KEY), place).search(FESTIVAL, None, 10))


def test_peertube_names_where_a_video_really_lives():
    video = {
        "uuid": "u1",
        "name": "축제",
        "url": "https://other.example/videos/watch/u1",
        "duration": 12,
        "thumbnailPath": "/lazy/1.jpg",
        "account": {"name": "w", "host": "other.example"},
    }
    place = Place(lambda path, query: {"total": 1, "data": [video]})
    (found,) = PeertubeSource(PeertubeConfig(url="https://tube.example/"), place).search(FESTIVAL, None, 10)
    assert found.url == "https://other.example/videos/watch/u1"
    assert found.thumbnail_urls == ("https://tube.example/lazy/1.jpg",)
    assert (found.author_ref, found.duration_s) == ("w@other.example", 12.0)
