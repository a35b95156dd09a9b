"""A second look at a picture for the same things, by CenterNet: where it sees them, and how surely.

It costs some six times as much as the first detector, so that it is asked for stills and for the few frames of a film in which
the first is surest of a thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Pixels
from jikim.seams import Sessions

WEIGHTS = "centernet"
SIDE_PX = 512
STRIDE = 4
PEAK_FROM = 0.05
"""The least heat of a place at which something is taken to be seen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
    """`heat` (128, 128, n): how surely the middle of a thing of each of n classes lies there. `reach` (128, 128, 4): how far a
    thing with its middle there reaches to the left, top, right and bottom, in pixels of the 512 x 512 picture. `scale` (2,):
    what a pixel of that picture is across and down in the frame."""

    heat: Floats
    reach: Floats
    scale: Floats

    def peaks(self, kind: int) -> Floats:
        """(n, 4): left, top, width, height in pixels of the frame of what it sees of one class; the surest of it always."""
        heat = self.heat[:, :, kind]
        highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((heat >= PEAK_FROM) & (heat == highest))
        if not rows.size:
            rows, columns = np.unravel_index([heat.argmax()], heat.shape)
        middle = np.stack([columns, rows], axis=1).astype(np.float32) * STRIDE
        reach = self.reach[rows, columns]
        start, end = middle - reach[:, :2], middle + reach[:, 2:]
        return np.concatenate([start * self.scale, (end - start) * self.scale], axis=1)

    def sureness(self, box: Floats, kind: int) -> float:
        """The highest heat of a class in and just beside a box (left, top, width, height) of the frame."""
        start = np.floor(box[:2] / self.scale / STRIDE).astype(int) - 2
        end = np.ceil((box[:2] + box[2:]) / self.scale / STRIDE).astype(int) + 2
        (left, top), (right, bottom) = np.clip(start, 0, 127), np.clip(end, 1, 128)
        return float(self.heat[top : max(bottom, top + 1), left : max(right, left + 1), kind].max())


def look(sessions: Sessions, pixels: Pixels, classes: Sequence[Sequence[int]]) -> SecondLook:
    """Looks at an RGB picture for things of `classes`, each one place or more among the 80 of COCO of which the surest counts.
    Raises WeightsMissing."""
    height, width = pixels.shape[:2]
    is_larger = max(height, width) > SIDE_PX
    picture = cv2.resize(pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA if is_larger else cv2.INTER_LINEAR)
    names = ["tower_0/keypoints:0", "tower_0/wh:0"]
    given = {"tower_0/images:0": picture[None].astype(np.float32)}
    heat, reach = sessions.session(WEIGHTS).run(names, given, _giving_back())
    scale = np.array([width / SIDE_PX, height / SIDE_PX], np.float32)
    surest = np.stack([heat[0][:, :, list(places)].max(axis=2) for places in classes], axis=2)
    return SecondLook(surest, reach[0], scale)


@cache
def _giving_back() -> Any:
    """Run options with which the 58 MB that a look needs are given back after it, for a fifth more time."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options
