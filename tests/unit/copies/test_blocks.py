from __future__ import annotations

import cv2
import numpy as np
import pytest

from jikim.copies.blocks import block_codes, carried_codes, correlations, sketch

RNG = np.random.default_rng(5)
PICTURE = cv2.GaussianBlur(cv2.resize(RNG.integers(0, 256, (45, 80), np.uint8), (640, 360)), (0, 0), 2)
KNOWN = block_codes(PICTURE)


def test_half_of_a_cropped_picture_is_the_same_half():
    right = PICTURE[:, 320:]  # 360 high: the longer side; one share of it is 360 / 640 of the reference's
    transform = np.array([[360 / 640, 0, 0.5], [0, 360 / 640, 0]])
    codes, seen, _ = carried_codes(right, transform, (640, 360), is_mirrored=False)
    assert seen.reshape(8, 8).tolist() == [[False] * 4 + [True] * 4] * 8
    assert correlations(codes, KNOWN)[seen].mean() > 0.95


@pytest.mark.parametrize("side_px", [640, 320, 160])
def test_a_mirrored_smaller_brighter_copy_is_the_same(side_px: int):
    small = cv2.resize(PICTURE[:, ::-1], (side_px, side_px * 9 // 16), interpolation=cv2.INTER_AREA)
    edited = np.clip(small * 0.7 + 60, 0, 255).astype(np.uint8)
    codes, seen, _ = carried_codes(edited, np.eye(2, 3), (640, 360), is_mirrored=True)
    assert seen.all()
    assert correlations(codes, KNOWN).mean() > 0.9


def test_another_picture_is_not_the_same():
    other = cv2.GaussianBlur(cv2.resize(RNG.integers(0, 256, (45, 80), np.uint8), (640, 360)), (0, 0), 2)
    codes, _, _ = carried_codes(other, np.eye(2, 3), (640, 360), is_mirrored=False)
    assert abs(correlations(codes, KNOWN).mean()) < 0.15


def test_what_changed_is_found_where_it_changed():
    changed = PICTURE.copy()
    changed[:180, :320] = PICTURE[180:, 320:]
    alike = correlations(block_codes(changed), KNOWN).reshape(8, 8)
    assert alike[:4, :4].mean() < 0.3
    assert np.delete(alike.ravel(), [row * 8 + column for row in range(4) for column in range(4)]).min() > 0.99


@pytest.mark.parametrize("value", [0, 128, 255])
def test_plain_pictures_have_nothing_alike(value: int):
    plain = np.full((90, 160), value, np.uint8)
    assert not block_codes(plain).any()
    assert not correlations(block_codes(plain), block_codes(plain)).any()


def test_sketches_are_small():
    assert sketch(PICTURE).shape == (180, 320)
    assert sketch(PICTURE[:8, :8]).shape == (8, 8)
