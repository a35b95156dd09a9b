"""The figures of each task, from cues as the analyzers give them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.analyzers import objects_drawn
from jikim.errors import BadUse
from jikim.evaluating.assessment import Truth, assessment_figures, read_truth
from jikim.evaluating.cards import card, figure_words, flat, korean_words
from jikim.evaluating.copies import copy_figures
from jikim.evaluating.evaluation import TASKS, Evaluation, latencies, task_named
from jikim.evaluating.faces import Person, age_figures, face_figures, read_count, read_person
from jikim.evaluating.figures import Figures, Observed
from jikim.evaluating.manifest import BadLine, Line
from jikim.evaluating.things import object_figures, read_labels, sensitive_figures
from jikim.evaluating.words import SCREEN_TEXT, SPEECH, normal, read_transcript, youth_figures
from jikim.messages import catalogue
from jikim.scan import Look
from jikim.seams import ANALYZERS, plugins
from jikim.types import Cue, Region


def cue(name: str, confidence: float = 0.9, at_s: float | None = None, width: float = 0.5, **value) -> Cue:
    return Cue("m", "a", "1", None, name, at_s, Region(0, 0, width, width), value, confidence, "cue.face")


def face(age: float, p_minor: float, p_female: float = 0.9, width: float = 0.5) -> Cue:
    value = {"age": age, "age_low": age - 3, "age_high": age + 3, "p_minor": p_minor, "p_female": p_female, "is_certain": True}
    return cue("face", width=width, **value)


def seen(truth, *cues: Cue, group: str = "") -> Observed:
    return Observed(truth, group, Look(cues=cues, took_ms={"open": 2.0, "a": 8.0}))


def line(**columns: str) -> Line:
    return Line(2, columns, None)


def test_ages_are_of_the_largest_face():
    child, adult = Person(10, True), Person(40, False)
    figures = age_figures(
        [
            seen(child, face(70, 0.0, width=0.1), face(12, 0.9), group="x"),
            seen(adult, face(36, 0.1, p_female=0.2), group="x"),
            seen(adult, group="y"),
        ]
    )
    metrics = figures.metrics
    assert metrics["face_found"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert metrics["mean_absolute_error_years"]["value"] == 3.0
    assert metrics["mean_error_years"]["value"] == -1.0
    assert metrics["mean_absolute_error_years_under_18"]["value"] == 2.0
    assert metrics["true_age_inside_interval"]["value"] == 0.5
    assert metrics["interval_width_years"]["value"] == 6.0
    assert metrics["minor_or_adult_auc"]["value"] == 1.0
    assert metrics["adults_flagged_at_90_percent_recall"] == 0.0
    assert metrics["gender_accuracy_from_15"]["value"] == 1.0
    assert {name: group["n"] for name, group in figures.by_group["group"].items()} == {"x": 2, "y": 1}
    assert set(figures.by_group["age"]) == {"10-12", "36-50"}
    assert figures.by_group["age"]["10-12"]["estimated_under_18"]["value"] == 1.0


def test_without_items_nothing_is_claimed():
    for task in TASKS.values():
        metrics = dict(flat(task.figures([]).metrics))
        given = ("n_true", "threshold", "threshold_of_drawings", "items", "is_on")
        numbers = {name: value for name, value in metrics.items() if name[-1] not in given}
        assert set(numbers.values()) == {"-"}, task.name


def test_faces_are_counted_by_the_fullest_frame():
    three = [cue("face", at_s=1.0), cue("face", at_s=1.0), cue("face", at_s=2.0)]
    metrics = face_figures([seen(2, *three), seen(0, cue("face")), seen(0), seen(1)]).metrics
    assert metrics["faces_found_of_those_there"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert metrics["true_of_faces_found"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert metrics["items_with_faces_noticed"]["value"] == 0.5
    assert metrics["items_without_faces_flagged"]["value"] == 0.5
    assert metrics["exact_count"]["value"] == 0.5


def test_objects_are_flagged_from_their_threshold_on():
    book, nothing = frozenset({"book", "desk"}), frozenset[str]()
    observed = [
        seen(book, cue("object", 0.6, label="book")),
        seen(book, cue("object", 0.2, label="book")),
        seen(nothing, cue("object", 0.1, label="book"), cue("object", 0.7, label="tie")),
    ]
    figures = object_figures(observed).metrics
    assert figures["labels"]["book"]["recall"]["value"] == 0.5
    assert figures["labels"]["book"]["precision"]["value"] == 1.0
    assert figures["labels"]["book"]["auc"]["value"] == 1.0
    assert figures["labels"]["bed"]["recall"] is None
    assert figures["labels"]["tie"]["others_flagged"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["pictures_of_none_flagged"]["value"] == 1.0


def test_a_drawing_is_flagged_from_the_threshold_of_drawings_on():
    nothing = frozenset[str]()
    least = objects_drawn.THRESHOLDS["book"]
    scores = (least - 0.01, least)
    observed = [seen(nothing, cue("object", score, label="book", is_drawn=True)) for score in scores]
    figures = object_figures(observed).metrics
    assert figures["pictures_of_none_flagged"]["value"] == 0.5
    assert figures["labels"]["book"]["threshold_of_drawings"] == least > figures["labels"]["book"]["threshold"]


def test_quietness_is_of_the_highest_score_of_an_item():
    items = [seen(True, cue("sensitive", score=0.1), cue("sensitive", score=0.6)), seen(True, cue("sensitive", score=0.05))]
    metrics = sensitive_figures(items).metrics
    assert metrics["harmless_at_least_0.5"]["value"] == 0.5
    assert metrics["harmless_at_least_0.8"]["value"] == 0.0


def test_texts_are_compared_without_case_punctuation_or_repeated_lines():
    said = [cue("line", text="내일 시험"), cue("line", text="내일 시험"), cue("line", text="이라서!")]
    metrics = SCREEN_TEXT.figures(
        [seen("내일, 시험 이라서", *said), seen("abcd", cue("line", text="ABxd")), seen("zz")]
    ).metrics
    assert metrics["character_error_rate"]["value"] == pytest.approx((0 + 1 + 2) / (7 + 4 + 2), abs=1e-4)
    assert metrics["word_error_rate"]["value"] == pytest.approx((0 + 1 + 1) / (3 + 1 + 1), abs=1e-4)
    assert metrics["exact"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert metrics["nothing_given"]["value"] == pytest.approx(1 / 3, abs=1e-4)


def test_words_heard_in_silence_are_counted_apart():
    metrics = SPEECH.figures(
        [seen("", cue("utterance", text="감사합니다")), seen(""), seen("네", cue("utterance", text="네"))]
    ).metrics
    assert metrics["words_where_there_are_none"]["value"] == 0.5
    assert metrics["character_error_rate"]["value"] == 0.0


def test_youth_language_is_told_by_its_score():
    scores = [(True, 0.9), (True, 0.2), (False, 0.6), (False, 0.1)]
    observed = [seen(truth, cue("youth_language", score=score)) for truth, score in scores]
    metrics = youth_figures([*observed, seen(False)]).metrics
    assert metrics["precision"]["value"] == metrics["recall"]["value"] == 0.5
    assert metrics["auc"]["value"] == pytest.approx(5 / 6, abs=1e-4)


def test_truth_is_read_or_the_line_is_bad():
    assert read_person(line(age="12", gender="여")) == Person(12, True)
    assert read_person(line(age="12.5")) == Person(12.5, None)
    assert read_count(line(faces="3")) == 3
    assert read_labels(line(labels="book; teddy bear;")) == {"book", "teddy bear"}
    assert read_transcript(line(audio="0", speech_transcript="")) is None
    assert read_transcript(line(audio="1", speech_transcript="네")) == "네"
    for bad in ({"age": "old"}, {"age": "12", "gender": "?"}):
        with pytest.raises(BadLine):
            read_person(line(**bad))
    with pytest.raises(BadLine):
        read_transcript(line(transcript="가" * 20_001))


@given(st.text())
def test_compared_text_is_settled(text):
    assert normal(normal(text)) == normal(text)


def test_an_assessment_is_measured_with_what_each_rule_adds():
    child = {"age_low": 5, "age_high": 15, "is_certain": True, "track": None}
    items = [
        *(seen(Truth(True, True), cue("face", age=9, p_minor=0.9, **child), group="a") for _ in range(12)),
        *(seen(Truth(True, False), group="a") for _ in range(4)),
        *(seen(Truth(False, False), cue("object", label="bed"), group="b") for _ in range(30)),
    ]
    metrics = assessment_figures(items).metrics
    assert metrics["n_true"] == 16
    assert metrics["minor_axis_auc"]["value"] == pytest.approx((12 + 4 * 0.5) / 16)
    assert metrics["minor_axis_cannot_tell"]["value"] == pytest.approx(34 / 46, abs=1e-3)
    added = metrics["without_a_rule_auc_falls_by"]
    assert added["face"]["items"] == 12
    assert added["face"]["gain"]["value"] == pytest.approx(0.375)
    assert added["object: bed"]["is_on"] == "off"
    assert added["object: bed"]["gain"]["value"] < 0
    assert added["object: book"]["gain"] is None
    assert metrics["precision_at_20"]["value"] == pytest.approx(12 / 20)
    assert metrics["recall_at_20"]["value"] == 1.0
    assert sum(level["to_look_at"] + level["others"] for level in metrics["levels"].values()) == 46


def test_the_truth_of_an_assessment_may_be_unknown():
    assert read_truth(line(minor="1", look="")) == Truth(True, None)
    assert read_truth(line(minor="", look="아니요")) == Truth(None, False)
    with pytest.raises(BadLine):
        read_truth(line(minor="perhaps"))


@pytest.mark.parametrize("name", ["nonsense", ""])
def test_a_task_that_is_not_there_is_one_clear_error(name):
    with pytest.raises(BadUse) as raised:
        task_named(name)
    assert "age" in raised.value.message().ko


def known(item: str, score: float, relation: str = "copy", label: str = "") -> Cue:
    made = cue("known_copy", score, item=item, relation=relation)
    return replace(made, params={"label": label})


def test_copies_are_those_found_as_the_item_they_are():
    metrics = copy_figures(
        [
            seen("a", known("a", 0.9), known("b", 0.8), group="x"),
            seen("named", known("c", 0.7, label="named"), known("d", 0.95)),
            seen("e", known("e", 0.9, "same_scene")),
            seen("f"),
            seen("", known("a", 0.9)),
            seen("", known("a", 0.4, "same_scene")),
            seen(""),
            seen(""),
        ]
    ).metrics
    assert {name: figure["value"] for name, figure in metrics.items()} == {
        "copies_found": 0.5,
        "copies_found_first": 0.25,
        "copies_named_same_scene_only": 0.25,
        "others_called_copies": 0.25,
        "others_named_same_scene": 0.25,
        "any_called_copy_of_another_item": 0.375,
    }


def test_time_is_told_by_stage():
    assert latencies([Look(took_ms={"open": 1.0, "faces": 3.0}), Look(took_ms={"open": 3.0, "faces": 5.0})]) == {
        "faces": {"p50": 4.0, "p95": 4.9},
        "open": {"p50": 2.0, "p95": 2.9},
        "whole": {"p50": 6.0, "p95": 7.8},
    }


def evaluation(task: str, figures: Figures) -> Evaluation:
    return Evaluation(task, TASKS[task].analyzer, "1", {"w": "0" * 64}, "1" * 64, 2, figures, (), 1.0)


def test_drawings_are_whole_svg_files():
    figures = age_figures([seen(Person(10, True), face(12, 0.9)), seen(Person(40, False), face(36, 0.1))])
    objects = object_figures([seen(frozenset({"book"}), cue("object", 0.6, label="book")), seen(frozenset())])
    assert set(figures.plots) == {"reliability", "roc", "error"}
    for drawn in [*figures.plots.values(), *objects.plots.values()]:
        assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_a_card_keeps_what_other_tasks_measured():
    ages = evaluation("age", age_figures([seen(Person(10, True), face(12, 0.9), group="a|b")]))
    counts = evaluation("faces", face_figures([seen(1, cue("face"))]))
    first = card(ages, about="그림 한 장")
    both = card(counts, first)
    again = card(ages, both)
    for words in ("### age", "### faces", "평균 절대 오차", "mean absolute error", "쓰임", "Limits", "a\\|b", "그림 한 장"):
        assert words in both
    assert again.count("### age") == again.count("### faces") == 1
    assert "그림 한 장" not in again


def test_every_figure_has_words_in_both_languages():
    named = set()
    for task in TASKS.values():
        figures = task.figures([])
        named |= {name[-1] for name, _ in flat(figures.metrics)}
    named -= set(plugins(ANALYZERS))
    missing = {name for name in named if f"figure.{name}" not in catalogue()}
    assert not missing
    assert figure_words(("labels", "book", "recall")) == ("물건 · book · 재현율", "label · book · recall")


def test_korean_words_of_the_cards_are_of_fields_there_are():
    for words in korean_words().values():
        assert set(words) == {"intended_use", "limits", "data"}


def _assessed(is_minor: bool, p_minor: float) -> Observed:
    return seen(Truth(is_minor, None), face(20, p_minor))


def test_the_assessment_is_weighed_to_its_prior_and_what_it_cannot_tell_stands_apart():
    untold = [seen(Truth(is_minor, None)) for is_minor in (True, False, False, False)]
    even = [_assessed(number < 40, 0.3) for number in range(80)]  # a face that says nothing: the axis stays at its prior
    metrics = assessment_figures([*even, *untold]).metrics
    assert metrics["calibration_error_at_the_prior"] == pytest.approx(0, abs=0.001)
    assert metrics["groups_that_hold_at_the_prior"]["value"] == 1.0
    assert metrics["minors_where_it_cannot_tell"]["value"] == 0.25
    assert metrics["without_a_rule_auc_falls_by"]["face"]["minors"]["value"] == 0.5


def test_an_axis_that_lies_holds_nowhere():
    upside_down = [_assessed(number < 100, 0.02 if number < 100 else 0.98) for number in range(200)]
    metrics = assessment_figures(upside_down).metrics
    assert metrics["groups_that_hold_at_the_prior"]["value"] < 0.5
    assert metrics["calibration_error_at_the_prior"] > 0.3
