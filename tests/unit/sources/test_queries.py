"""A proposed spelling is meant letter by letter; what was typed goes as it was typed."""

import pytest

from jikim.sources.keywords import keyword as read_keyword
from jikim.sources.queries import query_of
from jikim.types import Keyword

SYNTAX = ["naver", "kakao", "youtube", "bluesky", "mastodon", "mediawiki", "searxng", "peertube"]


@pytest.mark.parametrize("source", [*SYNTAX, "feed", "recipe"])
def test_a_plain_word_stands_as_it_is(source):
    for origin in ("typed", "variant", "watch"):
        assert query_of(source, Keyword("가을 축제", origin=origin)) == "가을 축제"


@pytest.mark.parametrize("source", SYNTAX)
@pytest.mark.parametrize("text", ["축제 -등불", "-축제"])
def test_an_operator_is_meant_by_who_typed_it_and_by_no_spelling(source, text):
    assert query_of(source, read_keyword(text, None)) == text
    assert query_of(source, Keyword(text, origin="variant")) == f'"{text}"'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("naver", "축|제"),
        ("kakao", "축+제"),
        ("youtube", "축|제"),
        ("bluesky", "축:제"),
        ("mastodon", "has:축제"),
        ("mediawiki", "intitle:축제"),
        ("searxng", "!축제"),
        ("searxng", "가을 :축제"),
    ],
)
def test_each_place_has_its_own_operators(source, text):
    assert query_of(source, Keyword(text, origin="variant")) == f'"{text}"'
    assert query_of("peertube", Keyword(text, origin="variant")) == text


def test_quotation_marks_of_a_spelling_do_not_end_those_around_it():
    assert query_of("naver", Keyword('"축|제', origin="variant")) == '"축|제"'
