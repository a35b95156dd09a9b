"""Sealed parts of the PDQ index: built once, written once, mapped into memory and never changed.

Multi-index hashing. The 256 bits of a hash are dealt to 16 boxes of 16 bits. Two hashes at a distance of at most 31 have, going
round the boxes, one box from which on every run of n boxes differs in at most floor(31 n / 16) bits (the pigeonring
principle, Qin and Xiao 2018): at most 1 bit in that box and 3 in it and the next. So a query looks up 17 keys in each of 16
tables, compares the bits of the next box that stand in the posting itself, and reads the few hashes that are left. Nothing
within the radius is ever missed.

A file: header, hashes (n, 4) u8, offsets (16, 65537) u4, postings (15, n) u4, owner_starts (n + 1) u4, items (m) u4, frames
(m) u4, all little-endian. `n` are distinct hashes; hash r is that of frames owner_starts[r] to owner_starts[r + 1] of the
list. `owner_starts` is left out where n = m, `frames` where all are 0. A posting is the number of a hash and, above it, the
first bits of its next box. The hashes lie in the order of their last box, which therefore needs no postings: those of a key
are the numbers between its offsets. They come first in the file so that each lies at a multiple of eight bytes: of an array
that does not, NumPy copies all before it takes one row.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jikim.errors import StateError

SCHEMA = 3
RADIUS = 31
BOXES = 16
KEYS = 1 << 16
SEGMENT_ROWS = 1 << 21
"""The most distinct hashes of one segment: 11 bits are left in a posting for the next box, which 97 of 100 do not pass."""

_CHUNK = 1 << 16
"""How many postings are read at a time: what is worked on stays in the processor's cache, whatever a bucket holds."""
_MAGIC = b"JIKIMPDQ"
_HEADER = struct.Struct("<8sIIIIII")
"""Magic, schema, hashes, owners, 1 where frames are there, crc32 of all behind the header, crc32 of the header before this."""
FRAME_BITS = 24
"""An owner as a number: the item, and in its last bits the frame."""
_DEALT = np.array(sorted(range(256), key=lambda bit: sha256(bytes([bit])).digest()))
"""Which bit stands where. Neighbouring bits of PDQ go together, dealt like this the buckets of real pictures are 1.05 times as
full as those of random hashes; dealt row by row they are 1.7 times as full."""
_FLIPS = np.array([0, *(1 << bit for bit in range(16))], np.uint16)
"""What turns a key into all keys that differ from it in at most one bit; itself comes first."""
_LISTED = BOXES - 1
"""The boxes with postings: all but the last."""
_TABLE_STARTS = (np.arange(BOXES) * (KEYS + 1))[:, None, None]
_NEXT = np.roll(np.arange(BOXES), -1)
_NONE = np.zeros(0, np.uint32)
_ONES = np.ones(4, np.int64)

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Pairs within the radius, each once: places in the queries, rows of hashes, distances; (k,) each."""

    queries: NDArray[np.int64]
    rows: NDArray[np.int64]
    distances: NDArray[np.int64]


NOTHING = Found(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


def dealt(hashes: NDArray[np.uint8]) -> Words:
    """(n, 32) uint8 as they are exchanged -> (n, 4) uint64 as the index holds them."""
    words = np.empty((len(hashes), 4), np.uint64)
    for start in range(0, len(hashes), _CHUNK):
        bits = np.unpackbits(hashes[start : start + _CHUNK], axis=1)
        words[start : start + _CHUNK] = np.packbits(np.take(bits, _DEALT, axis=1), axis=1).view(np.uint64)
    return words


def boxes_of(words: Words) -> NDArray[np.uint16]:
    """The boxes (n, 16) of hashes (n, 4)."""
    return np.ascontiguousarray(words).view(np.uint16).reshape(-1, BOXES)


def verified(
    queries: Words, hashes: Words, pairs: NDArray[np.int64], rows: NDArray[np.int64], boxes: NDArray[np.int64], radius: int
) -> Found:
    """Of candidate pairs found by way of `boxes` those within `radius`, each from the first box that could show it only."""
    bits = queries.take(pairs, axis=0) ^ hashes.take(rows, axis=0)
    distances = np.bitwise_count(bits) @ _ONES
    near = (distances <= radius).nonzero()[0]
    if not len(near):
        return NOTHING
    differing = np.bitwise_count(boxes_of(bits[near]))
    shows = (differing <= 1) & (differing + differing[:, _NEXT] <= 3)
    near = near[shows.argmax(axis=1) == boxes[near]]
    return Found(pairs[near], rows[near], distances[near])


class Segment:
    """Some hashes and their owners, in memory or mapped: `hashes` (n, 4)."""

    def __init__(self, tables: _Tables) -> None:
        self.hashes = tables.hashes
        self._tables = tables
        self._offsets = tables.offsets.reshape(-1)
        self._postings = tables.postings.reshape(-1)
        self._row_bits = _row_bits(len(tables.hashes))
        self._first_boxes = boxes_of(tables.hashes)[:, 0]
        self._list_starts = (np.arange(BOXES) * len(tables.hashes))[:, None, None]
        self._file: tuple[Path, NDArray[np.uint8]] | None = None

    @classmethod
    def build(cls, hashes: Words, owners: Words) -> Segment:
        """A segment of hashes (m, 4), as `dealt` gives them, each with its owner (m,); equal hashes become one."""
        order = np.lexsort((owners, *hashes.T))
        ordered = hashes[order]
        is_first = np.ones(len(order), bool)
        is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        starts = np.append(np.flatnonzero(is_first), len(order)).astype(np.uint32)
        distinct = np.ascontiguousarray(ordered[is_first])
        frames = (owners[order] & np.uint64((1 << FRAME_BITS) - 1)).astype(np.uint32)
        return cls(
            _Tables(
                distinct,
                *_postings(distinct),
                starts if len(distinct) < len(owners) else _NONE,
                (owners[order] >> np.uint64(FRAME_BITS)).astype(np.uint32),
                frames if frames.any() else _NONE,
            )
        )

    def __len__(self) -> int:
        """How many owners there are, of all hashes together."""
        return len(self._tables.items)

    @property
    def items(self) -> NDArray[np.uint32]:
        """The items of all owners, (m,)."""
        return self._tables.items

    def contents(self) -> tuple[Words, Words]:
        """The hashes, each as often as it has owners, and the owners; (m, 4) and (m,)."""
        starts, ends = self.owner_range(np.arange(len(self.hashes)))
        return np.repeat(self.hashes, ends - starts, axis=0), self._owners(np.arange(len(self)))

    def near(self, queries: Words, radius: int) -> Iterator[Found]:
        """Every pair of a query (q, 4) and a hash within `radius`, in parts of bounded size."""
        count, rows = len(queries), len(self.hashes)
        row_bits, row_mask = np.uint32(self._row_bits), np.uint32((1 << self._row_bits) - 1)
        boxes = boxes_of(queries).T
        keys = (boxes[:, :, None] ^ _FLIPS) + _TABLE_STARTS
        starts = self._offsets.take(keys).astype(np.int64)
        counts = (self._offsets.take(keys + 1) - starts).ravel()
        starts += self._list_starts
        ends = counts.cumsum()
        listed = int(ends[_LISTED * count * len(_FLIPS) - 1])
        wanted = _marks(boxes[_NEXT], self._row_bits).ravel().repeat(len(_FLIPS))
        for low, high, first, last, some in _chunks(counts, ends):
            places = (starts.ravel()[first:last] - ends[first:last] + counts[first:last]).repeat(some)
            places += np.arange(low, high)
            in_lists = max(min(listed, high) - low, 0)
            postings = self._postings.take(places[:in_lists])
            if in_lists < len(places):
                postings = np.concatenate([postings, self._implied(places[in_lists:] - _LISTED * rows)])
            marks = wanted[first:last].repeat(some)
            marks ^= postings
            marks >>= row_bits
            differing = np.bitwise_count(marks)
            kept = (differing <= 3).nonzero()[0]
            probes = ends.searchsorted(kept + low, side="right")
            allowed = ((differing.take(kept) <= 2) | (probes % len(_FLIPS) == 0)).nonzero()[0]
            by, pairs = np.divmod(probes.take(allowed) // len(_FLIPS), count)
            found = (postings.take(kept.take(allowed)) & row_mask).astype(np.int64)
            yield verified(queries, self.hashes, pairs, found, by, radius)

    def _implied(self, rows: Numbers) -> NDArray[np.uint32]:
        """The postings that the last box would have."""
        return _marks(self._first_boxes[rows], self._row_bits) | rows.astype(np.uint32)

    def owner_range(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From where to where the owners of rows (k,) lie."""
        starts = self._tables.owner_starts
        if not len(starts):
            return rows, rows + 1
        return starts[rows].astype(np.int64), starts[rows + 1].astype(np.int64)

    def owned(self, rows: NDArray[np.int64], starts: NDArray[np.int64], some: NDArray[np.int64]) -> Words:
        """The first `some` owners of each row, where `owner_range` gave `starts`."""
        ends = np.cumsum(some)
        return self._owners(np.repeat(starts - (ends - some), some) + np.arange(int(some.sum())))

    def _owners(self, places: NDArray[np.int64]) -> Words:
        owners = self._tables.items[places].astype(np.uint64) << np.uint64(FRAME_BITS)
        if len(self._tables.frames):
            owners |= self._tables.frames[places]
        return owners

    def write(self, path: Path) -> None:
        """Writes the file, whole or not at all, and waits until it has reached the disk. Raises OSError."""
        parts = [np.ascontiguousarray(part).data.cast("B") for part in self._tables if part.size]
        checksum = 0
        for part in parts:
            checksum = zlib.crc32(part, checksum)
        header = _HEADER.pack(_MAGIC, SCHEMA, len(self.hashes), len(self), int(len(self._tables.frames) > 0), checksum, 0)
        unfinished = path.with_name(f"{path.name}.part")
        with open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(header[:-4] + struct.pack("<I", zlib.crc32(header[:-4])))
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    @classmethod
    def open(cls, path: Path) -> Segment:
        """The segment of a file, mapped: nothing but its offsets is read before it is looked up.

        Raises StateError when it is damaged, cut short or newer than this version.
        """
        try:
            with path.open("rb") as file:
                header = file.read(_HEADER.size)
                size = os.fstat(file.fileno()).st_size
                sizes = _believed(header, size, path)
                mapped = np.asarray(np.memmap(file, np.uint8, "r", shape=(size,)))
        except OSError as error:
            raise StateError("copies.index_unreadable", where=str(path), problem=error.strerror or str(error)) from error
        segment = cls(_arrays(mapped, sizes))
        segment._file = path, mapped
        offsets = segment._offsets.reshape(BOXES, KEYS + 1)
        if offsets[:, 0].any() or (offsets[:, -1] != len(segment.hashes)).any() or (offsets[:, 1:] < offsets[:, :-1]).any():
            raise StateError("copies.index_damaged", where=str(path))
        return segment

    def check(self) -> None:
        """Reads the whole file and sums it. Raises StateError when it is not what was written."""
        if self._file is not None:
            path, mapped = self._file
            if zlib.crc32(mapped[_HEADER.size :].data) != _HEADER.unpack(mapped[: _HEADER.size].tobytes())[5]:
                raise StateError("copies.index_damaged", where=str(path))


class _Tables(NamedTuple):
    """The arrays of a file, in its order."""

    hashes: Words
    offsets: NDArray[np.uint32]
    postings: NDArray[np.uint32]
    owner_starts: NDArray[np.uint32]
    items: NDArray[np.uint32]
    frames: NDArray[np.uint32]


def _believed(header: bytes, size: int, path: Path) -> tuple[int, ...]:
    """The bytes of each array, from a header that can be believed."""
    if len(header) < _HEADER.size or header[:8] != _MAGIC:
        raise StateError("copies.index_damaged", where=str(path))
    _, schema, rows, owners, has_frames, _, of_header = _HEADER.unpack(header)
    if zlib.crc32(header[:-4]) != of_header:
        raise StateError("copies.index_damaged", where=str(path))
    if schema > SCHEMA:
        raise StateError("copies.index_newer", where=str(path), schema=schema, known=SCHEMA)
    if schema < SCHEMA:  # derived from the bank, so built anew rather than carried over
        raise StateError("copies.index_damaged", where=str(path))
    starts = 4 * (rows + 1) if owners > rows else 0
    sizes = (32 * rows, 4 * BOXES * (KEYS + 1), 4 * _LISTED * rows, starts, 4 * owners, 4 * owners * has_frames)
    if size != _HEADER.size + sum(sizes):
        raise StateError("copies.index_damaged", where=str(path))
    return sizes


def _arrays(mapped: NDArray[np.uint8], sizes: Sequence[int]) -> _Tables:
    at = _HEADER.size
    parts: list[NDArray[Any]] = []
    for size, dtype in zip(sizes, ("<u8", "<u4", "<u4", "<u4", "<u4", "<u4"), strict=True):
        parts.append(mapped[at : at + size].view(dtype))
        at += size
    hashes, *others = parts
    return _Tables(hashes.reshape(-1, 4), *others)


def _row_bits(rows: int) -> int:
    """How many bits of a posting number a hash; the next box has the rest, 16 at most."""
    return max(16, (rows - 1).bit_length())


def _marks(following: NDArray[np.uint16], row_bits: int) -> NDArray[np.uint32]:
    """The first bits of the next box, standing above `row_bits` zeros."""
    return (following.astype(np.uint32) >> np.uint32(row_bits - 16)) << np.uint32(row_bits)


def _postings(hashes: Words) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Offsets (16, 65537) and postings (15, n) of distinct hashes (n, 4) in the order of their last box."""
    boxes = boxes_of(hashes)
    offsets = np.zeros((BOXES, KEYS + 1), np.uint32)
    postings = np.empty((_LISTED, len(hashes)), np.uint32)
    for box in range(BOXES):
        keys = np.ascontiguousarray(boxes[:, box])
        np.cumsum(np.bincount(keys, minlength=KEYS), out=offsets[box, 1:])
        if box == _LISTED:
            break
        order = np.argsort(keys, kind="stable")
        marks = _marks(boxes[order, box + 1], _row_bits(len(hashes)))
        postings[box] = marks | order.astype(np.uint32)
    return offsets, postings


def _chunks(counts: Numbers, ends: Numbers) -> Iterator[tuple[int, int, int, int, Numbers]]:
    """Cuts runs of `counts` postings, laid end to end, into chunks: its first and its last place, the first and last run
    that lie in it, and how much of each does."""
    total = int(ends[-1])
    if total <= _CHUNK:
        yield 0, total, 0, len(counts), counts
        return
    for low in range(0, total, _CHUNK):
        high = min(low + _CHUNK, total)
        first, last = int(np.searchsorted(ends, low, side="right")), int(np.searchsorted(ends, high, side="left")) + 1
        some = counts[first:last].copy()
        some[0] = min(int(ends[first]), high) - low
        if last - first > 1:
            some[-1] = high - int(ends[last - 2])
        yield low, high, first, last, some
