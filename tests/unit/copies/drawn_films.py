"""Little films of drawn frames, fingerprinted as they are looked at and as a bank gives them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import sha256

import cv2
import numpy as np

from jikim.copies.films import KNOWN, LOOKED_AT, Density, fingerprint_video
from jikim.copies.fingerprints import ItemFingerprint, pack, unpack
from jikim.copies.keypoints import SIDE_PX
from jikim.types import Frame, Media, MediaKind

FEW_POINTS = {density: replace(density, points_max=120, points_side_px=SIDE_PX) for density in (KNOWN, LOOKED_AT)}
"""Drawings are full of edges; fewer keypoints are enough and quicker. Theirs are sought as large as they were drawn, 480 pixels
wide: edges without a blur do not stand being made a little smaller, which films do."""


def film(
    show: Callable[[float], np.ndarray],
    length_s: float,
    step_s: float,
    density: Density = LOOKED_AT,
    name: str = "",
) -> ItemFingerprint:
    """What `show` draws at each moment, looked at every `step_s`."""
    height, width = show(0.0).shape[:2]
    media = Media(sha256(name.encode()).hexdigest(), MediaKind.VIDEO, "video/mp4", width, height, length_s)
    times = np.arange(0, length_s, step_s)
    frames = [Frame(media.id, float(at), np.ascontiguousarray(show(float(at)))) for at in times]
    return fingerprint_video(media, frames, None, FEW_POINTS[density])


def known(show: Callable[[float], np.ndarray], length_s: float, step_s: float = 0.2, name: str = "") -> ItemFingerprint:
    """As it comes back from a bank."""
    return unpack(pack(film(show, length_s, step_s, KNOWN, name)))


@cache
def room(seed: int, width: int = 480) -> np.ndarray:
    """(270, width, 3): boxes of all colours before a wall, other ones for each seed."""
    rng = np.random.default_rng(seed)
    drawn = cv2.resize(rng.integers(50, 200, (9, 16, 3), np.uint8), (width, 270), interpolation=cv2.INTER_CUBIC)
    for _ in range(width // 8):
        at, size = rng.integers(0, (width, 270)), rng.integers(6, 45, 2)
        colour = tuple(int(one) for one in rng.integers(0, 256, 3))
        cv2.rectangle(drawn, tuple(map(int, at)), tuple(map(int, at + size)), colour, -1)
    return drawn
