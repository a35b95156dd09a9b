"""The practice sweep: how long, how soon the first result, where the planted items stand."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measuring import measured, table
from jikim import config as configuration
from jikim.commands import places
from jikim.config import Config
from jikim.practice.server import PracticeServer
from jikim.practice.world import own_world
from jikim.sweep import Place, sweep
from jikim.types import Keyword, Level
from jikim.vault import Vault
from jikim.workers import Workers

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


def bench_first_minute(limit: int = 300) -> None:
    """When each planted item is first known for more than its words: raised above `none`, provisionally or finally."""
    with tempfile.TemporaryDirectory() as home:
        config = configuration.load({"JIKIM_HOME": home, "JIKIM_LANG": "en"})
        with Vault.open(config.home) as vault:
            key = vault.practice_key()
        world = own_world()
        with PracticeServer(world, key) as server:
            planted = {f"{server.origin}/item/{item.id}" for item in world.items if item.cues}
            start = time.perf_counter()
            with places.opened(config, [f"practice={server.origin}"]) as searched, Workers(config) as looking:
                known_s = asyncio.run(_known(config, searched, looking, limit, planted, start))
    times = sorted(known_s.values())
    half_s = times[len(planted) // 2 - 1] if len(times) >= len(planted) // 2 else float("inf")
    table("Planted items over time", [(f"half of {len(planted)} known after", f"{half_s:.1f} s (limit 15 s)")])


async def _known(
    config: Config, searched: list[Place], looking: Workers, limit: int, planted: set[str], start: float
) -> dict[str, float]:
    known_s: dict[str, float] = {}
    keyword = Keyword(KEYWORD)
    async for found in sweep(keyword, searched, looking, limit=limit, budget_s=config.sweeping.budget_s, health={}):
        if found.candidate.url in planted and found.assessment.level is not Level.NONE:
            known_s.setdefault(found.candidate.url, time.perf_counter() - start)
    return known_s


def _planted(file: Path) -> list[tuple[str, str]]:
    lines = file.read_text("utf-8").splitlines()[1:]
    return [(url, cue) for url, _, cue in (line.split("\t") for line in lines)]
