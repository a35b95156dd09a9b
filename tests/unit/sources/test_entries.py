"""Feeds as they are found, in every dialect."""

import pytest

from jikim.sources.entries import feed_entries


def only(text):
    feed = feed_entries(text, 10)
    assert feed is not None
    (entry,) = feed.entries
    return entry


@pytest.mark.parametrize(
    "text",
    [
        "<rss version='2.0'><channel><item><title>축제</title><link>/1</link><pubDate>D</pubDate></item></channel></rss>",
        "<rss version='0.91'><channel><item><title>축제</title><link>/1</link><pubDate>D</pubDate></item></channel></rss>",
        """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
            xmlns:dc="http://purl.org/dc/elements/1.1/"><channel/><item><title>축제</title><link>/1</link><dc:date>D</dc:date></item></rdf:RDF>""",
        """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>축제</title><link rel="self" href="/s"/><link href="/1"/>
            <published>D</published><updated>E</updated></entry></feed>""",
        "<feed><entry><title>축제</title><link rel='alternate' href='/1'/><issued>D</issued></entry></feed>",
        "\ufeff\n <rss><channel><item><title>축제</title><link>/1</link><dc:date>D</dc:date></item></channel></rss>",
    ],
)
def test_dialects(text):
    entry = only(text)
    assert (entry.title, entry.link, entry.posted) == ("축제", "/1", "D")


@pytest.mark.parametrize("text", ["", "x", "<html><item/></html>", "{}", "<opml/>", "<!DOCTYPE rss>", "<svg><entry/></svg>"])
def test_what_is_no_feed(text):
    assert feed_entries(text, 10) is None


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<summary type="text">1 &lt; 2 &amp; 3</summary>', "1 &lt; 2 &amp; 3"),
        ("<summary>1 &lt; 2</summary>", "1 &lt; 2"),
        ('<content type="html">&lt;b&gt;1&lt;/b&gt;</content>', "<b>1</b>"),
        ('<content type="xhtml"><div>1 <b>2</b></div></content>', '<content type="xhtml"><div>1 <b>2</b></div></content>'),
    ],
)
def test_atom_says_what_is_markup(markup, text):
    assert only(f"<feed><entry>{markup}</entry></feed>").texts == [text]


def test_names_of_characters_that_only_html_knows():
    assert only("<rss><item><title>a&nbsp;b&eacute; &amp;lt; &unknown;</title></item></rss>").title == "a\xa0bé &lt;"


def test_an_author_by_any_name():
    for said in ("<author>w</author>", "<dc:creator>w</dc:creator>", "<author><name>w</name><email>e</email></author>"):
        assert only(f"<rss><item>{said}</item></rss>").author == "w"


def test_media_rss_without_its_declaration():
    entry = only(
        """<rss><item><title>t</title><media:title>m</media:title><media:group><media:content url="/1.mp4" duration="5">
        <media:thumbnail url="/1.jpg"/></media:content></media:group></item></rss>"""
    )
    assert (entry.title, entry.media_urls, entry.thumbnail_urls, entry.duration_s) == ("t", ["/1.mp4"], ["/1.jpg"], 5)


def test_unclosed_items_do_not_swallow_one_another():
    feed = feed_entries("<rss><item><title>1</title><item><title>2</title><item><title>3</title>", 10)
    assert [entry.title for entry in feed.entries] == ["1", "2", "3"]
    assert feed.is_damaged


@pytest.mark.parametrize(
    "text",
    [
        "<rss>" + "<item><description>" * 100 + "<b>x</b>" * 300_000,
        "<rss>" + "<item><description>" * 100 + "x" * 2_000_000,
        "<rss><item><title>t</title>" + '<media:content url="/x.mp4"/>' * 50_000,
        "<rss><channel>" + "<a>" * 300_000,
    ],
)
def test_what_is_endless_is_cut(text):
    for entry in feed_entries(text, 10_000).entries:
        assert sum(map(len, (entry.title, *entry.texts))) <= 100_000
        assert len(entry.media_urls) <= 200
