"""Where output cannot go, or not in every character: one line, the right status, and never a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from tests.flow.harness import JIKIM
from tests.flow.test_sweep import authorise


@pytest.fixture
def shell(home):
    """Runs `jikim ARGUMENTS REDIRECTION` in a shell; what came out of the streams that were left open."""

    def run(arguments: list[str], redirection: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
        line = f"{shlex.join([str(JIKIM), *arguments])} {redirection}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
        kept = {**clean, "JIKIM_HOME": str(home), "JIKIM_LANG": "ko", **environment}
        return subprocess.run(["/bin/bash", "-c", line], capture_output=True, env=kept, check=False, timeout=120)

    return run


@pytest.fixture
def commands(platform):
    practice = ["--source", f"practice={platform.origin}"]
    return [
        ["sweep", "축제", "--limit", "1", *practice],
        ["sweep", "축제", "--limit", "1", *practice, "--json"],
        ["source", "list"],
        ["weights", "list"],
    ]


def test_a_full_disk_is_said_in_one_line(shell, commands):
    for arguments in commands:
        ran = shell(arguments, ">/dev/full")
        lines = [line for line in ran.stderr.decode().splitlines() if "출력" in line]
        assert (ran.returncode, len(lines)) == (1, 1), (arguments, ran.stderr.decode())
        assert b"Traceback" not in ran.stderr
        assert b"Exception ignored" not in ran.stderr


def test_closed_streams_and_readers_that_leave_are_no_fault(shell, commands):
    for arguments in commands:
        for redirection in (">&- 2>&-", "| true"):
            ran = shell(arguments, redirection)
            assert b"Traceback" not in ran.stderr, (arguments, redirection, ran.stderr.decode())
            assert b"Exception ignored" not in ran.stderr, (arguments, redirection)


@pytest.mark.parametrize("encoding", ["ascii", "cp949"])
def test_any_encoding_will_do(shell, commands, encoding):
    for arguments in commands:
        ran = shell(arguments, PYTHONIOENCODING=encoding)
        assert ran.returncode in (0, 1), (arguments, ran.stderr)
        assert ran.stdout.strip()
        assert b"Traceback" not in ran.stderr, (arguments, ran.stderr)


def test_when_the_state_cannot_be_written_the_sweep_still_says_everything(jikim, home, platform):
    (home / "state.sqlite").write_bytes(b"no database " * 100)
    sources = ["--source", f"practice={platform.origin}"]
    ran = jikim("sweep", "축제", "등불", *sources, "--json")
    assert ran.status == 1
    assert [one["summary"]["keyword"] for one in ran.objects if "summary" in one] == ["축제", "등불"]
    assert len([line for line in ran.err.splitlines() if "state.sqlite" in line]) == 2
    assert len([line for line in ran.err.splitlines() if "state.sqlite" not in line]) == 1, "what could not be opened"


def test_a_place_is_wrong_before_it_is_asked_for_authority(jikim):
    for named in ("nope", "=x", "http://hush.example/"):
        ran = jikim("sweep", "축제", "--source", named)
        assert (ran.status, ran.out) == (2, "")
        assert "practice" in ran.err, "the names there are"


def test_what_is_wrong_with_a_real_address_does_not_show_it(jikim):
    authorise(jikim)
    for named in ("feed=http://user:hush@host.example/", "page=ftp://hush.example/", "feed"):
        for ran in (jikim("sweep", "축제", "--source", named), jikim("source", "try", named, "축제")):
            assert (ran.status, ran.out) == (2, "")
            assert "hush" not in ran.err
            assert len(ran.err.splitlines()) == 1
