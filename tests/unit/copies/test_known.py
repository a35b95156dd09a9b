"""The rules of the banks between what was recognised and what is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.exchange import picture_of
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.known import KnownMaterial
from jikim.copies.pdq import to_hex
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.store import create_bank, delete_bank, open_bank
from jikim.errors import BadUse, StateError
from jikim.types import MediaKind


def scene(seed):
    """A soft abstract picture (300, 400, 3), different for each seed."""
    random = np.random.default_rng(seed)
    layers = [cv2.resize(random.integers(0, 256, (size, size, 3), np.uint8), (400, 300)) for size in (5, 9, 17, 60)]
    return np.mean(layers, axis=0).astype(np.uint8)


def still(pixels, name):
    return ItemFingerprint(f"{name:064x}", MediaKind.IMAGE, 400, 300, None, (fingerprint_picture(pixels),), None)


def bare(pixels, name):
    """An item as a third party gives it: one hash."""
    frame = picture_of(to_hex(fingerprint_picture(pixels).pdq[0]))
    return ItemFingerprint(f"{name:064x}", MediaKind.IMAGE, 1, 1, None, (frame,), None)


SEEN, ALIKE = scene(1), cv2.addWeighted(scene(1), 0.85, scene(2), 0.15, 0)


@pytest.fixture
def victims(tmp_path):
    with create_bank(tmp_path, "victims", BankSettings()) as bank:
        bank.add_all([NewItem(still(SEEN, 1), "first"), NewItem(still(scene(3), 2), "other", is_third_party=True)])
        yield bank


def found(known, pixels, name=99):
    return [(match.bank, match.label, match.relation) for match in known.match(still(pixels, name))]


def test_copies_are_told_from_all_banks_and_the_built_in_one(tmp_path, victims):
    with KnownMaterial(tmp_path) as known:
        assert found(known, SEEN) == [("victims", "first", "copy")]
        assert found(known, cv2.GaussianBlur(SEEN[:, ::-1], (5, 5), 1)) == [("victims", "first", "copy")]
        assert found(known, scene(4)) == []
        assert known.has_points


def test_a_bank_made_meanwhile_counts_from_the_first_file_on(tmp_path):
    with KnownMaterial(tmp_path) as known:
        assert not known.has_points
        with create_bank(tmp_path, "later", BankSettings()) as bank:
            bank.add(NewItem(still(SEEN, 1), "first"))
        assert known.has_points, "else its first file would be looked at without keypoints"


def test_a_bank_by_name_and_none_of_that_name(tmp_path, victims):
    create_bank(tmp_path, "others", BankSettings()).close()
    with KnownMaterial(tmp_path, "others") as known:
        assert found(known, SEEN) == []
    with pytest.raises(BadUse) as caught:
        KnownMaterial(tmp_path, "nowhere")
    assert caught.value.params["known"] == "others, victims"
    with pytest.raises(BadUse):
        KnownMaterial(None, "victims")


def test_what_is_on_an_allow_list_is_no_copy_of_what_it_looks_like(tmp_path, victims):
    with KnownMaterial(tmp_path) as known:
        assert found(known, ALIKE) == [("victims", "first", "copy")]
        with create_bank(tmp_path, "harmless", BankSettings(is_allow_list=True)) as harmless:
            harmless.add(NewItem(still(ALIKE, 7), "a look-alike"))
        assert found(known, ALIKE) == []
        assert found(known, SEEN) == [("victims", "first", "copy")]
    with KnownMaterial(tmp_path, "victims") as known:
        assert found(known, ALIKE) == []
        delete_bank(tmp_path, "harmless")
        assert found(known, ALIKE) == [("victims", "first", "copy")]


def test_banks_made_changed_and_disabled_meanwhile_are_minded(tmp_path, victims):
    with KnownMaterial(tmp_path) as known:
        with create_bank(tmp_path, "late", BankSettings()) as late:
            late.add(NewItem(bare(scene(5), 5), "late"))
            assert found(known, scene(5)) == [("late", "late", "copy")]
            late.change_settings(BankSettings(is_enabled=False))
            assert found(known, scene(5)) == []
            late.change_settings(BankSettings(score_min=1.0))
            assert found(known, scene(5)[6:, 6:]) == []
            late.change_settings(BankSettings())
            assert found(known, scene(5)[6:, 6:]) == [("late", "late", "copy")]
        victims.set_state(1, ItemState.DISABLED)
        assert found(known, SEEN) == []


def test_an_item_found_everywhere_is_set_aside(tmp_path, victims):
    victims.change_settings(BankSettings(flood_limit=2))
    with KnownMaterial(tmp_path) as known:
        told = [len(found(known, scene(3), name)) for name in range(10, 15)]
        assert told == [1, 1, 0, 0, 0]
        assert [facts.label for facts in victims.items(ItemState.QUARANTINED)] == ["other"]
        assert [len(found(known, SEEN, name)) for name in range(10, 15)] == [1] * 5  # one's own: confirmed


def test_an_item_of_hashes_alone_is_found_by_them(tmp_path, victims):
    victims.add(NewItem(bare(scene(8), 8), "theirs", is_third_party=True))
    with KnownMaterial(tmp_path) as known:
        assert found(known, scene(8)[::-1]) == [("victims", "theirs", "copy")]


def test_a_damaged_bank_is_an_error_and_not_silence(tmp_path, victims):
    victims.close()
    (tmp_path / "victims" / "bank.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(StateError, match=r"bank\.sqlite"):
        KnownMaterial(tmp_path)
    with pytest.raises(StateError, match=r"bank\.sqlite"):
        open_bank(tmp_path, "victims")


def test_of_a_hash_alone_no_change_of_shape_is_told(tmp_path):
    with create_bank(tmp_path, "listed", BankSettings()) as bank:
        bank.add(NewItem(bare(SEEN, 7), "a"))
    with KnownMaterial(tmp_path) as known:
        (match,) = known.match(still(SEEN, 8))
    assert (match.bank, match.relation, match.edit) == ("listed", "copy", "none")


def test_a_picture_known_by_its_hash_is_found_in_a_film_that_shows_it_once(tmp_path):
    with create_bank(tmp_path, "listed", BankSettings()) as bank:
        bank.add(NewItem(bare(SEEN, 7), "a"))
    shown = [scene(11), scene(12), SEEN[:, ::-1], scene(13)]
    frames = tuple(fingerprint_picture(np.ascontiguousarray(pixels), float(second)) for second, pixels in enumerate(shown))
    film = ItemFingerprint(f"{20:064x}", MediaKind.VIDEO, 400, 300, 4.0, frames, None)
    with KnownMaterial(tmp_path) as known:
        (match,) = known.match(film)
        others = known.match(ItemFingerprint(f"{21:064x}", MediaKind.VIDEO, 400, 300, 2.0, frames[:2], None))
    assert (match.relation, match.edit, match.coverage_query) == ("copy", "mirrored", 0.25)
    assert [(segment.start_s, segment.end_s) for segment in match.segments] == [(2.0, 2.0)]
    assert others == []
