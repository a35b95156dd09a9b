"""The tasks `tracks` and `same-person`."""

from __future__ import annotations

import cv2
import pytest
from PIL import Image

from jikim import config as configuration
from jikim.analyzers import drawings
from jikim.analyzers.tracks import with_tracks
from jikim.evaluating import evaluate
from jikim.evaluating.cards import card
from jikim.evaluating.faces import Person
from jikim.evaluating.faces_tracks import track_figures
from jikim.evaluating.figures import Observed
from jikim.scan import Look
from jikim.types import Cue, Region


def _frame(at_s, age, p_minor, x=0.3):
    value = {"age": age, "age_low": age - 5, "age_high": age + 5, "p_minor": p_minor, "p_female": 0.5, "is_certain": True}
    value |= {"doubt": None, "quality": 1.0, "track": None}
    return Cue("m", "faces", "3", None, "face", at_s, Region(x, 0.3, 0.2, 0.2), value, 0.9, "cue.face")


def _film(age, *told):
    cues = [_frame(float(at_s), estimated, p_minor) for at_s, (estimated, p_minor) in enumerate(told)]
    return Observed(Person(age, None), "", Look(cues=tuple(with_tracks([*cues, _frame(0.0, 70, 0.0, x=0.7)]))))


def test_a_track_is_compared_with_one_of_its_own_frames():
    films = [_film(20, (16, 0.6), (24, 0.1)), _film(10, (6, 0.9), (14, 0.7)), _film(40, (36, 0.0), (44, 0.0))]
    metrics = track_figures([*films, Observed(Person(8, None), "", Look())]).metrics
    assert metrics["face_found"]["value"] == 0.75
    assert metrics["frames_a_track"]["p50"] == 2
    assert metrics["mean_absolute_error_years"]["value"] == 0.0
    assert metrics["mean_absolute_error_years_of_one_frame"]["value"] == 4.0
    assert metrics["error_of_the_track_less_one_frame"] == {"value": -4.0, "low": -4.0, "high": -4.0}
    assert metrics["minor_or_adult_auc"]["value"] == 1.0


def test_a_film_of_one_frame_gains_nothing():
    metrics = track_figures([_film(20, (16, 0.6)), _film(10, (14, 0.7))]).metrics
    assert metrics["error_of_the_track_less_one_frame"]["value"] == 0.0


@pytest.fixture
def pictures(tmp_path):
    face = drawings.face()
    Image.fromarray(face).save(tmp_path / "one.png")
    Image.fromarray(cv2.convertScaleAbs(face, alpha=0.9, beta=8)).save(tmp_path / "again.png")
    Image.fromarray(drawings.landscape()).save(tmp_path / "none.png")
    return tmp_path


def test_pairs_of_pictures_are_compared_and_those_without_two_faces_counted(pictures):
    path = pictures / "pairs.tsv"
    rows = ["file\tother\tsame", "one.png\tagain.png\t1", "one.png\tnone.png\t0", "one.png\tgone.png\t1", "one.png\t\t1"]
    path.write_text("\n".join([*rows, "one.png\tagain.png\tperhaps"]) + "\n", "utf-8")
    measured = evaluate(configuration.load(), "same-person", path)
    assert (measured.n, len(measured.problems)) == (2, 3)
    metrics = measured.figures.metrics
    assert metrics["faces_found_in_both"]["value"] == 0.5
    assert metrics["one_person_told"]["value"] == metrics["told_right"]["value"] == 1.0
    assert metrics["strangers_taken_for_one"] is None
    text = card(measured)
    assert "# same_person" in text
    assert "SFace Apache-2.0" in text
