"""Other ways in which a keyword is written: proposed here, used only after a person approved each of them.

    spacing         without spaces, and with one between any two syllables
    jamo            taken apart into letters, or to its initial letters
    wrong_keyboard  typed with the keyboard in the other language, both ways
    look_alike      letters and syllables that look alike at a glance
    romanisation    in Latin letters, as it sounds and as it is written (Revised Romanisation, as the state's rules give it)

Everything is a pure function of the text; nothing is looked up and no word is known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise, permutations
from typing import NamedTuple

from jikim.sources import hangul

SHORTEST = 2
"""Characters: what is shorter finds everything."""
SHORTEST_INITIALS = 4
"""The same for words of initial letters alone."""
LIMIT_A_KIND = 8

KEYS = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
"""The key of each letter in the two-set layout."""
_LETTERS = {
    **{key.upper(): letter for letter, key in KEYS.items() if key.islower()},
    **{key: letter for letter, key in KEYS.items()},
}

_SYLLABLES_ALIKE = ("대머", "댕멍", "며띠", "명띵", "귀커", "비네", "유윾", "과파", "관판", "광팡")
_LETTERS_ALIKE = ("o0", "i1", "l1", "e3", "a4", "a@", "s5", "s$", "t7", "b8", "g9", "z2")

_SOUND_INITIAL = dict(
    zip(
        hangul.INITIALS,
        ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"),
        strict=True,
    )
)
_SOUND_VOWEL = dict(
    zip(
        hangul.VOWELS,
        (
            "a",
            "ae",
            "ya",
            "yae",
            "eo",
            "e",
            "yeo",
            "ye",
            "o",
            "wa",
            "wae",
            "oe",
            "yo",
            "u",
            "wo",
            "we",
            "wi",
            "yu",
            "eu",
            "ui",
            "i",
        ),
        strict=True,
    )
)
_CLOSED = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ"),
    **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"),
    **dict.fromkeys("ㅁㄻ", "ㅁ"),
    "ㅇ": "ㅇ",
    "": "",
}
"""How a final sounds at the end of a word or before a consonant."""
_SOUND_FINAL = {"ㄱ": "k", "ㄷ": "t", "ㅂ": "p", "ㄴ": "n", "ㄹ": "l", "ㅁ": "m", "ㅇ": "ng", "": ""}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_SOFTENED = {"ㄷ": "ㅈ", "ㅌ": "ㅊ"}
_BREATHED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}


class Variant(NamedTuple):
    kind: str
    text: str


def propose(keyword: str) -> tuple[Variant, ...]:
    """What a person may approve for `keyword` (in NFC, as `keywords.keyword` gives it): each text once, none that is the
    keyword itself in other capitals, at most `LIMIT_A_KIND` of a kind, always in the same order."""
    seen = {_folded(keyword)}
    proposed: list[Variant] = []
    for kind, make in KINDS.items():
        count = 0
        for text in make(keyword):
            if count < LIMIT_A_KIND and len(text.replace(" ", "")) >= SHORTEST and _folded(text) not in seen:
                seen.add(_folded(text))
                proposed.append(Variant(kind, text))
                count += 1
    return tuple(proposed)


def spacings(text: str) -> Iterator[str]:
    """Without spaces; then with a space between all characters; then with one between any two syllables."""
    closed = text.replace(" ", "")
    yield closed
    if 2 <= len(closed) <= 8:
        yield " ".join(closed)
    for place in range(1, len(closed)):
        if hangul.is_syllable(closed[place - 1]) and hangul.is_syllable(closed[place]):
            yield closed[:place] + " " + closed[place:]


def jamo(text: str) -> Iterator[str]:
    """Taken apart into letters; and to the initial letters where they are many enough to mean something."""
    if not any(map(hangul.is_syllable, text)):
        return
    yield hangul.letters(text)
    yield hangul.keys(text)
    initials = "".join(hangul.parts(one)[0] if hangul.is_syllable(one) else one for one in text)
    if len(initials.replace(" ", "")) >= SHORTEST_INITIALS:
        yield initials


def wrong_keyboard(text: str) -> Iterator[str]:
    """As it comes out when the keyboard stands in the other language."""
    yield in_latin_keys(text)
    yield in_hangul_keys(text)


def in_latin_keys(text: str) -> str:
    """What is written when Hangul is typed on an English keyboard: 축제 becomes cnrwp."""
    return "".join(KEYS.get(one, one) for one in hangul.keys(text))


def in_hangul_keys(text: str) -> str:
    """What is written when English is typed on a Korean keyboard: cnrwp becomes 축제. For small letters,
    `in_latin_keys(in_hangul_keys(text)) == text`."""
    return hangul.typed("".join(_LETTERS.get(one, one) for one in text))


def look_alikes(text: str) -> Iterator[str]:
    """One pair exchanged wherever it stands, each pair in turn; then all at once."""
    changed = []
    for pair in (*_SYLLABLES_ALIKE, *_LETTERS_ALIKE):
        for one, other in permutations(pair):
            if one in text.lower():
                changed.append((one, other))
                yield _exchanged(text, {one: other})
    if len(changed) > 1:
        yield _exchanged(text, dict(reversed(changed)))


def _exchanged(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(one.lower(), one) for one in text)


def romanisations(text: str) -> Iterator[str]:
    """As it sounds, then letter by letter where that differs; each also without spaces."""
    if not any(map(hangul.is_syllable, text)):
        return
    for written in (romanised(text), _by_letters(text)):
        yield written
        yield written.replace(" ", "")


def romanised(text: str) -> str:
    """In Latin letters as it sounds: finals run on to a following vowel (ㄷㅌ soften before 이), ㄱㄷㅂ become nasal before
    ㄴㅁ, ㄴ and ㄹ become alike, ㅎ breathes into what follows it."""
    heard = [list(hangul.parts(one)) if is_hangul else [one] for one, is_hangul in ((c, hangul.is_syllable(c)) for c in text)]
    for this, following in pairwise(heard):
        if len(this) == len(following) == 3:
            if following[1] == "ㅣ" and following[0] == "ㅇ" and this[2] in _SOFTENED:
                this[2], following[0] = "", _SOFTENED[this[2]]
            this[2], following[0] = _met(this[2], following[0])
    written = []
    previous = ""
    for sounds in heard:
        if len(sounds) == 3:
            initial, vowel, final = sounds
            start = "l" if initial == "ㄹ" and previous == "ㄹ" else _SOUND_INITIAL[initial]
            written.append(start + _SOUND_VOWEL[vowel] + _SOUND_FINAL[_CLOSED[final]])
            previous = _CLOSED[final]
        else:
            written.append(sounds[0])
            previous = ""
    return "".join(written)


def _met(final: str, initial: str) -> tuple[str, str]:
    """How a final and the initial after it sound together."""
    if initial == "ㅇ":
        if final in ("", "ㅇ"):
            return final, initial
        if final in hangul.TWO_KEYS:
            staying, moving = hangul.TWO_KEYS[final]
            return (staying, "ㅇ") if moving == "ㅎ" else (staying, moving)
        return ("", "ㅇ") if final == "ㅎ" else ("", final)
    if final in ("ㅎ", "ㄶ", "ㅀ") and initial in _BREATHED:
        return {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}[final], _BREATHED[initial]
    closed = _CLOSED[final]
    if initial in "ㄴㅁ" and closed in _NASAL:
        return _NASAL[closed], initial
    if initial == "ㄹ":
        if closed in _NASAL:
            return _NASAL[closed], "ㄴ"
        if closed in ("ㅁ", "ㅇ"):
            return closed, "ㄴ"
        if closed == "ㄴ":
            return "ㄹ", "ㄹ"
    if initial == "ㄴ" and closed == "ㄹ":
        return "ㄹ", "ㄹ"
    return closed, initial


def _by_letters(text: str) -> str:
    written = []
    for one in text:
        if hangul.is_syllable(one):
            initial, vowel, final = hangul.parts(one)
            written.append(_SOUND_INITIAL[initial] + _SOUND_VOWEL[vowel] + _SOUND_FINAL[_CLOSED[final]])
        else:
            written.append(one)
    return "".join(written)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


KINDS: dict[str, Callable[[str], Iterator[str]]] = {
    "spacing": spacings,
    "jamo": jamo,
    "wrong_keyboard": wrong_keyboard,
    "look_alike": look_alikes,
    "romanisation": romanisations,
}
