"""Whatever is done to sealed files and wrapped keys, other bytes than the sealed ones never come out."""

import os
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import StateError, VaultError
from jikim.vault import Vault
from jikim.vault.stream import CHUNK_BYTES, HEADER, TAG_BYTES

DAY = "sweep:2026-11-22"
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_does_not_open(vault, blob, key="vault.blob_damaged"):
    for attempt in (vault.read, vault.open_memfd):
        with pytest.raises(VaultError) as caught:
            attempt(blob)
        assert caught.value.key == key


@pytest.fixture
def blob(vault, seal):
    return seal(vault, os.urandom(2 * CHUNK_BYTES + 500)).blob


@pytest.fixture
def file(home, blob):
    return home.sealed_files()[0]


@many
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere(vault, blob, file, place, bit):
    good = file.read_bytes()
    bad = bytearray(good)
    bad[int(place * len(bad))] ^= 1 << bit
    file.write_bytes(bad)
    with pytest.raises(VaultError) as caught:
        vault.read(blob)
    assert caught.value.key in ("vault.blob_damaged", "vault.blob_newer")
    file.write_bytes(good)
    assert len(vault.read(blob)) == 2 * CHUNK_BYTES + 500


@pytest.mark.parametrize("at", range(len(HEADER)))
def test_every_byte_of_the_header_counts(vault, blob, file, at):
    bad = bytearray(file.read_bytes())
    bad[at] = 0
    file.write_bytes(bad)
    if bytes(bad[: len(HEADER)]) == HEADER:
        bad[at] = 255
        file.write_bytes(bad)
    assert_does_not_open(vault, blob)


@many
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_anywhere(vault, blob, file, share):
    good = file.read_bytes()
    file.write_bytes(good[: int(share * len(good))])
    assert_does_not_open(vault, blob)
    file.write_bytes(good)


@pytest.mark.parametrize(
    "rebuild",
    [
        lambda head, a, b, c: head,
        lambda head, a, b, c: head + a,
        lambda head, a, b, c: head + a + b,
        lambda head, a, b, c: head + b + a + c,
        lambda head, a, b, c: head + a + a + c,
        lambda head, a, b, c: head + a + c,
        lambda head, a, b, c: head + c,
        lambda head, a, b, c: head + a + b + c + c,
        lambda head, a, b, c: head + a + b + c + b"\0",
        lambda head, a, b, c: head + a + b + c[:-1],
    ],
)
def test_chunks_cut_off_repeated_or_in_another_order(vault, blob, file, rebuild):
    good = file.read_bytes()
    body = good[len(HEADER) :]
    file.write_bytes(rebuild(HEADER, body[:SEALED_CHUNK], body[SEALED_CHUNK : 2 * SEALED_CHUNK], body[2 * SEALED_CHUNK :]))
    assert_does_not_open(vault, blob)


def test_a_newer_format_is_named_as_such(vault, blob, file):
    bad = bytearray(file.read_bytes())
    bad[len(b"JIKIMSEALED")] += 1
    file.write_bytes(bad)
    assert_does_not_open(vault, blob, "vault.blob_newer")


def test_a_missing_file_is_named(vault, blob, file):
    file.unlink()
    assert not vault.has(blob, DAY)
    assert_does_not_open(vault, blob, "vault.blob_missing")


def swap_rows(home, one, two):
    with sqlite3.connect(home.path / "keys/wrapped.sqlite") as connection:
        keys = dict(connection.execute("SELECT blob, wrapped FROM keys"))
        connection.execute("UPDATE keys SET wrapped = ? WHERE blob = ?", (keys[two], one))
        connection.execute("UPDATE keys SET wrapped = ? WHERE blob = ?", (keys[one], two))
    connection.close()


def swap_files(home, one, two):
    first, second = (home.path / "blobs" / blob[:2] / blob for blob in (one, two))
    other = home.path / "other"
    first.rename(other)
    second.rename(first)
    other.rename(second)


@pytest.mark.parametrize("swaps", [(swap_rows,), (swap_files,), (swap_rows, swap_files)])
def test_exchanged_files_and_exchanged_keys(vault, home, seal, swaps):
    one, two = seal(vault, b"one" * 100).blob, seal(vault, b"two" * 100).blob
    for swap in swaps:
        swap(home, one, two)
    assert_does_not_open(vault, one)
    assert_does_not_open(vault, two)


def test_a_damaged_wrapped_key(vault, home, blob):
    with sqlite3.connect(home.path / "keys/wrapped.sqlite") as connection:
        connection.execute("UPDATE keys SET wrapped = substr(wrapped, 1, 100)")
    connection.close()
    assert_does_not_open(vault, blob, "vault.key_damaged")


def test_bytes_sealed_again_mend_a_truncated_file(vault, home, seal):
    plain = os.urandom(1000)
    sealed = seal(vault, plain)
    os.truncate(home.sealed_files()[0], 100)
    assert seal(vault, plain) == sealed
    assert vault.read(sealed.blob) == plain
    assert len(home.sealed_files()) == 1


def test_a_second_copy_serves_where_the_first_is_damaged(vault, home, seal):
    plain = os.urandom(1000)
    sealed = seal(vault, plain)
    with Vault.open(home.path, with_private_keys=False) as sealer:
        seal(sealer, plain, "case:1")
    first, second = home.sealed_files()
    assert second.name == f"{sealed.blob}.1"
    os.truncate(first, 100)
    assert vault.read(sealed.blob) == plain
    os.truncate(second, 100)
    assert_does_not_open(vault, sealed.blob)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=300))
def test_a_damaged_list_of_keys_gives_one_clear_error_or_the_right_bytes(tmp_path_factory, seal, place, junk):
    home = tmp_path_factory.mktemp("home")
    plain = os.urandom(3000)
    with Vault.open(home) as vault:
        blob = seal(vault, plain).blob
    for ending in ("-wal", "-shm"):
        assert not (home / f"keys/wrapped.sqlite{ending}").exists()
    file = home / "keys/wrapped.sqlite"
    content = bytearray(file.read_bytes())
    at = int(place * len(content))
    content[at : at + len(junk)] = junk
    file.write_bytes(content)
    said = None
    try:
        with Vault.open(home) as vault:
            assert vault.read(blob) == plain
    except (VaultError, StateError) as error:  # a flipped version number makes it newer
        said = str(error)
    assert said is None or "\n" not in said
    shutil.rmtree(home)


@pytest.mark.parametrize(
    ("column", "value"),
    [("holder", bad) for bad in ("x", None, b"\0", "case:../1")]
    + [("copy", bad) for bad in ("0", None)]
    + [("recipient", bad) for bad in (b"a", None)]
    + [("wrapped", bad) for bad in ("a", None)],
)
def test_a_row_of_keys_that_nobody_wrote_is_damage_and_spares_the_others(home, seal, column, value):
    with Vault.open(home.path) as vault:
        blob = seal(vault, b"harmless", "case:1").blob
    path = home.path / "keys/wrapped.sqlite"
    with sqlite3.connect(path) as connection:
        names = ("blob", "holder", "copy", "recipient", "wrapped")
        row = dict(zip(names, connection.execute(f"SELECT {', '.join(names)} FROM keys").fetchone(), strict=True))
        connection.execute("CREATE TABLE loose (blob, holder, copy, recipient, wrapped)")
        connection.execute("INSERT INTO loose VALUES (?, ?, ?, ?, ?)", tuple((row | {column: value}).values()))
        connection.execute("DROP TABLE keys")
        connection.execute("ALTER TABLE loose RENAME TO keys")
    connection.close()
    with Vault.open(home.path) as vault:
        assert_does_not_open(vault, blob, "vault.key_damaged")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", tuple(row.values()))
    connection.close()
    with Vault.open(home.path) as vault:
        assert vault.read(blob) == b"harmless"
