"""Model cards: what an analyzer is for, what it cannot do and how well it did, in Korean and English, as one Markdown file.

The English words are the analyzer's own `ModelCard`; the Korean ones stand in `cards.toml`. A card keeps the figures of every
task measured so far: a new measurement replaces those of its own task alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from jikim.evaluating import faces_pairs
from jikim.evaluating.evaluation import Evaluation
from jikim.evaluating.figures import EVERY
from jikim.messages import Message, catalogue
from jikim.seams import ANALYZERS, plugin
from jikim.types import JsonValue, ModelCard

_FIGURES = "## 측정값 Measured\n\n괄호 안은 95 % 신뢰구간입니다. In brackets: the 95 % interval.\n\n"
_STATED = "\n## 만들 때 잰 값 Figures from when it was built\n\n| | |\n|---|---|\n"
_MEASURED = re.compile(r"<!-- measured (?P<task>[a-z-]+) -->\n.*?<!-- end (?P=task) -->\n", re.S)


ASSESSING = ModelCard(
    intended_use="Put candidates in the order in which people should look at them, and say why. It never decides.",
    limits="The weights and priors were chosen, not fitted: there were no decisions of people to fit them on. What it says "
    "holds where minors are about as common as the prior says (5 in 100): elsewhere the numbers of an axis are an order, not "
    "frequencies. No thing was seen to help, and none counts: of books, bags and teddy bears it is told that they are there, "
    "ties and beds are passed over. Teddy bears do go with children, too rarely to show in the order. How much of what is "
    "sexual it finds is deliberately never measured. Where no cue is seen it says that it cannot tell.",
    data="None: nothing here was trained. Only p(minor) of a face was calibrated (its card). What a centre learns from its own "
    "decisions is its own.",
    metrics={},
    by_group={},
    licence_code="Apache-2.0",
    licence_weights="none: the rules are jikim/assessing/weights.toml",
)


_OWN: Mapping[str, ModelCard] = {EVERY: ASSESSING, faces_pairs.ANALYZER: faces_pairs.CARD}
"""The cards of what is no analyzer."""


@cache
def korean_words() -> Mapping[str, Mapping[str, str]]:
    """The Korean words of the cards, by analyzer: `intended_use`, `limits`, `data`."""
    return tomllib.loads(files("jikim.evaluating").joinpath("cards.toml").read_text("utf-8"))


def card(measured: Evaluation, earlier: str = "", about: str = "") -> str:
    """The card of the analyzer that was measured; the figures of other tasks are taken over from its `earlier` text. `about`
    says what it was measured on."""
    model: ModelCard = _OWN.get(measured.analyzer) or plugin(ANALYZERS, measured.analyzer).card
    sections = {found["task"]: found.group() for found in _MEASURED.finditer(earlier)}
    sections[measured.task] = "".join(_section(measured, about))
    head = _head(measured.analyzer, measured.analyzer_version, measured.weights, model)
    return "".join(head) + "".join(sections[task] for task in sorted(sections)) + "".join(_stated(model))


def restated(earlier: str, analyzer: str, version: str, weights: Mapping[str, str]) -> str:
    """A card with its figures as they are and everything else as it is said now."""
    model: ModelCard = _OWN.get(analyzer) or plugin(ANALYZERS, analyzer).card
    begun, ended = earlier.find(_FIGURES), earlier.find(_STATED)
    figures = earlier[begun:] if ended < 0 else earlier[begun:ended]
    return "".join(_head(analyzer, version, weights, model)) + figures.removeprefix(_FIGURES) + "".join(_stated(model))


def _head(analyzer: str, version: str, weights: Mapping[str, str], model: ModelCard) -> Iterator[str]:
    korean = korean_words().get(analyzer, {})
    yield f"# {analyzer}\n\n"
    yield f"| | |\n|---|---|\n| 판 Version | {_cell(version)} |\n"
    for name, digest in weights.items():
        yield f"| 가중치 Weights `{name}` | sha256 `{digest}` |\n"
    yield f"| 코드 라이선스 Licence of the code | {_cell(model.licence_code)} |\n"
    yield f"| 가중치 라이선스 Licence of the weights | {_cell(model.licence_weights)} |\n\n"
    for heading, field in (("쓰임", "intended_use"), ("한계", "limits"), ("학습 자료", "data")):
        if field in korean:
            yield f"**{heading}** {korean[field]}\n\n"
    for heading, words in (("Use", model.intended_use), ("Limits", model.limits), ("Trained on", model.data)):
        yield f"**{heading}** {words}\n\n"
    yield _FIGURES


def _section(measured: Evaluation, about: str) -> Iterator[str]:
    yield f"<!-- measured {measured.task} -->\n### {measured.task}\n\n"
    limits = f" --only {','.join(measured.only)}" if measured.only else ""
    yield f"`jikim evaluate {measured.task} MANIFEST.tsv{limits} --card DIR`\n\n"
    left_out = len(measured.problems)
    yield f"{about}\n\n" if about else ""
    yield (
        f"항목 {measured.n:,}개, 제외 {left_out:,}개 · {measured.n:,} items, {left_out:,} left out · "
        f"manifest sha256 `{measured.manifest_sha256}`\n\n| 지표 | Metric | |\n|---|---|---|\n"
    )
    for path, value in flat(measured.figures.metrics):
        name = figure_words(path)
        yield f"| {_cell(name.ko)} | {_cell(name.en)} | {_cell(value)} |\n"
    for dimension, groups in measured.figures.by_group.items():
        yield from _groups(dimension, groups)
    yield f"\n<!-- end {measured.task} -->\n"


def _groups(dimension: str, groups: Mapping[str, JsonValue]) -> Iterator[str]:
    """A row a group, a column a figure; figures nested deeper would make no table and stay in the JSON."""
    rows = {group: dict(flat(figures)) for group, figures in groups.items()}
    columns = [column for column in dict.fromkeys(name for row in rows.values() for name in row) if len(column) <= 2]
    heads = [figure_words(column) for column in columns]
    title = figure_words((dimension,))
    yield f"\n| {title.ko} {title.en} | " + " | ".join(f"{head.ko}<br>{head.en}" for head in heads) + " |\n"
    yield "|---" * (len(columns) + 1) + "|\n"
    for group, row in rows.items():
        yield f"| {_cell(group)} | " + " | ".join(_cell(row.get(column, "-")) for column in columns) + " |\n"


def _stated(model: ModelCard) -> Iterator[str]:
    stated = [*flat(model.metrics), *flat(model.by_group)]
    if stated:
        yield _STATED
        yield from (f"| {_cell(' '.join(path))} | {_cell(value)} |\n" for path, value in stated)


def flat(figures: Mapping[str, JsonValue], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Figures as pairs of their names from the outermost in, and their text: an interval in brackets, a dash for none."""
    for name, value in figures.items():
        path = (*above, str(name))
        if isinstance(value, Mapping) and set(value) == {"value", "low", "high"}:
            yield path, f"{_number(value['value'])} ({_number(value['low'])}~{_number(value['high'])})"
        elif isinstance(value, Mapping):
            yield from flat(value, path)
        else:
            yield path, "-" if value is None else _number(value) if isinstance(value, float) else str(value)


def figure_words(path: tuple[str, ...]) -> Message:
    """What a figure is called in both languages, level by level; a name without words as it is."""
    names = [catalogue().get(f"figure.{name}", Message(name, name.replace("_", " "))) for name in path]
    return Message(" · ".join(name.ko for name in names), " · ".join(name.en for name in names))


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _cell(text: str) -> str:
    """Text for a cell of a table: one line, no bar of its own."""
    return " ".join(text.replace("|", "\\|").split())
