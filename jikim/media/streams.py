"""Containers of video and sound, by PyAV: what is inside, and which stream is looked at and listened to.

Runs in the child only. Containers that name other files, texts drawn as video and devices are not opened at all; nothing else
could be opened from here anyway.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Literal

import av
import av.error
import numpy as np
from av.stream import Discard
from numpy.typing import NDArray

from jikim.media import wire
from jikim.media.film import Film
from jikim.media.refusing import Clock, refuse
from jikim.media.sound import Sound

_OPENS_OTHERS = "hls applehttp dash concat concatf image2 image2pipe imf sdp rtp rtsp sap webm_dash_manifest vobsub rpl"
_TEXT_OR_RAW = (
    "ffmetadata data rawvideo tty bin xbin adf idf ass srt ssa webvtt sami stl subviewer subviewer1 microdvd mpl2 mpsub lrc "
    "jacosub realtext pjs vplayer tedcaptions aqtitle scc mcc sbg sup dvbsub dvbtxt txd svg_pipe xbm_pipe xpm_pipe rcwt musx "
    "sbc bit bitpacked v210 v210x codec2raw"
)
_DEVICES = (
    "alsa fbdev kmsgrab lavfi oss video4linux2 v4l2 x11grab xcbgrab android_camera avfoundation decklink dshow gdigrab "
    "iec61883 jack libcdio libdc1394 openal pulse sndio vfwcap"
)
_DENIED = frozenset(f"{_OPENS_OTHERS} {_TEXT_OR_RAW} {_DEVICES}".split())
_BUFFER_BYTES = 2**18
_ENCRYPTED_TAGS = frozenset(("encv", "enca", "drms", "drmi"))
_COVER = 1 << 10  # AV_DISPOSITION_ATTACHED_PIC

_SUBTYPES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "x-matroska", "avi": "x-msvideo", "mpegts": "mp2t", "mpeg": "mpeg",
    "mpegvideo": "mpeg", "flv": "x-flv", "asf": "x-ms-asf", "ogg": "ogg", "mp3": "mpeg", "wav": "wav", "flac": "flac",
    "aac": "aac", "amr": "amr", "aiff": "aiff",
}  # fmt: skip

_allowed_formats = ""


def preload() -> None:
    """Loads all of PyAV, parts of which load themselves when first used, and notes which containers may be opened."""
    global _allowed_formats
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(module.name)
    av.logging.set_level(None)
    allowed: set[str] = set()
    for name in av.formats_available:
        with contextlib.suppress(ValueError):  # one that can only be written
            found = av.format.ContainerFormat(name, "r")
            names = found.name.split(",")
            if not found.no_file and not _DENIED & set(names):
                allowed.update(names)
    _allowed_formats = ",".join(sorted(allowed))


class StreamReader:
    """A video with or without sound, or sound with or without a cover picture."""

    def __init__(self, file: BinaryIO, head: bytes, bounds: wire.Bounds, clock: Clock) -> None:
        self._file = file
        self._bounds = bounds
        self.warnings: set[wire.WarningKey] = set()
        container, picture, sound = self._open()
        if picture is None and sound is None:
            refuse("media.no_streams")
        self._seen_stream, self._heard_stream = picture, sound
        self._film: Film | None = None
        if picture is not None:
            self._film = Film(container, picture, self._reopen, bounds, clock, self.warnings)
        self.alike_s = [] if self._film is None else self._film.alike_s
        self._sound = None if sound is None else Sound(container, sound, clock, self.warnings)
        self.facts = self._facts(container, picture, head)

    def _open(self) -> tuple[Any, Any, Any]:
        """The container, the stream to look at and the one to listen to. Raises Refused."""
        self._file.seek(0)
        options = {
            "format_whitelist": _allowed_formats,
            "protocol_whitelist": "none",
            "max_streams": "64",
            "probesize": "4000000",
            "threads": "1",
            "max_pixels": str(self._bounds.max_pixels),
        }
        try:
            container = av.open(self._file, "r", options=options, metadata_errors="replace", buffer_size=_BUFFER_BYTES)
        except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError, av.error.EOFError):
            refuse("media.not_media", "unknown")
        picture = _largest([stream for stream in container.streams.video if stream.codec_context is not None])
        sound = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
        for stream in container.streams:
            stream.discard = Discard.default if stream in (picture, sound) else Discard.all
        if any(_is_encrypted(container, stream) for stream in (picture, sound) if stream is not None):
            refuse("media.encrypted")
        return container, picture, sound

    def _reopen(self) -> tuple[Any, Any]:
        container, picture, _ = self._open()
        return container, picture

    def _facts(self, container: Any, picture: Any, head: bytes) -> wire.Facts:
        name: str = container.format.name
        size = None if self._film is None else self._film.size
        is_film = picture is not None and not _is_cover(picture)
        if is_film and size is None and self._sound is None:
            refuse("media.no_frames")
        if size is None:
            self._film = None
            is_film = False
        is_still = is_film and self._film is not None and name.endswith("_pipe") and len(self._film.packets) <= 1
        kind: Literal["image", "video", "audio"] = "image" if is_still else "video" if is_film else "audio"
        width, height = size or (None, None)
        return wire.Facts(
            kind, f"{kind}/{_subtype(name, head)}", width, height, self._duration_s(container), self._sound is not None, True
        )

    def _duration_s(self, container: Any) -> float | None:
        """The container's own word where it can be true, but no less than when the last picture is shown."""
        stated_s = (container.duration or 0) / 1e6
        end_s = self._film.end_s if self._film is not None else 0.0
        if 0 < stated_s <= wire.MAX_TIME_S and math.isfinite(stated_s) and (end_s == 0 or stated_s <= 10 * end_s + 60):
            return max(stated_s, end_s)
        return end_s or None

    def first_look(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        """Keyframes and scene changes, near-identical ones once; of sound its cover picture."""
        self._read_alone(self._seen_stream, self._heard_stream)
        return iter(()) if self._film is None else self._film.first_look()

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[NDArray[np.uint8], float]]:
        """The nearest decodable frame to each of `times_s`."""
        self._read_alone(self._seen_stream, self._heard_stream)
        return iter(()) if self._film is None else self._film.frames_at(times_s)

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]:
        """Mono samples at 16 kHz."""
        self._read_alone(self._heard_stream, self._seen_stream)
        return np.zeros(0, np.float32) if self._sound is None else self._sound.between(start_s, length_s)

    @staticmethod
    def _read_alone(stream: Any, other: Any) -> None:
        """Has the container pass over the other stream's packets: pictures make up most of a file, and unread they cost
        nothing."""
        if stream is not None and other is not None:
            stream.discard, other.discard = Discard.default, Discard.all


def _largest(streams: list[Any]) -> Any:
    """The largest moving picture; a cover picture only where there is nothing else."""
    moving = [stream for stream in streams if not _is_cover(stream)]
    return max(moving or streams, key=lambda s: s.codec_context.width * s.codec_context.height, default=None)


def _is_cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & _COVER)


def _is_encrypted(container: Any, stream: Any) -> bool:
    """Whether the first packet comes with what a player would need to decrypt it (ISO/IEC 23001-7), or its kind says so."""
    if str(stream.codec_context.codec_tag) in _ENCRYPTED_TAGS:
        return True
    if not container.format.name.startswith("mov"):
        return False
    try:
        packet = next(container.demux(stream), None)
        container.seek(0)
    except (av.FFmpegError, OSError, ValueError):
        return False  # the damage is met again where it matters
    return packet is not None and bool(packet.has_sidedata("encryption_info"))


def _subtype(format_name: str, head: bytes) -> str:
    if head[4:12] == b"ftypqt  ":
        return "quicktime"
    if format_name == "matroska,webm" and b"webm" in head[:64]:
        return "webm"
    first = "".join(c for c in format_name.split(",")[0].lower() if c.isascii() and c.isalnum())
    return _SUBTYPES.get(format_name) or f"x-{first or 'unknown'}"
