"""The list of wrapped keys in PostgreSQL: two machines, each with its own JIKIM_HOME, one bucket of blobs."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import psycopg
import pyrage
import pytest

from jikim.errors import VaultError
from jikim.vault import Vault, case_holder, sweep_holder
from tests.desk.postgres import postgres, programs

pytestmark = pytest.mark.skipif(programs() is None, reason="no PostgreSQL 15 or later is installed")

TODAY = sweep_holder(date(2026, 11, 22))
SECRETS = ("centre", "fields", "keeper")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server():
    with postgres() as server:
        yield server


@pytest.fixture
def address(server) -> str:
    return server.database(f"keys_{secrets.token_hex(6)}")


@pytest.fixture
def open_at(tmp_path, address):
    """Opens the vault of a machine; the blobs of all lie in one folder, as in a bucket."""

    def opened(name: str, **options) -> Vault:
        home = tmp_path / name
        home.mkdir(mode=0o700, exist_ok=True)
        shared = tmp_path / "blobs"
        shared.mkdir(mode=0o700, exist_ok=True)
        if not (home / "blobs").exists():
            (home / "blobs").symlink_to(shared)
        return Vault.open(home, **{"central": address} | options)

    return opened


@pytest.fixture
def bring_keys(tmp_path):
    """What an administrator does: copies the key files of the first machine to another."""

    def bring(name: str, *without: str) -> None:
        folder = tmp_path / name / "keys"
        folder.mkdir(mode=0o700, parents=True)
        for key in set(SECRETS) - set(without):
            shutil.copy(tmp_path / "one" / "keys" / key, folder / key)

    return bring


def seal(vault: Vault, content: bytes, holder: str = TODAY) -> str:
    with vault.sealing(holder) as sealing:
        sealing.write(content)
    return sealing.sealed.blob


def test_what_one_machine_seals_the_other_opens(open_at, bring_keys):
    with open_at("one") as one:
        first = seal(one, b"sealed here")
        bring_keys("two")
        with open_at("two") as two:
            assert two.read(first) == b"sealed here"
            second = seal(two, b"sealed there")
            assert one.read(second) == b"sealed there"
            assert seal(two, b"sealed here") == first
            two.share(first, TODAY, case_holder("k1"))
            one.destroy_holder(TODAY)
            assert one.read(first) == b"sealed here"
            assert two.has(first, case_holder("k1"))
            with pytest.raises(VaultError):
                two.read(second)


def test_who_may_only_seal_needs_no_private_key(open_at):
    with open_at("one", with_private_keys=False) as sealer:
        blob = seal(sealer, b"sealed by who cannot open")
        with pytest.raises(VaultError) as caught:
            sealer.read(blob)
        assert caught.value.key == "vault.no_private_keys"
    with open_at("one") as opener:
        assert opener.read(blob) == b"sealed by who cannot open"


@pytest.mark.parametrize("without", SECRETS)
def test_a_machine_without_one_of_the_keys_is_refused_and_makes_none(open_at, bring_keys, tmp_path, without):
    open_at("one").close()
    bring_keys("two", without)
    with pytest.raises(VaultError) as caught:
        open_at("two")
    assert caught.value.key == "vault.key_missing"
    assert not (tmp_path / "two" / "keys" / without).exists()


@pytest.mark.parametrize("other", SECRETS)
def test_a_machine_with_another_key_is_refused(open_at, bring_keys, tmp_path, other):
    open_at("one").close()
    bring_keys("two", other)
    with Vault.open(tmp_path / "else", central=""):
        pass
    own = tmp_path / "else" / "keys" / other
    if not own.exists():
        own.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    shutil.copy(own, tmp_path / "two" / "keys" / other)
    with pytest.raises(VaultError) as caught:
        open_at("two")
    assert caught.value.key == "vault.key_wrong"


def test_no_private_key_lies_in_the_database_in_plain(open_at, address):
    with open_at("one") as one:
        seal(one, b"content")
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT identity, recipient FROM jikim_keys.holders").fetchall()
    assert rows
    for identity, recipient in rows:
        assert recipient.startswith("age1")
        assert b"AGE-SECRET-KEY" not in identity


def test_the_list_of_one_machine_is_moved_whole(open_at, tmp_path):
    with open_at("one", central="") as alone:
        kept = seal(alone, b"from before", TODAY)
        alone.share(kept, TODAY, case_holder("k1"))
        gone = seal(alone, b"destroyed before", case_holder("k2"))
        alone.destroy_holder(case_holder("k2"))
    with open_at("one") as moved:
        assert moved.read(kept) == b"from before"
        with pytest.raises(VaultError):
            moved.read(gone)
        moved.destroy_holder(TODAY)
        assert moved.read(kept) == b"from before"
        moved.destroy_holder(case_holder("k1"))
        with pytest.raises(VaultError):
            moved.read(kept)
    keys = tmp_path / "one" / "keys"
    assert not (keys / "wrapped.sqlite").exists()
    assert not list((keys / "holders").iterdir())


def test_two_lists_with_different_keys_of_one_holder_are_not_merged(open_at, bring_keys, tmp_path):
    with open_at("one") as one:
        seal(one, b"content")
    bring_keys("two", "keeper")
    (tmp_path / "two" / "blobs").mkdir(mode=0o700)
    with open_at("two", central="") as apart:
        blob = seal(apart, b"content of its own")
    shutil.copy(tmp_path / "one" / "keys" / "keeper", tmp_path / "two" / "keys" / "keeper")
    with pytest.raises(VaultError) as caught:
        open_at("two")
    assert caught.value.key == "vault.keys_twice"
    with open_at("two", central="") as apart:
        assert apart.read(blob) == b"content of its own"


def test_a_lost_list_is_said_and_nothing_is_made_anew(open_at, address):
    with open_at("one") as one:
        seal(one, b"content")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA jikim_keys CASCADE")
    with pytest.raises(VaultError) as caught:
        open_at("one")
    assert caught.value.key == "vault.wrapped_missing"


def test_a_database_that_was_away_is_used_again(open_at, server):
    with open_at("one") as one:
        blob = seal(one, b"content")
        server.stop()
        with pytest.raises(VaultError) as caught:
            one.read(blob)
        assert caught.value.key == "vault.keys_unreachable"
        with pytest.raises(VaultError) as caught:
            seal(one, b"more")
        assert caught.value.key == "vault.keys_unreachable"
        server.start()
        assert one.read(blob) == b"content"
        assert one.read(seal(one, b"more")) == b"more"


def test_a_fork_has_a_connection_of_its_own(open_at):
    with open_at("one") as one:
        blob = seal(one, b"content")
        child = os.fork()
        if child == 0:
            os._exit(0 if one.read(blob) == b"content" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert one.read(blob) == b"content"


SEALER = """
import sys
from datetime import date
from pathlib import Path
from jikim.vault import Vault, case_holder, sweep_holder
home, address, name = sys.argv[1:]
with Vault.open(Path(home), central=address) as vault:
    print("open", flush=True)
    for number in range(10000):
        with vault.sealing(sweep_holder(date(2026, 11, 1 + number % 9))) as sealing:
            sealing.write(f"{name} {number}".encode() * 2000)
        print(number, sealing.sealed.blob, flush=True)
        if number % 7 == 6:
            vault.destroy_holder(case_holder(f"{name}{number}"))
"""


def test_kills_of_two_machines_lose_nothing_that_was_acknowledged(open_at, bring_keys, tmp_path, address):
    chance = random.Random(4)
    open_at("one").close()
    bring_keys("two")
    open_at("two").close()
    acknowledged: dict[str, str] = {}
    for turn in range(12):
        running = {
            home: subprocess.Popen(
                [sys.executable, "-c", SEALER, tmp_path / home, address, f"{home}{turn}"],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for home in ("one", "two")
        }
        for process in running.values():
            assert process.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0.02, 0.5))
        for home, process in running.items():
            process.send_signal(signal.SIGKILL)
            said, _ = process.communicate()
            for line in said.splitlines(keepends=True):
                number, _, blob = line.strip().partition(" ")
                if line.endswith("\n") and len(blob) == 64:
                    acknowledged[blob] = f"{home}{turn} {number}"
    assert len(acknowledged) > 20
    with open_at("one") as one, open_at("two") as two:
        for number, (blob, content) in enumerate(acknowledged.items()):
            assert (one, two)[number % 2].read(blob) == content.encode() * 2000
    assert list((tmp_path / "blobs" / "unfinished").iterdir()) == []
    with psycopg.connect(address) as connection:
        on_record = {blob for (blob,) in connection.execute("SELECT blob FROM jikim_keys.keys")}
    stored = {path.name for path in (tmp_path / "blobs").glob("[0-9a-f][0-9a-f]/*")}
    assert set(acknowledged) <= on_record == stored


def test_the_local_list_stays_as_it_was_without_the_setting(open_at, tmp_path):
    with open_at("one", central="") as alone:
        seal(alone, b"content")
    with sqlite3.connect(tmp_path / "one" / "keys" / "wrapped.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (1,)
    assert not (tmp_path / "one" / "keys" / "keeper").exists()
