"""Fields open at the place they were sealed for, and nowhere else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import VaultError
from jikim.vault import Vault, open_field, seal_field

KEY = bytes(range(32))
anything = st.text(st.characters(codec=None), max_size=50)


@given(table=anything, row=anything, column=anything, text=anything)
def test_any_text_comes_back(table, row, column, text):
    assert open_field(KEY, table, row, column, seal_field(KEY, table, row, column, text)) == text


@given(data=st.data(), text=st.text(max_size=30))
def test_no_changed_bit_passes(data, text):
    sealed = bytearray(seal_field(KEY, "cases", "7", "name", text))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultError):
        open_field(KEY, "cases", "7", "name", bytes(sealed))


@pytest.mark.parametrize(
    "place",
    [("case", "7", "name"), ("cases", "8", "name"), ("cases", "7", "phone"), ("cases7", "", "name"), ("cases", "7n", "ame")],
)
def test_moved_elsewhere_it_does_not_open(place):
    sealed = seal_field(KEY, "cases", "7", "name", "누구")
    with pytest.raises(VaultError) as caught:
        open_field(KEY, *place, sealed)
    assert caught.value.key == "vault.field_damaged"
    assert "누구" not in str(caught.value)


@pytest.mark.parametrize(
    "sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x01" + bytes(27), b"\x02" + bytes(60), os.urandom(50)]
)
def test_what_was_never_sealed_does_not_open(sealed):
    with pytest.raises(VaultError):
        open_field(KEY, "cases", "7", "name", sealed)


def test_the_same_text_never_looks_the_same_and_another_key_does_not_open_it():
    first, second = (seal_field(KEY, "cases", "7", "name", "누구") for _ in range(2))
    assert first != second
    with pytest.raises(VaultError):
        open_field(bytes(32), "cases", "7", "name", first)


def test_a_vault_seals_fields_under_its_own_key(vault, home, tmp_path):
    sealed = vault.seal_field("cases", 7, "name", "누구")
    with Vault.open(home.path) as again, Vault.open(tmp_path / "other") as other:
        assert again.open_field("cases", "7", "name", sealed) == "누구"
        with pytest.raises(VaultError):
            other.open_field("cases", 7, "name", sealed)
