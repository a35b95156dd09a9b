from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from drawn import drawing, pasted, recompressed

from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.fingerprints import NO_FEATURES, ItemFingerprint
from jikim.copies.geometry import REFERENCE_POINTS
from jikim.copies.matching import Matcher
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.store import StoredBank, create_bank
from jikim.types import MediaKind

KNOWN = range(300, 312)


def _item(pixels: np.ndarray, name: str, points_max: int = 400) -> ItemFingerprint:
    picture = fingerprint_picture(np.ascontiguousarray(pixels), points_max=points_max)
    height, width = pixels.shape[:2]
    return ItemFingerprint(sha256(name.encode()).hexdigest(), MediaKind.IMAGE, width, height, None, (picture,), None)


@pytest.fixture
def bank(tmp_path):
    with create_bank(tmp_path, "drawn", BankSettings()) as made:
        made.add_all(NewItem(_item(drawing(seed), str(seed), REFERENCE_POINTS), label=f"drawing {seed}") for seed in KNOWN)
        yield made


def test_what_no_hash_finds_is_proposed_by_keypoints_and_verified(bank: StoredBank):
    edited = {
        "mirrored+cropped": drawing(304)[40:-40, 60:-60][:, ::-1],
        "inside": pasted(drawing(307), drawing(90), (40, 100), 0.5),
    }
    for (edit, pixels), seed in zip(edited.items(), (304, 307), strict=True):
        query = _item(recompressed(np.ascontiguousarray(pixels)), "query")
        (match,) = Matcher([bank]).match(query)
        assert (match.bank, match.label, match.relation) == ("drawn", f"drawing {seed}", "copy")
        assert match.edit.split(":")[0] == edit
        assert match.segments == ()


def test_nothing_is_said_of_a_picture_that_is_no_copy(bank: StoredBank):
    query = _item(drawing(500), "query")
    assert len(bank.vote(query.frames[0].descriptors)) > 0
    assert Matcher([bank]).match(query) == []


def test_what_was_removed_is_found_no_more(bank: StoredBank):
    query = _item(drawing(304)[60:-60, 60:-60], "query")
    (match,) = Matcher([bank]).match(query)
    assert match.label == "drawing 304"
    bank.remove(bank.item_by_id(match.item).number)
    assert Matcher([bank]).match(query) == []


def test_a_picture_of_which_nothing_is_known_finds_nothing(bank: StoredBank):
    assert Matcher([bank]).match(_item(np.full((200, 300, 3), 120, np.uint8), "uniform")) == []
    bare = replace(fingerprint_picture(drawing(304)), features=NO_FEATURES, quality=0)
    query = replace(_item(drawing(304), "bare"), frames=(bare,))
    assert Matcher([bank]).match(query) == []
