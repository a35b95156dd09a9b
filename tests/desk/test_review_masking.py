"""Names are covered, and nothing in somebody's words steers the page."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim_desk.review.masking import masked, shown


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("서울한빛초등학교 축제", "○○초등학교 축제"),
        ("한빛 중학교 축제", "○○ 중학교 축제"),
        ("한빛중 2학년 3반", "○○중 2학년 3반"),
        ("한빛여고 축제", "○○여고 축제"),
        ("이름: 김하늘", "이름: ○○"),
        ("김하늘 학생의 그림", "○○ 학생의 그림"),
        ("하늘님 안녕하세요", "○○님 안녕하세요"),
        ("김하늘(11세)", "○○(11세)"),
        ("문의 010-1234-5678", "문의 ○○"),
        ("카톡 아이디 haneul_22", "카톡 아이디 ○○"),
        ("@haneul 축제", "@○○ 축제"),
        ("a.b@school.example 로", "○○ 로"),
        ("보기 https://board.example/1?x=2", "보기 ○○"),
        ("Hanbit Middle School festival", "○○ Middle School festival"),
        ("name: Haneul Kim", "name: ○○"),
    ],
)
def test_what_names_somebody_is_covered(text, covered):
    assert masked(text) == covered


@pytest.mark.parametrize(
    "text",
    [
        "동네 축제에서 찍은 사진입니다.",
        "얼굴로 본 추정 나이 13세(11~16세)",
        "2학년 3반 체육대회",
        "고객님 안내",
        "화면 글자: 중학교 이름, 학년",
        "Estimated age from a face 13 (11-16)",
        "우리 학교 축제 13:30 시작",
    ],
)
def test_what_names_nobody_stays_readable(text):
    assert masked(text) == text


def test_what_would_turn_or_steer_the_page_is_visible():
    text = shown("앞\u202e뒤\u2066\x1b[31m\x00\u2028끝\ud800", has_names=True)
    for sign in ("\u202e", "\u2066", "\x1b", "\x00", "\u2028", "\ud800"):
        assert sign not in text
    assert text == "앞\\u202e뒤\\u2066\\x1b[31m\\x00\\u2028끝\\ud800"


def test_lines_are_kept_and_counted_as_written():
    assert shown("하나\r\n둘\n\n셋\t넷") == "하나\n둘\n\n셋 넷"


@given(st.text(max_size=300))
def test_any_text_can_be_written_and_steers_nothing(text):
    for one in shown(text, has_names=True).replace("\n", ""):
        assert unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(one) not in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
    shown(text).encode()
