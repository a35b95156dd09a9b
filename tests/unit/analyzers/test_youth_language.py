"""What the analyzer takes for youth, what it does not, and that no text of a stranger troubles it."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jikim.analyzers import register, youth_words
from jikim.analyzers.youth_language import LETTERS_LIMIT, YouthLanguageAnalyzer, YouthLanguageConfig
from jikim.messages import render
from jikim.types import Cue, Media, MediaKind, Subject, TextOrigin, TextSpan
from jikim.weights.sessions import LocalSessions

THIS_YEAR = 2026
FLOOR = YouthLanguageConfig().floor


def read(*texts: str, origin: TextOrigin = TextOrigin.POST, floor: float = 0.0) -> list[Cue]:
    spans = tuple(TextSpan(text, origin) for text in texts)
    config = YouthLanguageConfig(floor=floor, this_year=THIS_YEAR)
    return list(YouthLanguageAnalyzer(config, LocalSessions(".")).analyze(Subject(None, texts=spans)))


def score(text: str) -> float:
    return max((cue.confidence for cue in read(text)), default=0.0)


def claims(text: str) -> set[tuple[str, int | None]]:
    return {
        (found["kind"], found["number"])
        for cue in read(text)
        for found in cue.value["cues"]
        if found["kind"] not in ("school", "register", "spelling")
    }


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("나 중2임", "grade", 2),
        ("저는 초등학교 6학년이에요", "grade", 6),
        ("고1 여자예요", "grade", 1),
        ("중학교 3 학년", "grade", 3),
        ("새솔중 2학년 3반", "grade", 2),
        ("중2 시험 망함", "grade", 2),
        ("저는 중학생이에요", "grade", None),
        ("15살이에요", "age", 15),
        ("열다섯 살", "age", 15),
        ("저 열다섯이에요", "age", 15),
        ("올해 열일곱살 됐어요", "age", 17),
        ("만 14세", "age", 14),
        ("09년생", "birth_year", 2009),
        ("2010년생이에요", "birth_year", 2010),
        ("I'm fourteen", "age", 14),
        ("i'm 15, hi", "age", 15),
        ("15 y/o", "age", 15),
        ("a 16-year-old", "age", 16),
        ("I'm in year 9", "grade", 9),
        ("8th grade", "grade", 8),
        ("eighth grader here", "grade", 8),
        ("we are in middle school", "grade", None),
        ("born in 2011", "birth_year", 2011),
    ],
)
def test_claims_are_read_as_numbers(text, kind, number):
    assert claims(text) == {(kind, number)}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "19주년 기념 음악회",
            "할인 15%",
            "15,000원",
            "15시에 시작합니다",
            "15층 회의실",
            "15세 이상 관람가",
            "15세 관람가 영화",
        ),
        *(
            "19금",
            "루이 14세",
            "15세기 도자기",
            "15살 차이",
            "우리 강아지 15살",
            "15살 위스키",
            "10년생 소나무",
            "서른다섯 살입니다",
        ),
        *(
            "쉰 살이 되었습니다",
            "87년생",
            "2007년생",
            "중2병",
            "최고1위 달성",
            "집중2시간",
            "100개 중 3개",
            "대학교 3학년입니다",
        ),
        *(
            "10초 3",
            "9~15살기",
            "사고2건",
            "A school of fish",
            "old school",
            "I'm 15 minutes away",
            "I'm 14 years into this job",
        ),
        *("15 years old whisky", "grade 8 bolts", "born in 1985", "year 2009", "I'm 35", "14 years ago", "chapter 8, page 15"),
    ],
)
def test_other_numbers_and_schools_are_no_claims(text):
    assert claims(text) == set()
    assert score(text) < FLOOR


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ("저 중2예요", "아들이 중2예요"),
        ("저 중2예요", "저는 중2 아들을 둔 엄마입니다"),
        ("나 중2임", "중2 담임입니다"),
        ("고3입니다", "고3 엄마입니다"),
        ("고3인데 힘들다", "고3 시절이 그립다"),
        ("09년생이에요", "09년생 아들이 있어요"),
        ("I'm in 8th grade", "teacher of 8th graders"),
        ("I'm in 8th grade", "my son is in 8th grade"),
        ("I'm in high school", "I graduated high school in 1998"),
        ("I'm in 8th grade", "adult education class, 8th grade level"),
    ],
)
def test_a_grown_up_speaking_of_others_weighs_less(own, others):
    assert score(others) < FLOOR <= score(own)


@pytest.mark.parametrize(
    "text",
    [
        "검정고시 문해 교실 수업 안내",
        "무료급식소 봉사자 모집",
        "담임목사님 말씀",
        "초등학교 앞 도로 공사 안내",
        "동창회 30주년",
    ],
)
def test_schools_of_grown_ups_stay_low(text):
    assert score(text) < FLOOR


@pytest.mark.parametrize("year", [THIS_YEAR - 18, THIS_YEAR - 10])
def test_a_year_of_birth_counts_under_nineteen(year):
    assert claims(f"{year}년생이에요") == {("birth_year", year)} == claims(f"{year % 100:02d}년생이에요")
    assert claims(f"{year - 60}년생이에요") == set()


def test_this_year_decides():
    spans = (TextSpan("09년생이에요", TextOrigin.POST),)
    for year, count in ((2026, 1), (2027, 1), (2028, 0)):
        config = YouthLanguageConfig(floor=0.5, this_year=year)
        assert len(list(YouthLanguageAnalyzer(config, LocalSessions(".")).analyze(Subject(None, texts=spans)))) == count


@pytest.mark.parametrize(
    "text",
    [
        *("중​2예요", "중‮2‬예요", "중２예요", "ㅈㅜㅇ2ㅇㅖㅇㅛ", "중 2예요", "중2예요오오오오", "중\u00ad2예요"),
        *("저중2예요", "\u110c\u116e\u11bc2\u110b\u1168\u110b\u116d"),
    ],
)
def test_disguises_are_seen_through(text):
    assert claims(text) == {("grade", 2)}


def test_look_alikes_and_letters_for_digits_are_folded():
    assert claims("\u0406'm 14") == {("age", 14)}
    assert claims("8th gr\u0430d\u0435") == {("grade", 8)}
    assert claims("l5살이에요") == {("age", 15)}
    assert claims("O9년생") == {("birth_year", 2009)}


def test_spelt_out_and_split_words_are_joined():
    found = {found["text"] for cue in read("수 행 평 가 랑 급.식.표, 반배정, 현장 체험학습") for found in cue.value["cues"]}
    assert {"수행평가", "급식", "반배정", "현장 체험학습"} <= found


def test_title_and_post_are_one_place_and_screen_and_speech_their_own():
    media = Media("m", MediaKind.VIDEO, "video/mp4", 640, 360, 10.0)
    texts = (
        TextSpan("중2 반 배정", TextOrigin.TITLE),
        TextSpan("급식 뭐임", TextOrigin.POST),
        TextSpan("자막입니다", TextOrigin.SCREEN, 1.0),
        TextSpan("우리 학교 급식", TextOrigin.SCREEN, 2.0),
        TextSpan("저 중2예요", TextOrigin.SCREEN, 3.0),
        TextSpan("열다섯 살이에요", TextOrigin.SPEECH, 7.5),
    )
    cues = list(YouthLanguageAnalyzer(YouthLanguageConfig(), LocalSessions(".")).analyze(Subject(media, texts=texts)))
    assert [(cue.media_id, cue.at_s) for cue in cues] == [(None, None), ("m", 3.0), ("m", 7.5)]
    assert {found["kind"] for found in cues[0].value["cues"]} >= {"grade", "school"}


def test_a_cue_says_what_it_saw_in_both_languages_and_hides_words_only_in_text():
    (cue,) = read("중2 반 배정 실화냐 ㅋㅋㅋ 급식 개꿀")
    message = render(cue.message_key, cue.params)
    assert "학년" in message.ko
    assert "grade" in message.en
    assert [name for name, value in cue.params.items() if isinstance(value, str)] == ["text"]
    assert set(cue.value) == {"score", "cues"}
    assert cue.value["score"] == cue.confidence
    assert all(set(found) == {"kind", "text", "number"} for found in cue.value["cues"])
    assert json.loads(json.dumps(cue.value)) == cue.value


def test_the_floor_is_obeyed():
    text = "학교 숙제"
    exact = score(text)
    assert 0 < exact < FLOOR
    assert len(read(text, floor=exact)) == 1
    assert read(text, floor=min(exact + 0.001, 1)) == []


def test_a_young_manner_scores_above_a_grown_up_one():
    pairs = (
        ("오늘 체육 개힘들었음 ㅋㅋㅋ", "오늘 운동이 무척 힘들었습니다."),
        ("이거 어케함? 아는사람", "이것을 어떻게 하는지 아시는 분 계십니까?"),
        ("ㄹㅇ 노잼이었음 ㅠㅠ", "솔직히 재미가 없었네요."),
    )
    model = register.shipped()
    for young, adult in pairs:
        odds = [model.log_odds(register.plain(text, 1000, {})) for text in (young, adult)]
        assert odds[0] > 0 > odds[1]


def test_texts_without_korean_have_no_register():
    for text in ("What a lovely day it is", "Какой прекрасный день", "本当にいい天気です", "مرحبا بالعالم"):
        assert read(text) == []


def test_the_model_is_the_one_of_the_card():
    content = files("jikim.analyzers").joinpath(register.WEIGHTS_FILE).read_bytes()
    metrics = YouthLanguageAnalyzer.card.metrics
    assert metrics["weights_sha256"] == sha256(content).hexdigest() == register.shipped().sha256
    assert metrics["weights_bytes"] == len(content) <= 2**20
    (cue,) = read("저 중2예요")
    assert cue.weights_sha256 == metrics["weights_sha256"]


def test_features_are_the_documented_ones():
    buckets = register.features("각")
    assert buckets.dtype == np.uint32
    assert len(buckets) == 10  # ^ ㄱ ㅏ ㄱ $ in groups of 2 (4), 3 (3), 4 (2) and 5 (1)
    assert buckets.max() < register.BUCKETS
    assert (register.features("3월") == register.features("12월")).all()


def test_its_examples_give_their_cues():
    for example in YouthLanguageAnalyzer.examples():
        analyzer = YouthLanguageAnalyzer(YouthLanguageConfig(), LocalSessions("."))
        assert {cue.name for cue in analyzer.analyze(example.subject)} == example.cue_names
    YouthLanguageAnalyzer.verify(YouthLanguageConfig(), LocalSessions("."))


def test_a_long_text_is_read_in_bounded_windows_over_all_its_length():
    sentence = "저는 중학교 2학년이에요. "
    assert len(register.plain("가나다 " * 300_000, LETTERS_LIMIT, {})) <= 2 * LETTERS_LIMIT
    for start in (0, 500_000, 999_000):
        filler = "오늘은 날씨가 맑습니다. "
        text = (filler * 80_000)[:start] + sentence * 20_000 + filler * 40_000
        assert ("grade", 2) in claims(text)


SCRIPTS = (
    *("가갸ㅋㅠ", "Aaéß", "АяёЖ", "Ωως", "אבג", "مرح", "देव", "ไทย", "漢字仮", "かなカナ", "ქართ", "አማርኛ"),
    *("\u200b\u200d\u202e\u2066\ufeff", "\u0301\u0323\u05b0", "\x00\x07\x1b\r\n\t", "0123456789１５", "🙂👩‍👧", "\ud800\udfff"),
    *("살세년생중초고학", "'\"%.,:~-", "\ufdfa\uff9e\u1100\u1161\u11a8"),
)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(SCRIPTS).flatmap(lambda letters: st.text(letters, max_size=12)), max_size=20).map("".join))
def test_any_text_is_read_without_a_fault(text):
    for origin in TextOrigin:
        for cue in read(text, origin=origin):
            assert 0 <= cue.confidence <= 1
            assert all(render(cue.message_key, cue.params))
            json.dumps(cue.value).encode("utf-8")
            for found in cue.value["cues"]:
                assert found["text"].isprintable()


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "1살",
            "15살 ",
            "중2",
            "i'm ",
            "ㅋ",
            "\u200b",
            "가\u200b",
            "\u0301",
            "\u0301\u0323",
            "\ufdfa",
            "가~",
            "가 ",
            "1 ",
            "열 ",
            "만 ",
        ),
        *("ㅈㅜㅇ", "급식담임", "\ud800", "\n", ". ", "a", "born in a", "\u202e", "O", "\u1100\u1161\u11a8", ""),
    ],
)
def test_a_megabyte_of_anything_is_read(unit):
    for cue in read(unit * (10**6 // max(len(unit), 1))):
        assert len(cue.value["cues"]) <= 12


def test_ten_thousand_lines_of_a_screen_are_read():
    cues = read(*(f"{number}번째 줄입니다" for number in range(10_000)), origin=TextOrigin.SCREEN)
    assert len(cues) <= 1


def test_the_lexicon_is_whole():
    words = youth_words.shipped()
    assert all(strength > 0 for _, strength in words.school)
    assert words is youth_words.shipped()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("wnd2dla rmqtlr ajrdma", {("grade", 2)}),
        ("ekadla Toa chlrh, 09suStoddldPdy", {("birth_year", 2009)}),
        ("ㅑ'ㅡ 14, 햗ㄴ샤ㅐㅜ?", {("age", 14)}),
        ("ㅗㅐㅡㄷ개ㅐㅡ ㅑㅜ 8소 ㅎㄱㅁㅇㄷ", {("grade", 8)}),
    ],
)
def test_what_the_wrong_keyboard_wrote_is_read(text, found):
    assert claims(text) == found
    assert "spelling" in {one["kind"] for cue in read(text) for one in cue.value["cues"]}


@pytest.mark.parametrize(
    "text",
    [
        "We need to go do so at the office today",
        "ch4 emissions do go up, so do the costs",
        "Sehr geehrte Damen und Herren, ich heisse Anna",
        "https://example.org/rh3/wnd2?id=gkr",
        "ㅋㅋㅋㅋ ㅠㅠ ㅡㅡ ㅇㅇ ㅎㅎ",
    ],
)
def test_other_languages_are_no_korean_typed_wrongly(text):
    assert claims(text) == set()
    assert "spelling" not in {one["kind"] for cue in read(text) for one in cue.value["cues"]}


def test_numbers_said_are_named_and_read_as_words():
    (cue,) = read("1004같은 내 친9들아 8282 와")
    assert {"1004 (천사)", "친9 (친구)", "8282 (빨리빨리)"} <= {one["text"] for one in cue.value["cues"]}
    assert cue.confidence < FLOOR


@pytest.mark.parametrize("text", ["1004호", "8282번 버스", "1,004원", "2.1004", "010-1004-8282", "1004년", "11004", "1004-2"])
def test_amounts_and_addresses_are_not_said(text):
    assert "spelling" not in {one["kind"] for cue in read(f"{text} 안내입니다") for one in cue.value["cues"]}


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("2010년 3월 5일생이에요", "birth_year", 2010),
        ("09년 12월생", "birth_year", 2009),
        ("빠른 09", "birth_year", 2009),
        ("09생이에요", "birth_year", 2009),
        ("십오세", "age", 15),
        ("만 십사 살", "age", 14),
        ("17남 친구할사람", "age", 17),
        ("16여 심심해요", "age", 16),
        ("나이: 16 / 여 / 서울", "age", 16),
    ],
)
def test_more_ways_of_stating_an_age_are_read(text, kind, number):
    assert claims(text) == {(kind, number)}


@pytest.mark.parametrize("text", ["이십오세", "15년생 나무", "09년 생일 파티", "인생 10생이 아깝다", "십오세기", "87년 3월생"])
def test_and_what_looks_like_them_is_not(text):
    assert claims(text) == set()


@pytest.mark.parametrize(
    "text", ["15여 명", "12여개", "11여 년 전", "12남 7녀", "18남매", "15 여름", "나이 15대", "나이 19 이상", "나이 차이 16"]
)
def test_a_number_beside_a_sex_or_the_word_age_may_mean_something_else(text):
    assert claims(text) == set()


def test_english_manner_is_a_weak_sign():
    (cue,) = read("no cap bruh that was lowkey sus")
    assert [one["kind"] for one in cue.value["cues"]] == ["register"]
    assert 0.2 < cue.confidence < FLOOR
    assert score("The committee will meet again on Thursday to discuss the budget.") == 0


def test_every_step_of_the_manner_counts_and_a_weak_one_is_not_named():
    pairs = [
        ("오늘 운동이 무척 힘들었습니다.", "오늘 운동 정말 힘들었어"),
        ("오늘 운동 정말 힘들었어", "오늘 체육 개힘들었음 ㅋㅋㅋ"),
    ]
    assert all(0 < score(less) < score(more) for less, more in pairs)
    (cue,) = read("09년생입니다. 회의 자료를 정리하여 보내 드리겠습니다.")
    assert {one["kind"] for one in cue.value["cues"]} == {"birth_year"}
