"""Where lines of text stand in a picture: a cheap gate of strokes first, then PP-OCRv6's detector where the gate saw any."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Box, Pixels, scaled_down

Quad = NDArray[np.float32]
"""(4, 2) in pixels: the corners of a line from its upper left, clockwise as it is read."""

GATE_SIDE_PX = 320
STROKE_CONTRAST, COLOUR_CONTRAST = 50, 70
"""By how much strokes differ from what lies on both sides of them, of 255: in brightness, or in red, green or blue. Cyan on
grey may be as bright as its ground: of 180 films with a subtitle nine gave nothing by brightness alone, four with colours."""
STROKES_MIN_SHARE = 0.12
MARGIN_PX = 16
"""How far around what the gate saw the detector looks, at the gate's size."""

STRIDE_PX = 32
MEAN_BGR = np.array([0.485, 0.456, 0.406], np.float32) * 255
DEVIATION_BGR = np.array([0.229, 0.224, 0.225], np.float32) * 255
PIXEL_THRESHOLD = 0.3
GROWTH = 1.6
"""The detector marks the core of a line: its area by its perimeter times this is added on every side."""
SIDE_MIN_PX = 5
BOXES_MAX = 200

REFINED_ROOM, REFINED_LENGTH = 0.6, 2.5
"""How much above and below a line and at its ends is looked at again, in heights of the line."""
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
GAP = 0.5
"""The widest gap within a line, in heights of the line."""
REFINED_HEIGHT_PX = 36
REFINED_ENLARGED_MAX = 2.0
REFINED_SIDE_MAX_PX = 960


@dataclass(frozen=True, slots=True, eq=False)
class TextBox:
    """One line: its corners in pixels of the frame, and the detector's mean confidence inside."""

    corners: Quad
    score: float

    @property
    def box(self) -> Box:
        """The upright box around it."""
        left, top = self.corners.min(axis=0)
        right, bottom = self.corners.max(axis=0)
        return Box(float(left), float(top), float(right - left), float(bottom - top))

    @property
    def is_column(self) -> bool:
        """Whether it is written downwards."""
        return self.height_px > self.width_px

    @property
    def length_px(self) -> float:
        """In the direction of writing."""
        return max(self.width_px, self.height_px)

    @property
    def letter_px(self) -> float:
        """Across the direction of writing."""
        return min(self.width_px, self.height_px)

    @property
    def width_px(self) -> float:
        """Along the line."""
        return float(np.hypot(*(self.corners[1] - self.corners[0])))

    @property
    def height_px(self) -> float:
        """Across the line."""
        return float(np.hypot(*(self.corners[3] - self.corners[0])))


def strokes_box(pixels: Pixels) -> Box | None:
    """What encloses everything that looks like strokes in a row, in pixels of the picture; None where nothing does.

    About 1 ms. Lets nearly all text pass, and many textures.
    """
    small, scale = scaled_down(pixels, GATE_SIDE_PX)
    strokes = _strokes(small)
    rows = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(rows, connectivity=8)
    inside = np.bincount(labels.ravel(), weights=strokes.ravel(), minlength=count)[1:]
    left, top, width, height = stats[1:, :4].T
    found = (width >= 12) & (height >= 4) & (inside >= STROKES_MIN_SHARE * width * height)
    if not found.any():
        return None
    start_x, start_y = left[found].min() - MARGIN_PX, top[found].min() - MARGIN_PX
    end_x, end_y = (left + width)[found].max() + MARGIN_PX, (top + height)[found].max() + MARGIN_PX
    return Box(*(float(side) / scale for side in (start_x, start_y, end_x - start_x, end_y - start_y)))


def _strokes(pixels: Pixels) -> NDArray[np.uint8]:
    """(h, w): 1 where something thin is brighter, darker or of another colour than what lies around it, else 0."""
    looks = cv2.merge([pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)])
    kernel = np.ones((5, 5), np.uint8)
    thin = cv2.max(cv2.morphologyEx(looks, cv2.MORPH_TOPHAT, kernel), cv2.morphologyEx(looks, cv2.MORPH_BLACKHAT, kernel))
    most = (*[COLOUR_CONTRAST - 1] * 3, STROKE_CONTRAST - 1)
    return np.asarray(cv2.inRange(thin, (0, 0, 0, 0), most) == 0, np.uint8)


class TextDetector:
    """PP-OCRv6's detector over an onnxruntime session."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def find(self, pixels: Pixels, longest_px: int, least_score: float) -> list[TextBox]:
        """The lines in a picture, sought as if its longest side were `longest_px`; at most BOXES_MAX, the surest first."""
        part = strokes_box(pixels)
        if part is None:
            return []
        left, top = max(0, int(part.left)), max(0, int(part.top))
        crop = pixels[top : math.ceil(part.top + part.height), left : math.ceil(part.left + part.width)]
        scale = min(1.0, longest_px / max(pixels.shape[:2]))
        found = self._found(crop, min(1.0, max(1, round(max(crop.shape[:2]) * scale)) / max(crop.shape[:2])))
        offset = np.array([left, top], np.float32)
        lines = [TextBox(corners + offset, score) for corners, score in found if score >= least_score]
        return sorted(lines, key=lambda box: -box.score)[:BOXES_MAX]

    def refined(self, pixels: Pixels, line: TextBox) -> TextBox:
        """The same line, its box drawn again from what lies around it, with pieces of the line that `find` left off: it sees
        small letters too coarsely for reading."""
        around = _widened(line).box
        left, top = max(0, int(around.left)), max(0, int(around.top))
        crop = pixels[top : math.ceil(around.top + around.height), left : math.ceil(around.left + around.width)]
        scale = min(REFINED_HEIGHT_PX / line.height_px, REFINED_ENLARGED_MAX, REFINED_SIDE_MAX_PX / max(crop.shape[:2]))
        offset = np.array([left, top], np.float32)
        pieces = _of_one_line(line, [corners + offset for corners, _ in self._found(crop, scale)])
        if not pieces:
            return line
        return TextBox(pieces[0] if len(pieces) == 1 else _around(np.concatenate(pieces)), line.score)

    def _found(self, crop: Pixels, scale: float) -> list[tuple[Quad, float]]:
        """Corners in pixels of the crop, and scores; the detector sees the crop at this scale."""
        height, width = (max(1, round(side * scale)) for side in crop.shape[:2])
        seen = np.asarray(cv2.resize(crop, (width, height), interpolation=_interpolation(scale)), np.uint8)
        (output,) = self._session.run(None, {"x": _prepared(seen)})
        factor = np.array([crop.shape[1] / width, crop.shape[0] / height], np.float32)
        return [(corners * factor, score) for corners, score in _boxes(output[0, 0, :height, :width])]


def _interpolation(scale: float) -> int:
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR


def _axes(line: TextBox) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors along the line and across it."""
    along = (line.corners[1] - line.corners[0]) / max(line.width_px, 1e-3)
    across = (line.corners[3] - line.corners[0]) / max(line.height_px, 1e-3)
    return along, across


def _widened(line: TextBox) -> TextBox:
    """With room around it to look at again."""
    along, across = _axes(line)
    moves = [sign_x * REFINED_LENGTH * along + sign_y * REFINED_ROOM * across for sign_x, sign_y in CORNERS]
    return TextBox(line.corners + np.array(moves, np.float32) * np.float32(line.height_px), line.score)


def _of_one_line(line: TextBox, pieces: list[Quad]) -> list[Quad]:
    """Those that lie on the line, and those that go on from them in the same height without a gap."""
    along, across = _axes(line)
    middle, height = line.corners.mean(axis=0), line.height_px
    level = [piece for piece in pieces if abs(float((piece.mean(axis=0) - middle) @ across)) < height / 2]
    spans = [((piece - middle) @ along, piece) for piece in level]
    own: list[Quad] = []
    start, end = -line.width_px / 2, line.width_px / 2
    for places, piece in sorted(spans, key=lambda span: float(np.abs(span[0]).min())):  # from the middle outwards
        left, right = float(places.min()), float(places.max())
        if left < end + GAP * height and right > start - GAP * height:
            start, end = min(start, left), max(end, right)
            own.append(piece)
    return own


def _around(points: NDArray[np.float32]) -> Quad:
    """The smallest box, turned as it may be, around all the points."""
    return _in_order(np.asarray(cv2.boxPoints(cv2.minAreaRect(points)), np.float32))


def _prepared(pixels: Pixels) -> NDArray[np.float32]:
    """(1, 3, h, w) BGR, normalised, below and beside filled with the mean up to a multiple of the stride."""
    height, width = (math.ceil(side / STRIDE_PX) * STRIDE_PX for side in pixels.shape[:2])
    canvas = np.zeros((height, width, 3), np.float32)
    canvas[: pixels.shape[0], : pixels.shape[1]] = (pixels[:, :, ::-1] - MEAN_BGR) / DEVIATION_BGR
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])


def _boxes(shares: NDArray[np.float32]) -> Iterable[tuple[Quad, float]]:
    """The corners and the mean share of each connected part of what is likely text."""
    likely = (shares > PIXEL_THRESHOLD).astype(np.uint8)
    contours, _ = cv2.findContours(likely, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours[: 5 * BOXES_MAX]:
        middle, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < 2:
            continue
        growth = GROWTH * width * height / (2 * (width + height))
        grown = (middle, (width + 2 * growth, height + 2 * growth), angle)
        if min(grown[1]) >= SIDE_MIN_PX:
            yield _in_order(np.asarray(cv2.boxPoints(grown), np.float32)), _mean_inside(shares, np.asarray(contour, np.int32))


def _mean_inside(shares: NDArray[np.float32], contour: NDArray[np.int32]) -> float:
    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [contour], -1, 1, -1, offset=(-left, -top))
    return float(cv2.mean(shares[top : top + height, left : left + width], mask)[0])


def _in_order(points: Quad) -> Quad:
    """The same corners, clockwise from the upper left one."""
    by_column = points[np.argsort(points[:, 0], kind="stable")]
    left = by_column[:2][np.argsort(by_column[:2, 1], kind="stable")]
    right = by_column[2:][np.argsort(by_column[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)
