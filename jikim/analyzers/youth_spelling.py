"""Playful and mistaken spellings made plain: Korean typed on an English keyboard and the other way round, and numbers that
stand for how they sound (1004, 8282).

What the keyboard turned round is read for signs of its own and never put in the place of the text: many an English word is
also some row of Korean letters, but hardly any is a word of school life.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_LATIN = "qwertyuiopasdfghjklzxcvbnmQWERTOP"
_JAMO = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ"
_TO_JAMO = str.maketrans(_LATIN + "ASDFGZXCVYUIHJKLBNM", _JAMO + "ㅁㄴㅇㄹㅎㅋㅌㅊㅍㅛㅕㅑㅗㅓㅏㅣㅠㅜㅡ")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MEDIALS: tuple[str, ...] = (
    "ㅏ",
    "ㅐ",
    "ㅑ",
    "ㅒ",
    "ㅓ",
    "ㅔ",
    "ㅕ",
    "ㅖ",
    "ㅗ",
    "ㅗㅏ",
    "ㅗㅐ",
    "ㅗㅣ",
    "ㅛ",
    "ㅜ",
    "ㅜㅓ",
    "ㅜㅔ",
    "ㅜㅣ",
)
_MEDIALS += ("ㅠ", "ㅡ", "ㅡㅣ", "ㅣ")
_FINALS: tuple[str, ...] = (
    "",
    "ㄱ",
    "ㄲ",
    "ㄱㅅ",
    "ㄴ",
    "ㄴㅈ",
    "ㄴㅎ",
    "ㄷ",
    "ㄹ",
    "ㄹㄱ",
    "ㄹㅁ",
    "ㄹㅂ",
    "ㄹㅅ",
    "ㄹㅌ",
    "ㄹㅍ",
    "ㄹㅎ",
    "ㅁ",
)
_FINALS += ("ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ", "ㅎ")
_KEYS = dict(zip(_JAMO, _LATIN, strict=True))
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ"

_SYLLABLE = re.compile(
    f"([{_INITIALS}])({'|'.join(sorted(_MEDIALS, key=len, reverse=True))})"
    f"((?:{'|'.join(sorted(filter(None, _FINALS), key=len, reverse=True))})(?![{_VOWELS}]))?"
)
_TOKEN = re.compile(r"[A-Za-z0-9]{2,40}")
_ALONE = re.compile("[ㄱ-ㅣ]")
_TELLING = re.compile("[ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅣ]")
"""Vowels that hardly anybody writes alone unless the keyboard was the wrong one; ㅜ, ㅠ and ㅡ are tears and a mouth."""


def typed_in_english(line: str) -> str:
    """The words of `line` that are whole Korean syllables on a Korean keyboard, where one of them has two or more; else "".

    `rmqtlr ajrdma` is 급식 먹음. Capitals matter.
    """
    words = [_korean(found[0]) for found in _TOKEN.finditer(line)]
    whole = [word for word in words if word]
    is_meant = any(len(re.findall("[가-힣]", word)) > 1 for word in whole) and 2 * len(whole) > len(words)
    return " ".join(whole) if is_meant else ""


def _korean(token: str) -> str:
    """A token as Korean syllables and digits, or "" where letters are left over."""
    if not re.search("[A-Za-z]", token):
        return token
    typed = _SYLLABLE.sub(_composed, token.translate(_TO_JAMO))
    return "" if _ALONE.search(typed) else typed


def _composed(found: re.Match[str]) -> str:
    place = (_INITIALS.index(found[1]) * 21 + _MEDIALS.index(found[2])) * 28 + _FINALS.index(found[3] or "")
    return chr(0xAC00 + place)


def typed_in_korean(line: str) -> str:
    """`line` as Latin letters, where vowels stand alone in it that nobody writes so; else "". `ㅑ'ㅡ 14` is i'm 14."""
    return "".join(map(_latin, line)) if _TELLING.search(line) else ""


def _latin(letter: str) -> str:
    place = ord(letter) - 0xAC00
    if 0 <= place < 11172:
        jamo = _INITIALS[place // 588] + _MEDIALS[place % 588 // 28] + _FINALS[place % 28]
        return "".join(_KEYS[one] for one in jamo)
    return _KEYS.get(letter, letter)


def numbers_said(text: str, play: Mapping[str, str], pattern: re.Pattern[str]) -> tuple[str, list[tuple[str, int]]]:
    """`text` with numbers that stand for their sound written out, and each such spelling with its place in `text`."""
    found = [(match[0], match.start()) for match in pattern.finditer(text)]
    return (pattern.sub(lambda match: play[match[0]], text), found) if found else (text, [])


def number_pattern(play: Mapping[str, str]) -> re.Pattern[str]:
    """Where the spellings of `play` stand and are no amounts, dates, addresses or parts of longer numbers."""
    alone = sorted((word for word in play if word.isdigit()), key=len, reverse=True)
    mixed = sorted((word for word in play if not word.isdigit()), key=len, reverse=True)
    ahead = r"(?![\d,.:/~%-]\d|\d|%|[a-z]|\s?(?:원|번|호|동|년|월|일|시|분|초|개|명|층|회|쪽|점|가지|대|미터|km|kg|부대|비트))"
    return re.compile(
        rf"(?<![\da-z#가-힣.,:/~-])(?:{'|'.join(alone)}){ahead}|(?<!\d)(?:{'|'.join(map(re.escape, mixed))})(?!\d)"
    )


def turned_round(text: str) -> Iterator[tuple[str, str, int]]:
    """Each line of `text` that the wrong keyboard may have written: as written, as meant, and where it stands."""
    start = 0
    for line in text.split("\n"):
        for meant in (typed_in_english(line), typed_in_korean(line)):
            if meant:
                yield line, meant, start
        start += len(line) + 1
