"""A picture as numbers that a concept is taught on: what EfficientNet-Lite1 makes of it, and how surely YOLOX-Nano sees each
of the 80 COCO classes anywhere in it.

The numbers are of garments and objects; they are no template of a face and are taken from no picture in which one is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Pixels, scaled_down
from jikim.seams import Sessions

WEIGHTS = ("efficientnet-lite1", "yolox-nano")
BACKGROUND_FILE = "concept_background.npz"

SIDE_PX = 320
LEAST_SIDE_PX = 32
DETECTOR_SIDE_PX = 416
DETECTOR_PADDING = 114
POOLED = 1280
CLASSES = 80
SIZE = 2 * POOLED + CLASSES
SUREST = 1e-4
CLASSES_WEIGHT = 0.5
"""How much the detector's classes count beside each pooling, whose length is one; chosen on the even half of the sets."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Harmless pictures that show nothing in particular. `features` (n, SIZE), already `scaled`; `sha256` of the file."""

    features: Vector
    class_mean: Vector
    class_deviation: Vector
    sha256: str


def raw_features(sessions: Sessions, pixels: Pixels) -> Vector:
    """(SIZE,): average and maximum pooling, and the log-odds of the classes. Raises WeightsMissing."""
    average, maximum = pooled(sessions, pixels)
    (rows,) = sessions.session("yolox-nano").run(None, {"images": _letterboxed(pixels)})
    surest = np.clip((rows[0, :, 5:] * rows[0, :, 4:5]).max(axis=0), SUREST, 1 - SUREST)
    return np.concatenate([average, maximum, np.log(surest / (1 - surest))]).astype(np.float32)


def pooled(sessions: Sessions, pixels: Pixels) -> tuple[Vector, Vector]:
    """Average and maximum pooling (1280,) of EfficientNet-Lite1's last map. Raises WeightsMissing."""
    average, maximum = sessions.session("efficientnet-lite1").run(None, {"pictures": _fitted(pixels)})
    return average[0], maximum[0]


def scaled(raw: Vector, background: Background) -> Vector:
    """(n, SIZE) from (n, SIZE): each pooling of length one, the classes against how the background shows them."""
    classes = (raw[:, 2 * POOLED :] - background.class_mean) / background.class_deviation
    parts = [_unit(raw[:, :POOLED]), _unit(raw[:, POOLED : 2 * POOLED]), classes * np.float32(CLASSES_WEIGHT / CLASSES**0.5)]
    return np.concatenate(parts, axis=1).astype(np.float32)


@cache
def shipped_background() -> Background:
    """The background that comes with this version (`training/concepts`)."""
    content = files("jikim.analyzers").joinpath(BACKGROUND_FILE).read_bytes()
    with np.load(BytesIO(content), allow_pickle=False) as file:
        raw = file["features"].astype(np.float32)
    classes = raw[:, 2 * POOLED :]
    bare = Background(raw, classes.mean(axis=0), classes.std(axis=0) + np.float32(0.3), sha256(content).hexdigest())
    return Background(scaled(raw, bare), bare.class_mean, bare.class_deviation, bare.sha256)


def made_with(sessions: Sessions) -> str:
    """Names what the numbers rest on: those taught on other files must not be compared with them."""
    parts = [*(sessions.sha256(name) for name in WEIGHTS), shipped_background().sha256]
    return sha256(" ".join(parts).encode()).hexdigest()


def _unit(values: Vector) -> Vector:
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6), np.float32)


def _fitted(pixels: Pixels) -> Vector:
    """(1, 3, height, width) as (x - 127) / 128, the longer side SIDE_PX."""
    height, width = pixels.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = (max(LEAST_SIDE_PX, round(width * scale)), max(LEAST_SIDE_PX, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(((small.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None])


def _letterboxed(pixels: Pixels) -> Vector:
    """(1, 3, 416, 416) BGR 0..255 with the picture in the upper left corner."""
    small, _ = scaled_down(pixels, DETECTOR_SIDE_PX)
    canvas = np.full((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX, 3), DETECTOR_PADDING, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[:, :, ::-1]
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
