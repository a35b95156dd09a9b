"""Every sentence of the desk in Korean and English, by key: `messages.toml` beside the code that says it, as in `jikim`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

from jikim import messages
from jikim.messages import Message


@cache
def catalogue() -> Mapping[str, Message]:
    """All sentences of the desk. Raises KeyError for one without both languages, ValueError for a key given twice."""
    found: dict[str, Message] = {}
    package = Path(__file__).parent
    for file in sorted(package.rglob("messages.toml")):
        for key, words in tomllib.loads(file.read_text("utf-8")).items():
            if key in found:
                raise ValueError(f"message key {key!r} stands twice, again in {file}")
            found[key] = Message(words["ko"], words["en"])
    return found


def say(key: str, lang: str | None = None, **params: Any) -> str:
    """The sentence `key` in `lang`, or in the language of the request. Raises KeyError when nobody knows it."""
    lang = lang or (get_language() or "ko")[:2]
    if key in catalogue():
        return catalogue()[key].in_language(lang).format_map(params)
    return messages.render(key, params).in_language(lang)
