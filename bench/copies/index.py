"""Bench of the PDQ index beside threatexchange's:

    python -m bench.copies.index [--peer PYTHON] [--clustered HASHES.npy] [--count 1000000 ...]

`--peer` is the Python of an environment with threatexchange; without it Jikim's figures stand alone. `--clustered` is an array
(n, 32) uint8 of hashes of real pictures: hashes for the index are then made from them, many near each other, and not drawn
evenly. Every index runs in a process of its own, one thread, CPU time. Half of the queries lie 0 to 31 bits from a known hash,
half anywhere; Jikim's answers are compared with those of comparing all, for some of the queries.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.measuring import table

QUERIES = 2000
COMPARED = 40

PEER = """
import json, sys, time
import numpy as np
import faiss
faiss.omp_set_num_threads(1)
from threatexchange.signal_type.pdq.signal import PdqSignal
known, queries = np.load(sys.argv[1], mmap_mode="r"), np.load(sys.argv[2])
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
hexes = [row.tobytes().hex() for row in queries]
entries = [(row.tobytes().hex(), number) for number, row in enumerate(known)]
before = resident()
start = time.process_time()
index = PdqSignal.get_index_cls().build(entries)
built_s = time.process_time() - start
start = time.process_time()
found = sum(bool(index.query(one)) for one in hexes)
queried_s = time.process_time() - start
start = time.process_time()
index.add("f" * 32 + "0" * 32, -1)
added_s = time.process_time() - start
print(json.dumps({"built_s": built_s, "per_s": len(hexes) / queried_s, "found": found, "added_ms": 1000 * added_s,
                  "resident_mb": (resident() - before) / 1e6}))
"""


def known_hashes(count: int, clustered: Path | None) -> NDArray[np.uint8]:
    """Hashes for the index. Clustered ones: nine in ten lie 8 to 60 bits from one of the given ones."""
    random = np.random.default_rng(1)
    if clustered is None:
        return random.integers(0, 256, (count, 32), dtype=np.uint8)
    real = np.load(clustered)
    chosen = real[random.integers(0, len(real), count)]
    out = np.empty_like(chosen)
    for start in range(0, count, 1 << 16):
        block = chosen[start : start + (1 << 16)]
        bits = np.unpackbits(block, axis=1)
        share = random.integers(8, 61, (len(block), 1)) / 256
        out[start : start + (1 << 16)] = np.packbits(bits ^ (random.random(bits.shape) < share), axis=1)
    alone = random.random(count) < 0.1
    out[alone] = random.integers(0, 256, (int(alone.sum()), 32), dtype=np.uint8)
    return out


def query_hashes(known: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half of them 0 to 31 bits from a known one."""
    random = np.random.default_rng(2)
    bits = np.unpackbits(known[random.integers(0, len(known), QUERIES)], axis=1)
    for number, row in enumerate(bits):
        row[random.choice(256, number % 32, replace=False)] ^= 1
    queries = np.packbits(bits, axis=1)
    queries[1::2] = random.integers(0, 256, (QUERIES // 2, 32), dtype=np.uint8)
    return queries


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def measure(known_path: str, queries_path: str, folder: str) -> None:
    """Opens a saved index in this process and prints its figures as JSON."""
    from jikim.copies.hash_index import HashIndex

    queries = np.load(queries_path)
    before = resident_mb()
    start = time.perf_counter()
    index = HashIndex.open(Path(folder))
    opened_s = time.perf_counter() - start
    figures = {"opened_ms": 1000 * opened_s, "count": len(index)}
    found = 0
    for batch in (1, 8, 64):
        start = time.process_time()
        hits = [index.near(queries[first : first + batch]) for first in range(0, len(queries), batch)]
        figures[f"per_s_{batch}"] = len(queries) / (time.process_time() - start)
        found = sum(len(set(one.queries.tolist())) for one in hits)
    figures |= {"found": found, "resident_mb": resident_mb() - before, "process_mb": resident_mb()}
    random = np.random.default_rng(3)
    spent = []
    for number in range(20_000):
        hash_ = random.integers(0, 256, (1, 32), dtype=np.uint8)
        start = time.process_time()
        index.add(2**31 + number, hash_)
        spent.append(time.process_time() - start)
    figures |= {"added_us": 1e6 * float(np.median(spent)), "added_us_999": 1e6 * float(np.quantile(spent, 0.999))}
    start = time.process_time()
    for number in range(1000):
        index.hide(number)
    figures["removed_us"] = 1e3 * (time.process_time() - start)
    for number in range(1000):
        index.show(number)
    start = time.process_time()
    for first in range(0, len(queries), 8):
        index.near(queries[first : first + 8])
    figures["per_s_8_with_tail"] = len(queries) / (time.process_time() - start)
    known = np.load(known_path, mmap_mode="r")
    words = known[: 4 * 10**6].view(np.uint64)
    missed = 0
    for query in queries[:COMPARED]:
        near = np.bitwise_count(words ^ query.view(np.uint64)).sum(axis=1, dtype=np.int64)
        expected = set(np.flatnonzero(near <= 31).tolist())
        got = index.near(query[None], limit=10**7)
        missed += len(expected - set(got.items.tolist()))
    print(json.dumps(figures | {"missed": missed}))


def bench(count: int, peer: Path | None, clustered: Path | None) -> None:
    from jikim.copies.hash_index import HashIndex

    folder = Path(tempfile.mkdtemp(prefix="jikim-bench-"))
    try:
        known = known_hashes(count, clustered)
        np.save(folder / "known.npy", known)
        np.save(folder / "queries.npy", query_hashes(known))
        start = time.process_time()
        index = HashIndex()
        index.extend(np.arange(count), np.zeros(count, np.int64), known)
        index.save(folder / "index")
        built_s = time.process_time() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        size_mb = sum(path.stat().st_size for path in (folder / "index").iterdir()) / 1e6
        del index, known
        files = [str(folder / name) for name in ("known.npy", "queries.npy")]
        ours = _ran([sys.executable, "-m", "bench.copies.index", "--measure", *files, str(folder / "index")])
        rows = [
            ("queries a second, one at a time", f"{ours['per_s_1']:,.0f}"),
            ("queries a second, 8 and 64 together", f"{ours['per_s_8']:,.0f}, {ours['per_s_64']:,.0f}"),
            ("the same, 8 together, 20,000 added since", f"{ours['per_s_8_with_tail']:,.0f}"),
            ("queries that found something", f"{ours['found']:,} of {QUERIES:,}"),
            (f"missed, {COMPARED} queries compared with all", f"{ours['missed']}"),
            ("resident for the index, whole process", f"{ours['resident_mb']:,.0f} MB, {ours['process_mb']:,.0f} MB"),
            ("file", f"{size_mb:,.0f} MB"),
            ("opened", f"{ours['opened_ms']:.1f} ms"),
            ("one added, median and 99.9 %", f"{ours['added_us']:.0f} us, {ours['added_us_999']:.0f} us"),
            ("one removed", f"{ours['removed_us']:.1f} us"),
            ("built and saved", f"{built_s:.1f} CPU-s, process at most {peak_mb:,.0f} MB"),
        ]
        kind = f"around {clustered.name}" if clustered else "drawn evenly"
        table(f"PDQ index, {count:,} hashes {kind}, radius 31, one thread: Jikim", rows)
        if peer:
            theirs = _ran([str(peer), "-c", PEER, *files])
            rows = [
                ("queries a second", f"{theirs['per_s']:,.0f}"),
                ("queries that found something", f"{theirs['found']:,} of {QUERIES:,}"),
                ("resident for the index", f"{theirs['resident_mb']:,.0f} MB"),
                ("one added", f"{theirs['added_ms']:,.0f} CPU-ms"),
                ("built", f"{theirs['built_s']:.1f} CPU-s"),
                (
                    "Jikim's queries a second are",
                    f"{ours['per_s_1'] / theirs['per_s']:.1f}x, {ours['per_s_8'] / theirs['per_s']:.1f}x",
                ),
            ]
            table(f"PDQ index, {count:,} hashes, the same hashes and queries: threatexchange", rows)
    finally:
        shutil.rmtree(folder)


def _ran(command: list[str]) -> dict[str, float]:
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.index", description=__doc__)
    parser.add_argument("--count", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--peer", type=Path, help="a Python that has threatexchange")
    parser.add_argument("--clustered", type=Path, help="hashes of real pictures, (n, 32) uint8")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(*chosen.measure)
        return
    for count in chosen.count:
        bench(count, chosen.peer if count <= 1_000_000 else None, chosen.clustered)


if __name__ == "__main__":
    main()
