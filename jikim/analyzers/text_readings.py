"""What a line was read as, whether it may be believed, and whether two readings are of one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Lang = Literal["ko", "en", "ja", "zh"]

AGREEING_SHARE, AGREEING_SHARE_HERE = 0.25, 0.45
"""Of the letters of two readings of one line at most so many differ; more may where both stand in the same place."""
BELIEVED = 0.8
BELIEVED_LONG = 0.6
"""For four syllables and more: in photographs without Korean nothing gave so many at 0.4 already."""
BELIEVED_SHORT = 0.95
"""For a single syllable and for two letters."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line was read as. `weights` names the head; `confidence` is the mean share of the letters that were taken;
    `shares` (steps, classes) is all that the head saw."""

    text: str
    confidence: float
    weights: str
    shares: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    @property
    def lang(self) -> Lang:
        """By the letters: Hangul is Korean, kana Japanese, Han alone Chinese, all else counts as English."""
        if hangul(self.text):
            return "ko"
        if any("\u3040" <= char <= "\u30ff" for char in self.text):
            return "ja"
        return "zh" if any(_is_han(char) for char in self.text) else "en"

    @property
    def is_believable(self) -> bool:
        """Whether it may be shown as something that stood there. Textures give one or two letters, or many unsure ones."""
        letters = sum(char.isalpha() for char in self.text)
        digits = sum(char.isdecimal() for char in self.text)
        signs = letters + digits
        if not signs or signs < 0.5 * len(joined(self.text)) or (not letters and digits < 3):
            return False
        if signs <= 2:
            return self.lang != "en" and self.confidence >= BELIEVED_SHORT
        syllables = sum("가" <= char <= "힣" for char in self.text)
        return self.confidence >= (BELIEVED_LONG if syllables >= 4 else BELIEVED)


def agree(one: str, two: str, share: float = AGREEING_SHARE) -> bool:
    """Whether two readings are likely of the same line: at most this share of the letters may differ, no digit may."""
    one, two = joined(one), joined(two)
    if _digits(one) != _digits(two):
        return False
    allowed = share * max(len(one), len(two))
    return abs(len(one) - len(two)) <= allowed and changes(one, two) <= allowed


def is_part(piece: str, whole: str) -> bool:
    """Whether the letters and digits of a reading, two or more, stand in a row in a longer one."""
    letters = ["".join(filter(str.isalnum, text)) for text in (piece, whole)]
    return 2 <= len(letters[0]) < len(letters[1]) and letters[0] in letters[1]


def changes(one: str, two: str) -> int:
    """The edit distance: how many letters must be put in, left out or replaced."""
    before = list(range(len(two) + 1))
    for place, letter in enumerate(one, 1):
        here = [place]
        for column, other in enumerate(two, 1):
            here.append(min(before[column] + 1, here[-1] + 1, before[column - 1] + (letter != other)))
        before = here
    return before[-1]


def joined(text: str) -> str:
    """Without blanks."""
    return "".join(text.split())


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def hangul(text: str) -> int:
    """How many letters are Korean syllables or jamo."""
    return sum("가" <= char <= "힣" or "ㄱ" <= char <= "ㅣ" for char in text)


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"
