"""kill -9 of whoever approves, sends and looks again, at random and at each stage of the mail, on SQLite and on PostgreSQL:
nothing is sent twice, nothing is lost, and what is not known says so."""

from __future__ import annotations

import email
import http.server
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from email import policy
from pathlib import Path

import pytest

from tests.desk.loopback import serving
from tests.desk.mail import certificate, mail_server
from tests.desk.postgres import postgres, programs
from tests.desk.processes import ROOT, environment, prepared, running, until

REMOVALS, NOTICES = 4, 120
KILLS, WORKER_KILLS = 60, 3
PAGE = "<!doctype html><title>축제</title><p>동네 축제 소식"
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


@contextmanager
def hosting():
    """Where the finds are, and stay."""

    class Host(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            is_there = self.path.startswith("/post/")
            self.send_response(200 if is_there else 404)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode() if is_there else b"")

        def log_message(self, *_):
            pass

    with serving(Host) as port:
        yield port


@pytest.fixture
def mail(tmp_path):
    taking = Taking()
    with mail_server(taking, certificate(tmp_path)) as taking.port:
        yield taking


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    if request.param == "sqlite":
        yield ""
        return
    if programs() is None:
        pytest.skip("no PostgreSQL 15 or later is installed")
    with postgres() as server:
        yield server.database("desk")


@pytest.fixture
def home(tmp_path, mail, database):
    with hosting() as port:
        made = prepared(tmp_path / "home", database=database, is_practice=False, centre="시험 지원센터")
        lines = [
            "[desk.removal]",
            'organisation = "Test Centre"',
            'mailbox = "r@centre.example"',
            'smtp_host = "localhost"',
            f"smtp_port = {mail.port}",
            f'smtp_roots = "{tmp_path / "cert.pem"}"',
            "wait_s = 1",
            "keeps_fingerprints = false",
            "[fetching]",
            f'loopback_allowed = ["127.0.0.1:{port}"]',
            "pace_s = 0.0",
        ]
        with (made / "config.toml").open("a") as file:
            file.write("\n".join(lines) + "\n")
        run(made, "make", f"{REMOVALS}", f"{NOTICES}", f"http://127.0.0.1:{port}", PAGE)
        yield made


def started(home: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.crash.notices_bursts", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=environment(home), **pipes)


def run(home: Path, *arguments: str) -> str:
    with started(home, *arguments) as process:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return said


def kill_bursts(home: Path, mail: Taking, told: Path) -> None:
    """Children that do everything are killed: every second one at a stage of the mail, unless it never comes that far."""
    chance = random.Random(8)
    with started(home, "burst", str(told)) as bursts:
        for number in range(KILLS):
            bursts.stdin.write(f"{number}\n")
            bursts.stdin.flush()
            child = int(bursts.stdout.readline())
            mail.sender, mail.kill_at = child, STAGES[number // 2 % len(STAGES)] if number % 2 else ""
            ends = time.monotonic() + (2.0 if number % 2 else chance.uniform(0, 0.5))
            while time.monotonic() < ends and Path(f"/proc/{child}").exists():
                time.sleep(0.002)  # wherever it stands by then
            mail.sender = 0
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        bursts.stdin.close()
        assert bursts.wait(60) == 0


def kill_workers(home: Path, mail: Taking) -> list[str]:
    """`jikim worker` itself, each killed at a stage of its first letter; the numbers of what was approved for them."""
    numbers: list[str] = []
    for stage in STAGES[-WORKER_KILLS:]:
        numbers += run(home, "approve", "3").split()
        mail.kill_at = stage
        with running(home, "worker") as worker:
            mail.sender = worker.process.pid
            until(lambda worker=worker: worker.process.poll() is not None, 180, f"the worker was never killed: {stage}")
            mail.sender = 0
    return numbers


def test_nothing_is_sent_twice_and_nothing_is_lost(home, mail, tmp_path):
    told = tmp_path / "told"
    kill_bursts(home, mail, told)
    approved = set(kill_workers(home, mail))
    truth = json.loads(run(home, "end"))
    acts = [json.loads(line) for line in told.read_text().splitlines()]
    approved |= {act["notice"] for act in acts if act["kind"] == "approve"}
    cancelled = {act["notice"] for act in acts if act["kind"] == "cancel"}
    states = truth["states"]
    assert len(approved) >= KILLS / 2
    assert sum(mail.delivered.values()) >= KILLS / 4
    assert set(mail.delivered.values()) == {1}, "nothing is sent twice"
    unknown = {number for number, state in states.items() if state == "unknown"}
    assert len(unknown) <= KILLS + WORKER_KILLS
    for number in approved - cancelled:
        assert states[number] in ("sent", "unknown", "cancelled"), (number, states[number])
    for number in cancelled:
        assert states[number] == "cancelled"
    for number, state in states.items():
        assert state != "sent" or mail.delivered[number] == 1, "what is said to be sent was taken"
        assert number not in mail.delivered or state in ("sent", "unknown"), (number, state)
    assert truth["notified"]
    assert truth["doubled_steps"] == 0
    assert len(truth["visits"]) == truth["visits_on_record"] > 0
    for act in acts:
        if act["kind"] == "asked":
            assert any(removal == act["removal"] and at >= act["at"] for removal, at in truth["visits"]), "a visit was lost"
    assert truth["chain"] == []
