"""How likely a syllable follows others in a Korean word: counted letter by letter, with longer memory where it has been seen.

`text_letters.npy` holds the counts, made by `training/screen_text/language.py`: a trie of syllables in a row, ORDER at most, of
which each node has how likely its last syllable follows those before it, and how much is left for syllables that were not seen
there (Witten and Bell's interpolation, 1991). Costs stand in it as bytes, in steps of COST_STEP.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ORDER = 4
EDGE = "\0"
"""Stands before the first syllable of a word and after its last."""
SYLLABLES = 11_172
COST_STEP = 1 / 16
UNSEEN = math.log(SYLLABLES)
"""The cost of a syllable that was never seen."""


class LetterModel(NamedTuple):
    """A trie in the order of its levels. `letters`: the last letter of each node, as its code; the children of a node stand in
    a row, by code, from `starts` of it to `starts` of the next. `costs`: of that letter after those before it; `rests`: what is
    added when a letter that is no child follows. Both are in COST_STEP, natural logarithms."""

    letters: Sequence[int]
    starts: Sequence[int]
    costs: Sequence[int]
    rests: Sequence[int]

    def cost(self, before: str, letter: str) -> float:
        """Minus the logarithm of how likely `letter` follows `before`, of which at most ORDER - 1 letters count."""
        rest = 0
        for start in range(max(0, len(before) - ORDER + 1), len(before) + 1):
            node = self._node(before[start:])
            if node is None:
                continue
            child = self._child(node, letter)
            if child is not None:
                return (rest + self.costs[child]) * COST_STEP
            rest += self.rests[node]
        return rest * COST_STEP + UNSEEN

    def _node(self, letters: str) -> int | None:
        node: int | None = 0
        for letter in letters:
            if node is None:
                return None
            node = self._child(node, letter)
        return node

    def _child(self, node: int, letter: str) -> int | None:
        code, end = ord(letter), self.starts[node + 1]
        place = bisect_left(self.letters, code, self.starts[node], end)
        return place if place < end and self.letters[place] == code else None


def packed(
    letters: NDArray[np.uint16], starts: NDArray[np.uint32], costs: NDArray[np.uint8], rests: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The bytes of a trie with n nodes: `starts` (n + 1), then `letters`, `costs` and `rests` (n each)."""
    return np.concatenate([part.view(np.uint8) for part in (starts, letters, costs, rests)])


def read(path: Path) -> LetterModel:
    """Maps a trie that `packed` made; what is not asked for is not read."""
    content = memoryview(np.load(path, mmap_mode="r"))
    count = (len(content) - 4) // 8
    ends = 4 * (count + 1), 4 * (count + 1) + 2 * count, 4 * (count + 1) + 3 * count
    starts, letters = content[: ends[0]].cast("I"), content[ends[0] : ends[1]].cast("H")
    return LetterModel(letters, starts, content[ends[1] : ends[2]], content[ends[2] :])


@cache
def korean_words() -> LetterModel:
    """The model of Korean words that comes with Jikim."""
    with as_file(files("jikim.analyzers").joinpath("text_letters.npy")) as path:
        return read(path)
