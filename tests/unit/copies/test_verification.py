from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn import bordered, drawing, pasted, recompressed

from jikim.copies.edits import edit_of, words
from jikim.copies.fingerprints import NO_FEATURES, PictureFingerprint
from jikim.copies.geometry import REFERENCE_POINTS, best_geometry
from jikim.copies.keypoints import Seeker, mirrored_descriptors, mirrored_points
from jikim.copies.pdq import ORIENTATIONS
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.verification import FEWEST_INLIERS, Relation, compare_pictures

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


def _known(seed: int) -> PictureFingerprint:
    taken = fingerprint_picture(drawing(seed))
    return replace(taken, features=taken.features.first(REFERENCE_POINTS))


@pytest.fixture(scope="module")
def original() -> PictureFingerprint:
    return _known(1)


def _edited(pixels: np.ndarray) -> PictureFingerprint:
    return fingerprint_picture(recompressed(np.ascontiguousarray(pixels)))


def _rounded(code: str) -> str:
    """Amounts to the nearest five."""
    parts = [part.partition(":") for part in code.split("+")]
    return "+".join(f"{name}:{round(int(amount) / 5) * 5}" if amount else name for name, _, amount in parts)


def _without_points(picture: PictureFingerprint) -> PictureFingerprint:
    return replace(picture, features=NO_FEATURES)


def _without_hashes(picture: PictureFingerprint) -> PictureFingerprint:
    return replace(picture, quality=0)


CROP = drawing(1)[36:-36, 48:-48]

EDITS = {
    "cropped:20": CROP,
    "cropped:50": drawing(1)[90:270, 120:360],
    "mirrored+cropped:20": CROP[:, ::-1],
    "bordered": bordered(drawing(1), top=70, bottom=70),
    "bar:20": cv2.copyMakeBorder(drawing(1), 90, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255)),
    "inside:25": pasted(drawing(1), drawing(50), (150, 30), 0.5),
    "stretched:33": cv2.resize(drawing(1), (360, 360)),
    "none": (drawing(1) // 2 + 20),
}


@pytest.mark.parametrize(("edit", "pixels"), EDITS.items(), ids=EDITS)
def test_an_edited_copy_is_recognised_and_its_edit_named(original, edit, pixels):
    query = _edited(pixels)
    told = compare_pictures(query, original)
    assert told.relation is Relation.COPY
    assert told.score > 0.95
    assert _rounded(edit_of(told, query, original)) == _rounded(edit)


def test_a_tilted_picture_photographed_askew_is_recognised(original):
    corners = np.float32([[0, 0], [480, 0], [480, 360], [0, 360]])
    askew = np.float32([[40, 30], [470, 10], [440, 340], [20, 330]])
    query = _edited(cv2.warpPerspective(drawing(1), cv2.getPerspectiveTransform(corners, askew), (500, 380)))
    assert compare_pictures(query, original).relation is Relation.COPY


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_hashes_and_keypoints_agree_on_how_a_picture_was_turned(original, orientation):
    query = _edited(DONE[orientation](drawing(1)))
    told = [compare_pictures(one(query), original) for one in (_without_points, _without_hashes, lambda both: both)]
    assert [one.relation for one in told] == [Relation.COPY] * 3
    assert [edit_of(one, query, original) for one in told] == [orientation] * 3
    assert [one.is_mirrored for one in told] == [told[0].is_mirrored] * 3
    for one in told:
        np.testing.assert_allclose(one.transform, told[0].transform, atol=0.03)
        assert one.coverage_query == pytest.approx(1, abs=0.05)
        assert one.coverage_item == pytest.approx(1, abs=0.05)


def test_coverages_are_the_shares_of_the_areas_that_both_show(original):
    told = compare_pictures(_edited(EDITS["cropped:50"]), original)
    assert told.coverage_query == pytest.approx(1, abs=0.03)
    assert told.coverage_item == pytest.approx(0.25, abs=0.03)
    told = compare_pictures(_edited(EDITS["inside:25"]), original)
    assert told.coverage_query == pytest.approx(0.25, abs=0.03)
    assert told.coverage_item == pytest.approx(1, abs=0.03)


def test_other_pictures_have_nothing_to_do_with_each_other():
    known = [_known(seed) for seed in range(100, 108)]
    for seed in range(200, 208):
        query = fingerprint_picture(drawing(seed))
        for reference in known:
            told = compare_pictures(query, reference)
            assert told.relation is Relation.NONE
            assert told.score == 0
            assert told.inliers <= 6


def test_next_to_uniform_pictures_match_nothing_not_even_themselves():
    noise = np.random.default_rng(1).normal(30, 1.5, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    for pixels in (np.zeros((300, 400, 3), np.uint8), np.full((300, 400, 3), 255, np.uint8), recompressed(noise)):
        taken = fingerprint_picture(pixels)
        assert len(taken.points) == 0
        assert compare_pictures(taken, taken).relation is Relation.NONE
        assert compare_pictures(taken, _known(1)).relation is Relation.NONE


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (4, 4), (15, 700), (17, 17)])
def test_tiny_and_thin_pictures_do_no_harm(original, shape):
    pixels = np.random.default_rng(2).integers(0, 256, (*shape, 3), np.uint8)
    taken = fingerprint_picture(pixels)
    assert compare_pictures(taken, original).relation is Relation.NONE
    assert compare_pictures(original, taken).relation is Relation.NONE


def test_the_same_room_with_something_else_in_it_is_no_copy():
    """Only a strip of the two is the same: geometry holds there, and elsewhere nothing agrees."""
    room, other = drawing(7), drawing(8)
    other[:, :150] = room[:, :150]
    told = compare_pictures(fingerprint_picture(other), _known(7))
    assert told.relation is Relation.SAME_SCENE
    assert told.agreement < 0.5
    assert told.inliers >= 9


def test_a_mark_that_two_pictures_share_is_nothing_to_tell_of():
    mark = cv2.resize(drawing(9), (110, 82), interpolation=cv2.INTER_AREA)
    one, other = drawing(10), drawing(11)
    one[270:352, 360:470] = other[270:352, 360:470] = mark
    reference = fingerprint_picture(other)
    told = compare_pictures(fingerprint_picture(one), reference)
    assert told.inliers >= 9
    assert told.relation is Relation.NONE


def test_mirrored_keypoints_are_those_of_the_mirrored_picture():
    grey = cv2.cvtColor(drawing(3), cv2.COLOR_RGB2GRAY)
    points, descriptors = Seeker().keypoints(grey, 300)
    own_points, own = Seeker().keypoints(np.ascontiguousarray(grey[:, ::-1]), 300)
    expected_points, expected = mirrored_points(points, 1.0), mirrored_descriptors(descriptors)
    off = np.linalg.norm(expected_points[:, None, :2] - own_points[None, :, :2], axis=2)
    near = off.argmin(axis=1)
    same = off.min(axis=1) < 0.004
    assert same.mean() > 0.7
    difference = np.abs(expected[same].astype(int) - own[near[same]].astype(int)).mean(axis=1)
    assert np.median(difference) < 6


def test_any_number_of_the_first_keypoints_shows_every_scale():
    points, _ = Seeker().keypoints(cv2.cvtColor(drawing(4), cv2.COLOR_RGB2GRAY), 1000)
    assert len(points) > 200
    sizes = points[:60, 2] * 480
    assert (sizes < 4).any()
    assert (sizes > 11).sum() >= 10


@pytest.mark.parametrize("contrast", [1.0, 0.1], ids=["plain", "faint"])
def test_keypoints_described_while_they_are_sought_are_the_same(contrast: float):
    grey = cv2.convertScaleAbs(cv2.cvtColor(drawing(4), cv2.COLOR_RGB2GRAY), alpha=contrast, beta=60)
    for one, other in zip(Seeker().keypoints(grey, 200), Seeker(are_few=True).keypoints(grey, 200), strict=True):
        assert len(one)
        assert np.array_equal(one, other)


def test_a_map_needs_three_points(original):
    few = replace(original, features=original.features.first(2))
    assert best_geometry(few, original) is None
    assert best_geometry(original, few) is None


def test_an_edit_is_put_into_words():
    said = words("mirrored+cropped:12+speed:110")
    assert said.en == "mirrored, cropped 12 %, 1.1x speed"
    assert said.ko == "좌우 뒤집음, 가장자리 12 % 잘라냄, 1.1배속"
    assert words("tilted:-5").en == "tilted by 5°"
    with pytest.raises(KeyError):
        words("vanished")


def _with_few_places(query: PictureFingerprint, reference: PictureFingerprint) -> PictureFingerprint:
    """The query with its first keypoints alone, as many as agree with the reference in 7 places."""
    for count in range(FEWEST_INLIERS, len(query.points)):
        few = replace(query, features=query.features.first(count))
        found = best_geometry(few, reference)
        if found and found.inliers == FEWEST_INLIERS:
            return few
    raise AssertionError("no number of keypoints agrees in 7 places")


def test_few_places_prove_a_picture_whose_blocks_nearly_all_agree(original: PictureFingerprint):
    few = _with_few_places(_edited(CROP), original)
    assert compare_pictures(few, original).relation is Relation.NONE
    assert compare_pictures(few, original, are_alone=True).relation is Relation.COPY


def test_few_places_prove_nothing_where_blocks_differ_or_are_not_known(original: PictureFingerprint):
    few = _with_few_places(_edited(CROP), original)
    other = fingerprint_picture(drawing(2)[36:-36, 48:-48])
    for query in (replace(few, sketch=other.sketch), replace(few, sketch=None)):
        assert compare_pictures(query, original, are_alone=True).relation is Relation.NONE
