"""The cards in docs/cards say what the analyzers say of themselves now, and their figures come of runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jikim.assessing.rules import shipped
from jikim.evaluating import faces_pairs
from jikim.evaluating.cards import korean_words, restated
from jikim.evaluating.evaluation import TASKS
from jikim.evaluating.figures import EVERY
from jikim.seams import ANALYZERS, plugins
from jikim.weights.catalogue import catalogue

FOLDER = Path(__file__).parents[3] / "docs" / "cards"
CARDS = sorted(file.stem for file in FOLDER.glob("*.md"))
UNMEASURED = {"known_copy"}
"""What it finds is the copies' own matter: `jikim evaluate copies` measures it on a centre's bank."""
MEASURED_BY_TRAINING = {"concept"}
"""A concept is taught before it is measured: `training.concepts.measure` does both."""


def _now(name: str) -> tuple[str, tuple[str, ...]]:
    """The version and the model files of what a card is of."""
    if name == EVERY:
        return shipped().assessor_version, ()
    if name == faces_pairs.ANALYZER:
        return faces_pairs.VERSION, faces_pairs.FILES
    kind = plugins(ANALYZERS)[name]
    return kind.version, kind.weights


def test_every_analyzer_has_a_card_and_every_card_its_korean_words():
    assert {*CARDS} == {*plugins(ANALYZERS), EVERY, faces_pairs.ANALYZER} - UNMEASURED
    assert {*CARDS} <= {*korean_words()}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_of_what_is_there_now(name):
    version, files = _now(name)
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    assert restated(text, name, version, {file: catalogue()[file].sha256 for file in files}) == text


@pytest.mark.parametrize("name", sorted({*CARDS} - MEASURED_BY_TRAINING))
def test_its_figures_come_of_a_run_of_a_task_over_a_manifest(name):
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    tasks = re.findall(r"<!-- measured ([a-z-]+) -->\n### \1\n", text)
    assert tasks
    for task in tasks:
        section = text.partition(f"<!-- measured {task} -->")[2].partition(f"<!-- end {task} -->")[0]
        assert TASKS[task].analyzer == name
        assert f"`jikim evaluate {task} MANIFEST.tsv" in section
        assert re.search(r"manifest sha256 `[0-9a-f]{64}`", section)
        assert int(re.search(r"([0-9,]+) items, ", section)[1].replace(",", "")) > 0
