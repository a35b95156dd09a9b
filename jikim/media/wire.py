"""What the parent and the child that reads one file say to each other: length-prefixed JSON over a socket, never pickle.

The parent believes nothing: each message has a size limit and a type, each number its bounds, each text its pattern, and a
refusal is one of a fixed list of keys, never words of the child's own. Pixels and sound do not travel here; they stand at the
start of the shared memory (`arena`) when a `Picture` or `Sound` is announced, and stay until the parent has answered `Taken`.

    parent: Hello (with two descriptors: the file and the arena)      child: LockedDown | NotLockedDown, then Facts | Refusal
    parent: FirstLook | FramesAt                                      child: Picture (parent: Taken) ..., Done | Refusal
    parent: SoundAt                                                   child: Sound | Refusal
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

MAX_MESSAGE_BYTES = 64 * 2**10
MAX_SIDE_PX = 65_535
MAX_TIME_S = 1e8
MAX_TIMES = 1024
"""Times asked for in one message."""
SOUND_RATE_HZ = 16_000
SAMPLE_BYTES = 4
PIXEL_BYTES = 3

Side = Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE_PX)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=MAX_TIME_S)]
Mime = Annotated[str, msgspec.Meta(pattern=r"^(image|video|audio)/[a-z0-9][a-z0-9.+-]{0,60}\Z", max_length=80)]

WarningKey = Literal["media.truncated", "media.damaged", "media.cut_short", "media.mislabelled", "media.pages_left_out"]
RefusalKey = Literal[
    "media.empty",
    "media.not_media",
    "media.playlist",
    "media.encrypted",
    "media.too_large",
    "media.no_streams",
    "media.no_frames",
    "media.unreadable",
    "media.out_of_memory",
]
Content = Literal["", "archive", "pdf", "text", "markup", "program", "font", "unknown"]


class Bounds(msgspec.Struct, frozen=True):
    """How far the child may go. `pixels_per_look` is for all frames of one answer together; `busy_s` for all of one file."""

    max_pixels: int
    still_max_pixels: int
    frame_side_px: int
    frames_limit: int
    pixels_per_look: int
    busy_s: float
    file_bytes: int


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    bounds: Bounds
    arena_bytes: int
    address_space_bytes: int
    cpu_s: int


class FirstLook(msgspec.Struct, frozen=True, tag="first_look"):
    pass


class FramesAt(msgspec.Struct, frozen=True, tag="frames_at"):
    times_s: Annotated[list[Seconds], msgspec.Meta(max_length=MAX_TIMES)]


class SoundAt(msgspec.Struct, frozen=True, tag="sound_at"):
    start_s: Seconds
    length_s: Seconds


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    pass


class LockedDown(msgspec.Struct, frozen=True, tag="locked_down", forbid_unknown_fields=True):
    """Every wall stands; not a byte of the file was read before this."""


class NotLockedDown(msgspec.Struct, frozen=True, tag="not_locked_down", forbid_unknown_fields=True):
    """A mandatory wall could not be raised; the child ends without reading anything."""

    wall: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9 _-]{1,40}\Z")]


class Facts(msgspec.Struct, frozen=True, tag="facts", forbid_unknown_fields=True):
    """What the file is. `is_moving`: frames are a film's, with times and of limited size, not stills."""

    kind: Literal["image", "video", "audio"]
    mime: Mime
    width_px: Side | None
    height_px: Side | None
    duration_s: Seconds | None
    has_audio: bool
    is_moving: bool


class Picture(msgspec.Struct, frozen=True, tag="picture", forbid_unknown_fields=True):
    width_px: Side
    height_px: Side
    at_s: Seconds | None


class Sound(msgspec.Struct, frozen=True, tag="sound", forbid_unknown_fields=True):
    samples: Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class Done(msgspec.Struct, frozen=True, tag="done", forbid_unknown_fields=True):
    """`alike_s`: when the film was looked at and showed what had been shown already."""

    warnings: Annotated[list[WarningKey], msgspec.Meta(max_length=8)]
    alike_s: Annotated[list[Seconds], msgspec.Meta(max_length=MAX_TIMES)] = []


class Refusal(msgspec.Struct, frozen=True, tag="refusal", forbid_unknown_fields=True):
    """Why not. `content` says what it was instead of media; `width_px` and `height_px` go with `media.too_large`."""

    key: RefusalKey
    content: Content = ""
    width_px: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0
    height_px: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0


Request = FirstLook | FramesAt | SoundAt | Taken
Reply = LockedDown | NotLockedDown | Facts | Picture | Sound | Done | Refusal

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size

encoder = msgspec.json.Encoder()
hello_decoder = msgspec.json.Decoder(Hello)
request_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
reply_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


class BadMessage(ValueError):
    """The other side sent something that is no message."""


def framed(message: msgspec.Struct) -> bytes:
    """`message` with its length before it."""
    body = encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def length_of(prefix: bytes) -> int:
    """Raises BadMessage when the announced length is out of bounds."""
    (length,) = _LENGTH.unpack(prefix)
    if not 2 <= length <= MAX_MESSAGE_BYTES:
        raise BadMessage(f"length {length}")
    return int(length)


def receive_frame(read_exactly: Callable[[int], bytes]) -> bytes:
    """The body of the next message. `read_exactly(n)` gives n bytes or raises."""
    return read_exactly(length_of(read_exactly(LENGTH_BYTES)))


def reply_in(body: bytes) -> Reply:
    """A message of the child, checked. Raises BadMessage."""
    try:
        return reply_decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadMessage(str(error)) from error
