"""The peers' answers for pictures. Run by a Python that has threatexchange and perception, not by Jikim's own.

Reads a JSON file {"references": [file, ...], "queries": [file, ...]} and prints one JSON object: for each peer its CPU seconds
a query and the pairs [query, reference] (places in the lists) that it calls copies at its own threshold.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PDQ_DISTANCE_MAX = 31
"""threatexchange's own threshold."""

PHASH_THRESHOLD = 0.2
DHASH_THRESHOLD = 0.15
"""Shares of bits, as perception's documentation gives for its hashes."""

Answer = dict[str, Any]


def _pdq(references: Sequence[str], queries: Sequence[str]) -> Answer:
    from threatexchange.signal_type.pdq.signal import PdqSignal

    def hashed(file: str) -> Any:
        digits = PdqSignal.hash_from_file(Path(file))
        return np.frombuffer(bytes.fromhex(digits), np.uint8) if digits else None

    return _by_bits(hashed, references, queries, PDQ_DISTANCE_MAX)


def _perception(name: str, references: Sequence[str], queries: Sequence[str]) -> Answer:
    from perception import hashers

    hasher, threshold = {
        "phash": (hashers.PHash(hash_size=16), PHASH_THRESHOLD),
        "dhash": (hashers.DHash(hash_size=8), DHASH_THRESHOLD),
    }[name]

    def hashed(file: str) -> Any:
        bits = hasher.compute(file, hash_format="vector")
        return None if bits is None else np.packbits(np.asarray(bits, np.uint8))

    return _by_bits(hashed, references, queries, int(threshold * hasher.hash_length))


def _by_bits(hashed: Callable[[str], Any], references: Sequence[str], queries: Sequence[str], most: int) -> Answer:
    known = [hashed(file) for file in references]
    start = time.process_time()
    seen = [hashed(file) for file in queries]
    pairs = []
    for place, bits in enumerate(seen):
        for other, reference in enumerate(known):
            if bits is not None and reference is not None and int(np.bitwise_count(bits ^ reference).sum()) <= most:
                pairs.append((place, other))
    return {"pairs": pairs, "cpu_s": (time.process_time() - start) / len(queries)}


def _sift(references: Sequence[str], queries: Sequence[str]) -> Answer:
    """perception's local descriptors: its candidate search and its validation, as its `deduplicate` strings them."""
    from perception import local_descriptor_deduplication as local

    hasher = local.SIFT()
    known = local.build_reference_df(list(references), hasher=hasher)
    start = time.process_time()
    seen = local.build_reference_df(list(queries), hasher=hasher)
    found = local.deduplicate_dfs(known, seen, hasher=hasher, max_workers=1, use_gpu=False)
    place = {file: number for number, file in enumerate(queries)}
    other = {file: number for number, file in enumerate(references)}
    pairs = [(place[query], other[reference]) for query, reference, *_ in found]
    return {"pairs": pairs, "cpu_s": (time.process_time() - start) / len(queries)}


def main() -> None:
    """Answers for the lists in the file named on the command line."""
    lists = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    references, queries = lists["references"], lists["queries"]
    answers = {
        f"PDQ (threatexchange {version('threatexchange')})": _pdq(references, queries),
        f"PHash 16 (perception {version('perception')})": _perception("phash", references, queries),
        "dHash 64 (perception)": _perception("dhash", references, queries),
        "SIFT (perception)": _sift(references, queries),
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
