"""The blurred sketch shows that something is there, and not what."""

from __future__ import annotations

import numpy as np
import pytest

from jikim.media.blur import sketch


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (3, 900), (900, 3), (1, 1), (16, 16)])
def test_it_is_grey_and_small(shape: tuple[int, int]) -> None:
    blurred = sketch(np.full((*shape, 3), (255, 0, 0), np.uint8))
    assert blurred.dtype == np.uint8
    assert blurred.ndim == 2
    assert max(blurred.shape) == 128
    assert abs(int(blurred.mean()) - 76) <= 1


def test_detail_is_gone_and_shape_remains() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    assert sketch(stripes).std() < 1
    halves = np.zeros((256, 256, 3), np.uint8)
    halves[:, 128:] = 200
    blurred = sketch(halves)
    assert blurred[:, 0].max() < 5
    assert blurred[:, -1].min() > 195


def test_two_pictures_that_differ_in_detail_alone_look_the_same() -> None:
    rng = np.random.default_rng(1)
    cell = rng.permutation(256).astype(np.uint8).reshape(16, 16)
    pictures = [np.tile(order, (16, 16))[..., None].repeat(3, 2) for order in (cell, cell[::-1])]
    assert (pictures[0] != pictures[1]).any()
    assert np.abs(sketch(pictures[0]).astype(int) - sketch(pictures[1])).max() <= 1


def test_nothing_cannot_be_sketched() -> None:
    with pytest.raises(ValueError, match="nothing"):
        sketch(np.zeros((0, 5, 3), np.uint8))
