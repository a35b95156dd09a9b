"""The commission's form: the columns of its bulk file, and how its replies name things. A centre may have its own."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter

import msgspec

from jikim_desk.config import jikim_config
from jikim_desk.notices.channels import facts
from jikim_desk.notices.channels.models import Result
from jikim_desk.notices.faults import BadLetter

FILE = "commission.toml"
_SIZE_MAX = 100_000
_COLUMNS_MAX = 40
_IN_BRACES = facts.NAMES - {"subject", "body"} | {"line"}
_UNTOLD = re.compile(r"[\s()\[\]{}·.,:/_*-]+")


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    value: str


class Headings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a reply may name its columns, the likeliest first."""

    number: list[str]
    result: list[str]
    receipt: list[str] = []
    address: list[str] = []
    reason: list[str] = []


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sheet: str
    column: list[Column]
    reply: Headings
    words: dict[str, list[str]]

    def result_of(self, word: str) -> str:
        """The Result that `word` means; "" for a word nobody put into the form."""
        wanted = plain(word)
        return next((result for result, words in self.words.items() if wanted in map(plain, words)), "")


def form() -> Form:
    """The form in force: the centre's own, or the one that comes with the desk. Raises BadLetter naming what is wrong in it."""
    own = jikim_config().home / FILE
    try:
        stands = own.stat()
    except FileNotFoundError:
        return _read(Path(__file__).with_name(FILE), 0)
    return _read(own, stands.st_mtime_ns)


def plain(text: str) -> str:
    """A heading or a word without what offices write differently."""
    return _UNTOLD.sub("", unicodedata.normalize("NFKC", text)).casefold()


@cache
def _read(path: Path, changed_ns: int) -> Form:
    try:
        if path.stat().st_size > _SIZE_MAX:
            raise ValueError("too large")
        read = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Form)
        _check(read)
    except (OSError, ValueError, msgspec.ValidationError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise BadLetter("channels.bad_file", file=path.name, problem=str(error)[:200]) from error
    return read


def _check(read: Form) -> None:
    if not 1 <= len(read.column) <= _COLUMNS_MAX:
        raise ValueError(f"1 to {_COLUMNS_MAX} [[column]]")
    if unknown := set(read.words) - set(Result.values):
        raise ValueError(f"[words] {sorted(unknown)[0]}")
    if not any("{number}" in column.value for column in read.column):
        raise ValueError("no [[column]] holds {number}")
    for column in read.column:
        check_braces(column.value, _IN_BRACES)
    said = [plain(word) for words in read.words.values() for word in words]
    if len(said) != len(set(said)):
        raise ValueError("[words]: one word means two things")


def check_braces(text: str, allowed: frozenset[str]) -> None:
    """Raises ValueError unless every pair of braces in `text` holds one name of `allowed`, and nothing else."""
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None and (name not in allowed or spec or conversion):
            raise ValueError(f"{{{name}}} in {text[:40]!r}")


def cells(columns: list[Column], told: Mapping[str, str]) -> list[str]:
    """One row of the file."""
    return [column.value.format_map(told) for column in columns]
