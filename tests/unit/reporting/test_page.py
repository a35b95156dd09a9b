"""Strangers' text is harmless wherever it stands; times read as a person writes them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.reporting.page import clock, instant, neutral, words

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)


@given(ANY_TEXT)
def test_nothing_that_hides_or_reorders_is_left(text):
    shown = neutral(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert len(shown) <= 301
    shown.encode("utf-8")


@given(ANY_TEXT)
def test_escaped_text_cannot_leave_its_place(text):
    assert not set(words(text)) & {"<", ">", '"'}


@given(st.text("가나다 abc,.!?", max_size=300))
def test_ordinary_text_stays_as_it_is(text):
    assert neutral(text) == text


def test_marks_do_not_pile_up():
    assert neutral("e" + "\u0301" * 100) == "e" + "\u0301" * 4


def test_long_text_is_cut_and_says_so():
    assert neutral("가" * 1000, 10) == "가" * 10 + "…"


@pytest.mark.parametrize(("at_s", "said"), [(0, "00:00"), (74.9, "01:14"), (3734, "1:02:14"), (-1, "00:00")])
def test_times_in_a_video(at_s, said):
    assert clock(at_s) == said


def test_instants_keep_their_zone():
    at = datetime(2026, 5, 22, 14, 5, tzinfo=timezone(timedelta(hours=9)))
    assert instant(at) == ("2026. 5. 22.(금) 14:05 +09:00", "22 May 2026, 14:05 +09:00")
    assert instant(at.astimezone(UTC)).ko == "2026. 5. 22.(금) 05:05 +00:00"
