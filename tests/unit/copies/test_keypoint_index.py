from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.copies.keypoint_index import INDEXED_POINTS, LIST_NAME, KeypointIndex
from jikim.copies.keypoints import mirrored_descriptors
from jikim.copies.vocabulary import vocabulary
from jikim.errors import StateError


def _descriptors(seed: int, count: int = 60) -> np.ndarray:
    """Random descriptors as sparse as real ones."""
    values = np.random.default_rng(seed).gamma(0.4, 30, (count, 128))
    return np.clip(values * 512 / np.linalg.norm(values, axis=1, keepdims=True), 0, 255).astype(np.uint8)


def _jittered(descriptors: np.ndarray, amount: float = 6) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, amount, descriptors.shape)
    return np.clip(descriptors + noise, 0, 255).astype(np.uint8)


def _filled(count: int = 30) -> KeypointIndex:
    index = KeypointIndex()
    for item in range(count):
        index.add(item, 0, _descriptors(item))
    return index


def test_a_picture_is_found_by_its_keypoints_jittered_and_mirrored():
    index = _filled()
    for item in (0, 13, 29):
        for seen in (_jittered(_descriptors(item)), mirrored_descriptors(_jittered(_descriptors(item)))):
            best, *others = index.vote(seen)
            assert (best.item, best.frame) == (item, 0)
            assert all(best.votes > 3 * other.votes for other in others)


def test_an_empty_index_and_one_of_one_answer():
    assert KeypointIndex().vote(_descriptors(1)) == []
    index = KeypointIndex()
    index.add(7, 3, _descriptors(1))
    assert [(vote.item, vote.frame) for vote in index.vote(_descriptors(1))] == [(7, 3)]
    assert index.vote(_descriptors(1)[:0]) == []
    index.add(8, 0, _descriptors(2)[:0])
    assert len(index) == 60


def test_what_is_hidden_removed_or_added_counts_at_once():
    index = _filled()
    index.hide(4)
    assert all(vote.item != 4 for vote in index.vote(_descriptors(4), limit=30))
    index.show(4)
    assert index.vote(_descriptors(4))[0].item == 4
    index.add(99, 5, _descriptors(99))
    assert index.vote(_descriptors(99))[0].item == 99


def test_it_comes_back_from_its_files_and_grows_on(tmp_path):
    index = _filled()
    index.save(tmp_path, stamp="first")
    index.add(50, 1, _descriptors(50))
    assert index.vote(_descriptors(50))[0].item == 50
    again = KeypointIndex.open(tmp_path)
    assert (again.sealed_up_to, again.stamp, len(again)) == (29, "first", 30 * 60)
    again.add(50, 1, _descriptors(50))
    again.save(tmp_path, dropped=[3], stamp="second")
    third = KeypointIndex.open(tmp_path)
    third.check()
    assert (third.sealed_up_to, third.stamp, len(third)) == (50, "second", 30 * 60)
    assert [third.vote(_descriptors(item))[0].item for item in (0, 29, 50)] == [0, 29, 50]
    assert all(vote.item != 3 for vote in third.vote(_descriptors(3), limit=40))
    assert len(list(tmp_path.glob("*.keypoints"))) == 1


def test_only_the_first_keypoints_are_indexed_and_bad_shapes_are_refused():
    index = KeypointIndex()
    index.add(1, 0, _descriptors(1, INDEXED_POINTS + 50))
    assert len(index) == INDEXED_POINTS
    for bad in (np.zeros((3, 64), np.uint8), np.zeros((3, 128), np.float32)):
        with pytest.raises(ValueError, match="128"):
            index.add(2, 0, bad)
    with pytest.raises(ValueError, match="bounds"):
        index.add(-1, 0, _descriptors(1))


def test_a_keypoint_shared_by_everything_decides_nothing():
    index = KeypointIndex()
    shared = _descriptors(1000, 20)
    for item in range(40):
        index.add(item, 0, np.concatenate([_descriptors(item, 40), shared]))
    best, second, *_ = index.vote(np.concatenate([_jittered(_descriptors(5, 40)), shared]))
    assert best.item == 5
    assert best.votes > 2 * second.votes


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[bytes, bytes]:
    folder = tmp_path_factory.mktemp("index")
    _filled(3).save(folder)
    (part,) = folder.glob("*.keypoints")
    return part.read_bytes(), (folder / LIST_NAME).read_bytes()


@given(cut=st.integers(0, 270_000))
def test_a_part_cut_short_is_refused(saved, tmp_path_factory, cut):
    part, listed = saved
    folder = tmp_path_factory.mktemp("cut")
    (folder / listed.decode().split('"parts":["')[1].split('"')[0]).write_bytes(part[: min(cut, len(part) - 1)])
    (folder / LIST_NAME).write_bytes(listed)
    with pytest.raises(StateError):
        KeypointIndex.open(folder)


def test_changed_bytes_are_noticed_by_check_and_newer_files_refused(tmp_path):
    _filled(3).save(tmp_path)
    (path,) = tmp_path.glob("*.keypoints")
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    with pytest.raises(StateError, match="damaged"):
        KeypointIndex.open(tmp_path).check()
    (tmp_path / LIST_NAME).write_bytes((tmp_path / LIST_NAME).read_bytes().replace(b'"schema":1', b'"schema":9'))
    with pytest.raises(StateError, match="newer"):
        KeypointIndex.open(tmp_path)
    (tmp_path / LIST_NAME).write_bytes(b"{")
    with pytest.raises(StateError, match="damaged"):
        KeypointIndex.open(tmp_path)


@pytest.mark.parametrize("seed", range(20))
def test_overwritten_postings_give_an_answer_or_one_clear_error(tmp_path, seed):
    _filled(3).save(tmp_path)
    (path,) = tmp_path.glob("*.keypoints")
    content = np.fromfile(path, np.uint8)
    rng = np.random.default_rng(seed)
    behind_offsets = 180 * (8 + 4) + 3 * (4 + 4)
    start = len(content) - int(rng.integers(1, behind_offsets))
    content[start:] = rng.integers(0, 256, len(content) - start)
    content.tofile(path)
    index = KeypointIndex.open(tmp_path)
    with suppress(StateError):
        assert all(vote.votes > 0 for vote in index.vote(_descriptors(1)))


def test_a_descriptor_and_its_mirror_image_have_one_code():
    codes = vocabulary().codes(_descriptors(1, 300))
    mirrored = vocabulary().codes(mirrored_descriptors(_descriptors(1, 300)))
    np.testing.assert_array_equal(codes.cells, mirrored.cells)
    np.testing.assert_array_equal(codes.bits, mirrored.bits)
