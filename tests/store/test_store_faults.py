"""A store that is away, closed, busy, damaged or slow: one clear error, nothing lost, nothing left behind for good."""

import os
import signal
import subprocess
import sys

import pytest

from jikim.errors import VaultError
from jikim.vault.stream import CHUNK_BYTES
from tests.ports import free_port
from tests.store.s3_server import DAY, Store, seal, started, unfinished

PLAIN = b"a harmless landscape that nobody may find plain " * 9000


def fails_with(key, attempt):
    with pytest.raises(VaultError) as caught:
        attempt()
    assert caught.value.key == key
    said = caught.value.message()
    assert said.ko != said.en
    assert "\n" not in said.ko + said.en
    return caught.value


def test_a_server_that_is_away_loses_nothing_and_comes_back(store, home):
    port = free_port()
    process = started(port)
    away = Store(port, store.bucket)
    away.ask("PUT")
    with away.open(home) as vault:
        blob = seal(vault, b"kept")
        process.kill()
        process.wait()
        for attempt in (
            lambda: seal(vault, PLAIN),
            lambda: vault.read(blob),
            lambda: vault.has(blob, DAY),
            lambda: vault.check(),
        ):
            fails_with("vault.store_unreachable", attempt)
        [note] = unfinished(home)
        assert note.stat().st_size == 0
        away.open(home).close()  # opening needs no store; what is to be removed there waits
        assert unfinished(home) == [note]
        process = started(port)  # as after a loss of everything: the server keeps its objects in memory
        try:
            away.ask("PUT")
            assert not vault.has(blob, DAY)
            fails_with("vault.blob_missing", lambda: vault.read(blob))
            assert seal(vault, b"kept") == blob
            assert vault.read(blob) == b"kept"
            assert vault.read(seal(vault, PLAIN)) == PLAIN
            away.open(home).close()
            assert unfinished(home) == []
            assert len(away.objects()) == 2
        finally:
            process.kill()
            process.wait()


def test_a_first_start_without_the_store_is_refused(home, store):
    fails_with("vault.store_unreachable", lambda: store.open(home, free_port()))
    with store.open(home) as vault:
        assert vault.read(seal(vault, b"later")) == b"later"


def test_access_denied(tmp_path):
    port = free_port()
    process = started(port, INITIAL_NO_AUTH_ACTION_COUNT="1")  # the bucket is made, whoever comes then needs an account
    try:
        store = Store(port, "closed")
        store.ask("PUT")
        fails_with("vault.store_denied", lambda: store.open(tmp_path / "home"))
    finally:
        process.kill()
        process.wait()


def test_access_denied_later_on(tmp_path):
    port = free_port()
    process = started(port, INITIAL_NO_AUTH_ACTION_COUNT="5")
    home = tmp_path / "home"
    try:
        store = Store(port, "closed")
        store.ask("PUT")
        with store.open(home) as vault:
            blob = seal(vault, b"kept")
            while True:  # until the server asks for accounts
                try:
                    vault.check()
                except VaultError:
                    break
            for attempt in (lambda: seal(vault, PLAIN), lambda: vault.read(blob), lambda: vault.has(blob, DAY)):
                fails_with("vault.store_denied", attempt)
        assert unfinished(home) == []
    finally:
        process.kill()
        process.wait()


def test_a_bucket_that_is_not_there(store, vault, home, tmp_path):
    blob = seal(vault, b"kept")
    store.remove(store.objects()[0])
    store.ask("DELETE")
    for attempt in (
        lambda: seal(vault, PLAIN),
        lambda: vault.read(blob),
        lambda: vault.has(blob, DAY),
        lambda: vault.check(),
        lambda: store.open(tmp_path / "new"),
    ):
        fails_with("vault.store_no_bucket", attempt)
    assert unfinished(home) == []


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_no_credentials_are_said_at_once(store, home, monkeypatch, name):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))
    monkeypatch.delenv(name)
    fails_with("vault.store_no_credentials", lambda: store.open(home))


def test_credentials_from_the_usual_file(store, home, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = a\n[centre]\naws_access_key_id = a\naws_secret_access_key = b%c\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    fails_with("vault.store_no_credentials", lambda: store.open(home))
    monkeypatch.setenv("AWS_PROFILE", "centre")
    with store.open(home) as vault:
        assert vault.read(seal(vault, PLAIN)) == PLAIN


def test_nothing_else_in_the_environment_decides_where_blobs_go(store, home, monkeypatch):
    elsewhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_CONDITIONAL_PUT": "disabled",
    }
    for name, value in {**elsewhere, "AWS_SKIP_SIGNATURE": "true", "AWS_REGION": "x", "AWS_BUCKET": "other"}.items():
        monkeypatch.setenv(name, value)
    with store.open(home) as vault:
        blob = seal(vault, PLAIN)
        assert vault.read(blob) == PLAIN
    assert len(store.objects()) == 1


def test_a_busy_store_is_asked_again_and_then_given_up(store, home, gate):
    with store.open(home, gate.port) as vault:
        gate.fault, gate.times = "busy", 2
        blob = seal(vault, PLAIN)
        assert gate.seen[-3:] == ["PUT", "PUT", "PUT"]
        gate.times = 10**9
        fails_with("vault.store_busy", lambda: vault.read(blob))
        fails_with("vault.store_busy", lambda: seal(vault, b"more"))
        gate.fault = ""
        assert vault.read(blob) == PLAIN
        assert vault.read(seal(vault, b"more")) == b"more"


def test_an_upload_whose_answer_is_lost_is_found_to_have_arrived(store, home, gate):
    with store.open(home, gate.port) as vault:
        gate.fault, gate.times = "lose", 1
        blob = seal(vault, PLAIN)
        assert vault.read(blob) == PLAIN
    assert len(store.objects()) == 1
    assert gate.seen.count("PUT") == 2


def test_an_upload_that_arrived_but_was_never_answered_leaves_nothing_for_good(store, home, gate):
    with store.open(home, gate.port) as vault:
        gate.fault = "lose"
        fails_with("vault.store_unreachable", lambda: seal(vault, PLAIN))
        assert len(store.objects()) == len(unfinished(home)) == 1
        gate.fault = ""
        store.open(home, gate.port).close()
        assert store.objects() == unfinished(home) == []
        assert vault.read(seal(vault, PLAIN)) == PLAIN


def test_an_answer_that_breaks_off_never_passes_for_the_whole(store, home, gate):
    plain = os.urandom(30 * CHUNK_BYTES)
    with store.open(home, gate.port) as vault:
        blob = seal(vault, plain)
        gate.fault = "cut"
        for attempt in (vault.read, vault.open_memfd):
            fails_with("vault.store_unreachable", lambda attempt=attempt: attempt(blob))
        gate.fault = ""
        assert vault.read(blob) == plain


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[: len(sealed) // 2],
        lambda sealed: sealed[:5],
        lambda sealed: b"",
        lambda sealed: sealed + b"x",
        lambda sealed: sealed[:300] + bytes([sealed[300] ^ 1]) + sealed[301:],
        lambda sealed: os.urandom(len(sealed)),
    ],
)
def test_a_truncated_or_changed_object_never_opens_and_is_mended_where_its_size_tells(store, vault, change):
    blob = seal(vault, PLAIN)
    [key] = store.objects()
    good = store.content(key)
    bad = change(good)
    store.replace(key, bad)
    for attempt in (vault.read, vault.open_memfd):
        fails_with("vault.blob_damaged", lambda attempt=attempt: attempt(blob))
    if len(bad) != len(good):
        assert seal(vault, PLAIN) == blob
        assert vault.read(blob) == PLAIN
        assert len(store.objects()) == 1


def test_exchanged_objects_do_not_open(store, vault):
    one, two = seal(vault, b"one" * 100), seal(vault, b"two" * 100)
    first, second = store.objects()
    bodies = store.content(first), store.content(second)
    store.replace(first, bodies[1])
    store.replace(second, bodies[0])
    for blob in (one, two):
        fails_with("vault.blob_damaged", lambda blob=blob: vault.read(blob))


def test_a_destruction_without_the_store_is_carried_out_when_it_is_back(store, home, gate):
    with store.open(home, gate.port) as vault:
        blob = seal(vault, PLAIN)
        gate.fault = "busy"
        fails_with("vault.store_busy", lambda: vault.destroy_holder(DAY))
        assert list(home.glob("keys/holders/*")) == []  # nobody can open it any more, there or in a copy
        fails_with("vault.key_missing", lambda: vault.read(blob))
        fails_with("vault.store_busy", lambda: store.open(home, gate.port))
        gate.fault = ""
        store.open(home, gate.port).close()
    assert store.objects() == []


SEALER = """
import sys
from pathlib import Path
from jikim.config import Storing
from jikim.vault import Vault
with Vault.open(Path(sys.argv[1]), bucket=Storing(sys.argv[2]).bucket()) as vault:
    with vault.sealing("sweep:2026-11-22") as sealing:
        for _ in range(20):
            sealing.write(sys.argv[3].encode() * 20000)
"""


@pytest.mark.parametrize(("fault", "arrived"), [("hold", 0), ("keep", 1)])
def test_killed_during_an_upload(store, home, gate, fault, arrived):
    """Once while half of it is on its way, once when all of it has arrived and its key is not on record yet."""
    store.open(home, gate.port).close()
    gate.fault = fault
    command = [sys.executable, "-c", SEALER, str(home), store.url(gate.port), PLAIN[:48].decode()]
    with subprocess.Popen(command) as process:
        assert gate.held.wait(60)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    gate.released.set()
    assert len(store.objects()) == arrived
    [left] = unfinished(home)
    assert PLAIN[:48] not in left.read_bytes()
    gate.fault = ""
    with store.open(home, gate.port) as vault:
        assert unfinished(home) == store.objects() == []
        assert vault._wrapped.rows("SELECT * FROM keys") == []
        assert vault.read(seal(vault, PLAIN)) == PLAIN


def test_a_forked_child_is_told_to_begin_anew_and_does_not_hang(vault):
    seal(vault, b"before the fork")
    child = os.fork()
    if child == 0:
        try:
            vault.check()
        except RuntimeError:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
