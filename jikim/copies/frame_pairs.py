"""Pairs of frames of a film and a known item that were compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jikim.copies.films import pointed_frames
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.profiles import FramePair
from jikim.copies.verification import INLIERS_MIN, PictureRelation, Relation, compare_pictures

PLACE_MOMENTS_MIN, PLACE_AGREEMENT_MIN = 3, 0.2
"""Two films of one room or table may have little in common at any two moments. So many moments of the query that each agree
with the item in INLIERS_MIN places and this share of the blocks that both show are enough to call it the same scene: of 400
pairs of unrelated films of the half that it was chosen on, compared in 1,273 pairs of frames, one pair of frames had so many
places."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What an earlier look at a query found: of pairs of frames, by when the query shows its frame, in seconds, and the place
    of the item's; and when it shows the frames that were seen then."""

    pairs: Mapping[tuple[float, int], PictureRelation]
    frames_s: frozenset[float]


class Pairs:
    """Pairs of frames, each compared once. `before`: those compared when fewer frames of the same query had been seen. `fresh`
    are frames of the query that have keypoints and had not been seen then."""

    def __init__(self, query: ItemFingerprint, reference: ItemFingerprint, before: Compared | None = None) -> None:
        self.query, self.reference = query, reference
        self.pointed, self.item_pointed = pointed_frames(query), pointed_frames(reference)
        places = {frame.at_s: place for place, frame in enumerate(query.frames)}
        before = before or Compared({}, frozenset())
        self.fresh = [place for place in self.pointed if query.frames[place].at_s not in before.frames_s]
        self._known = {(places[at_s], item_frame): one for (at_s, item_frame), one in before.pairs.items() if at_s in places}

    @property
    def compared(self) -> Compared:
        """All of them, for a later look."""
        pairs = {(self.query.frames[frame].at_s, item_frame): one for (frame, item_frame), one in self._known.items()}
        return Compared(pairs, frozenset(frame.at_s for frame in self.query.frames))

    def relation(self, frame: int, item_frame: int) -> PictureRelation:
        key = frame, item_frame
        if key not in self._known:
            self._known[key] = compare_pictures(self.query.frames[frame], self.reference.frames[item_frame])
        return self._known[key]

    def related(self) -> list[FramePair]:
        """Those compared so far that are related."""
        return [FramePair(*key, one) for key, one in self._known.items() if one.relation is not Relation.NONE]

    def agreeing(self) -> list[FramePair]:
        """Those that agree in INLIERS_MIN places, the most first, even if too little else can be compared to call them
        related."""
        found = [FramePair(*key, one) for key, one in self._known.items() if one.inliers >= INLIERS_MIN]
        return sorted(found, key=lambda pair: -pair.relation.inliers)

    def at_one_place(self) -> list[FramePair]:
        """Those that agree in INLIERS_MIN places and PLACE_AGREEMENT_MIN of what both show."""
        placed = [
            key for key, one in self._known.items() if one.inliers >= INLIERS_MIN and one.agreement >= PLACE_AGREEMENT_MIN
        ]
        return [FramePair(*key, self._placed(*key)) for key in placed]

    def _placed(self, frame: int, item_frame: int) -> PictureRelation:
        frames = self.query.frames[frame], self.reference.frames[item_frame]
        return compare_pictures(*frames, scene_agreement_min=PLACE_AGREEMENT_MIN)
