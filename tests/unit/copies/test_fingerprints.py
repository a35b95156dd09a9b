from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.copies.fingerprints import FORMAT, Features, ItemFingerprint, PictureFingerprint, SoundFingerprint, pack, unpack
from jikim.errors import StateError
from jikim.types import MediaKind


def _frame(points: int, views: int, has_blocks: bool, seed: int = 0) -> PictureFingerprint:
    rng = np.random.default_rng(seed)
    return PictureFingerprint(
        at_s=0.5 * seed,
        width_px=640,
        height_px=480,
        pdq=rng.integers(0, 256, (8, 32), np.uint8),
        quality=77,
        views=rng.integers(0, 256, (views, 32), np.uint8),
        features=Features(rng.random((points, 4), np.float32), rng.integers(0, 256, (points, 128), np.uint8)),
        blocks=rng.integers(0, 2**32, 64 * has_blocks, np.uint32),
        sketch=rng.integers(0, 256, (9, 16), np.uint8),
    )


def _item(*frames: PictureFingerprint, sound: SoundFingerprint | None = None) -> ItemFingerprint:
    return ItemFingerprint("ab" * 32, MediaKind.VIDEO, 640, 480, 12.5, frames, sound)


WHOLE = _item(_frame(30, 2, True, 1), _frame(0, 0, False, 2), sound=SoundFingerprint(0.125, np.arange(9, dtype=np.uint32)))


def test_a_fingerprint_comes_back_as_it_was_packed():
    for item in (WHOLE, _item(), _item(_frame(3, 1, False))):
        again = unpack(pack(item))
        assert (again.sha256, again.kind, again.width_px, again.height_px) == ("ab" * 32, MediaKind.VIDEO, 640, 480)
        assert again.duration_s == 12.5
        assert len(again.frames) == len(item.frames)
        for one, other in zip(again.frames, item.frames, strict=True):
            assert (one.at_s, one.width_px, one.height_px, one.quality) == (other.at_s, 640, 480, 77)
            for name in ("pdq", "views", "points", "descriptors", "blocks"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
                assert getattr(one, name).dtype == getattr(other, name).dtype
            assert one.sketch is None
        assert (again.sound is None) == (item.sound is None)
        if again.sound and item.sound:
            np.testing.assert_array_equal(again.sound.codes, item.sound.codes)
    assert pack(unpack(memoryview(pack(WHOLE)))) == pack(WHOLE)


@given(st.integers(0, len(pack(WHOLE)) - 1))
def test_a_fingerprint_cut_short_anywhere_is_refused(length):
    with pytest.raises(StateError) as caught:
        unpack(pack(WHOLE)[:length], "items.bin")
    assert "items.bin" in str(caught.value)


@given(st.integers(0, 200), st.integers(1, 255))
def test_damage_in_the_header_is_refused_or_gives_a_fingerprint_of_the_same_size(place, change):
    damaged = bytearray(pack(WHOLE))
    damaged[place] ^= change
    try:
        again = unpack(bytes(damaged))
    except StateError:
        return
    assert len(pack(again)) >= len(damaged) - 32


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(noise):
    with pytest.raises(StateError):
        unpack(bytes([FORMAT]) + noise)


def test_more_bytes_than_the_header_says_and_a_newer_format_are_refused():
    with pytest.raises(StateError, match="damaged"):
        unpack(pack(WHOLE) + b"\0")
    with pytest.raises(StateError, match="Update"):
        unpack(bytes([FORMAT + 1]) + pack(WHOLE)[1:])
    with pytest.raises(StateError, match="damaged"):
        unpack(b"\0" + pack(WHOLE)[1:])
    features = Features(np.full((1, 4), np.nan, np.float32), np.zeros((1, 128), np.uint8))
    hurt = PictureFingerprint(0.0, 1, 1, np.zeros((8, 32), np.uint8), 0, np.zeros((0, 32), np.uint8), features)
    with pytest.raises(StateError, match="damaged"):
        unpack(pack(_item(hurt)))
