"""A crawl stays on its host, within its depth and its pages, comes to an end, and says what it could not have."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from jikim import sweep
from jikim.errors import FetchFailed, NotConfigured
from jikim.seams import configured
from jikim.sources.crawl import WARNINGS_LIMIT, CrawlConfig, CrawlSource
from jikim.sources.trouble import FAILURES_IN_A_ROW
from jikim.types import Keyword, SourceState

BASE = "https://board.example"
FESTIVAL = Keyword("축제")


def page(title: str, *links: str) -> bytes:
    named = "".join(f'<a href="{link.partition(" ")[0]}">{link.partition(" ")[2]}</a>' for link in links)
    return f"<!doctype html><title>{title}</title>{named}".encode()


def crawl(recorded, served, **settings):
    fetcher = recorded({f"{BASE}{path}": body for path, body in served.items()})
    source = CrawlSource(configured(CrawlConfig, {"url": f"{BASE}/", **settings}, "crawl"), fetcher)
    found = [one.url.removeprefix(BASE) for one in source.search(FESTIVAL, None, 300)]
    return found, [url.removeprefix(BASE) for url in fetcher.asked], source


def test_no_further_than_the_depth(recorded):
    pages = {"/": page("처음", "/1"), "/1": page("하나", "/2"), "/2": page("축제", "/3"), "/3": page("축제")}
    assert crawl(recorded, pages, depth=2)[:2] == (["/2"], ["/", "/1", "/2"])


def test_no_more_than_the_pages_and_what_is_left_is_said(recorded):
    pages = {"/": page("처음", *(f"/{number}" for number in range(9)))} | {f"/{number}": page("축제") for number in range(9)}
    found, asked, source = crawl(recorded, pages, pages=4)
    assert len(found) == 3
    assert len(asked) == 4
    assert [(one.key, one.params["count"]) for one in source.warnings] == [("sources.crawl_unfinished", 6)]
    assert BASE not in source.warnings[0].message(masked=True).ko


def test_links_that_speak_of_the_keyword_come_first(recorded):
    pages = {"/": page("처음", "/1 바다", "/2 가을 축제"), "/1": page("바다"), "/2": page("축제")}
    assert crawl(recorded, pages)[1] == ["/", "/2", "/1"]


def test_one_page_is_read_once_however_it_is_written(recorded):
    pages = {"/": page("축제", "/a", "/a#top", "/a?utm_source=x", f"{BASE}:443/a", "/a/../a"), "/a": page("축제", "/")}
    assert crawl(recorded, pages)[1] == ["/", "/a"]


@pytest.mark.parametrize(
    "link", ["https://other.example/", "https://board.example.evil.example/", "//other.example/", "javascript:x"]
)
def test_no_other_host_is_asked(link, recorded):
    assert crawl(recorded, {"/": page("처음", f"{link} 축제")})[1] == ["/"]


def test_a_page_that_leads_to_itself_deeper_and_deeper_ends(recorded):
    pages = {"/": page("처음", "/a/")} | {"/" + "a/" * depth: page("축제", "a/") for depth in range(1, 10)}
    found, _, _ = crawl(recorded, pages, depth=10)
    assert found == ["/a/", "/a/a/", "/a/a/a/"]


def test_what_cannot_be_had_is_said_and_the_rest_is_delivered(recorded):
    pages = {"/": page("처음", "/gone", "/forbidden", "/1"), "/1": page("축제")}
    found, _, source = crawl(recorded, pages)
    assert found == ["/1"]
    assert len(source.warnings) == 2


def test_the_way_goes_on_past_a_small_page_with_a_sign_in(recorded):
    sign_in = b'<form action="/login"><input type="password" name="pw"></form>'
    found, _, source = crawl(recorded, {"/": page("처음", "/1") + sign_in, "/1": page("축제")})
    assert found == ["/1"]
    assert [one.key for one in source.warnings] == ["sources.wall"]


@pytest.mark.parametrize(
    ("trouble", "state"), [(None, SourceState.EMPTY), (503, SourceState.DEAD), ("captcha", SourceState.BLOCKED)]
)
def test_many_pages_that_are_gone_hide_none_that_could_not_be_read(trouble, state, recorded):
    gone = [f"/forbidden/{number}" for number in range(WARNINGS_LIMIT + 5)]
    pages = {"/": page("처음", *gone, "/trouble", "/end"), "/end": page("끝")}
    if trouble is None:
        pages["/trouble"] = page("바다")
    elif trouble == "captcha":
        pages["/trouble"] = b'<!doctype html><div class="g-recaptcha"></div>'
    fetcher = recorded({f"{BASE}{path}": body for path, body in pages.items()}, otherwise=503)
    source = CrawlSource(CrawlConfig(url=f"{BASE}/"), fetcher)
    health = sweep.Health()
    sweep.ask_place(sweep.Place("crawl", source, fetcher), FESTIVAL, None, 300, health, lambda *_: None)
    assert health.state is state
    assert len(health.warnings) <= WARNINGS_LIMIT + 1


@pytest.mark.parametrize(("status", "asked"), [(503, FAILURES_IN_A_ROW), (429, 1), (404, 50), (403, 50)])
def test_a_host_in_trouble_is_left_alone_and_one_with_dead_links_is_not(status, asked, recorded):
    pages = {f"{BASE}/": page("축제", *(f"/gone/{number}" for number in range(50)))}
    fetcher = recorded(pages, otherwise=status)
    source, found = CrawlSource(CrawlConfig(url=f"{BASE}/"), fetcher), []
    with nullcontext() if asked == 50 else pytest.raises(FetchFailed) as error:
        found.extend(source.search(FESTIVAL, None, 300))
    assert error is None or error.value.status == status
    assert len(found) == 1, "what was found before stands"
    assert len(fetcher.asked) == 1 + asked
    left = [(one.key, one.params["count"]) for one in source.warnings if one.key == "sources.host_left"]
    assert left == ([("sources.host_left", 50 - asked)] if asked < 50 else [])


def test_no_answer_at_all_is_a_failure_and_no_empty_result(recorded):
    with pytest.raises(FetchFailed):
        crawl(recorded, {})


def test_hosts_take_turns(recorded):
    other = "https://other.example"
    answers = {f"{BASE}/": page("처음", "/1"), f"{BASE}/1": page("축제")}
    answers |= {f"{other}/": page("처음", "/1"), f"{other}/1": page("축제")}
    fetcher = recorded(answers)
    source = CrawlSource(CrawlConfig(addresses=(f"{BASE}/", f"{other}/")), fetcher)
    assert len(list(source.search(FESTIVAL, None, 300))) == 2
    assert fetcher.asked == [f"{BASE}/", f"{other}/", f"{BASE}/1", f"{other}/1"]


def test_without_an_address_it_is_not_set_up(recorded):
    with pytest.raises(NotConfigured):
        list(CrawlSource(CrawlConfig(), recorded({})).search(FESTIVAL, None, 1))
