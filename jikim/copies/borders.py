"""What of a picture is the picture: uniform borders are left out, and rectangles found that may hold another picture.

Somebody else's picture inside a post, a screenshot or a collage ends in straight lines across or down, mostly with an edge all
along. Known pictures of which a hash is all there is can be found in there only when the rectangle is guessed to a hundredth
of its sides, so what is proposed are a few rectangles whose sides are edges nearly throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies.keypoints import reduced_to

SPREAD_MAX = 6.0
"""Standard deviation of the grey values up to which a row or column is uniform."""

STEP_MAX = 12.0
"""How far the mean of a border's rows may lie from that of the outermost."""

KEPT_MIN = 0.2
"""What is left must be at least this share of each side; otherwise nothing is left out."""

PROPOSED_MAX = 7
SIDE_PX = 512
EDGE_MIN = 10
"""By how much the grey values at the two sides of a line differ."""

COVERED_MIN = 0.55
"""Share of each side of a proposed rectangle that is an edge; sides of the whole picture need none."""

AREA_MIN = 0.04
_LINES = 12
_RUN = 0.12
_GAP_PX = 5
_BESIDE = 2
_CUTS = 4
_SAME = 0.9

Grey = NDArray[np.uint8]


class Box(NamedTuple):
    """Left and top belong to it, right and bottom are the first beyond it."""

    left: int
    top: int
    right: int
    bottom: int


def content_box(grey: Grey) -> Box:
    """What is inside the uniform borders of a grey picture (height, width)."""
    height, width = grey.shape
    top, bottom = _within(grey)
    left, right = _within(grey[top:bottom].T)
    if bottom - top < KEPT_MIN * height or right - left < KEPT_MIN * width:
        return Box(0, 0, width, height)
    return Box(left, top, right, bottom)


def _within(rows: Grey) -> tuple[int, int]:
    """The first row that is not border, and the one after the last."""
    values = rows.astype(np.float32)
    uniform = values.std(axis=1) <= SPREAD_MAX
    means = values.mean(axis=1)
    first = int(np.argmin(uniform & (np.abs(means - means[0]) <= STEP_MAX)))
    last = int(np.argmin((uniform & (np.abs(means - means[-1]) <= STEP_MAX))[::-1]))
    if uniform.all():
        return 0, len(rows)
    return first, len(rows) - last


def proposed_boxes(grey: Grey) -> list[Box]:
    """At most PROPOSED_MAX rectangles of a grey picture (height, width) that may hold another picture, the likeliest first."""
    small = reduced_to(grey, SIDE_PX)
    if min(small.shape) < 32:
        return []
    boxes, covered = _rectangles(_edges(small), _edges(small.T))
    block = np.array(_largest_block(small))
    chosen = [block] if _overlap(block, np.array([0, 0, *small.shape[::-1]])) < _SAME else []
    for place in np.argsort(-covered, kind="stable"):
        if all(_overlap(boxes[place], other) < _SAME for other in chosen):
            chosen.append(boxes[place])
        if len(chosen) == PROPOSED_MAX:
            break
    scale = np.array(grey.shape)[[1, 0, 1, 0]] / np.array(small.shape)[[1, 0, 1, 0]]
    return [Box(*(int(one) for one in np.rint(box * scale))) for box in chosen]


def _largest_block(grey: Grey) -> Box:
    """What is left when the picture is cut along uniform rows and columns and the longest piece is kept, until nothing can be
    cut: a picture on a page."""
    left, top, right, bottom = box = Box(0, 0, *grey.shape[::-1])
    for _ in range(_CUTS):
        first, last = _longest(grey[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _longest(grey[top:bottom, left:right].T)
        left, right = left + first, left + last
        if (left, top, right, bottom) == box:
            break
        box = Box(left, top, right, bottom)
    return box


def _longest(rows: Grey) -> tuple[int, int]:
    """The first row and the one after the last of the longest piece without uniform rows, all where there are none or no
    others."""
    uniform = rows.astype(np.float32).std(axis=1) <= SPREAD_MAX
    cuts = np.flatnonzero(np.diff(np.concatenate([[True], uniform, [True]]).astype(np.int8)))
    starts, ends = cuts[::2], cuts[1::2]
    if not len(starts):
        return 0, len(rows)
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])


def _edges(grey: Grey) -> NDArray[np.bool_]:
    """(height + 1, width): whether a line between two rows is, at a column, the edge there: the step from the two rows above to
    the two below, larger than at the next lines."""
    values = cv2.copyMakeBorder(grey, 2, 2, 0, 0, cv2.BORDER_REPLICATE).astype(np.int16)
    pairs = values[1:] + values[:-1]
    steps = np.abs(pairs[2:] - pairs[:-2]).astype(np.uint16)
    largest = cv2.dilate(steps, np.ones((2 * _BESIDE + 1, 1), np.uint8))
    return np.asarray((steps >= 2 * EDGE_MIN) & (steps == largest))


def _rectangles(across: NDArray[np.bool_], down: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rectangles (n, 4) between likely lines whose four sides are edges enough, and how much of them is."""
    height, width = len(across) - 1, len(down) - 1
    ys, xs = _lines(across), _lines(down)
    tops, bottoms = (part.ravel() for part in np.meshgrid(ys, ys, indexing="ij"))
    lefts, rights = (part.ravel() for part in np.meshgrid(xs, xs, indexing="ij"))
    tall, wide = bottoms - tops >= 0.15 * height, rights - lefts >= 0.15 * width
    tops, bottoms, lefts, rights = tops[tall], bottoms[tall], lefts[wide], rights[wide]
    rows, columns = np.repeat(np.arange(len(tops)), len(lefts)), np.tile(np.arange(len(lefts)), len(tops))
    boxes = np.column_stack([lefts[columns], tops[rows], rights[columns], bottoms[rows]])
    left, top, right, bottom = boxes.T
    boxes = boxes[
        ((right - left) * (bottom - top) >= AREA_MIN * height * width) & ((right - left < width) | (bottom - top < height))
    ]
    if not len(boxes):
        return boxes, np.zeros(0)
    left, top, right, bottom = boxes.T
    of_rows, of_columns = _sums(across), _sums(down)
    sides = np.stack(
        [
            _share(of_rows, top, left, right, height),
            _share(of_rows, bottom, left, right, height),
            _share(of_columns, left, top, bottom, width),
            _share(of_columns, right, top, bottom, width),
        ]
    )
    good = sides.min(axis=0) >= COVERED_MIN
    return boxes[good], sides[:, good].mean(axis=0)


def _lines(edges: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The lines with most edges in long runs, and the two of the picture, in order."""
    near = (edges | np.roll(edges, -1, axis=0)).astype(np.uint8)
    closed = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((1, _GAP_PX), np.uint8))
    run = max(int(_RUN * edges.shape[1]), 8)
    length = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, run), np.uint8)).sum(axis=1, dtype=np.int64)
    lines = [0, len(edges) - 1]
    for line in np.argsort(-length, kind="stable"):
        if not length[line] or len(lines) == _LINES + 2:
            break
        if all(abs(int(line) - other) > 2 for other in lines):
            lines.append(int(line))
    return np.array(sorted(lines))


def _sums(edges: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(lines, length + 1): how many edges there are up to a place, those of the next line counted too."""
    near = edges | np.roll(edges, -1, axis=0)
    return np.asarray(np.pad(near.cumsum(axis=1, dtype=np.int64), ((0, 0), (1, 0))))


def _share(
    sums: NDArray[np.int64], lines: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], last: int
) -> NDArray[np.float64]:
    """The share of stretches of lines that is an edge; 1 for the lines of the picture itself."""
    shares = (sums[lines, ends] - sums[lines, starts]) / np.maximum(ends - starts, 1)
    return np.asarray(np.where((lines == 0) | (lines == last), 1.0, shares))


def _overlap(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The area that two rectangles share, as a share of that of both together."""
    common = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.maximum(common, 0).prod())
    return shared / (float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()) - shared)
