"""Measures an exported recogniser as it is shipped, one line at a time on one core.

    python training/screen_text/measure.py MODEL.onnx LINES.npz [LINES.npz ...] [--words]

With `--words` letters in doubt are given as they make likely words, as Jikim does with the readings that it believes.
Prints for each file the character error rate, the lines read exactly, the mean CPU time of a line, and how many of the lines
that hold no text gave any.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pool
from grounds import Picture
from measures import error_rate

sys.path.insert(0, str(Path(__file__).parents[2]))
from jikim.analyzers.text_language import korean_words
from jikim.analyzers.text_spelling import is_doubtful, spelled

STEP_PX = 8


class Reader:
    """A recogniser whose classes stand in its file."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._letters = ["", *self._session.get_modelmeta().custom_metadata_map["character"].split("\n")]
        self._input = self._session.get_inputs()[0].name

    def read(self, line: Picture, *, by_words: bool = False) -> str:
        values = line[:, :, ::-1].astype(np.float32) / 127.5 - 1
        padded = np.pad(values, ((0, 0), (0, -line.shape[1] % STEP_PX), (0, 0)))
        (shares,) = self._session.run(None, {self._input: np.ascontiguousarray(padded.transpose(2, 0, 1)[None])})
        if by_words and is_doubtful(shares[0]):
            return spelled(shares[0], self._letters, korean_words())
        best = shares[0].argmax(axis=1).tolist()
        kept = [here for before, here in zip([-1, *best[:-1]], best, strict=True) if here != before]
        return "".join(self._letters[number] for number in kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("lines", type=Path, nargs="+")
    parser.add_argument("--words", action="store_true", help="spell what is in doubt by likely words")
    arguments = parser.parse_args()
    reader = Reader(arguments.model)
    for path in arguments.lines:
        lines = pool.read(path)
        started = time.process_time()
        texts = [reader.read(piece, by_words=arguments.words) for piece, _ in lines]
        took_ms = (time.process_time() - started) / len(lines) * 1000
        pairs = [("".join(said.split()), "".join(true.split())) for said, (_, true) in zip(texts, lines, strict=True)]
        spoken = [pair for pair in pairs if pair[1]]
        rate = error_rate([said for said, _ in spoken], [true for _, true in spoken])
        exact = sum(said == true for said, true in spoken) / max(len(spoken), 1)
        silent = [said for said, true in pairs if not true]
        print(
            f"{path.name}: {len(spoken)} lines, character error rate {rate:.4f}, exact {exact:.3f}, {took_ms:.1f} ms; "
            f"{sum(map(bool, silent))} of {len(silent)} without text gave any"
        )


if __name__ == "__main__":
    main()
