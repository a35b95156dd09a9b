from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jikim import seams
from jikim.errors import BadUse, FetchFailed, NotConfigured, SourceChanged
from jikim.sources.mediawiki import MediawikiConfig, MediawikiSource
from jikim.types import Answer, Keyword

FESTIVAL = Keyword("축제")
WIKI = "https://wiki.example"


def hit(pageid=1, **changes):
    return {"ns": 0, "title": f"축제 {pageid}", "pageid": pageid, "snippet": "", "timestamp": "2026-10-03T09:00:00Z", **changes}


def hits(*found, following=None):
    return {"query": {"search": found}, **({"continue": following} if following else {})}


def details(*pages, following=None):
    return {"query": {"pages": pages}, **({"continue": following} if following else {})}


def file(**changes):
    made = {"url": "https://files.example/1.jpg", "thumburl": "https://files.example/t/1.jpg", "mime": "image/jpeg"}
    return {**made, "timestamp": "2026-10-02T09:00:00Z", "user": "Writer", **changes}


class Wiki:
    """Answers each request for a search, and each one for details, with the next of what it was given."""

    def __init__(self, searches, lookups, headers):
        self.searches, self.lookups, self.headers = list(searches), list(lookups), headers
        self.asked = []

    def get(self, url, *, headers=None, max_bytes=None):
        sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.asked.append(sent)
        said = (self.searches if "srsearch" in sent else self.lookups).pop(0)
        body = said if isinstance(said, bytes) else msgspec.json.encode(said)
        return Answer(url, url, 200, self.headers, body, "192.0.2.1", datetime.now(UTC))


def search(searches, lookups=(), since=None, limit=300, headers=None, **settings):
    fetcher = Wiki(searches, lookups, headers or {})
    source = MediawikiSource(MediawikiConfig(**{"url": WIKI, **settings}), fetcher)
    return source, list(source.search(FESTIVAL, since, limit)), fetcher.asked


def test_the_examples_give_what_they_promise(recorded):
    for example in MediawikiSource.examples():
        fetcher = recorded(example.answers)
        source = MediawikiSource(seams.configured(MediawikiConfig, example.config, "mediawiki"), fetcher)
        assert isinstance(source, seams.Source)
        found = list(source.search(example.keyword, None, 300))
        assert tuple(each.native_id for each in found) == example.native_ids
        assert set(fetcher.asked) == set(example.answers)
        assert source.warnings == []


def test_nothing_found_is_an_honest_nothing_and_asks_for_no_details():
    _, found, asked = search([hits()])
    assert (found, len(asked)) == ([], 1)


def test_what_a_file_says_is_kept():
    snippet = 'a &amp; b <span class="searchmatch">축제</span>'
    page = {"pageid": 1, "fullurl": f"{WIKI}/wiki/1", "imageinfo": [file(mime="video/webm", duration=61.5)]}
    _, (found,), _ = search([hits(hit(snippet=snippet))], [details(page)])
    assert (found.url, found.title, found.text) == (f"{WIKI}/wiki/1", "축제 1", "a & b 축제")
    assert (found.author_ref, found.duration_s) == ("Writer", 61.5)
    assert (found.media_urls, found.thumbnail_urls) == (("https://files.example/1.jpg",), ("https://files.example/t/1.jpg",))
    assert found.posted_at == datetime(2026, 10, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("page", "media", "thumbnails"),
    [
        ({"imageinfo": [file(mime="image/svg+xml")], "original": {"source": "https://f.example/1.svg"}}, 0, 1),
        ({"imageinfo": [file(mime="application/pdf")]}, 0, 1),
        ({"imageinfo": [file(mime="application/ogg", thumburl=None)]}, 1, 0),
        ({"original": {"source": "https://f.example/1.JPG"}, "thumbnail": {"source": "https://f.example/t.jpg"}}, 1, 1),
        ({"original": {"source": "https://f.example/1.svg"}, "thumbnail": {"source": "https://f.example/t.png"}}, 0, 1),
        ({}, 0, 0),
    ],
)
def test_only_what_can_be_opened_is_media(page, media, thumbnails):
    _, (found,), _ = search([hits(hit())], [details({"pageid": 1, **page})])
    assert (len(found.media_urls), len(found.thumbnail_urls)) == (media, thumbnails)


def test_a_page_that_went_meanwhile_is_still_named():
    _, (found,), _ = search([hits(hit(7))], [details({"pageid": 7, "missing": True})])
    assert found.url == f"{WIKI}/w/index.php?curid=7"


def test_details_that_come_in_parts_are_put_together():
    first = details(
        {"pageid": 1, "fullurl": f"{WIKI}/wiki/1"}, {"pageid": 2}, following={"picontinue": 2, "continue": "||info"}
    )
    second = details(
        {"pageid": 1, "original": {"source": "https://f.example/1.jpg"}}, {"pageid": 2, "fullurl": f"{WIKI}/wiki/2"}
    )
    _, (one, two), asked = search([hits(hit(1), hit(2))], [first, second])
    assert (one.url, one.media_urls, two.url) == (f"{WIKI}/wiki/1", ("https://f.example/1.jpg",), f"{WIKI}/wiki/2")
    assert (asked[2]["picontinue"], asked[2]["continue"], asked[2]["pageids"]) == ("2", "||info", "1|2")


def test_details_without_end_are_asked_for_a_few_times_only():
    endless = details({"pageid": 1}, following={"picontinue": 2})
    assert len(search([hits(hit())], [endless] * 9)[2]) == 6


def test_what_continues_a_search_is_sent_back():
    following = {"sroffset": 50, "continue": "-||"}
    _, found, asked = search([hits(hit(1), following=following), hits(hit(2))], [details(), details()])
    assert len(found) == 2
    assert (asked[2]["sroffset"], asked[2]["continue"], asked[2]["srlimit"]) == ("50", "-||", "50")


def test_the_namespaces_are_those_set():
    assert search([hits()])[2][0]["srnamespace"] == "0|6"
    assert search([hits()], namespaces=(6,))[2][0]["srnamespace"] == "6"
    for wrong in ([], [-1], "6"):
        with pytest.raises(BadUse):
            seams.configured(MediawikiConfig, {"url": WIKI, "namespaces": wrong}, "mediawiki")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (WIKI, f"{WIKI}/w/index.php?curid=1"),
        (f"{WIKI}/", f"{WIKI}/w/index.php?curid=1"),
        (f"{WIKI}/mediawiki/api.php", f"{WIKI}/mediawiki/index.php?curid=1"),
    ],
)
def test_the_interface_is_where_it_is_said_to_be(url, page):
    assert search([hits(hit())], [details()], url=url)[1][0].url == page


@pytest.mark.parametrize(
    ("code", "status"),
    [("ratelimited", 429), ("maxlag", 503), ("readapidenied", 403), ("internal_api_error_X", None), ("nosuch https://x", None)],
)
def test_an_error_in_a_good_answer_is_a_failure(code, status):
    said = {"error": {"code": code, "info": "see https://elsewhere.example"}}
    with pytest.raises(FetchFailed) as error:
        search([said], headers={"retry-after": "5"})
    assert not isinstance(error.value, SourceChanged)
    assert (error.value.status, error.value.retry_after_s) == (status, 5)
    assert "elsewhere" not in str(error.value)
    assert ("code nosuch" in str(error.value)) is False


def test_an_error_among_the_details_is_a_failure_too():
    with pytest.raises(FetchFailed) as error:
        search([hits(hit())], [{"error": {"code": "ratelimited"}}], headers={"retry-after": "soon"})
    assert (error.value.status, error.value.retry_after_s) == (429, None)


@pytest.mark.parametrize(
    ("searches", "lookups", "field"),
    [
        ([{"batchcomplete": True}], [], "query"),
        ([{"query": {}}], [], "query.search"),
        ([hits({"title": "x"})], [], "query.search[0].pageid"),
        ([hits(hit(timestamp=1))], [], "query.search[0].timestamp"),
        ([hits(following=[1])], [], "continue"),
        ([hits(hit())], [{"query": {"pages": {"1": {}}}}], "query.pages"),
        ([hits(hit())], [details({"pageid": 1, "imageinfo": [{}]})], "query.pages[0].imageinfo[0].url"),
        ([{"error": "x"}], [], "error"),
    ],
)
def test_a_changed_shape_names_the_field(searches, lookups, field):
    with pytest.raises(SourceChanged) as error:
        search(searches, lookups)
    assert error.value.params["field"] == field


def test_without_an_address_it_is_politely_absent():
    with pytest.raises(NotConfigured):
        MediawikiSource.verify(MediawikiConfig())
    with pytest.raises(BadUse):
        MediawikiSource.verify(MediawikiConfig(url="wiki.example"))
