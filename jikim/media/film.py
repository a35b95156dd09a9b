"""The pictures of a video stream: an index of its packets, and frames by time, each group of pictures decoded at most once.

Runs in the child only, with one thread. Decoding is what costs: the index is made without any, keyframes are decoded alone,
and on the way to a frame inside a group those nobody refers to are skipped.
"""

from __future__ import annotations

import contextlib
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from jikim.media import sampling, wire
from jikim.media.refusing import Clock, check_size

Pixels = NDArray[np.uint8]
Shown = tuple[Pixels, float]

_MAX_PACKETS = 2_000_000
_MAX_BAD_PACKETS = 200
_MAX_BARREN_PACKETS = 2_000
_MAX_SKIPPED_PACKETS = 20_000
_OUTPUT_CORRUPT = 1 << 3
_INDEXING_SHARE = 0.3
"""Of the time a file may keep its reader busy: what finding out where its packets are may take."""

_KEYFRAME_TOLERANCE_S = 0.3
_LEADS_S = (-0.04, 1.5, 15.0, math.inf)
"""How long before a keyframe winding aims, one attempt after the other."""
_UNINDEXED = frozenset(("mpegts", "mpeg"))
_AFTER_CHANGE_S = 0.12
_MIN_KEYFRAME_GAP_S = 0.4
_SHORT_S = 90.0
_SHORT_GAP_S, _SHORTEST_GAP_S = 4.0, 0.4
"""Films up to `_SHORT_S` are seen at least so often on the first look: every fifth part of them, but within these bounds."""
_CHEAP_PIXELS_PER_S = 6_000_000
_CHEAP_PIXELS = 200_000_000
"""How many coded pixels beyond keyframes a first look may cost: 0.2 s of one core, and 6 ms more for each second of film."""
_DEFAULT_RATE = 25.0

DAMAGED = (av.FFmpegError, OSError, ValueError, OverflowError)


class Film:
    """One video stream. `reopen` gives its container anew, for streams that cannot be wound back."""

    def __init__(
        self,
        container: Any,
        stream: Any,
        reopen: Callable[[], Any],
        bounds: wire.Bounds,
        clock: Clock,
        warnings: set[wire.WarningKey],
    ) -> None:
        self._container, self._stream, self._reopen = container, stream, reopen
        self._bounds, self._clock, self._warnings = bounds, clock, warnings
        self._base_s = float(stream.time_base or 0) or 1 / _DEFAULT_RATE
        self._start_s = float(stream.start_time or 0) * self._base_s
        self._rate = min(max(float(stream.average_rate or 0) or _DEFAULT_RATE, 0.01), 1000.0)
        self._is_timed = True
        self.alike_s: list[float] = []
        self._prepare()
        self.packets = self._index()
        self._times = [packet.at_s for packet in self.packets]
        keyframes = [packet.at_s for packet in self.packets if packet.is_keyframe]
        self._is_keyed = bool(keyframes) and self._is_timed
        self._keyframes = keyframes if self._is_keyed else [0.0]
        self._first = next(self._decode_group(self._keyframes[0], [self._keyframes[0]], is_alone=True), None)

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) of the film's own pictures, turned as they are shown; None when not one can be decoded."""
        if self._first is None:
            return None
        shown_height, shown_width = self._first[0].shape[:2]
        short, long = sorted((self._stream.codec_context.width, self._stream.codec_context.height))
        width, height = (long, short) if shown_width >= shown_height else (short, long)
        return min(max(width, 1), wire.MAX_SIDE_PX), min(max(height, 1), wire.MAX_SIDE_PX)

    @property
    def end_s(self) -> float:
        """When the last packet that was found is shown."""
        return min(max(self._times[-1], 0.0), wire.MAX_TIME_S) if self._times else 0.0

    # ---- where the packets are ------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        context = self._stream.codec_context
        check_size(context.width, context.height, self._bounds)
        context.thread_count = 1
        context.thread_type = "NONE"
        context.flags = int(context.flags) | _OUTPUT_CORRUPT
        context.options = {"max_pixels": str(self._bounds.max_pixels)}

    def _index(self) -> list[sampling.Packet]:
        """Every coded picture's time, size and kind, in order of time, decoding nothing: from the container's own index
        where it has a full one, else by reading all packets once."""
        if self._container.format.name.startswith("mov"):
            entries = list(islice(self._stream.index_entries, _MAX_PACKETS))
            if entries and self._reaches_end(entries[-1].timestamp):
                # The index has the times of decoding; those of showing come later by about as much as the first one's.
                first = min(entry.timestamp for entry in entries)
                return sorted(self._packet((e.timestamp - first) * self._base_s, e.size, e.is_keyframe) for e in entries)
        return self._read_packets()

    @staticmethod
    def _packet(at_s: float, size: int, is_keyframe: bool) -> sampling.Packet:
        return sampling.Packet(at_s if math.isfinite(at_s) else 0.0, size, is_keyframe)

    def _reaches_end(self, last_stamp: int) -> bool:
        """Whether an index reaches to the film's end, which that of a fragmented file does not."""
        duration = self._container.duration
        return not duration or duration < 0 or last_stamp * self._base_s >= 0.8 * duration / 1e6 - 1.0

    def _read_packets(self) -> list[sampling.Packet]:
        found: list[sampling.Packet] = []
        last_s, stamps = 0.0, 0
        try:
            for packet in islice(self._container.demux(self._stream), _MAX_PACKETS):
                if packet.size == 0:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                stamps += stamp is not None
                last_s = stamp * self._base_s - self._start_s if stamp is not None else last_s
                found.append(self._packet(last_s, packet.size, bool(packet.is_keyframe)))
                if len(found) % 1024 == 0 and self._clock.is_over(_INDEXING_SHARE):
                    self._warnings.add("media.cut_short")
                    break
        except DAMAGED:
            self._warnings.add("media.truncated")
        if stamps == 0:
            self._is_timed = False
            return [packet._replace(at_s=i / self._rate) for i, packet in enumerate(found)]
        return sorted(found)

    # ---- which frames ---------------------------------------------------------------------------------------------------

    def first_look(self) -> Iterator[Shown]:
        """Keyframes and scene changes, near-identical ones once, as many as the bounds allow."""
        if self._first is None:
            return
        height, width = self._first[0].shape[:2]
        limit = max(1, min(self._bounds.frames_limit, self._bounds.pixels_per_look // (width * height)))
        keyframes = self._thinned_keyframes(max(1, limit * 3 // 4))
        between = self._worth_decoding(keyframes, limit - len(keyframes))
        seen = sampling.Seen(limit)
        for pixels, at_s in self._decode([*keyframes, *between], set(keyframes)):
            if seen.is_new(pixels):
                yield pixels, at_s
            else:
                self.alike_s.append(at_s)

    def _thinned_keyframes(self, limit: int) -> list[float]:
        kept: list[float] = []
        for time_s in self._keyframes:
            if not kept or time_s - kept[-1] >= _MIN_KEYFRAME_GAP_S:
                kept.append(time_s)
        return sampling.spread(kept, limit)

    def _worth_decoding(self, keyframes: Sequence[float], room: int) -> list[float]:
        """Scene changes inside groups of pictures and, in short films, moments that close wide gaps: while cheap."""
        changes = [time_s + _AFTER_CHANGE_S for time_s in sampling.scene_changes(self.packets)]
        closing: list[float] = []
        if self.end_s <= _SHORT_S:
            gap_s = min(max(self.end_s / 5, _SHORTEST_GAP_S), _SHORT_GAP_S)
            closing = sampling.fill(sorted({*keyframes, *changes}), self.end_s, gap_s)
        context = self._stream.codec_context
        left = _CHEAP_PIXELS + _CHEAP_PIXELS_PER_S * self.end_s
        reached: dict[float, int] = {}
        chosen: list[float] = []
        for time_s in (*sampling.spread(changes, max(room, 1)), *closing):
            key_s, pictures = self._way_to(time_s)
            more = max(0, pictures - reached.get(key_s, 0))  # what lies before another chosen moment is decoded anyway
            if len(chosen) < room and more * context.width * context.height <= left:
                left -= more * context.width * context.height
                reached[key_s] = max(pictures, reached.get(key_s, 0))
                chosen.append(time_s)
        return chosen

    def _way_to(self, time_s: float) -> tuple[float, int]:
        """The keyframe that `time_s` is decoded from, and how many coded pictures lie between them."""
        key_s = self._keyframes[max(0, bisect_right(self._keyframes, time_s) - 1)]
        return key_s, bisect_right(self._times, time_s) - bisect_right(self._times, key_s)

    def frames_at(self, times_s: Iterable[float]) -> Iterator[Shown]:
        """The nearest decodable frame to each of `times_s`, in order of time, each once."""
        yield from self._decode([min(time_s, self.end_s) for time_s in times_s], set())

    # ---- decoding -------------------------------------------------------------------------------------------------------

    def _decode(self, times_s: Iterable[float], keyframes: set[float]) -> Iterator[Shown]:
        """Frames nearest to `times_s`. A group that wants nothing but its keyframe is read no further than that."""
        last_s = -1.0
        for key_s, wanted in sampling.group(sorted(set(times_s)), self._keyframes):
            if self._clock.is_over():
                self._warnings.add("media.cut_short")
                return
            is_alone = self._is_keyed and len(wanted) == 1 and wanted[0] in keyframes
            for shown in self._decode_group(key_s, wanted, is_alone=is_alone):
                if shown[1] > last_s:
                    last_s = shown[1]
                    yield shown

    def _decode_group(self, key_s: float, wanted: Sequence[float], *, is_alone: bool) -> Iterator[Shown]:
        """Decodes from the keyframe at `key_s` on; for each of `wanted` the nearest frame, until the last is found."""
        targets = list(wanted)
        previous: tuple[Any, float] | None = None
        try:
            for frame, at_s in self._frames(key_s, is_alone=is_alone):
                while targets and at_s >= targets[0] - 1e-6:
                    target = targets.pop(0)
                    chosen = previous if previous and target - previous[1] < at_s - target else (frame, at_s)
                    yield self._pixels(chosen[0]), chosen[1]
                if not targets:
                    return
                previous = (frame, at_s)
            if previous:
                yield self._pixels(previous[0]), previous[1]
        except DAMAGED:
            self._warnings.add("media.damaged")

    def _frames(self, key_s: float, *, is_alone: bool) -> Iterator[tuple[Any, float]]:
        """Decoded frames with their times from a keyframe on, past damaged packets; `is_alone`: of the first packet only."""
        bad, barren, count = 0, 0, 0
        for packet in self._packets_from(key_s):
            context = self._stream.codec_context
            context.skip_frame = "DEFAULT" if is_alone or not self._is_timed else "NONREF"
            try:
                frames = context.decode(packet)
                if is_alone and packet is not None:
                    frames = [*frames, *context.decode(None)]
            except av.error.EOFError:
                return
            except DAMAGED:
                bad += 1
                self._warnings.add("media.damaged")
                if bad > _MAX_BAD_PACKETS or packet is None or is_alone:
                    return
                continue
            barren = 0 if frames else barren + 1
            for frame in frames:
                yield frame, self._time_of(frame, packet, count)
                count += 1
            if is_alone:
                return
            if barren > _MAX_BARREN_PACKETS or self._clock.is_over():
                self._warnings.add("media.cut_short")
                return

    def _wind_to(self, time_s: float) -> None:
        """Somewhere before `time_s`, if the container knows where that is."""
        if not self._is_timed:
            self._container, self._stream = self._reopen()
            self._prepare()
            return
        offset = math.floor((max(time_s, 0.0) + self._start_s) / self._base_s)
        with contextlib.suppress(*DAMAGED):
            self._container.seek(offset if time_s > 0 else 0, stream=self._stream, backward=True)
        self._stream.codec_context.flush_buffers()

    def _packets_from(self, key_s: float) -> Iterator[Any]:
        """Packets from the keyframe at `key_s` on, and None when there are no more. Where winding leads past it, which it
        does in streams without an index, winding starts earlier; last from the beginning, and the next keyframe will do."""
        leads = _LEADS_S if self._container.format.name not in _UNINDEXED else _LEADS_S[1:]
        found = False
        try:
            for lead_s in leads:
                self._wind_to(key_s - lead_s)
                for packet in self._keyed_packets(key_s, takes_later=lead_s == leads[-1]):
                    found = True
                    yield packet
                if found:
                    break
        except DAMAGED:
            self._warnings.add("media.truncated")
        yield None

    def _keyed_packets(self, key_s: float, *, takes_later: bool) -> Iterator[Any]:
        """Packets from the keyframe at `key_s` on; none when that one does not come."""
        is_there = not self._is_keyed
        for skipped, packet in enumerate(self._container.demux(self._stream)):
            if not is_there:
                stamp = packet.pts if packet.pts is not None else packet.dts
                late_s = 0.0 if stamp is None else stamp * self._base_s - self._start_s - key_s
                is_there = bool(packet.is_keyframe) and late_s >= -_KEYFRAME_TOLERANCE_S
                is_past = late_s > _KEYFRAME_TOLERANCE_S
                if skipped > _MAX_SKIPPED_PACKETS or (is_past and not takes_later):
                    return
            if is_there and packet.size:
                yield packet

    def _time_of(self, frame: Any, packet: Any, count: int) -> float:
        if not self._is_timed:
            return count / self._rate
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None and packet is not None:
            stamp = packet.dts
        at_s = stamp * float(frame.time_base or self._base_s) - self._start_s if stamp is not None else 0.0
        return min(max(at_s, 0.0), wire.MAX_TIME_S) if math.isfinite(at_s) else 0.0

    def _pixels(self, frame: Any) -> Pixels:
        """Scaled to the bound on films' sides, with square pixels, upright, RGB."""
        check_size(frame.width, frame.height, self._bounds)
        aspect = float(self._stream.sample_aspect_ratio or 1)
        stretch = aspect if 0.1 <= aspect <= 10 else 1.0
        width, height = frame.width * max(stretch, 1.0), frame.height / min(stretch, 1.0)
        scale = min(1.0, self._bounds.frame_side_px / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="BILINEAR", threads=1)
        turned: Pixels = np.ascontiguousarray(np.rot90(picture.to_ndarray(), (frame.rotation // 90) % 4))
        return turned
