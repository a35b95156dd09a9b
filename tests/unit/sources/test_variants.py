"""Other ways of writing a keyword: what is typed comes back, nothing is proposed twice, and everything can be searched for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse
from jikim.sources import hangul, variants
from jikim.sources.keywords import keyword

syllables = st.text(st.characters(min_codepoint=hangul.FIRST, max_codepoint=hangul.LAST), max_size=12)
small_letters = st.text("abcdefghijklmnopqrstuvwxyz 0123456789-", max_size=20)


@given(syllables)
def test_what_is_typed_key_by_key_comes_back(text):
    assert hangul.typed(hangul.keys(text)) == text


@given(syllables)
def test_hangul_typed_on_an_english_keyboard_can_be_read_back(text):
    pressed = variants.in_latin_keys(text)
    assert not text or pressed.isascii()
    assert variants.in_hangul_keys(pressed) == text


@given(small_letters)
def test_english_typed_on_a_korean_keyboard_can_be_read_back(text):
    written = variants.in_hangul_keys(text)
    assert not any(one.isascii() and one.isalpha() for one in written)
    assert variants.in_latin_keys(written) == text


@given(st.text(max_size=40))
def test_anything_that_can_be_a_keyword_has_proposals_that_can_be_keywords(text):
    try:
        asked = keyword(text, None).text
    except BadUse:
        return
    proposed = variants.propose(asked)
    folded = [one.text.casefold() for one in proposed]
    assert len(set(folded)) == len(folded)
    assert asked.casefold() not in folded
    assert proposed == variants.propose(asked)
    for one in proposed:
        assert one.kind in variants.KINDS
        assert sum(one.kind == other.kind for other in proposed) <= variants.LIMIT_A_KIND
        if len(one.text) <= 200:
            assert keyword(one.text, None).text == one.text


@given(syllables)
def test_romanised_syllables_are_latin(text):
    assert variants.romanised(text).isascii()


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("왕십리", "wangsimni"),
        ("별내", "byeollae"),
        ("신라", "silla"),
        ("종로", "jongno"),
        ("독립문", "dongnimmun"),
        ("좋고", "joko"),
        ("놓다", "nota"),
        ("해돋이", "haedoji"),
        ("같이", "gachi"),
        ("구미", "gumi"),
        ("영동", "yeongdong"),
        ("합덕", "hapdeok"),
        ("임실", "imsil"),
        ("울릉", "ulleung"),
        ("대관령", "daegwallyeong"),
        ("닭이 값이", "dalgi gapsi"),
    ],
)
def test_words_are_romanised_as_the_rules_give_them(written, heard):
    assert variants.romanised(written) == heard


def test_the_kinds_of_a_harmless_word():
    proposed = {}
    for kind, text in variants.propose("가을 축제"):
        proposed.setdefault(kind, []).append(text)
    assert proposed["spacing"][:2] == ["가을축제", "가 을 축 제"]
    assert proposed["jamo"] == ["ㄱㅏㅇㅡㄹ ㅊㅜㄱㅈㅔ", "ㄱㅇ ㅊㅈ"]
    assert proposed["wrong_keyboard"] == ["rkdmf cnrwp"]
    assert proposed["romanisation"] == ["gaeul chukje", "gaeulchukje"]
    assert ("wrong_keyboard", "ㄹㄷㄴ샾미") in variants.propose("festival")
    assert ("look_alike", "fest1val") in variants.propose("festival")
    assert ("look_alike", "머한민국") in variants.propose("대한민국")


def test_a_letter_pressed_alone_stands_alone():
    assert hangul.typed("ㅋㅋㅋ") == "ㅋㅋㅋ"
    assert hangul.typed("ㅏㅏ") == "ㅏㅏ"
    assert hangul.typed("ㄱㅗㅏ") == "과"
    assert hangul.typed("ㄷㅏㄹㄱㅣ") == "달기"
