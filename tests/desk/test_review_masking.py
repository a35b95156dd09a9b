"""Names are covered, and nothing in somebody's words steers the page."""

import tomllib
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim_desk.review.masking import masked, names_in, shown


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
        ("김민준이가 그랬대", "○○이가 그랬대"),
        ("박서연은 우리 반이야", "○○은 우리 반이야"),
        ("남궁민수, 이예진 둘이", "○○, ○○ 둘이"),
        ("민준아 빨리 와", "○○아 빨리 와"),
        ("서윤이가 올린 사진", "○○이가 올린 사진"),
        ("이름은 나다움이야", "이름은 ○○이야"),
        ("Minjun Kim posted it", "○○ posted it"),
        ("한빛고 재학 중", "○○고 재학 중"),
        ("한빛중 다니는 애", "○○중 다니는 애"),
        ("한빛아파트 101동", "○○아파트 101동"),
        ("2011년 3월 5일생", "○○생"),
        ("틱톡 haneul.22", "틱톡 ○○"),
        ("디스코드 haneul#1234", "디스코드 ○○"),
        ("open.kakao.com/o/abcd 로", "○○ 로"),
        ("110101-3012345", "○○"),
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
        "연예인도 소유하는 것을 인정하는 마음",
        "설정은 그대로 두고 배경은 지웁니다.",
        "하소연을 들어 주는 손님과 과장님, 아저씨",
        "그런 말을 하는군요. 대단하시군요.",
        "교환학생과 유학생, 고등학생 모임",
        "정해진 시간에 고시원 앞에서",
        "가방을 가지고 다니는 학생",
        "에어컨을 틀어놓고 나온 날",
        "나보다 2살 많은 사람",
        "이름 보기 · 이름은 나중에 적습니다",
        "하늘이 맑고 나라가 넓다. 지원이 필요하다.",
        "별이 빛나는 밤에 우주를 보다",
        "The Middle School festival is at 5 pm",
    ],
)
def test_what_names_nobody_stays_readable(text):
    assert masked(text) == text


def test_a_name_that_is_marked_once_is_covered_everywhere_in_the_item():
    title, text = "온다솜별 사진", "이름: 온다솜별\n온다솜별이 노래합니다. 온다솜별들판은 다른 말입니다."
    names = names_in((title, text))
    assert names == {"온다솜별"}
    assert masked(title, names) == "○○ 사진"
    assert masked(text, names) == "이름: ○○\n○○이 노래합니다. 온다솜별들판은 다른 말입니다."


def test_two_syllables_that_were_a_name_once_stay_words_elsewhere():
    assert names_in(["하늘님 안녕하세요"]) == frozenset()
    assert masked("하늘님, 하늘이 맑아요") == "○○님, 하늘이 맑아요"


def test_the_handle_of_who_posted_is_covered_too():
    assert masked("haneul_22 의 축제, haneul_223", {"haneul_22"}) == "○○ 의 축제, haneul_223"


def test_the_lists_hold_hangul_words_each_once():
    lists = tomllib.loads(files("jikim_desk.review").joinpath("names.toml").read_text("utf-8"))
    for listed in lists.values():
        names = listed.split()
        assert len(names) == len(set(names))
        assert all("가" <= letter <= "힣" for name in names for letter in name)
    assert {len(name) for name in lists["given"].split()} == {2}
    assert set(lists["also_words"].split()) <= set(lists["given"].split())


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
