"""A sign-in, a captcha and a cookie wall are no answer: never "nothing found"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jikim.errors import FetchRefused, SourceChanged
from jikim.sources.answers import read
from jikim.sources.recipe import RecipeConfig, RecipeSource
from jikim.sources.recipes import Fields, Recipe
from jikim.sweep import state_of
from jikim.types import Answer, Keyword, SourceState

BASE = "https://site.example"
ASKED = f"{BASE}/find?q=%EC%B6%95%EC%A0%9C"
WALLS = {
    "sign_in": '<form action="/login"><input name=id><input type="password" name=pw></form>',
    "captcha": '<script src="https://www.google.com/recaptcha/api.js"></script><div class="g-recaptcha"></div>',
    "consent": '<form action="https://site.example/consent/save"><button>동의</button></form>',
}


def answer(body):
    return Answer(BASE, BASE, 200, {}, body, "192.0.2.1", datetime.now(UTC))


def found(recorded, body):
    recipe = Recipe(search=f"{BASE}/find?q={{query}}", results="li.row", fields=Fields(url="a@href"))
    return list(RecipeSource(RecipeConfig(recipe=recipe), recorded({ASKED: body.encode()})).search(Keyword("축제"), None, 9))


@pytest.mark.parametrize("kind", WALLS)
def test_a_wall_is_named_and_the_place_is_blocked(kind, recorded):
    with pytest.raises(FetchRefused) as error:
        found(recorded, f"<!doctype html><body>{WALLS[kind]}")
    assert error.value.params["kind"] == {"message": f"sources.wall_{kind}"}
    assert state_of(error.value) is SourceState.BLOCKED
    assert BASE not in error.value.message(masked=True).ko


@pytest.mark.parametrize("kind", WALLS)
def test_a_wall_before_an_interface_is_named_too(kind):
    with pytest.raises(FetchRefused):
        read(answer(f"<!doctype html>{WALLS[kind]}".encode()), dict)


def test_other_pages_in_the_stead_of_json_are_a_change():
    with pytest.raises(SourceChanged):
        read(answer(b"<!doctype html><title>news</title>"), dict)


@pytest.mark.parametrize(
    "body",
    [
        "<header><form><input type=password></form></header><p>결과 없음</p>",
        f'<li class="row"><a href="/1">축제</a></li>{WALLS["sign_in"]}',
    ],
)
def test_a_small_sign_in_on_an_honest_page_is_none(body, recorded):
    assert len(found(recorded, f"<!doctype html><body>{body}")) in (0, 1)
