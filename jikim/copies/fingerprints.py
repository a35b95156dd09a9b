"""What is kept of known material instead of the material: enough to recognise a copy, never enough to show it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.errors import StateError
from jikim.types import MediaKind

FORMAT = 1
"""Of `pack`. A higher one is refused."""

BLOCK_CODES = 64


class Features:
    """Local features of a picture. `points`: (n, 4) float32, x, y and size as shares of the longer side, angle in degrees.
    `descriptors`: (n, 128) uint8, RootSIFT, of the points, the strongest first."""

    def __init__(self, points: NDArray[np.float32], descriptors: NDArray[np.uint8]) -> None:
        self._found: tuple[NDArray[np.float32], NDArray[np.uint8]] | None = (points, descriptors)
        self._seek: Callable[[], tuple[NDArray[np.float32], NDArray[np.uint8]]] | None = None

    @classmethod
    def sought_with(cls, seek: Callable[[], tuple[NDArray[np.float32], NDArray[np.uint8]]]) -> Self:
        """Those that `seek` gives, which is called when they are first asked for: they cost ten times as much as all else of a
        fingerprint, and of a long film that shows nothing known most are never looked at."""
        features = cls.__new__(cls)
        features._found, features._seek = None, seek
        return features

    @property
    def are_none(self) -> bool:
        """Whether it is known, without seeking any, that there are none."""
        return self._found is not None and not len(self._found[0])

    @property
    def are_sought(self) -> bool:
        """Whether they are there already."""
        return self._found is not None

    @property
    def points(self) -> NDArray[np.float32]:
        return self._sought()[0]

    @property
    def descriptors(self) -> NDArray[np.uint8]:
        return self._sought()[1]

    def first(self, count: int) -> Features:
        """The strongest of them."""
        return Features(self.points[:count], self.descriptors[:count])

    def _sought(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        if self._found is None:
            assert self._seek is not None
            self._found, self._seek = self._seek(), None
        return self._found


NO_FEATURES = Features(np.empty((0, 4), np.float32), np.empty((0, 128), np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class PictureFingerprint:
    """Of one picture, or of one frame of a film at `at_s` seconds.

    `pdq`: (8, 32) uint8, the PDQ hashes of the whole picture in its eight orientations, bit-exact for exchange. `quality`:
    0..100, below 50 the picture is too uniform to be matched by them. `views`: (v, 32) uint8, PDQ hashes of canonical crops,
    upright. `features`: its keypoints. `blocks`: (64,) uint32, a code for each of 8 x 8 blocks (blocks.py), or (0,) when they
    were not taken. `sketch`: the picture small and grey, in memory only, while it is compared; never packed.
    `insides`: (k, 32) uint8, PDQ hashes of rectangles in it that may hold another picture, upright, and `inside_boxes`: (k, 4)
    float32, their left, top, right and bottom as shares of the longer side; of what is looked at only, and never packed.
    """

    at_s: float
    width_px: int
    height_px: int
    pdq: NDArray[np.uint8]
    quality: int
    views: NDArray[np.uint8]
    features: Features = NO_FEATURES
    blocks: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    sketch: NDArray[np.uint8] | None = None
    insides: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 32), np.uint8))
    inside_boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    @property
    def points(self) -> NDArray[np.float32]:
        """Of `features`."""
        return self.features.points

    @property
    def descriptors(self) -> NDArray[np.uint8]:
        """Of `features`."""
        return self.features.descriptors

    @property
    def is_pointed(self) -> bool:
        """Whether it may have keypoints; they are not sought to tell."""
        return not self.features.are_none


@dataclass(frozen=True, slots=True, eq=False)
class SoundFingerprint:
    """Of a sound track: one 32-bit code every `step_s` seconds, (m,) uint32."""

    step_s: float
    codes: NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class ItemFingerprint:
    """Of one file. `sha256` is of its bytes; `frames` are in order of time, one for a picture; `duration_s` is None for it."""

    sha256: str
    kind: MediaKind
    width_px: int
    height_px: int
    duration_s: float | None
    frames: tuple[PictureFingerprint, ...]
    sound: SoundFingerprint | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the query and the stretch of the item it shows, in seconds; `item_end_s` < `item_start_s` is backwards."""

    start_s: float
    end_s: float
    item_start_s: float
    item_end_s: float


_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
_Side = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]


class _PictureHeader(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The numbers of one picture; `views`, `points` and `has_blocks` say how many bytes of arrays follow."""

    at_s: float
    width_px: _Side
    height_px: _Side
    quality: Annotated[int, msgspec.Meta(ge=0, le=100)]
    views: Annotated[int, msgspec.Meta(ge=0, le=64)]
    points: Annotated[int, msgspec.Meta(ge=0, le=4096)]
    has_blocks: bool


class _Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    kind: MediaKind
    width_px: _Side
    height_px: _Side
    duration_s: float | None
    frames: tuple[_PictureHeader, ...]
    sound_step_s: float | None
    sound_codes: _Count


def pack(item: ItemFingerprint) -> bytes:
    """The fingerprint as bytes: one byte FORMAT, four bytes length of the header (big-endian), the header in MessagePack, then
    the arrays of each frame one after the other, little-endian, then the codes of the sound. About 44 KB for 300 points."""
    header = msgspec.msgpack.encode(
        _Header(
            sha256=item.sha256,
            kind=item.kind,
            width_px=item.width_px,
            height_px=item.height_px,
            duration_s=item.duration_s,
            frames=tuple(
                _PictureHeader(
                    float(one.at_s),
                    one.width_px,
                    one.height_px,
                    one.quality,
                    len(one.views),
                    len(one.points),
                    len(one.blocks) > 0,
                )
                for one in item.frames
            ),
            sound_step_s=item.sound.step_s if item.sound else None,
            sound_codes=len(item.sound.codes) if item.sound else 0,
        )
    )
    parts = [bytes([FORMAT]), len(header).to_bytes(4, "big"), header]
    for one in item.frames:
        parts += [np.ascontiguousarray(one.pdq, np.uint8).tobytes(), np.ascontiguousarray(one.views, np.uint8).tobytes()]
        parts += [np.ascontiguousarray(one.points, "<f4").tobytes(), np.ascontiguousarray(one.descriptors, np.uint8).tobytes()]
        parts.append(np.ascontiguousarray(one.blocks, "<u4").tobytes())
    if item.sound:
        parts.append(np.ascontiguousarray(item.sound.codes, "<u4").tobytes())
    return b"".join(parts)


def unpack(packed: bytes | memoryview, where: str = "") -> ItemFingerprint:
    """The reverse of `pack`; `where` names the file in errors. Raises StateError when the bytes are damaged, cut short or too
    long, or written by a newer version."""
    if len(packed) < 5:
        raise StateError("copies.fingerprint_damaged", where=where)
    if packed[0] > FORMAT:
        raise StateError("copies.fingerprint_newer", where=where, schema=packed[0], known=FORMAT)
    start = 5 + int.from_bytes(packed[1:5], "big")
    try:
        header = msgspec.msgpack.decode(packed[5:start], type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError("copies.fingerprint_damaged", where=where) from error
    sizes = sum(_bytes_of(one) for one in header.frames) + 4 * header.sound_codes
    if packed[0] != FORMAT or len(packed) - start != sizes or not all(map(math.isfinite, _times(header))):
        raise StateError("copies.fingerprint_damaged", where=where)
    reader = _Reader(packed, start)
    frames = tuple(_read_frame(reader, one) for one in header.frames)
    if not all(np.isfinite(one.points).all() for one in frames if len(one.points)):
        raise StateError("copies.fingerprint_damaged", where=where)
    sound = None
    if header.sound_step_s is not None:
        sound = SoundFingerprint(header.sound_step_s, reader.take((header.sound_codes,), _WORD))
    return ItemFingerprint(header.sha256, header.kind, header.width_px, header.height_px, header.duration_s, frames, sound)


_BYTE, _FLOAT, _WORD = np.dtype(np.uint8), np.dtype("<f4"), np.dtype("<u4")


class _Reader:
    """Takes arrays off bytes, one after the other; they share the memory of the bytes and cannot be written."""

    def __init__(self, packed: bytes | memoryview, start: int) -> None:
        self._packed = packed
        self._at = start

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        if 0 in shape:
            return np.empty(shape, dtype)
        array = np.ndarray(shape, dtype, self._packed, self._at)
        self._at += array.nbytes
        return array


def _read_frame(reader: _Reader, header: _PictureHeader) -> PictureFingerprint:
    return PictureFingerprint(
        at_s=header.at_s,
        width_px=header.width_px,
        height_px=header.height_px,
        pdq=reader.take((8, 32), _BYTE),
        quality=header.quality,
        views=reader.take((header.views, 32), _BYTE),
        features=Features(reader.take((header.points, 4), _FLOAT), reader.take((header.points, 128), _BYTE)),
        blocks=reader.take((BLOCK_CODES * header.has_blocks,), _WORD),
    )


def _bytes_of(header: _PictureHeader) -> int:
    return (8 + header.views) * 32 + header.points * (16 + 128) + 4 * BLOCK_CODES * header.has_blocks


def _times(header: _Header) -> Iterator[float]:
    yield from (one.at_s for one in header.frames)
    yield header.duration_s or 0.0
    yield header.sound_step_s or 0.0
