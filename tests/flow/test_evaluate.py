"""Analyzers measured as a person measures them: real files through the sandbox and the models."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from jikim.analyzers import drawings
from tests.flow.harness import drawing


@pytest.fixture
def pictures(tmp_path):
    Image.fromarray(drawings.face()).save(tmp_path / "face.png")
    Image.fromarray(drawings.teddy_bear()).save(tmp_path / "bear.png")
    drawing("가").save(tmp_path / "shapes.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    return tmp_path


def manifest(folder, *rows: str):
    path = folder / "manifest.tsv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_ages_are_measured_with_wrong_lines_said_and_counted(jikim, pictures):
    path = manifest(
        pictures,
        "file\tage\tgroup",
        "face.png\t30\tdrawn",
        "shapes.png\t20\tdrawn",
        "none.png\t3",
        "broken.jpg\t4",
        "face.png\told",
    )
    ran = jikim("evaluate", "age", path, "--json", "--plots", pictures / "plots", "--card", pictures / "cards")
    assert ran.status == 1
    (found,) = ran.objects
    assert (found["schema"], found["task"], found["n"], found["left_out"]) == (1, "age", 2, 3)
    assert found["metrics"]["face_found"]["value"] == 0.5
    assert set(found["metrics"]["mean_absolute_error_years"]) == {"value", "low", "high"}
    assert set(found["metrics"]["latency_ms"]) == {"open", "faces", "whole"}
    assert found["by_group"]["group"]["drawn"]["n"] == 2
    assert [number in words for number, words in zip("456", ran.err.splitlines(), strict=True)] == [True] * 3
    assert {file.name for file in (pictures / "plots").iterdir()} == {"age-reliability.svg", "age-roc.svg", "age-error.svg"}
    assert "face found" in (pictures / "cards" / "faces.md").read_text("utf-8")


def test_objects_and_quietness_are_measured_below_the_thresholds_too(jikim, pictures):
    path = manifest(pictures, "file\tlabels", "bear.png\tteddy bear", "shapes.png\t")
    ran = jikim("evaluate", "objects", path, "--json")
    assert ran.status == 0, ran.err
    bear = ran.objects[0]["metrics"]["labels"]["teddy bear"]
    assert bear["recall"]["value"] == bear["auc"]["value"] == 1.0
    ran = jikim("evaluate", "sensitive", path, "--json")
    assert ran.objects[0]["metrics"]["harmless_at_least_0.5"]["value"] == 0.0
    assert ran.objects[0]["metrics"]["score"]["p95"] > 0.0


def test_of_an_assessment_the_analyzers_that_take_part_can_be_named(jikim, pictures):
    path = manifest(pictures, "file\tminor", "bear.png\t1", "shapes.png\t0")
    ran = jikim("evaluate", "assessment", path, "--only", "objects", "--json", "--card", pictures / "cards")
    assert ran.status == 0, ran.err
    assert ran.objects[0]["only"] == ["objects"]
    assert set(ran.objects[0]["metrics"]["latency_ms"]) == {"open", "objects", "whole"}
    assert ran.objects[0]["metrics"]["without_a_rule_auc_falls_by"]["object: teddy bear"]["items"] == 1
    assert "MANIFEST.tsv --only objects --card" in (pictures / "cards" / "assessment.md").read_text("utf-8")


def test_a_person_reads_the_figures_in_korean(jikim, pictures):
    ran = jikim("evaluate", "faces", manifest(pictures, "file\tfaces", "face.png\t1", "shapes.png\t0"), lang="ko")
    assert ran.status == 0, ran.err
    assert "과제 faces: 분석기 faces, 항목 2개" in ran.out
    assert "얼굴이 없는데 있다고 한 비율" in ran.out


def test_wrong_use_is_one_line(jikim, pictures):
    good = manifest(pictures, "file\tage", "face.png\t1")
    (pictures / "file").write_text("")
    (pictures / "other").mkdir()
    other = manifest(pictures / "other", "file\tminor", "../face.png\t1")
    for arguments in (
        ("nonsense", good),
        ("copies", good),
        ("faces", good),
        ("age", pictures / "none.tsv"),
        ("age", good, "--only", "objects"),
        ("assessment", other, "--only", "nonsense"),
        ("age", good, "--plots", pictures / "file" / "deep"),
    ):
        ran = jikim("evaluate", *arguments)
        assert ran.status == 2, arguments
        assert not ran.out
        assert len(ran.err.splitlines()) == 1


def test_with_nothing_to_measure_nothing_is_claimed(jikim, pictures):
    ran = jikim("evaluate", "age", manifest(pictures, "file\tage", "none.png\t1"), "--json")
    assert ran.status == 1
    assert json.loads(ran.out)["n"] == 0
    assert json.loads(ran.out)["metrics"]["mean_absolute_error_years"] is None
