"""Fits what tells invented Latin letters from true ones, or measures it.

    python training/text_scripts/fit.py LINES.pickle [LINES.pickle ...] --out OUT.npz
    python training/text_scripts/fit.py LINES.pickle

The lines are those of `lines.py`. Needs Jikim's model files.
"""

from __future__ import annotations

import argparse
import pickle
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from words import READ, words

from jikim import config
from jikim.analyzers.text_lines import InLatin, LineReader
from jikim.analyzers.text_readings import Reading, changes, joined
from jikim.analyzers.text_scripts import LETTERS, features, pair_counts
from jikim.weights.sessions import LocalSessions

KEPT = 0.98
"""Of the lines that are truly Latin and were read rightly."""
WRONG_MAX = 0.25
STRENGTH = 0.01
STEPS = 50


class Line(NamedTuple):
    picture: NDArray[np.uint8]
    text: str
    script: str


def read(path: Path) -> list[Line]:
    """The drawn lines."""
    made = pickle.loads(path.read_bytes())
    pictures = (cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR) for packed, _, _ in made)
    return [Line(np.ascontiguousarray(picture[:, :, ::-1]), *rest) for picture, (_, *rest) in zip(pictures, made, strict=True)]


def is_right(reading: Reading, text: str) -> bool:
    """Whether a line was read well enough to be lost when it is left out."""
    true = joined(text).lower()
    return changes(joined(reading.text).lower(), true) <= WRONG_MAX * len(true)


def pairs() -> NDArray[np.float32]:
    """(LETTERS, LETTERS): the log likelihood of a letter after another in Latin words."""
    counts = np.full((LETTERS, LETTERS), 0.5)
    for name in words("Latin", is_test=False):
        for word in name.split():
            np.add.at(counts, pair_counts(word), 1)
    return np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


def fit(values: NDArray[np.float64], is_foreign: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method: the constant first."""
    middle, spread = values.mean(axis=0), values.std(axis=0)
    known = np.column_stack([np.ones(len(values)), (values - middle) / spread])
    weights, held = np.zeros(known.shape[1]), STRENGTH * np.diag([0.0, *np.ones(values.shape[1])])
    for _ in range(STEPS):
        shares = 1 / (1 + np.exp(-known @ weights))
        slope = known.T @ (shares - is_foreign) / len(known) + held @ weights
        weights -= np.linalg.solve((known * (shares * (1 - shares))[:, None]).T @ known / len(known) + held, slope)
    return np.array([weights[0] - (weights[1:] * middle / spread).sum(), *(weights[1:] / spread)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, help="without it the lines are measured")
    arguments = parser.parse_args()
    reader = LineReader(LocalSessions(config.load().weights))
    lines = [line for path in arguments.lines for line in read(path)]
    if arguments.out is None:
        _measure(reader, lines)
        return
    table = pairs().astype(np.float16)
    values, is_foreign = [], []
    for line in lines:
        looked = reader.look(line.picture)
        if not isinstance(looked, InLatin) or not looked.taken.is_believable:
            continue
        if line.script not in READ or is_right(looked.taken, line.text):
            values.append(features(*looked, table.astype(np.float32)))
            is_foreign.append(line.script not in READ)
    known, answers = np.array(values), np.array(is_foreign)
    weights = fit(known, answers)
    scores = known @ weights[1:] + weights[0]
    threshold = float(np.quantile(scores[~answers], KEPT))
    np.savez_compressed(arguments.out, pairs=table, weights=weights, threshold=threshold)
    left = float((scores[answers] <= threshold).mean())
    print(f"{len(known)} lines, {answers.sum()} foreign; kept {KEPT:.0%} of the others and {left:.1%} of the foreign ones")


def _measure(reader: LineReader, lines: list[Line]) -> None:
    """For each script: its lines, those that something was told of, and of these the rightly read."""
    told: dict[str, list[bool]] = defaultdict(list)
    for line in lines:
        reading = reader.read(line.picture)
        is_told = reading is not None and reading.is_believable and (line.script not in READ or is_right(reading, line.text))
        told[line.script].append(is_told)
    for script, answers in sorted(told.items()):
        print(
            f"{script or 'no text':12} {len(answers)} lines, {'read' if script in READ else 'invented'} {np.mean(answers):.3f}"
        )


if __name__ == "__main__":
    main()
