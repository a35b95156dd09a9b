import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.sources.charsets import decoded
from jikim.sources.dates import CLOCK_SKEW, duration_s, posted_at
from jikim.sources.text import matches, plain
from jikim.types import Keyword

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (" 가을\r\n\t축제 ", "가을 축제"),
        ("가을\x00\x1b[31m축제", "가을 [31m축제"),
        ("가을\u202e축제\ufeff", "가을축제"),
        ("가\ud800을", "가을"),
        (unicodedata.normalize("NFD", "축제"), "축제"),
    ],
)
def test_plain(said, kept):
    assert plain(said, 300) == kept


@given(ANY_TEXT, st.integers(1, 50))
def test_plain_is_bounded_stable_and_printable(text, limit):
    once = plain(text, limit)
    assert len(once) <= limit
    assert plain(once, limit) == once
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in once)


@pytest.mark.parametrize(
    ("keyword", "texts", "expected"),
    [
        ("축제", ("가을축제 소식",), True),
        ("가을 축제", ("축제", "이번 가을"), True),
        ("가을 축제", ("축제",), False),
        ("FESTIVAL", ("a Festival"), False),
        ("FESTIVAL", ("a festival",), True),
        ("straße", ("STRASSE",), True),
        ("축제", (unicodedata.normalize("NFD", "축제"),), True),
        ("축제", ("축\u200b제",), True),
    ],
)
def test_matches(keyword, texts, expected):
    assert matches(Keyword(keyword), *texts) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-10-03T09:00:00+09:00", datetime(2026, 10, 3, 0, tzinfo=UTC)),
        ("2026-10-03T09:00:00Z", datetime(2026, 10, 3, 9, tzinfo=UTC)),
        ("2026-10-03 09:00", datetime(2026, 10, 3, 9, tzinfo=UTC)),
        ("20261003", datetime(2026, 10, 3, tzinfo=UTC)),
        ("Sat, 03 Oct 2026 09:00:00 +0900", datetime(2026, 10, 3, tzinfo=UTC)),
        (0, None),
        (1790985600, datetime(2026, 10, 3, tzinfo=UTC)),
        ("어제", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**30, None),
        ("0001-01-01T00:00:00+14:00", None),
        (NOW + CLOCK_SKEW, NOW + CLOCK_SKEW),
        (NOW + CLOCK_SKEW + timedelta(seconds=1), None),
        ("2099-01-01", None),
    ],
)
def test_posted_at(said, expected):
    assert posted_at(said, NOW) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("PT1M5S", 65),
        ("P1DT1H", 90_000),
        ("PT2.5S", 2.5),
        ("1:02:03", 3723),
        ("1:05", 65),
        ("65", 65),
        (65, 65),
        ("PT", None),
        ("0", None),
        (-1, None),
        ("12:", None),
        ("a", None),
        ("", None),
        (None, None),
        ("9" * 50, None),
        (float("nan"), None),
    ],
)
def test_duration_s(said, expected):
    assert duration_s(said) == expected


@given(ANY_TEXT)
def test_any_text_has_a_date_and_a_duration_or_none(text):
    said = posted_at(text, NOW)
    assert said is None or said.tzinfo is UTC
    assert duration_s(text) is None or duration_s(text) > 0


HANGUL = "가을 축제 뷁 쌰"  # the last two are in CP949 only


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (HANGUL.encode("utf-8"), ""),
        (HANGUL.encode("utf-8-sig"), "text/html; charset=euc-kr"),
        (HANGUL.encode("utf-16"), "text/html"),
        (HANGUL.encode("cp949"), "text/html; charset=EUC-KR"),
        (HANGUL.encode("cp949"), 'text/html; charset="ks_c_5601-1987"'),
        (HANGUL.encode("cp949"), "text/html"),
        (HANGUL.encode("cp949"), "text/html; charset=utf-8"),
        (HANGUL.encode("utf-8"), "text/html; charset=euc-kr"),
        (HANGUL.encode("utf-8"), "text/html; charset=punycode"),
    ],
)
def test_decoded(body, content_type):
    assert decoded(body, content_type) == HANGUL


@pytest.mark.parametrize(
    "declaration", ['<meta charset="euc-kr">', '<meta http-equiv="Content-Type" content="text/html; charset=EUC-KR">']
)
def test_decoded_by_its_own_declaration(declaration):
    assert decoded((declaration + HANGUL).encode("cp949")) == declaration + HANGUL


def test_a_declaration_of_utf_16_that_can_be_read_is_wrong():
    page = '<meta charset="utf-16">가을'
    assert decoded(page.encode()) == page


def test_one_broken_byte_costs_one_character():
    assert decoded(b"\xff" + ("축제 " * 60).encode()) == "\ufffd" + "축제 " * 60


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "text/html; charset=euc-kr", "text/html; charset=big5", "charset=\x00", "charset=rot13"]),
)
def test_any_bytes_are_decoded(body, content_type):
    assert "\0" not in decoded(body, content_type)
