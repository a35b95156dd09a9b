"""Opens a file behind the walls: decides by content what it is and hands it to the reader of pictures or of streams.

Runs in the child only. A reader yields upright (h, w, 3) uint8 RGB arrays with their time, None for stills.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from jikim.media import heif, pictures, sniffing, streams, wire
from jikim.media.refusing import Clock, Refused, refuse

__all__ = ["Clock", "Reader", "Refused", "open_media", "preload"]

Pixels = NDArray[np.uint8]

_ENCODINGS = ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
"""What readers of headers decode words with; Python loads each when it is first used."""


class Reader(Protocol):
    """An opened file. `warnings` and `alike_s`, when it showed again what it had shown, may grow with each answer."""

    facts: wire.Facts
    warnings: set[wire.WarningKey]
    alike_s: list[float]

    def first_look(self) -> Iterator[tuple[Pixels, float | None]]: ...

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[Pixels, float | None]]: ...

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]: ...


def preload() -> None:
    """Loads every library and module a file may need."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    pictures.preload()
    streams.preload()


def open_media(file: BinaryIO, bounds: wire.Bounds, clock: Clock) -> Reader:
    """Raises Refused for what is no media or breaks the bounds, and whatever the libraries raise on a bad file."""
    if bounds.file_bytes == 0:
        refuse("media.empty")
    head = file.read(sniffing.HEAD_BYTES)
    file.seek(0)
    found = sniffing.sniff(head)
    if isinstance(found, sniffing.NotMedia):
        refuse("media.not_media", found.content)
    if isinstance(found, sniffing.Playlist):
        refuse("media.playlist")
    if isinstance(found, sniffing.Still) and found.format == "HEIF":
        return heif.HeifReader(file, bounds, clock)
    if isinstance(found, sniffing.Still):
        return pictures.PictureReader(file, found, head, bounds, clock)
    return streams.StreamReader(file, head, bounds, clock)
