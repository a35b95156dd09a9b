"""kill -9 before every single call of sealing into a bucket and of destroying: no key without its blob, no blob for good
without its key, nothing plain, and the next opening finds its way."""

import signal
import subprocess
import sys

import pytest

from tests.store.s3_server import DAY, seal, unfinished

MARKER = b"a harmless landscape that nobody may find plain on this disk "
PLAIN = MARKER * 3000

# Dies just before its n-th call into the operating system, SQLite, age or the store's client; 0 when it lives to the end.
ACT = """
import os, signal, sqlite3, sys
from pathlib import Path
from jikim.config import Storing
from jikim.vault import Vault
import jikim.vault.bucket
home, bucket, name, moment, plain = Path(sys.argv[1]), Storing(sys.argv[2]).bucket(), sys.argv[3], int(sys.argv[4]), sys.argv[5]
seen = 0

def watch(frame, event, called):
    global seen
    if event != "c_call":
        return
    module = getattr(called, "__module__", None) or ""
    mine = module in ("posix", "fcntl", "pyrage") or module.startswith("obstore")
    if mine or isinstance(getattr(called, "__self__", None), sqlite3.Connection):
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(watch)
with Vault.open(home, bucket=bucket) as vault:
    if name == "seal":
        with vault.sealing("sweep:2026-11-22") as sealing:
            sealing.write(plain.encode() * 3000)
    else:
        vault.destroy_holder("sweep:2026-11-22")
sys.setprofile(None)
"""


def assert_whole(home, store, vault):
    recorded = {(blob, copy) for blob, copy in vault._wrapped.rows("SELECT blob, copy FROM keys")}
    assert {f"{store.prefix}/{blob[:2]}/{blob}.{copy}" for blob, copy in recorded} == set(store.objects())
    assert unfinished(home) == list(home.rglob(".new-*")) == []
    for blob, _ in recorded:
        vault.read(blob)
    assert not [file for file in home.rglob("*") if file.is_file() and MARKER[:20] in file.read_bytes()]


@pytest.mark.parametrize("name", ["seal", "destroy"])
def test_killed_before_every_single_call(store, tmp_path, name):
    moment, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        moment += 1
        home = tmp_path / str(moment)
        with store.open(home) as vault:
            kept = seal(vault, b"kept", "case:1")
            if name == "destroy":
                seal(vault, PLAIN)
                vault.share(seal(vault, b"shared"), DAY, "case:1")
        command = [sys.executable, "-c", ACT, str(home), store.url(), name, str(moment), MARKER.decode()]
        status = subprocess.run(command, check=False).returncode
        assert not [file for file in home.rglob("*") if file.is_file() and MARKER[:20] in file.read_bytes()]
        with store.open(home) as vault:
            assert_whole(home, store, vault)
            if status == 0:
                assert vault.destroy_holder(DAY) == (1 if name == "seal" else 0)
            assert vault.read(seal(vault, PLAIN)) == PLAIN
            assert vault.read(kept) == b"kept"
            assert_whole(home, store, vault)
            vault.destroy_holder("case:1")
            vault.destroy_holder(DAY)
        assert store.objects() == []
    assert status == 0
    assert moment > 30
