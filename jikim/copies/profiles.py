"""How alike each frame of a film is to each moment of a known one, block by block.

An edit places the film on the screen in one way from beginning to end. So a few frames tell how (`FramePair`), and then every
frame can be carried over and held against all moments of the item at once, at the cost of counting bits. Where in time the
film lies shows in what moves; so does whether it is a copy or another film of the same room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies.blocks import BLOCKS, Carried, carried_codes, correlations
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.geometry import agreed_map, size_of
from jikim.copies.timelines import Stretch, Vote
from jikim.copies.verification import INLIERS_MIN, PictureRelation

ALIKE_MIN = 0.35
"""The mean correlation of its blocks from which a frame may show a moment of the item."""

_FRAMES_MAX = 80
"""So many frames of the query are held against an item."""
_MAPS_TRIED, _MAPS_KEPT, _MAPS_FRAMES = 6, 2, 8
"""So many maps are tried on so many frames; each frame is held against the item by the better of those that are kept."""
_AGREEING_MIN, _AGREEING_MAX = 3, 12
"""How many pairs of frames must share a map to be sure of it, and that is half of those among which it is sought: at most so
many, those that agree in most places."""
_AGREEING_SPREAD_MIN = 0.06
"""How far the points must be spread in any direction, as a share of the item's longer side: a line of them tells no height."""
_FITS, _FITTED_FRAMES, _FIT_ROUNDS, _FIT_STEP = 0.88, 3, 5, 0.012
"""A map under which frames are less like the item than this is fitted: by about so many frames, in so many rounds of changes
that at first are as large as this share of the picture's longer side."""
_FIT_SIDE_PX = 160
"""The longer side of the sketches it is fitted by."""

_SEEN_BLOCKS_MIN = 10
"""A frame of which fewer blocks can be compared with a moment is taken for unlike it."""
_SPREAD, _VOTES = 0.08, 8
"""How far a moment may fall behind the best one of a frame to be voted for, and how many moments are at most."""
_SAME_MOMENT_S = 0.22
_EXACT_S = 0.06
_CLOSE_FRAMES = 3
"""What moves has moved on after a fifth of a second. A moment of the item is compared closely where a frame of the query lies
this near to it, or so many frames around it, of which one is."""

CLOSE_ROWS_MIN = 6
"""From so many moments compared closely on, the others are not counted."""

_CONFIRMS = 0.1
_CONFIRMING_BLOCKS_MIN = 4
"""How far a moment on a stretch may fall behind a frame's likest one, and how many blocks it takes, to be on the stretch: where
nothing moves many moments are alike, and on a plain ground there is little to compare."""

_MOVED = 0.75
_APART_S = 0.4
"""A block of the item moves where it is less like itself than this at half of the moments that lie so far off and more."""
_MOVING_BLOCKS_MIN = 8
"""Of fewer such blocks nothing is said."""
_COVERED, _COVERED_SHARE = 0.4, 0.9
"""A block that is less like the item than this in such a share of all comparisons lies under a sticker and does not count."""
_GAIN_MIN = 5.0
"""How much must differ between moments of the item, in blocks that are told apart by nothing else, to count what was gained."""

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FramePair:
    """A frame of the query and one of the item, as places in their lists, and how they are related."""

    frame: int
    item_frame: int
    relation: PictureRelation


class Closeness(NamedTuple):
    """The mean and the median correlation of blocks that move and the mean of those that stand still over frames of the same
    moments, NaN where there are too few; which share of the blocks moves, how many such frames there are, and how many of
    them were compared closely in time.

    `gain` is by how much frames are liker the moment they should show than other moments of the item, where these differ, as a
    share of how much they differ; NaN where nothing does. What stands still adds nothing to it, and what an edit does to the
    whole film takes little from it; another film shows the room where the item shows a hand, which takes from it.
    """

    moving: float
    moving_median: float
    still: float
    moving_share: float
    frames: int
    close: int
    gain: float


NOT_COMPARED = Closeness(math.nan, math.nan, math.nan, 0.0, 0, 0, math.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """`frames` of the query were held against all `items`, frames of the item with anything on them, under the map that pairs
    of frames surely `shared`, or without one each under the better of a few. `alike` (f, m, 64) are correlations of blocks, NaN
    where a frame shows nothing of a block or it is plain; `marked` (f, 64) in which blocks frames plainly show something that
    not nearly all of them show; `codes` (m, 64) are the item's own, and at `blank_at_s` it shows nothing at all."""

    frames: tuple[PictureFingerprint, ...]
    items: tuple[PictureFingerprint, ...]
    shared: PictureRelation | None
    alike: Floats
    marked: Bools
    codes: NDArray[np.uint32]
    blank_at_s: NDArray[np.float64]

    @property
    def at_s(self) -> NDArray[np.float64]:
        """(f,) when the frames are shown."""
        return np.array([frame.at_s for frame in self.frames])

    @property
    def item_at_s(self) -> NDArray[np.float64]:
        """(m,) the same of the item."""
        return np.array([frame.at_s for frame in self.items])

    @property
    def looked_s(self) -> list[float]:
        """The moments of the query that could vote."""
        return [float(at) for at in self.at_s]

    def means(self) -> Floats:
        """(f, m) mean correlations; -1 where too little is seen. Something in a block that is plain at this moment, and is not
        always, is as unlike it as another thing would be."""
        return _means(self.alike, self._against(self._sometimes()))

    def silent(self, line: Stretch) -> set[float]:
        """The moments at which frames show next to nothing, and so does the item by a stretch, carried on: black before the
        first picture, an empty wall. They do not say that something else is shown."""
        moments = line.speed * self.at_s + line.offset_s
        known_s = np.concatenate([self.item_at_s, self.blank_at_s])
        places = np.abs(known_s - moments[:, None]).argmin(axis=1)
        counted = np.isfinite(self.alike).sum(axis=2) + self._against(np.ones(BLOCKS**2, np.bool_))
        before_blank = np.repeat(self.marked.sum(axis=1)[:, None], len(self.blank_at_s), axis=1)
        is_bare = np.hstack([counted, before_blank])[np.arange(len(places)), places] < _SEEN_BLOCKS_MIN
        is_within = (moments >= -_SAME_MOMENT_S) & (moments <= known_s.max() + _SAME_MOMENT_S)
        return {float(at_s) for at_s in self.at_s[is_bare & is_within]}

    def _sometimes(self) -> Bools:
        """(64,) in which blocks the item has something at one moment at least."""
        return np.asarray((self.codes != 0).any(axis=0))

    def _against(self, is_counted: Bools) -> Floats:
        """(f, m) in how many of the counted blocks frames show something where a moment of the item has nothing."""
        is_plain = (self.codes == 0) & is_counted
        return np.asarray(self.marked.astype(np.float32) @ is_plain.T.astype(np.float32), np.float32)

    def votes(self) -> list[Vote]:
        """Each frame's votes for the moments that it is likest."""
        found = []
        for at_s, means in zip(self.at_s, self.means(), strict=True):
            best = float(means.max())
            if best < ALIKE_MIN:
                continue
            for place in np.argsort(-means, kind="stable")[:_VOTES]:
                behind = (best - float(means[place])) / _SPREAD
                if behind < 1:
                    found.append(Vote(float(at_s), float(self.item_at_s[place]), (1 - behind) * min(1.0, best + 0.3)))
        return found

    def confirmed(self, stretches: Sequence[Stretch]) -> list[Vote]:
        """Votes of frames that are about as like the moment that a stretch, carried on, gives them as any other; of the stretch
        that most of them confirm."""
        return max((self._on(one) for one in stretches), key=lambda votes: sum(vote.weight for vote in votes), default=[])

    def _on(self, stretch: Stretch) -> list[Vote]:
        found = []
        means = _means(self.alike, self._against(self._sometimes()), _CONFIRMING_BLOCKS_MIN)
        reach_s = max(_SAME_MOMENT_S, 0.6 * float(np.median(np.diff(self.item_at_s)))) if len(self.items) > 1 else 0.0
        for at_s, alike in zip(self.at_s, means, strict=True):
            off = np.abs(self.item_at_s - stretch.item_time(float(at_s)))
            place = int(off.argmin())
            best = float(alike.max())
            behind = (best - float(alike[place])) / _CONFIRMS
            if off[place] <= reach_s and best >= ALIKE_MIN and behind < 1:
                found.append(Vote(float(at_s), float(self.item_at_s[place]), (1 - 0.5 * behind) * min(1.0, best + 0.3)))
        return found

    def along(self, stretches: Sequence[Stretch]) -> Closeness:
        """How close frames of the same moments are."""
        all_rows = self._same_moments(stretches)
        close = [row[:2] for row in all_rows if row[2]]
        rows = close if len(close) >= CLOSE_ROWS_MIN else [row[:2] for row in all_rows]
        if not rows:
            return NOT_COMPARED
        with_all = self.alike.reshape(-1, BLOCKS**2)
        is_covered = np.array([_share_below(column, _COVERED) >= _COVERED_SHARE for column in with_all.T])
        table = np.array([self.alike[row] for row in rows])
        counted = np.isfinite(table) & ~is_covered
        moves = np.array([self._moves(item_frame) for _, item_frame in rows])
        moving, still = table[counted & moves], table[counted & ~moves]
        share = len(moving) / max(len(moving) + len(still), 1)
        gain = self._gain(rows, ~is_covered)
        if len(moving) < _MOVING_BLOCKS_MIN:
            return Closeness(math.nan, math.nan, _mean(still), share, len(rows), len(close), gain)
        return Closeness(_mean(moving), float(np.median(moving)), _mean(still), share, len(rows), len(close), gain)

    def _same_moments(self, stretches: Sequence[Stretch]) -> list[tuple[int, int, bool]]:
        """Each moment of the item on a stretch with the frame of the query around it that is likest, and whether that was
        looked for closely; no frame twice."""
        means = self.means()
        if len(self.items) == 1:
            return [
                (frame, 0, True)
                for frame, at_s in enumerate(self.at_s)
                if any(one.segment.start_s <= at_s <= one.segment.end_s for one in stretches)
            ]
        best: dict[int, tuple[float, int, bool]] = {}
        for one in stretches:
            is_inside = (one.segment.start_s <= self.at_s) & (self.at_s <= one.segment.end_s)
            for place, item_at_s in enumerate(self.item_at_s):
                off = np.abs(self.at_s - (item_at_s - one.offset_s) / one.speed) * abs(one.speed)
                near = np.flatnonzero(is_inside & (off <= _SAME_MOMENT_S))
                if not len(near):
                    continue
                frame = int(near[means[near, place].argmax()])
                is_close = bool(off[near].min() <= _EXACT_S) or len(near) >= _CLOSE_FRAMES
                worth = float(means[frame, place])
                if frame not in best or worth > best[frame][0]:
                    best[frame] = worth, place, is_close
        return [(frame, place, is_close) for frame, (_, place, is_close) in sorted(best.items())]

    def _gain(self, rows: Sequence[tuple[int, int]], is_counted: Bools) -> float:
        """How much liker frames are their own moment of the item than others; see Closeness."""
        gained, could = 0.0, 0.0
        for frame, place in rows:
            own = correlations(self.codes[place], self.codes)
            ahead = self.alike[frame, place] - self.alike[frame]
            is_other = np.abs(self.item_at_s - self.item_at_s[place]) >= _APART_S
            taken = is_other[:, None] & (own < _MOVED) & np.isfinite(ahead) & is_counted
            gained += float(ahead[taken].sum())
            could += float((1 - own[taken]).sum())
        return gained / could if could >= _GAIN_MIN else math.nan

    def _moves(self, item_frame: int) -> Bools:
        """(64,) which blocks of a frame of the item look otherwise at most other moments."""
        apart = np.abs(self.item_at_s - self.item_at_s[item_frame]) >= _APART_S
        if not apart.any():
            return np.zeros(BLOCKS**2, np.bool_)
        past = correlations(self.codes[item_frame], self.codes[apart])
        return np.asarray(np.median(past, axis=0) < _MOVED)


def _means(alike: Floats, against: Floats | None = None, seen_min: int = _SEEN_BLOCKS_MIN) -> Floats:
    is_seen = np.isfinite(alike)
    seen = is_seen.sum(axis=2) + (0 if against is None else against)
    sums = np.where(is_seen, alike, np.float32(0)).sum(axis=2)
    return np.asarray(np.where(seen >= seen_min, sums / np.maximum(seen, 1), -1.0), np.float32)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def _share_below(values: Floats, limit: float) -> float:
    """The share of what is known that lies below a limit; 0 where nothing is known."""
    known = values[np.isfinite(values)]
    return float((known < limit).mean()) if len(known) else 0.0


def profiled(
    query: ItemFingerprint,
    reference: ItemFingerprint,
    related: Sequence[FramePair],
    agreeing: Sequence[FramePair],
    first: set[int],
) -> Profile | None:
    """The profile of a query against an item by the map that most of the `agreeing` pairs of frames share, or by those of the
    related ones; None where there are no sketches or no codes. `first` are frames that must be in it."""
    items = [frame for frame in reference.frames if len(frame.blocks)]
    mapped = [pair for pair in related if pair.relation.transform is not None]
    mapped = [pair for pair in mapped if query.frames[pair.frame].sketch is not None]
    if not mapped or not items:
        return None
    ranked = sorted(mapped, key=lambda pair: (-pair.relation.inliers, pair.relation.distance))
    tried = [pair.relation for pair in ranked[:_MAPS_TRIED]]
    agreed, is_sure = _agreed(query, reference, agreeing[:_AGREEING_MAX], tried[0])
    shared = agreed if is_sure else None
    maps = [shared] if shared else _best_maps(query, items, mapped, [*tried, *([agreed] if agreed else [])])
    chosen = _chosen(query, first | {pair.frame for pair in related})
    codes = np.array([frame.blocks for frame in items])
    frames = tuple(query.frames[place] for place in chosen)
    rows = [_row(frame, items[0], codes, maps) for frame in frames]
    marked = np.array([marked for _, marked in rows])
    is_always = marked.mean(axis=0) >= _COVERED_SHARE
    alike = np.array([alike for alike, _ in rows])
    blank_at_s = np.array([frame.at_s for frame in reference.frames if not len(frame.blocks)])
    return Profile(frames, tuple(items), shared, alike, marked & ~is_always, codes, blank_at_s)


def _chosen(query: ItemFingerprint, first: set[int]) -> list[int]:
    """The frames to be held against the item: all, or so many spread around those that are known to show it."""
    places = [place for place, frame in enumerate(query.frames) if frame.sketch is not None]
    if len(places) <= _FRAMES_MAX or not first:
        return [places[int(one)] for one in np.linspace(0, len(places) - 1, min(_FRAMES_MAX, len(places)))]
    near = sorted(places, key=lambda place: min(abs(place - one) for one in first))[: _FRAMES_MAX // 2]
    rest = [place for place in places if place not in set(near)]
    spread = [rest[int(one)] for one in np.linspace(0, len(rest) - 1, min(_FRAMES_MAX // 2, len(rest)))]
    return sorted({*near, *spread})


def _best_maps(
    query: ItemFingerprint,
    items: Sequence[PictureFingerprint],
    mapped: Sequence[FramePair],
    tried: Sequence[PictureRelation],
) -> list[PictureRelation]:
    """The maps under which a few of the frames that are mapped are likest some moment of the item, best first."""
    frames = [mapped[int(place)].frame for place in np.linspace(0, len(mapped) - 1, min(_MAPS_FRAMES, len(mapped)))]
    codes = np.array([frame.blocks for frame in items])

    def worth(relation: PictureRelation) -> float:
        rows = [_row(query.frames[place], items[0], codes, [relation])[0] for place in frames]
        return float(_means(np.array(rows)).max(axis=1).mean())

    worths = [worth(relation) for relation in tried]
    order = np.argsort(-np.array(worths), kind="stable")[:_MAPS_KEPT]
    kept = [tried[int(place)] for place in order]
    if worths[order[0]] < _FITS:
        few = [_small(query.frames[place]) for place in frames[:: max(1, len(frames) // _FITTED_FRAMES)]]
        fitted = _fitted(kept[0], few, items[0], codes)
        if worth(fitted) > worths[order[0]]:
            kept[0] = fitted
    return kept


def _agreed(
    query: ItemFingerprint, reference: ItemFingerprint, agreeing: Sequence[FramePair], like: PictureRelation
) -> tuple[PictureRelation | None, bool]:
    """The map that most of these pairs share, as a relation that is else like another, None without one; and whether it is
    sure, which it is not where as many share one that puts the item elsewhere."""
    alike = [pair for pair in agreeing if pair.relation.is_mirrored is like.is_mirrored]
    if len(alike) < 2:
        return None, False
    frames = [(query.frames[pair.frame], reference.frames[pair.item_frame]) for pair in alike]
    maps = [pair.relation.transform for pair in alike if pair.relation.transform is not None]
    found = agreed_map(frames, maps, is_mirrored=like.is_mirrored)
    if found is None:
        return None, False
    enough = max(_AGREEING_MIN, len(alike) / 2)
    sharing, rivalling = ((places >= INLIERS_MIN).sum() for places in (found.carried, found.elsewhere))
    is_sure = bool(sharing >= enough > rivalling) and found.spread >= _AGREEING_SPREAD_MIN
    return replace(like, transform=found.transform), is_sure


def _small(frame: PictureFingerprint) -> PictureFingerprint:
    """The frame with a smaller sketch, which is carried over many times more quickly."""
    assert frame.sketch is not None
    height, width = frame.sketch.shape
    scale = min(1.0, _FIT_SIDE_PX / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return replace(frame, sketch=np.asarray(cv2.resize(frame.sketch, size, interpolation=cv2.INTER_AREA), np.uint8))


def _fitted(
    relation: PictureRelation, frames: Sequence[PictureFingerprint], item: PictureFingerprint, codes: NDArray[np.uint32]
) -> PictureRelation:
    """The map moved, turned and stretched a little until the frames are likest what they were likest at first: a few places
    that agree make a map that is right near them alone."""
    assert relation.transform is not None
    moments = [int(_means(_row(frame, item, codes, [relation])[0][None]).argmax()) for frame in frames]

    def worth(one: PictureRelation) -> float:
        rows = [_row(frame, item, codes[[moment]], [one])[0] for frame, moment in zip(frames, moments, strict=True)]
        return float(_means(np.array(rows)).mean())

    best, most, step = relation, worth(relation), _FIT_STEP
    for _ in range(_FIT_ROUNDS):
        before = most
        for nudge in _nudges(best, item, step):
            tried = replace(best, transform=nudge)
            if (found := worth(tried)) > most:
                best, most = tried, found
        if most <= before:
            step /= 2
    return best


def _nudges(relation: PictureRelation, item: PictureFingerprint, step: float) -> list[NDArray[np.float64]]:
    """A map followed by small changes around the middle of the item: moves, sizes, turns, widths, heights and slants."""
    assert relation.transform is not None
    middle = size_of(item) / 2
    changes = [
        np.array(one, np.float64)
        for one in ([[1, 0], [0, 1]], [[0, -1], [1, 0]], [[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [0, 0]])
    ]
    found = []
    for sign in (-step, step):
        found += [relation.transform + sign * np.array([[0, 0, 1 - axis], [0, 0, axis]], np.float64) for axis in (0, 1)]
        for change in changes:
            linear = np.eye(2) + 2 * sign * change
            moved = linear @ relation.transform
            moved[:, 2] += middle - linear @ middle
            found.append(moved)
    return found


def _row(
    frame: PictureFingerprint, item: PictureFingerprint, codes: NDArray[np.uint32], maps: Sequence[PictureRelation]
) -> tuple[Floats, Bools]:
    """Under the map that fits best, (m, 64) the correlations with all moments of the item, and (64,) where the frame plainly
    shows something."""
    best: tuple[float, Floats, Bools] | None = None
    for relation in maps:
        own, seen, marked = _carried(frame, item, relation)
        compared = seen & (codes != 0)
        alike = correlations(own, codes).astype(np.float32)
        sums = np.where(compared, alike, np.float32(0)).sum(axis=1)
        worth = float((sums / np.maximum(compared.sum(axis=1), _SEEN_BLOCKS_MIN)).max())
        alike[~compared] = np.nan
        if best is None or worth > best[0]:
            best = worth, alike, marked
    assert best is not None
    return best[1:]


def _carried(frame: PictureFingerprint, item: PictureFingerprint, relation: PictureRelation) -> Carried:
    assert frame.sketch is not None
    assert relation.transform is not None
    size = item.width_px, item.height_px
    return carried_codes(frame.sketch, relation.transform, size, is_mirrored=relation.is_mirrored)
