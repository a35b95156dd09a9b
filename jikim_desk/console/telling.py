"""Stored message keys as words, where the details were not kept with them."""

from __future__ import annotations

from django.utils.translation import get_language

from jikim import messages
from jikim_desk import words


class _Blank(str):
    def __format__(self, spec: str) -> str:
        return "…"


class _Blanks(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _Blank()


def told(key: str, **kept: str) -> str:
    """The sentence of a stored error with the details that were `kept`, "…" for each other; "" for no error, or one whose words
    are gone."""
    if not key:
        return ""
    message = words.catalogue().get(key) or messages.catalogue().get(key)
    details = _Blanks({name: detail for name, detail in kept.items() if detail})
    return message.in_language((get_language() or "ko")[:2]).format_map(details) if message else ""
