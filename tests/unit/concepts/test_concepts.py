"""A concept taught from drawings, through the whole way of its commands."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from jikim import config as configuration
from jikim import teaching
from jikim.analyzers import concept_store, drawings
from jikim.analyzers.concept_features import SIZE, shipped_background
from jikim.analyzers.concept_learning import FEWEST, taught
from jikim.commands.concept import concept_app
from jikim.errors import BadUse, JikimError, MediaUnreadable, StateError
from jikim.scan import Detector
from jikim.teaching import Picture
from jikim.workers import look_at_file


def draw(folder: Path, name: str, pixels: np.ndarray) -> Path:
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), pixels[:, :, ::-1])
    return path


def bear(number: int) -> np.ndarray:
    """A teddy bear, each time somewhat different: turned, smaller, on another ground."""
    random = np.random.default_rng(number)
    turn = cv2.getRotationMatrix2D((208, 208), random.uniform(-25, 25), random.uniform(0.6, 1.0))
    ground = tuple(int(shade) for shade in random.integers(60, 240, 3))
    return np.asarray(cv2.warpAffine(drawings.teddy_bear(), turn, (416, 416), borderValue=ground), np.uint8)


def other(number: int) -> np.ndarray:
    made = (drawings.landscape, drawings.slope, drawings.noise, lambda: drawings.sign("축제"))
    return np.asarray(np.roll(made[number % 4](), 17 * number, axis=1), np.uint8)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one concept, the pictures it was taught from and others."""
    folder = tmp_path_factory.mktemp("concepts")
    shown = [draw(folder, f"bear{number}", bear(number)) for number in range(10)]
    os.environ["JIKIM_HOME"], before = str(folder / "home"), os.environ.get("JIKIM_HOME")
    config = configuration.load()
    try:
        teaching.teach(config, "곰 인형", [*map(Picture.at, shown)])
        yield folder, config
    finally:
        os.environ.pop("JIKIM_HOME")
        if before is not None:
            os.environ["JIKIM_HOME"] = before


@pytest.fixture
def own(home, tmp_path):
    """A copy of that home which a test may change."""
    folder, config = home
    shutil.copytree(config.home / "concepts", tmp_path / "home" / "concepts")
    return folder, configuration.load({**os.environ, "JIKIM_HOME": str(tmp_path / "home")})


def test_what_was_taught_is_measured_and_told(home):
    folder, config = home
    (concept,) = concept_store.concepts(config.home / "concepts")
    assert (concept.name, concept.version, concept.pictures) == ("곰 인형", 1, 10)
    assert 0.85 <= concept.auc_low <= concept.auc <= concept.auc_high <= 1
    files = [draw(folder, f"new{number}", bear(100 + number)) for number in range(4)]
    files += [draw(folder, f"other{number}", other(number)) for number in range(4)]
    scores = [one.score for one in teaching.tested(config, "곰 인형", map(Picture.at, files))]
    assert min(scores[:4]) > 0.5 > max(scores[4:])


def test_a_scan_sees_it_and_no_concept_means_no_work(home, tmp_path):
    folder, config = home
    shown, plain = draw(folder, "scan", bear(200)), draw(folder, "plain", other(0))
    with Detector(config, ["concept"]) as detector:
        (cue,) = look_at_file(detector, shown, ()).cues
        assert (cue.name, cue.value["concept"], cue.confidence) == ("concept", "곰 인형", cue.value["score"])
        assert look_at_file(detector, plain, ()).cues == ()
    empty = configuration.load({**os.environ, "JIKIM_HOME": str(tmp_path)})
    with Detector(empty, ["concept"]) as detector:
        look = look_at_file(detector, shown, ())
        assert look.cues == () == look.failures
        assert look.took_ms["concept"] < look.took_ms["open"]


def test_teaching_again_is_a_new_version_and_forgetting_removes_all(own):
    folder, config = own
    shown = [Picture.at(folder / f"bear{number}.png") for number in range(8)]
    assert teaching.teach(config, "  곰   인형 ", shown).version == 2
    place = config.home / "concepts"
    assert concept_store.concept(place, "곰 인형").pictures == 8
    assert concept_store.forget(place, "곰 인형") == 2
    assert concept_store.concepts(place) == []
    with pytest.raises(BadUse, match="곰 인형"):
        concept_store.forget(place, "곰 인형")


def test_no_picture_and_nothing_of_one_is_kept(home):
    _, config = home
    (file,) = (config.home / "concepts").glob("*/*")
    assert file.name == "1.json"
    assert set(json.loads(file.read_bytes())) == {
        *("schema", "name", "version", "taught_at", "made_with", "pictures", "others", "auc", "auc_low", "auc_high"),
        *("recall", "alarms", "threshold", "slope", "bias", "weights"),
    }


@pytest.mark.parametrize(("count", "copies"), [(2, 1), (4, 3), (0, 1)])
def test_too_few_different_pictures_are_refused(own, tmp_path, count, copies):
    folder, config = own
    files = [folder / f"bear{number}.png" for number in range(count)] * copies
    with pytest.raises(BadUse, match=f"{FEWEST}") as refused:
        teaching.teach(config, "few", [*map(Picture.at, files)])
    assert refused.value.key == "concept.number"


def test_a_picture_on_both_sides_is_a_contradiction(own):
    folder, config = own
    shown = [Picture.at(folder / f"bear{number}.png") for number in range(6)]
    with pytest.raises(BadUse) as refused:
        teaching.teach(config, "both", shown, shown[:1])
    assert refused.value.key == "concept.contradiction"


def test_pictures_of_nothing_in_common_teach_nothing():
    random = np.random.default_rng(4)
    background = shipped_background().features
    chosen = random.permutation(len(background))
    with pytest.raises(BadUse) as refused:
        taught(background[chosen[:10]], background[chosen[:10]], np.zeros((0, SIZE), np.float32), background[chosen[10:]])
    assert refused.value.key == "concept.not_learned"


def test_a_face_in_a_teaching_picture_refuses_it(own):
    folder, config = own
    files = [*(folder / f"bear{number}.png" for number in range(6)), draw(folder, "face", drawings.face())]
    with pytest.raises(BadUse) as refused:
        teaching.teach(config, "faces", [*map(Picture.at, files)])
    assert refused.value.key == "teaching.face"
    assert "face.png" in str(refused.value)
    assert "face.png" not in refused.value.message(masked=True).en


def test_what_is_no_picture_is_refused(own, tmp_path):
    _, config = own
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    with pytest.raises(MediaUnreadable):
        teaching.teach(config, "broken", [Picture.at(broken)])
    (tested,) = teaching.tested(config, "곰 인형", [Picture.at(broken)])
    assert isinstance(tested.error, JikimError)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_name_is_a_name(own, name):
    _, config = own
    with pytest.raises(BadUse) as refused:
        teaching.teach(config, name, [])
    assert refused.value.key == "concept.name"


def test_a_damaged_or_newer_file_is_said(own):
    _, config = own
    (file,) = (config.home / "concepts").glob("*/*")
    written = json.loads(file.read_bytes())
    for content, key in (
        (json.dumps({**written, "schema": 99}).encode(), "concept.newer"),
        (b"{", "concept.damaged"),
        (b"[]", "concept.damaged"),
    ):
        file.write_bytes(content)
        with pytest.raises(StateError) as raised:
            concept_store.concepts(config.home / "concepts")
        assert raised.value.key == key


def test_other_model_files_make_it_useless_and_a_scan_says_so(own):
    folder, config = own
    (file,) = (config.home / "concepts").glob("*/*")
    file.write_bytes(json.dumps({**json.loads(file.read_bytes()), "made_with": "0" * 64}).encode())
    with pytest.raises(BadUse, match="곰 인형"):
        list(teaching.tested(config, "곰 인형", []))
    with Detector(config, ["concept"]) as detector:
        (failure,) = look_at_file(detector, folder / "bear0.png", ()).failures
    assert failure.stage == "analyze"


def test_the_background_is_large_enough():
    background = shipped_background()
    assert background.features.shape[0] >= 100
    assert background.features.shape[1] == SIZE


def test_the_commands(own, monkeypatch):
    folder, config = own
    monkeypatch.setenv("JIKIM_HOME", str(config.home))
    monkeypatch.setenv("JIKIM_LANG", "en")
    run = CliRunner().invoke
    listed = run(concept_app, ["list", "--json"])
    assert json.loads(listed.output)["name"] == "곰 인형"
    assert "weights" not in json.loads(listed.output)
    shown = run(concept_app, ["test", "곰 인형", str(folder / "bear0.png"), str(folder / "gone.png")])
    assert "shown" in shown.output
    assert shown.exit_code == 1
    assert run(concept_app, ["forget", "곰 인형"]).exit_code == 0
    assert "No concept" in run(concept_app, ["list"]).output
