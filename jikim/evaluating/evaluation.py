"""The way of one evaluation: read the manifest, look at each item as a scan would, and work out the figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec

from jikim.assessing.rules import in_force
from jikim.config import Config
from jikim.errors import BadUse, JikimError, MediaUnreadable, NotConfigured
from jikim.evaluating import assessment, copies, faces, faces_pairs, faces_tracks, manifest, things, words
from jikim.evaluating.figures import EVERY, Figures, Observed, Task
from jikim.evaluating.manifest import BadLine, Line
from jikim.evaluating.metrics import quantiles
from jikim.media.opening import Opener
from jikim.scan import Detector, Look
from jikim.seams import ANALYZERS, plugin
from jikim.types import JsonValue, TextOrigin, TextSpan
from jikim.weights.sessions import LocalSessions
from jikim.workers import look_at_file

SCHEMA = 1
MOST_TEXT_BYTES = 2**20

TASKS: Mapping[str, Task[Any]] = {
    task.name: task
    for task in (
        faces.AGE,
        faces.FACES,
        faces_tracks.TRACKS,
        faces_pairs.SAME_PERSON,
        things.OBJECTS,
        words.SCREEN_TEXT,
        words.SPEECH,
        words.YOUTH_LANGUAGE,
        things.SENSITIVE,
        copies.COPIES,
        assessment.ASSESSMENT,
    )
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the manifest that was left out, by its number in the file, and why."""

    number: int | None
    error: JikimError


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one analyzer at one task. `n` items were measured, each problem is one that was left out; `only` names the
    analyzers that took part where these were not all."""

    task: str
    analyzer: str
    analyzer_version: str
    weights: Mapping[str, str]
    manifest_sha256: str
    n: int
    figures: Figures
    problems: tuple[Problem, ...]
    took_s: float
    only: tuple[str, ...] = ()

    def as_object(self) -> dict[str, JsonValue]:
        """The object of `jikim evaluate --json`."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "n": self.n,
            "metrics": self.figures.metrics,
            "by_group": self.figures.by_group,
            "took_s": round(self.took_s, 2),
            "left_out": len(self.problems),
            "analyzer": {"name": self.analyzer, "version": self.analyzer_version, "weights_sha256": self.weights},
            "manifest_sha256": self.manifest_sha256,
            **({"only": list(self.only)} if self.only else {}),
        }


Watched = Callable[[Iterable[Line], int], Iterable[Line]]
"""Passes the lines on, as a progress bar does; the number is how many there are."""


def evaluate(
    config: Config,
    task_name: str,
    path: Path,
    *,
    group_by: str = "group",
    only: Sequence[str] = (),
    watched: Watched = lambda lines, _: lines,
) -> Evaluation:
    """Measures a task on a manifest. `group_by` is the column that names each item's group; `only` limits the analyzers of a
    task that is of all of them.

    Raises BadUse for an unknown task or an unusable manifest, NotConfigured when an analyzer is not there, WeightsMissing.
    """
    task = task_named(task_name)
    if only and task.analyzer != EVERY:
        raise BadUse("evaluating.of_one_analyzer", task=task.name, analyzer=task.analyzer)
    read = manifest.read(path, task.needs)
    if task.one_of and not set(task.one_of) & set(read.header):
        raise BadUse("evaluating.no_column", where=str(path), missing=" | ".join(task.one_of), found=", ".join(read.header))
    version, weights = _measured_part(config, task)
    start = time.monotonic()
    section = {**config.analyzers.get(task.analyzer, {}), **task.settings}
    tuned = msgspec.structs.replace(config, analyzers={**config.analyzers, task.analyzer: section})
    problems = [Problem(error.params.get("number"), error) for error in read.problems]
    with _looking(task, config, tuned, only) as look:
        items = watched(read.lines, len(read.lines))
        observed = list(observations(task, look, items, group_by, problems))
    figures = task.figures(observed)
    metrics = {**figures.metrics, "latency_ms": latencies([one.look for one in observed])}
    return Evaluation(
        task=task.name,
        analyzer=task.analyzer,
        analyzer_version=version,
        weights=weights,
        manifest_sha256=read.sha256,
        n=len(observed),
        figures=Figures(metrics, figures.by_group, figures.plots),
        problems=tuple(problems),
        took_s=time.monotonic() - start,
        only=tuple(only),
    )


def task_named(name: str) -> Task[Any]:
    """A task by its name. Raises BadUse naming those there are."""
    if name not in TASKS:
        raise BadUse("evaluating.unknown_task", task=name, known=", ".join(TASKS))
    return TASKS[name]


@contextmanager
def _looking(task: Task[Any], config: Config, tuned: Config, only: Sequence[str]) -> Iterator[Callable[[Line], Look]]:
    """What looks at the item of a line."""
    if task.analyzer == faces_pairs.ANALYZER:
        with Opener(config.opening) as opener:
            pairs = faces_pairs.Comparing(LocalSessions(config.weights), opener)
            yield lambda line: pairs.look(_file(line), _file(line, "other"))
        return
    with Detector(*((config, only or None) if task.analyzer == EVERY else (tuned, [task.analyzer]))) as detector:
        yield lambda line: _look(task, detector, line)


def observations(
    task: Task[Any], look: Callable[[Line], Look], lines: Iterable[Line], group_by: str, problems: list[Problem]
) -> Iterator[Observed[Any]]:
    """What is noticed in each item; those that cannot be used join `problems`."""
    for line in lines:
        try:
            truth = task.read(line)
            if truth is not None:
                yield Observed(truth, line.columns.get(group_by, ""), look(line))
        except JikimError as error:
            problems.append(Problem(line.number, error))


def _look(task: Task[Any], detector: Detector, line: Line) -> Look:
    """The look at an item. Raises JikimError when it could not be opened or analyzed."""
    if task.is_text or (task.analyzer == EVERY and line.path is None):
        look = _read(detector, line)
    else:
        said = line.columns.get("text", "") if task.analyzer == EVERY else ""
        look = look_at_file(detector, _file(line), (TextSpan(said, TextOrigin.POST),) if said else ())
    for failure in look.failures:
        if look.media is None or failure.stage == "analyze":
            raise failure.error
    return look


def _read(detector: Detector, line: Line) -> Look:
    return detector.read((TextSpan(_text(line), TextOrigin.POST),))


def _text(line: Line) -> str:
    if line.columns.get("text"):
        return line.columns["text"]
    path = _file(line)
    try:
        with path.open("rb") as file:
            return file.read(MOST_TEXT_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        raise MediaUnreadable("media.cannot_read", where=str(path), problem=error.strerror or str(error)) from error


def _file(line: Line, column: str = "file") -> Path:
    """The file a line names. Raises BadLine for none, or one that is not there."""
    if line.path is None:
        raise BadLine("evaluating.no_file", number=line.number)
    path = line.path if column == "file" else line.folder / line.columns[column]
    if not path.is_file():
        raise BadLine("evaluating.file_missing", number=line.number, where=line.columns[column])
    return path


def latencies(looks: Sequence[Look]) -> dict[str, JsonValue]:
    """Milliseconds an item, by stage (`open` and the analyzer) and `whole`, at the median and the 95th percentile."""
    stages = sorted({stage for look in looks for stage in look.took_ms})
    took = {stage: [look.took_ms.get(stage, 0.0) for look in looks] for stage in stages}
    took["whole"] = [sum(look.took_ms.values()) for look in looks]
    found = {stage: quantiles(values) for stage, values in took.items()}
    return {
        stage: {name: round(value, 2) for name, value in figures.items()} if figures else None
        for stage, figures in found.items()
    }


def _measured_part(config: Config, task: Task[Any]) -> tuple[str, dict[str, str]]:
    """The version and the model files of what is measured. Raises NotConfigured, WeightsMissing."""
    if task.analyzer == EVERY:
        return in_force().assessor_version, {}
    if task.analyzer == faces_pairs.ANALYZER:
        sessions = LocalSessions(config.weights)
        return faces_pairs.VERSION, {name: sessions.sha256(name) for name in faces_pairs.FILES}
    kind = _analyzer_class(task)
    return str(kind.version), _weights(config, kind)


def _analyzer_class(task: Task[Any]) -> Any:
    if task.analyzer not in {point.name for point in entry_points(group=ANALYZERS)}:
        raise NotConfigured("evaluating.no_analyzer", task=task.name, analyzer=task.analyzer)
    return plugin(ANALYZERS, task.analyzer)


def _weights(config: Config, kind: Any) -> dict[str, str]:
    sessions = LocalSessions(config.weights)
    return {name: sessions.sha256(name) for name in kind.weights}
