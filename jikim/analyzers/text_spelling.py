"""Reads a Korean line again where its letters are in doubt, by what the recogniser saw and by which words are likely.

A beam search over prefixes (Hannun and others, 2014, "First-pass large vocabulary continuous speech recognition using
bi-directional recurrent DNNs"): the shares of CTC's classes as they are, and for each syllable what `text_language` says of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.text_language import EDGE, ORDER, LetterModel

SHARE_MIN = 1e-3
CHOICES = 12
"""Classes that a step gives less than that are not considered, nor more than so many."""
DOUBTFUL = 0.99
"""A line all of whose steps were read this surely stays as it is."""
BEAMS = 8
WORDS_WEIGHT = 0.5
"""How much likely words count against what was seen."""
SYLLABLE_BONUS = 3.0
"""For each syllable, so that lines are not read shorter than they are, nor as signs and Latin letters."""
BLANK_BONUS = 0.5
"""For each blank, which is easily overlooked between letters."""
STRANGE_SHARE, STRANGE, RARE = 0.05, 1 / 2350, 0.01
"""Of the syllables one in twenty stands in no word and is any of KS X 1001's: names, slips, abbreviations. Any other is a
hundred times less likely."""
EDGE_STRANGE = 0.3


class _Beam(NamedTuple):
    """How likely the steps so far give one text: with no letter at the last of them, and with its last letter; the logarithm of
    how likely its words are."""

    ended: float
    open: float
    words: float

    @property
    def score(self) -> float:
        return math.log(max(self.ended + self.open, 1e-300)) + self.words


def is_doubtful(shares: NDArray[np.float32]) -> bool:
    """Whether any step of a line was read unsurely."""
    return bool((shares.max(axis=1) < DOUBTFUL).any())


def spelled(shares: NDArray[np.float32], letters: Sequence[str], model: LetterModel) -> str:
    """The text that fits best what was seen and the language. `shares`: (n, classes) from left to right; `letters`: of each
    class, the first of which is none."""
    words = _Words(model)
    beams = {"": _Beam(1.0, 0.0, 0.0)}
    for seen in _seen(shares, letters):
        grown: dict[str, _Beam] = {}
        for text, beam in beams.items():
            for longer, ended, open_ in _grown(text, beam, seen):
                old = grown.get(longer)
                if old is not None:
                    grown[longer] = _Beam(old.ended + ended, old.open + open_, old.words)
                else:
                    added = words.after(text, longer[-1]) if len(longer) > len(text) else 0.0
                    grown[longer] = _Beam(ended, open_, beam.words + added)
        best = sorted(grown.items(), key=lambda one: -one[1].score)[:BEAMS]
        whole = sum(beam.ended + beam.open for _, beam in best)
        beams = {text: _Beam(beam.ended / whole, beam.open / whole, beam.words) for text, beam in best}
    return max(beams, key=lambda text: beams[text].score)


def _seen(shares: NDArray[np.float32], letters: Sequence[str]) -> list[list[tuple[str, float]]]:
    """The letters of each step that are likely enough, with their shares; steps that show nothing are left out."""
    steps: list[list[tuple[str, float]]] = [[] for _ in shares]
    for step, number in zip(*(places.tolist() for places in np.nonzero(shares >= SHARE_MIN)), strict=True):
        steps[step].append((letters[number], float(shares[step, number])))
    return [sorted(step, key=lambda one: -one[1])[:CHOICES] for step in steps if step]


def _grown(text: str, beam: _Beam, seen: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float, float]]:
    """What a text may become by one more step, and how likely, with no letter there and with one."""
    last = text[-1:]
    for letter, share in seen:
        if not letter:
            yield text, (beam.ended + beam.open) * share, 0.0
        elif letter != last:
            yield text + letter, 0.0, (beam.ended + beam.open) * share
        else:
            yield text, 0.0, beam.open * share
            if beam.ended:
                yield text + letter, 0.0, beam.ended * share


class _Words:
    """What the language adds to the score of each letter; asked for once each."""

    def __init__(self, model: LetterModel) -> None:
        self._model = model
        self._known: dict[tuple[str, str], float] = {}

    def after(self, text: str, letter: str) -> float:
        if not _is_syllable(letter) and (letter != " " or not _is_syllable(text[-1:])):
            return 0.0
        before = _row(text)
        if (before, letter) not in self._known:
            self._known[before, letter] = self._score(before, letter)
        return self._known[before, letter]

    def _score(self, before: str, letter: str) -> float:
        if letter == " ":
            return WORDS_WEIGHT * math.log(self._mixed(before, EDGE, EDGE_STRANGE)) + BLANK_BONUS
        strange = STRANGE if _is_common(letter) else RARE * STRANGE
        return WORDS_WEIGHT * math.log(self._mixed(before, letter, strange)) + SYLLABLE_BONUS

    def _mixed(self, before: str, letter: str, strange: float) -> float:
        return (1 - STRANGE_SHARE) * math.exp(-self._model.cost(before, letter)) + STRANGE_SHARE * strange


def _row(text: str) -> str:
    """The last syllables of a text in a row, with EDGE before them where a word begins."""
    start = len(text)
    while start and len(text) - start < ORDER - 1 and _is_syllable(text[start - 1]):
        start -= 1
    return text[start:] if len(text) - start == ORDER - 1 else EDGE + text[start:]


def _is_syllable(letter: str) -> bool:
    return "가" <= letter <= "힣"


def _is_common(syllable: str) -> bool:
    """Whether it is one of KS X 1001's 2,350; of the others EUC-KR writes the jamo one by one."""
    return len(syllable.encode("euc_kr")) == 2
