"""kill -9 during a sweep: of one worker, the rest is delivered; of the sweep itself, nothing is left running or unsealed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jikim.practice.server import PracticeServer
from jikim.practice.world import own_world
from jikim.vault import Vault
from tests.flow.harness import JIKIM

MARKERS = (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"ftypisom")
"""How the practice platform's plain files begin; none may lie in the home."""


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PracticeServer]:
    with Vault.open(tmp_path / "home") as vault:
        key = vault.practice_key()
    with PracticeServer(own_world(), key) as server:
        yield server


@pytest.fixture
def sweep(tmp_path: Path, platform: PracticeServer) -> Iterator[subprocess.Popen]:
    command = [JIKIM, "sweep", "축제", "--source", f"practice={platform.origin}", "--json", "--limit", "120"]
    environment = {**os.environ, "JIKIM_HOME": str(tmp_path / "home"), "JIKIM_LANG": "en"}
    with (
        (tmp_path / "said").open("w") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment) as running,
    ):
        yield running
        running.kill()


def test_a_killed_worker_is_replaced_and_everything_is_delivered(sweep, tmp_path):
    first = sweep.stdout.readline()
    workers = [pid for pid in children(sweep.pid) if "spawn_main" in command_line(pid)]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    lines = [json.loads(line) for line in (first, *sweep.stdout)]
    sweep.wait()
    assert lines[-1]["summary"]["candidates"] == len(lines) - 1 == 120
    assert len({line["id"] for line in lines[:-1]}) == 120
    assert "Traceback" not in (tmp_path / "said").read_text()
    assert sweep.returncode in (0, 1)


def test_a_killed_sweep_leaves_no_process_and_no_plain_byte(sweep, tmp_path):
    sweep.stdout.readline()
    group = descendants(sweep.pid)
    waiting = [os.pidfd_open(pid) for pid in group]
    sweep.kill()
    sweep.wait()
    for fd in waiting:
        assert ended(fd), "a process of the sweep outlived it"
        os.close(fd)
    plain = [
        path
        for path in (tmp_path / "home").rglob("*")
        if path.is_file() and any(marker in path.read_bytes() for marker in MARKERS)
    ]
    assert not plain


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_sweep_that_is_ended_takes_its_own_platform_with_it(tmp_path, blow):
    environment = {**os.environ, "JIKIM_HOME": str(tmp_path / "home"), "JIKIM_LANG": "en"}
    command = [JIKIM, "sweep", "축제", "--source", "practice", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as running:
        running.stdout.readline()
        group = descendants(running.pid)
        assert any(b"practice" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in group)
        waiting = [os.pidfd_open(pid) for pid in group]
        running.send_signal(blow)
        running.communicate()  # what was found is still delivered, and may be more than a pipe holds
    for fd in waiting:
        assert ended(fd), "a process of the sweep outlived it"
        os.close(fd)


def ended(pidfd: int) -> bool:
    """Whether a process ends within half a minute."""
    import select

    return bool(select.select([pidfd], [], [], 30)[0])


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
