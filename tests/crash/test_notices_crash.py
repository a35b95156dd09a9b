"""kill -9 of whoever sends, at random and at each stage of the mail: nothing is sent twice, and what is not known says so."""

from __future__ import annotations

import email
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from email import policy
from pathlib import Path

import pytest

from tests.desk.mail import certificate, mail_server
from tests.desk.processes import ROOT, environment

NOTICES, KILLS = 24, 16
STAGES = ("EHLO", "RCPT", "DATA", "taken")


class Taking:
    """A mail server that kills whoever sends, at a stage."""

    def __init__(self):
        self.delivered = Counter()
        self.kill_at = ""
        self.sender = 0

    def reached(self, stage):
        if stage == self.kill_at and self.sender:
            self.kill_at = ""
            os.kill(self.sender, signal.SIGKILL)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        self.reached("EHLO")
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.reached("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.reached("DATA")
        read = email.message_from_bytes(envelope.content, policy=policy.default)
        self.delivered[read["Message-ID"].strip("<>").partition("@")[0].upper()] += 1
        self.reached("taken")
        return "250 OK"


@pytest.fixture
def server(tmp_path):
    taking = Taking()
    with mail_server(taking, certificate(tmp_path)) as taking.port:
        yield taking


@pytest.fixture
def home(tmp_path, server):
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    lines = [
        "[desk]",
        "[desk.removal]",
        'organisation = "Test Centre"',
        'mailbox = "r@centre.example"',
        'smtp_host = "localhost"',
    ]
    lines += [f"smtp_port = {server.port}", f'smtp_roots = "{tmp_path / "cert.pem"}"']
    (folder / "config.toml").write_text("\n".join(lines) + "\n")
    (folder / "config.toml").chmod(0o600)
    run(folder, "make", str(NOTICES))
    return folder


def started(home: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.crash.notices_bursts", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, text=True)


def run(home: Path, *arguments: str) -> str:
    with started(home, *arguments) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return said


def test_nothing_is_sent_twice_and_nothing_is_lost(home, server):
    chance = random.Random(8)
    for number in range(KILLS):
        with started(home, "send") as process:
            assert process.stdout.readline() == "ready\n"
            server.sender, server.kill_at = process.pid, ""
            if number % 2:
                server.kill_at = STAGES[number // 2 % len(STAGES)]
            else:
                time.sleep(chance.uniform(0, 0.25))  # wherever it stands by then
                process.kill()
            process.wait(60)
            server.sender = 0
    run(home, "send")
    told = json.loads(run(home, "end"))
    assert len(told["states"]) == NOTICES
    assert set(server.delivered.values()) <= {1}
    for number, state in told["states"].items():
        assert state in ("sent", "unknown"), (number, state)
        assert state != "sent" or server.delivered[number] == 1
    unknown = [number for number, state in told["states"].items() if state == "unknown"]
    assert len(unknown) <= KILLS
    assert told["notified"]
