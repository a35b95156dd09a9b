"""Languages of letters that a centre adds: `letters/<two letters>.toml` in its home, shaped like the desk's own files.

    [language]
    name = "Deutsch"
    [common] ... [kinds] ... [mail] subject, ask ...      the keys and placeholders of `en.toml`

A file is used whole or not at all; what is wrong in it is said in one line.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from jikim_desk.config import jikim_config
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.models import NoticeKind

Forms = Mapping[str, Mapping[str, str]]
NEEDED = (
    *(NoticeKind.MAIL, NoticeKind.REMINDER, NoticeKind.PROOF),
    *(NoticeKind.INFRASTRUCTURE, NoticeKind.DELISTING, NoticeKind.WITHDRAWAL),
)
"""The forms every language has; others may be left out."""
FACTS = frozenset({"organisation", "mailbox", "number", "before", "before_on", "seen_on", "evidence", "kind_of_content"})
"""What may stand in braces."""
_TAKEN = frozenset({"ko", "en", "ja", "zh", "ru", "vi", "es"})
_SIZE_MAX, _NAME_MAX = 200_000, 30
_LANG = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be used, and the one line that says why."""

    file: str
    refused: BadLetter


class _Wrong(ValueError):
    pass


def languages() -> tuple[str, ...]:
    """The languages of the centre whose file is whole."""
    wrong = {one.file for one in broken()}
    return tuple(path.stem for path in _files() if path.name not in wrong)


def name(lang: str) -> str:
    """How the centre calls a language."""
    return forms(lang)["language"]["name"]


def forms(lang: str) -> Forms:
    """The letters of a language. Raises BadLetter for a file that is not there or not whole."""
    path = next((path for path in _files() if path.stem == lang), None)
    if path is None:
        raise BadLetter("notices.no_form")
    return _checked(path)


def broken() -> list[Broken]:
    """Files that cannot be used."""
    found = []
    for path in _files():
        try:
            _checked(path)
        except BadLetter as refused:
            found.append(Broken(path.name, refused))
    return found


def _files() -> list[Path]:
    folder = jikim_config().home / "letters"
    return sorted(path for path in folder.glob("*.toml") if path.is_file()) if folder.is_dir() else []


def _checked(path: Path) -> Forms:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # a TOMLDecodeError, a UnicodeDecodeError and _Wrong are ValueErrors
        raise BadLetter("notices.bad_language", file=path.name, problem=str(error)[:200]) from error


@cache
def _read(path: Path, changed_ns: int) -> Forms:
    if not _LANG.fullmatch(path.stem) or path.stem in _TAKEN:
        raise _Wrong(f"{path.stem[:_NAME_MAX]!r}: two letters (ISO 639-1), none of {', '.join(sorted(_TAKEN))}")
    if path.stat().st_size > _SIZE_MAX:
        raise _Wrong(f"> {_SIZE_MAX} B")
    found = tomllib.loads(path.read_text("utf-8"))
    _check(found)
    return found


def _check(found: Mapping[str, Any]) -> None:
    english = tomllib.loads(Path(__file__).with_name("en.toml").read_text("utf-8"))
    allowed = {"language", "common", "kinds", *NoticeKind.values}
    for section in ("language", "common", "kinds", *(kind.value for kind in NEEDED)):
        if section not in found:
            raise _Wrong(f"[{section}] is missing")
    for section, words in found.items():
        if section not in allowed:
            raise _Wrong(f"[{section[:_NAME_MAX]}] is none of {', '.join(sorted(allowed))}")
        if not isinstance(words, dict):
            raise _Wrong(f"[{section}] is no table")
        wanted = {"name": ""} if section == "language" else english.get(section) or english["mail"]
        if missing := [key for key in wanted if key not in words]:
            raise _Wrong(f"[{section}] {missing[0]} is missing")
        for key, text in words.items():
            if key not in wanted and key != "open":
                raise _Wrong(f"[{section}] {str(key)[:_NAME_MAX]} is none of {', '.join(wanted)}")
            _check_words(f"[{section}] {key}", text, wanted.get(key, ""), has_like=section in english)
    if len(found["language"]["name"]) > _NAME_MAX:
        raise _Wrong(f"[language] name: > {_NAME_MAX}")


def _check_words(where: str, text: object, like: str, *, has_like: bool) -> None:
    if not isinstance(text, str) or not text.strip():
        raise _Wrong(f"{where} is no text")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for letter in text.replace("\n", "")):
        raise _Wrong(f"{where} holds an invisible character")
    said, wanted = _placeholders(where, text), _placeholders(where, like)
    if unknown := sorted(said - FACTS):
        raise _Wrong(f"{where}: {{{unknown[0]}}} is none of {', '.join(sorted(FACTS))}")
    if has_like and said != wanted:
        other = sorted(said ^ wanted)[0]
        raise _Wrong(f"{where}: {{{other}}} {'is missing' if other in wanted else 'does not belong there'}")


def _placeholders(where: str, text: str) -> frozenset[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise _Wrong(f"{where}: {error}") from error
    if any(name is not None and (spec or conversion or not name.isidentifier()) for _, name, spec, conversion in parts):
        raise _Wrong(f"{where}: only a name stands in braces")
    return frozenset(name for _, name, _, _ in parts if name is not None)
