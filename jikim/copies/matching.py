"""Which items of the banks a picture or a video is a copy of.

The rules, by what is compared with what:

- a still with a still: distance <= 31, the distance at which PDQ is used for exchange;
- a still with a video's frame, either way round: one frame at <= 24, since one of many frames has more chances to be like
  another by accident;
- a video with a video: at least two frames at <= 31 in the same orientation, in the same order in time.

Frames of quality below 50 (near-uniform ones) never match on either side. A video of which only one frame can be used is
treated as a still. On the bench that gave these rules, 376,002 unrelated pairs of pictures had no distance <= 31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jikim.copies.banks import Bank, BankItem
from jikim.copies.pdq import ORIENTATIONS, Fingerprint, distances, from_hex

QUALITY_FLOOR = 50
DISTANCE_MAX = 31
SINGLE_FRAME_DISTANCE_MAX = 24
FRAMES_MIN = 2
CHOICES = 8


@dataclass(frozen=True, slots=True, eq=False)
class QueryFrame:
    """A frame of what is being looked at; `at_s` is None for a still."""

    at_s: float | None
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class CopyMatch:
    """A known item that was recognised.

    `score` is 1 - 0.1 * (mean distance / 31): any match is nearly certain, and nearer ones come first. `coverage_query` is the
    share of the usable frames looked at that match, `coverage_item` the share of the item's length between the first and last
    match (1 for stills). `edit` is one of ORIENTATIONS: what was done to the known item.
    """

    bank: str
    item: str
    label: str
    score: float
    coverage_query: float
    coverage_item: float
    start_s: float | None
    end_s: float | None
    item_start_s: float | None
    edit: str


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """An item as it is compared. `at_s` (n,) and `hashes` (n, 32) are of its usable frames."""

    bank: str
    item: BankItem
    at_s: NDArray[np.float64]
    hashes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A frame looked at and a frame of an item that look alike; both are places in their lists."""

    query: int
    item: int
    distance: int


class Index:
    """The items of some banks, ready to be compared with."""

    def __init__(self, banks: Sequence[Bank]) -> None:
        self._items = [_known(bank, item) for bank in banks for item in bank.items]

    def match(self, frames: Sequence[QueryFrame]) -> list[CopyMatch]:
        """The items of which these frames, all of one picture or video and in order of time, show a copy; best first."""
        usable = [frame for frame in frames if frame.fingerprint.quality >= QUALITY_FLOOR]
        if not usable:
            return []
        hashes = np.concatenate([frame.fingerprint.hashes for frame in usable])
        found = [_compare(usable, hashes, known) for known in self._items if len(known.hashes)]
        return sorted((match for match in found if match), key=lambda match: (-match.score, match.bank, match.item))


def _known(bank: Bank, item: BankItem) -> _Known:
    usable = [frame for frame in item.frames if frame.quality >= QUALITY_FLOOR]
    hashes = np.array([from_hex(frame.pdq) for frame in usable], np.uint8).reshape(-1, 32)
    return _Known(bank.name, item, np.array([frame.at_s or 0.0 for frame in usable]), hashes)


def _compare(usable: Sequence[QueryFrame], hashes: NDArray[np.uint8], known: _Known) -> CopyMatch | None:
    """The best orientation in which the item matches. `hashes`: (8 * frames, 32)."""
    table = distances(hashes, known.hashes).reshape(len(usable), len(ORIENTATIONS), -1)
    if table.min() > DISTANCE_MAX:
        return None
    matches = [
        match for turn, edit in enumerate(ORIENTATIONS) if (match := _match(usable, table[:, turn], known, edit)) is not None
    ]
    return max(matches, key=lambda match: (match.coverage_query, match.score), default=None)


def _match(usable: Sequence[QueryFrame], table: NDArray[np.int64], known: _Known, edit: str) -> CopyMatch | None:
    """The match in one orientation; `table` (frames, frames of the item) holds distances."""
    is_still = len(usable) == 1
    item_is_still = known.item.kind == "still" or len(known.hashes) == 1
    if is_still or item_is_still:
        limit = DISTANCE_MAX if is_still and item_is_still else SINGLE_FRAME_DISTANCE_MAX
        pairs = [pair for pair in _nearest(table) if pair.distance <= limit]
        is_enough = bool(pairs)
    else:
        limit = DISTANCE_MAX
        pairs = _in_order(table)
        is_enough = len(pairs) >= FRAMES_MIN
    if not is_enough:
        return None
    length = float(known.at_s[pairs[-1].item] - known.at_s[pairs[0].item])
    mean_distance = sum(pair.distance for pair in pairs) / len(pairs)
    return CopyMatch(
        bank=known.bank,
        item=known.item.sha256,
        label=known.item.label,
        score=round(1 - 0.1 * mean_distance / DISTANCE_MAX, 4),
        coverage_query=round(float((table.min(axis=1) <= limit).mean()), 4),
        coverage_item=round(min(max(length, 0.0) / known.item.duration_s, 1.0), 4) if known.item.duration_s else 1.0,
        start_s=usable[pairs[0].query].at_s,
        end_s=usable[pairs[-1].query].at_s,
        item_start_s=None if known.item.kind == "still" else float(known.at_s[pairs[0].item]),
        edit=edit,
    )


def _nearest(table: NDArray[np.int64]) -> Iterator[_Pair]:
    """Each frame with the frame of the item that it is nearest to."""
    for query, item in enumerate(table.argmin(axis=1)):
        yield _Pair(query, int(item), int(table[query, item]))


def _in_order(table: NDArray[np.int64]) -> list[_Pair]:
    """The longest run of matching pairs in which time moves forward in both, and of equally long ones the nearest.

    Each frame takes part with the CHOICES frames of the item that it is nearest to, which bounds the work.
    """
    nearest = np.argsort(table, axis=1, kind="stable")[:, :CHOICES]
    pairs = [
        _Pair(query, int(item), int(table[query, item]))
        for query, choices in enumerate(nearest)
        for item in choices
        if table[query, item] <= DISTANCE_MAX
    ]
    if not pairs:
        return []
    queries, items, bits = np.array([(pair.query, pair.item, pair.distance) for pair in pairs]).T
    gains = 1 - bits / (1 + DISTANCE_MAX * len(pairs))  # all distances together weigh less than one more pair
    totals = np.empty(len(pairs))
    before = np.full(len(pairs), -1)
    for number, gain in enumerate(gains):
        earlier = np.where((queries[:number] < queries[number]) & (items[:number] < items[number]), totals[:number], 0)
        before[number] = earlier.argmax() if earlier.any() else -1
        totals[number] = gain + earlier.max(initial=0)
    run = [int(totals.argmax())]
    while before[run[-1]] >= 0:
        run.append(int(before[run[-1]]))
    return [pairs[number] for number in reversed(run)]
