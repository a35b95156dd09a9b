"""kill -9 at random moments of workers and of those who ask, on SQLite and on PostgreSQL: nothing is lost, nothing is doubled.

The practice platform knows the truth: every item that a sweep was asked for is one candidate, seen once by each sweep, each of
its files captured once and still to be opened; every decision that was acknowledged stands once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.vault import Vault
from tests.desk.postgres import postgres, programs
from tests.desk.processes import ROOT, Asker, Running, asking, environment, prepared, until
from tests.flow.harness import drawing

WORKER_KILLS = 25
BURST_KILLS = 25
ROUNDS = 8
PICTURES, TEXTS = 7, 2


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each round its own keyword: pictures, one of them posted twice, and words; and pages that are only reported."""
    folder = tmp_path_factory.mktemp("world")
    rows = [("file", "title", "text", "cue")]
    for turn in range(ROUNDS):
        for number in range(PICTURES):
            name = f"r{turn}-{number}.png"
            drawing(name, (160, 120)).save(folder / name)
            rows.append((name, f"잔치{turn}번 그림 {number}", "등불을 그렸습니다", ""))
        rows.append((f"r{turn}-0.png", f"잔치{turn}번 같은 그림", "다시 올렸습니다", ""))
        rows += [("", f"잔치{turn}번 소식 {number}", "내일은 맑겠습니다", "") for number in range(TEXTS)]
    rows += [("", f"신고 {number}", "읽을거리", "") for number in range(40)]
    (folder / "items.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "sqlite":
        yield prepared(tmp_path / "home")
        return
    if programs() is None:
        pytest.skip("no PostgreSQL 15 or later is installed")
    with postgres() as server:
        yield prepared(tmp_path / "home", database=server.database("desk"))


@pytest.fixture
def platform(home: Path, world: Path) -> Iterator[PracticeServer]:
    with Vault.open(home) as vault:
        key = vault.practice_key()
    with PracticeServer(load_world(world), key) as server:
        yield server


@contextmanager
def people(home: Path, acknowledged: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.crash.desk_bursts", str(acknowledged)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(home)
    ) as forking:
        yield forking
        assert forking.stdin is not None
        forking.stdin.close()


class Workers:
    """Two workers; when one is killed, another one takes its place."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.alive = [Running(home, "worker"), Running(home, "worker")]

    def kill(self, number: int) -> None:
        self.alive[number].kill()
        self.alive[number] = Running(self._home, "worker")

    def end(self) -> None:
        for one in self.alive:
            one.end()


def test_nothing_is_lost_or_doubled(home: Path, platform: PracticeServer, world: Path, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    place = f"practice={platform.origin}"
    items = load_world(world).items
    reported = [f"{platform.origin}/item/{item.id}" for item in items if item.title.startswith("신고")]
    with asking(home) as asker:
        asker.make()
        with people(home, acknowledged) as forking:
            workers = Workers(home)
            try:
                kills = Counter[str]()
                turn = 0
                while kills["worker"] < WORKER_KILLS or kills["burst"] < BURST_KILLS:
                    if kills["burst"] < BURST_KILLS:
                        some, reported = reported[:2], reported[2:]
                        kill_a_burst(forking, chance, place, f"잔치{turn % ROUNDS}번", some, kills["burst"], acknowledged)
                        kills["burst"] += 1
                        turn += 1
                    if kills["worker"] < WORKER_KILLS:
                        wait_for_work(asker, chance)
                        workers.kill(chance.randrange(2))
                        kills["worker"] += 1
                for turn in range(ROUNDS):
                    asker.ask([f"잔치{turn}번"], [place])
                until(lambda: set(asker.states()) == {"done"}, 180, f"{asker.states()}")
                until(lambda: {job["state"] for job in asker.jobs()} == {"done"}, 60, "the engine knows it as well")
            finally:
                workers.end()
        check(asker, acknowledged, items, platform.origin)
        assert (kills["worker"], kills["burst"]) == (WORKER_KILLS, BURST_KILLS)


def kill_a_burst(
    forking: subprocess.Popen[str],
    chance: random.Random,
    place: str,
    keyword: str,
    addresses: list[str],
    seed: int,
    acknowledged: Path,
) -> None:
    """At a random moment; of every third one, however slow the machine, one after it came to something."""
    assert forking.stdin is not None
    assert forking.stdout is not None
    forking.stdin.write(json.dumps({"seed": seed, "place": place, "keyword": keyword, "addresses": addresses}) + "\n")
    forking.stdin.flush()
    before = acknowledged.stat().st_size
    child = int(forking.stdout.readline())
    ends = time.monotonic() + (20.0 if seed % 3 == 2 else 0.0)
    while acknowledged.stat().st_size == before and time.monotonic() < ends:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.02, 0.6))
    os.kill(child, signal.SIGKILL)


def wait_for_work(asker: Asker, chance: random.Random) -> None:
    """Until something goes forward, or for a while where nothing is left to do; then a random moment more. A busy machine takes
    long to begin a worker: one that is killed before it has begun proves nothing."""
    before = asker.progress()
    began = time.monotonic()
    while (now := asker.progress()) == before:
        is_idle = set(now[-1]) <= {"done", "stopped", "failed"}
        if time.monotonic() > began + (4.0 if is_idle else 30.0):
            break
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 0.5))


def check(asker: Asker, acknowledged: Path, items: tuple, origin: str) -> None:
    told = [json.loads(line) for line in acknowledged.read_text().splitlines()]
    truth = asker.truth()
    assert {one["id"] for one in told if one["kind"] == "sweep"} <= set(truth["sweeps"]), "an acknowledged sweep is gone"
    assert truth["states"] == {"done": len(truth["sweeps"])}
    assert truth["jobs"] == {"done": truth["jobs"]["done"]}, "a job was given up"
    assert sum(attempts > 1 for attempts in truth["attempts"]) >= 3, f"no kill met a job at work: {truth['attempts']}"

    found = truth["candidates"]
    wanted = {f"{origin}/item/{item.id}": item for item in items if item.title.startswith("잔치")}
    assert len(found) == len({one["url"] for one in found}), "a find is doubled"
    assert set(wanted) <= {one["url"] for one in found}, "a find is lost"
    for one in found:
        assert one["state"] in ("waiting", "decided")
        assert one["analysis"] == [], f"something could not be looked at: {one['analysis']}"
        item = wanted.get(one["url"])
        media = [part for part in one["captures"] if part["part"] == "media"]
        assert len(media) == (len(item.media) if item else 0)
        assert all(part["opens"] for part in one["captures"])
        assert len({part["id"] for part in one["captures"]}) == len(one["captures"])
    for sweep in truth["sightings"]:
        assert sweep["seen"] == sweep["distinct"] == (PICTURES + 1 + TEXTS if sweep["kind"] == "keyword" else 1)
    for turn in range(ROUNDS):
        same = {one["same_as"] for one in found if one["title"] in (f"잔치{turn}번 그림 0", f"잔치{turn}번 같은 그림")}
        assert len(same) == 1, "two copies of one picture are two items"
        assert same != {""}

    decided = [one for one in told if one["kind"] == "decision"]
    assert decided, "nobody came to decide anything"
    assert {one["id"] for one in decided} <= set(truth["decisions"]), "an acknowledged decision is lost"
    assert len(truth["forms"]) == len(set(truth["forms"])), "a decision is doubled"
    assert truth["decided_without"] == [], "a candidate counts as decided and nobody decided it"
    assert truth["chain"] == [], "the audit chain does not hold"
