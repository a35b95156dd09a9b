"""An exact index of PDQ hashes: every hash within a distance of at most 31 is found, always.

What was added lately lies in a `Tail` in memory, all else in sealed segments (`segments.py`), mapped from their files. Adding
or removing an item takes microseconds. `save` seals the tail and writes what is new; a list of the segments (`index.json`)
replaces the one before it in one step, so that a reader finds the old index or the new one and never a half. The index is
derived from its bank: what it lacks is added from there (`sealed_up_to`), and a damaged one is built anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.copies.index_list import read_list, write_list
from jikim.copies.segments import (
    BOXES,
    FRAME_BITS,
    KEYS,
    NOTHING,
    RADIUS,
    SEGMENT_ROWS,
    Found,
    Segment,
    Words,
    boxes_of,
    dealt,
    verified,
)
from jikim.errors import StateError
from jikim.schema import sync

SCHEMA = 1
LIST_NAME = "index.json"
TAIL_ROWS = 1 << 15
"""From here on the tail should be sealed; it takes more, only slower."""

_FRAME_MASK = np.uint64((1 << FRAME_BITS) - 1)
_ITEM_MAX = 2**32 - 1
_FLAT_ROWS = 1 << 10
"""Up to here a tail is compared row by row, which is quicker than to look anything up."""
_CHAIN_MOST = 256
"""A chain this long is not walked: the tail is compared row by row instead, so that any tail answers in bounded time."""
_BATCH = 64
_ROUND = np.arange(BOXES)
_FLIPS = np.array([0, *(1 << bit for bit in range(16))], np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What lies near some queries, by query and the nearest first; (k,) each: the query's place, the item's number, which of
    its frames, the distance. `is_cut` (queries,): there was more than the limit allowed."""

    queries: NDArray[np.int64]
    items: NDArray[np.int64]
    frames: NDArray[np.int64]
    distances: NDArray[np.int64]
    is_cut: NDArray[np.bool_]


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `index.json`. `stamp` is what whoever saved it knows it by."""

    schema: int
    sealed_up_to: Annotated[int, msgspec.Meta(ge=0)]
    stamp: str
    segments: tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\.segment$")], ...]


class HashIndex:
    """Hashes of the frames of numbered items. One thread at a time; each process has its own.

    `sealed_up_to` is the highest number of an item that is in the segments: higher ones are to be added after opening.
    """

    def __init__(self) -> None:
        self.sealed_up_to = 0
        self.stamp = ""
        self._segments: list[tuple[str | None, Segment]] = []
        self._tail = Tail()
        self._hidden: set[int] = set()
        self._hidden_sorted: NDArray[np.int64] | None = None
        self._highest = 0

    @classmethod
    def open(cls, folder: Path) -> HashIndex:
        """The index of a folder; an empty one where there is none. Raises StateError when it is damaged, when a segment is
        missing, or when it is newer than this version."""
        index = cls()
        listed = read_list(folder / LIST_NAME, _List(SCHEMA, 0, "", ()), SCHEMA)
        index._segments = [(name, Segment.open(folder / name)) for name in listed.segments]
        index.sealed_up_to = index._highest = listed.sealed_up_to
        index.stamp = listed.stamp
        return index

    def __len__(self) -> int:
        """How many frames there are, hidden ones too."""
        return sum(len(segment) for _, segment in self._segments) + self._tail.frames

    @property
    def is_due(self) -> bool:
        """Whether so much was added that it should be saved."""
        return len(self._tail) >= TAIL_ROWS or any(name is None for name, _ in self._segments)

    def add(self, item: int, hashes: NDArray[np.uint8]) -> None:
        """Adds the frames of an item, (n, 32) uint8. Item numbers only ever grow. Raises ValueError."""
        self.extend(np.full(len(hashes), item, np.int64), np.arange(len(hashes)), hashes)

    def extend(self, items: NDArray[np.int64], frames: NDArray[np.int64], hashes: NDArray[np.uint8]) -> None:
        """Adds many at once: (n,) numbers of items, (n,) of their frames, (n, 32) hashes."""
        if hashes.dtype != np.uint8 or hashes.shape != (len(items), 32) or len(frames) != len(items):
            raise ValueError("a hash has 32 bytes, an item and a frame")
        if not len(items):
            return
        if items.min() < 0 or items.max() > _ITEM_MAX or frames.min() < 0 or frames.max() > int(_FRAME_MASK):
            raise ValueError("numbers of items and frames have bounds")
        owners = items.astype(np.uint64) << np.uint64(FRAME_BITS) | frames.astype(np.uint64)
        self._highest = max(self._highest, int(items.max()))
        words = dealt(hashes)
        whole = len(words) - len(words) % SEGMENT_ROWS
        for start in range(0, whole, SEGMENT_ROWS):
            self._seal(words[start : start + SEGMENT_ROWS], owners[start : start + SEGMENT_ROWS])
        if len(words) - whole > TAIL_ROWS:
            self._seal(words[whole:], owners[whole:])
        else:
            self._tail.extend(words[whole:], owners[whole:])

    def hide(self, item: int) -> None:
        """Leaves an item out of every answer from now on; `save` drops it for good."""
        self._hidden.add(item)
        self._hidden_sorted = None

    def show(self, item: int) -> None:
        """Takes back `hide`."""
        self._hidden.discard(item)
        self._hidden_sorted = None

    def near(self, hashes: NDArray[np.uint8], radius: int = RADIUS, limit: int = 1000) -> Hits:
        """The frames that lie within `radius` of each hash (q, 32), the nearest `limit` of each.

        Raises ValueError for a radius above 31, and StateError when a segment turns out to be damaged.
        """
        if not 0 <= radius <= RADIUS:
            raise ValueError(f"this index is exact up to a radius of {RADIUS}")
        words = dealt(hashes)
        parts = [self._near(words[start : start + _BATCH], radius, limit) for start in range(0, len(words), _BATCH)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return _nothing(0)
        return Hits(
            np.concatenate([part.queries + number * _BATCH for number, part in enumerate(parts)]),
            np.concatenate([part.items for part in parts]),
            np.concatenate([part.frames for part in parts]),
            np.concatenate([part.distances for part in parts]),
            np.concatenate([part.is_cut for part in parts]),
        )

    def save(self, folder: Path, dropped: Iterable[int] = (), stamp: str = "") -> None:
        """Seals the tail and writes the index into a folder, without the items in `dropped`; full segments that hold none of
        them stay as they are. `stamp` comes back when it is opened. The caller keeps others from saving at the same time.
        Raises OSError."""
        gone = np.array(sorted(set(dropped)), np.int64)
        kept: list[tuple[str | None, Segment]] = []
        loose: list[tuple[Words, Words]] = [_without(gone, *self._tail.contents())]
        for name, segment in self._segments:
            is_large = len(segment.hashes) >= SEGMENT_ROWS // 2
            if is_large and not np.isin(segment.items, gone).any():
                kept.append((name, segment))
            elif is_large:
                kept.append((None, Segment.build(*_without(gone, *segment.contents()))))
            else:
                loose.append(_without(gone, *segment.contents()))
        self._segments, self._tail = kept, Tail()
        words = np.concatenate([part for part, _ in loose])
        owners = np.concatenate([part for _, part in loose])
        for start in range(0, len(words), SEGMENT_ROWS):
            self._seal(words[start : start + SEGMENT_ROWS], owners[start : start + SEGMENT_ROWS])
        self._hidden -= set(gone.tolist())
        self._hidden_sorted = None
        self.stamp = stamp
        self._write(folder)

    def check(self) -> None:
        """Reads every segment from its file and sums it. Raises StateError when one is not what was written."""
        for _, segment in self._segments:
            segment.check()

    def _seal(self, words: Words, owners: Words) -> None:
        self._segments.append((None, Segment.build(words, owners)))

    def _write(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written: list[tuple[str | None, Segment]] = []
        names: list[str] = []
        for known, segment in self._segments:
            name = known or f"{uuid4().hex}.segment"
            if known is None:
                segment.write(folder / name)
                segment = Segment.open(folder / name)  # mapped from now on: what was built may leave the memory
            names.append(name)
            written.append((name, segment))
        self._segments, self.sealed_up_to = written, self._highest
        sync(folder)
        write_list(folder / LIST_NAME, _List(SCHEMA, self.sealed_up_to, self.stamp, tuple(names)))
        for path in folder.iterdir():
            if path.name not in names and path.suffix in (".segment", ".part"):
                path.unlink(missing_ok=True)

    def _near(self, words: Words, radius: int, limit: int) -> Hits:
        parts: list[Segment | Tail] = [*(segment for _, segment in self._segments), self._tail]
        found: list[tuple[Segment | Tail, Found]] = []
        try:
            for part in parts:
                found += [(part, pairs) for pairs in part.near(words, radius) if len(pairs.rows)]
            return self._owned(len(words), found, limit)
        except IndexError as error:
            raise StateError("copies.index_damaged", where=LIST_NAME) from error

    def _owned(self, count: int, found: Sequence[tuple[Segment | Tail, Found]], limit: int) -> Hits:
        """Who owns what was found, the nearest `limit` of each query; (count,) queries."""
        if not found:
            return _nothing(count)
        queries, distances, owners = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
        is_cut = np.zeros(count, bool)
        for part, pairs in found:
            some, owned = self._shown(part, pairs.rows, limit + 1)
            queries.append(np.repeat(pairs.queries, some))
            distances.append(np.repeat(pairs.distances, some))
            owners.append(owned)
        query, distance, owner = np.concatenate(queries), np.concatenate(distances), np.concatenate(owners)
        order = np.lexsort((owner, distance, query))
        query, distance, owner = query[order], distance[order], owner[order]
        firsts = np.searchsorted(query, np.arange(count))
        rank = np.arange(len(query)) - firsts[query]
        is_cut[query[rank >= limit]] = True
        kept = rank < limit
        return Hits(query[kept], _items(owner[kept]), (owner[kept] & _FRAME_MASK).astype(np.int64), distance[kept], is_cut)

    def _shown(self, part: Segment | Tail, rows: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], Words]:
        """How many owners of each row are told, the first `most` that are not hidden, and these one row after the other."""
        if not self._hidden:
            starts, ends = part.owner_range(rows)
            some = np.minimum(ends - starts, most)
            return some, part.owned(rows, starts, some)
        once, which = np.unique(rows, return_inverse=True)  # however many queries lie near one hash, its owners are read once
        starts, ends = part.owner_range(once)
        some = np.minimum(ends - starts, most + len(self._hidden))
        owners = part.owned(once, starts, some)
        is_shown = ~np.isin(_items(owners), self._sorted_hidden())
        owners = owners[is_shown]
        counts = np.bincount(np.repeat(np.arange(len(once)), some)[is_shown], minlength=len(once))
        firsts, some = np.cumsum(counts) - counts, np.minimum(counts, most)[which]
        return some, owners[np.repeat(firsts[which] - (np.cumsum(some) - some), some) + np.arange(int(some.sum()))]

    def _sorted_hidden(self) -> NDArray[np.int64]:
        if self._hidden_sorted is None:
            self._hidden_sorted = np.array(sorted(self._hidden), np.int64)
        return self._hidden_sorted


class Tail:
    """What was added lately. Each distinct hash is a row; the rows that share a key of a box are a chain, newest first.

    Chains hold rows counted from 1, and 0 at their end: memory that was never touched is an empty chain and costs nothing.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._count = 0
        self._words: Words = np.zeros((TAIL_ROWS, 4), np.uint64)
        self._next: NDArray[np.int32] = np.zeros((TAIL_ROWS, BOXES), np.int32)
        self._heads: NDArray[np.int32] = np.zeros((BOXES, KEYS), np.int32)
        self._row_of: dict[bytes, int] = {}
        self._owners: list[array[int]] = []

    def __len__(self) -> int:
        """Distinct hashes."""
        return self._count

    def extend(self, words: Words, owners: Words) -> None:
        """Adds hashes (n, 4) with an owner (n,) each."""
        for key, word, owner in zip(map(bytes, np.ascontiguousarray(words)), words, owners.tolist(), strict=True):
            row = self._row_of.get(key)
            if row is None:
                row = self._row_of[key] = self._append(word)
            self._owners[row].append(owner)
        self.frames += len(words)

    def contents(self) -> tuple[Words, Words]:
        """All hashes, each as often as it has owners, and the owners."""
        counts = [len(owners) for owners in self._owners]
        owned = np.fromiter((owner for owners in self._owners for owner in owners), np.uint64, self.frames)
        return np.repeat(self._words[: self._count], counts, axis=0), owned

    def near(self, queries: Words, radius: int) -> Iterator[Found]:
        """Every pair of a query (q, 4) and a row within `radius`."""
        if not self._count:
            return
        if self._count <= _FLAT_ROWS:
            yield self._compared(queries, radius)
            return
        for query in range(len(queries)):
            yield self._walked(queries, query, radius)

    def owner_range(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From where to where the owners of rows lie, each in a list of its own."""
        return np.zeros(len(rows), np.int64), np.array([len(self._owners[row]) for row in rows.tolist()], np.int64)

    def owned(self, rows: NDArray[np.int64], starts: NDArray[np.int64], some: NDArray[np.int64]) -> Words:
        """The first `some` owners of each row."""
        lists = [self._owners[row][:count] for row, count in zip(rows.tolist(), some.tolist(), strict=True)]
        return np.fromiter((owner for owners in lists for owner in owners), np.uint64, int(some.sum()))

    def _append(self, word: Words) -> int:
        row = self._count
        if row == len(self._words):
            self._words = np.concatenate([self._words, np.zeros_like(self._words)])
            self._next = np.concatenate([self._next, np.zeros_like(self._next)])
        keys = word.view(np.uint16)
        self._words[row] = word
        self._next[row] = self._heads[_ROUND, keys]
        self._heads[_ROUND, keys] = row + 1
        self._owners.append(array("Q"))
        self._count += 1
        return row

    def _compared(self, queries: Words, radius: int) -> Found:
        """Row by row."""
        pairs = [NOTHING]
        words = self._words[: self._count]
        for query in range(len(queries)):
            distances = np.bitwise_count(words ^ queries[query]).sum(axis=1, dtype=np.int64)
            rows = np.flatnonzero(distances <= radius)
            pairs.append(Found(np.full(len(rows), query), rows, distances[rows]))
        return Found(
            np.concatenate([part.queries for part in pairs]),
            np.concatenate([part.rows for part in pairs]),
            np.concatenate([part.distances for part in pairs]),
        )

    def _walked(self, queries: Words, query: int, radius: int) -> Found:
        """Along the chains of all keys that differ from the query's in at most one bit."""
        keys = boxes_of(queries[query : query + 1])[0][:, None] ^ _FLIPS
        boxes = np.repeat(_ROUND, len(_FLIPS))
        rows = self._heads[boxes, keys.ravel()]
        seen_rows, seen_boxes = [], []
        for _ in range(_CHAIN_MOST):
            alive = rows > 0
            rows, boxes = rows[alive] - 1, boxes[alive]
            if not len(rows):
                break
            seen_rows.append(rows.astype(np.int64))
            seen_boxes.append(boxes)
            rows = self._next[rows, boxes]
        else:
            alone = self._compared(queries[query : query + 1], radius)
            return Found(alone.queries + query, alone.rows, alone.distances)
        if not seen_rows:
            return NOTHING
        candidates = np.concatenate(seen_rows)
        return verified(queries, self._words, np.full(len(candidates), query), candidates, np.concatenate(seen_boxes), radius)


def _nothing(queries: int) -> Hits:
    none = np.zeros(0, np.int64)
    return Hits(none, none, none, none, np.zeros(queries, bool))


def _items(owners: Words) -> NDArray[np.int64]:
    return (owners >> np.uint64(FRAME_BITS)).astype(np.int64)


def _without(gone: NDArray[np.int64], words: Words, owners: Words) -> tuple[Words, Words]:
    """Hashes and owners without those of items that are gone."""
    stays = ~np.isin(_items(owners), gone)
    return words[stays], owners[stays]
