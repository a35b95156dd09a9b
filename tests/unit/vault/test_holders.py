"""Who holds what, and that destroying a holder's key really destroys."""

import os
import shutil
import sqlite3

import pytest

from jikim.errors import VaultError
from jikim.vault import Vault

DAY, NEXT_DAY, CASE = "sweep:2026-11-22", "sweep:2026-11-23", "case:1"
PLAIN = b"a harmless drawing" * 5000


def key_files(home):
    return sorted(path.name for path in home.path.glob("keys/holders/*"))


def rows(home):
    connection = sqlite3.connect(home.path / "keys/wrapped.sqlite")
    found = connection.execute("SELECT blob, holder FROM keys").fetchall()
    connection.close()
    return found


def test_with_private_keys_a_second_holder_shares_the_file(vault, home, seal):
    sealed = seal(vault, PLAIN, DAY)
    assert not vault.has(sealed.blob, CASE)
    assert seal(vault, PLAIN, CASE) == sealed
    assert vault.has(sealed.blob, DAY)
    assert vault.has(sealed.blob, CASE)
    assert len(home.sealed_files()) == 1


def test_without_private_keys_a_second_holder_gets_a_copy_of_its_own(vault, home, seal):
    with Vault.open(home.path, with_private_keys=False) as sealer:
        sealed = seal(sealer, PLAIN, DAY)
        assert seal(sealer, PLAIN, CASE) == sealed
        assert seal(sealer, PLAIN, CASE) == sealed
        assert sealer.has(sealed.blob, CASE)
    assert len(home.sealed_files()) == 2
    assert vault.destroy_holder(DAY) == 0
    assert vault.read(sealed.blob) == PLAIN
    assert [file.name for file in home.sealed_files()] == [f"{sealed.blob}.1"]
    assert vault.destroy_holder(CASE) == 1
    assert home.sealed_files() == []


def test_what_was_shared_survives_the_first_holder(vault, home, seal):
    kept, lost = seal(vault, PLAIN).blob, seal(vault, PLAIN + b"!").blob
    vault.share(kept, DAY, CASE)
    vault.share(kept, DAY, CASE)
    assert vault.destroy_holder(DAY) == 1
    assert vault.read(kept) == PLAIN
    assert (vault.has(kept, DAY), vault.has(kept, CASE)) == (False, True)
    with pytest.raises(VaultError) as caught:
        vault.read(lost)
    assert caught.value.key == "vault.unknown_blob"
    assert len(home.sealed_files()) == 1
    assert rows(home) == [(kept, CASE)]
    assert key_files(home) == ["case-1.key", "case-1.pub"]


def test_only_a_holder_can_share(vault, seal):
    blob = seal(vault, PLAIN).blob
    with pytest.raises(VaultError) as caught:
        vault.share(blob, NEXT_DAY, CASE)
    assert caught.value.key == "vault.no_key_of_holder"
    with pytest.raises(VaultError):
        vault.share("0" * 64, DAY, CASE)


def test_destroying_who_holds_nothing_is_no_error(vault, home):
    assert vault.destroy_holder(CASE) == 0
    assert key_files(home) == []


def test_a_restored_folder_of_blobs_stays_unreadable(vault, home, seal, tmp_path):
    blob = seal(vault, PLAIN).blob
    shutil.copytree(home.path / "blobs", tmp_path / "backup")
    assert vault.destroy_holder(DAY) == 1
    shutil.copytree(tmp_path / "backup", home.path / "blobs", dirs_exist_ok=True)
    for again in (vault, Vault.open(home.path)):
        with pytest.raises(VaultError) as caught:
            again.read(blob)
        assert caught.value.key == "vault.no_key"
        assert not again.has(blob, DAY)
        again.close()


def test_restored_blobs_and_wrapped_keys_stay_unreadable_without_the_private_key(home, seal, tmp_path):
    with Vault.open(home.path) as vault:
        blob = seal(vault, PLAIN).blob
    shutil.copytree(home.path, tmp_path / "backup")
    with Vault.open(home.path) as vault:
        vault.destroy_holder(DAY)
    shutil.copytree(tmp_path / "backup/blobs", home.path / "blobs", dirs_exist_ok=True)
    shutil.copy(tmp_path / "backup/keys/wrapped.sqlite", home.path / "keys/wrapped.sqlite")
    with Vault.open(home.path) as vault, pytest.raises(VaultError) as caught:
        vault.read(blob)
    assert caught.value.key == "vault.key_missing"


def test_restored_key_files_of_a_destroyed_holder_are_removed_again(home, seal, tmp_path):
    with Vault.open(home.path) as vault:
        blob = seal(vault, PLAIN).blob
        shutil.copytree(home.path / "keys/holders", tmp_path / "backup")
        vault.destroy_holder(DAY)
    for left in ("sweep-2026-11-22.key", "sweep-2026-11-22.pub"):
        shutil.copytree(tmp_path / "backup", home.path / "keys/holders", dirs_exist_ok=True)
        (home.path / "keys/holders" / left).unlink()
        with Vault.open(home.path) as vault:
            assert key_files(home) == []
            with pytest.raises(VaultError):
                vault.read(blob)


def test_a_destroyed_holder_starts_anew_with_other_keys(vault, home, seal, tmp_path):
    first = seal(vault, PLAIN).blob
    public = (home.path / "keys/holders/sweep-2026-11-22.pub").read_text()
    shutil.copytree(home.path / "keys/holders", tmp_path / "backup")
    vault.destroy_holder(DAY)
    shutil.copytree(tmp_path / "backup", home.path / "keys/holders", dirs_exist_ok=True)
    assert seal(vault, PLAIN).blob == first
    assert vault.read(first) == PLAIN
    assert (home.path / "keys/holders/sweep-2026-11-22.pub").read_text() != public


def test_nothing_of_a_destroyed_private_key_is_left_in_any_file(vault, home, seal):
    seal(vault, PLAIN)
    secret = (home.path / "keys/holders/sweep-2026-11-22.key").read_bytes().strip()
    assert home.holding(secret) != []
    vault.destroy_holder(DAY)
    assert home.holding(secret) == []


def test_a_key_that_someone_still_has_open_was_overwritten(vault, home, seal):
    seal(vault, PLAIN)
    with (home.path / "keys/holders/sweep-2026-11-22.key").open("rb") as file:
        vault.destroy_holder(DAY)
        assert set(file.read()) == {0}


@pytest.mark.parametrize("name", ["sweep-2026-11-22.key", "sweep-2026-11-22.pub"])
def test_a_holder_with_damaged_key_files_can_be_destroyed(vault, home, seal, name):
    seal(vault, PLAIN)
    (home.path / "keys/holders" / name).write_bytes(os.urandom(70))
    assert vault.destroy_holder(DAY) == 1
    assert key_files(home) == home.sealed_files() == rows(home) == []


@pytest.mark.parametrize("how", ["seal", "share"])
def test_what_arrives_while_its_holder_is_being_destroyed_is_kept_under_new_keys(vault, home, seal, how):
    """The state between the two steps of a destruction, as another process finds it."""
    blob = seal(vault, PLAIN).blob
    seal(vault, PLAIN, CASE)
    with vault._wrapped.change() as connection:
        connection.execute("INSERT INTO destroyed SELECT recipient, holder, '' FROM keys WHERE holder = ?", (DAY,))
    if how == "seal":
        seal(vault, PLAIN)
    else:
        vault.share(blob, CASE, DAY)
    with Vault.open(home.path) as again:
        assert again.has(blob, DAY)
        assert again.destroy_holder(CASE) == 0
        assert again.read(blob) == PLAIN
