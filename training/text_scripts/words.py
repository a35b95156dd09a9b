"""Words in 22 scripts: the names of lands, tongues, months, days and currencies in CLDR (Unicode licence), by babel."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache

from babel import Locale

READ = ("Latin", "Hangul", "Han", "Kana")
LOCALES = {
    "Latin": ("en", "en", "en", "en", "de", "fr", "es", "it", "tr", "vi", "pl", "pt", "cs", "id"),
    "Hangul": ("ko",),
    "Han": ("zh", "zh_Hant"),
    "Kana": ("ja",),
    "Cyrillic": ("ru", "uk", "bg", "sr", "kk", "mn"),
    "Hebrew": ("he", "yi"),
    "Georgian": ("ka",),
    "Armenian": ("hy",),
    "Greek": ("el",),
    "Arabic": ("ar", "fa", "ur"),
    "Thai": ("th",),
    "Devanagari": ("hi", "mr", "ne"),
    "Bengali": ("bn",),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Ethiopic": ("am",),
    "Khmer": ("km",),
    "Myanmar": ("my",),
    "Sinhala": ("si",),
    "Gujarati": ("gu",),
    "Gurmukhi": ("pa",),
    "Lao": ("lo",),
}
TESTED_OF_256 = 64
"""By the first byte of its sha1, a word with a multiple of four is for testing alone."""
LONGEST = 60


@cache
def words(script: str, *, is_test: bool) -> tuple[str, ...]:
    """Those of a script, one half for fitting (three quarters of them) and one for testing."""
    return tuple(word for word in _all(script) if _is_tested(word) == is_test)


def _all(script: str) -> list[str]:
    found: list[str] = []
    for code in LOCALES[script]:
        locale = Locale.parse(code)
        found += [*locale.territories.values(), *locale.languages.values(), *locale.currencies.values()]
        for names in (*locale.months["stand-alone"].values(), *locale.days["stand-alone"].values()):
            found += names.values()
    return [word for word in found if len(word) <= LONGEST and _is_of(word, script)]


def _is_tested(word: str) -> bool:
    return hashlib.sha1(word.encode(), usedforsecurity=False).digest()[0] % (256 // TESTED_OF_256) == 0


def _is_of(word: str, script: str) -> bool:
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
    if not scripts:
        return False
    return "LATIN" not in scripts if script in ("Hangul", "Han", "Kana") else scripts <= {script.upper(), "MODIFIER"}
