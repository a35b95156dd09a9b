"""Takes the fingerprint of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies import pdq
from jikim.copies.blocks import block_codes, sketch
from jikim.copies.borders import content_box
from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.keypoints import POINTS_MAX, keypoints

SPREAD_MIN = 3.0
"""Standard deviation of the grey values below which a picture has nothing that could be told from noise."""


def fingerprint_picture(rgb: NDArray[np.uint8], at_s: float = 0.0, points_max: int = POINTS_MAX) -> PictureFingerprint:
    """The fingerprint of a picture (height, width, 3) RGB, already turned as its EXIF orientation says.

    `points_max`: how many keypoints are kept at most; banks need `verification.REFERENCE_POINTS`, what is looked at more. A
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
    points, descriptors = keypoints(grey, 0 if is_uniform else points_max)
    return PictureFingerprint(
        at_s=at_s,
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        pdq=whole.hashes,
        quality=whole.quality,
        views=views,
        points=points,
        descriptors=descriptors,
        blocks=np.empty(0, np.uint32) if is_uniform else block_codes(grey),
        sketch=None if is_uniform else sketch(grey),
    )
