"""`jikim evaluate`: how well an analyzer does on files whose truth is known."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import track

from jikim.config import Config
from jikim.errors import BadUse
from jikim.evaluating import Evaluation, evaluate
from jikim.evaluating.cards import card, figure_words, flat
from jikim.evaluating.manifest import Line
from jikim.terminal import say

MOST_PROBLEMS = 20
NAME_CELLS = 52


def run(
    config: Config,
    task: str,
    manifest: Path,
    plots: Path | None,
    cards: Path | None,
    group_by: str,
    about: str,
    only: str | None = None,
    *,
    as_json: bool,
) -> int:
    """Measures and prints the figures; draws them and writes the model card where asked. Returns the exit status."""
    for folder in (plots, cards):
        if folder:
            _save(folder, {})
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    measured = evaluate(config, task, manifest, group_by=group_by, only=names, watched=_progress)
    if plots:
        _save(plots, {f"{measured.task}-{name}.svg": svg for name, svg in measured.figures.plots.items()})
    if cards:
        name = f"{measured.analyzer}.md"
        _save(cards, {name: card(measured, _read(cards / name), about)})
    if as_json:
        sys.stdout.write(msgspec.json.encode(measured.as_object()).decode() + "\n")
    else:
        _print(config.lang, measured)
    return _complain(config.lang, measured)


def _progress(lines: Iterable[Line], count: int) -> Iterable[Line]:
    """A bar on stderr where a person watches."""
    console = Console(stderr=True)
    return track(lines, total=count, console=console, description="", transient=True, disable=not console.is_terminal)


def _print(lang: str, measured: Evaluation) -> None:
    head = say(
        lang,
        "evaluating.head",
        task=measured.task,
        analyzer=measured.analyzer,
        n=measured.n,
        left_out=len(measured.problems),
        took_s=measured.took_s,
    )
    sys.stdout.write(head + "\n")
    for line in _lines(lang, measured.figures.metrics):
        sys.stdout.write(f"  {line}\n")
    for dimension, groups in measured.figures.by_group.items():
        for group, figures in groups.items():
            sys.stdout.write(f"  {figure_words((dimension,)).in_language(lang)} = {group}\n")
            for line in _lines(lang, figures):
                sys.stdout.write(f"    {line}\n")


def _lines(lang: str, figures: Mapping[str, Any]) -> Iterator[str]:
    for path, value in flat(figures):
        yield f"{set_cell_size(figure_words(path).in_language(lang), NAME_CELLS)} {value}"


def _read(path: Path) -> str:
    """An earlier card, empty where there is none."""
    return path.read_text("utf-8") if path.is_file() else ""


def _save(folder: Path, files: Mapping[str, str]) -> None:
    """Writes text files into a folder, which is made where it is not there. Raises BadUse."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise BadUse("evaluating.cannot_write", where=str(folder), problem=error.strerror or str(error)) from error


def _complain(lang: str, measured: Evaluation) -> int:
    """Says on stderr which lines were left out; the exit status."""
    for problem in measured.problems[:MOST_PROBLEMS]:
        words = problem.error.message().in_language(lang)
        sys.stderr.write(f"jikim: {say(lang, 'evaluating.line', number=problem.number, problem=words)}\n")
    if len(measured.problems) > MOST_PROBLEMS:
        sys.stderr.write(f"jikim: {say(lang, 'evaluating.more_lines', count=len(measured.problems) - MOST_PROBLEMS)}\n")
    if not measured.n:
        sys.stderr.write(f"jikim: {say(lang, 'evaluating.nothing_measured')}\n")
    return int(bool(measured.problems) or not measured.n)
