import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.sources.markup import LINKS_LIMIT, Link, kind_by_ending, page_facts, text_and_images
from jikim.sources.text import plain

URL = "https://city.example/a/page.html"


def body(markup, **_):
    return page_facts(f"<!doctype html><html><head></head><body>{markup}</body></html>", URL)


def visible(markup):
    return plain(body(markup).text, 1000)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>가</title>", "가"),
        ('<title>가</title><meta property="og:title" content="나">', "나"),
        ('<title> </title><meta name="twitter:title" content="다">', "다"),
        ("<title>a &amp; <b></title>", "a & <b>"),
        ("", "라"),
    ],
)
def test_title(head, title):
    assert page_facts(f"<html><head>{head}</head><body><h1>라</h1></body></html>", URL).title == title


def test_visible_text_leaves_out_what_is_not_shown():
    hidden = '<script>x</script><style>x</style><template>x</template><p hidden>x</p><p style="DISPLAY : none">x</p>'
    hidden += "<!-- x --><svg><text>x</text></svg>"
    assert visible(f"<p>하나<p>둘{hidden}<p>셋<b>넷</b>다섯") == "하나 둘 셋넷다섯"


def test_description_joins_the_text_once():
    head = '<meta name="description" content="가을 축제">'
    assert page_facts(f"<head>{head}</head><body>공원", URL).text.split() == ["가을", "축제", "공원"]
    assert page_facts(f"<head>{head}</head><body>가을 축제", URL).text.split() == ["가을", "축제"]


@pytest.mark.parametrize(
    ("markup", "images"),
    [
        ('<img src="b.jpg">', ["https://city.example/a/b.jpg"]),
        ('<img src="//cdn.example/b.jpg">', ["https://cdn.example/b.jpg"]),
        ('<img src="s.jpg" srcset="s.jpg 320w, l.jpg 1280w, m.jpg 640w">', ["https://city.example/a/l.jpg"]),
        ('<img srcset="s,1.jpg 1x,l,2.jpg 2x,">', ["https://city.example/a/l,2.jpg"]),
        ('<img srcset=" , s.jpg 9q, l.jpg 1e9w">', ["https://city.example/a/s.jpg"]),
        ('<img src="s.jpg" srcset="s.jpg, l.jpg 2x">', ["https://city.example/a/l.jpg"]),
        ('<img src="data:image/gif;base64,R0" data-src="b.jpg">', ["https://city.example/a/b.jpg"]),
        (
            '<picture><source srcset="b.avif 1x"><img src="b.jpg"></picture>',
            ["https://city.example/a/b.avif", "https://city.example/a/b.jpg"],
        ),
        ('<a href="b.PNG?x=1">b</a>', ["https://city.example/a/b.PNG?x=1"]),
        ('<img src="b.jpg"><img src="b.jpg">', ["https://city.example/a/b.jpg"]),
        ('<img src="t.gif" width="1" height="1"><img src="t.gif" width="0"><img src="t.gif" height="1px">', []),
        ('<img src="logo.svg"><img src="favicon.ico"><img src="data:image/png;base64,AA"><img src=" "><img>', []),
        ('<base href="/b/"><img src="c.jpg">', ["https://city.example/b/c.jpg"]),
        ('<amp-img src="b.jpg"></amp-img>', ["https://city.example/a/b.jpg"]),
    ],
)
def test_images(markup, images):
    assert list(body(markup).image_urls) == images


@pytest.mark.parametrize(
    ("markup", "videos"),
    [
        ('<video src="b.mp4"></video>', ["https://city.example/a/b.mp4"]),
        (
            '<video><source src="b.webm"><source src="b.mp4"></video>',
            ["https://city.example/a/b.webm", "https://city.example/a/b.mp4"],
        ),
        ('<audio src="b.mp3"></audio>', ["https://city.example/a/b.mp3"]),
        ('<a href="/b.mp4">내려받기</a>', ["https://city.example/b.mp4"]),
    ],
)
def test_videos_and_sound(markup, videos):
    facts = body(markup)
    assert list(facts.video_urls) == videos
    assert facts.links == ()


def test_open_graph():
    facts = page_facts(
        """<meta property="og:video" content="/v.mp4"><meta property="og:image" content="/t.jpg">
        <meta property="og:video:duration" content="61">
        <meta property="article:published_time" content="2026-10-03T09:00:00+09:00"><meta name="author" content="writer-1">""",
        URL,
    )
    assert facts.video_urls == ("https://city.example/v.mp4",)
    assert facts.thumbnail_urls == ("https://city.example/t.jpg",)
    assert facts.image_urls == ()
    assert (facts.duration_s, facts.posted, facts.author) == (61.0, "2026-10-03T09:00:00+09:00", "writer-1")


def test_a_picture_without_a_video_is_media():
    facts = page_facts('<meta property="og:image" content="/t.jpg">', URL)
    assert (facts.image_urls, facts.thumbnail_urls) == (("https://city.example/t.jpg",), ())


def test_structured_data():
    facts = body(
        """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
        {"@type": ["Thing", "VideoObject"],
        "name": "불꽃", "description": "강변", "contentUrl": "/v.mp4", "embedUrl": "/embed/1", "thumbnailUrl": ["/t.jpg"],
        "duration": "PT1M5S",
        "uploadDate": "2026-10-03", "author": {"name": "writer-2"}}, {"@type": "ImageObject", "contentUrl": "/i.jpg"}]}</script>
        <script type="application/ld+json">{broken</script><script type="application/ld+json">[[1, null, "x"]]</script>"""
    )
    assert facts.title == "불꽃"
    assert facts.text.strip() == "강변"
    assert facts.video_urls == ("https://city.example/v.mp4",)
    assert facts.thumbnail_urls == ("https://city.example/t.jpg",)
    assert facts.image_urls == ("https://city.example/i.jpg",)
    assert facts.frame_urls == ("https://city.example/embed/1",)
    assert (facts.duration_s, facts.posted, facts.author) == (65.0, "2026-10-03", "writer-2")


def test_links_carry_their_words():
    facts = body(
        '<a href="b">가을 <b>축제</b></a><a href="c" title="지도"></a><a href="d"><img src="x.svg" alt="사진"></a><a>없음</a>'
    )
    assert facts.links == (
        Link("https://city.example/a/b", "가을 축제"),
        Link("https://city.example/a/c", "지도"),
        Link("https://city.example/a/d", "사진"),
    )


def test_frames_are_links_and_players():
    facts = body('<iframe src="/player" title="영상"></iframe><iframe src="/count" width="1" height="1"></iframe>')
    assert facts.frame_urls == ("https://city.example/player",)
    assert facts.links == (Link("https://city.example/player", "영상"),)


def test_a_base_that_is_no_address_changes_nothing():
    assert body('<base href="http://["><img src="b.jpg">').image_urls == ("b.jpg",)


@pytest.mark.parametrize(
    "markup",
    ["", " ", "<", "<!---->", "\x00", "\ud800", "<html>", "&#xD800;", "<?xml version='1.0' encoding='euc-kr'?>", "]]>"],
)
def test_next_to_nothing_is_read(markup):
    assert page_facts(markup, URL).video_urls == ()


def test_what_is_endless_is_cut():
    many = "".join(f'<a href="{n}">축제</a>' for n in range(LINKS_LIMIT + 500))
    assert len(body(many).links) == LINKS_LIMIT
    assert len(body("<p>" + "축제 " * 200_000).text) <= 200_001


@pytest.mark.parametrize("depth", [300, 3_000, 100_000])
def test_depth_hides_nothing(depth):
    facts = page_facts(
        "<p>하나</p>" + "<div><b class='x'>" * depth + "둘<img src='b.jpg'>" + "</b></div>" * depth + "<a href=c>셋</a>", URL
    )
    assert facts.text.split() == ["하나", "둘", "셋"]
    assert facts.image_urls == ("https://city.example/a/b.jpg",)
    assert facts.links == (Link("https://city.example/a/c", "셋"),)


@pytest.mark.parametrize("gap", [" " * 500_000, "\u200b" * 500_000, "&nbsp;" * 50_000, "<br>" * 50_000, "<p> </p>" * 50_000])
def test_length_hides_nothing(gap):
    assert visible(f"하나{gap}둘") in ("하나 둘", "하나둘")


def test_deep_structured_data_is_left_out():
    assert body(f'<script type="application/ld+json">{"[" * 100_000}</script>').video_urls == ()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/a.JPG", "image"),
        ("/a.mp4?x#y", "video"),
        ("/a.mp3", "audio"),
        ("/a.html", None),
        ("/mp4", None),
        ("/", None),
        ("/a?b=.mp4", None),
    ],
)
def test_kind_by_ending(url, kind):
    assert kind_by_ending("https://city.example" + url) == kind


def test_text_and_images_of_a_fragment():
    assert text_and_images("그냥 글", URL) == ("그냥 글", ())
    text, images = text_and_images("<p>가을 &amp; <b>축제</b><img src='b.jpg'>", URL)
    assert (plain(text, 100), images) == ("가을 & 축제", ("https://city.example/a/b.jpg",))


PIECES = """<a href='|'>|<img srcset="|x 1w, |<base href=|<meta property=og:video content=
|<script type='application/ld+json'>|{"@type":
|"VideoObject"|,"contentUrl":[{"url":|}</script>|<video poster=|<iframe src=//|</|<!--|&#x|http://[|\x00"""
FRAGMENTS = st.sampled_from(PIECES.split("|"))


@given(st.lists(st.one_of(FRAGMENTS, st.text(st.characters(exclude_categories=()), max_size=8)), max_size=30))
def test_any_page_is_read(pieces):
    facts = page_facts("".join(pieces), URL)
    plain(facts.title, 300)
    assert all(isinstance(url, str) for url in (*facts.video_urls, *facts.image_urls, *facts.thumbnail_urls, *facts.frame_urls))
