"""Names what was done to a known picture, from the map between the two.

An edit is written as a code that machines read, parts joined by `+`: `mirrored+cropped:12`. Parts: a name of
pdq.ORIENTATIONS, `tilted:DEGREES` (clockwise), `cropped:PERCENT` (of the side that lost most), `bordered` (uniform borders
added), `bar:PERCENT` (something added above, below or beside, of the height or width), `inside:PERCENT` (part of a larger
picture, whose area it fills by so much), `stretched:PERCENT`, and for videos `speed:PERCENT` (125 is 1.25x), `backwards`.
`none` stands for a copy as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.geometry import size_of
from jikim.copies.pdq import ORIENTATIONS
from jikim.copies.verification import PictureRelation
from jikim.messages import Message, render

NONE = ORIENTATIONS[0]
MARGIN_MIN = 0.025
"""Shares of a side below this are within the accuracy of the map."""

STRETCH_MIN = 1.07
TILT_MIN = 1.5
BORDERED_MIN = 0.5
"""A picture with uniform edges that fills less than this share is not bordered but part of something larger."""

_UPRIGHT = ("none", "rotated_270", "rotated_180", "rotated_90")
_REFLECTED = ("mirrored", "transversed", "flipped", "transposed")
"""By how many quarter turns clockwise carry the query, mirrored first if reflected, to the known picture."""


def edit_of(relation: PictureRelation, query: PictureFingerprint, reference: PictureFingerprint) -> str:
    """The code of what was done to the reference to make the query."""
    if relation.transform is None or _has_no_shape(reference):
        is_part = relation.transform is not None and relation.coverage_query < 1 - MARGIN_MIN
        return f"inside:{round(100 * relation.coverage_query)}" if is_part else relation.orientation
    linear = relation.transform[:, :2]
    angle = float(np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])))
    quarters = round(angle / 90) % 4
    orientation = (_REFLECTED if relation.is_mirrored else _UPRIGHT)[quarters]
    tilt = (angle + 45) % 90 - 45
    parts = [] if orientation == NONE else [orientation]
    if abs(tilt) >= TILT_MIN:
        parts.append(f"tilted:{round(tilt if relation.is_mirrored else -tilt)}")
    parts += _stretched(linear) + _cropped(relation.transform, query, reference) + _surrounded(relation, query, reference)
    return "+".join(parts) or NONE


def _has_no_shape(reference: PictureFingerprint) -> bool:
    """Of an item that came as a hash alone nobody knows how wide and high it was; it is kept as one pixel."""
    return (reference.width_px, reference.height_px) == (1, 1)


SOUND_ONLY = "sound"
"""The edit of an item of which nothing but the sound is there."""


def is_sound_only(code: str) -> bool:
    """Whether an edit is that of an item of which nothing but the sound is there."""
    return code.split("+")[0] == SOUND_ONLY


def words(code: str) -> Message:
    """The edit in Korean and English. Raises KeyError for a code that is none."""
    parts = [_part_words(part) for part in code.split("+")]
    return Message(", ".join(part.ko for part in parts), ", ".join(part.en for part in parts))


def _part_words(part: str) -> Message:
    name, _, amount = part.partition(":")
    key = f"copies.edit.{name}"
    if name == "speed":
        return render(key, {"times": f"{int(amount) / 100:g}"})
    return render(key, {"amount": amount.removeprefix("-")} if amount else {})


def _stretched(linear: NDArray[np.float64]) -> list[str]:
    most, least = np.linalg.svd(linear, compute_uv=False)
    return [f"stretched:{round(100 * (most / least - 1))}"] if most / least >= STRETCH_MIN else []


def _cropped(transform: NDArray[np.float64], query: PictureFingerprint, reference: PictureFingerprint) -> list[str]:
    """By how much of a side the query falls short of the reference."""
    seen = _corners(size_of(query)) @ transform[:, :2].T + transform[:, 2]
    size = size_of(reference)
    margins = np.concatenate([seen.min(axis=0), size - seen.max(axis=0)]) / np.tile(size, 2)
    lost = np.where(margins > MARGIN_MIN / 2, margins, 0).reshape(2, 2).sum(axis=0).max()
    return [f"cropped:{round(100 * lost)}"] if lost >= MARGIN_MIN else []


def _surrounded(relation: PictureRelation, query: PictureFingerprint, reference: PictureFingerprint) -> list[str]:
    """What the query shows around the reference: uniform borders, one bar, or a larger picture."""
    assert relation.transform is not None
    inverse = np.linalg.inv(relation.transform[:, :2])
    placed = (_corners(size_of(reference)) - relation.transform[:, 2]) @ inverse.T
    size = size_of(query)
    left, top, right, bottom = np.concatenate([placed.min(axis=0), size - placed.max(axis=0)]) / np.tile(size, 2)
    added = [share for share in (left, top, right, bottom) if share >= MARGIN_MIN]
    if not added:
        return []
    if len(added) == 1:
        return [f"bar:{round(100 * added[0])}"]
    if len(query.views) and relation.coverage_query >= BORDERED_MIN:
        return ["bordered"]
    return [f"inside:{round(100 * relation.coverage_query)}"]


def _corners(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]])
