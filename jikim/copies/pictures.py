"""Takes the fingerprint of a picture."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies import pdq
from jikim.copies.blocks import block_codes, sketch
from jikim.copies.borders import content_box, proposed_boxes
from jikim.copies.fingerprints import NO_FEATURES, Features, PictureFingerprint
from jikim.copies.keypoints import POINTS_MAX, Seeker

SPREAD_MIN = 3.0
"""Standard deviation of the grey values below which a picture has nothing that could be told from noise."""

_NO_BOXES = np.empty((0, 4), np.float32)


def fingerprint_picture(
    rgb: NDArray[np.uint8],
    at_s: float = 0.0,
    points_max: int = POINTS_MAX,
    *,
    seeker: Seeker | None = None,
    is_looked_into: bool = False,
) -> PictureFingerprint:
    """The fingerprint of a picture (height, width, 3) RGB, already turned as its EXIF orientation says.

    `points_max`: how many keypoints are kept at most; banks need `geometry.REFERENCE_POINTS`, what is looked at more.
    They are sought when they are first asked for, by `seeker` where other frames of a film are sought by it too.
    `is_looked_into`: also rectangles that may hold another picture are hashed, since that may be known by its hash alone. A
    picture that is next to uniform has no keypoints and a quality below 50: it matches nothing.
    """
    whole = pdq.fingerprint(rgb)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    left, top, right, bottom = content_box(grey)
    views = np.empty((0, 32), np.uint8)
    inside = rgb[top:bottom, left:right]
    if inside.shape != rgb.shape:
        hash_, quality = pdq.pdq(pdq.reduced(inside))
        views = hash_[None] if quality >= 50 else views
    is_uniform = float(grey.std()) < SPREAD_MIN
    insides, inside_boxes = _insides(rgb, grey) if is_looked_into and not is_uniform else (views[:0], _NO_BOXES)
    return PictureFingerprint(
        at_s=at_s,
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        pdq=whole.hashes,
        quality=whole.quality,
        views=views,
        features=NO_FEATURES if is_uniform else _features(grey, points_max, seeker or Seeker()),
        blocks=np.empty(0, np.uint32) if is_uniform else block_codes(grey),
        sketch=None if is_uniform else sketch(grey),
        insides=insides,
        inside_boxes=inside_boxes,
    )


def _features(grey: NDArray[np.uint8], points_max: int, seeker: Seeker) -> Features:
    """The keypoints of a grey picture, at most so many, which `seeker` seeks when they are first asked for."""
    return Features.sought_with(partial(seeker.keypoints, seeker.reduced(grey), points_max)) if points_max else NO_FEATURES


def _insides(rgb: NDArray[np.uint8], grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The hashes (k, 32) of rectangles that may hold another picture and are not too uniform, and where they lie (k, 4)."""
    hashes, boxes = [], []
    for box in proposed_boxes(grey):
        hash_, quality = pdq.pdq(pdq.reduced(rgb[box.top : box.bottom, box.left : box.right]))
        if quality >= 50:
            hashes.append(hash_)
            boxes.append(box)
    if not boxes:
        return np.empty((0, 32), np.uint8), _NO_BOXES
    return np.stack(hashes), np.array(boxes, np.float32) / max(grey.shape)
