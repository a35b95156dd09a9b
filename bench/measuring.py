"""Whole-process figures: CPU time of a command with every process it started, wall time, and the memory they held together."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Cost:
    """`pss_bytes` is the highest sum, over all processes of the command, of their proportional set size."""

    cpu_s: float
    wall_s: float
    pss_bytes: int
    status: int
    lines: tuple[tuple[float, str], ...]
    """What it printed, a line each with the seconds since its start."""


def measured(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end and counts it with all its descendants, orphans included."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    others = set(_children(os.getpid()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    running = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    peak = [0]
    done = threading.Event()
    sampler = threading.Thread(target=_sample, args=(running.pid, peak, done))
    sampler.start()
    lines = tuple((time.perf_counter() - start, line.rstrip("\n")) for line in running.stdout or ())
    status = running.wait()
    wall_s = time.perf_counter() - start
    done.set()
    sampler.join()
    _wait_for_orphans(others)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, wall_s, peak[0], status, lines)


def _sample(pid: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(_SAMPLE_EVERY_S):
        peak[0] = max(peak[0], sum(_pss_bytes(one) for one in (pid, *descendants(pid))))


def descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from descendants(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def _pss_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _wait_for_orphans(others: set[int]) -> None:
    """What the command left behind has become ours; `others` were ours before it."""
    while orphans := [pid for pid in _children(os.getpid()) if pid not in others]:
        os.waitpid(orphans[0], 0)


def table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Prints figures under a title."""
    print(f"\n{title}")
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        print(f"  {name:<{width}}  {figure}")
