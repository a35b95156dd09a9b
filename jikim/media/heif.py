"""HEIC stills: the boxes read here, in Python, the pictures decoded by FFmpeg's HEVC decoder with one thread.

The usual library decodes in threads of its own, which the sandbox forbids. Read are single pictures and grids of tiles, turned
and mirrored as the file says; thumbnails, depth maps and alpha planes are left out. Boxes: ISO/IEC 14496-12 and 23008-12.
Runs in the child only.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jikim.media import wire
from jikim.media.refusing import Clock, check_size, refuse

Pixels = NDArray[np.uint8]

_MAX_META_BYTES = 8 * 2**20
_MAX_BOXES = 100_000
_NOT_SHOWN = frozenset((b"thmb", b"auxl", b"dimg"))
BAD_BOXES = (struct.error, ValueError, IndexError, KeyError, OverflowError)


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    is_hidden: bool = False
    extents: list[tuple[int, int, int]] = field(default_factory=list)
    """(where: 0 file or 1 idat, offset, length)"""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    """The tiles of a grid."""

    def property(self, kind: bytes) -> bytes | None:
        return next((body for name, body in self.properties if name == kind), None)


class _Cursor:
    """Reads big-endian numbers one after the other. Raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, size: int) -> int:
        if self._at + size > len(self._data):
            raise ValueError("box too short")
        value = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return value

    def rest(self) -> bytes:
        return self._data[self._at :]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of the boxes in `data`."""
    at, count = 0, 0
    while at + 8 <= len(data) and count < _MAX_BOXES:
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            (size,), header = struct.unpack_from(">Q", data, at + 8), 16
        end = len(data) if size == 0 else at + size
        if size != 0 and size < header:
            raise ValueError("box smaller than its header")
        yield kind, data[at + header : min(end, len(data))]
        at, count = end, count + 1


def _meta(file: BinaryIO, file_bytes: int) -> bytes:
    """The body of the file's meta box. Raises ValueError when there is none."""
    at = 0
    for _ in range(1000):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            break
        size, kind = struct.unpack_from(">I4s", header)
        start = 8
        if size == 1:
            (size,), start = struct.unpack_from(">Q", header, 8), 16
        size = size or file_bytes - at
        if kind == b"meta":
            file.seek(at + start)
            return file.read(min(size - start, _MAX_META_BYTES))
        if size < start:
            break
        at += size
    raise ValueError("no meta box")


class HeifReader:
    """The pictures of a HEIC file, the primary one first."""

    def __init__(self, file: BinaryIO, bounds: wire.Bounds, clock: Clock) -> None:
        self._file, self._bounds, self._clock = file, bounds, clock
        self.warnings: set[wire.WarningKey] = set()
        self.alike_s: list[float] = []
        self._items: dict[int, _Item] = {}
        self._data = b""
        self._not_shown: set[int] = set()
        self._primary = 0
        try:
            self._parse(_meta(file, bounds.file_bytes)[4:])
        except BAD_BOXES:
            refuse("media.unreadable")
        primary = self._items.get(self._primary)
        if primary is None:
            refuse("media.no_frames")
        width, height = self._size(primary)
        if (primary.property(b"irot") or b"\0")[0] % 2:
            width, height = height, width
        self.facts = wire.Facts("image", "image/heic", width, height, None, False, False)

    def _size(self, item: _Item) -> tuple[int, int]:
        """(width, height) as the header says, checked, before turning."""
        try:
            width, height = struct.unpack_from(">II", item.property(b"ispe") or b"", 4)
        except struct.error:
            refuse("media.unreadable")
        check_size(width, height, self._bounds)
        if width < 1 or height < 1:
            refuse("media.no_frames")
        return width, height

    # ---- boxes ----------------------------------------------------------------------------------------------------------

    def _parse(self, meta: bytes) -> None:
        for kind, body in _boxes(meta):
            cursor = _Cursor(body)
            match kind:
                case b"pitm":
                    cursor.number(4)
                    self._primary = cursor.number(2 if body[0] == 0 else 4)
                case b"iinf":
                    self._parse_items(body)
                case b"iref":
                    self._parse_references(body)
                case b"iprp":
                    self._parse_properties(body)
                case b"iloc":
                    self._parse_places(body)
                case b"idat":
                    self._data = body

    def _item(self, number: int) -> _Item:
        return self._items.setdefault(number, _Item())

    def _parse_items(self, body: bytes) -> None:
        for kind, entry in _boxes(body[6 if body[0] == 0 else 8 :]):
            if kind == b"infe" and entry[0] >= 2:
                cursor = _Cursor(entry[4:])
                item = self._item(cursor.number(2 if entry[0] == 2 else 4))
                cursor.number(2)
                item.kind, item.is_hidden = cursor.rest()[:4], bool(entry[3] & 1)

    def _parse_references(self, body: bytes) -> None:
        size = 2 if body[0] == 0 else 4
        for kind, entry in _boxes(body[4:]):
            cursor = _Cursor(entry)
            source = cursor.number(size)
            targets = [cursor.number(size) for _ in range(cursor.number(2))]
            if kind == b"dimg":
                self._item(source).parts = targets
                self._not_shown.update(targets)
            elif kind in _NOT_SHOWN:
                self._not_shown.add(source)

    def _parse_properties(self, body: bytes) -> None:
        inside = list(_boxes(body))
        known = [entry for kind, container in inside if kind == b"ipco" for entry in _boxes(container)]
        for table in (table for kind, table in inside if kind == b"ipma"):
            cursor = _Cursor(table[4:])
            for _ in range(cursor.number(4)):
                item = self._item(cursor.number(2 if table[0] == 0 else 4))
                for _ in range(cursor.number(1)):
                    index = cursor.number(2) & 0x7FFF if table[3] & 1 else cursor.number(1) & 0x7F
                    if 0 < index <= len(known):
                        item.properties.append(known[index - 1])

    def _parse_places(self, body: bytes) -> None:
        version, cursor = body[0], _Cursor(body[4:])
        sizes = cursor.number(2)
        offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        for _ in range(cursor.number(2 if version < 2 else 4)):
            item = self._item(cursor.number(2 if version < 2 else 4))
            where = cursor.number(2) & 15 if version else 0
            cursor.number(2)
            base = cursor.number(base_size)
            for _ in range(cursor.number(2)):
                cursor.number(index_size if version else 0)
                offset = base + cursor.number(offset_size)
                item.extents.append((where, offset, cursor.number(length_size)))

    def _content(self, item: _Item) -> bytes:
        parts: list[bytes] = []
        for where, offset, length in item.extents:
            if where == 1:
                parts.append(self._data[offset : offset + length])
            else:
                self._file.seek(offset)
                parts.append(self._file.read(min(length, self._bounds.file_bytes)))
                if len(parts[-1]) < length:
                    self.warnings.add("media.truncated")
        return b"".join(parts)

    # ---- pictures -------------------------------------------------------------------------------------------------------

    def first_look(self) -> Iterator[tuple[Pixels, float | None]]:
        """The primary picture, then others that are not parts, thumbnails or planes of one."""
        yield self._picture(self._items[self._primary]), None
        left_px = self._bounds.pixels_per_look - self._bounds.still_max_pixels
        for number, item in sorted(self._items.items()):
            if number == self._primary or number in self._not_shown or item.is_hidden or item.kind not in (b"hvc1", b"grid"):
                continue
            left_px -= math.prod(self._size(item))
            if left_px < 0 or self._clock.is_over():
                self.warnings.add("media.pages_left_out")
                return
            yield self._picture(item), None

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[Pixels, float | None]]:
        """A still has no times."""
        return iter(())

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]:
        """A still has no sound."""
        return np.zeros(0, np.float32)

    def _picture(self, item: _Item) -> Pixels:
        """Decoded, reduced to the bound on stills, upright."""
        width, height = self._size(item)
        if item.kind == b"grid":
            pixels = self._grid(item)
        elif item.kind == b"hvc1":
            tiles = self._decode([item])
            if not tiles:
                refuse("media.no_frames")
            pixels = tiles[0][:height, :width]
        else:
            refuse("media.unreadable")
        for kind, body in item.properties:
            if kind == b"irot":
                pixels = np.rot90(pixels, body[0] & 3)
            elif kind == b"imir":
                pixels = pixels[:, ::-1] if body[0] & 1 else pixels[::-1]
        scale = math.sqrt(self._bounds.still_max_pixels / (pixels.shape[0] * pixels.shape[1]))
        if scale < 1:
            size = (max(1, int(pixels.shape[1] * scale)), max(1, int(pixels.shape[0] * scale)))
            pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BOX))
        return np.ascontiguousarray(pixels)

    def _grid(self, item: _Item) -> Pixels:
        """The tiles of a grid put together; a tile that cannot be decoded stays grey."""
        cursor = _Cursor(self._content(item))
        try:
            flags, rows, columns = cursor.number(2) & 1, cursor.number(1) + 1, cursor.number(1) + 1
            width, height = (cursor.number(4 if flags else 2) for _ in range(2))
        except ValueError:
            refuse("media.unreadable")
        check_size(width, height, self._bounds)
        parts = [self._items[number] for number in item.parts[: rows * columns] if number in self._items]
        tiles = self._decode(parts)
        if not tiles or width < 1 or height < 1:
            refuse("media.no_frames")
        if len(tiles) < rows * columns:
            self.warnings.add("media.damaged")
        tile_height, tile_width = next(iter(tiles.values())).shape[:2]
        whole = np.full((height, width, 3), 128, np.uint8)
        for number, tile in tiles.items():
            top, left = number // columns * tile_height, number % columns * tile_width
            place = whole[top : top + tile_height, left : left + tile_width]
            fitting = tile[: place.shape[0], : place.shape[1]]
            place[: fitting.shape[0], : fitting.shape[1]] = fitting
        return whole

    def _decode(self, items: list[_Item]) -> dict[int, Pixels]:
        """The pictures of `items` that can be decoded, by their place in it."""
        pixels: dict[int, Pixels] = {}
        decoder: Any = None
        configuration: bytes | None = None
        for number, item in enumerate(items):
            if item.property(b"hvcC") != configuration or decoder is None:
                self._drain(decoder, pixels)
                configuration = item.property(b"hvcC")
                decoder = self._decoder(configuration or b"")
            packet = av.Packet(self._content(item))
            packet.pts = packet.dts = number
            try:
                self._keep(decoder.decode(packet), pixels)
            except (av.FFmpegError, ValueError):
                self.warnings.add("media.damaged")
            if self._clock.is_over():
                self.warnings.add("media.cut_short")
                break
        self._drain(decoder, pixels)
        return pixels

    def _decoder(self, configuration: bytes) -> Any:
        decoder: Any = av.CodecContext.create("hevc", "r")
        decoder.thread_count, decoder.thread_type = 1, "NONE"
        decoder.extradata = configuration
        decoder.options = {"max_pixels": str(self._bounds.max_pixels)}
        return decoder

    def _drain(self, decoder: Any, pixels: dict[int, Pixels]) -> None:
        if decoder is not None:
            with contextlib.suppress(av.FFmpegError):
                self._keep(decoder.decode(None), pixels)

    def _keep(self, frames: Sequence[Any], pixels: dict[int, Pixels]) -> None:
        for frame in frames:
            check_size(frame.width, frame.height, self._bounds)
            if frame.pts is not None:
                pixels[int(frame.pts)] = frame.reformat(format="rgb24", threads=1).to_ndarray()
