from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn import drawing, recompressed

from jikim.copies.banks import Bank, BankFrame, BankItem, ListedBank
from jikim.copies.borders import proposed_boxes
from jikim.copies.fingerprints import ItemFingerprint, pack, unpack
from jikim.copies.matching import Match, Matcher
from jikim.copies.pdq import fingerprint, to_hex
from jikim.copies.pictures import fingerprint_picture
from jikim.types import MediaKind

KNOWN = 41


def _captioned(picture: np.ndarray) -> np.ndarray:
    """Under a white bar with words, on a page."""
    bar = np.full((80, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, "WORDS OF A POST", (20, 52), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 3)
    return np.concatenate([bar, picture])


def _posted(picture: np.ndarray) -> np.ndarray:
    """In a post on a telephone: a head, the picture at full width, another below."""
    head = _captioned(np.full((60, picture.shape[1], 3), 250, np.uint8))
    return np.concatenate([head, picture, np.full((90, picture.shape[1], 3), 250, np.uint8), drawing(77)[:120]])


def _inset(picture: np.ndarray) -> np.ndarray:
    """At 60 % of its sides in another picture."""
    out = drawing(78).copy()
    height, width = int(picture.shape[0] * 0.6), int(picture.shape[1] * 0.6)
    out[70 : 70 + height, 90 : 90 + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return out


EDITS = {"captioned": _captioned, "posted": _posted, "inset": _inset}


def _hash_alone(seed: int) -> ListedBank:
    seen = fingerprint(drawing(seed))
    frame = BankFrame(None, to_hex(seen.hashes[0]), seen.quality)
    return ListedBank(Bank("hotline", (BankItem(f"{seed:064x}", "known", "still", None, (frame,)),)))


def _matches(pixels: np.ndarray, *, is_looked_into: bool = True) -> list[Match]:
    picture = fingerprint_picture(pixels, points_max=0, is_looked_into=is_looked_into)
    size = pixels.shape[1], pixels.shape[0]
    return Matcher([_hash_alone(KNOWN)]).match(ItemFingerprint("f" * 64, MediaKind.IMAGE, *size, None, (picture,), None))


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_known_by_its_hash_alone_is_found_inside_something_else(edit):
    pixels = recompressed(EDITS[edit](drawing(KNOWN)), 80)
    assert _matches(pixels, is_looked_into=False) == []
    (match,) = _matches(pixels)
    assert (match.relation, match.coverage_item) == ("copy", 1.0)
    known = drawing(KNOWN).shape
    share = (0.36 if edit == "inset" else 1.0) * known[0] * known[1] / (pixels.shape[0] * pixels.shape[1])
    assert match.coverage_query == pytest.approx(share, abs=0.05)
    assert match.edit == f"inside:{round(100 * match.coverage_query)}"


@pytest.mark.parametrize("edit", EDITS)
def test_another_picture_at_the_same_place_is_none(edit):
    assert _matches(recompressed(EDITS[edit](drawing(KNOWN + 1)), 80)) == []


@pytest.mark.parametrize("shape", [(1, 1), (40, 3000), (33, 33), (600, 2)])
def test_any_shape_is_looked_into(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    for box in proposed_boxes(np.ascontiguousarray(pixels[..., 1])):
        assert 0 <= box.left < box.right <= shape[1]
        assert 0 <= box.top < box.bottom <= shape[0]
    fingerprint_picture(pixels, is_looked_into=True)


def test_black_frames_have_nothing_inside():
    black = np.zeros((360, 480, 3), np.uint8)
    assert len(fingerprint_picture(black, is_looked_into=True).insides) == 0
    framed = black.copy()
    framed[100:200, 100:300] = 60
    assert len(fingerprint_picture(framed, is_looked_into=True).insides) == 0


def test_what_was_looked_into_is_packed_without_it():
    taken = fingerprint_picture(_inset(drawing(KNOWN)), is_looked_into=True)
    item = ItemFingerprint("f" * 64, MediaKind.IMAGE, 480, 360, None, (taken,), None)
    assert len(taken.insides) > 0
    assert len(unpack(pack(item)).frames[0].insides) == 0
