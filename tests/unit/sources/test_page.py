import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import FetchFailed, FetchRefused
from jikim.sources.page import PageConfig, PageSource
from jikim.types import Keyword

URL = "https://city.example/festival/"
FESTIVAL = Keyword("축제")


def search(recorded, body, content_type="text/html; charset=utf-8", url=URL, limit=300, since=None, **config):
    fetcher = recorded({url: body if isinstance(body, bytes) else body.encode()}, {url: content_type} if content_type else {})
    source = PageSource(PageConfig(**{"url": url, **config}), fetcher)
    return source, list(source.search(FESTIVAL, since, limit))


def test_the_page_asked_for_is_a_candidate_even_without_the_keyword(recorded):
    _, (found,) = search(recorded, '<title>버스</title><p>안내<video src="v.mp4" poster="v.jpg"></video><img src="i.png">')
    assert (found.native_id, found.url, found.title, found.text) == (URL, URL, "버스", "안내")
    assert found.media_urls == (URL + "v.mp4", URL + "i.png")
    assert found.thumbnail_urls == (URL + "v.jpg",)


def test_linked_pages_of_the_same_site_that_hold_the_keyword(recorded):
    links = """<a href="1">축제 하나</a><a href="1#a">축제 하나</a><a href="https://www.city.example/2">축제 둘</a>
        <a href="/3">버스</a>
        <a href="https://other.example/4">축제 넷</a><a href="">축제</a><a href="javascript:void(0)">축제</a><a href="http://[">축제</a>"""
    _, found = search(recorded, links)
    assert [(each.url, each.title) for each in found[1:]] == [
        (URL + "1", "축제 하나"),
        ("https://www.city.example/2", "축제 둘"),
    ]
    assert [each.media_urls for each in found[1:]] == [(), ()]
    assert len(search(recorded, links, links_limit=1)[1]) == 2
    assert len(search(recorded, links, links_limit=0)[1]) == 1


@pytest.mark.parametrize("url", ["https://city.example/v.mp4", "https://city.example/%EC%B6%95%EC%A0%9C.jpg?x=1"])
def test_media_by_its_ending_is_not_even_asked_for(recorded, url):
    fetcher = recorded({})
    (found,) = PageSource(PageConfig(url=url), fetcher).search(FESTIVAL, None, 300)
    assert fetcher.asked == []
    assert found.media_urls == (url,)
    assert found.title in ("v.mp4", "축제.jpg")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "text/html"),
        (b"....ftypisom", ""),
        (b"anything", "video/mp4"),
        (b"anything", "Image/JPEG; q=1"),
    ],
)
def test_media_by_its_content(recorded, body, content_type):
    _, (found,) = search(recorded, body, content_type)
    assert found.media_urls == (URL,)


def test_a_page_that_is_called_a_picture_is_a_page(recorded):
    _, (found,) = search(recorded, "<!DOCTYPE html><title>가을", "image/jpeg")
    assert (found.title, found.media_urls) == ("가을", ())


def test_plain_text_is_text(recorded):
    _, (found,) = search(recorded, "1 < 2 & 축제", "text/plain")
    assert found.text == "1 < 2 & 축제"


@pytest.mark.parametrize("content_type", ["application/pdf", "application/json", "application/zip"])
def test_what_is_neither_page_nor_media_is_said_so(recorded, content_type):
    with pytest.raises(FetchFailed, match="Neither"):
        search(recorded, b"%PDF-1.7", content_type)


@pytest.mark.parametrize("charset", ["euc-kr", "cp949", "utf-8"])
def test_encodings(recorded, charset):
    page = f'<meta charset="{charset}"><title>쌰 뷁 축제</title>'
    _, (found,) = search(recorded, page.encode("cp949" if charset == "euc-kr" else charset), "text/html")
    assert found.title == "쌰 뷁 축제"


def test_what_fails_or_is_refused_is_raised(recorded):
    with pytest.raises(FetchFailed) as error:
        list(PageSource(PageConfig(url=URL), recorded({})).search(FESTIVAL, None, 300))
    assert error.value.status == 404
    with pytest.raises(FetchRefused):
        list(PageSource(PageConfig(url="https://city.example/forbidden"), recorded({})).search(FESTIVAL, None, 300))


def test_an_old_page_is_left_out_when_it_says_so(recorded):
    from datetime import UTC, datetime

    page = '<meta property="article:published_time" content="2026-10-01">가'
    assert search(recorded, page, since=datetime(2026, 10, 2, tzinfo=UTC))[1] == []
    assert len(search(recorded, page, since=datetime(2026, 9, 2, tzinfo=UTC))[1]) == 1


def test_everything_is_bounded(recorded):
    page = f"<title>{'가' * 9999}</title>{'축제 ' * 99999}" + "".join(f'<img src="{n}.jpg">' for n in range(999))
    _, (found,) = search(recorded, page)
    assert (len(found.title), len(found.media_urls)) == (300, 100)
    assert len(found.text) <= 20_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "text/html", "text/html; charset=euc-kr", "text/plain", "image/png", "\x00", "a;b;c"]),
)
def test_any_answer_is_a_candidate_or_a_failure(recorded, body, content_type):
    try:
        _, found = search(recorded, body, content_type)
    except FetchFailed:
        return
    assert found[0].url == URL
