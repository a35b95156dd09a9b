from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from jikim.copies.banks import Bank, BankFrame, BankItem, ListedBank, built_in_bank, read_bank, read_banks, write_bank
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.matching import Matcher
from jikim.copies.pdq import fingerprint, pdq, reduced, to_hex
from jikim.copies.pictures import fingerprint_picture
from jikim.errors import StateError
from jikim.provenance import fixtures
from jikim.types import MediaKind

ITEM = BankItem("a" * 64, "a label", "video", 2.5, (BankFrame(0.5, "0123456789abcdef" * 4, 100),))


def test_a_bank_comes_back_as_it_was_written(tmp_path):
    bank = Bank("mine", (ITEM,))
    write_bank(tmp_path / "mine.json", bank)
    assert read_banks(tmp_path) == (bank,)
    assert read_banks(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda bank: b"",
        lambda bank: b"{",
        lambda bank: json.dumps({**bank, "surplus": 1}).encode(),
        lambda bank: json.dumps({**bank, "schema": 99}).encode(),
        lambda bank: json.dumps({**bank, "items": [{**bank["items"][0], "sha256": "short"}]}).encode(),
    ],
)
def test_a_damaged_or_newer_bank_is_refused_by_name(tmp_path, damage):
    write_bank(tmp_path / "mine.json", Bank("mine", (ITEM,)))
    (tmp_path / "mine.json").write_bytes(damage(json.loads((tmp_path / "mine.json").read_bytes())))
    with pytest.raises(StateError) as caught:
        read_bank(tmp_path / "mine.json")
    assert "mine.json" in str(caught.value)
    assert "mine.json" not in caught.value.message(masked=True).ko


def test_the_built_in_bank_holds_the_shipped_fixtures_and_nothing_else():
    bank = built_in_bank()
    assert bank.name == "test"
    assert {item.sha256 for item in bank.items} <= set(fixtures())
    assert "test card" in {item.label for item in bank.items}


def test_the_test_card_is_the_one_that_was_fixed_and_matches_itself():
    shipped = files("jikim").joinpath("practice", "fixtures", "test_card.png")
    digest = sha256(shipped.read_bytes()).hexdigest()
    assert fixtures()[digest] == "test_card.png"
    with shipped.open("rb") as file:
        pixels = np.asarray(Image.open(file).convert("RGB"))
    seen = fingerprint(pixels)
    assert seen.quality == 100
    (item,) = [item for item in built_in_bank().items if item.sha256 == digest]
    assert item.frames[0].pdq == to_hex(pdq(reduced(pixels))[0])
    height_px, width_px = pixels.shape[:2]
    query = ItemFingerprint(digest, MediaKind.IMAGE, width_px, height_px, None, (fingerprint_picture(pixels),), None)
    (match,) = Matcher([ListedBank(built_in_bank())]).match(query)
    assert (match.item, round(match.score, 4), match.edit) == (digest, 0.92, "none")


def test_the_test_card_looks_different_in_every_orientation():
    (item,) = [item for item in built_in_bank().items if item.label == "test card"]
    with files("jikim").joinpath("practice", "fixtures", "test_card.png").open("rb") as file:
        seen = fingerprint(np.asarray(Image.open(file).convert("RGB")))
    others = np.stack([seen.hashes[place] for place in range(1, 8)])
    own = np.frombuffer(bytes.fromhex(item.frames[0].pdq), np.uint8)
    assert np.bitwise_count(others ^ own).sum(axis=1).min() > 60
