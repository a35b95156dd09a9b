"""`jikim serve` as a centre runs it: opens, refuses what it must, begins again what dies, ends cleanly and leaves nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.desk.postgres import postgres, programs
from tests.desk.processes import JIKIM, Running, asking, environment, prepared, running, until


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = prepared(tmp_path_factory.mktemp("made") / "home")
    with asking(home) as asker:
        asker.make()
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


def opened(desk: Running) -> tuple[int, str]:
    """The port of a desk that has opened, and the path of its link."""
    found = until(lambda: re.search(r"http://localhost:(\d+)(/join/\S+/)", desk.said), 60, "the desk opened")
    return int(found[1]), found[2]


def status(port: int, path: str) -> int | None:
    """What the desk answers; None while it does not."""
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status
    except OSError:
        return None


def of_session(session: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.getsid(int(name)) == session:
                found.append(int(name))
        except ProcessLookupError:
            continue
    return found


def refused(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [JIKIM, "serve", *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2), done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_from_nothing_to_an_open_desk_and_back(tmp_path):
    home = prepared(tmp_path / "home")
    with running(home, "serve", "--try", "축제") as desk:
        port, link = opened(desk)
        assert until(lambda: status(port, "/"), 60) == 302
        assert status(port, link) == 200
        with asking(home) as asker:
            sweep = until(lambda: asker.sweeps(), 30)[0]
            until(lambda: asker.sweep(sweep)["finds"] >= 3, 90, "the practice sweep finds")
        assert "already" in refused(home)
        assert desk.end(signal.SIGINT) == 0
        assert "The desk is closed." in desk.said
        until(lambda: not of_session(desk.process.pid), 10, "nothing is left")
    for name in ("desk.sqlite", "desk-jobs.sqlite", "keys", "blobs"):
        assert (home / name).stat().st_mode & 0o077 == 0, name


def test_what_dies_begins_again(home):
    with running(home, "serve") as desk:
        port, _ = opened(desk)
        assert until(lambda: status(port, "/"), 60) == 302
        with asking(home) as asker:
            until(lambda: [one for one in asker.workers().values() if one["beats"]], 60)
            for _ in range(2):
                before = set(desk.children())
                for child in before:
                    os.kill(child, signal.SIGKILL)
                until(lambda before=before: len(set(desk.children()) - before) == 2, 60, "both began again")
                assert until(lambda: status(port, "/"), 60) == 302
            until(lambda: [one for one in asker.workers().values() if one["beats"] and not one["dead"]], 60)
            assert len(asker.workers()) == 1, "it is the same worker, with its own id"
        assert "started again" in desk.said


def test_when_the_desk_itself_is_killed_nothing_goes_on_without_it(home):
    desk = Running(home, "serve")
    port, _ = opened(desk)
    until(lambda: status(port, "/"), 60)
    session = desk.process.pid
    assert len(of_session(session)) >= 3
    desk.kill()
    until(lambda: not of_session(session), 15, "its processes ended with it")
    with running(home, "serve") as again:
        port, _ = opened(again)
        assert until(lambda: status(port, "/"), 60) == 302


def test_a_newer_database_is_refused_untouched(home):
    file = home / "desk.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9999_later', '2030-01-01')")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = sha256(file.read_bytes()).hexdigest()
    assert "records.9999_later" in refused(home)
    with running(home, "worker") as worker:
        assert worker.process.wait(60) == 1
        assert "newer" in worker.said
    assert sha256(file.read_bytes()).hexdigest() == before
    assert not list(home.glob("*.bak"))


def test_an_older_database_is_copied_before_it_is_updated(home):
    with asking(home) as asker:
        asker.go_back("axes", "0001")
    with running(home, "worker") as worker:
        assert worker.process.wait(60) == 1
        assert "jikim serve" in worker.said
    with running(home, "serve") as desk:
        opened(desk)
        assert "copied" in desk.said
    copy = home / "desk.sqlite.1.bak"
    assert copy.stat().st_mode & 0o077 == 0
    applied = "SELECT count(*) FROM django_migrations WHERE app = 'axes'"
    with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(home / "desk.sqlite")) as new:
        assert old.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert old.execute(applied).fetchone() == (1,)
        assert new.execute(applied).fetchone() > (1,)


def test_a_taken_port_and_an_unreachable_database_are_said_in_one_line(home):
    config = home / "config.toml"
    good = config.read_text()
    with running(home, "serve") as desk:
        port, _ = opened(desk)
        other = Path(shutil.copytree(home, home.parent / "other", ignore=shutil.ignore_patterns("*.said", "*.lock")))
        (other / "config.toml").write_text(good.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        assert f"127.0.0.1:{port}" in refused(other)
    (other / "config.toml").write_text(
        good.replace('database = ""', 'database = "postgresql://desk:a-long-password-1@127.0.0.1:9/d"')
    )
    assert "database" in refused(other)


def test_the_same_desk_on_postgresql_by_one_setting(tmp_path):
    if programs() is None:
        pytest.skip("no PostgreSQL 15 or later is installed")
    with postgres() as server:
        home = prepared(tmp_path / "home", database=server.database("desk"))
        with running(home, "serve", "--try", "축제") as desk:
            port, link = opened(desk)
            assert until(lambda: status(port, link), 60) == 200
            with asking(home) as asker:
                sweep = until(lambda: asker.sweeps(), 30)[0]
                until(lambda: asker.sweep(sweep)["finds"] >= 3, 90, "the practice sweep finds")
        assert not (home / "desk.sqlite").exists()
        assert not (home / "desk-jobs.sqlite").exists()
        with asking(home) as asker:
            asker.go_back("axes", "0001")
        with running(home, "serve") as desk:
            opened(desk)
            assert "copied" in desk.said
        copy = home / "desk.dump.1.bak"
        assert copy.read_bytes().startswith(b"PGDMP")
        assert copy.stat().st_mode & 0o077 == 0
