"""kill -9 at every moment: no plain bytes on the disk, no half blob under a final name, and the next opening cleans up."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from jikim.vault import Vault

MARKER = b"a harmless landscape that nobody may find plain on this disk "
DAY, CASE = "sweep:2026-11-22", "case:1"

SEALER = """
import os, sys
from pathlib import Path
from jikim.vault import Vault
marker, home = sys.argv[2].encode(), Path(sys.argv[1])
with Vault.open(home, with_private_keys=False) as vault:
    number = 0
    while True:
        number += 1
        with vault.sealing("sweep:2026-11-22") as sealing:
            for _ in range(number % 8 * 4):
                sealing.write(b"%d %d " % (os.getpid(), number) + marker * 300)
                print(flush=True)
        print(flush=True)
"""

# Runs one of the scenarios over and over in forked children. A child is killed just before its n-th call into the operating
# system, SQLite or age, for n = 1, 2, 3, ... until one lives to the end; after each death `check` looks at what is left.
EVERY_MOMENT = """
import importlib.util, json, os, shutil, signal, sqlite3, sys
from pathlib import Path
from jikim.vault import Vault

spec = importlib.util.spec_from_file_location("crash", sys.argv[1])
crash = importlib.util.module_from_spec(spec)
spec.loader.exec_module(crash)
name, root = sys.argv[2], Path(sys.argv[3])

def killed_at(moment, run):
    seen = 0
    def watch(frame, event, called):
        nonlocal seen
        if event != "c_call":
            return
        module = getattr(called, "__module__", None)
        if module in ("posix", "fcntl", "pyrage") or isinstance(getattr(called, "__self__", None), sqlite3.Connection):
            seen += 1
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    run()
    sys.setprofile(None)

moment = 0
while True:
    moment += 1
    home = root / str(moment)
    crash.prepare(name, home)
    child = os.fork()
    if child == 0:
        try:
            killed_at(moment, lambda: crash.act(name, home))
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"{name} failed by itself before call {moment}")
    crash.check(name, home, is_done=status == 0)
    shutil.rmtree(home)
    if status == 0:
        break
print(json.dumps({"moments": moment}))
"""

PLAIN = MARKER * 3000


def seal(vault: Vault, plain: bytes, holder: str) -> str:
    with vault.sealing(holder) as sealing:
        sealing.write(plain)
    return sealing.sealed.blob


def prepare(name: str, home: Path) -> None:
    if name == "first":
        return
    with Vault.open(home) as vault:
        seal(vault, b"kept", CASE)
        if name != "seal":
            seal(vault, PLAIN, DAY)
        if name == "destroy":
            vault.share(seal(vault, b"shared", DAY), DAY, CASE)


def act(name: str, home: Path) -> None:
    with Vault.open(home, with_private_keys=name != "copy") as vault:
        if name in ("first", "seal"):
            seal(vault, PLAIN, DAY)
        elif name in ("copy", "share"):
            seal(vault, PLAIN, CASE)
        else:
            assert vault.destroy_holder(DAY) == 1


def check(name: str, home: Path, *, is_done: bool) -> None:
    assert_nothing_plain(home)
    with Vault.open(home) as vault:
        assert_whole(home, vault)
        if name == "destroy":
            private = home / "keys/holders/sweep-2026-11-22.key"
            holds = {blob for blob, holder in recorded(home) if holder == DAY}
            assert len(holds) == (2 if private.exists() else 0)
            assert not (is_done and private.exists())
            assert vault.destroy_holder(DAY) == (1 if holds else 0)
            assert not private.exists()
            assert len(list(home.glob("blobs/??/*"))) == 2
        assert vault.read(seal(vault, PLAIN, DAY)) == PLAIN
        if name != "first":
            assert vault.read(seal(vault, b"kept", CASE)) == b"kept"
        assert_whole(home, vault)
    assert_nothing_plain(home)


def recorded(home: Path) -> set[tuple[str, str]]:
    connection = sqlite3.connect(home / "keys/wrapped.sqlite")
    found = set(connection.execute("SELECT blob, holder FROM keys"))
    connection.close()
    return found


def assert_nothing_plain(home: Path) -> None:
    files = [file for file in home.rglob("*") if file.is_file()]
    assert [file for file in files if MARKER[:20] in file.read_bytes()] == []


def assert_whole(home: Path, vault: Vault) -> None:
    """Every sealed file has a key on record and opens, every key its file, and nothing unfinished is left."""
    assert list(home.glob("blobs/unfinished/*")) == list(home.rglob(".new-*")) == []
    on_record = recorded(home)
    assert {file.name.partition(".")[0] for file in home.glob("blobs/??/*")} == {blob for blob, _ in on_record}
    for blob, holder in on_record:
        assert vault.has(blob, holder)
        vault.read(blob)


@pytest.mark.parametrize("name", ["first", "seal", "copy", "share", "destroy"])
def test_killed_before_every_single_call(tmp_path, name):
    ran = subprocess.run(
        [sys.executable, "-c", EVERY_MOMENT, __file__, name, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["moments"] > 20


def test_killed_fifty_times_in_the_middle_of_sealing(tmp_path):
    chance = random.Random(50)
    for _ in range(50):
        with subprocess.Popen(
            [sys.executable, "-c", SEALER, str(tmp_path), MARKER.decode()], stdout=subprocess.PIPE
        ) as process:
            for _ in range(chance.randrange(1, 60)):
                assert process.stdout.readline() == b"\n"
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert_nothing_plain(tmp_path)
    assert len(list(tmp_path.glob("blobs/unfinished/*"))) <= 1  # each opening has removed what the one before it left
    with Vault.open(tmp_path) as vault:
        assert_whole(tmp_path, vault)
        assert len(recorded(tmp_path)) > 50
