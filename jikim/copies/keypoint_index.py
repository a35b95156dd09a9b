"""An index of keypoints: which pictures share the most like keypoints with the one that is looked at.

Every keypoint is 12 bytes: a posting in the list of its cell, with 64 bits of where it lies in the cell and the number of its
picture. A looked-at keypoint reads the lists of its nearest cells and votes for the pictures whose bits differ in few, the
nearer the more; common keypoints weigh less. This only proposes: `verification` decides. What is left out costs recall alone.

Lately added keypoints lie in memory, all else in sealed parts mapped from their files. As in `hash_index`, a list of the parts
replaces the one before it in one step; the index is derived from its bank (`sealed_up_to`) and built anew when it is damaged.

A part is a file: header, offsets (65537) u4, bits (n) u8, pictures (n) u4, items (m) u4, frames (m) u4, little-endian; n
keypoints of m pictures.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.copies.index_list import read_list, write_list
from jikim.copies.vocabulary import CELLS, Codes, vocabulary
from jikim.errors import StateError
from jikim.schema import sync

SCHEMA = 1
LIST_NAME = "keypoints.json"
INDEXED_POINTS = 150
"""The first keypoints of a picture that are indexed; the others serve to verify."""

VOTING_POINTS = 200
NEAR_CELLS = 8
DOUBT = 0.04
"""Margin to the side below which a keypoint is looked up as its mirror image too."""

BITS_MAX = 18
"""Bits of 64 in which like keypoints may differ."""

_DIFFERING_BITS = 7
"""Of a number that counts differing bits."""

SCANNED_MAX = 2_000_000
"""The most postings one look-up reads; the longest lists, of the least telling keypoints, are left out first."""

TAIL_POINTS = 1 << 18
PART_POINTS = 1 << 25
_MAGIC = b"JIKIMKPT"
_HEADER = struct.Struct("<8sIIIII")
"""Magic, schema, keypoints, pictures, crc32 of all behind the header, crc32 of the header before this."""

Words = NDArray[np.uint64]
Numbers = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Vote:
    """A picture that may be related: its item, which of its frames, and how strongly its keypoints are like those looked at."""

    item: int
    frame: int
    votes: float


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    sealed_up_to: Annotated[int, msgspec.Meta(ge=0)]
    stamp: str
    parts: tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\.keypoints$")], ...]


class _Part(NamedTuple):
    """Keypoints in order of their cells. `pictures` (n,) are places in `items` and `frames` (m,)."""

    offsets: Numbers
    bits: Words
    pictures: Numbers
    items: Numbers
    frames: Numbers


class KeypointIndex:
    """Keypoints of the frames of numbered items. One thread at a time; each process has its own.

    `sealed_up_to` is the highest number of an item that was saved: higher ones are to be added after opening. `stamp` is what
    whoever saved it knows it by.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[Path | None, _Part]] = []
        self._tail = _Tail()
        self._hidden: set[int] = set()
        self._highest = 0
        self.sealed_up_to = 0
        self.stamp = ""

    @classmethod
    def open(cls, folder: Path) -> KeypointIndex:
        """The index saved in a folder, empty where there is none. Raises StateError when it is damaged or newer."""
        index = cls()
        listed = read_list(folder / LIST_NAME, _List(SCHEMA, 0, "", ()), SCHEMA)
        index._parts = [(folder / name, _open_part(folder / name)) for name in listed.parts]
        index.sealed_up_to = index._highest = listed.sealed_up_to
        index.stamp = listed.stamp
        return index

    def __len__(self) -> int:
        """How many keypoints there are, hidden ones too."""
        return sum(len(part.bits) for _, part in self._parts) + len(self._tail)

    @property
    def is_due(self) -> bool:
        """Whether so much was added that it should be saved."""
        return len(self._tail) >= TAIL_POINTS

    def add(self, item: int, frame: int, descriptors: NDArray[np.uint8]) -> None:
        """Adds the keypoints of a frame, (n, 128) uint8, the strongest first. Item numbers only grow. Raises ValueError."""
        if descriptors.dtype != np.uint8 or descriptors.ndim != 2 or descriptors.shape[1] != 128:
            raise ValueError("a descriptor has 128 bytes")
        if not 0 <= item < 1 << 32 or not 0 <= frame < 1 << 32:
            raise ValueError("numbers of items and frames have bounds")
        self._highest = max(self._highest, item)
        self._tail.add(item, frame, descriptors[:INDEXED_POINTS])
        if len(self._tail) >= 4 * TAIL_POINTS:
            self._seal_tail()

    def hide(self, item: int) -> None:
        """Leaves an item out of every answer from now on; `save` drops it for good when told to."""
        self._hidden.add(item)

    def show(self, item: int) -> None:
        """Takes back `hide`."""
        self._hidden.discard(item)

    def remove(self, item: int) -> None:
        """Removes an item at once; the next `save` with it in `dropped` wipes it from the files."""
        self.hide(item)

    def vote(self, descriptors: NDArray[np.uint8], limit: int = 10) -> list[Vote]:
        """The pictures that share the most like keypoints with `descriptors` (n, 128), the most first, upright or mirrored.

        Raises StateError when a part turns out to be damaged.
        """
        parts = [part for _, part in self._parts]
        tail = self._tail.sorted()
        if len(tail.bits):
            parts.append(tail)
        descriptors = descriptors[:VOTING_POINTS]
        if not parts or not len(descriptors):
            return []
        codes = vocabulary().near_codes(descriptors, NEAR_CELLS, DOUBT)
        found: list[Vote] = []
        for part in parts:
            try:
                found += self._voted(part, codes, len(descriptors), limit, SCANNED_MAX // len(parts))
            except IndexError as error:
                raise StateError("copies.index_damaged", where=LIST_NAME) from error
        return sorted(found, key=lambda vote: (-vote.votes, vote.item, vote.frame))[:limit]

    def save(self, folder: Path, dropped: Iterable[int] = (), stamp: str = "") -> None:
        """Writes what is new into a folder, without the items in `dropped`; large parts that hold none of these stay as they
        are. The caller keeps others from saving at the same time. Raises OSError."""
        gone = np.array(sorted(set(dropped)), np.uint32)
        self._seal_tail()
        kept: list[tuple[Path | None, _Part]] = []
        loose: list[_Part] = []
        for path, part in self._parts:
            holds_gone = bool(np.isin(part.items, gone).any())
            if len(part.bits) >= PART_POINTS // 2 and not holds_gone:
                kept.append((path, part))
            else:
                loose.append(_without(part, gone) if holds_gone else part)
        kept += [(None, part) for part in _merged(loose)]
        self._parts = kept
        self._hidden -= set(gone.tolist())
        self.sealed_up_to, self.stamp = self._highest, stamp
        self._write(folder)

    def check(self) -> None:
        """Reads every file and sums it. Raises StateError when one is not what was written."""
        for path, _ in self._parts:
            if path is not None:
                content = np.memmap(path, np.uint8, "r")
                if zlib.crc32(content[_HEADER.size :].data) != _HEADER.unpack(content[: _HEADER.size].tobytes())[4]:
                    raise StateError("copies.index_damaged", where=str(path))

    def _voted(self, part: _Part, codes: Codes, queries: int, limit: int, scanned_max: int) -> list[Vote]:
        starts = part.offsets[codes.cells].astype(np.int64)
        counts = part.offsets[codes.cells + 1] - starts
        used = np.sort(np.argsort(counts, kind="stable")[: np.searchsorted(np.cumsum(np.sort(counts)), scanned_max, "right")])
        starts, counts, bits, rows = starts[used], counts[used], codes.bits[used], codes.rows[used]
        ends = np.cumsum(counts)
        if not len(ends) or not ends[-1]:
            return []
        lists = [part.bits[start : start + count] for start, count in zip(starts.tolist(), counts.tolist(), strict=True)]
        differing = np.bitwise_count(np.concatenate(lists) ^ np.repeat(bits, counts))
        near = np.flatnonzero(differing <= BITS_MAX)
        scanned = np.searchsorted(ends, near, side="right")
        pictures = part.pictures[near + (starts - (ends - counts))[scanned]].astype(np.int64)
        totals = _totals(rows[scanned], pictures, differing[near], queries, len(part.items))
        if self._hidden:
            totals[np.isin(part.items, np.fromiter(self._hidden, np.uint32))] = 0
        best = np.argpartition(-totals, min(limit, len(totals) - 1))[:limit]
        return [Vote(int(part.items[one]), int(part.frames[one]), float(totals[one])) for one in best if totals[one] > 0]

    def _seal_tail(self) -> None:
        part = self._tail.sorted()
        if len(part.bits):
            self._parts.append((None, part))
        self._tail = _Tail()

    def _write(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written: list[tuple[Path | None, _Part]] = []
        for path, part in self._parts:
            here = path if path is not None and path.parent == folder else folder / f"{uuid4().hex}.keypoints"
            if here != path:
                _write_part(here, part)
                part = _open_part(here)  # mapped from now on: what was built may leave the memory
            written.append((here, part))
        self._parts = written
        sync(folder)
        names = tuple(path.name for path, _ in written if path is not None)
        write_list(folder / LIST_NAME, _List(SCHEMA, self.sealed_up_to, self.stamp, names))
        for path in folder.iterdir():
            if path.name not in names and path.suffix in (".keypoints", ".part"):
                path.unlink(missing_ok=True)


class _Tail:
    """What was added lately, put in order when it is looked up."""

    def __init__(self) -> None:
        self._cells: list[NDArray[np.int64]] = []
        self._bits: list[Words] = []
        self._counts: list[int] = []
        self._items: list[int] = []
        self._frames: list[int] = []
        self._sorted: _Part | None = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, item: int, frame: int, descriptors: NDArray[np.uint8]) -> None:
        codes = vocabulary().codes(descriptors)
        self._cells.append(codes.cells)
        self._bits.append(codes.bits)
        self._counts.append(len(descriptors))
        self._items.append(item)
        self._frames.append(frame)
        self._length += len(descriptors)
        self._sorted = None

    def sorted(self) -> _Part:
        if self._sorted is None:
            cells = np.concatenate([*self._cells, np.empty(0, np.int64)])
            bits = np.concatenate([*self._bits, np.empty(0, np.uint64)])
            pictures = np.repeat(np.arange(len(self._counts), dtype=np.uint32), self._counts)
            items, frames = np.array(self._items, np.uint32), np.array(self._frames, np.uint32)
            self._sorted = _ordered(cells, bits, pictures, items, frames)
        return self._sorted


def _ordered(cells: NDArray[np.int64], bits: Words, pictures: Numbers, items: Numbers, frames: Numbers) -> _Part:
    order = np.argsort(cells, kind="stable")
    offsets = np.zeros(CELLS + 1, np.uint32)
    np.cumsum(np.bincount(cells, minlength=CELLS), out=offsets[1:])
    return _Part(offsets, bits[order], pictures[order], items, frames)


def _totals(
    queried: NDArray[np.int64], pictures: NDArray[np.int64], differing: NDArray[np.uint8], queries: int, count: int
) -> NDArray[np.float64]:
    """The votes for each of `count` pictures. A keypoint votes once for a picture, by its best posting, and the less the more
    pictures it votes for. Raises IndexError where there are not so many pictures."""
    if len(pictures) and pictures.max() >= count:
        raise IndexError("a posting names a picture that is not there")
    keys = np.sort((queried * count + pictures) << _DIFFERING_BITS | differing)
    pairs = keys >> _DIFFERING_BITS
    first = np.ones(len(pairs), bool)
    first[1:] = pairs[1:] != pairs[:-1]
    voters, voted = np.divmod(pairs[first], count)
    weights = (BITS_MAX + 1.0 - (keys[first] & (1 << _DIFFERING_BITS) - 1)) ** 2 / BITS_MAX**2
    weights /= np.sqrt(np.maximum(np.bincount(voters, minlength=queries), 1))[voters]
    return np.asarray(np.bincount(voted, weights=weights, minlength=count), np.float64)


def _cells_of(part: _Part) -> NDArray[np.int64]:
    return np.repeat(np.arange(CELLS), part.offsets[1:] - part.offsets[:-1])


def _without(part: _Part, gone: Numbers) -> _Part:
    """The part without some items."""
    stays = ~np.isin(part.items, gone)
    numbers = np.cumsum(stays) - 1
    kept = stays[part.pictures]
    pictures = numbers[part.pictures[kept]].astype(np.uint32)
    return _ordered(_cells_of(part)[kept], part.bits[kept], pictures, part.items[stays], part.frames[stays])


def _merged(parts: Sequence[_Part]) -> list[_Part]:
    """The same keypoints in as few parts as PART_POINTS allows."""
    groups: list[list[_Part]] = []
    room = 0
    for part in parts:
        if not len(part.items):
            continue
        if not groups or len(part.bits) > room:
            groups.append([])
            room = PART_POINTS
        groups[-1].append(part)
        room -= len(part.bits)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups]


def _joined(group: Sequence[_Part]) -> _Part:
    shifts = np.cumsum([0, *(len(part.items) for part in group)])
    return _ordered(
        np.concatenate([_cells_of(part) for part in group]),
        np.concatenate([part.bits for part in group]),
        np.concatenate([part.pictures + np.uint32(shift) for part, shift in zip(group, shifts, strict=False)]),
        np.concatenate([part.items for part in group]),
        np.concatenate([part.frames for part in group]),
    )


def _write_part(path: Path, part: _Part) -> None:
    """Writes the file, whole or not at all, and waits until it has reached the disk."""
    arrays = [np.ascontiguousarray(array).data.cast("B") for array in part if array.size]
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(array, checksum)
    header = _HEADER.pack(_MAGIC, SCHEMA, len(part.bits), len(part.items), checksum, 0)[:-4]
    unfinished = path.with_name(f"{path.name}.part")
    with open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(header + struct.pack("<I", zlib.crc32(header)))
        for array in arrays:
            file.write(array)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _open_part(path: Path) -> _Part:
    """The part of a file, mapped. Raises StateError when it is damaged, cut short or newer than this version."""
    try:
        content = np.asarray(np.memmap(path, np.uint8, "r"))
    except (OSError, ValueError) as error:
        raise StateError("copies.index_unreadable", where=str(path), problem=str(error)) from error
    header = content[: _HEADER.size].tobytes()
    if len(header) < _HEADER.size or header[:8] != _MAGIC:
        raise StateError("copies.index_damaged", where=str(path))
    _, schema, keypoints, pictures, _, of_header = _HEADER.unpack(header)
    if zlib.crc32(header[:-4]) != of_header:
        raise StateError("copies.index_damaged", where=str(path))
    if schema > SCHEMA:
        raise StateError("copies.index_newer", where=str(path), schema=schema, known=SCHEMA)
    sizes = (4 * (CELLS + 1), 8 * keypoints, 4 * keypoints, 4 * pictures, 4 * pictures)
    if len(content) != _HEADER.size + sum(sizes):
        raise StateError("copies.index_damaged", where=str(path))
    arrays: list[NDArray[Any]] = []
    at = _HEADER.size
    for size, dtype in zip(sizes, ("<u4", "<u8", "<u4", "<u4", "<u4"), strict=True):
        arrays.append(content[at : at + size].view(dtype))
        at += size
    part = _Part(*arrays)
    if part.offsets[0] or part.offsets[-1] != keypoints or (part.offsets[1:] < part.offsets[:-1]).any():
        raise StateError("copies.index_damaged", where=str(path))
    return part
