"""How long an evidence pack takes: picture of the page, two signed documents, archive, sealing; from the moment it is due.

It is measured in a process of its own: `python -m bench.evidence_bench PACKS`.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measuring import table

PACKS = 30
LIMIT_S = 10.0
WORKER_LOOKS_EVERY_S = 3.0
FILES = 6
PAGE = (
    "<!doctype html><title>동네 축제</title>"
    + "<p>동네 축제에서 찍은 사진입니다. <img src='/a.png' width=320 height=180></p>" * 400
)


def bench_evidence(packs: int = PACKS) -> None:
    """Packs of finds with a page of 400 pictures and six files, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir(mode=0o700)
        environment = {**os.environ, "JIKIM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"}
        command = [sys.executable, "-m", "bench.evidence_bench", str(packs)]
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    table(f"evidence packs ({packs}; limit {LIMIT_S:.0f} s from when it is due)", json.loads(told))


def _measure(packs: int) -> list[tuple[str, str]]:
    import django

    django.setup()
    from django.utils import timezone

    from jikim_desk import databases
    from jikim_desk.accounts.models import Team, User
    from jikim_desk.notices import evidence
    from jikim_desk.notices.pictures import browser
    from tests.desk.items import capture
    from tests.desk.removals import confirmed, with_page

    databases.bring_up(is_copied=False)
    team = Team.objects.create(name="bench")
    worker = User.objects.create_user("bench", password="correct horse battery")
    for number in range(packs):
        row = confirmed(team, worker, f"bench{number}")
        with_page(row, PAGE.encode())
        for file in range(FILES - 1):
            capture(row, name=f"file{file}")
    walls, sizes = [], []
    before = _cpu_s()
    for removal in evidence.begin_due(timezone.now(), limit=packs):
        begun = time.perf_counter()
        sizes.append(evidence.complete(removal).size_bytes)
        walls.append(time.perf_counter() - begun)
    cpu_s = (_cpu_s() - before) / len(walls)
    slowest_s = max(walls)
    return [
        ("wall, median", f"{statistics.median(walls):.2f} s"),
        ("wall, slowest", f"{slowest_s:.2f} s"),
        ("CPU a pack, browser included", f"{cpu_s:.2f} s"),
        ("size, median", f"{statistics.median(sizes) / 1000:.0f} kB"),
        ("picture of the page", "drawn" if browser.found() else "none: no Chromium on this machine"),
        ("slowest, with the worker's pause before", f"{slowest_s + WORKER_LOOKS_EVERY_S:.2f} s (limit {LIMIT_S:.0f})"),
    ]


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]))))
