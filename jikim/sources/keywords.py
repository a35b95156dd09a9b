"""From what a worker typed to a Keyword that every source understands."""

from __future__ import annotations

import re
import unicodedata

from jikim.errors import BadUse
from jikim.types import Keyword

KEYWORD_LIMIT = 200
"""Characters, after normalisation."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SCRIPTS = (
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("vi", re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")),
    ("en", re.compile(r"[A-Za-z]")),
)


def keyword(text: str, lang: str | None) -> Keyword:
    """What was typed, in NFC, trimmed, runs of spaces as one, without invisible spaces that came along with a copy.

    `lang` is a BCP 47 tag; None takes the first of ko, ja, zh, ru, th, vi, en whose letters appear, else ko. Raises BadUse
    for an empty keyword, one over `KEYWORD_LIMIT` characters, one with control characters or marks that turn the direction
    of writing, and for a `lang` that is no language tag.
    """
    folded = " ".join(part for part in re.split(r"[ \u00a0\u2000-\u200a\u202f\u205f\u3000]", text.strip()) if part)
    folded = unicodedata.normalize("NFC", _INVISIBLE.sub("", folded)).strip()
    if len(folded) > KEYWORD_LIMIT:
        raise BadUse("sources.keyword_too_long", length=len(folded), limit=KEYWORD_LIMIT)
    for character in folded:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in _TURNING:
            raise BadUse("sources.keyword_control", code=f"U+{ord(character):04X}")
    if all(unicodedata.category(character)[0] in "ZCM" for character in folded):
        raise BadUse("sources.keyword_empty")
    if lang is not None and not _LANGUAGE.match(lang):
        raise BadUse("sources.keyword_language", lang=ascii(lang[:40]))
    return Keyword(folded, lang or _language(folded))


_TURNING = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})


def _language(text: str) -> str:
    return next((lang for lang, letters in _SCRIPTS if letters.search(text)), "ko")
