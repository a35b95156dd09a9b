"""The timeline puts each cue where it was, and stays bounded however many there are."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from jikim.reporting.timeline import LABELS, MOST_ROWS, PLOT, WIDTH, marks_by_kind, timeline
from tests.unit.reporting.finds import cue

TIMES = st.floats(0, 20_000, allow_nan=False)


def bars(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(width)) for x, width in re.findall(r'class="cue" x="([\d.]+)" y="\d+" width="([\d.]+)"', drawn)]


def test_a_cue_stands_at_its_share_of_the_time():
    ((x, width),) = bars(timeline([cue(at_s=30.0)], 60.0))
    assert abs(x - (LABELS + PLOT / 2)) < 0.1
    assert width == 3.0


def test_a_cue_with_a_stretch_covers_it():
    ((x, width),) = bars(timeline([cue("utterance", 15.0, start_s=15.0, end_s=45.0)], 60.0))
    assert abs(x - (LABELS + PLOT / 4)) < 0.1
    assert abs(width - PLOT / 2) < 0.1


def test_no_timed_cue_no_drawing():
    assert timeline([cue(at_s=None)], 60.0) == ""


def test_kinds_have_rows_in_words_and_unknown_ones_their_own_name():
    drawn = timeline([cue("face"), cue("<odd>", confidence=0.1)], 60.0)
    for words in ("얼굴", "face", "&lt;odd&gt;"):
        assert words in drawn
    assert "<odd>" not in drawn


@given(st.lists(st.tuples(TIMES, st.floats(0, 1)), min_size=1, max_size=50), st.one_of(st.none(), TIMES))
def test_every_mark_lies_within_the_drawing(times, duration_s):
    drawn = timeline([cue(at_s=at_s, confidence=confidence) for at_s, confidence in times], duration_s)
    assert bars(drawn)
    for x, width in bars(drawn):
        assert x >= LABELS - 0.1
        assert x + width <= WIDTH


def test_it_stays_bounded():
    cues = [cue(f"kind{number % 40}", at_s=number / 100) for number in range(100_000)]
    drawn = timeline(cues, 1000.0)
    assert len(bars(drawn)) <= MOST_ROWS * (PLOT + 1)
    assert "그 밖의 단서 70,000개" in drawn
    assert sum(map(len, marks_by_kind(cues).values())) == 100_000
