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


def told(key: str) -> str:
    """The sentence of a stored error with "…" for each detail; "" for no error, or one whose words are gone."""
    if not key:
        return ""
    message = words.catalogue().get(key) or messages.catalogue().get(key)
    return message.in_language((get_language() or "ko")[:2]).format_map(_Blanks()) if message else ""
