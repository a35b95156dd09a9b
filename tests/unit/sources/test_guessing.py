"""A recipe guessed from a site's own pages finds there what a person would."""

from __future__ import annotations

import tomllib
from urllib.parse import quote

import msgspec
import pytest

from jikim.errors import SourceChanged
from jikim.sources.guessing import guessed, written
from jikim.sources.recipe import RecipeConfig, RecipeSource
from jikim.sources.recipes import Recipe
from jikim.types import Keyword

BASE = "https://site.example"
FESTIVAL = Keyword("축제")
UTF8, EUC_KR = quote("축제"), quote("축제".encode("euc-kr"))

FORUM = """<form action="/login" method="post"><input name="id"></form>
<form action="/find"><input type="hidden" name="in" value="all"><input name="q"></form>"""
THREADS = "".join(
    f'<li class="thread"><h3><a class="subject" href="/t/{n}">가을 축제 {n}</a></h3><img src="/s/{n}.jpg">'
    f'<time datetime="2026-10-0{n}T09:00:00Z">어제</time><a href="/u/{n}">글쓴이</a></li>'
    for n in (1, 2, 3)
)
TUBE = '<form role="search"><input type="search" name="search_query"></form>'
VIDEOS = "".join(f'<div class="grid"><div class="card"><a href="/w/{n}">축제 영상 {n}</a></div></div>' for n in (1, 2))
BOARD = (
    '<meta charset="euc-kr"><form action="list.php"><select name="sf"><option value="title" selected></select>'
    '<input name="stx"></form>'
)
ROWS = "".join(
    f'<tr class="row"><td>{n}</td><td><a href="view.php?no={n}">축제 안내 {n}</a></td><td class="day">2026.10.0{n}</td></tr>'
    for n in (1, 2, 3)
)

SITES = {
    "forum": (
        "/",
        FORUM,
        f"/find?in=all&q={UTF8}",
        f"<ul>{THREADS}</ul><nav><a href='/find?in=all&q={UTF8}&p=2'>2</a></nav>",
        "utf-8",
        "/t/",
    ),
    "video site": ("/", TUBE, f"/?search_query={UTF8}", f"<main>{VIDEOS}</main>", "utf-8", "/w/"),
    "board": (
        "/b/",
        BOARD,
        f"/b/list.php?sf=title&stx={EUC_KR}",
        f'<meta charset="euc-kr"><table>{ROWS}</table>',
        "euc-kr",
        "/b/view",
    ),
}


@pytest.mark.parametrize("kind", SITES)
def test_the_guess_finds_what_is_there(kind, recorded):
    front_path, front, asked, results, charset, found_at = SITES[kind]
    answers = {BASE + front_path: front.encode(charset), BASE + asked: f"<html><body>{results}".encode(charset)}
    recipe = guessed(BASE + front_path, FESTIVAL, recorded(answers))
    text = written(recipe)
    assert len(text.splitlines()) <= 25
    read = msgspec.convert(tomllib.loads(text), Recipe)
    assert read == recipe

    first = recipe.address("축제", 1)
    answers = {recipe.address("축제", 2): b"<html>", first: answers[BASE + asked]}
    source = RecipeSource(RecipeConfig(recipe=read), recorded(answers))
    found = list(source.search(FESTIVAL, None, 300))
    assert len(found) >= 2
    assert all(one.url.startswith(BASE + found_at) and "축제" in one.title for one in found)
    assert source.canary == "축제"
    if kind == "forum":
        assert "{page}" in recipe.search
        assert all(one.posted_at and one.thumbnail_urls for one in found)
    if kind == "board":
        assert recipe.fields.posted == "td.day"


def test_a_page_without_a_search_is_said_so(recorded):
    with pytest.raises(SourceChanged) as error:
        guessed(f"{BASE}/", FESTIVAL, recorded({f"{BASE}/": b"<form method=post><input name=q></form>"}))
    assert error.value.key == "sources.no_search_form"


def test_a_search_of_another_site_does_not_count(recorded):
    page = b'<form action="https://other.example/s"><input name=q></form>'
    with pytest.raises(SourceChanged):
        guessed(f"{BASE}/", FESTIVAL, recorded({f"{BASE}/": page}))


def test_too_few_results_are_no_guess(recorded):
    answers = {f"{BASE}/": FORUM.encode(), f"{BASE}/find?in=all&q={UTF8}": "<li><a href=/1>축제</a>".encode()}
    with pytest.raises(SourceChanged) as error:
        guessed(f"{BASE}/", FESTIVAL, recorded(answers))
    assert error.value.key == "sources.no_results_seen"
