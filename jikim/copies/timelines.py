"""Two time lines laid over each other: which stretch of a film is which stretch of another, how fast and which way round.

What is put in are votes: this moment of the query looks (or sounds) like that moment of the item. A stretch is a straight line
through many of them, item time = speed * query time + offset; a film that was cut up gives several. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import Segment

SLOWEST, FASTEST = 0.45, 2.2
"""The speeds of the item within the query that are believed, forwards and backwards."""

SEGMENTS_MAX = 8
_VOTES_MAX = 400
_PAIRED_VOTES_MAX = 120
_SHORTEST_LEVER_S = 0.8
"""Two votes closer together than this say nothing about the speed."""
_SPLIT_S = 1.5
"""A stretch is interrupted where frames that were looked at show something else for this long."""
_LONE_S = 1.0
"""Frames that show something else no further than this from a stretch, with nothing beyond them, do not end it."""
_PLAIN_BONUS = 0.1
"""How much better an unusual speed must explain the votes than normal speed or the same length does."""
_SPEED_DOUBT = 0.3
"""By how much less a line counts for each doubling or halving of the speed: what hardly moves fits at any."""
_USUAL_SPEEDS = (0.7, 1.45)
_BACKWARDS_SHARE = 0.9
_BACKWARDS_FRAMES_MIN = 3
_SNAP = 0.012
_FURTHER_FRAMES_MIN, _FURTHER_DENSITY_MIN, _FURTHER_SHARE_MIN = 3, 0.6, 0.1
"""What a stretch beside the strongest must have: so many frames, of those that were looked at, of the strongest's weight; and
_SHORTEST_LEVER_S between the first and the last of them, for frames closer together show one moment."""
_SAME_LINE_DENSITY_MIN = 0.3
"""The same of frames on the strongest's own line: a camera that moves fast shows little of what an item shows between two
looks at it."""
_SAME_LINE_FRAMES_MIN, _SAME_LINE_SURE = 2, 0.8
"""On that line so few frames are enough, however close together, if their votes weigh so much: other than that they show that
moment, chance would have to put them there."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vote:
    """`at_s` in the query looks like `item_at_s` in the item; `weight` in 0..1."""

    at_s: float
    item_at_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch that both films share. `speed` is negative when it runs backwards; `frames` is how many frames of the query
    lie on it, `spread_s` how far the first and the last of them are apart, `weight` the sum of their best votes."""

    segment: Segment
    speed: float
    offset_s: float
    frames: int
    spread_s: float
    weight: float

    def item_time(self, at_s: float) -> float:
        """Where in the item a moment of the query lies."""
        return self.speed * at_s + self.offset_s

    def explains(self, vote: Vote, tolerance_s: float) -> bool:
        """Whether a vote lies on its line, or this near to it."""
        return abs(self.item_time(vote.at_s) - vote.item_at_s) <= tolerance_s


def align(
    votes: Iterable[Vote],
    looked_s: Sequence[float],
    length_s: float,
    item_length_s: float,
    tolerance_s: float,
    span_s: tuple[float, float] | None = None,
) -> list[Stretch]:
    """The stretches, in order of query time, that explain most votes; none overlap in the query.

    `looked_s`: every moment of the query that could have voted. `tolerance_s`: how far a vote may lie beside its line, about
    half the distance between two looks at the item. `span_s`: from when to when the query was looked at, where that is not
    all of it; no stretch reaches further.
    """
    span_s = span_s or (0.0, length_s)
    left = sorted(votes, key=lambda vote: -vote.weight)[:_VOTES_MAX]
    looked = np.unique([*looked_s, *(vote.at_s for vote in left)])
    found: list[Stretch] = []
    for _ in range(2 * SEGMENTS_MAX):
        if not left or len(found) == SEGMENTS_MAX:
            break
        stretch = _best(left, looked, (length_s, item_length_s), span_s, tolerance_s, found)
        if stretch is None:
            break
        if not found or _is_sound(stretch, found[0], looked, tolerance_s):
            found.append(_beside(stretch, found))
        segment = stretch.segment
        left = [vote for vote in left if not segment.start_s - 1e-3 <= vote.at_s <= segment.end_s + 1e-3]
    kept = [one for one in found if one.segment.end_s > one.segment.start_s]
    return sorted(kept, key=lambda one: one.segment.start_s)


def coverage(stretches: Sequence[Segment], length_s: float, item_length_s: float) -> tuple[float, float]:
    """Which shares of the query and of the item lie in the segments."""
    own = [(one.start_s, one.end_s) for one in stretches]
    items = [tuple(sorted((one.item_start_s, one.item_end_s))) for one in stretches]
    return _covered(own, length_s), _covered(items, item_length_s)


def _covered(spans: Iterable[tuple[float, ...]], length_s: float) -> float:
    total, reached = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return min(1.0, total / length_s) if length_s > 0 else 1.0


def _is_sound(stretch: Stretch, strongest: Stretch, looked: Floats, tolerance_s: float) -> bool:
    """Whether there is more to a stretch beside the strongest than chance."""
    inside = int(((looked >= stretch.segment.start_s) & (looked <= stretch.segment.end_s)).sum())
    middle_s = (stretch.segment.start_s + stretch.segment.end_s) / 2
    goes_on = abs(stretch.item_time(middle_s) - strongest.item_time(middle_s)) <= tolerance_s
    density_min = _SAME_LINE_DENSITY_MIN if goes_on else _FURTHER_DENSITY_MIN
    is_sure = stretch.weight >= _SAME_LINE_SURE * stretch.frames
    if goes_on and is_sure and stretch.frames >= max(_SAME_LINE_FRAMES_MIN, density_min * inside):
        return True
    is_dense = stretch.frames >= max(_FURTHER_FRAMES_MIN, density_min * inside)
    is_long = stretch.spread_s >= _SHORTEST_LEVER_S
    return is_dense and is_long and stretch.weight >= _FURTHER_SHARE_MIN * strongest.weight


def _best(
    votes: Sequence[Vote],
    looked: Floats,
    lengths_s: tuple[float, float],
    span_s: tuple[float, float],
    tolerance_s: float,
    found: Sequence[Stretch],
) -> Stretch | None:
    """The stretch that explains most of the votes that are left; at the speed of those found before, for all of a film runs at
    one."""
    known = found[0].speed if found else None
    length_s, item_length_s = lengths_s
    table = np.array(sorted((vote.at_s, vote.item_at_s, vote.weight) for vote in votes))
    if known is None:
        speeds, offsets = _lines(table, length_s, item_length_s)
    else:
        speeds, offsets = np.full(len(table), known), table[:, 1] - known * table[:, 0]
    scores, frames = _scores(table, speeds, offsets, tolerance_s)
    scores *= _likelihood(speeds)
    is_whole = (np.abs(offsets) < tolerance_s) & _is_whole(speeds, length_s, item_length_s) & _is_usual(speeds)
    is_plain = (np.abs(speeds - 1) < _SNAP) | is_whole
    weighed = scores * np.where(is_plain, 1 + _PLAIN_BONUS, 1.0)
    if known is None:
        weighed[(speeds < 0) & (frames < _BACKWARDS_FRAMES_MIN)] = 0.0
    best = int(weighed.argmax())
    if weighed[best] <= 0:
        return None
    speed, offset = float(speeds[best]), float(offsets[best])
    fitted = _refined(table, speed, offset, tolerance_s)
    is_odd = is_plain[best] and not _is_usual(np.array(fitted[0]))  # what hardly moves is fitted at any speed
    if not is_odd or _score(table, *fitted, tolerance_s) >= scores[best]:
        speed, offset = fitted
    return _stretch(table, speed, offset, looked, span_s, item_length_s, tolerance_s, found)


def _likelihood(speeds: Floats) -> Floats:
    """How likely a speed is, whatever is seen."""
    backwards = np.where(speeds < 0, _BACKWARDS_SHARE, 1.0)
    return np.asarray(backwards * (1 - _SPEED_DOUBT * np.abs(np.log2(np.abs(speeds)))))


def _score(table: Floats, speed: float, offset: float, tolerance_s: float) -> float:
    speeds = np.array([speed])
    return float((_scores(table, speeds, np.array([offset]), tolerance_s)[0] * _likelihood(speeds))[0])


def _is_usual(speeds: Floats) -> NDArray[np.bool_]:
    return np.asarray((np.abs(speeds) > _USUAL_SPEEDS[0]) & (np.abs(speeds) < _USUAL_SPEEDS[1]))


def _is_whole(speeds: Floats, length_s: float, item_length_s: float) -> NDArray[np.bool_]:
    """Whether a line leads from the first moment of both to the last of both."""
    whole = item_length_s / length_s if length_s > 0 else 1.0
    return np.asarray(np.abs(speeds - whole) < _SNAP * whole)


def _lines(table: Floats, length_s: float, item_length_s: float) -> tuple[Floats, Floats]:
    """Lines worth trying: through each vote at normal speed, through pairs of the strongest, and over the whole of both."""
    strong = table[np.argsort(-table[:, 2], kind="stable")[:_PAIRED_VOTES_MAX]]
    first, second = np.triu_indices(len(strong), 1)
    run = strong[second, 0] - strong[first, 0]
    rise = strong[second, 1] - strong[first, 1]
    is_lever = np.abs(run) >= _SHORTEST_LEVER_S
    speeds = rise[is_lever] / run[is_lever]
    offsets = strong[first[is_lever], 1] - speeds * strong[first[is_lever], 0]
    is_believed = (np.abs(speeds) >= SLOWEST) & (np.abs(speeds) <= FASTEST)
    whole = item_length_s / length_s if length_s > 0 else 1.0
    plain = [(1.0, at) for at in table[:, 1] - table[:, 0]]
    if SLOWEST <= whole <= FASTEST:
        plain += [(whole, 0.0), (-whole, item_length_s)]
    plain_speeds, plain_offsets = np.array(plain).T
    return np.concatenate([plain_speeds, speeds[is_believed]]), np.concatenate([plain_offsets, offsets[is_believed]])


def _scores(table: Floats, speeds: Floats, offsets: Floats, tolerance_s: float) -> tuple[Floats, NDArray[np.intp]]:
    """For each line what the frames of the query add up to, each with its best vote near the line, and how many they are."""
    beside = np.abs(speeds[:, None] * table[:, 0] + offsets[:, None] - table[:, 1]) / tolerance_s
    worth = np.where(beside <= 1, table[:, 2] * (1 - 0.3 * beside**2), 0.0)
    firsts = np.flatnonzero(np.diff(table[:, 0], prepend=-np.inf))
    best = np.maximum.reduceat(worth, firsts, axis=1)
    return best.sum(axis=1), (best > 0).sum(axis=1)


def _refined(table: Floats, speed: float, offset: float, tolerance_s: float) -> tuple[float, float]:
    """The line of least squares through the votes near it; normal speed where that fits as well."""
    for width in (1.8, 1.0, 1.0):
        near = _on_line(table, speed, offset, width * tolerance_s)
        if len(near) < 2 or np.ptp(near[:, 0]) < _SHORTEST_LEVER_S:
            break
        weights = near[:, 2] / near[:, 2].sum()
        middle, item_middle = float(weights @ near[:, 0]), float(weights @ near[:, 1])
        spread = float(weights @ (near[:, 0] - middle) ** 2)
        fitted = float(weights @ ((near[:, 0] - middle) * (near[:, 1] - item_middle))) / spread
        drift = abs(fitted - speed) * float(np.ptp(near[:, 0]))
        if drift > 2 * tolerance_s or not SLOWEST <= abs(fitted) <= FASTEST:
            break
        speed, offset = fitted, item_middle - fitted * middle
    near = _on_line(table, speed, offset, tolerance_s)
    if abs(abs(speed) - 1) * float(np.ptp(near[:, 0]) if len(near) else 0.0) < max(tolerance_s, _SNAP) and len(near):
        speed = float(np.sign(speed))
        offset = float(np.average(near[:, 1] - speed * near[:, 0], weights=near[:, 2]))
    return speed, offset


def _on_line(table: Floats, speed: float, offset: float, tolerance_s: float) -> Floats:
    """For each moment of the query its best vote near a line."""
    beside = np.abs(speed * table[:, 0] + offset - table[:, 1]) / tolerance_s
    worth = np.where(beside <= 1, table[:, 2] * (1 - 0.3 * beside**2), 0.0)
    firsts = np.flatnonzero(np.diff(table[:, 0], prepend=-np.inf))
    chosen = [
        start + int(worth[start:end].argmax()) for start, end in pairwise([*firsts, len(table)]) if worth[start:end].max() > 0
    ]
    return table[chosen]


def _stretch(
    table: Floats,
    speed: float,
    offset: float,
    looked: Floats,
    span_s: tuple[float, float],
    item_length_s: float,
    tolerance_s: float,
    found: Sequence[Stretch],
) -> Stretch | None:
    """From the first to the last frame on a line, with nothing else shown for long in between, nor a stretch found before."""
    near = _on_line(table, speed, offset, tolerance_s)
    if not len(near):
        return None
    near = max(_runs(near, looked, found), key=lambda run: float(run[:, 2].sum()))
    before = _others(looked[looked < near[0, 0]], near[0, 0], found)
    after = _others(looked[looked > near[-1, 0]], near[-1, 0], found)
    entry, exit_ = sorted(((0.0 - offset) / speed, (item_length_s - offset) / speed))
    doubt_s = tolerance_s / abs(speed)
    start = _edge(entry, float(before[-1]) if len(before) else None, float(near[0, 0]), span_s[0], doubt_s)
    end = _edge(exit_, float(after[0]) if len(after) else None, float(near[-1, 0]), span_s[1], doubt_s)
    ends = np.clip([speed * start + offset, speed * end + offset], 0.0, item_length_s)
    segment = Segment(round(start, 3), round(end, 3), round(float(ends[0]), 3), round(float(ends[1]), 3))
    return Stretch(segment, speed, offset, len(near), float(np.ptp(near[:, 0])), float(near[:, 2].sum()))


def _others(beside: Floats, own: float, found: Sequence[Stretch]) -> Floats:
    """The frames beside a stretch, none where all of them are close to it, nothing lies beyond and none is on a stretch found
    before: as in its midst, a moment that is like nothing does not end it."""
    is_far = (np.abs(beside - own) > _LONE_S).any()
    is_taken = any(((one.segment.start_s <= beside) & (beside <= one.segment.end_s)).any() for one in found)
    return beside if is_far or is_taken else beside[:0]


def _runs(near: Floats, looked: Floats, found: Sequence[Stretch]) -> list[Floats]:
    """The votes on a line, parted where other frames lie between them for long, or a stretch found before."""
    cuts = [
        place + 1
        for place, (one, other) in enumerate(pairwise(near[:, 0]))
        if (len(between := looked[(looked > one) & (looked < other)]) > 1 and np.ptp(between) >= _SPLIT_S)
        or any(one < before.segment.end_s and before.segment.start_s < other for before in found)
    ]
    return np.split(near, cuts)


def _edge(item_edge: float, other: float | None, own: float, film_edge: float, doubt_s: float) -> float:
    """Where a stretch begins or ends: at the edge of the item if that lies between the last frame on it (`own`) and the first
    one beside it (`other`), give or take `doubt_s`, else in the middle of the two; at the edge of the film if nothing else was
    seen there."""
    limit = film_edge if other is None else other
    low, high = sorted((limit, own))
    if low - doubt_s <= item_edge <= high + doubt_s:
        return min(max(item_edge, low), high)
    return limit if other is None else (other + own) / 2


def _beside(stretch: Stretch, others: Sequence[Stretch]) -> Stretch:
    """A stretch without what stronger ones already explain."""
    start, end = stretch.segment.start_s, stretch.segment.end_s
    for other in others:
        taken = other.segment
        if taken.start_s <= start < taken.end_s:
            start = taken.end_s
        if taken.start_s < end <= taken.end_s:
            end = taken.start_s
    if (start, end) == (stretch.segment.start_s, stretch.segment.end_s):
        return stretch
    segment = Segment(start, max(start, end), round(stretch.item_time(start), 3), round(stretch.item_time(max(start, end)), 3))
    return replace(stretch, segment=segment)
