"""Lines in twelve scripts, of which four can be read; the picture was drawn with DejaVu Sans and Noto Sans CJK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jikim.analyzers.screen_text import ScreenTextAnalyzer, ScreenTextConfig
from jikim.types import Frame, Subject

PICTURE = Path(__file__).with_name("twelve_scripts.png")
READ = {"우리 마을 책 축제": "ko", "Our village book festival": "en", "我们村的读书节": "zh", "わたしたちの本まつり": "ja"}


@pytest.fixture(scope="module")
def lines(sessions):
    pixels = np.asarray(Image.open(PICTURE).convert("RGB"))
    analyzer = ScreenTextAnalyzer(ScreenTextConfig(), sessions)
    return list(analyzer.analyze(Subject(None, (Frame("m", None, pixels),))))


def test_the_four_that_can_be_read_are_read_and_no_letters_are_invented_for_the_others(lines):
    assert {cue.value["text"]: cue.value["lang"] for cue in lines} == READ
