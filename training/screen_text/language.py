"""Counts which syllables follow each other in words, and writes what jikim/analyzers/text_language.py reads.

    python training/screen_text/language.py words.tsv jikim/analyzers/text_letters.npy

`words.tsv` is what vocabulary.py writes. Rows of three syllables and more that stand in it fewer than SEEN_FROM times are left
out; what they had goes to the shorter rows.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import vocabulary

sys.path.insert(0, str(Path(__file__).parents[2]))
from jikim.analyzers.text_language import COST_STEP, EDGE, ORDER, SYLLABLES, packed

SEEN_FROM = 5
COST_MAX = 255

Rows = dict[str, dict[str, int]]
"""What follows each row of letters, with counts."""


def counted(words: dict[str, int]) -> Rows:
    """Rows of up to ORDER - 1 letters."""
    rows: Rows = {}
    for word, count in words.items():
        letters = f"{EDGE}{word}{EDGE}"
        for place in range(1, len(letters)):
            for start in range(max(0, place - ORDER + 1), place + 1):
                after = rows.setdefault(letters[start:place], {})
                after[letters[place]] = after.get(letters[place], 0) + count
    return rows


def likely(rows: Rows) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """After each row how likely each letter is that was seen there often enough, and how much is left for others."""
    shares: dict[str, dict[str, float]] = {}
    rests: dict[str, float] = {}
    for row in sorted(rows, key=len):
        after = rows[row]
        total = sum(after.values()) + len(after)
        kept = {letter: count for letter, count in after.items() if len(row) < 2 or count >= SEEN_FROM}
        if row and not kept:
            continue
        rests[row] = 1 - sum(kept.values()) / total
        shares[row] = {
            letter: count / total + rests[row] * _shorter(shares, rests, row, letter) for letter, count in kept.items()
        }
    return shares, rests


def _shorter(shares: dict[str, dict[str, float]], rests: dict[str, float], row: str, letter: str) -> float:
    """How likely a letter is after the same row without its first letters."""
    left = 1.0
    for start in range(1, len(row) + 1):
        shorter = row[start:]
        if shorter in shares:
            if letter in shares[shorter]:
                return left * shares[shorter][letter]
            left *= rests[shorter]
    return left / SYLLABLES


def trie(shares: dict[str, dict[str, float]], rests: dict[str, float]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """As text_language.packed. A row that is no node because its own last letter was left out is given up."""
    nodes = [""]
    costs, starts = [0.0], []
    for node in nodes:  # grows as it goes: the children of a level come after the level
        starts.append(len(nodes))
        for letter, share in sorted(shares.get(node, {}).items()):
            nodes.append(node + letter)
            costs.append(share)
    starts.append(len(nodes))
    left = [rests.get(node, 1.0) for node in nodes]
    print(f"{len(nodes)} nodes: {sorted(Counter(map(len, nodes)).items())}")
    letters = np.array([ord(node[-1]) if node else 0 for node in nodes], np.uint16)
    return packed(letters, np.array(starts, np.uint32), _bytes(costs), _bytes(left))


def _bytes(shares: list[float]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    costs = -np.log(np.maximum(shares, 1e-9)) / COST_STEP
    return np.asarray(np.clip(np.round(costs), 0, COST_MAX), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    np.save(arguments.out, trie(*likely(counted(vocabulary.read(arguments.words)))))


if __name__ == "__main__":
    main()
