import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse
from jikim.sources.keywords import KEYWORD_LIMIT, keyword


@pytest.mark.parametrize(
    ("typed", "text", "lang"),
    [
        ("축제", "축제", "ko"),
        ("  가을   축제\n", "가을 축제", "ko"),
        (unicodedata.normalize("NFD", "축제"), "축제", "ko"),
        ("\ufeff축\u200b제", "축제", "ko"),
        ("가을\u3000축제", "가을 축제", "ko"),
        ("festival", "festival", "en"),
        ("花火まつり", "花火まつり", "ja"),
        ("烟花", "烟花", "zh"),
        ("праздник", "праздник", "ru"),
        ("2026", "2026", "ko"),
        ("🎆", "🎆", "ko"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", "ko"),
    ],
)
def test_what_was_meant(typed, text, lang):
    made = keyword(typed, None)
    assert (made.text, made.lang, made.origin) == (text, lang, "typed")


def test_a_given_language_is_kept():
    assert keyword("축제", "zh-Hans").lang == "zh-Hans"


@pytest.mark.parametrize("typed", ["", "   ", "\n\t", "\u3000\u00a0", "\u200b\ufeff", "\u0301", "\u200d"])
def test_nothing_visible_is_bad_use(typed):
    with pytest.raises(BadUse, match="empty"):
        keyword(typed, None)


@pytest.mark.parametrize(
    "typed",
    ["축\x00제", "축\x1b[31m제", "축\n제", "축\u202e제", "축\u2066제", "축\u0085제", "축\u2028제", "축\ud800제", "a\x7fb"],
)
def test_control_characters_are_bad_use(typed):
    with pytest.raises(BadUse, match="control"):
        keyword(typed, None)


@pytest.mark.parametrize("length", [KEYWORD_LIMIT + 1, 10_000])
def test_too_long_is_bad_use(length):
    with pytest.raises(BadUse, match="too long"):
        keyword("축" * length, None)
    assert len(keyword("축" * KEYWORD_LIMIT, None).text) == KEYWORD_LIMIT


@pytest.mark.parametrize("lang", ["", "k", "한국어", "ko_KR", "x" * 50])
def test_a_language_that_is_none_is_bad_use(lang):
    with pytest.raises(BadUse, match="language"):
        keyword("축제", lang)


@given(st.text(st.characters(exclude_categories=()), max_size=260))
def test_any_text_gives_a_stable_keyword_or_bad_use(typed):
    try:
        once = keyword(typed, None)
    except BadUse:
        return
    assert keyword(once.text, None) == once
    assert once.text == unicodedata.normalize("NFC", once.text)
    assert once.text.strip()
    once.text.encode("utf-8")
