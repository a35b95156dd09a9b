"""The sound of a file: any stretch of it as mono samples at 16 kHz. Runs in the child only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import av
import av.error
import av.filter
import numpy as np
from numpy.typing import NDArray

from jikim.media import wire
from jikim.media.refusing import Clock

Samples = NDArray[np.float32]

_MAX_BAD_PACKETS = 200
_TOGETHER = 1 << 15
"""After so many samples what has come out of the filters is fetched."""

_DAMAGED = (av.FFmpegError, OSError, ValueError, OverflowError)


class Sound:
    """One audio stream."""

    def __init__(self, container: Any, stream: Any, clock: Clock, warnings: set[wire.WarningKey]) -> None:
        self._container, self._stream = container, stream
        self._clock, self._warnings = clock, warnings
        self._base_s = float(stream.time_base or 0) or 1.0
        self._start_s = float(stream.start_time or 0) * self._base_s
        stream.codec_context.thread_count = 1

    def between(self, start_s: float, length_s: float) -> Samples:
        """Mono, 16 kHz, in -1..1; shorter than asked for where it ends."""
        wanted = int(length_s * wire.SOUND_RATE_HZ)
        parts: list[Samples] = []
        count, skip = 0, -1
        if wanted > 0:
            self._wind_to(start_s)
            for samples, at_s in self._pieces():
                if skip < 0:
                    skip = max(0, int((start_s - at_s) * wire.SOUND_RATE_HZ))
                dropped = min(skip, samples.size)
                skip -= dropped
                parts.append(samples[dropped:])
                count += samples.size - dropped
                if count >= wanted:
                    break
        joined = np.concatenate(parts)[:wanted] if parts else np.zeros(0, np.float32)
        return np.nan_to_num(joined, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)

    def _wind_to(self, time_s: float) -> None:
        with contextlib.suppress(*_DAMAGED):
            self._container.seek(int((time_s + self._start_s) / self._base_s), stream=self._stream, backward=True)
        self._stream.codec_context.flush_buffers()

    def _pieces(self) -> Iterator[tuple[Samples, float]]:
        """Resampled pieces with their times."""
        resampler: _Resampler | None = None
        at_s = 0.0
        try:
            for frame in self._frames():
                if resampler is None or not resampler.fits(frame):
                    if resampler is not None:
                        yield resampler.rest(), at_s
                    resampler = _Resampler(frame)
                if resampler.waiting == 0 and frame.pts is not None and frame.time_base:
                    at_s = float(frame.pts * frame.time_base) - self._start_s
                resampler.push(frame)
                if resampler.waiting >= _TOGETHER:
                    yield resampler.pull(), at_s
        except _DAMAGED:
            self._warnings.add("media.damaged")
        if resampler is not None:
            yield self._rest(resampler), at_s

    def _rest(self, resampler: _Resampler) -> Samples:
        try:
            return resampler.rest()
        except _DAMAGED:
            self._warnings.add("media.damaged")
            return np.zeros(0, np.float32)

    def _frames(self) -> Iterator[Any]:
        bad = 0
        for packet in self._packets():
            try:
                yield from self._stream.codec_context.decode(packet)
            except av.error.EOFError:
                return
            except _DAMAGED:
                bad += 1
                self._warnings.add("media.damaged")
                if bad > _MAX_BAD_PACKETS or packet is None:
                    return
            if self._clock.is_over():
                self._warnings.add("media.cut_short")
                return

    def _packets(self) -> Iterator[Any]:
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    yield packet
        except _DAMAGED:
            self._warnings.add("media.truncated")
        yield None


class _Resampler:
    """libswresample to mono 16 kHz through a filter graph of one thread. `waiting`: how many samples went in since what came
    out was last fetched, which costs more than resampling a frame does."""

    def __init__(self, frame: Any) -> None:
        self.waiting = 0
        self._shape = _shape(frame)
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        source = self._graph.add(
            "abuffer",
            sample_rate=str(frame.sample_rate),
            sample_fmt=frame.format.name,
            channel_layout=frame.layout.name,
            time_base=str(frame.time_base),
        )
        shape = self._graph.add("aformat", sample_rates=str(wire.SOUND_RATE_HZ), sample_fmts="flt", channel_layouts="mono")
        mix = self._graph.add("aresample", rematrix_maxval="1.0")  # else the loud half of stereo would be cut off
        together = self._graph.add("asetnsamples", n=str(_TOGETHER), p="0")
        source.link_to(mix)
        mix.link_to(shape)
        shape.link_to(together)
        together.link_to(self._graph.add("abuffersink"))
        self._graph.configure()

    def fits(self, frame: Any) -> bool:
        return self._shape == _shape(frame)

    def push(self, frame: Any) -> None:
        """Takes a frame in."""
        self._graph.push(frame)
        self.waiting += frame.samples

    def rest(self) -> Samples:
        """All that has not come out yet; nothing goes in afterwards."""
        self._graph.push(None)
        return self.pull()

    def pull(self) -> Samples:
        """What has come out of the frames that went in."""
        self.waiting = 0
        parts = [np.zeros(0, np.float32)]
        while True:
            try:
                parts.append(self._graph.pull().to_ndarray().reshape(-1).astype(np.float32, copy=False))
            except (av.error.BlockingIOError, av.error.EOFError):
                return np.concatenate(parts)


def _shape(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
