from __future__ import annotations

import numpy as np

from jikim.analyzers import drawings
from jikim.analyzers.sensitive import SensitiveAnalyzer, SensitiveConfig
from jikim.types import Frame, Subject


def test_harmless_pictures_score_low_and_every_frame_has_its_score(sessions):
    frames = tuple(
        Frame("m", float(number), picture)
        for number, picture in enumerate((drawings.landscape(), drawings.face(), drawings.teddy_bear(), drawings.noise()))
    )
    cues = list(SensitiveAnalyzer(SensitiveConfig(floor=0.0), sessions).analyze(Subject(None, frames)))
    assert [cue.at_s for cue in cues] == [0.0, 1.0, 2.0, 3.0]
    assert all(cue.value["score"] == cue.confidence < 0.3 for cue in cues)


def test_the_floor_is_obeyed(sessions):
    frame = Frame("m", None, np.asarray(drawings.landscape()))
    assert list(SensitiveAnalyzer(SensitiveConfig(), sessions).analyze(Subject(None, (frame,)))) == []
