"""Every sentence a person sees, in Korean and English, by message key.

The words stand in a `messages.toml` beside the code that uses them, one for each stage: `["stage.key"]` with `ko` and `en`,
placeholders as in `str.format`. No Korean particle hangs on a placeholder. A test fails when a key lacks a language.
"""

from __future__ import annotations

import string
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jikim.types import JsonValue


class Message(NamedTuple):
    ko: str
    en: str

    def in_language(self, lang: str) -> str:
        return self.ko if lang == "ko" else self.en


@cache
def catalogue() -> Mapping[str, Message]:
    """All messages of all stages. Raises KeyError for an entry without both languages, ValueError for a key given twice."""
    found: dict[str, Message] = {}
    package = Path(__file__).parent
    for file in (package / "messages.toml", *sorted(package.glob("*/messages.toml"))):
        for key, words in tomllib.loads(file.read_text("utf-8")).items():
            if key in found:
                raise ValueError(f"message key {key!r} stands twice, again in {file}")
            found[key] = Message(words["ko"], words["en"])
    return found


def render(key: str, params: Mapping[str, JsonValue]) -> Message:
    """The message `key` with its placeholders filled, texts made `readable`. A parameter that is itself `{"message": key}` is
    translated first, of one that is `{"ko": ..., "en": ...}` the language's own is taken.

    Raises KeyError when the key is unknown or a placeholder has no parameter.
    """
    message = catalogue()[key]
    return Message(*(_fill(template, params, lang) for template, lang in zip(message, Message._fields, strict=True)))


def placeholders(template: str) -> frozenset[str]:
    """The names of the placeholders of a template."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


def readable(text: str) -> str:
    """Somebody else's text as it may be written to any terminal or file: what would steer the terminal, turn the direction of
    writing or is no character at all stands as an escape, as in `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(one.encode("unicode_escape").decode("ascii") if _steers(one) else one for one in text)


def _steers(one: str) -> bool:
    return unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(one) in _TURNING


_TURNING = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})


def _fill(template: str, params: Mapping[str, JsonValue], lang: str) -> str:
    return template.format_map({name: _translated(value, lang) for name, value in params.items()})


def _translated(value: JsonValue, lang: str) -> JsonValue:
    if isinstance(value, Mapping) and set(value) == {"message"}:
        return catalogue()[value["message"]].in_language(lang)
    if isinstance(value, Mapping) and set(value) == set(Message._fields):
        return readable(str(value[lang]))
    return readable(value) if isinstance(value, str) else value
