"""Which of several known films a film shows, where more than one would do.

At one moment a film shows one thing at one place. Two lessons filmed before the same wall, where somebody lifts a hand in much
the same way, are each like the other; held against both, the one it was taken from is clearly liker. The other is then the same
scene. Of two items that are the same film in better and in worse quality the worse may be told so too; the better is the copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jikim.copies.comparison import ItemRelation
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint, Segment
from jikim.copies.geometry import size_of
from jikim.copies.verification import PictureRelation

LEAD_MIN = 0.05
"""By how much the gain (profiles.Closeness) of another item must be greater."""

BEHIND_MAX = 0.1
"""How much less what stands still may agree: where it agrees far less, it is the map that is worse and says nothing."""

SHARED_MIN = 0.5
"""And which share of the seconds, and of the place on the screen, both must claim."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one item: when it is shown, how closely (profiles.Closeness), and where on the screen: left, top, right
    and bottom in shares of the query's longer side."""

    segments: tuple[Segment, ...]
    gain: float
    still: float
    box: Box


def claim(found: ItemRelation, query: ItemFingerprint, reference: ItemFingerprint) -> Claim | None:
    """The claim of an item whose frames were compared closely; None of others."""
    if found.best is None or not found.segments or not np.isfinite(found.gain):
        return None
    relation = found.best.relation
    if relation.transform is None:
        return None
    box = _box(relation, relation.transform, query.frames[found.best.frame], reference.frames[found.best.item_frame])
    return Claim(found.segments, found.gain, found.still, box)


def is_outdone(one: Claim, others: Sequence[Claim]) -> bool:
    """Whether another item is clearly liker at the same seconds and place."""
    return any(
        other.gain >= one.gain + LEAD_MIN and not one.still < other.still - BEHIND_MAX and _is_where(one, other)
        for other in others
    )


def is_explained(one: Claim, copies: Sequence[Claim]) -> bool:
    """Whether a copy that is at least as like is shown where and when the same scene is, so that looking closer at that is not
    worth while."""
    return any(other.gain >= one.gain and _is_where(one, other) for other in copies)


def _is_where(one: Claim, other: Claim) -> bool:
    """Whether another item is claimed at most of the seconds, and of the place on the screen, of one."""
    return _shared_s(one.segments, other.segments) >= SHARED_MIN * _length_s(one.segments) and _shared_area(
        one.box, other.box
    ) >= SHARED_MIN * min(_area(one.box), _area(other.box))


def _box(
    relation: PictureRelation, transform: NDArray[np.float64], query: PictureFingerprint, reference: PictureFingerprint
) -> Box:
    """Where the whole of the reference lies on the query's screen."""
    right, bottom = size_of(reference)
    width, height = size_of(query)
    corners = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])
    seen = (corners - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    if relation.is_mirrored:
        seen[:, 0] = width - seen[:, 0]
    low, high = np.clip(seen.min(axis=0), 0, [width, height]), np.clip(seen.max(axis=0), 0, [width, height])
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _shared_area(one: Box, other: Box) -> float:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    return _area((left, top, min(one[2], other[2]), min(one[3], other[3])))


def _length_s(segments: Sequence[Segment]) -> float:
    return sum(segment.end_s - segment.start_s for segment in segments)


def _shared_s(one: Sequence[Segment], other: Sequence[Segment]) -> float:
    """How many seconds lie in both; the segments of one item do not overlap."""
    return sum(max(0.0, min(mine.end_s, theirs.end_s) - max(mine.start_s, theirs.start_s)) for mine in one for theirs in other)
