"""What decisions teach, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.learning.stream import days
from jikim.assessing import assess
from jikim.assessing.learning import FEWEST, FEWEST_OF_A_KIND, Decided, Verdict, challenge, learn
from jikim.assessing.learning_figures import calibration_error, compare, order, precision_at, recall_at
from jikim.assessing.rules import shipped
from jikim.errors import BadUse
from jikim.types import Cue


def cue(name: str, said: float, **value: object) -> Cue:
    fields = {"face": {"p_minor": said, "is_certain": True}, "sensitive": {"score": said}, "youth_language": {"score": said}}
    return Cue(None, "test", "1", None, name, None, None, fields.get(name, {}) | value, said, "")


def decisions(count: int, seed: int = 5) -> list[Decided]:
    """Of a drifted stream: what is sought, what shows adults and the rest in equal parts."""
    finds = [find for day in list(days(14, seed))[8:] for find in day]
    by_kind = {verdict: [find for find in finds if find.truth is verdict] for verdict in Verdict}
    return [Decided(by_kind[kind][place // 3].cues, kind) for place, kind in zip(range(count), cycle(Verdict), strict=False)]


def test_too_few_decisions_are_refused_in_one_line():
    with pytest.raises(BadUse, match=str(FEWEST)):
        learn(decisions(FEWEST - 1), shipped())
    of_one_kind = [replace(one, verdict=Verdict.NOT_RELEVANT) for one in decisions(100)]
    with pytest.raises(BadUse, match=str(FEWEST_OF_A_KIND)):
        learn(of_one_kind, shipped())


def test_fifty_decisions_teach_and_the_challenger_is_a_valid_file():
    lesson = learn(decisions(50), shipped())
    assert lesson.taught_on == 50
    assert lesson.rules.sha256 != shipped().sha256
    assert lesson.rules.version.endswith("-learned")
    assert [rule.cue for rule in lesson.rules.rules] == [rule.cue for rule in shipped().rules]
    assert lesson.comparison.decisions == 40
    for standing in (lesson.comparison.champion, lesson.comparison.challenger):
        for figure in (standing.precision_at_20, standing.recall_at_5, standing.calibration_error, standing.surprise):
            assert figure.low <= figure.value <= figure.high


def test_what_misleads_loses_its_weight_and_what_tells_gains():
    switched = tuple(msgspec.structs.replace(rule, is_on=True) for rule in shipped().rules)  # as a centre may have it
    rules = msgspec.structs.replace(shipped(), rules=switched)
    taught = challenge(decisions(300), rules)
    weights = {(rule.cue, rule.label): rule.weight for rule in taught.rules}
    before = {(rule.cue, rule.label): rule.weight for rule in rules.rules}
    assert weights["object", "teddy bear"] < before["object", "teddy bear"]
    assert weights["youth_language", None] > before["youth_language", None]
    assert min(weights.values()) >= 0


def test_the_same_decisions_teach_the_same_bytes():
    assert learn(decisions(60), shipped()).toml == learn(decisions(60), shipped()).toml


def test_as_many_are_to_be_looked_at_as_before():
    told = decisions(200)
    taught = challenge(told, shipped())
    shown = [
        sum(assess("", one.cues, rules=rules).score >= rules.thresholds.look for one in told) for rules in (shipped(), taught)
    ]
    assert abs(shown[0] - shown[1]) <= 4


def test_decisions_that_agree_with_the_rules_move_them_little():
    told = []
    for place in range(80):
        is_sought = place % 2 == 0
        chance = 0.97 if is_sought else 0.05
        told.append(
            Decided((cue("face", chance), cue("sensitive", chance)), Verdict.CONFIRMED if is_sought else Verdict.NOT_RELEVANT)
        )
    lesson = learn(told, shipped())
    assert lesson.comparison.challenger.precision_at_20.value == lesson.comparison.champion.precision_at_20.value == 1.0


def test_a_verified_copy_teaches_no_weights():
    told = decisions(60)
    copy = cue("known_copy", 1.0, bank="known", item="x", score=1.0, relation="copy")
    with_copies = [*told, *(Decided((*one.cues, copy), Verdict.CONFIRMED) for one in told[:20])]
    plain = {rule.cue: rule.weight for rule in challenge(told, shipped()).rules}
    assert {rule.cue: rule.weight for rule in challenge(with_copies, shipped()).rules} == plain


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from(list(Verdict))), min_size=1, max_size=40))
def test_any_decisions_give_monotone_rules(rows):
    told = [Decided((cue("face", minor), cue("sensitive", sexual)), verdict) for minor, sexual, verdict in rows]
    taught = challenge(told, shipped())
    assert all(rule.weight >= 0 for rule in taught.rules)
    scores = [assess("", (cue("face", p), cue("sensitive", 0.8)), rules=taught).score for p in (0.1, 0.4, 0.7, 0.95)]
    assert scores == sorted(scores)


def test_figures_are_what_their_names_say():
    truth, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1])
    assert precision_at(truth, scores, 2) == 0.5
    assert recall_at(truth, scores, 0.25) == 0.5
    assert precision_at(np.array([True, False]), np.array([0.5, 0.5]), 1) == 0.5
    assert order(truth, scores) == 0.75
    assert order(np.array([True, False]), np.array([0.5, 0.5])) == 0.5
    assert calibration_error(np.array([True, True]), np.array([1.0, 1.0])) == 0.0
    assert calibration_error(np.array([False, True]), np.array([0.5, 0.5])) == 0.0
    assert calibration_error(np.array([False, False]), np.array([0.75, 0.75])) == 0.75


def test_a_better_order_is_recommended_and_a_worse_one_is_not():
    truth = [True] * 30 + [False] * 70
    good = [0.9] * 30 + [0.1] * 70
    poor = [0.5] * 100
    assert compare(truth, (poor, good), (poor, good)).is_better
    assert not compare(truth, (good, poor), (good, poor)).is_better


def test_better_chances_in_the_same_order_are_no_reason():
    truth = [True] * 30 + [False] * 70
    scores = list(np.linspace(0.9, 0.1, 100))
    shy = [0.01 * score for score in scores]
    found = compare(truth, (scores, scores), (shy, scores))
    assert found.challenger.surprise.value < found.champion.surprise.value
    assert not found.is_better
