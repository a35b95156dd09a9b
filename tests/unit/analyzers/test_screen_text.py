from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from jikim.analyzers import drawings
from jikim.analyzers.screen_text import ScreenTextAnalyzer, ScreenTextConfig
from jikim.analyzers.text_boxes import strokes_box
from jikim.analyzers.text_lines import HEIGHT_PX, by_second_colour, closer, is_whole
from jikim.analyzers.text_readings import Reading, agree, changes, is_part
from jikim.errors import WeightsMissing
from jikim.messages import render
from jikim.types import Frame, Subject
from jikim.weights.sessions import LocalSessions

BOLD = drawings.FONT.with_name("JikimPractice-Bold.ttf")


@pytest.fixture(scope="module")
def analyzer(sessions):
    return ScreenTextAnalyzer(ScreenTextConfig(), sessions)


def _lines(analyzer, *frames):
    return list(analyzer.analyze(Subject(None, frames)))


def _film(at_s=0.0, **texts):
    """A frame of film (360, 640, 3) with outlined white text; each name says where: top, middle or bottom, left or right."""
    height, width = 360, 640
    rows, columns = np.mgrid[:height, :width]
    canvas = np.stack([120 + 60 * np.sin(rows / 50), 110 + 40 * np.cos(columns / 70), 90 + 0 * rows], axis=2).astype(np.uint8)
    picture = Image.fromarray(canvas)
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(BOLD, 28)
    for place, text in texts.items():
        x = {"left": 30, "right": 350}.get(place.partition("_")[2], 120)
        y = {"top": 20, "middle": 160, "bottom": 310}[place.partition("_")[0]]
        draw.text((x, y), text, fill="white", font=font, stroke_width=2, stroke_fill="black")
    return Frame("film", at_s, np.asarray(picture))


def test_a_korean_line_is_read_where_it_stands(analyzer, sessions):
    (cue,) = _lines(analyzer, Frame("m", None, drawings.sign("오늘은 학교 축제")))
    assert cue.value == {"text": "오늘은 학교 축제", "lang": "ko"}
    assert cue.params == {"text": "오늘은 학교 축제"}
    assert "오늘은" in render(cue.message_key, cue.params).ko
    assert cue.confidence > 0.8
    assert cue.weights_sha256 == sessions.sha256("korean-lines")
    assert 0.05 < cue.region.x < 0.15
    assert 0.35 < cue.region.y + cue.region.h / 2 < 0.6
    assert cue.at_s is None


@pytest.mark.parametrize(("fast_first", "head"), [(True, "korean-lines-fast"), (False, "korean-lines")])
def test_with_and_without_the_fast_head_the_same_is_read(sessions, fast_first, head):
    analyzer = ScreenTextAnalyzer(ScreenTextConfig(fast_first=fast_first), sessions)
    cues = _lines(analyzer, _film(top_left="학교 축제", bottom="친구 사진"))
    assert [cue.value["text"] for cue in cues] == ["학교 축제", "친구 사진"]
    assert sessions.sha256(head) in {cue.weights_sha256 for cue in cues}


def test_an_english_line_is_english(analyzer):
    picture = np.full((200, 640, 3), 240, np.uint8)
    cv2.putText(picture, "School starts on Monday", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 2, cv2.LINE_AA)
    (cue,) = _lines(analyzer, Frame("m", None, picture))
    assert cue.value["lang"] == "en"
    assert changes(cue.value["text"].replace(" ", ""), "SchoolstartsonMonday") <= 1


def test_subtitles_over_film_come_in_reading_order(analyzer):
    frame = _film(top_left="학교 축제", top_right="오늘은", bottom="친구 사진")
    assert [cue.value["text"] for cue in _lines(analyzer, frame)] == ["학교 축제", "오늘은", "친구 사진"]


def test_a_line_that_stays_is_read_once_where_it_is_sharpest(analyzer):
    sharp = _film(2.0, bottom="학교 축제")
    blurred = [Frame("film", at, np.asarray(cv2.GaussianBlur(sharp.pixels, (0, 0), 1.0), np.uint8)) for at in (1.0, 3.0)]
    cues = _lines(analyzer, blurred[0], sharp, blurred[1])
    assert [(cue.at_s, cue.value["text"]) for cue in cues] == [(2.0, "학교 축제")]


def test_other_lines_in_the_same_place_are_read_each(analyzer):
    cues = _lines(analyzer, _film(1.0, bottom="학교 축제"), _film(2.0), _film(3.0, bottom="친구 사진"))
    assert [(cue.at_s, cue.value["text"]) for cue in cues] == [(1.0, "학교 축제"), (3.0, "친구 사진")]


def test_a_column_of_korean_is_read_downwards(analyzer):
    picture = Image.new("RGB", (300, 400), (225, 220, 205))
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(BOLD, 40)
    for row, letter in enumerate("학교축제"):
        draw.text((120, 60 + 46 * row), letter, fill=(40, 40, 60), font=font)
    (cue,) = _lines(analyzer, Frame("m", None, np.asarray(picture)))
    assert cue.value == {"text": "학교축제", "lang": "ko"}


def test_what_moves_behind_a_line_does_not_spoil_it(analyzer):
    rng = np.random.default_rng(4)
    frames = []
    for at_s in (1.0, 2.0, 3.0, 4.0):
        film = _film(at_s, bottom="친구 사진")
        noisy = np.clip(film.pixels + rng.normal(0, 40, film.pixels.shape), 0, 255).astype(np.uint8)
        frames.append(Frame("film", at_s, noisy))
    assert [cue.value["text"] for cue in _lines(analyzer, *frames)] == ["친구 사진"]


def test_no_more_lines_than_allowed_and_none_twice(sessions):
    analyzer = ScreenTextAnalyzer(ScreenTextConfig(lines_max=2), sessions)
    frames = [_film(1.0, top="학교 축제", middle="오늘은", bottom="친구 사진"), _film(5.0), _film(9.0, middle="학교 축제")]
    texts = [cue.value["text"] for cue in _lines(analyzer, *frames)]
    assert len(texts) == len(set(texts)) == 2


def test_a_screen_of_ten_thousand_lines_is_bounded(analyzer):
    picture = Image.new("RGB", (4000, 4000), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(drawings.FONT, 9)
    for number in range(10_000):
        draw.text((10 + 150 * (number % 26), 10 * (number // 26)), f"학교 축제 {number}", fill="black", font=font)
    assert len(_lines(analyzer, Frame("m", None, np.asarray(picture)))) <= 40


@pytest.mark.parametrize("picture", [drawings.landscape(), drawings.teddy_bear(), drawings.face(), drawings.noise()])
def test_nothing_is_read_where_nothing_stands(analyzer, picture):
    assert _lines(analyzer, Frame("m", None, picture), Frame("m", 1.0, picture)) == []


def test_a_closer_look_is_larger_and_leaves_the_edges_out():
    line = np.zeros((HEIGHT_PX, 100, 3), np.uint8)
    line[:2] = line[-2:] = 255
    line[10:38, 10:20] = 200
    seen = closer(line)
    assert seen.shape == (HEIGHT_PX, 114, 3)
    assert seen[0].max() < 128
    assert (seen[24] > 100).any(axis=1).sum() in (11, 12)


def test_the_gate_sees_letters_and_no_plain_wall():
    assert strokes_box(drawings.slope()) is None
    box = strokes_box(drawings.sign("오늘은 학교 축제"))
    assert box.left < 60 < box.left + box.width
    assert box.top < 90 < box.top + box.height


def _as_bright(text):
    """Cyan letters (360, 640, 3) on a ground that is as bright as they are."""
    picture = Image.new("RGB", (640, 360), (179, 179, 179))
    ImageDraw.Draw(picture).text((120, 300), text, fill=(0, 255, 255), font=ImageFont.truetype(BOLD, 26))
    return np.asarray(picture)


def test_letters_as_bright_as_their_ground_are_read(analyzer):
    picture = _as_bright("오늘은 학교 축제")
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert np.ptp(grey[300:330, 120:320]) < 50
    (cue,) = _lines(analyzer, Frame("m", 1.0, picture))
    assert cue.value["text"] == "오늘은 학교 축제"


def test_by_its_second_colour_faint_letters_stand_out():
    line = np.zeros((HEIGHT_PX, 100, 3), np.uint8)
    line[:] = np.linspace(60, 200, 100, dtype=np.uint8)[:, None]  # the brightness of the ground changes most
    line[10:38, 40:50] += np.array([30, 0, 0], np.uint8)
    seen = by_second_colour(line).astype(int)
    assert seen.shape == line.shape
    assert abs(int(np.median(seen[10:38, 40:50])) - int(np.median(seen[:, 60:]))) > 150


def test_a_grey_line_has_no_second_colour():
    line = np.repeat(np.linspace(0, 255, HEIGHT_PX * 90).reshape(HEIGHT_PX, 90, 1), 3, axis=2).astype(np.uint8)
    assert by_second_colour(line) is None


@pytest.mark.parametrize(
    ("text", "confidence", "is_believable"),
    [
        ("학교 축제", 0.65, True),
        ("학교 축제", 0.5, False),
        ("축제날", 0.85, True),
        ("축제날", 0.7, False),
        ("학교", 0.9, False),
        ("학교", 0.97, True),
        ("1-3", 0.97, False),
        ("3학년 2반", 0.85, True),
        ("ab", 0.99, False),
        ("15", 0.99, False),
        ("2020", 0.9, True),
        ("|| = - 학교", 0.95, False),
        ("", 0.0, False),
    ],
)
def test_what_is_believed(text, confidence, is_believable):
    assert Reading(text, confidence, "korean-lines").is_believable is is_believable


@pytest.mark.parametrize(
    ("text", "lang"),
    [("school 학교", "ko"), ("ㅋㅋ", "ko"), ("学校の", "ja"), ("学校", "zh"), ("2학년", "ko"), ("12:30", "en")],
)
def test_the_language_of_a_line_is_that_of_its_letters(text, lang):
    assert Reading(text, 1.0, "korean-lines").lang == lang


def test_readings_of_one_line_agree_and_other_grades_do_not():
    assert agree("오늘은 학교 축제", "오늘은 학고축제")
    assert not agree("중학교 2학년", "중학교 3학년")
    assert not agree("학교", "학원")


def test_a_piece_of_a_line_is_told_from_another_line():
    assert is_part("‘기는 해?", "사랑 존재하기는 해?")
    assert not is_part("사랑 존재하기는 해?", "사랑존재하기는해")
    assert not is_part("해", "사랑 존재하기는 해?")
    assert not is_part("학원", "학교 축제")


def test_of_a_line_and_a_piece_of_it_the_line_is_given(analyzer):
    whole, piece = _film(1.0, bottom_left="오늘은 학교 축제"), _film(2.0, bottom_left="오늘은 학교")
    for frames in ((whole, piece), (Frame("film", 0.5, piece.pixels), whole)):
        assert [cue.value["text"] for cue in _lines(analyzer, *frames)] == ["오늘은 학교 축제"]


def test_the_edit_distance():
    assert changes("", "abc") == 3
    assert changes("학교 축제", "학고 축제!") == 2


def test_without_its_files_it_says_so(tmp_path):
    with pytest.raises(WeightsMissing):
        ScreenTextAnalyzer.verify(ScreenTextConfig(), LocalSessions(tmp_path))


@pytest.mark.parametrize(
    ("text", "korean", "whole"),
    [("89.0", "심술쟁이 89.0", False), ("", "심술", False), ("移动号", "전에걸도", True), ("cafe", "#ce", True)],
)
def test_a_part_of_a_korean_line_is_not_given_as_the_line(text, korean, whole):
    assert is_whole(text, korean) is whole
