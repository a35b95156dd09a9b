"""Which frames of an item are like those of a query: by their hashes, and by keypoints compared one frame against all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.keypoints import mirrored_descriptors
from jikim.copies.pdq import distances

DISTANCE_MAX = 31
SINGLE_DISTANCE_MAX = 24
"""One frame among many has more chances to be like another by accident."""

QUALITY_MIN = 50
_NEAREST = 8
_ROWS = 48
_VOTING_POINTS = 120
_LIKE = 0.8
_REFERENCES = 3


def hash_votes(query: ItemFingerprint, reference: ItemFingerprint) -> list[tuple[int, int, float]]:
    """Pairs of frames whose hashes are alike in the orientation in which most are, each with what it is worth."""
    mine = [place for place, frame in enumerate(query.frames) if frame.quality >= QUALITY_MIN]
    theirs = [place for place, frame in enumerate(reference.frames) if frame.quality >= QUALITY_MIN]
    if not mine or not theirs:
        return []
    known = np.stack([reference.frames[place].pdq[0] for place in theirs])
    table = np.empty((len(mine), 8, len(theirs)), np.int16)
    for start in range(0, len(mine), _ROWS):
        rows = mine[start : start + _ROWS]
        hashes = np.concatenate([query.frames[place].pdq for place in rows])
        table[start : start + len(rows)] = distances(hashes, known).reshape(len(rows), 8, -1)
    _add_views(table, query, reference, mine, theirs)
    limit = SINGLE_DISTANCE_MAX if len(query.frames) == 1 or len(reference.frames) == 1 else DISTANCE_MAX
    turn = int((table.min(axis=2) <= limit).sum(axis=0).argmax())
    chosen = table[:, turn]
    found = []
    for row, nearest in enumerate(np.argsort(chosen, axis=1, kind="stable")[:, :_NEAREST]):
        for column in nearest:
            if chosen[row, column] <= limit:
                found.append((mine[row], theirs[int(column)], 1 - float(chosen[row, column]) / 64))
    return found


def _add_views(
    table: NDArray[np.int16], query: ItemFingerprint, reference: ItemFingerprint, mine: list[int], theirs: list[int]
) -> None:
    """Takes in what lies inside borders, upright, on either side."""
    inner = [(row, query.frames[place].views) for row, place in enumerate(mine) if len(query.frames[place].views)]
    known = np.stack([reference.frames[place].pdq[0] for place in theirs])
    for row, views in inner:
        table[row, 0] = np.minimum(table[row, 0], distances(views, known).min(axis=0))
    upright = np.stack([query.frames[place].pdq[0] for place in mine])
    for column, place in enumerate(theirs):
        views = reference.frames[place].views
        if len(views):
            table[:, 0, column] = np.minimum(table[:, 0, column], distances(upright, views).min(axis=1))
            for row, own in inner:
                table[row, 0, column] = min(table[row, 0, column], distances(own, views).min())


class PointVotes:
    """The strongest keypoints of the frames of one item, to find the frames that a picture is likeliest a copy of."""

    def __init__(self, frames: Sequence[PictureFingerprint]) -> None:
        kept = [frame.descriptors[:_VOTING_POINTS] for frame in frames]
        self._starts = np.cumsum([0, *(len(one) for one in kept[:-1])])
        self._known = _unit(np.concatenate(kept)).T

    def likeliest(self, picture: PictureFingerprint) -> list[int]:
        """Places of the frames with most like keypoints, upright or mirrored, best first."""
        own = picture.descriptors[:_VOTING_POINTS]
        counts = []
        for descriptors in (own, mirrored_descriptors(own)):
            alike = _unit(descriptors) @ self._known
            counts.append((np.maximum.reduceat(alike, self._starts, axis=1) > _LIKE).sum(axis=0))
        total = np.maximum(*counts)
        return [int(place) for place in np.argsort(-total, kind="stable")[:_REFERENCES] if total[place] >= 3]


def _unit(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = descriptors.astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6), np.float32)
