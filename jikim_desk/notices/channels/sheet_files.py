"""Fill sheets as data: what a web form asks for and what goes there, one TOML file a form, the desk's own and the centre's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from django.utils.translation import get_language

from jikim_desk.config import jikim_config
from jikim_desk.notices import letters
from jikim_desk.notices.channels import facts
from jikim_desk.notices.channels.commission import check_braces
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.models import NoticeKind

SUGGESTION = "suggestion"
"""The kind of the sheets by which suggested searches are reported."""
_OWN = Path(__file__).parents[1] / "forms"
_NAMES_MAX, _SIZE_MAX, _FIELDS_MAX = 40, 50_000, 40
_OF_SUGGESTIONS = frozenset({"number", "organisation", "mailbox", "kind_of_content", "words"})


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages of the desk."""

    ko: Annotated[str, msgspec.Meta(min_length=1)]
    en: Annotated[str, msgspec.Meta(min_length=1)]

    def __str__(self) -> str:
        return self.ko if (get_language() or "ko").startswith("ko") else self.en


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field: its name as the form has it, and what goes there. `most` is how many characters the form takes, 0 for any."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    value: Annotated[str, msgspec.Meta(min_length=1)]
    help: Words | None = None
    most: Annotated[int, msgspec.Meta(ge=0)] = 0


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One form. `kind` is the notice it files or SUGGESTION, `host` the name under which the directory knows who takes it."""

    title: Words
    kind: str
    lang: str
    host: str = ""
    is_engine: bool = False
    steps: list[Words] = []
    field: list[Field] = []


@dataclass(frozen=True, slots=True)
class Broken:
    """A file of the centre that cannot be used, and the one line that says why."""

    file: str
    refused: BadLetter


def sheets() -> Mapping[str, Sheet]:
    """Every usable sheet by its name; a centre's own file stands in for the desk's of the same name."""
    found = {path.stem: _read(path, 0) for path in sorted(_OWN.glob("*.toml"))}
    for path in _files_of_centre():
        try:
            found[path.stem] = _read(path, path.stat().st_mtime_ns)
        except BadLetter:
            continue  # `broken` tells of it
    return found


def broken() -> list[Broken]:
    """The centre's files that cannot be used."""
    found = []
    for path in _files_of_centre():
        try:
            _read(path, path.stat().st_mtime_ns)
        except BadLetter as refused:
            found.append(Broken(path.name, refused))
    return found


def sheet(name: str) -> Sheet:
    """A sheet by its name. Raises BadLetter where there is none."""
    found = sheets().get(name)
    if found is None:
        raise BadLetter("channels.no_such_sheet")
    return found


def fitting(kind: str) -> dict[str, Sheet]:
    """The sheets by which a notice of a kind can be handed in."""
    return {name: one for name, one in sheets().items() if kind == one.kind}


def likeliest(kind: str, lang: str, host: str) -> str:
    """The name of the sheet to offer first for a notice in `lang` to `host`: that host's own, else one in its language."""
    fits = fitting(kind)
    ranked = sorted(fits, key=lambda name: (fits[name].host != host or not host, fits[name].lang != lang, name))
    return ranked[0] if ranked else ""


def engines() -> dict[str, Sheet]:
    """The sheets of search engines for search results."""
    return {name: one for name, one in fitting(NoticeKind.DELISTING).items() if one.is_engine}


def _files_of_centre() -> list[Path]:
    folder = jikim_config().home / "forms"
    return sorted(path for path in folder.glob("*.toml") if path.is_file()) if folder.is_dir() else []


@cache
def _read(path: Path, changed_ns: int) -> Sheet:
    try:
        if path.stat().st_size > _SIZE_MAX:
            raise ValueError("too large")
        read = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Sheet)
        _check(path.stem, read)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise BadLetter("channels.bad_file", file=path.name, problem=str(error)[:200]) from error
    return read


def _check(name: str, read: Sheet) -> None:
    if len(name) > _NAMES_MAX or not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"name: {name[:_NAMES_MAX]!r}")
    if read.kind not in {*NoticeKind.values, SUGGESTION}:
        raise ValueError(f"kind = {read.kind!r}")
    if read.lang not in (languages := letters.languages(read.kind) if read.kind != SUGGESTION else letters.LANGUAGES):
        raise ValueError(f"lang = {read.lang!r}: {', '.join(languages)}")
    if not 1 <= len(read.field) <= _FIELDS_MAX:
        raise ValueError(f"1 to {_FIELDS_MAX} [[field]]")
    allowed = _OF_SUGGESTIONS if read.kind == SUGGESTION else facts.NAMES
    for field in read.field:
        check_braces(field.value, allowed)
