"""Text as strangers write it, made safe to keep, to compare and to print."""

from __future__ import annotations

import re
import unicodedata

from jikim.types import Keyword

_DROPPED = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]")
"""Invisible spaces, marks that turn the direction of writing, halves of characters."""
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_JOINERS = re.compile("[\u200c\u200d]")


def plain(text: str, limit: int) -> str:
    """`text` in NFC, on one line, without control characters, at most `limit` characters."""
    return unicodedata.normalize("NFC", folded(text).strip()[: 4 * limit])[:limit].rstrip()


def folded(text: str) -> str:
    """`text` without what cannot be seen, each gap as one space: what is hidden behind a long gap comes near."""
    return _GAP.sub(" ", _DROPPED.sub("", text))


def matches(keyword: Keyword, *texts: str) -> bool:
    """Whether every word of the keyword stands in one of the texts, upper and lower case alike."""
    body = _comparable("\n".join(texts))
    return all(word in body for word in _comparable(keyword.text).split())


def _comparable(text: str) -> str:
    cleaned = _JOINERS.sub("", _DROPPED.sub("", unicodedata.normalize("NFC", text)))
    return unicodedata.normalize("NFC", cleaned.casefold())
