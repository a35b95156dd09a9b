from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.analyzers.text_language import EDGE, LetterModel, korean_words
from jikim.analyzers.text_spelling import BEAMS, CHOICES, is_doubtful, spelled

LETTERS = ["", *"헤체어진술글심쟁이 019ab썮은가수컴백"]


def _shares(*steps):
    """(n, classes) of steps that name some letters and how sure they are; the rest of each is no letter."""
    shares = np.zeros((len(steps), len(LETTERS)), np.float32)
    for row, step in zip(shares, steps, strict=True):
        for letter, share in step.items():
            row[LETTERS.index(letter)] = share
        row[0] = 1 - row.sum()
    return shares


def _between(*steps):
    """The same with a step that shows nothing after each."""
    return _shares(*(one for step in steps for one in (step, {})))


def test_likely_words_cost_less_than_unlikely_ones():
    words = korean_words()
    assert words.cost(EDGE + "학", "교") < words.cost(EDGE + "학", "굔")
    assert words.cost("학교", "에") < words.cost("학교", "쟁")
    assert words.cost("뷁뷁", "뷁") > 9


@pytest.mark.parametrize("before", ["", EDGE, EDGE + "학", "학교", "교에서", "뷁"])
def test_what_may_follow_is_likely_as_a_whole(before):
    syllables = (chr(code) for code in range(ord("가"), ord("힣") + 1))
    whole = sum(math.exp(-korean_words().cost(before, letter)) for letter in (*syllables, EDGE))
    assert whole == pytest.approx(1, abs=0.03)  # each cost is a byte


def test_a_doubtful_letter_is_given_as_it_makes_a_word():
    shares = _between({"체": 0.6, "헤": 0.39}, {"어": 1.0}, {"진": 1.0})
    assert is_doubtful(shares)
    assert spelled(shares, LETTERS, korean_words()) == "헤어진"


def test_a_letter_that_was_read_surely_stays_though_it_makes_no_word():
    shares = _between({"체": 0.9995}, {"어": 1.0}, {"진": 1.0})
    assert not is_doubtful(shares)
    assert spelled(shares, LETTERS, korean_words()) == "체어진"


def test_a_syllable_that_hardly_any_word_has_must_be_seen_much_more_surely():
    assert spelled(_between({"썮": 0.9, "글": 0.1}, {"은": 1.0}), LETTERS, korean_words()) == "글은"
    assert spelled(_between({"썮": 0.995, "글": 0.005}, {"은": 1.0}), LETTERS, korean_words()) == "썮은"


def test_a_blank_that_was_half_seen_between_words_is_one():
    shares = _shares({"가": 1.0}, {"수": 1.0}, {" ": 0.2}, {" ": 0.2}, {"컴": 1.0}, {"백": 1.0})
    assert spelled(shares, LETTERS, korean_words()) == "가수 컴백"


def test_numbers_and_latin_letters_stay_as_they_were_read():
    shares = _between({"0": 0.9, "이": 0.1}, {"1": 1.0}, {"0": 0.7, "9": 0.3}, {"a": 0.8, "b": 0.2})
    assert spelled(shares, LETTERS, korean_words()) == "010a"


def test_a_letter_twice_in_a_row_is_one_unless_something_lies_between():
    assert spelled(_shares({"이": 1.0}, {"이": 1.0}), LETTERS, korean_words()) == "이"
    assert spelled(_shares({"이": 1.0}, {}, {"이": 1.0}), LETTERS, korean_words()) == "이이"


def test_steps_that_show_nothing_at_all_give_no_letters():
    assert spelled(np.zeros((3, len(LETTERS)), np.float32), LETTERS, korean_words()) == ""


def test_a_long_line_that_might_be_anything_is_read_with_bounded_work(monkeypatch):
    asked = []
    monkeypatch.setattr(LetterModel, "cost", lambda *about: asked.append(about) or 5.0)
    letters = ["", *(chr(ord("가") + number) for number in range(500))]
    shares = np.full((240, len(letters)), 1 / len(letters), np.float32)
    assert len(spelled(shares, letters, korean_words())) > 0
    assert len(asked) < 240 * BEAMS * CHOICES


@given(st.lists(st.sampled_from(range(len(LETTERS))), min_size=1, max_size=12))
def test_what_was_read_surely_is_read_as_it_stands(numbers):
    shares = np.full((len(numbers), len(LETTERS)), 1e-6, np.float32)
    shares[range(len(numbers)), numbers] = 1
    kept = [here for before, here in zip([0, *numbers[:-1]], numbers, strict=True) if here != before]
    assert spelled(shares, LETTERS, korean_words()) == "".join(LETTERS[number] for number in kept)
