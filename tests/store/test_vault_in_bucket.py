"""A vault whose sealed files lie in a bucket does what one with a folder does, and nothing plain leaves it."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from jikim import config as configuration
from jikim.errors import VaultError
from jikim.vault import Vault, open_vault
from jikim.vault.stream import CHUNK_BYTES, sealed_size
from tests.store.s3_server import DAY, seal, unfinished

MARKER = b"a harmless landscape, sealed before it leaves "


def memory_file(vault, blob):
    with os.fdopen(vault.open_memfd(blob), "rb") as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])
def test_what_goes_in_comes_out(vault, store, home, size):
    plain = os.urandom(size)
    blob = seal(vault, plain)
    assert vault.read(blob) == memory_file(vault, blob) == plain
    assert vault.has(blob, DAY)
    [key] = store.objects()
    assert key.startswith(f"sealed/{blob[:2]}/{blob}.")
    assert len(store.content(key)) == sealed_size(size)
    assert unfinished(home) == list(home.glob("blobs/??/*")) == []


def test_nothing_plain_lies_in_the_bucket_or_on_the_disk(vault, store, home):
    seal(vault, MARKER * 5000)
    [key] = store.objects()
    assert MARKER not in store.content(key)
    assert not [file for file in home.rglob("*") if file.is_file() and MARKER in file.read_bytes()]


def test_the_same_bytes_are_kept_once_and_shared_by_two_holders(vault, store):
    blob = seal(vault, MARKER)
    assert seal(vault, MARKER) == seal(vault, MARKER, "case:1") == blob
    vault.share(blob, DAY, "case:2")
    assert len(store.objects()) == 1
    assert vault.destroy_holder(DAY) == 0
    assert vault.destroy_holder("case:1") == 0
    assert vault.read(blob) == MARKER
    assert vault.destroy_holder("case:2") == 1
    assert store.objects() == []
    with pytest.raises(VaultError) as caught:
        vault.read(blob)
    assert caught.value.key == "vault.unknown_blob"


def test_destroying_removes_many_and_spares_the_others(vault, store):
    blobs = [seal(vault, b"%d" % number) for number in range(12)]
    other = seal(vault, b"of a case", "case:1")
    vault.share(blobs[0], DAY, "case:1")
    assert vault.destroy_holder(DAY) == 11
    assert len(store.objects()) == 2
    assert vault.read(other) == b"of a case"
    assert vault.read(blobs[0]) == b"0"


def test_a_sealer_without_private_keys_keeps_a_copy_of_its_own(vault, store, home):
    blob = seal(vault, MARKER)
    with store.open(home, with_private_keys=False) as sealer:
        assert seal(sealer, MARKER, "case:1") == blob
    assert len(store.objects()) == 2
    store.replace(store.objects()[0], b"damaged")
    assert vault.read(blob) == MARKER


def test_a_blob_without_its_key_is_told_from_an_unknown_one(vault, store, home):
    blob = seal(vault, MARKER)
    with vault._wrapped.change() as connection:
        connection.execute("DELETE FROM keys")
    for asked, key in ((blob, "vault.no_key"), (blob[:2] + "0" * 62, "vault.unknown_blob")):
        with pytest.raises(VaultError) as caught:
            vault.read(asked)
        assert caught.value.key == key


def test_another_home_does_not_begin_anew_beside_what_lies_in_the_bucket(vault, store, tmp_path):
    seal(vault, MARKER)
    with pytest.raises(VaultError) as caught:
        store.open(tmp_path / "other")
    assert caught.value.key == "vault.wrapped_missing"
    store.prefix = "another"
    store.open(tmp_path / "third").close()


def test_a_folder_moved_under_the_same_names_opens_from_the_bucket(store, home):
    with Vault.open(home) as vault:
        blob = seal(vault, MARKER)
    with pytest.raises(VaultError) as caught:
        store.open(home)
    assert caught.value.key == "vault.store_folder_in_use"
    [file] = home.glob("blobs/??/*")
    store.replace(f"sealed/{file.parent.name}/{file.name}", file.read_bytes())
    file.unlink()
    with store.open(home) as vault:
        assert vault.read(blob) == MARKER


WORKER = """
import sys
from pathlib import Path
from jikim.config import Storing
from jikim.vault import Vault
home, url = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with Vault.open(home, bucket=Storing(url).bucket()) as vault:
    for number in range(8):
        with vault.sealing("sweep:2026-11-22") as sealing:
            sealing.write(b"the same %d" % number * 9000)
        assert vault.read(sealing.sealed.blob) == b"the same %d" % number * 9000
        print(sealing.sealed.blob, flush=True)
"""


def test_processes_that_seal_the_same_bytes_at_once_keep_them_once(store, home):
    command = [sys.executable, "-c", WORKER, str(home), store.url()]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(said) == 1
    assert len(store.objects()) == 8
    assert unfinished(home) == []


def test_threads_that_seal_the_same_bytes_at_once_keep_them_once(vault, store, home):
    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(lambda _: seal(vault, MARKER * 3000), range(18)))) == 1
    assert len(store.objects()) == 1
    assert unfinished(home) == []


def test_opening_leaves_alone_what_others_are_sealing(vault, store, home):
    with vault.sealing(DAY) as sealing:
        sealing.write(b"first half, ")
        store.open(home).close()
        sealing.write(b"second half")
    assert vault.read(sealing.sealed.blob) == b"first half, second half"


LARGE = """
import os, sys, threading
from pathlib import Path
from jikim.config import Storing
from jikim.vault import Vault

def private_bytes():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("RssAnon"))

piece = os.urandom(2**20)
with Vault.open(Path(sys.argv[1]), bucket=Storing(sys.argv[2]).bucket()) as vault:
    def seal(pieces):
        with vault.sealing("sweep:2026-11-22") as sealing:
            for _ in range(pieces):
                sealing.write(piece)
        return sealing.sealed.blob
    os.close(vault.open_memfd(seal(1)))  # whatever is loaded on first use is loaded now
    most, before, done = 0, private_bytes(), threading.Event()
    def watch():
        global most
        while not done.wait(0.0005):
            most = max(most, private_bytes())
    watching = threading.Thread(target=watch)
    watching.start()
    memory = vault.open_memfd(seal(20))
    done.set()
    watching.join()
    assert os.fstat(memory).st_size == 20 * 2**20
    print(most - before)
"""


def test_twenty_megabytes_pass_through_little_memory(store, home):
    ran = subprocess.run([sys.executable, "-c", LARGE, str(home), store.url()], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 8 * 2**20
    assert len(store.objects()) == 2
    assert b"<Upload>" not in store.uploads()


def test_one_setting_of_the_configuration_puts_blobs_into_the_bucket(store, home):
    home.mkdir()
    (home / "config.toml").write_text(f'[storing]\nblobs = "{store.url()}"\n')
    with open_vault(configuration.load({"JIKIM_HOME": str(home)})) as vault:
        vault.check()
        blob = seal(vault, MARKER)
    assert [key.split("/")[-1].split(".")[0] for key in store.objects()] == [blob]
    ran = subprocess.run(
        [sys.executable, "-m", "jikim", "check"],
        env={**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "O  Vault" in ran.stdout


def test_a_sweep_seals_into_the_bucket_and_its_workers_open_from_there(store, home):
    home.mkdir()
    (home / "config.toml").write_text(f'[storing]\nblobs = "{store.url()}"\n')
    ran = subprocess.run(
        [sys.executable, "-m", "jikim", "sweep", "축제", "--source", "practice", "--limit", "6", "--json"],
        env={**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *found, last = map(json.loads, ran.stdout.splitlines())
    assert last["summary"]["errors"] == []
    assert any(one["cues"] for one in found)
    assert store.objects()
    assert list(home.glob("blobs/??/*")) == unfinished(home) == []
