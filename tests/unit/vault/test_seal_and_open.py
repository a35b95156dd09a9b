"""What goes in comes out, and only so; nothing plain ever lies on the disk."""

import fcntl
import hashlib
import hmac
import os
import stat
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import BadUse, VaultError
from jikim.vault import Vault, case_holder, sweep_holder
from jikim.vault import sealing as sealing_module
from jikim.vault.stream import CHUNK_BYTES, sealed_size

DAY = "sweep:2026-11-22"
MARKER = b"a harmless landscape, sealed from the first byte"


def read_memfd(vault, blob):
    handle = vault.open_memfd(blob)
    with os.fdopen(handle, "rb") as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
def test_every_size_comes_back(vault, home, seal, size):
    plain = os.urandom(size)
    sealed = seal(vault, plain)
    assert vault.read(sealed.blob) == plain
    assert read_memfd(vault, sealed.blob) == plain
    assert home.sealed_files()[0].stat().st_size == sealed_size(size)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.integers(0, 3 * CHUNK_BYTES), max_size=5), seed=st.binary(min_size=8, max_size=8))
def test_pieces_of_any_size_make_the_same_blob(vault, seal, pieces, seed):
    parts = [hashlib.shake_128(seed + bytes([number])).digest(size) for number, size in enumerate(pieces)]
    with vault.sealing(DAY) as sealing:
        for part in parts:
            sealing.write(part)
    assert vault.read(sealing.sealed.blob) == b"".join(parts)
    assert seal(vault, b"".join(parts)).blob == sealing.sealed.blob


def test_the_id_is_the_hmac_of_the_sha256_under_the_centres_key(vault, home, seal):
    centre = (home.path / "keys/centre").read_bytes()
    expected = hmac.digest(centre, hashlib.sha256(MARKER).digest(), "sha256").hex()
    sealed = seal(vault, MARKER)
    assert sealed.blob == expected
    assert home.sealed_files() == [home.path / "blobs" / expected[:2] / expected]


def test_nothing_plain_on_the_disk_while_sealing_nor_afterwards(vault, home):
    with vault.sealing(DAY) as sealing:
        for _ in range(100):
            sealing.write(MARKER * 100)
        assert home.unfinished_files()[0].stat().st_size > CHUNK_BYTES
        assert home.holding(MARKER) == []
        assert home.sealed_files() == []
    assert home.holding(MARKER) == []
    assert home.unfinished_files() == []
    assert len(home.sealed_files()) == 1


def test_an_exception_leaves_nothing_behind(vault, home):
    with pytest.raises(KeyboardInterrupt), vault.sealing(DAY) as sealing:  # noqa: PT012
        sealing.write(MARKER * 10_000)
        raise KeyboardInterrupt
    assert home.unfinished_files() == []
    assert home.sealed_files() == []
    with pytest.raises(RuntimeError):
        _ = sealing.sealed
    with pytest.raises(VaultError):
        sealing.write(os.urandom(2 * CHUNK_BYTES))


def test_the_memory_file_cannot_be_changed(vault, seal):
    handle = vault.open_memfd(seal(vault, MARKER).blob)
    try:
        assert os.lseek(handle, 0, os.SEEK_CUR) == 0
        seals = fcntl.fcntl(handle, fcntl.F_GET_SEALS)
        assert seals & (wanted := fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK) == wanted
        with pytest.raises(PermissionError):
            os.write(handle, b"x")
        with pytest.raises(PermissionError):
            os.ftruncate(handle, 0)
        assert not os.get_inheritable(handle)
    finally:
        os.close(handle)


def test_the_same_bytes_are_kept_once(vault, home, seal):
    first = seal(vault, MARKER)
    assert seal(vault, MARKER) == first
    assert len(home.sealed_files()) == 1


def test_two_blobs_of_one_byte_pattern_do_not_look_alike(vault, home, seal):
    seal(vault, bytes(CHUNK_BYTES))
    seal(vault, bytes(2 * CHUNK_BYTES))
    one, two = (file.read_bytes() for file in home.sealed_files())
    assert one[16:1000] != two[16:1000]


def test_more_than_the_limit_is_refused_and_leaves_nothing(vault, home, monkeypatch):
    monkeypatch.setattr(sealing_module, "MEDIA_MAX_BYTES", 2 * CHUNK_BYTES)
    with pytest.raises(VaultError) as caught, vault.sealing(DAY) as sealing:  # noqa: PT012
        for _ in range(3):
            sealing.write(bytes(CHUNK_BYTES))
    assert caught.value.key == "vault.too_large"
    assert home.sealed_files() == home.unfinished_files() == []


def test_a_vault_without_private_keys_seals_but_does_not_open(vault, home, seal):
    with Vault.open(home.path, with_private_keys=False) as sealer:
        sealed = seal(sealer, MARKER)
        assert sealer.has(sealed.blob, DAY)
        for attempt in (
            lambda: sealer.read(sealed.blob),
            lambda: sealer.open_memfd(sealed.blob),
            lambda: sealer.share(sealed.blob, DAY, "case:1"),
            lambda: sealer.seal_field("cases", 1, "name", "x"),
        ):
            with pytest.raises(VaultError) as caught:
                attempt()
            assert caught.value.key == "vault.no_private_keys"
    assert vault.read(sealed.blob) == MARKER


@pytest.mark.parametrize("blob", ["", "ab", "0" * 64, "../../keys/centre", "A" * 64, "0" * 63 + "/"])
def test_an_unknown_blob_is_said_to_be_unknown(vault, blob):
    assert not vault.has(blob, DAY)
    for attempt in (vault.read, vault.open_memfd):
        with pytest.raises(VaultError) as caught:
            attempt(blob)
        assert caught.value.key == "vault.unknown_blob"


@pytest.mark.parametrize("holder", ["", "sweep:", "sweep:../x", "case:a/b", "day:1", "case:.", "case:" + "x" * 101, "case:a\n"])
def test_a_wrong_holder_is_refused(vault, holder):
    with pytest.raises(BadUse):
        vault.sealing(holder)
    with pytest.raises(BadUse):
        vault.destroy_holder(holder)
    with pytest.raises(BadUse):
        vault.has("0" * 64, holder)


def test_names_of_holders():
    assert sweep_holder(date(2026, 11, 22)) == DAY
    assert case_holder("2026-0012") == "case:2026-0012"
    with pytest.raises(BadUse):
        case_holder("홍길동")


def test_references_differ_by_kind_and_by_centre(vault, tmp_path):
    with Vault.open(tmp_path / "other") as other:
        ids = {
            vault.reference("candidate", "x"),
            vault.reference("host", "x"),
            vault.reference("hostx", ""),
            vault.reference("", "hostx"),
            vault.reference("candidate", "\ud800"),
            other.reference("candidate", "x"),
        }
    assert len(ids) == 6
    assert vault.reference("candidate", "x") == vault.reference("candidate", "x")
    assert all(len(one) == 64 for one in ids)


def test_everything_is_for_our_user_alone(home, seal):
    before = os.umask(0)
    try:
        with Vault.open(home.path) as vault:
            seal(vault, MARKER)
            modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [home.path, *home.path.rglob("*")]}
    finally:
        os.umask(before)
    assert len(modes) > 10
    assert {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}
