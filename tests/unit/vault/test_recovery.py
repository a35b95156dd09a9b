"""The paper code opens every later backup of keys, and nothing else does; restoring destroys nothing."""

import shutil
import subprocess

import pytest

from jikim.errors import VaultError
from jikim.vault import Vault, recovery

HOLDER = "sweep:2026-11-22"


@pytest.fixture
def code(home, vault):
    code = recovery.new_code()
    recovery.adopt(home.path, code)
    return code


def test_everything_opens_again_after_all_keys_are_lost(home, vault, seal, code):
    sealed = seal(vault, b"what was found" * 1000)
    field = vault.seal_field("t", "1", "c", "이름")
    reference, public = vault.reference("url", "https://example.org"), vault.public_key()
    recovery.back_up(home.path)
    vault.close()
    shutil.rmtree(home.path / "keys")

    restored = recovery.restore(home.path, code, home.path / recovery.BACKUP)

    assert {"centre", "fields", "signing", "wrapped.sqlite"} < set(restored)
    with Vault.open(home.path) as again:
        assert again.read(sealed.blob) == b"what was found" * 1000
        assert again.open_field("t", "1", "c", field) == "이름"
        assert again.reference("url", "https://example.org") == reference
        assert again.public_key() == public


@pytest.mark.parametrize("written", ["lower", "groups", "dashes", "whole"])
def test_the_code_may_be_typed_as_people_type(home, code, written):
    typed = {
        "lower": code.lower(),
        "groups": "  ".join(recovery.spelled(code)),
        "dashes": "-".join(recovery.spelled(code)),
        "whole": f"AGE-SECRET-KEY-1{code}",
    }[written]
    assert recovery.restore(home.path, typed, home.path / recovery.BACKUP) == []


def test_a_slip_of_the_pen_is_found(home, code):
    slip = code[:10] + ("Q" if code[10] != "Q" else "P") + code[11:]
    with pytest.raises(VaultError) as refused:
        recovery.restore(home.path, slip, home.path / recovery.BACKUP)
    assert refused.value.key == "vault.bad_recovery_code"


def test_another_paper_does_not_open_it(home, code):
    with pytest.raises(VaultError) as refused:
        recovery.restore(home.path, recovery.new_code(), home.path / recovery.BACKUP)
    assert refused.value.key == "vault.recovery_refused"


@pytest.mark.parametrize("at", [30, 200, -40])
def test_a_damaged_backup_is_refused_and_nothing_changes(home, vault, code, at):
    backup = home.path / recovery.BACKUP
    content = bytearray(backup.read_bytes())
    content[at] ^= 1
    backup.write_bytes(content)
    (home.path / "keys" / "fields").unlink()
    with pytest.raises(VaultError) as refused:
        recovery.restore(home.path, code, backup)
    assert refused.value.key == "vault.recovery_refused"
    assert not (home.path / "keys" / "fields").exists()


def test_a_key_that_is_there_is_never_written_over(home, vault, code):
    other = b"x" * 32
    (home.path / "keys" / "fields").write_bytes(other)
    (home.path / "keys" / "centre").unlink()
    with pytest.raises(VaultError) as refused:
        recovery.restore(home.path, code, home.path / recovery.BACKUP)
    assert refused.value.key == "vault.recovery_differs"
    assert (home.path / "keys" / "fields").read_bytes() == other
    assert not (home.path / "keys" / "centre").exists()


def test_a_backup_after_a_destruction_does_not_hold_the_destroyed(home, vault, seal, code):
    seal(vault, b"gone")
    before = (home.path / "keys" / "holders" / "sweep-2026-11-22.key").read_bytes()
    vault.destroy_holder(HOLDER)
    recovery.back_up(home.path)
    vault.close()
    shutil.rmtree(home.path / "keys")
    assert "holders/sweep-2026-11-22.key" not in recovery.restore(home.path, code, home.path / recovery.BACKUP)
    assert not home.holding(before)


def test_the_backup_and_the_home_do_not_hold_the_code(home, vault, code):
    assert not home.holding(code.encode())
    assert not list((home.path / "recovery").glob(".new-*"))


def test_without_a_code_there_is_no_backup(home, vault):
    with pytest.raises(VaultError) as refused:
        recovery.back_up(home.path)
    assert refused.value.key == "vault.no_recovery_code"


def test_the_age_program_opens_a_backup_too(home, vault, code, tmp_path):
    if not shutil.which("age"):
        pytest.skip("the age program is not installed")
    identity = tmp_path / "paper"
    identity.write_text(f"AGE-SECRET-KEY-1{code}\n")
    tar = subprocess.run(["age", "-d", "-i", identity, home.path / recovery.BACKUP], capture_output=True, check=True).stdout
    assert b"centre" in tar


def test_a_signature_is_checked_with_the_public_key_alone(vault):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(vault.public_key())
    key.verify(vault.sign(b"content"), b"content")
    with pytest.raises(InvalidSignature):
        key.verify(vault.sign(b"content"), b"contend")


def test_a_lost_signing_key_is_said_and_not_made_anew(home, vault):
    vault.public_key()
    (home.path / "keys" / "signing").unlink()
    with pytest.raises(VaultError) as lost:
        vault.sign(b"content")
    assert lost.value.key == "vault.key_missing"
    assert not (home.path / "keys" / "signing").exists()
