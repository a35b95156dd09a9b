from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jikim.copies import hash_index, segments
from jikim.copies.hash_index import LIST_NAME, HashIndex
from jikim.errors import StateError


def hashes_of(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def flipped(hash_, count, seed):
    bits = np.unpackbits(hash_)
    bits[np.random.default_rng(seed).choice(256, count, replace=False)] ^= 1
    return np.packbits(bits)


def pairs(hits):
    return set(zip(hits.queries.tolist(), hits.items.tolist(), hits.frames.tolist(), hits.distances.tolist(), strict=True))


def by_comparing(known, queries, radius):
    """(query, item, frame 0, distance) of all pairs within the radius, the plain way; item numbers from 1."""
    distances = np.bitwise_count(queries[:, None, :] ^ known[None, :, :]).sum(axis=2)
    return {(int(q), int(k) + 1, 0, int(distances[q, k])) for q, k in np.argwhere(distances <= radius)}


def indexed(known, *, sealed=0):
    index = HashIndex()
    numbers = np.arange(1, len(known) + 1)
    if sealed:
        index._seal(segments.dealt(known[:sealed]), numbers[:sealed].astype(np.uint64) << np.uint64(24))
    index.extend(numbers[sealed:], np.zeros(len(known) - sealed, int), known[sealed:])
    return index


@pytest.fixture
def crowd():
    """Hashes of which many lie at every distance from 0 to 40 of each other, and queries beside them."""
    first = hashes_of(50)
    near = np.stack([flipped(first[k % 50], k % 41, k) for k in range(3000)])
    known = np.unique(np.concatenate([first, near, hashes_of(500, 5)]), axis=0)
    queries = np.stack([flipped(first[k % 50], k % 20, 9000 + k) for k in range(150)])
    return np.random.default_rng(3).permutation(known), queries


@pytest.mark.parametrize("sealed", [0, 1, 1700, 10**6])
@pytest.mark.parametrize("radius", [0, 17, 31])
def test_it_finds_exactly_what_comparing_all_finds(crowd, sealed, radius):
    known, queries = crowd
    index = indexed(known, sealed=min(sealed, len(known)))
    hits = index.near(queries, radius, limit=10**6)
    assert pairs(hits) == by_comparing(known, queries, radius)
    assert len(pairs(hits)) == len(hits.items)
    assert not hits.is_cut.any()


@pytest.mark.parametrize("sealed", [False, True])
@settings(max_examples=150)
@given(data=st.data())
def test_whichever_31_bits_differ_it_is_found(sealed, data):
    """Bits gathered in few boxes are what the search by boxes would miss if it missed anything."""
    hash_ = hashes_of(1, seed=data.draw(st.integers(0, 2**32 - 1)))[0]
    boxes = data.draw(st.lists(st.integers(0, 15), min_size=2, max_size=16, unique=True))
    places = sorted(segments._DEALT[[box * 16 + bit for box in boxes for bit in range(16)]])
    differing = data.draw(st.lists(st.sampled_from(places), min_size=0, max_size=31, unique=True))
    bits = np.unpackbits(hash_)
    bits[differing] ^= 1
    index = indexed(np.stack([hash_, *hashes_of(1200 if data.draw(st.booleans()) else 3, 1)]), sealed=4 if sealed else 0)
    hits = index.near(np.packbits(bits)[None], limit=3)
    assert (hits.items[0], hits.distances[0]) == (1, len(differing))


@pytest.mark.parametrize("count", [0, 1])
def test_it_works_with_nothing_and_with_one_item(tmp_path, count):
    index = indexed(hashes_of(count))
    for _ in range(2):
        assert pairs(index.near(hashes_of(1))) == ({(0, 1, 0, 0)} if count else set())
        assert index.near(hashes_of(0)).items.size == 0
        assert len(index) == count
        index.save(tmp_path)
        index = HashIndex.open(tmp_path)


def test_frames_of_an_item_are_told_apart_and_come_back_after_saving(tmp_path):
    index = HashIndex()
    index.add(7, hashes_of(5))
    index.add(9, hashes_of(5)[3:])
    expected = {(0, 7, 3, 0), (0, 9, 0, 0), (1, 7, 4, 0), (1, 9, 1, 0)}
    assert pairs(index.near(hashes_of(5)[3:])) == expected
    index.save(tmp_path)
    again = HashIndex.open(tmp_path)
    assert (again.sealed_up_to, len(again)) == (9, 7)
    assert pairs(again.near(hashes_of(5)[3:])) == expected


def test_hidden_items_are_in_no_answer_until_shown_again_and_dropped_ones_are_gone(tmp_path):
    index = indexed(np.repeat(hashes_of(1), 30, axis=0), sealed=20)
    for item in range(1, 30):
        index.hide(item)
    assert pairs(index.near(hashes_of(1), limit=2)) == {(0, 30, 0, 0)}
    index.show(3)
    assert pairs(index.near(hashes_of(1))) == {(0, 3, 0, 0), (0, 30, 0, 0)}
    index.save(tmp_path, dropped=range(1, 30))
    assert pairs(HashIndex.open(tmp_path).near(hashes_of(1))) == {(0, 30, 0, 0)}
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert segments.dealt(hashes_of(1)).tobytes() in raw
    index.save(tmp_path, dropped=[30])
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert segments.dealt(hashes_of(1)).tobytes() not in raw


@pytest.mark.parametrize(("count", "sealed"), [(100_000, 0), (1_000_000, 1_000_000)])
def test_a_flood_of_one_hash_gives_a_bounded_answer(count, sealed):
    index = indexed(np.repeat(hashes_of(1), count, axis=0), sealed=sealed)
    index.hide(1)
    hits = index.near(hashes_of(2), limit=50)
    assert hits.items.tolist() == list(range(2, 52))
    assert hits.is_cut.tolist() == [True, False]
    assert len(index) == count


@pytest.mark.parametrize(("count", "sealed"), [(20_000, 0), (200_000, 200_000)])
def test_a_flood_of_one_hash_of_which_nearly_all_is_hidden_is_read_once_for_all_queries(count, sealed):
    index = indexed(np.repeat(hashes_of(1), count, axis=0), sealed=sealed)
    for item in range(1, count - 1):
        index.hide(item)
    tracemalloc.start()
    hits = index.near(np.repeat(hashes_of(1), 64, axis=0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.bincount(hits.queries).tolist() == [2] * 64
    assert set(hits.items.tolist()) == {count - 1, count}
    assert peak < 200 * count


@pytest.mark.parametrize("sealed", [0, 10**6])
def test_a_flood_of_hashes_that_share_their_keys_is_answered_exactly(sealed):
    """All lie within 12 bits of each other in three boxes: every chain and bucket of the others holds all of them."""
    places = segments._DEALT[:48]
    bits = np.tile(np.unpackbits(hashes_of(1), axis=1), (3000, 1))
    random = np.random.default_rng(2)
    for row in bits:
        row[random.choice(places, 6, replace=False)] ^= 1
    known = np.unique(np.packbits(bits, axis=1), axis=0)
    index = indexed(known, sealed=min(sealed, len(known)))
    assert pairs(index.near(known[:3], limit=10**5)) == by_comparing(known, known[:3], 31)


def test_more_than_a_segment_is_cut_into_segments(tmp_path, monkeypatch):
    monkeypatch.setattr(hash_index, "SEGMENT_ROWS", 1000)
    monkeypatch.setattr(hash_index, "TAIL_ROWS", 100)
    known = hashes_of(3500)
    index = indexed(known)
    assert index.is_due
    index.save(tmp_path)
    assert not index.is_due
    before = {path.name for path in tmp_path.glob("*.segment")}
    assert len(before) == 4
    index.add(4000, hashes_of(1, 77))
    index.save(tmp_path)
    after = {path.name for path in tmp_path.glob("*.segment")}
    assert len(before & after) >= 3  # full segments stay as they are
    again = HashIndex.open(tmp_path)
    assert pairs(again.near(known, 0)) == {(k, k + 1, 0, 0) for k in range(3500)}
    again.save(tmp_path, dropped=[2])
    assert pairs(HashIndex.open(tmp_path).near(known, 0)) == {(k, k + 1, 0, 0) for k in range(3500) if k != 1}


@pytest.mark.parametrize(
    "bad",
    [
        lambda index: index.add(1, np.zeros((1, 31), np.uint8)),
        lambda index: index.add(1, np.zeros((1, 32), np.int64)),
        lambda index: index.add(-1, np.zeros((1, 32), np.uint8)),
        lambda index: index.add(1 << 32, np.zeros((1, 32), np.uint8)),
        lambda index: index.near(np.zeros((1, 32), np.uint8), 32),
    ],
)
def test_what_cannot_be_indexed_is_refused_and_leaves_no_trace(bad):
    index = HashIndex()
    with pytest.raises(ValueError):  # noqa: PT011
        bad(index)
    assert len(index) == 0


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    indexed(hashes_of(300)).save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=60)
@given(data=st.data())
def test_a_file_cut_short_or_changed_is_refused_and_never_crashes(saved, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("broken")
    name = data.draw(st.sampled_from(sorted(saved)))
    content = saved[name]
    # the tables are long and mostly alike: the places where files start and end are the ones to try
    place = data.draw(st.one_of(st.integers(0, 64), st.integers(max(0, len(content) - 64), len(content) - 1)))
    damaged = data.draw(
        st.sampled_from(
            [content[:place], content + b"\0", content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :], b""]
        )
    )
    for other, whole in saved.items():
        (folder / other).write_bytes(damaged if other == name else whole)
    with pytest.raises(StateError) as caught:  # noqa: PT012 - whichever of the three meets it first
        index = HashIndex.open(folder)
        assert (index.near(hashes_of(300)).distances <= 31).all()
        index.check()
    assert caught.value.key in ("copies.index_damaged", "copies.index_newer", "copies.index_unreadable")


def test_a_newer_index_or_segment_is_refused_by_name(saved, tmp_path):
    for name, content in saved.items():
        (tmp_path / name).write_bytes(content)
    segment = next(tmp_path.glob("*.segment"))
    rows, owners = 300, 300
    header = segments._HEADER.pack(b"JIKIMPDQ", 99, rows, owners, 0, 0, 0)[:-4]
    segment.write_bytes(header + segments.zlib.crc32(header).to_bytes(4, "little") + segment.read_bytes()[len(header) + 4 :])
    with pytest.raises(StateError) as caught:
        HashIndex.open(tmp_path)
    assert caught.value.key == "copies.index_newer"
    (tmp_path / LIST_NAME).write_bytes(b'{"schema": 2, "and": "whatever comes"}')
    with pytest.raises(StateError) as caught:
        HashIndex.open(tmp_path)
    assert caught.value.key == "copies.index_newer"


def test_a_missing_segment_is_said(saved, tmp_path):
    (tmp_path / LIST_NAME).write_bytes(saved[LIST_NAME])
    with pytest.raises(StateError) as caught:
        HashIndex.open(tmp_path)
    assert caught.value.key == "copies.index_unreadable"


def test_hashes_are_read_where_they_lie_in_the_file_however_many_there_are(tmp_path):
    for count in (299, 300):
        index = indexed(hashes_of(count))
        index.save(tmp_path / str(count))
        (_, segment), *_ = index._segments
        assert segment.hashes.flags.aligned
