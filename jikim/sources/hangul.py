"""Hangul taken apart into the keys it is typed with, and put together again as a Korean keyboard does it (two-set layout)."""

from __future__ import annotations

FIRST, LAST = 0xAC00, 0xD7A3
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

TWO_KEYS = {
    "ㅘ": ("ㅗ", "ㅏ"),
    "ㅙ": ("ㅗ", "ㅐ"),
    "ㅚ": ("ㅗ", "ㅣ"),
    "ㅝ": ("ㅜ", "ㅓ"),
    "ㅞ": ("ㅜ", "ㅔ"),
    "ㅟ": ("ㅜ", "ㅣ"),
    "ㅢ": ("ㅡ", "ㅣ"),
    "ㄳ": ("ㄱ", "ㅅ"),
    "ㄵ": ("ㄴ", "ㅈ"),
    "ㄶ": ("ㄴ", "ㅎ"),
    "ㄺ": ("ㄹ", "ㄱ"),
    "ㄻ": ("ㄹ", "ㅁ"),
    "ㄼ": ("ㄹ", "ㅂ"),
    "ㄽ": ("ㄹ", "ㅅ"),
    "ㄾ": ("ㄹ", "ㅌ"),
    "ㄿ": ("ㄹ", "ㅍ"),
    "ㅀ": ("ㄹ", "ㅎ"),
    "ㅄ": ("ㅂ", "ㅅ"),
}
"""Letters that take two keys."""
_FROM_TWO = {keys: letter for letter, keys in TWO_KEYS.items()}


def is_syllable(one: str) -> bool:
    """Whether it is a complete syllable, 가 to 힣."""
    return FIRST <= ord(one) <= LAST


def parts(syllable: str) -> tuple[str, str, str]:
    """Initial, vowel and final ("" where there is none) of a complete syllable."""
    number = ord(syllable) - FIRST
    return INITIALS[number // 588], VOWELS[number % 588 // 28], FINALS[number % 28]


def syllable(initial: str, vowel: str, final: str = "") -> str:
    """The syllable of these letters. Raises ValueError where there is none."""
    return chr(FIRST + (INITIALS.index(initial) * 21 + VOWELS.index(vowel)) * 28 + FINALS.index(final))


def letters(text: str) -> str:
    """`text` with each syllable as its two or three letters: 값 becomes ㄱㅏㅄ."""
    return "".join("".join(parts(one)) if is_syllable(one) else one for one in text)


def keys(text: str) -> str:
    """`text` with each syllable as the letters it is typed with: 값 becomes ㄱㅏㅂㅅ."""
    return "".join("".join(TWO_KEYS.get(one, (one,))) for one in letters(text))


def typed(pressed: str) -> str:
    """What a Korean keyboard writes when these letters are pressed one after another; others stand as they are. For a text
    of complete syllables, `typed(keys(text)) == text`."""
    written: list[str] = []
    initial = vowel = final = ""

    def finish() -> None:
        nonlocal initial, vowel, final
        written.append(syllable(initial, vowel, final) if initial and vowel else initial + vowel + final)
        initial = vowel = final = ""

    for key in pressed:
        if key in VOWELS:
            if final:
                staying, moving = TWO_KEYS.get(final, ("", final))
                final = staying
                finish()
                initial, vowel = moving, key
            elif vowel and (both := _FROM_TWO.get((vowel, key))):
                vowel = both
            else:
                if vowel:
                    finish()
                vowel = key
        elif key in INITIALS:
            if initial and vowel and not final and key in FINALS:
                final = key
            elif final and (both := _FROM_TWO.get((final, key))):
                final = both
            else:
                finish()
                initial = key
        else:
            finish()
            written.append(key)
    finish()
    return "".join(written)
