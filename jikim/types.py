"""The frozen dataclasses that flow: keyword -> candidate -> capture -> media -> cues -> assessment.

Every instant is an aware UTC datetime and its name ends in `_at`. Units are in the names: `_s` seconds, `_px` pixels,
`_bytes` bytes, `_hz` hertz. `score` and `confidence` are in 0..1. Values are never changed after they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

JsonValue = Any
"""A value that msgspec can write as JSON: None, bool, int, float, str, and lists and mappings of these."""


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Need(StrEnum):
    """What an analyzer wants to be handed of a subject."""

    FRAMES = "frames"
    AUDIO = "audio"
    TEXT = "text"


class TextOrigin(StrEnum):
    TITLE = "title"
    POST = "post"
    SCREEN = "screen"
    SPEECH = "speech"


class AxisState(StrEnum):
    KNOWN = "known"
    CANNOT_TELL = "cannot_tell"


class Level(StrEnum):
    """In what order people look: at once, when they can, not at all unless they wish."""

    URGENT = "urgent"
    LOOK = "look"
    NONE = "none"


class SourceState(StrEnum):
    """How a place answered. `EMPTY` is an honest "nothing found"; every other state but `OK` says that we do not know.
    `UNKNOWN`: it answered with nothing, also to its canary, a keyword for which there always is something. In order, the
    worst last."""

    OK = "ok"
    EMPTY = "empty"
    SLOW = "slow"
    UNKNOWN = "unknown"
    LIMITED = "limited"
    BLOCKED = "blocked"
    CHANGED = "changed"
    DEAD = "dead"


class Region(NamedTuple):
    """A box in a frame: left, top, width, height, each as a share (0..1) of the frame's width or height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a worker typed. `lang` is a BCP 47 tag; `origin` is `typed`, `watch` or `variant`."""

    text: str
    lang: str = "ko"
    origin: str = "typed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post, page or file that a source named for a keyword; nothing of it has been downloaded yet.

    `id` is `candidate_id(source, native_id)`: the same find has the same id in every run. `author_ref` is the source's own
    reference to the author, never a name we looked up. `thumbnail_urls` and `duration_s` are what the source said of the
    media before any download.
    """

    id: str
    source: str
    native_id: str
    url: str
    title: str
    text: str
    author_ref: str | None
    media_urls: tuple[str, ...]
    keyword: Keyword
    posted_at: datetime | None
    found_at: datetime
    thumbnail_urls: tuple[str, ...] = ()
    duration_s: float | None = None


def candidate_id(source: str, native_id: str) -> str:
    """The content-derived id of a candidate: 64 hexadecimal digits."""
    return sha256(f"{source}\0{native_id}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Hop:
    """One answer on the way from the address that was asked for to the one that answered: a redirect, or the last one.
    `headers` has lower-case names and no cookies."""

    url: str
    status: int
    headers: Mapping[str, str] = field(hash=False)
    peer_ip: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to a request for metadata: kept in memory only. `headers` has lower-case names; `chain` has every
    answer on the way, the last one included."""

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    peer_ip: str
    fetched_at: datetime
    chain: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """A file that was fetched and sealed as it arrived. `content_type` was decided by content, not by the server's word;
    `sha256` is of the plain bytes; `blob` is its id in the vault; `chain` as in `Answer`; `sound` is the address of a film's
    sound where that stands in files of its own."""

    url: str
    final_url: str
    status: int
    peer_ip: str
    content_type: str
    sha256: str
    size_bytes: int
    fetched_at: datetime
    blob: str
    chain: tuple[Hop, ...] = ()
    sound: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """What a file turned out to be once it was opened. `id` is the sha256 of its bytes; sizes are after rotation."""

    id: str
    kind: MediaKind
    mime: str
    width_px: int | None
    height_px: int | None
    duration_s: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture, or a video's picture at `at_s` (None for a still). `pixels`: (height, width, 3) uint8, RGB, upright."""

    media_id: str
    at_s: float | None
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Mono sound. `samples`: (n,) float32 in -1..1."""

    samples: NDArray[np.float32]
    rate_hz: int


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A piece of text and where it stood. `at_s` is set for what was seen or said in a video."""

    text: str
    origin: TextOrigin
    at_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What an analyzer is handed. `frames` are in order of time and all belong to `media`."""

    media: Media | None
    frames: tuple[Frame, ...] = ()
    audio: Audio | None = None
    texts: tuple[TextSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing one analyzer noticed. `value` has the shape the design gives for `name`; `message_key` and `params` say it
    to a person; `weights_sha256` is of the model file that saw it, None where none took part."""

    media_id: str | None
    analyzer: str
    analyzer_version: str
    weights_sha256: str | None
    name: str
    at_s: float | None
    region: Region | None
    value: Mapping[str, JsonValue]
    confidence: float
    message_key: str
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Axis:
    """A probability with its interval, `low <= score <= high`. In state `cannot_tell` the score is the prior."""

    state: AxisState
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate stands where it stands, as a message with parameters. `weight` is what it contributed, in log-odds
    (0 for a remark that moves nothing); `cues` are what it rests on."""

    message_key: str
    params: Mapping[str, JsonValue]
    weight: float
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is suspected of a candidate, how strongly and why. `axes` has `minor` and `sexual`; `reasons` come strongest
    first; `assessor_version` names the rules and their sha256."""

    candidate_id: str
    score: float
    level: Level
    axes: Mapping[str, Axis]
    reasons: tuple[Reason, ...]
    assessor_version: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What an analyzer is for and how far to trust it. `metrics` and `by_group` hold measured figures only."""

    intended_use: str
    limits: str
    data: str
    metrics: Mapping[str, JsonValue]
    by_group: Mapping[str, JsonValue]
    licence_code: str
    licence_weights: str
