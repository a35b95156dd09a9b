"""Manifests: TSV with a header. `file` is relative to the manifest; the other columns are the truth, named by the task.

A wrong line is a problem that is said and counted; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jikim.errors import BadUse, JikimError

MAX_BYTES = 256 * 2**20


class BadLine(JikimError):
    """A line of a manifest that cannot be used."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its number in the file from 1, its columns by name, the file it names (None where it names none), and the folder
    that every file it names is relative to."""

    number: int
    columns: Mapping[str, str]
    path: Path | None
    folder: Path = Path()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What could be read, and what could not."""

    sha256: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    problems: tuple[BadLine, ...]


def read(path: Path, needed: Collection[str]) -> Manifest:
    """Every line of a manifest. `needed` are the columns without which a task cannot be measured.

    Raises BadUse when it cannot be read, is no UTF-8, lacks a column or has no lines at all.
    """
    content = _content(path)
    try:
        first, *rest = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadUse("evaluating.not_utf8", where=str(path)) from error
    header = tuple(name.strip() for name in first.rstrip("\r").split("\t"))
    missing = [name for name in needed if name not in header]
    if missing:
        raise BadUse("evaluating.no_column", where=str(path), missing=", ".join(missing), found=", ".join(header)[:200])
    lines: list[Line] = []
    problems: list[BadLine] = []
    for number, text in enumerate(rest, 2):
        if not text.strip():
            continue
        try:
            lines.append(_line(number, text.rstrip("\r"), header, path.parent))
        except BadLine as problem:
            problems.append(problem)
    if not lines and not problems:
        raise BadUse("evaluating.no_lines", where=str(path))
    return Manifest(sha256(content).hexdigest(), header, tuple(lines), tuple(problems))


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadUse("evaluating.no_manifest", where=str(path))
        if path.stat().st_size > MAX_BYTES:
            raise BadUse("evaluating.too_large", where=str(path), limit_mb=MAX_BYTES // 2**20)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise BadUse("evaluating.no_manifest", where=str(path)) from error


def _line(number: int, text: str, header: tuple[str, ...], folder: Path) -> Line:
    cells = text.split("\t")
    if len(cells) > len(header):
        raise BadLine("evaluating.too_many_cells", number=number, found=len(cells), known=len(header))
    columns = dict(zip(header, [cell.strip() for cell in cells] + [""] * (len(header) - len(cells)), strict=True))
    if not all(columns.get(name, "").isprintable() for name in ("file", "other")):
        raise BadLine("evaluating.bad_name", number=number)
    path = folder / columns["file"] if columns.get("file") else None
    return Line(number, columns, path, folder)


def number_in(line: Line, column: str, low: float, high: float) -> float:
    """A number of a line within bounds. Raises BadLine."""
    try:
        value = float(line.columns[column])
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BadLine(
            "evaluating.bad_number", number=line.number, column=column, value=line.columns[column][:40], low=low, high=high
        )
    return value


def one_of(line: Line, column: str, meanings: Mapping[str, bool]) -> bool:
    """What a cell means, by a table of lower-case words. Raises BadLine."""
    word = line.columns[column].lower()
    if word not in meanings:
        raise BadLine("evaluating.bad_word", number=line.number, column=column, value=word[:40], known=", ".join(meanings))
    return meanings[word]
