from __future__ import annotations

import sqlite3
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from hashlib import sha256
from multiprocessing import get_context

import numpy as np
import pytest
from bank_samples import hash_only, item, new, picture, pointed

from jikim.copies import bank_index
from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.fingerprints import pack
from jikim.copies.segments import dealt
from jikim.copies.store import bank_names, create_bank, delete_bank, open_bank, open_banks
from jikim.errors import BadUse, StateError


@pytest.fixture
def bank(tmp_path):
    with create_bank(tmp_path, "가나-1", BankSettings()) as made:
        yield made


def found(bank, seed):
    return bank.near(picture(seed).pdq[:1]).items.tolist()


def test_what_was_added_is_found_at_once_and_after_opening_again(bank, tmp_path):
    assert bank.add(new(1, label="first", source="a worker", note="n"))
    assert bank.add(new(2, picture(2), picture(3, at_s=1.5), picture(4, at_s=3.0, quality=49)))
    for opened in (bank, open_bank(tmp_path, "가나-1")):
        assert [found(opened, seed) for seed in (1, 2, 3, 4, 5)] == [[1], [2], [2], [], []]
        hits = opened.near(picture(3).pdq[:1])
        assert (hits.frames.tolist(), hits.distances.tolist()) == ([1], [0])
        facts = opened.item(1)
        assert (facts.id, facts.label, facts.source, facts.note) == (item(1).sha256, "first", "a worker", "n")
        assert (facts.state, facts.is_confirmed, facts.is_third_party) == (ItemState.ACTIVE, True, False)
        assert pack(opened.fingerprint(2)) == pack(
            new(2, picture(2), picture(3, at_s=1.5), picture(4, at_s=3.0, quality=49)).fingerprint
        )
        assert len(opened) == 2


def test_adding_again_changes_nothing_and_ones_own_is_no_longer_a_third_partys(bank):
    assert bank.add(new(1, label="theirs", is_third_party=True))
    assert not bank.add(new(1, label="again", is_third_party=True))
    bank.set_state(1, ItemState.REJECTED, is_confirmed=False)
    assert not bank.add(new(1, is_third_party=True))
    assert found(bank, 1) == []
    assert bank.item(1).state == ItemState.REJECTED
    assert not bank.add(new(1, label="ours"))
    facts = bank.item(1)
    assert (facts.label, facts.is_third_party, facts.is_confirmed) == ("theirs", False, True)


def test_a_disabled_item_is_not_found_until_it_is_taken_up_again(bank, tmp_path):
    bank.add_all([new(1), new(2)])
    bank.set_state(1, ItemState.DISABLED)
    assert (found(bank, 1), found(bank, 2)) == ([], [2])
    bank.save_index()
    with open_bank(tmp_path, bank.name) as again:
        assert (found(again, 1), found(again, 2)) == ([], [2])
        again.set_state(1, ItemState.ACTIVE)
        assert found(again, 1) == [1]
    assert found(bank, 1) == [1]
    assert [facts.number for facts in bank.items(ItemState.ACTIVE)] == [1, 2]


def test_a_removed_item_leaves_nothing_behind(bank, tmp_path):
    bank.add_all([new(1, label="SECRET-LABEL"), new(2)])
    bank.save_index()
    bank.remove(1)
    assert (found(bank, 1), bank.item(1), bank.fingerprint(1), len(bank)) == ([], None, None, 1)
    with open_bank(tmp_path, bank.name) as again:
        assert found(again, 1) == []
    bank.save_index()
    bank.close()
    with open_bank(tmp_path, bank.name) as again:
        assert (found(again, 1), found(again, 2)) == ([], [2])
        assert again.add(new(1))
        assert found(again, 1) == [3]
        again.remove(3)
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    hash_ = picture(1).pdq[:1]
    assert b"SECRET-LABEL" not in raw
    assert hash_.tobytes() not in raw
    assert dealt(hash_).tobytes() not in raw
    assert picture(2).pdq[0].tobytes() in raw


def test_two_open_banks_see_each_others_changes_at_once(bank, tmp_path):
    other = open_bank(tmp_path, bank.name)
    bank.add(new(1))
    other.add(new(2))
    bank.add(new(3))
    assert [found(one, seed) for one in (bank, other) for seed in (1, 2, 3)] == [[1], [2], [3]] * 2
    other.remove(1)
    bank.save_index()
    other.add(new(4))
    bank.set_state(2, ItemState.DISABLED)
    assert [found(one, seed) for one in (bank, other) for seed in (1, 2, 3, 4)] == [[], [], [3], [4]] * 2
    other.close()


def test_one_that_looks_again_very_late_still_sees_everything(bank, tmp_path, monkeypatch):
    monkeypatch.setattr(bank_index, "_CHANGES_KEPT", 2)
    bank.add_all(new(seed) for seed in range(10))
    late = open_bank(tmp_path, bank.name)
    for number in range(1, 8):
        bank.remove(number)
    bank.save_index()
    bank.add(new(77))
    assert [bool(found(late, seed)) for seed in [*range(10), 77]] == [False] * 7 + [True] * 4
    late.close()


def test_an_item_is_named_by_the_beginning_of_its_id(bank):
    bank.add_all([new(1), new(2)])
    assert bank.item_by_id(item(2).sha256[:8]).number == 2
    assert bank.item_by_id(item(2).sha256).number == 2
    for bad, key in (("f" * 64, "copies.no_item"), ("12", "copies.bad_item"), ("%_______", "copies.bad_item")):
        with pytest.raises(BadUse) as caught:
            bank.item_by_id(bad)
        assert caught.value.key == key


def test_a_flood_is_quarantined_until_a_person_has_looked(tmp_path):
    with create_bank(tmp_path, "feed", BankSettings(flood_limit=3)) as bank:
        bank.add_all([new(1, is_third_party=True), new(2)])
        files = [sha256(bytes([number])).hexdigest() for number in range(5)]
        for number in (1, 2):
            assert [bank.note_hit(number, name) for name in files[:3] + files[:3]] == [False] * 6
        assert bank.note_hit(1, files[3])
        assert not bank.note_hit(2, files[3])  # one's own are confirmed
        assert (found(bank, 1), found(bank, 2)) == ([], [2])
        assert [facts.id for facts in bank.items(ItemState.QUARANTINED)] == [item(1).sha256]
        bank.set_state(1, ItemState.ACTIVE, is_confirmed=True)
        assert not bank.note_hit(1, files[4])
        assert found(bank, 1) == [1]
        raw = (tmp_path / "feed" / "bank.sqlite").read_bytes() + (tmp_path / "feed" / "bank.sqlite-wal").read_bytes()
        assert not any(bytes.fromhex(name) in raw or name.encode() in raw for name in files)


def test_settings_come_back_and_the_distance_of_a_bank_holds(tmp_path):
    settings = BankSettings(is_allow_list=True, distance_max=4, note="look-alikes")
    near, far = picture(1).pdq[0].copy(), picture(1).pdq[0].copy()
    near[0] ^= 0x0F
    far[0] ^= 0x1F
    with create_bank(tmp_path, "near", settings) as bank:
        bank.add(new(1))
        assert bank.settings == settings
        assert bank.near(np.stack([near, far])).queries.tolist() == [0]


@pytest.mark.parametrize("name", ["", "test", "a/b", "..", "a b", "-a", "x" * 41, "a.b", "a\n"])
def test_what_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(BadUse):
        create_bank(tmp_path, name, BankSettings())
    assert list(tmp_path.iterdir()) == []


def test_banks_are_listed_opened_and_deleted_by_name(tmp_path):
    assert bank_names(tmp_path / "nowhere") == []
    for name in ("b", "a"):
        create_bank(tmp_path, name, BankSettings()).close()
    assert [bank.name for bank in open_banks(tmp_path)] == bank_names(tmp_path) == ["a", "b"]
    with pytest.raises(BadUse):
        create_bank(tmp_path, "a", BankSettings())
    delete_bank(tmp_path, "a")
    assert bank_names(tmp_path) == ["b"]
    with pytest.raises(BadUse) as caught:
        open_bank(tmp_path, "a")
    assert caught.value.params["known"] == "b"


def test_words_too_long_are_refused_and_leave_the_bank_as_it_was(bank):
    with pytest.raises(BadUse):
        bank.add_all([new(1), new(2, note="n" * 501)])
    assert (len(bank), found(bank, 1)) == (0, [])


@pytest.mark.parametrize("damage", ["cut", "bits", "list", "gone", "older"])
def test_a_damaged_index_is_built_anew_from_the_items(bank, tmp_path, damage):
    bank.add_all(new(seed) for seed in range(5))
    bank.save_index()
    bank.remove(2)
    folder = tmp_path / bank.name / "index"
    segment = next(folder.glob("*.segment"))
    older = (folder / "index.json").read_bytes()
    if damage == "older":
        bank.save_index()
        (folder / "index.json").write_bytes(older)
    bank.close()
    if damage == "cut":
        segment.write_bytes(segment.read_bytes()[:-5])
    elif damage == "bits":
        segment.write_bytes(b"\xff" * segment.stat().st_size)
    elif damage == "list":
        (folder / "index.json").write_bytes(b'{"schema": 1')
    elif damage == "gone":
        segment.unlink()
    with open_bank(tmp_path, bank.name) as again:
        assert [found(again, seed) for seed in range(5)] == [[1], [], [3], [4], [5]]
        again.save_index()
        again.check()
    with open_bank(tmp_path, bank.name) as again:
        assert [found(again, seed) for seed in range(5)] == [[1], [], [3], [4], [5]]


def test_bits_that_changed_in_a_long_file_are_found_and_mended_by_the_check(bank, tmp_path):
    bank.add_all(new(seed) for seed in range(5))
    bank.save_index()
    bank.close()
    segment = next((tmp_path / bank.name / "index").glob("*.segment"))
    content = bytearray(segment.read_bytes())
    content[-30] ^= 1
    segment.write_bytes(content)
    with open_bank(tmp_path, bank.name) as again:
        again.check()
        assert [found(again, seed) for seed in range(5)] == [[1], [2], [3], [4], [5]]
    assert bytes(content) not in [path.read_bytes() for path in segment.parent.iterdir() if path.is_file()]


def test_a_newer_index_or_bank_is_refused(bank, tmp_path):
    bank.add(new(1))
    bank.close()
    folder = tmp_path / bank.name
    (folder / "index" / "index.json").write_text('{"schema": 99}')
    with pytest.raises(StateError) as caught:
        open_bank(tmp_path, bank.name)
    assert caught.value.key == "copies.index_newer"
    (folder / "index" / "index.json").unlink()
    connection = sqlite3.connect(folder / "bank.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateError) as caught:
        open_bank(tmp_path, bank.name)
    assert caught.value.key == "state.newer"


def test_a_damaged_fingerprint_is_said_and_hides_no_other(bank, tmp_path):
    bank.add_all([new(1), new(2)])
    connection = sqlite3.connect(tmp_path / bank.name / "bank.sqlite")
    connection.execute("UPDATE item SET fingerprint = substr(fingerprint, 1, 90) WHERE number = 1")
    connection.commit()
    connection.close()
    with pytest.raises(StateError):
        bank.fingerprint(1)
    assert bank.fingerprint(2) is not None


def _add_some(folder, first):
    with open_bank(folder, "shared") as bank:
        for seed in range(first, first + 40):
            bank.add(new(seed))
            if seed % 10 == 0:
                bank.save_index()


def test_four_writers_at_once_lose_nothing(tmp_path):
    create_bank(tmp_path, "shared", BankSettings()).close()
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        list(pool.map(_add_some, [tmp_path] * 4, [0, 40, 80, 120]))
    with open_bank(tmp_path, "shared") as bank:
        assert sorted(found(bank, seed)[0] for seed in range(160)) == list(range(1, 161))
        bank.check()


def test_keypoints_are_looked_up_as_hashes_are(bank, tmp_path):
    def voted(opened, seed):
        return [(vote.item, vote.frame) for vote in opened.vote(pointed(seed).descriptors, 1)]

    assert not bank.has_points
    bank.add(NewItem(hash_only()))
    assert not bank.has_points
    assert voted(bank, 1) == []
    bank.add_all([new(1, pointed(1)), new(2, picture(2), pointed(3, at_s=2.0))])
    assert bank.has_points
    for opened in (bank, open_bank(tmp_path, bank.name)):
        assert (voted(opened, 1), voted(opened, 3)) == ([(2, 0)], [(3, 1)])
    bank.save_index()
    with open_bank(tmp_path, bank.name) as other:
        other.remove(2)
        assert (2, 0) not in voted(bank, 1)
        assert voted(bank, 3) == [(3, 1)]
        bank.save_index()
        bank.set_state(3, ItemState.DISABLED)
        assert (voted(other, 1), voted(other, 3)) == ([], [])
        bank.set_state(3, ItemState.ACTIVE)
        bank.add(new(5, pointed(5)))
        assert (voted(other, 3), voted(other, 5)) == ([(3, 1)], [(4, 0)])
    for path in (tmp_path / bank.name / "index").glob("*.keypoints"):
        path.write_bytes(path.read_bytes()[:-3])
    with open_bank(tmp_path, bank.name) as again:
        assert (voted(again, 3), voted(again, 5)) == ([(3, 1)], [(4, 0)])


def test_what_is_inside_borders_is_looked_up_too(bank):
    inside = picture(8).pdq[:1]
    framed = replace(picture(1), views=inside)
    bank.add(new(1, framed))
    bank.add(new(2, replace(picture(2, quality=49), views=inside)))
    assert (found(bank, 1), found(bank, 8)) == ([1], [1])
