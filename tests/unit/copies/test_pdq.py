"""PDQ against hashes that the C++ reference of facebook/ThreatExchange printed for the same pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.copies.pdq import ORIENTATIONS, distances, fingerprint, from_hex, pdq, reduced, to_hex


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """Waves and a hash of the place: the same bytes on every machine."""
    row, column, channel = np.mgrid[:height, :width, :3].astype(np.uint32)
    coarse = (row * 64 // height) * np.uint32(2654435761) + (column * 64 // width) * np.uint32(40503 + seed) + channel * 7
    fine = (row * width + column) * np.uint32(2246822519) + np.uint32(seed)
    mixed = ((coarse ^ (coarse >> 13)) * np.uint32(3266489917)) >> 25  # 0..127
    wave = ((row * (seed + 1) * 5) // height + (column * 3) // width) % 4 * 28  # 0..84
    return (mixed + wave + (fine >> 28)).astype(np.uint8)


REFERENCE = [
    # made by pdqHash256FromFloatLuma of pdq/cpp/hashing at -O3: height, width, seed, hash, quality
    (480, 640, 1, "b5418758360295b3fc7a29d3ea889b3998e3bf5979ef2cd64530476ccf109119", 100),
    (333, 777, 2, "38b3b6a68a480b6d972def9cea2dd34d38e32492c7bc2db2131ca0d6037cacd6", 100),
    (64, 64, 3, "64c4db49e864ee49678a92693cc3e61efc4f2610df4a8fe4962cc73c4cb2ce98", 100),
    (63, 65, 4, "4f085bc34a4918e77d96973cd1826f1c3e56b23c599edf040f1c97bc0f2a1d68", 100),
    (5, 300, 5, "de4dad7021b2d24fa9b68142c84d7ebd57192db1de4dad7121b2d24fa9b68142", 100),
    (129, 127, 6, "c71835b2070c95f6957a7cee7f3486facd48a582fa5c40e3c09cbc12b3388f3a", 100),
    (1080, 720, 7, "2730d4b89940f138cb7b158e97fee6b654c70e486f6cc72c8a5977207315e338", 100),
    (513, 512, 8, "814a8d102512f7186cbc6efa0bcec778931d6de84fdefcdca7000e2ce8b8ba96", 100),
    (40, 900, 9, "f54dc25c2f942bb332d6fa30ca1c78e745168aa7d676e91ca4e16768720826f5", 100),
    (256, 256, 10, "34900f26c538aaa8baae893edf5c7de73e9072667e9c29a2c5bca3aa411c0dab", 100),
]


@pytest.mark.parametrize(("height", "width", "seed", "expected", "quality"), REFERENCE)
def test_equal_pixels_give_the_bits_of_the_reference(height, width, seed, expected, quality):
    hash_, found = pdq(picture(height, width, seed))
    assert to_hex(hash_) == expected
    assert found == quality


def test_pictures_too_small_to_hash_have_no_quality():
    hash_, quality = pdq(picture(4, 300, 1))
    assert (to_hex(hash_), quality) == ("0" * 64, 0)
    assert fingerprint(picture(300, 4, 1)).quality == 0


def test_a_uniform_picture_has_no_quality():
    assert pdq(np.full((200, 300, 3), 90, np.uint8))[1] == 0
    assert fingerprint(np.full((200, 300, 3), 90, np.uint8)).quality == 0


def _natural(height: int, width: int) -> np.ndarray:
    """Soft shapes, as pictures have them: noise at several scales."""
    layers = [cv2.resize(picture(size, size, size), (width, height), interpolation=cv2.INTER_CUBIC) for size in (6, 12, 25)]
    return np.mean(layers, axis=0).astype(np.uint8)


DONE = {
    "none": lambda p: p,
    "mirrored": lambda p: p[:, ::-1],
    "flipped": lambda p: p[::-1],
    "rotated_180": lambda p: p[::-1, ::-1],
    "transposed": lambda p: p.swapaxes(0, 1),
    "rotated_90": lambda p: np.rot90(p, -1),
    "rotated_270": lambda p: np.rot90(p, 1),
    "transversed": lambda p: p[::-1, ::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("edit", ORIENTATIONS)
@pytest.mark.parametrize("shape", [(480, 640), (511, 300), (64, 64), (150, 129), (1080, 1350)])
def test_what_was_done_to_a_picture_is_undone_by_its_place(edit, shape):
    original = _natural(*shape)
    sought = pdq(reduced(original))[0]
    seen = fingerprint(np.ascontiguousarray(DONE[edit](original)))
    found = distances(seen.hashes, sought[None])[:, 0]
    assert found.argmin() == ORIENTATIONS.index(edit)
    assert found.min() <= 12


def test_reducing_first_changes_few_bits():
    large = _natural(1080, 1920)
    assert reduced(large).shape == (512, 512, 3)
    assert distances(fingerprint(large).hashes[:1], pdq(large)[0][None])[0, 0] <= 16


def test_the_first_hash_is_that_of_the_reduced_picture():
    for shape in ((300, 200), (700, 900)):
        pixels = _natural(*shape)
        assert to_hex(fingerprint(pixels).hashes[0]) == to_hex(pdq(reduced(pixels))[0])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_distance_counts_bits_and_hex_turns_back(one, other):
    a, b = from_hex(one.hex()), from_hex(other.hex())
    assert to_hex(a) == one.hex()
    expected = (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()
    assert distances(a[None], b[None])[0, 0] == expected


@pytest.mark.parametrize("digits", ["", "ab", "0" * 66, "g" * 64])
def test_what_is_no_hash_is_refused(digits):
    with pytest.raises(ValueError, match="hexadecimal"):
        from_hex(digits)
