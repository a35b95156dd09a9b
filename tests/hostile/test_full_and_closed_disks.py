"""No space left, quotas, read-only folders: one clear line, nothing half-written, and all is well once there is room."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMON = """
import os, sys
from pathlib import Path
from jikim.errors import StateError, VaultError
from jikim.state import State
from jikim.vault import Vault
home = Path(sys.argv[1])
DAY = "sweep:2026-11-22"

def seal(vault, plain):
    with vault.sealing(DAY) as sealing:
        for at in range(0, len(plain), 50_000):
            sealing.write(plain[at:at + 50_000])
    return sealing.sealed.blob

def failing(kind, attempt):
    try:
        attempt()
    except kind as error:
        assert "\\n" not in str(error)
        return error.key
    raise AssertionError("went through")

def files():
    return {file.name for file in home.glob("blobs/*/*")}
"""

FULL = """
vault, state = Vault.open(home), State.open(home)
state.record_authority("a", "b", "c")
kept = seal(vault, b"kept")
before = files()
assert failing(VaultError, lambda: seal(vault, os.urandom(8 << 20))) == "vault.disk_full"
assert files() == before
filler = home / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
tried = [failing(VaultError, lambda: [seal(vault, os.urandom(2000)) for _ in range(10_000)]) for _ in range(3)]
assert set(tried) <= {"vault.disk_full", "state.disk_full", "state.disk_fault"}, tried
assert not list(home.glob("blobs/unfinished/*"))
assert all(vault.has(name, DAY) and vault.read(name) for name in files() if len(name) == 64)
said = failing(StateError, lambda: [state.record_authority("a" * 200, "b" * 200, "c" * 200) for _ in range(10_000)])
assert said == "state.disk_full", said
assert state.authority() is not None
assert vault.read(kept) == b"kept"
filler.unlink()
assert vault.read(seal(vault, b"room again")) == b"room again"
state.record_authority("d", "e", "f")
vault.destroy_holder(DAY)
assert files() == set()
print("held")
"""

FULL_FROM_THE_START = """
(home / "filler").write_bytes(b"")
with (home / "filler").open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
assert failing(VaultError, lambda: Vault.open(home / "h")) in ("vault.disk_full", "state.disk_full")
assert failing(StateError, lambda: State.open(home / "h")) == "state.disk_full"
(home / "filler").unlink()
with Vault.open(home / "h") as vault, State.open(home / "h") as state:
    assert vault.read(seal(vault, b"room")) == b"room"
    assert state.authority() is None
print("held")
"""

READ_ONLY = """
import subprocess
with Vault.open(home) as vault, State.open(home) as state:
    seal(vault, b"kept")
    state.record_authority("a", "b", "c")
subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
assert failing(VaultError, lambda: Vault.open(home)) in ("state.not_writable", "vault.system")
assert failing(StateError, lambda: State.open(home)) == "state.not_writable"
assert failing(StateError, lambda: State.open(home / "new")) == "state.not_writable"
assert failing(VaultError, lambda: Vault.open(home / "new")) == "vault.system"
print("held")
"""

FILE_LIMIT = """
import resource
vault = Vault.open(home)
kept = seal(vault, b"kept")
before = files()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
assert failing(VaultError, lambda: seal(vault, os.urandom(1_000_000))) == "vault.disk_full"
assert failing(VaultError, lambda: os.close(vault.open_memfd(seal(vault, os.urandom(1_000_000))))) == "vault.disk_full"
assert files() == before
assert vault.read(kept) == b"kept"
print("held")
"""

MEMORY_LIMIT = """
import resource
vault = Vault.open(home)
large = seal(vault, os.urandom(1_000_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
handles = len(os.listdir("/proc/self/fd"))
assert failing(VaultError, lambda: vault.open_memfd(large)) == "vault.memory_full"
assert len(os.listdir("/proc/self/fd")) == handles
print("held")
"""


def run(script: str, home: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", COMMON + script, str(home)], capture_output=True, text=True, check=False)
    assert ran.stdout == "held\n", ran.stderr


@pytest.mark.parametrize("script", [FILE_LIMIT, MEMORY_LIMIT])
def test_limits_of_the_process(tmp_path, script):
    run(script, tmp_path / "home")


@pytest.mark.parametrize("script", [FULL, FULL_FROM_THE_START, READ_ONLY])
def test_a_small_disk_of_its_own(tmp_path, script):
    """A tmpfs of 3 MB that only this process sees."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    mount = f"mount -t tmpfs -o size=3m,mode=0700 tmpfs '{home}'"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel lets nobody mount a disk of their own")
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$0" "$@"', sys.executable, "-c", COMMON + script, str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "held\n", ran.stderr
