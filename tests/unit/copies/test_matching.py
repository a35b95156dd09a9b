from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.banks import Bank, BankFrame, BankItem, ListedBank
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.matching import Match, Matcher
from jikim.copies.pdq import fingerprint, from_hex, to_hex
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.store import create_bank
from jikim.types import MediaKind


def _scene(seed: int) -> np.ndarray:
    """A soft abstract picture (300, 400, 3), different for each seed."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.integers(0, 256, (size, size, 3), np.uint8), (400, 300)) for size in (5, 9, 17)]
    return np.mean(layers, axis=0).astype(np.uint8)


def _bank_frame(pixels: np.ndarray, at_s: float | None) -> BankFrame:
    seen = fingerprint(pixels)
    return BankFrame(at_s, to_hex(seen.hashes[0]), seen.quality)


def _still(seed: int) -> BankItem:
    return BankItem(f"{seed:064x}", f"still {seed}", "still", None, (_bank_frame(_scene(seed), None),))


def _video(*seeds: int) -> BankItem:
    frames = tuple(_bank_frame(_scene(seed), float(at)) for at, seed in enumerate(seeds))
    return BankItem(f"{seeds[0]:064x}", "video", "video", float(len(seeds)), frames)


def _query(*scenes: np.ndarray) -> list[PictureFingerprint]:
    first_s = 0.0 if len(scenes) == 1 else 10.0
    return [fingerprint_picture(np.ascontiguousarray(one), first_s + at, points_max=0) for at, one in enumerate(scenes)]


def _matches(banks: list[Bank], frames: list[PictureFingerprint]) -> list[Match]:
    """What the frames, known by their hashes, are held to be a copy of."""
    kind = MediaKind.IMAGE if len(frames) == 1 else MediaKind.VIDEO
    length_s = None if len(frames) == 1 else max((frame.at_s for frame in frames), default=0.0) + 1
    query = ItemFingerprint("f" * 64, kind, 400, 300, length_s, tuple(frames), None)
    return Matcher([ListedBank(bank) for bank in banks]).match(query)


def _match(item: BankItem, frames: list[PictureFingerprint]) -> list[Match]:
    return _matches([Bank("b", (item,))], frames)


def _altered(frame: PictureFingerprint, bits: int) -> PictureFingerprint:
    """The same frame with that many bits of every hash turned over."""
    mask = np.packbits(np.arange(256) < bits)
    return replace(frame, pdq=frame.pdq ^ mask, views=frame.views ^ mask)


def test_a_still_is_recognised_mirrored_and_recompressed():
    for edit, pixels in (("none", _scene(1)), ("mirrored", _scene(1)[:, ::-1]), ("rotated_90", np.rot90(_scene(1), -1))):
        encoded = cv2.imencode(".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
        (match,) = _match(_still(1), _query(cv2.imdecode(encoded, cv2.IMREAD_COLOR)))
        assert match.edit == edit
        assert match.score > 0.9
        assert (match.coverage_query, match.coverage_item) == (1.0, 1.0)
        assert match.segments == ()


def test_other_pictures_do_not_match():
    bank = Bank("b", tuple(_still(seed) for seed in range(30)))
    for seed in range(100, 130):
        assert _matches([bank], _query(_scene(seed))) == []


@pytest.mark.parametrize(("bits", "found"), [(31, 1), (32, 0)])
def test_stills_match_up_to_distance_31(bits, found):
    assert len(_match(_still(1), [_altered(_query(_scene(1))[0], bits)])) == found


@pytest.mark.parametrize(("bits", "found"), [(24, 1), (25, 0)])
def test_one_frame_against_a_video_must_be_nearer(bits, found):
    assert len(_match(_video(1, 2, 3), [_altered(_query(_scene(2))[0], bits)])) == found
    other, shown = _query(_scene(50), _scene(1))
    video = [other, _altered(shown, bits)]
    matches = _match(_still(1), video)
    assert len(matches) == found
    if found:
        assert (matches[0].segments[0].start_s, matches[0].coverage_query) == (11.0, 0.5)


def test_a_video_needs_two_moments_of_each():
    item = _video(1, 2, 3, 4)
    (match,) = _match(item, _query(_scene(60), _scene(2), _scene(61), _scene(4)))
    found = (match.segments[0].start_s, match.segments[-1].end_s, match.segments[0].item_start_s)
    assert found == pytest.approx((11.0, 13.0, 1.0), abs=1.0)
    assert 0 < match.coverage_query < 1
    assert _match(item, _query(_scene(60), _scene(2), _scene(61))) == []
    assert len(_match(item, _query(_scene(4), _scene(2)))) == 1, "a film may be played backwards"


def test_frames_of_different_orientation_do_not_add_up():
    item = _video(1, 2, 3)
    assert _match(item, _query(_scene(1), _scene(2)[:, ::-1])) == []
    (match,) = _match(item, _query(_scene(1)[:, ::-1], _scene(2)[:, ::-1], _scene(90)))
    assert match.edit == "mirrored"


def test_a_slow_shot_says_where_in_the_item_it_was():
    """Frames of the item that are like each other do not draw the match to the first of them."""
    scene = _scene(1).astype(np.float32)
    shots = [np.clip(scene * (1 - 0.02 * step) + _scene(2) * 0.02 * step, 0, 255).astype(np.uint8) for step in range(12)]
    frames = tuple(_bank_frame(shot, float(at)) for at, shot in enumerate(shots))
    item = BankItem("5" * 64, "slow", "video", 12.0, frames)
    (match,) = _match(item, _query(shots[4], shots[9]))
    assert match.segments[0].item_start_s == pytest.approx(4.0, abs=1.0)


def test_one_frame_shown_twice_is_still_one():
    assert _match(_video(1, 2, 3), _query(_scene(2), _scene(2))) == []
    assert _match(_video(1, 1, 1), _query(_scene(1), _scene(70))) == []


def _film(*scenes: np.ndarray, sha256: str = "f" * 64) -> ItemFingerprint:
    return ItemFingerprint(sha256, MediaKind.VIDEO, 400, 300, 90.0, tuple(_query(*scenes)), None)


def test_a_closer_look_compares_what_the_last_one_showed():
    matcher = Matcher([ListedBank(Bank("b", (_video(1, 2, 3), _video(5, 6, 7))))])
    (first,) = matcher.match(_film(_scene(1), _scene(2)))
    closer = _film(_scene(1), _scene(2), _scene(3), _scene(5), _scene(6))
    (again,) = matcher.match(closer, [first], is_closer=True)
    assert (again.item, again.segments[-1].end_s) == (first.item, pytest.approx(13.0, abs=1.0))
    assert len(matcher.match(closer, [first])) == 2, "a look that is no closer one compares all"
    matcher.match(_film(_scene(1), _scene(2), sha256="e" * 64))
    assert len(matcher.match(closer, [first], is_closer=True)) == 2, "it was another file that was looked at last"


def test_a_closer_look_tells_nothing_of_what_was_disabled_since(tmp_path):
    with create_bank(tmp_path, "b", BankSettings()) as bank:
        shown = _film(_scene(1), _scene(2), sha256="a" * 64)
        bank.add(NewItem(shown, "shown"))
        matcher = Matcher([bank])
        query = _film(_scene(1), _scene(2))
        found = matcher.match(query)
        assert [one.label for one in matcher.match(query, found, is_closer=True)] == ["shown"]
        bank.set_state(bank.item_by_id("a" * 64).number, ItemState.DISABLED)
        assert matcher.match(query, found, is_closer=True) == []


def _blank(shade: int, sha256: str) -> ItemFingerprint:
    frame = fingerprint_picture(np.full((300, 400, 3), shade, np.uint8), points_max=0)
    return ItemFingerprint(sha256, MediaKind.IMAGE, 400, 300, None, (frame,), None)


def test_a_blank_picture_is_the_very_file_or_nothing(tmp_path):
    """By its looks it is like every other one; by its bytes it is itself, while it is active."""
    with create_bank(tmp_path, "b", BankSettings()) as bank:
        bank.add(NewItem(_blank(200, "a" * 64), "blank"))
        (found,) = Matcher([bank]).match(_blank(200, "a" * 64))
        assert (found.label, found.relation, found.edit, found.segments) == ("blank", "copy", "none", ())
        assert 0.98 < found.score < 1
        assert Matcher([bank]).match(_blank(200, "b" * 64)) == []
        bank.set_state(bank.item_by_id("a" * 64).number, ItemState.DISABLED)
        assert Matcher([bank]).match(_blank(200, "a" * 64)) == []


def test_near_uniform_frames_never_match():
    flat = np.full((300, 400, 3), 80, np.uint8)
    item = BankItem("0" * 64, "flat", "still", None, (_bank_frame(flat, None),))
    assert _match(item, _query(flat)) == []
    zeros = BankItem("0" * 64, "zeros", "still", None, (BankFrame(None, "0" * 64, 100),))
    assert _match(zeros, _query(flat)) == []
    assert _match(_video(1, 2), []) == []


def test_the_nearest_item_comes_first_and_empty_banks_do_no_harm():
    banks = [Bank("empty", ()), Bank("b", (BankItem("1" * 64, "hollow", "video", 3.0, ()), _still(1), _still(2)))]
    assert [match.label for match in _matches(banks, _query(_scene(2)))] == ["still 2"]
    assert _matches([], _query(_scene(2))) == []


def test_hashes_survive_the_bank_file():
    (frame,) = _still(5).frames
    assert to_hex(from_hex(frame.pdq)) == frame.pdq
