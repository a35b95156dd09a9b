"""The signs that are read, and of what each is made.

All 11,172 syllables of Hangul are read. The 2,350 of KS X 1001, which nearly all Korean is written with, have weights of their
own beside those of their jamo; the others are told by their jamo alone.
"""

from __future__ import annotations

BLANK = ""
COMMON = [bytes([row, cell]).decode("euc_kr") for row in range(0xB0, 0xC9) for cell in range(0xA1, 0xFF)]
JAMO = [chr(code) for code in range(0x3131, 0x3164)]
ASCII = [chr(code) for code in range(33, 127)]
SIGNS = list("·…“”‘’~※♥♡★☆○●→←℃")
SIGNS = [sign for sign in dict.fromkeys(SIGNS) if sign not in ASCII]
FIRST_SYLLABLE, SYLLABLES = 0xAC00, 11_172
RARE = [chr(FIRST_SYLLABLE + number) for number in range(SYLLABLES) if chr(FIRST_SYLLABLE + number) not in set(COMMON)]

MAIN = [BLANK, *COMMON, *JAMO, *ASCII, *SIGNS, " "]
"""Classes with weights of their own; the blank of CTC is the first."""
CLASSES = [*MAIN, *RARE]
NUMBER = {letter: number for number, letter in enumerate(CLASSES)}


def parts(letter: str) -> tuple[int, int, int]:
    """Which initial (of 19), medial (of 21) and final (of 28) a syllable is made of. Raises ValueError for anything else."""
    code = ord(letter) - FIRST_SYLLABLE if len(letter) == 1 else -1
    if not 0 <= code < SYLLABLES:
        raise ValueError(letter)
    return code // 588, code // 28 % 21, code % 28


def encoded(text: str) -> list[int]:
    """The numbers of the classes of a text. Raises KeyError for a sign that is not read."""
    return [NUMBER[letter] for letter in text]


def decoded(numbers: list[int]) -> str:
    """The text of the best class of each step: neighbours that are the same are one, blanks are nothing."""
    return "".join(
        CLASSES[here] for before, here in zip([-1, *numbers[:-1]], numbers, strict=True) if here != before and here != 0
    )
