"""A practice host answers for its own address; a fixture is its exact bytes."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import pytest

from jikim.provenance import fixtures, is_fixture, practice_answer

NONCE = "ab" * 32


def test_the_answer_depends_on_key_nonce_and_address():
    answers = {
        practice_answer(b"k" * 32, NONCE, "127.0.0.1", 80),
        practice_answer(b"l" * 32, NONCE, "127.0.0.1", 80),
        practice_answer(b"k" * 32, "cd" * 32, "127.0.0.1", 80),
        practice_answer(b"k" * 32, NONCE, "127.0.0.1", 81),
        practice_answer(b"k" * 32, NONCE, "::1", 80),
    }
    assert len(answers) == 5


@pytest.mark.parametrize("nonce", ["", "ab", "AB" * 32, "zz" * 32, NONCE + "\n", NONCE + "00"])
def test_a_nonce_has_one_form(nonce):
    with pytest.raises(ValueError, match="nonce"):
        practice_answer(b"k" * 32, nonce, "127.0.0.1", 80)


def test_every_fixture_is_what_its_sum_says():
    folder = files("jikim").joinpath("practice", "fixtures")
    for sha256, name in fixtures().items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == sha256


def test_one_changed_byte_is_no_fixture():
    card = bytearray(files("jikim").joinpath("practice", "fixtures", "test_card.png").read_bytes())
    assert is_fixture(hashlib.sha256(card).hexdigest())
    card.append(0)
    assert not is_fixture(hashlib.sha256(card).hexdigest())
