"""The desk: how soon somebody who waits is served while 10,000 sweeps are queued, and what a sweep through it costs in CPU."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measuring import descendants, measured, table
from jikim.practice.server import PracticeServer
from jikim.practice.world import own_world
from jikim.vault import Vault

KEYWORD = "축제"
NOTHING = "아무데도없는말"
BACKLOG = 10_000
ASKED = 60
IDLE_S = 15.0
JIKIM = Path(sys.prefix, "bin", "jikim")


def bench_desk(limit: int = 300) -> None:
    """Under one throwaway home: its database is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        os.environ |= {"JIKIM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"}
        import django

        with Vault.open(home) as vault:
            key = vault.practice_key()
        (home / "config.toml").write_text(f"[sweeping]\nlimit = {limit}\nbudget_s = 900.0\n")
        django.setup()
        with PracticeServer(own_world(), key) as server:
            place = f"practice={server.origin}"
            command = [JIKIM, "sweep", KEYWORD, "--json", "--limit", str(limit), "--source", place]
            alone = measured(command, {"JIKIM_HOME": str(home)})
            through_desk, started, finds, anyway = _cpu_of_a_sweep(place)
            waits = _waits(place)
    found = sum('"summary"' not in line for _, line in alone.lines)
    table(
        "A sweep through the desk",
        [
            ("jikim sweep, start-up included", f"CPU {alone.cpu_s:.1f} s for {found} candidates"),
            ("the same through the desk", f"CPU {through_desk:.1f} s for {finds} candidates"),
            ("more", f"{100 * (through_desk / alone.cpu_s - 1):+.1f} % (limit +5 %)"),
            ("of it, what an idle worker uses in that time", f"CPU {anyway:.1f} s"),
            ("starting a worker, once", f"CPU {started:.1f} s"),
        ],
    )
    waits.sort()
    table(
        f"From the request to the start, {BACKLOG:,} sweeps queued",
        [
            ("median", f"{statistics.median(waits):.2f} s"),
            ("p95 of " + str(len(waits)), f"{waits[int(0.95 * len(waits)) - 1]:.2f} s (limit 0.5 s)"),
            ("longest", f"{waits[-1]:.2f} s"),
        ],
    )


def _cpu_of_a_sweep(place: str) -> tuple[float, float, int, float]:
    """CPU seconds of the sweep and of starting the worker that did it, how many it found, and the CPU seconds that the worker
    uses in as long a time without work: looking for jobs goes on beside them, and counts for more on a machine that is busy."""
    from jikim_desk import databases, flows
    from jikim_desk.records import intake
    from jikim_desk.records.models import Sweep

    databases.bring_up(is_copied=False)
    flows.prepare()
    user, team = _somebody()
    with _worker() as running:
        started = _cpu_s(running.pid)
        time.sleep(IDLE_S)
        before = _cpu_s(running.pid)
        idle = (before - started) / IDLE_S
        begun_at = time.monotonic()
        sweep = intake.ask_for_sweep(user, [KEYWORD], [place], team=team)
        flows.enqueue(sweep)
        while Sweep.objects.get(pk=sweep.pk).state not in ("done", "failed"):
            time.sleep(0.5)
        took_s = time.monotonic() - begun_at
        return _cpu_s(running.pid) - before, started, sweep.sightings.count(), idle * took_s


def _waits(place: str) -> list[float]:
    """Seconds from asking to starting, while the worker goes through the backlog."""
    from jikim_desk import flows
    from jikim_desk.records import intake
    from jikim_desk.records.models import Sweep, SweepKind

    user, team = _somebody()
    backlog = [Sweep(kind=SweepKind.WATCH, places=[place], team=team, asked_by=user) for _ in range(BACKLOG)]
    for sweep in backlog:
        sweep.keywords = [NOTHING]
    Sweep.objects.bulk_create(backlog)
    for sweep in backlog:
        flows.enqueue(sweep)
    asked = []
    with _worker():
        for _ in range(ASKED):
            sweep = intake.ask_for_sweep(user, [NOTHING], [place], team=team)
            flows.enqueue(sweep)
            asked.append(sweep.pk)
            time.sleep(0.25)
        while Sweep.objects.filter(pk__in=asked, ended_at=None).exists():
            time.sleep(0.2)
    rows = Sweep.objects.filter(pk__in=asked).values_list("started_at", "asked_at")
    assert Sweep.objects.filter(kind=SweepKind.WATCH, state="queued").count() > BACKLOG / 2, "the backlog was gone too soon"
    return [(started_at - asked_at).total_seconds() for started_at, asked_at in rows if started_at]


@contextmanager
def _worker() -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has begun, and has settled down."""
    from jikim_desk.records.models import Worker

    running = subprocess.Popen([sys.executable, "-W", "ignore:resource_tracker:UserWarning", JIKIM, "worker"])
    try:
        while not Worker.objects.filter(beats__gt=3, is_dead=False).exists():
            time.sleep(0.2)
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()
        Worker.objects.update(beats=0)


def _somebody() -> tuple[Any, Any]:
    from jikim_desk.accounts.models import Grant, Role, Team, User

    team, _ = Team.objects.get_or_create(name="bench")
    user, _ = User.objects.get_or_create(username="bench")
    Grant.objects.get_or_create(user=user, role=Role.REVIEWER, team=team)
    return user, team


def _cpu_s(pid: int) -> float:
    """CPU time of a process and everything it began, also what has ended since."""
    ticks = 0
    for one in (pid, *descendants(pid)):
        try:
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue  # it has just ended, and its parent has its time
    return ticks / os.sysconf("SC_CLK_TCK")
