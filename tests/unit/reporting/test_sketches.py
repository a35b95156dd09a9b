"""Nothing of a picture leaves the worker unless sketches were asked for, and then no more than 16 grey means a side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jikim import config as configuration
from jikim.media.opening import open_path
from jikim.reporting.candidates import _sketches
from jikim.scan import Detector, Look, Sketch
from jikim.sweep import Found

CARD = Path(__file__).parents[3] / "jikim" / "practice" / "fixtures" / "test_card.png"


@pytest.mark.parametrize("has_sketches", [False, True])
def test_off_by_default_and_coarse_when_asked_for(tmp_path, has_sketches):
    config = configuration.load({"JIKIM_HOME": str(tmp_path)})
    fd = open_path(CARD)
    with Detector(config, ["known_copy"], has_sketches=has_sketches) as detector:
        look = detector.look(fd, "0" * 64)
    os.close(fd)
    assert look.cues
    assert len(look.sketches) == has_sketches
    for sketch in look.sketches:
        assert max(len(sketch.rows), *map(len, sketch.rows)) == 16


def test_the_report_draws_them_and_holds_no_picture():
    rows = tuple(bytes(range(row, row + 16)) for row in range(9))
    drawn = _sketches(Found(None, Look(sketches=(Sketch(3.0, rows),)), None, True))
    assert drawn.count("<rect") == 16 * 9
    assert 'width="64" height="36"' in drawn
    assert "<img" not in drawn
    assert _sketches(Found(None, Look(), None, True)) == ""
