"""The parent's side: hand a file to a child behind walls, and believe nothing it says.

    with Opener(config.opening) as opener, opener.open(fd, sha256) as media:
        frames = media.first_look()

An `Opener` owns one zygote; other processes may share it by `Opener(settings, address=opener.address)`. The bytes never pass
the parent: it hands over a descriptor of sealed memory and gets pixels and samples back.
"""

from __future__ import annotations

import mmap
import os
import socket
import threading
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jikim.config import Opening
from jikim.errors import MediaUnreadable, SandboxUnavailable
from jikim.media import sealed, wire
from jikim.media.line import Line, Stopped, Zygote, connect, start_zygote
from jikim.media.sandbox import Missing, missing
from jikim.media.sealed import open_path, sealed_memory, sha256_of
from jikim.types import Audio, Frame, Media, MediaKind

__all__ = ["Missing", "OpenMedia", "Opener", "missing", "open_path", "sealed_memory", "sha256_of"]

_PIXELS_PER_LOOK = 80_000_000
"""240 MB: what all frames of one answer together may hold."""
_BUSY_SHARE = 0.8
"""The child stops of its own accord at this share of the wall clock, and delivers what it has; at the whole it is killed."""
_CPU_GRACE_S = 2
_LONGEST_SOUND_S = 3600.0


class Opener:
    """Opens files in the sandbox. Owns the zygote unless it was given another's `address`.

    The zygote starts at once and in the background; the first `open` waits for it. Any number of threads may call `open`.
    Raises SandboxUnavailable when no process can be started.
    """

    def __init__(self, settings: Opening, *, address: str | None = None) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._zygote = _started() if address is None else None
        self._address = address
        self._is_closed = False

    @property
    def address(self) -> str:
        """What other processes of this user hand to their own `Opener` to share this one's zygote while it lives."""
        if self._zygote is not None:
            return self._zygote.address
        assert self._address is not None
        return self._address

    def open(self, fd: int, sha256: str, *, declared: str | None = None) -> OpenMedia:
        """What the file behind `fd` is, in a child of its own.

        `fd` stays the caller's. `sha256` becomes the media's id; `declared` is what its source called it (a media type).
        Raises MediaUnreadable and SandboxUnavailable, and ValueError after `close`.
        """
        if self._is_closed:
            raise ValueError("the opener is closed")
        if sealed.is_sealed(fd):
            return self._open_sealed(fd, sha256, declared)
        copy = sealed.sealed_memory(sealed.chunks_of(fd), sha256)
        try:
            return self._open_sealed(copy, sha256, declared)
        finally:
            os.close(copy)

    def _open_sealed(self, fd: int, sha256: str, declared: str | None) -> OpenMedia:
        if os.fstat(fd).st_size > sealed.MAX_FILE_BYTES:
            raise MediaUnreadable("media.file_too_large", where=sha256, limit_mb=sealed.MAX_FILE_BYTES // 2**20)
        connection, pidfd = self._child()
        return OpenMedia(connection, pidfd, fd, sha256, declared, self._settings)

    def _child(self) -> tuple[socket.socket, int]:
        """A child's connection and pidfd; a zygote of ours that has died is replaced once."""
        try:
            return connect(self.address)
        except OSError as error:
            problem = error
        with self._lock:
            if self._zygote is not None and not self._zygote.is_alive():
                reason = self._zygote.end()
                if reason:
                    raise SandboxUnavailable("media.zygote_failed", problem=reason)
                self._zygote = _started()
        try:
            return connect(self.address)
        except OSError as error:
            raise SandboxUnavailable("media.zygote_failed", problem=str(problem)) from error

    def close(self) -> None:
        """Ends the zygote and with it every child."""
        with self._lock:
            self._is_closed = True
            if self._zygote is not None:
                self._zygote.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _started() -> Zygote:
    try:
        return start_zygote()
    except OSError as error:
        raise SandboxUnavailable("media.zygote_failed", problem=error.strerror or str(error)) from error


class OpenMedia:
    """A file that was opened. Closing it ends its child. Not for use by two threads at a time.

    `warnings` are message keys of what is wrong with the file although something of it was delivered.
    """

    media: Media
    has_audio: bool

    def __init__(
        self, connection: socket.socket, pidfd: int, fd: int, sha256: str, declared: str | None, settings: Opening
    ) -> None:
        self._sha256 = sha256
        self._settings = settings
        self._warnings: set[str] = set()
        self._looked_s: set[float] = set()
        self._is_stopped = False
        arena_pixels = max(settings.still_max_pixels, settings.frame_side_px**2)
        self._arena_bytes = -(-arena_pixels * wire.PIXEL_BYTES // mmap.PAGESIZE) * mmap.PAGESIZE
        self._arena_fd = sealed.writable_memory(self._arena_bytes)
        self._line = Line(connection, pidfd, settings.wall_clock_s)
        try:
            self._is_moving = self._begin(fd, declared)
        except Stopped as stopped:
            self.close()
            raise MediaUnreadable(stopped.key, where=sha256) from stopped
        except BaseException:
            self.close()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(sorted(self._warnings))

    @property
    def looked_s(self) -> tuple[float, ...]:
        """When the film was looked at so far, sorted: the times of all frames that were given, and of those that were not
        because they showed the same again. It is what `sampling.refine` wants as `seen_s`."""
        return tuple(sorted(self._looked_s))

    def first_look(self) -> tuple[Frame, ...]:
        """What is worth a look first, sorted by time.

        A picture: itself, its pages, or the frames of its animation that differ. A video: keyframes and scene changes,
        near-identical ones once. Sound: its cover picture if it has one. Raises MediaUnreadable when there is not one frame.
        """
        limit = self._settings.frames_limit
        return self._frames(wire.FirstLook(), limit, max(_PIXELS_PER_LOOK, self._settings.still_max_pixels), is_needed=True)

    def frames_at(self, times_s: Sequence[float]) -> tuple[Frame, ...]:
        """The nearest decodable frame to each of `times_s`, sorted, each once; what cannot be decoded is left out. Nothing
        for a still picture, which `first_look` gave whole."""
        if not self._is_moving:
            return ()
        wanted = sorted({min(max(float(time_s), 0.0), wire.MAX_TIME_S) for time_s in times_s if time_s == time_s})
        found: dict[float | None, Frame] = {}
        for start in range(0, len(wanted), wire.MAX_TIMES):
            some = wanted[start : start + wire.MAX_TIMES]
            pixels = len(some) * self._settings.frame_side_px**2
            for frame in self._frames(wire.FramesAt(some), len(some), pixels, is_needed=False):
                found.setdefault(frame.at_s, frame)
        return tuple(sorted(found.values(), key=lambda frame: frame.at_s or 0.0))

    def audio(self, start_s: float, length_s: float) -> Audio | None:
        """Mono sound at 16 kHz from `start_s`, at most an hour of it; None where there is none."""
        if not self.has_audio or self._is_stopped:
            return None
        piece_s = self._arena_bytes // (wire.SAMPLE_BYTES * wire.SOUND_RATE_HZ)
        end_s = start_s + min(length_s, _LONGEST_SOUND_S)
        parts: list[NDArray[np.float32]] = []
        while start_s < end_s:
            asked_s = min(float(piece_s), end_s - start_s)
            samples = self._samples(wire.SoundAt(start_s, asked_s))
            parts.append(samples)
            if samples.size < int(asked_s * wire.SOUND_RATE_HZ):
                break
            start_s += asked_s
        joined = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return Audio(joined, wire.SOUND_RATE_HZ) if joined.size else None

    def close(self) -> None:
        """Ends the child. May be called twice."""
        self._is_stopped = True
        self._line.cut()
        if self._arena_fd >= 0:
            os.close(self._arena_fd)
            self._arena_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the conversation -----------------------------------------------------------------------------------------------

    def _begin(self, fd: int, declared: str | None) -> bool:
        settings = self._settings
        bounds = wire.Bounds(
            max_pixels=settings.max_pixels,
            still_max_pixels=settings.still_max_pixels,
            frame_side_px=settings.frame_side_px,
            frames_limit=settings.frames_limit,
            pixels_per_look=_PIXELS_PER_LOOK,
            busy_s=settings.wall_clock_s * _BUSY_SHARE,
            file_bytes=os.fstat(fd).st_size,
        )
        cpu_s = int(settings.wall_clock_s) + _CPU_GRACE_S
        self._line.send(wire.Hello(bounds, self._arena_bytes, settings.memory_bytes, cpu_s), fd, self._arena_fd)
        match self._line.receive():
            case wire.LockedDown():
                pass
            case wire.NotLockedDown(wall):
                raise SandboxUnavailable("media.no_sandbox", wall=wall)
            case _:
                raise Stopped("media.crashed")
        match self._line.receive():
            case wire.Facts() as facts:
                return self._believe(facts, declared)
            case wire.Refusal() as refusal:
                raise self._refused(refusal)
            case _:
                raise Stopped("media.crashed")

    def _believe(self, facts: wire.Facts, declared: str | None) -> bool:
        kind = MediaKind(facts.kind)
        has_size = facts.width_px is not None and facts.height_px is not None
        if (kind is not MediaKind.AUDIO and not has_size) or not facts.mime.startswith(("image/", "video/", "audio/")):
            raise Stopped("media.crashed")
        self.media = Media(self._sha256, kind, facts.mime, facts.width_px, facts.height_px, facts.duration_s)
        self.has_audio = facts.has_audio
        if declared is not None and not _agrees(declared, kind):
            self._warnings.add("media.mislabelled")
        return facts.is_moving

    def _frames(
        self, request: wire.FirstLook | wire.FramesAt, limit: int, pixels_left: int, *, is_needed: bool
    ) -> tuple[Frame, ...]:
        frames: list[Frame] = []
        if self._is_stopped:
            return ()
        try:
            self._line.send(request)
            while isinstance(reply := self._line.receive(), wire.Picture):
                pixels_left -= reply.width_px * reply.height_px
                if len(frames) >= limit or pixels_left < 0:
                    raise Stopped("media.crashed")
                frames.append(self._taken(reply))
                self._line.send(wire.Taken())
            match reply:
                case wire.Done(warnings, alike_s):
                    self._warnings.update(warnings)
                    self._looked_s.update(alike_s)
                case wire.Refusal() as refusal if frames or not is_needed:
                    self._warnings.add("media.damaged" if refusal.key != "media.out_of_memory" else refusal.key)
                case wire.Refusal() as refusal:
                    raise self._refused(refusal)
                case _:
                    raise Stopped("media.crashed")
        except Stopped as stopped:
            self._stop(stopped, is_fatal=is_needed and not frames)
        if is_needed and not frames and self.media.kind is not MediaKind.AUDIO:
            raise MediaUnreadable("media.no_frames", where=self._sha256)
        return tuple(sorted(frames, key=lambda frame: frame.at_s or 0.0))

    def _taken(self, picture: wire.Picture) -> Frame:
        """The announced pixels, copied out of the arena."""
        width, height = picture.width_px, picture.height_px
        if self._is_moving:
            is_allowed = max(width, height) <= self._settings.frame_side_px and picture.at_s is not None
        else:
            is_allowed = width * height <= self._settings.still_max_pixels and picture.at_s is None
        if not is_allowed:
            raise Stopped("media.crashed")
        pixels = np.empty((height, width, wire.PIXEL_BYTES), np.uint8)
        self._copy(pixels.data.cast("B"))
        if picture.at_s is not None:
            self._looked_s.add(picture.at_s)
        return Frame(self._sha256, picture.at_s, pixels)

    def _samples(self, request: wire.SoundAt) -> NDArray[np.float32]:
        nothing = np.zeros(0, np.float32)
        if self._is_stopped:
            return nothing
        try:
            self._line.send(request)
            match self._line.receive():
                case wire.Sound(count) if count <= int(request.length_s * wire.SOUND_RATE_HZ):
                    samples = np.empty(count, np.float32)
                    self._copy(samples.data.cast("B"))
                    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)
                case wire.Refusal():
                    self._warnings.add("media.damaged")
                case _:
                    raise Stopped("media.crashed")
        except Stopped as stopped:
            self._stop(stopped, is_fatal=False)
        return nothing

    def _copy(self, into: memoryview) -> None:
        """From the start of the arena, whose size nobody can change."""
        at = 0
        while at < len(into):
            count = os.preadv(self._arena_fd, [into[at:]], at)
            if count == 0:
                raise Stopped("media.crashed")
            at += count

    def _stop(self, stopped: Stopped, *, is_fatal: bool) -> None:
        """The child is ended; what it had delivered stands."""
        self._is_stopped = True
        self._line.cut()
        if is_fatal:
            raise MediaUnreadable(stopped.key, where=self._sha256) from stopped
        self._warnings.add("media.stopped")

    def _refused(self, refusal: wire.Refusal) -> MediaUnreadable:
        match refusal.key:
            case "media.not_media":
                content = {"message": f"media.content_{refusal.content or 'unknown'}"}
                return MediaUnreadable(refusal.key, where=self._sha256, content=content)
            case "media.too_large":
                return MediaUnreadable(
                    refusal.key,
                    where=self._sha256,
                    width_px=refusal.width_px,
                    height_px=refusal.height_px,
                    limit_mpx=self._settings.max_pixels // 10**6,
                )
            case _:
                return MediaUnreadable(refusal.key, where=self._sha256)


def _agrees(declared: str, kind: MediaKind) -> bool:
    """Whether a source's media type could be meant for such media; a vague one always could."""
    stated = declared.partition("/")[0].strip().lower()
    return stated in ("", "application", "binary", kind.value) or "/" not in declared
