"""kill -9 of whoever reads the mailbox, anywhere within and between letters, alone and while another takes over: each letter is
on record once, whole, and in the audit chain once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from tests.desk import dovecot as servers
from tests.desk.mail import certificate
from tests.desk.postgres import postgres, programs
from tests.desk.processes import ROOT, environment, prepared, running, until

LETTERS, KILLS, OVERTAKEN = 32, 12, 3
BYTES = (4_000, 16_000)
"""After how many bytes from the server it is killed: while it signs in, or with a few letters taken."""


@pytest.fixture
def server(tmp_path):
    with servers.dovecot(certificate(tmp_path)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path, server):
    if request.param == "sqlite":
        yield made(tmp_path, server, "")
        return
    if programs() is None:
        pytest.skip("needs PostgreSQL 15 or later (Debian: apt-get install postgresql)")
    with postgres() as database:
        yield made(tmp_path, server, database.database("inbox"))


def made(tmp_path: Path, server: servers.Server, database: str) -> Path:
    folder = prepared(tmp_path / "home", database=database, is_practice=False)
    settings = {"organisation": "Test Centre", "mailbox": servers.USER, **server.settings()}
    with (folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(
            "\n".join(["[desk.removal]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]) + "\n"
        )
    notice = run(folder, "make").strip()
    server.deliver(*(letter(notice, number) for number in range(LETTERS)))
    return folder


def letter(notice: str, number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["In-Reply-To"] = "abuse@board.example", f"answer {number}", notice
    mail["Message-ID"] = f"<{number}@board.example>"
    mail.set_content("The content has been removed. " * 60)
    mail.add_attachment(f"%PDF {number}".encode(), maintype="application", subtype="pdf", filename="reply.pdf")
    return mail


def started(home: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.crash.inbox_bursts", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, text=True)


def run(home: Path, *arguments: str) -> str:
    with started(home, *arguments) as process:
        said, _ = process.communicate(timeout=180)
    assert process.returncode == 0
    return said


def test_each_letter_is_taken_once(home, server):
    chance, minutes, killed = random.Random(8), 0, 0
    for number in range(KILLS):
        if number == KILLS - OVERTAKEN:
            assert 0 < int(run(home, "count")) < LETTERS, "killed in the middle of it"
        minutes += 10
        reading: list[subprocess.Popen] = []
        cutting = servers.Cutting(server.port, chance.randrange(*BYTES), partial(kill, reading))
        with started(home, "read", str(minutes), str(cutting.port)) as first:
            reading.append(first)
            assert first.stdout.readline() == "ready\n"
            if number >= KILLS - OVERTAKEN:  # another one believes it gone, and takes over while it lives
                minutes += 10
                run(home, "read", str(minutes), str(server.port))
            killed += first.wait(120) == -signal.SIGKILL
        cutting.close()
    assert killed >= KILLS - OVERTAKEN
    run(home, "read", str(minutes + 10), str(server.port))
    told = json.loads(run(home, "end"))
    wanted = [f"answer {number}" for number in range(LETTERS)]
    assert told["subjects"] == wanted
    assert told["documents"] == [f"%PDF {number}" for number in range(LETTERS)]
    assert (told["joined"], told["taken"], told["fault"], told["chain"]) == (LETTERS, LETTERS, "", [])


def kill(reading):
    reading[0].kill()


def test_workers_read_the_mailbox_by_themselves(home):
    with running(home, "worker") as one, running(home, "worker") as other:
        until(lambda: int(run(home, "count")) == LETTERS, 120, "two workers took the letters")
        assert (one.process.poll(), other.process.poll()) == (None, None), one.said + other.said
    told = json.loads(run(home, "end"))
    assert (told["joined"], told["taken"], told["fault"], told["chain"]) == (LETTERS, LETTERS, "", [])
