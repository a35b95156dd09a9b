"""Several processes and threads at one vault at the same time, from the very first moment on."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jikim.errors import VaultError
from jikim.vault import Vault

DAY = "sweep:2026-11-22"

WORKER = """
import os, sys
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from jikim.vault import Vault
home, number = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with Vault.open(home, with_private_keys=number % 2 == 0) as vault:
    def seal(n):
        with vault.sealing("sweep:2026-11-22" if n % 2 else f"case:{number}") as sealing:
            sealing.write(b"shared %d " % n * 9000)
        with vault.sealing("sweep:2026-11-22") as own:
            own.write(b"own %d %d" % (number, n))
        if number % 2 == 0:
            assert vault.read(own.sealed.blob) == b"own %d %d" % (number, n)
            assert vault.read(sealing.sealed.blob) == b"shared %d " % n * 9000
        return sealing.sealed.blob
    with ThreadPoolExecutor(4) as threads:
        print(" ".join(threads.map(seal, range(12))), vault.reference("x", "y"), vault.practice_key().hex(), flush=True)
"""


def test_processes_that_start_at_once_make_one_vault_and_share_it(home):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(home.path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert len(set(said)) == 1
    *shared, _, practice = said[0].split()
    assert (home.path / "keys/practice").read_bytes().hex() == practice
    assert home.unfinished_files() == []
    with Vault.open(home.path) as vault:
        for n, blob in enumerate(shared):
            assert vault.read(blob) == b"shared %d " % n * 9000
            assert vault.has(blob, DAY if n % 2 else "case:3")
    assert sorted(path.name for path in home.path.glob("keys/holders/*.key")) == [
        *(f"case-{number}.key" for number in range(4)),
        "sweep-2026-11-22.key",
    ]


def test_the_same_bytes_sealed_by_many_threads_at_once_are_kept_once(vault, home, seal):
    with ThreadPoolExecutor(8) as threads:
        sealed = set(threads.map(lambda _: seal(vault, b"the same" * 20_000), range(32)))
    assert len(sealed) == 1
    assert len(home.sealed_files()) == 1


def test_destroying_while_others_seal_and_read_leaves_the_vault_whole(vault, home, seal):
    stop = threading.Event()

    def keep_sealing(number):
        count = 0
        while not stop.is_set():
            seal(vault, b"%d %d" % (number, count))
            count += 1

    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(keep_sealing, number) for number in range(3)]
        lost = 0
        while lost < 30 and not any(one.done() for one in running):
            lost += vault.destroy_holder(DAY)
        stop.set()
        for one in running:
            one.result()
    left = [file.name for file in home.sealed_files()]
    assert all(vault.has(blob, DAY) and vault.read(blob) for blob in left)
    assert vault.destroy_holder(DAY) == len(left)
    assert home.sealed_files() == []


def test_a_forked_child_can_use_its_parents_vault(vault, seal):
    blob = seal(vault, b"before the fork").blob
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert vault.read(blob) == b"before the fork"
            seal(vault, b"in the child")
            status = 0
        finally:
            os._exit(status)
    seal(vault, b"in the parent")
    assert os.waitpid(child, 0)[1] == 0
    assert vault.read(seal(vault, b"in the child").blob) == b"in the child"


def test_a_closed_vault_says_so_rather_than_working_on(vault, seal, home):
    vault.close()
    vault.close()
    with pytest.raises(Exception, match="closed"):
        seal(vault, b"too late")
    assert home.unfinished_files() == home.sealed_files() == []


def test_opening_a_vault_leaves_files_alone_that_others_are_writing(vault, home):
    with vault.sealing(DAY) as sealing:
        sealing.write(b"first half, ")
        with Vault.open(home.path):
            assert len(home.unfinished_files()) == 1
        sealing.write(b"second half")
    assert vault.read(sealing.sealed.blob) == b"first half, second half"


def test_a_key_list_that_stays_locked_is_said_to_be_locked(vault, home, seal, monkeypatch):
    monkeypatch.setattr("jikim.schema.BUSY_TIMEOUT_S", 0.05)
    with Vault.open(home.path) as impatient, vault._wrapped.change():
        with pytest.raises(VaultError) as caught:
            seal(impatient, b"waiting")
        assert caught.value.key == "state.locked"
    assert home.unfinished_files() == home.sealed_files() == []
