"""Sitemaps as sites write them, and as they should not."""

import gzip
from datetime import UTC, datetime

import pytest

from jikim.errors import FetchFailed, NotConfigured, SourceChanged
from jikim.sources.sitemap import SitemapConfig, SitemapSource
from jikim.types import Keyword

BASE = "https://city.example"
FESTIVAL = Keyword("축제")


def urlset(*entries):
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(entries)}</urlset>'.encode()


def index(*names):
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{BASE}/{name}</loc></sitemap>' for name in names)}</sitemapindex>".encode()


def entry(path, more=""):
    return f"<url><loc>{BASE}/{path}</loc>{more}</url>"


def search(recorded, answers, *, limit=300, since=None, **config):
    source = SitemapSource(SitemapConfig(url=config.pop("url", BASE), **config), recorded(answers))
    return source, list(source.search(FESTIVAL, since, limit))


def test_pages_are_matched_by_title_text_and_address(recorded):
    body = urlset(
        entry("1", "<video><title>가을 축제</title></video>"),
        entry("2", "<image><loc>/2.jpg</loc><caption>축제 사진</caption></image>"),
        entry("%EC%B6%95%EC%A0%9C"),
        entry("4", "<news><title>날씨</title></news>"),
    )
    _, found = search(recorded, {f"{BASE}/sitemap.xml": body})
    assert [each.url for each in found] == [f"{BASE}/1", f"{BASE}/2", f"{BASE}/%EC%B6%95%EC%A0%9C"]
    assert found[1].media_urls == (f"{BASE}/2.jpg",)


def test_an_index_that_names_itself_ends(recorded):
    answers = {f"{BASE}/sitemap.xml": index("sitemap.xml", "a.xml"), f"{BASE}/a.xml": index("sitemap.xml", "a.xml")}
    _, found = search(recorded, answers)
    assert found == []


def test_more_lists_than_may_be_read_are_told(recorded):
    answers = {f"{BASE}/sitemap.xml": index(*(f"{n}.xml" for n in range(30)))}
    answers |= {f"{BASE}/{n}.xml": urlset(entry(f"축제-{n}")) for n in range(30)}
    source, found = search(recorded, answers, lists=5)
    assert len(found) == 4
    assert source.warnings[-1].key == "sources.sitemaps_left"


def test_a_list_that_fails_hides_no_other(recorded):
    answers = {f"{BASE}/sitemap.xml": index("gone.xml", "b.xml"), f"{BASE}/b.xml": urlset(entry("축제"))}
    source, found = search(recorded, answers)
    assert len(found) == 1
    assert [error.status for error in source.warnings] == [404]


def test_what_is_no_sitemap_is_said(recorded):
    for body in (b"<html><body>404</body></html>", b"", b"not xml", gzip.compress(b"x")):
        with pytest.raises(SourceChanged):
            search(recorded, {f"{BASE}/sitemap.xml": body})
    with pytest.raises(FetchFailed):
        search(recorded, {f"{BASE}/sitemap.xml": b"\x1f\x8b\x08broken"})
    with pytest.raises(NotConfigured):
        SitemapSource.verify(SitemapConfig())


def test_a_packed_bomb_is_not_unpacked(recorded):
    bomb = gzip.compress(b" " * (60 * 2**20))
    assert len(bomb) < 100_000
    with pytest.raises(FetchFailed) as caught:
        search(recorded, {f"{BASE}/sitemap.xml": bomb})
    assert caught.value.key == "sources.sitemap_too_large"


def test_a_damaged_list_gives_what_can_be_read(recorded):
    body = urlset(entry("축제"), entry("축제-2"))[:-30]
    source, found = search(recorded, {f"{BASE}/sitemap.xml": body})
    assert found
    assert [error.key for error in source.warnings] == ["sources.sitemap_damaged"]


def test_only_what_changed_since_is_asked_for(recorded):
    body = (
        f"<sitemapindex><sitemap><loc>{BASE}/old.xml</loc><lastmod>2026-01-01</lastmod></sitemap>"
        f"<sitemap><loc>{BASE}/new.xml</loc><lastmod>2026-11-01</lastmod></sitemap></sitemapindex>"
    ).encode()
    _, found = search(
        recorded,
        {f"{BASE}/sitemap.xml": body, f"{BASE}/new.xml": urlset(entry("축제"))},
        since=datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert len(found) == 1
