"""Whether a line that was read in Latin letters stands there in Latin letters.

No head here knows Cyrillic, Greek, Georgian, Armenian, Hebrew and many more: for their letters each invents Latin ones that
look alike, and each others. So the two readings disagree, are unsure, mix capitals, small letters and digits within a word, and
hold pairs of letters that no language has. How much each of these counts was fitted (`training/text_scripts`) on lines drawn in
22 scripts. Capitals that Latin, Greek and Cyrillic write alike (KIAT) cannot be told apart and stay.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.text_readings import Reading, changes, joined

LETTERS = 27
"""The letters from a to z, and one for all else."""
NO_PAIRS = -3.0
"""How likely the pairs of letters are of a line without letters: neither likely nor not."""
SAME_AND_SURE = 0.97
"""Where both heads are so sure of the same letters, these stand there, or look the same."""
SURELY = 0.02
"""Added to each doubt before its logarithm is taken."""


def is_foreign(korean: Reading, original: Reading, taken: Reading) -> bool:
    """Whether the Latin letters of `taken`, one of both readings, were likely invented for those of a script
    that neither knows. 2 % of the lines that are Latin and were read rightly are taken for foreign, too."""
    if min(korean.confidence, original.confidence) >= SAME_AND_SURE and _plain(korean.text) == _plain(original.text):
        return False
    model = _model()
    score = float(features(korean, original, taken, model.pairs) @ model.weights[1:] + model.weights[0])
    return score > model.threshold


def features(korean: Reading, original: Reading, taken: Reading, pairs: NDArray[np.float32]) -> NDArray[np.float64]:
    """What tells: the readings' difference, the doubts of both heads, changes of case and digits within words, the share of
    signs, and the mean log likelihood of the pairs of letters (`pairs`, (LETTERS, LETTERS))."""
    one, two, letters = _plain(korean.text), _plain(original.text), joined(taken.text)
    return np.array(
        [
            changes(one, two) / max(len(one), len(two), 1),
            np.log(1 + SURELY - korean.confidence),
            np.log(1 + SURELY - original.confidence),
            sum(map(_is_mixture, letters, letters[1:])) / max(len(letters), 1),
            sum(not letter.isalnum() for letter in letters) / max(len(letters), 1),
            _likelihood(taken.text, pairs),
        ]
    )


def pair_counts(word: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first and the second letter of each pair of neighbours in a word, its ends among them."""
    numbers = np.array([_number(letter) for letter in f" {_plain(word)} "])
    return numbers[:-1], numbers[1:]


class _Model(NamedTuple):
    pairs: NDArray[np.float32]
    weights: NDArray[np.float64]
    threshold: float


@cache
def _model() -> _Model:
    with np.load(BytesIO(files("jikim.analyzers").joinpath("text_scripts.npz").read_bytes())) as content:
        return _Model(content["pairs"].astype(np.float32), content["weights"], float(content["threshold"]))


def _likelihood(text: str, pairs: NDArray[np.float32]) -> float:
    found = [
        float(pairs[first, second])
        for word in text.split()
        for first, second in zip(*pair_counts(word), strict=True)
        if first or second
    ]
    return float(np.mean(found)) if found else NO_PAIRS


def _is_mixture(letter: str, after: str) -> bool:
    """Whether a capital follows a small letter, or a letter and a digit stand side by side."""
    is_bump = letter.islower() and after.isupper()
    return is_bump or (letter.isdigit() and after.isalpha()) or (letter.isalpha() and after.isdigit())


def _plain(text: str) -> str:
    """Small letters without accents and blanks."""
    spread = unicodedata.normalize("NFKD", joined(text))
    return "".join(letter for letter in spread if not unicodedata.combining(letter)).lower()


def _number(letter: str) -> int:
    return ord(letter) - ord("a") + 1 if "a" <= letter <= "z" else 0
