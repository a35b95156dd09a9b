"""Lines in twelve scripts, of which four can be read; the picture was drawn with DejaVu Sans and Noto Sans CJK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jikim.analyzers.screen_text import ScreenTextAnalyzer, ScreenTextConfig
from jikim.analyzers.youth_language import YouthLanguageAnalyzer
from jikim.types import Frame, Subject, TextOrigin, TextSpan

PICTURE = Path(__file__).with_name("twelve_scripts.png")
READ = {"우리 마을 책 축제": "ko", "Our village book festival": "en", "我们村的读书节": "zh", "わたしたちの本まつり": "ja"}


@pytest.fixture(scope="module")
def lines(sessions):
    pixels = np.asarray(Image.open(PICTURE).convert("RGB"))
    analyzer = ScreenTextAnalyzer(ScreenTextConfig(), sessions)
    return list(analyzer.analyze(Subject(None, (Frame("m", None, pixels),))))


def test_the_four_that_can_be_read_are_read_and_no_more_lines_are_told_than_there_are(lines):
    told = {cue.value["text"]: cue.value["lang"] for cue in lines}
    assert told.items() >= READ.items()
    assert len(lines) <= 12
    assert all(cue.region.y > 0.3 for cue in lines if cue.value["text"] not in READ)


def test_of_the_others_nobody_is_taken_for_a_young_person(lines, sessions):
    others = tuple(TextSpan(cue.value["text"], TextOrigin.SCREEN) for cue in lines if cue.value["text"] not in READ)
    assert not any("가" <= letter <= "힣" for span in others for letter in span.text)
    words = YouthLanguageAnalyzer(YouthLanguageAnalyzer.Config(), sessions)
    assert list(words.analyze(Subject(None, texts=others))) == []
