"""kill -9 of those who write the audit chain, at random moments: one whole chain, with everything that was acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.postgres import postgres, programs
from tests.desk.processes import ROOT, environment, prepared

ROUNDS, WRITERS = 20, 3


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "sqlite":
        yield prepared(tmp_path / "home")
        return
    if programs() is None:
        pytest.skip("no PostgreSQL 15 or later is installed")
    with postgres() as server:
        yield prepared(tmp_path / "home", database=server.database("desk"))


def test_writers_killed_at_any_moment_leave_one_whole_chain(home: Path) -> None:
    command = [sys.executable, "-m", "tests.crash.audit_bursts", str(ROUNDS), str(WRITERS)]
    done = subprocess.run(command, cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["acknowledged"] > 0
    assert {said[name] for name in ("doubled", "lost")} == {0}
    assert said["faults"] == []
    assert said["problems"] == []
    assert said["tells"] == said["entries"]  # nothing was written twice
    assert said["unheaded"] == 0, "what was told of stands below the head"
    assert said["lag"] <= WRITERS  # the head misses at most what was being committed in that moment
