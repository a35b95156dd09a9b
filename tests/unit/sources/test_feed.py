from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import SourceChanged
from jikim.sources.feed import ENTRIES_LIMIT, FeedConfig, FeedSource
from jikim.types import Keyword

URL = "https://news.example/rss.xml"
NAMESPACES = 'xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
FESTIVAL = Keyword("축제")


def rss(*items, head="", encoding="utf-8"):
    start = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0" {NAMESPACES}><channel><title>t</title>{head}'
    text = f"{start}{''.join(items)}</channel></rss>"
    return text.encode("cp949" if encoding == "euc-kr" else encoding)


def entry(title="가을 축제", link="https://news.example/1", more=""):
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def search(recorded, body, keyword=FESTIVAL, content_type="application/rss+xml", since=None, limit=300, **config):
    fetcher = recorded({URL: body}, {URL: content_type})
    source = FeedSource(FeedConfig(**{"url": URL, **config}), fetcher)
    return source, list(source.search(keyword, since, limit))


def only(recorded, body, **others):
    source, (found,) = search(recorded, body, **others)
    assert source.warnings == []
    return found


def test_what_an_entry_says_is_kept(recorded):
    more = """<guid isPermaLink="false">7</guid><author>writer-1</author><pubDate>Sat, 03 Oct 2026 09:00:00 +0900</pubDate>
        <description>&lt;p&gt;공원 &amp;amp; &lt;b&gt;강변&lt;/b&gt; &lt;img src="/i.jpg"&gt;
        &lt;script&gt;x&lt;/script&gt;</description>
        <enclosure url="/1.mp4" type="video/mp4" length="1"/><enclosure url="/1.pdf" type="application/pdf" length="1"/>
        <media:group><media:content url="https://cdn.example/2.mp4" type="video/mp4" duration="61"/>
        <media:thumbnail url="https://cdn.example/2.jpg"/></media:group>"""
    found = only(recorded, rss(entry(more=more)))
    assert (found.native_id, found.url, found.title) == ("news.example 7", "https://news.example/1", "가을 축제")
    assert (found.text, found.author_ref, found.duration_s) == ("공원 & 강변", "writer-1", 61.0)
    assert found.media_urls == ("https://news.example/1.mp4", "https://cdn.example/2.mp4", "https://news.example/i.jpg")
    assert found.thumbnail_urls == ("https://cdn.example/2.jpg",)
    assert found.posted_at.isoformat() == "2026-10-03T00:00:00+00:00"


def test_the_longer_of_summary_and_content_is_the_text(recorded):
    more = "<description>짧은 축제</description><content:encoded><![CDATA[<p>더 긴 <i>축제</i> 이야기</p>]]></content:encoded>"
    assert only(recorded, rss(entry(more=more))).text == "더 긴 축제 이야기"


def test_every_word_has_to_stand_in_title_or_text(recorded):
    items = [entry("가을 소식", "/1", "<description>축제</description>"), entry("가을", "/2"), entry("축제", "/3")]
    assert [found.url for found in search(recorded, rss(*items), Keyword("축제 가을"))[1]] == ["https://news.example/1"]
    assert len(search(recorded, rss(*items), match="never")[1]) == 3


def test_a_search_feed_is_asked_for_the_keyword_and_believed(recorded):
    asked = "https://news.example/s?q=%EA%B0%80%EC%9D%84%20%EC%B6%95%EC%A0%9C%26%2F"
    keyword = Keyword("가을 축제&/")
    for match, count in (("auto", 1), ("always", 0)):
        fetcher = recorded({asked: rss(entry("불꽃"))})
        source = FeedSource(FeedConfig(url="https://news.example/s?q={query}", match=match), fetcher)
        assert len(list(source.search(keyword, None, 300))) == count
        assert fetcher.asked == [asked]


@pytest.mark.parametrize("content_type", ["", "text/xml", "text/xml; charset=euc-kr", "text/html; charset=EUC-KR"])
def test_euc_kr_is_read_as_cp949(recorded, content_type):
    found = only(recorded, rss(entry("쌰 뷁 축제"), encoding="euc-kr"), content_type=content_type)
    assert found.title == "쌰 뷁 축제"


def test_entries_that_name_themselves_alike_are_one(recorded):
    twice = [entry(link="https://news.example/1?utm_source=rss"), entry(link="HTTPS://news.example/1#a")]
    assert len(search(recorded, rss(*twice))[1]) == 1
    guids = [entry(more=f"<guid isPermaLink='false'>{n}</guid>") for n in "12"]
    assert len(search(recorded, rss(*guids))[1]) == 2


def test_an_empty_feed_is_an_honest_nothing(recorded):
    source, found = search(recorded, rss())
    assert (found, source.warnings) == ([], [])


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>log in</body></html>", b'{"a": 1}', b"\x00\x01\xff" * 50, b"<rss", b"<?xml version='1.0'?>"]
)
def test_what_is_no_feed_is_a_change(recorded, body):
    with pytest.raises(SourceChanged) as error:
        search(recorded, body)
    assert error.value.key == "sources.not_a_feed"


def test_a_damaged_feed_gives_what_can_be_read_and_says_so(recorded):
    body = rss(entry(), entry("둘째 축제", "/2"))
    for broken in (body[:-40], body.replace(b"<title>t</title>", b"<title>t & <b></title>")):
        source, found = search(recorded, broken)
        assert "https://news.example/1" in [each.url for each in found]
        assert [warning.key for warning in source.warnings] == ["sources.feed_damaged"]


def test_entities_do_not_explode_and_open_no_file(recorded):
    bomb = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    for doctype, used in ((bomb, "&i;"), ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")):
        body = rss(entry(more=f"<description>{used}</description>")).replace(
            b"<rss", f"<!DOCTYPE rss [{doctype}]><rss".encode(), 1
        )
        _, found = search(recorded, body)
        assert all(len(each.text) < 100 and "root:" not in each.text for each in found)


def test_ten_thousand_entries_and_no_more(recorded):
    body = rss(*(entry(link=f"/{n}") for n in range(ENTRIES_LIMIT + 1)))
    source, found = search(recorded, body, limit=20_000)
    assert len(found) == ENTRIES_LIMIT
    assert [warning.key for warning in source.warnings] == ["sources.feed_cut"]


def test_a_file_name_or_address_as_a_feed_opens_nothing(recorded, tmp_path):
    file = tmp_path / "feed.xml"
    file.write_bytes(rss(entry()))
    for body in (str(file), "http://127.0.0.1:9/feed", "file:///etc/passwd"):
        with pytest.raises(SourceChanged):
            search(recorded, body.encode())


PIECES = """<rss version="2.0">|<feed xmlns="http://www.w3.org/2005/Atom">|<channel>|<item>|</item>|<entry>|<title type="html">
|축제|</title>|<link href="|<link>|http://[|</link>|"/>|<guid>|<id>|<pubDate>|<updated>|2026-13-45|Sat, 99 Oct 2026|99999999|]]>
|<content type="xhtml">|<description>|<![CDATA[|&#0;|&amp|<media:content url="|<enclosure url="http://a.example/b.mp4"/>|</
|<media:thumbnail|<itunes:duration>|:::|<!DOCTYPE|<!ENTITY a "b">|&a;|<?xml version="1.0" encoding="utf-16"?>|<georss:point>1
|<gml:pos>|<dc:date>|<textarea>""".replace("\n", "").split("|")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)), max_size=40))
def test_any_feed_is_read_or_a_change(recorded, pieces):
    with suppress(SourceChanged):
        search(recorded, "".join(pieces).encode(), match="never")


@pytest.mark.parametrize("half", ["&#xD800;", "&#55296;", "&#X0000dfff;", "&#00056320", "&half;"])
def test_half_a_character_in_one_post_hides_no_other(recorded, half):
    more = f"<description>{half}</description><author>{half}</author><enclosure url='http://a/{half}' type='image/png'/>"
    body = rss(entry(f"축제 {half}", f"https://news.example/{half}", more), entry("겨울 축제", "https://news.example/2"))
    body = body.replace(b"<rss", b'<!DOCTYPE rss [<!ENTITY half "&#xD800;">]><rss', 1)

    _, found = search(recorded, body)

    assert [one.title.partition(" ")[0] for one in found] == ["축제", "겨울"]
    for one in found:
        "".join((one.title, one.text, one.url, *one.media_urls)).encode()
