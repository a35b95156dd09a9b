"""What the machine does to the engine: a locked database and a full disk are said and waited out, and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.vault import Vault
from tests.desk.processes import asking, prepared, running, until
from tests.flow.harness import drawing

PICTURES = 12


@pytest.fixture
def world(tmp_path: Path) -> Path:
    folder = tmp_path / "world"
    folder.mkdir()
    rows = [("file", "title", "text", "cue")]
    for number in range(PICTURES):
        drawing(f"{number}", (640, 480)).save(folder / f"{number}.png")
        rows.append((f"{number}.png", f"축제 그림 {number}", "등불을 그렸습니다", ""))
    (folder / "items.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return folder


def platform(home: Path, world: Path) -> PracticeServer:
    with Vault.open(home) as vault:
        key = vault.practice_key()
    return PracticeServer(load_world(world), key)


def whole(asker) -> bool:
    """Whether every find is there once, looked at, with its file to be opened."""
    rows = [row for rows in asker.finds().values() for row in rows]
    media = [[part for part in row["captures"] if part["part"] == "media"] for row in rows]
    return len(rows) == PICTURES and all(len(parts) == 1 and parts[0]["opens"] for parts in media)


def test_a_locked_database_is_waited_for(tmp_path, world):
    home = prepared(tmp_path / "home")
    with asking(home) as asker, platform(home, world) as server:
        asker.make()
        with running(home, "worker"):
            sweep = asker.ask(["축제"], [f"practice={server.origin}"])
            until(lambda: asker.sweep(sweep)["finds"] > 0, 60)
            with closing(sqlite3.connect(home / "desk.sqlite", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(3.0)
                other.execute("ROLLBACK")
            until(lambda: asker.sweep(sweep)["state"] == "done", 90)
            assert whole(asker)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(filler: Path) -> None:
    """Takes all that is left of the disk, while others write to it too."""
    with filler.open("ab", buffering=0) as file:
        for piece in (2**20, 4096):
            with suppress(OSError):
                while True:
                    file.write(bytes(piece))


def test_a_full_disk_is_said_and_nothing_is_lost(small_disk, tmp_path, world):
    home = prepared(small_disk / "home")
    with asking(home) as asker, platform(home, world) as server:
        asker.make()
        filler = small_disk / "filler"
        with running(home, "worker", said_in=tmp_path) as worker:
            until(lambda: [one for one in asker.workers().values() if one["beats"]], 60)
            sweep = asker.ask(["축제"], [f"practice={server.origin}"])
            until(lambda: asker.sweep(sweep)["finds"] > 0, 60)
            fill(filler)
            until(lambda: "trying again" in worker.said or "did not take it" in worker.said, 60, "it says what is wrong")
            filler.unlink()
            told = until(lambda: (now := asker.sweep(sweep))["state"] in ("done", "failed") and now, 120)
            if told["state"] == "failed":
                assert told["error"] in (
                    "flows.database",
                    "vault.disk_full",
                    "state.disk_full",
                    "state.disk_fault",
                    "flows.given_up",
                )
                asker.run_again(asker.jobs()[0]["id"])
                until(lambda: asker.sweep(sweep)["state"] == "done", 90)
            assert whole(asker)
