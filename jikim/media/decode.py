"""Opens a file behind the walls: decides by content what it is and hands it to the reader of pictures or of streams.

Runs in the child only. A reader yields upright (h, w, 3) uint8 RGB arrays with their time, None for stills.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from jikim.media import pictures, sniffing, streams, wire
from jikim.media.refusing import Clock, Refused, refuse

__all__ = ["Clock", "Reader", "Refused", "open_media", "preload"]

Pixels = NDArray[np.uint8]


class Reader(Protocol):
    """An opened file. `warnings` may grow with each answer."""

    facts: wire.Facts
    warnings: set[wire.Warning_]

    def first_look(self) -> Iterator[tuple[Pixels, float | None]]: ...

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[Pixels, float | None]]: ...

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]: ...


def preload() -> None:
    """Loads every library and module a file may need."""
    pictures.preload()
    streams.preload()
    time.monotonic()


def open_media(file: BinaryIO, bounds: wire.Bounds, clock: Clock) -> Reader:
    """Raises Refused for what is no media or breaks the bounds, and whatever the libraries raise on a bad file."""
    if bounds.file_bytes == 0:
        refuse("media.empty")
    head = file.read(sniffing.HEAD_BYTES)
    file.seek(0)
    match sniffing.sniff(head):
        case sniffing.NotMedia(content):
            refuse("media.not_media", content)
        case sniffing.Playlist():
            refuse("media.playlist")
        case sniffing.Still() as still:
            return pictures.PictureReader(file, still, bounds, clock)
        case _:
            return streams.StreamReader(file, bounds, clock)
