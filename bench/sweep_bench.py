"""The practice sweep: how long, how soon the first result, where the planted items stand."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measuring import measured, table

KEYWORD = "축제"
TOP = 20


def bench_sweep(limit: int = 300) -> None:
    """300 candidates over real HTTP on loopback, everything cold."""
    jikim = Path(sys.prefix, "bin", "jikim")
    with tempfile.TemporaryDirectory() as home:
        truth_file = Path(home, "truth.tsv")
        environment = {"JIKIM_HOME": home}
        platform = subprocess.Popen(
            ["env", f"JIKIM_HOME={home}", jikim, "practice", "--truth", truth_file], stdout=subprocess.PIPE, text=True
        )
        try:
            origin = (platform.stdout.readline() if platform.stdout else "").strip()
            command = [jikim, "sweep", KEYWORD, "--json", "--limit", str(limit), "--source", f"practice={origin}"]
            cost = measured(command, environment)
        finally:
            platform.terminate()
            platform.wait()
        truth = dict(_planted(truth_file))
    found = [(at_s, json.loads(line)) for at_s, line in cost.lines]
    items = [one for _, one in found if "summary" not in one]
    rank = {"urgent": 0, "look": 1, "none": 2}
    ranked = sorted(items, key=lambda one: (rank[one["assessment"]["level"]], -one["assessment"]["score"]))
    top = {one["url"] for one in ranked[:TOP]}
    here = {one["url"] for one in items}
    planted = {url: cue for url, cue in truth.items() if cue and url in here}
    missed = {cue for url, cue in planted.items() if url not in top}
    table(
        f"Sweep of {len(items)} practice candidates",
        [
            ("whole sweep, start-up included", f"{cost.wall_s:.1f} s (limit 90 s), CPU {cost.cpu_s:.1f} s"),
            ("first result", f"{found[0][0]:.1f} s (limit 10 s)"),
            ("kinds", ", ".join(f"{kind} {sum(one['kind'] == kind for one in items)}" for kind in ("image", "video", "text"))),
            (f"planted in the top {TOP}", f"{sum(url in top for url in planted)} of {len(planted)}"),
            ("planted below", ", ".join(sorted(missed)) or "-"),
            ("memory of all processes (PSS)", f"{cost.pss_bytes / 2**20:.0f} MB (limit 1,200 MB)"),
            ("exit status", str(cost.status)),
        ],
    )


def _planted(file: Path) -> list[tuple[str, str]]:
    lines = file.read_text("utf-8").splitlines()[1:]
    return [(url, cue) for url, _, cue in (line.split("\t") for line in lines)]
