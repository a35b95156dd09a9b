"""Keys appear silently on first use; lost or wrong ones are named and never replaced."""

import os
import shutil
import subprocess

import pytest

from jikim.errors import StateError, VaultError
from jikim.vault import Vault
from jikim.vault.keys import MIGRATIONS

DAY = "sweep:2026-11-22"
PLAIN = b"a harmless drawing"


@pytest.fixture
def blob(home, seal):
    with Vault.open(home.path) as vault:
        return seal(vault, PLAIN).blob


def opening_fails(home, key, file):
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    with pytest.raises(VaultError) as caught:
        Vault.open(home.path)
    assert caught.value.key == key
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)
    after = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    assert {p: c for p, c in after.items() if "wrapped.sqlite" not in p.name} == {
        p: c for p, c in before.items() if "wrapped.sqlite" not in p.name
    }


def test_first_use_makes_every_key_silently(home, capfd):
    with Vault.open(home.path) as vault:
        assert vault.practice_key() == (home.path / "keys/practice").read_bytes()
    assert capfd.readouterr() == ("", "")
    contents = {(home.path / "keys" / name).read_bytes() for name in ("centre", "fields", "practice")}
    assert {len(content) for content in contents} == {32}
    assert len(contents) == 3


@pytest.mark.parametrize("name", ["centre", "fields"])
def test_a_lost_key_is_never_made_anew(home, blob, name):
    (home.path / "keys" / name).unlink()
    opening_fails(home, "vault.key_missing", f"keys/{name}")
    shutil.rmtree(home.path / "blobs")
    opening_fails(home, "vault.key_missing", f"keys/{name}")


def test_blobs_without_any_keys_are_refused(home, blob):
    shutil.rmtree(home.path / "keys")
    opening_fails(home, "vault.wrapped_missing", "keys/wrapped.sqlite")
    assert not (home.path / "keys/centre").exists()


@pytest.mark.parametrize("lose", [lambda file: file.unlink(), lambda file: os.truncate(file, 0)])
def test_blobs_without_the_list_of_wrapped_keys_are_refused(home, blob, lose):
    lose(home.path / "keys/wrapped.sqlite")
    opening_fails(home, "vault.wrapped_missing", "keys/wrapped.sqlite")


@pytest.mark.parametrize("name", ["centre", "fields"])
@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_damaged_key_is_named(home, blob, name, content):
    (home.path / "keys" / name).write_bytes(content)
    opening_fails(home, "vault.key_damaged", f"keys/{name}")


@pytest.mark.parametrize("name", ["centre", "fields"])
def test_another_vaults_key_is_named(home, blob, name):
    (home.path / "keys" / name).write_bytes(os.urandom(32))
    opening_fails(home, "vault.key_wrong", f"keys/{name}")


def test_a_damaged_practice_key_is_named(vault, home):
    (home.path / "keys/practice").write_bytes(b"short")
    with pytest.raises(VaultError) as caught:
        vault.practice_key()
    assert "keys/practice" in str(caught.value)


@pytest.mark.parametrize(
    ("ending", "damage", "key"),
    [
        ("key", lambda file: file.unlink(), "vault.key_missing"),
        ("key", lambda file: file.write_text("AGE-SECRET-KEY-1NOT"), "vault.key_damaged"),
        ("key", lambda file: file.write_bytes(os.urandom(64)), "vault.key_damaged"),
    ],
)
def test_a_holders_lost_private_key_is_named_and_sealing_goes_on(vault, home, seal, blob, ending, damage, key):
    damage(home.path / f"keys/holders/sweep-2026-11-22.{ending}")
    with pytest.raises(VaultError) as caught:
        vault.read(blob)
    assert caught.value.key == key
    assert f"keys/holders/sweep-2026-11-22.{ending}" in str(caught.value)
    assert vault.has(seal(vault, b"more").blob, DAY)


def test_another_holders_identity_is_named(vault, home, seal, blob):
    seal(vault, b"more", "case:1")
    shutil.copy(home.path / "keys/holders/case-1.key", home.path / "keys/holders/sweep-2026-11-22.key")
    with pytest.raises(VaultError) as caught:
        vault.read(blob)
    assert caught.value.key == "vault.key_wrong"


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        (lambda holders: (holders / "sweep-2026-11-22.pub").write_text("age1not"), "vault.key_damaged"),
        (lambda holders: shutil.copy(holders / "case-1.pub", holders / "sweep-2026-11-22.pub"), "vault.key_wrong"),
        (lambda holders: [file.unlink() for file in holders.glob("sweep*")], "vault.key_missing"),
    ],
)
def test_nothing_is_sealed_for_a_public_key_that_is_not_the_holders(vault, home, seal, blob, damage, key):
    seal(vault, b"other", "case:1")
    damage(home.path / "keys/holders")
    files = home.sealed_files()
    with pytest.raises(VaultError) as caught:
        seal(vault, b"more")
    assert caught.value.key == key
    assert "keys/holders/sweep-2026-11-22.pub" in str(caught.value)
    assert home.sealed_files() == files
    assert home.unfinished_files() == []


def test_a_lost_public_key_comes_back_from_the_private_one(vault, home, seal, blob):
    public = home.path / "keys/holders/sweep-2026-11-22.pub"
    content = public.read_text()
    public.unlink()
    seal(vault, b"more")
    assert public.read_text() == content


def test_keys_open_to_others_are_refused(home, blob):
    (home.path / "keys").chmod(0o755)
    opening_fails(home, "vault.keys_open_to_others", "keys")


def test_keys_of_a_newer_version_are_refused_untouched(home, blob):
    file = home.path / "keys/wrapped.sqlite"
    newer = len(MIGRATIONS) + 1
    subprocess.run(
        ["python3", "-c", f"import sqlite3; sqlite3.connect({str(file)!r}).execute('PRAGMA user_version = {newer}')"],
        check=True,
    )
    content = file.read_bytes()
    with pytest.raises(StateError) as caught:
        Vault.open(home.path)
    assert caught.value.key == "state.newer"
    assert file.read_bytes() == content


def test_keys_of_a_key_being_made_when_its_maker_died_are_removed(home, blob):
    for folder in ("keys", "keys/holders"):
        (home.path / folder / ".new-0123").write_bytes(bytes(32))
    with Vault.open(home.path):
        assert list(home.path.rglob(".new-*")) == []


def test_the_age_format_of_identities_is_the_standard_one(home, blob):
    text = (home.path / "keys/holders/sweep-2026-11-22.key").read_text()
    assert text.startswith("AGE-SECRET-KEY-1")
    assert (home.path / "keys/holders/sweep-2026-11-22.pub").read_text().startswith("age1")
