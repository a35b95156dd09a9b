"""Every analyzer, found by its entry point, does what its own examples say."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from jikim.errors import BadUse, WeightsMissing
from jikim.messages import render
from jikim.seams import ANALYZERS, Analyzer, configured, plugins
from jikim.types import Frame, ModelCard, Region, Subject
from jikim.weights.sessions import LocalSessions

PLUGINS = plugins(ANALYZERS)
every_analyzer = pytest.mark.parametrize("name", PLUGINS)

VALUES = {
    "face": {"age", "age_low", "age_high", "p_minor", "p_female", "is_certain", "doubt", "quality", "track"},
    "object": {"label"},
    "sensitive": {"score"},
    "youth_language": {"score", "cues"},
    "line": {"text", "lang"},
    "utterance": {"text", "lang", "start_s", "end_s"},
    "known_copy": {
        *("bank", "item", "score", "relation", "coverage_query", "coverage_item", "start_s", "end_s", "item_start_s", "edit"),
        "segments",
    },
}


def test_the_first_four_are_there():
    assert {"faces", "objects", "sensitive", "known_copy"} <= set(PLUGINS)


@every_analyzer
def test_it_is_an_analyzer_with_a_card(name, sessions):
    kind = PLUGINS[name]
    analyzer = kind(kind.Config(), sessions)
    assert isinstance(analyzer, Analyzer)
    assert analyzer.name == name
    assert analyzer.cost_ms > 0
    assert isinstance(analyzer.card, ModelCard)
    assert all((analyzer.card.intended_use, analyzer.card.limits, analyzer.card.licence_code, analyzer.card.licence_weights))


@every_analyzer
def test_its_examples_give_their_cues(name, sessions):
    kind = PLUGINS[name]
    analyzer = kind(kind.Config(), sessions)
    for example in kind.examples():
        cues = list(analyzer.analyze(example.subject))
        assert {cue.name for cue in cues} == example.cue_names
        for cue in cues:
            assert set(cue.value) == VALUES[cue.name]
            assert 0 <= cue.confidence <= 1
            assert cue.analyzer == name
            assert cue.analyzer_version == analyzer.version
            own = {kind.card.metrics.get("weights_sha256")}
            assert cue.weights_sha256 in ({sessions.sha256(model) for model in kind.weights} or own)
            assert all(render(cue.message_key, cue.params))
            assert msgspec.json.decode(msgspec.json.encode({**cue.value, **cue.params}))
            if cue.region is not None:
                assert isinstance(cue.region, Region)
                assert all(0 <= share <= 1 for share in cue.region)


@every_analyzer
def test_it_verifies_itself(name, sessions, tmp_path):
    kind = PLUGINS[name]
    kind.verify(kind.Config(), sessions)
    if kind.weights:
        with pytest.raises(WeightsMissing):
            kind.verify(kind.Config(), LocalSessions(tmp_path))


@every_analyzer
def test_a_setting_nobody_knows_is_refused(name):
    with pytest.raises(BadUse):
        configured(PLUGINS[name].Config, {"no such setting": 1}, "config.toml")


@every_analyzer
@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (3000, 2), (7, 5), (720, 960)])
def test_it_takes_a_picture_of_any_size(name, shape, sessions):
    kind = PLUGINS[name]
    pixels = np.full((*shape, 3), 127, np.uint8)
    assert list(kind(kind.Config(), sessions).analyze(Subject(None, (Frame("m", None, pixels),)))) == []


@every_analyzer
def test_nothing_in_gives_nothing_out(name, sessions):
    kind = PLUGINS[name]
    assert list(kind(kind.Config(), sessions).analyze(Subject(None))) == []


@every_analyzer
def test_it_leaves_the_pixels_alone(name, sessions):
    kind = PLUGINS[name]
    for example in kind.examples():
        before = [frame.pixels.copy() for frame in example.subject.frames]
        for frame in example.subject.frames:
            frame.pixels.flags.writeable = False
        list(kind(kind.Config(), sessions).analyze(example.subject))
        assert all((frame.pixels == old).all() for frame, old in zip(example.subject.frames, before, strict=True))
