"""What is kept of known material instead of the material: enough to recognise a copy, never enough to show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jikim.types import MediaKind


@dataclass(frozen=True, slots=True, eq=False)
class PictureFingerprint:
    """Of one picture, or of one frame of a film at `at_s` seconds.

    `pdq`: (8, 32) uint8, the PDQ hashes of the whole picture in its eight orientations, bit-exact for exchange. `quality`:
    0..100, below 50 the picture is too uniform to be matched by them. `views`: (v, 32) uint8, PDQ hashes of canonical crops,
    upright. `points`: (n, 4) float32, x, y and size as shares of the longer side, angle in degrees. `descriptors`: (n, 128)
    uint8, RootSIFT, of the points.
    """

    at_s: float
    width_px: int
    height_px: int
    pdq: NDArray[np.uint8]
    quality: int
    views: NDArray[np.uint8]
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class SoundFingerprint:
    """Of a sound track: one 32-bit code every `step_s` seconds, (m,) uint32."""

    step_s: float
    codes: NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class ItemFingerprint:
    """Of one file. `sha256` is of its bytes; `frames` are in order of time, one for a picture; `duration_s` is None for it."""

    sha256: str
    kind: MediaKind
    width_px: int
    height_px: int
    duration_s: float | None
    frames: tuple[PictureFingerprint, ...]
    sound: SoundFingerprint | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the query and the stretch of the item it shows, in seconds; `item_end_s` < `item_start_s` is backwards."""

    start_s: float
    end_s: float
    item_start_s: float
    item_end_s: float
