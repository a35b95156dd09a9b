"""Drawn things: what the detectors, taught on photographs, do not see in clip art, emoji and cartoons.

A linear head on EfficientNet-Lite1's pooled features, taught on openly licensed icons and on drawings made by code
(`training/drawn_things`). Only pictures of flat areas are asked; photographs hardly ever are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.concept_features import pooled
from jikim.analyzers.pictures import Box, Pixels, scaled_down
from jikim.seams import Sessions

WEIGHTS = "efficientnet-lite1"
HEAD_FILE = "objects_drawn.npz"

DRAWN_SIDE_PX = 256
DRAWN_FLATNESS = 0.4
"""The share of pixels whose neighbours are as bright as they are from which on a picture is taken for a drawing: reached by 95
of 100 pictures of clip art, and by fewer than one of 100 photographs of COCO, whose 99th percentile is 0.29."""
GROUND_SHARE = 0.7
"""How much of a picture's edge is of one colour where a thing lies on a plain ground."""
GROUND_NEAR = 24
MARGIN = 0.06

THRESHOLDS = {"book": 0.7, "teddy bear": 0.5, "backpack": 0.5}
"""From where on a thing counts as drawn; of 550 other icons of families never learned from 2 % are taken for a book, 1.4 % for
a teddy bear, 0.5 % for a backpack. Chosen on these and the even half of the clip art."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """`factors` (n, 2560) and `constants` (n,): the log-odds of n labels from features whose two halves have length one."""

    labels: tuple[str, ...]
    factors: Vector
    constants: Vector

    def scores(self, features: Vector) -> dict[str, float]:
        """How surely each label is drawn, 0..1."""
        odds = self.factors @ features + self.constants
        return {label: float(score) for label, score in zip(self.labels, 1 / (1 + np.exp(-odds)), strict=True)}


def drawn(sessions: Sessions, pixels: Pixels, box: Box) -> dict[str, float]:
    """How surely what an RGB drawing shows in its `drawn_box` is each label. Raises WeightsMissing."""
    return shipped_head().scores(features(sessions, pixels, box))


def features(sessions: Sessions, pixels: Pixels, box: Box) -> Vector:
    """(2560,): average and maximum pooling of what is drawn in a box, each of length one. Raises WeightsMissing."""
    left, top, width, height = (int(side) for side in box)
    part = np.ascontiguousarray(pixels[top : top + height, left : left + width])
    halves = [half / max(float(np.linalg.norm(half)), 1e-6) for half in pooled(sessions, part)]
    return np.concatenate(halves).astype(np.float32)


def is_drawing(pixels: Pixels) -> bool:
    """Whether a picture is made of flat areas, as drawings are and photographs are not."""
    small, _ = scaled_down(pixels, DRAWN_SIDE_PX)
    if min(small.shape[:2]) < 2:
        return False
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.int16)
    across, down = grey[:-1, 1:] == grey[:-1, :-1], grey[1:, :-1] == grey[:-1, :-1]
    return bool((across & down).mean() >= DRAWN_FLATNESS)


def drawn_box(pixels: Pixels) -> Box:
    """What lies on a plain ground, with a narrow margin of it; the whole picture where there is no such ground."""
    height, width = pixels.shape[:2]
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = np.median(edge, axis=0)
    if (np.abs(edge - ground).max(axis=1) <= GROUND_NEAR).mean() < GROUND_SHARE:
        return Box(0, 0, width, height)
    values = np.abs(np.arange(256)[:, None] - ground) > GROUND_NEAR  # by table: a still may have millions of pixels
    is_other = cv2.LUT(pixels, values.astype(np.uint8)[None])
    rows = np.flatnonzero(is_other.reshape(height, -1).any(axis=1))
    columns = np.flatnonzero(np.any(np.any(is_other, axis=0), axis=1))
    if not rows.size:
        return Box(0, 0, width, height)
    margin = round(MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    bottom, right = min(height, int(rows[-1]) + 1 + margin), min(width, int(columns[-1]) + 1 + margin)
    return Box(left, top, right - left, bottom - top)


@cache
def shipped_head() -> Head:
    """The head that comes with this version."""
    with np.load(BytesIO(files("jikim.analyzers").joinpath(HEAD_FILE).read_bytes()), allow_pickle=False) as file:
        return Head(tuple(map(str, file["labels"])), file["factors"].astype(np.float32), file["constants"].astype(np.float32))
