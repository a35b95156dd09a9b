"""Video and sound, by PyAV: keyframes and scene changes first, each group of pictures decoded at most once.

Runs in the child only, with one thread. Containers that name other files, texts drawn as video and devices are not opened at
all; nothing else could be opened from here anyway.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import pkgutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import av
import av.error
import av.filter
import numpy as np
from av.stream import Discard
from numpy.typing import NDArray

from jikim.media import sampling, wire
from jikim.media.refusing import Clock, check_size, refuse

Pixels = NDArray[np.uint8]
Shown = tuple[Pixels, float | None]

_OPENS_OTHERS = (
    """hls applehttp dash concat concatf image2 image2pipe imf sdp rtp rtsp sap webm_dash_manifest vobsub rpl""".split()
)
_TEXT_OR_RAW = """ffmetadata data rawvideo tty bin xbin adf idf ass srt ssa webvtt sami stl subviewer subviewer1 microdvd mpl2
mpsub lrc jacosub realtext pjs vplayer tedcaptions aqtitle scc mcc sbg sup dvbsub dvbtxt txd svg_pipe xbm_pipe xpm_pipe rcwt
musx sbc bit bitpacked v210 v210x codec2raw apv evc""".split()
_DEVICES = """alsa fbdev kmsgrab lavfi oss video4linux2 v4l2 x11grab xcbgrab android_camera avfoundation decklink dshow gdigrab
iec61883 jack libcdio libdc1394 openal pulse sndio vfwcap""".split()
_DENIED = frozenset((*_OPENS_OTHERS, *_TEXT_OR_RAW, *_DEVICES))

_MAX_PACKETS = 2_000_000
_MAX_BAD_PACKETS = 200
_MAX_BARREN_PACKETS = 2_000
_OUTPUT_CORRUPT = 1 << 3
_FAST = 1
_AV_BUFFER_BYTES = 2**18
_SHORT_S = 90.0
_SHORT_GAP_S = 4.0
_CHEAP_PIXELS = 400_000_000
"""How many coded pixels beyond keyframes a first look may cost: about 0.4 s of one core."""
_MIN_KEYFRAME_GAP_S = 0.4

_MIMES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "x-matroska", "avi": "x-msvideo", "mpegts": "mp2t", "mpeg": "mpeg",
    "mpegvideo": "mpeg", "flv": "x-flv", "asf": "x-ms-asf", "ogg": "ogg", "mp3": "mpeg", "wav": "wav", "flac": "flac",
    "aac": "aac", "amr": "amr", "aiff": "aiff",
}  # fmt: skip

_whitelist = ""


def preload() -> None:
    global _whitelist
    for module in pkgutil.walk_packages(av.__path__, "av."):  # it loads parts of itself when they are first used
        if module.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(module.name)
    av.logging.set_level(None)
    allowed: list[str] = []
    for name in sorted(av.formats_available):
        with contextlib.suppress(ValueError):
            found = av.format.ContainerFormat(name, "r")
            if not found.no_file and not _DENIED & set(found.name.split(",")):
                allowed.extend(found.name.split(","))
    _whitelist = ",".join(sorted(set(allowed)))


class StreamReader:
    """A video with or without sound, or sound with or without a cover picture."""

    def __init__(self, file: BinaryIO, bounds: wire.Bounds, clock: Clock) -> None:
        self._bounds = bounds
        self._clock = clock
        self.warnings: set[wire.Warning_] = set()
        self._container = self._open(file)
        self._video = self._pick_video()
        self._sound = next((stream for stream in self._container.streams.audio if _is_decodable(stream)), None)
        if any(_is_encrypted(stream) for stream in self._container.streams):
            refuse("media.encrypted")
        if self._video is None and self._sound is None:
            refuse("media.no_streams")
        for stream in self._container.streams:
            stream.discard = Discard.default if stream in (self._video, self._sound) else Discard.all
        self._packets: list[sampling.Packet] = []
        self._duration_s = _sane(self._container.duration, 1e6)
        size: tuple[int | None, int | None] = (None, None)
        if self._video is not None:
            size = self._prepare_video(self._video)
        self.facts = self._facts(*size)

    # ---- opening --------------------------------------------------------------------------------------------------------

    def _open(self, file: BinaryIO) -> Any:
        options = {"format_whitelist": _whitelist, "protocol_whitelist": "none", "max_streams": "64", "probesize": "4000000"}
        options |= {"threads": "1", "max_pixels": str(self._bounds.max_pixels)}
        try:
            return av.open(file, "r", options=options, metadata_errors="replace", buffer_size=_AV_BUFFER_BYTES)
        except av.error.InvalidDataError:
            refuse("media.not_media", "unknown")
        except (av.error.ArgumentError, av.error.PatchWelcomeError):
            refuse("media.not_media", "unknown")

    def _pick_video(self) -> Any:
        """The largest moving picture; a cover picture only where there is nothing else."""
        candidates = [stream for stream in self._container.streams.video if _is_decodable(stream)]
        moving = [stream for stream in candidates if not _is_cover(stream)]
        return max(moving or candidates, key=lambda s: s.codec_context.width * s.codec_context.height, default=None)

    def _prepare_video(self, stream: Any) -> tuple[int, int]:
        context = stream.codec_context
        check_size(context.width, context.height, self._bounds)
        context.thread_count = 1
        context.thread_type = "NONE"
        context.flags = int(context.flags) | _OUTPUT_CORRUPT
        context.options = {"max_pixels": str(self._bounds.max_pixels)}
        self._start_s = float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0
        self._packets = self._index(stream)
        if self._packets:
            self._duration_s = max(self._packets[-1].at_s, 0.0) if self._duration_s is None else self._duration_s
        self._keyframes = [packet.at_s for packet in self._packets if packet.is_keyframe] or [0.0]
        first = next(self._decode_span(self._keyframes[0], None, keyframes_only=False), None)
        if first is None:
            refuse("media.no_frames")
        height, width = first[0].shape[:2]
        self._first = first
        return self._upright_size(stream, width, height)

    def _upright_size(self, stream: Any, width: int, height: int) -> tuple[int, int]:
        """The film's own size, turned as its first frame was."""
        long, short = sorted((stream.codec_context.width or width, stream.codec_context.height or height), reverse=True)
        own = (long, short) if width >= height else (short, long)
        return max(1, min(own[0], wire.MAX_SIDE_PX)), max(1, min(own[1], wire.MAX_SIDE_PX))

    def _facts(self, width: int | None, height: int | None) -> wire.Facts:
        is_film = self._video is not None and not _is_cover(self._video)
        is_still = is_film and self._container.format.name.endswith("_pipe") and len(self._packets) <= 1
        kind: str = "image" if is_still else "video" if is_film else "audio"
        name = self._container.format.name
        subtype = _MIMES.get(name) or "x-" + "".join(c for c in name.split(",")[0].lower() if c.isascii() and c.isalnum())
        return wire.Facts(
            kind,  # type: ignore[arg-type]
            f"{kind}/{subtype}",
            width,
            height,
            None if is_still else self._duration_s,
            self._sound is not None,
            not is_still,
        )

    def _index(self, stream: Any) -> list[sampling.Packet]:
        """Every coded picture's time, size and kind, in order of time, decoding nothing: from the container's own index
        where it has a full one, else by reading all packets once."""
        base = float(stream.time_base)
        if self._container.format.name.startswith("mov"):
            entries = [
                sampling.Packet(entry.timestamp * base - self._start_s, entry.size, entry.is_keyframe)
                for entry in islice(stream.index_entries, _MAX_PACKETS)
            ]
            if entries and _is_whole(entries, self._duration_s):
                return sorted(entries)
        return self._read_packets(stream, base)

    def _read_packets(self, stream: Any, base: float) -> list[sampling.Packet]:
        found: list[sampling.Packet] = []
        last_s = 0.0
        try:
            for packet in islice(self._container.demux(stream), _MAX_PACKETS):
                if packet.size == 0:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                last_s = stamp * base - self._start_s if stamp is not None else last_s
                found.append(sampling.Packet(last_s, packet.size, bool(packet.is_keyframe)))
                if len(found) % 1024 == 0 and self._clock.is_over(0.3):
                    self.warnings.add("media.cut_short")
                    break
        except (av.FFmpegError, OSError, ValueError):
            self.warnings.add("media.truncated")
        return sorted(packet for packet in found if math.isfinite(packet.at_s))

    # ---- frames ---------------------------------------------------------------------------------------------------------

    def first_look(self) -> Iterator[Shown]:
        """Keyframes and scene changes, near-identical ones once, as many as the bounds allow."""
        if self._video is None:
            return
        height, width = self._first[0].shape[:2]
        limit = max(1, min(self._bounds.frames_limit, self._bounds.pixels_per_look // (width * height)))
        keyframes = self._thinned_keyframes(limit)
        between = self._worth_decoding(keyframes, limit - len(keyframes))
        seen = sampling.Seen(limit)
        for pixels, at_s in self._decode(sorted({*keyframes, *between}), set(keyframes)):
            if seen.is_new(pixels):
                yield pixels, at_s

    def _thinned_keyframes(self, limit: int) -> list[float]:
        kept: list[float] = []
        for time_s in self._keyframes:
            if not kept or time_s - kept[-1] >= _MIN_KEYFRAME_GAP_S:
                kept.append(time_s)
        return sampling.spread(kept, max(1, limit * 3 // 4) if self._packets else 1)

    def _worth_decoding(self, keyframes: Sequence[float], room: int) -> list[float]:
        """Scene changes inside groups of pictures and, in short films, moments that close wide gaps: while cheap."""
        if room <= 0 or self._video is None:
            return []
        changes = sampling.scene_changes(self._packets)
        duration_s = self._duration_s or 0.0
        closing: list[float] = []
        if duration_s <= _SHORT_S:
            closing = sampling.fill(sorted({*keyframes, *changes}), duration_s, _SHORT_GAP_S)
        context = self._video.codec_context
        left = _CHEAP_PIXELS * max(1.0, duration_s / 120)
        chosen: list[float] = []
        for time_s in (*sampling.spread(changes, room), *sampling.spread(closing, max(1, room - len(changes)))):
            left -= self._pictures_before(time_s) * context.width * context.height * 0.5
            if left < 0 or len(chosen) >= room:
                break
            chosen.append(time_s)
        return chosen

    def _pictures_before(self, time_s: float) -> int:
        """How many coded pictures stand between `time_s` and the keyframe it is decoded from."""
        key = self._keyframes[max(0, bisect_right(self._keyframes, time_s) - 1)]
        at = [packet.at_s for packet in self._packets] if not hasattr(self, "_times") else self._times
        self._times = at
        return bisect_right(at, time_s) - bisect_right(at, key)

    def frames_at(self, times_s: Sequence[float]) -> Iterator[Shown]:
        """The nearest decodable frame to each of `times_s`, in order of time."""
        if self._video is None:
            return
        latest_s = max(self._packets[-1].at_s if self._packets else 0.0, 0.0)
        yield from self._decode(sorted({min(time_s, latest_s) for time_s in times_s}), set())

    def _decode(self, times_s: Sequence[float], keyframes: set[float]) -> Iterator[Shown]:
        """Frames nearest to `times_s`. A group that wants its keyframe alone is read no further than that."""
        last_s = -1.0
        for key_s, wanted in sampling.group(times_s, self._keyframes):
            if self._clock.is_over():
                self.warnings.add("media.cut_short")
                return
            alone = len(wanted) == 1 and wanted[0] in keyframes
            for shown in self._decode_group(key_s, wanted, alone):
                if shown[1] is not None and shown[1] > last_s:
                    last_s = shown[1]
                    yield shown

    def _decode_group(self, key_s: float, wanted: list[float], alone: bool) -> Iterator[Shown]:
        frames = self._decode_span(key_s, wanted, keyframes_only=alone)
        try:
            yield from frames
        except (av.FFmpegError, OSError, ValueError):
            self.warnings.add("media.damaged")

    def _decode_span(self, key_s: float, wanted: list[float] | None, *, keyframes_only: bool) -> Iterator[Shown]:
        """Decodes from the keyframe at `key_s` on and yields, for each of `wanted`, the nearest frame; None: the first."""
        stream = self._video
        context = stream.codec_context
        self._seek(stream, key_s)
        context.skip_frame = "DEFAULT" if keyframes_only or wanted is None else "NONREF"
        targets = list(wanted) if wanted else [key_s]
        previous: tuple[Any, float] | None = None
        for frame, at_s in self._frames(stream, keyframes_only):
            while targets and at_s >= targets[0] - 1e-6:
                target = targets.pop(0)
                chosen = previous if previous and target - previous[1] < at_s - target else (frame, at_s)
                yield self._pixels(chosen[0]), chosen[1]
                while targets and targets[0] <= chosen[1]:
                    targets.pop(0)
            if not targets:
                return
            previous = (frame, at_s)
        if previous and targets:
            yield self._pixels(previous[0]), previous[1]

    def _seek(self, stream: Any, time_s: float) -> None:
        offset = int(math.floor((time_s + self._start_s) / float(stream.time_base) + 0.5))
        with contextlib.suppress(av.FFmpegError, OverflowError):
            self._container.seek(offset, stream=stream, backward=True)
        stream.codec_context.flush_buffers()

    def _frames(self, stream: Any, first_packet_only: bool) -> Iterator[tuple[Any, float]]:
        """Decoded frames with their times, past damaged packets, up to the next keyframe's end."""
        bad, barren, fed = 0, 0, 0
        for packet in self._packets_of(stream):
            is_last = packet is None
            try:
                frames = stream.codec_context.decode(packet)
            except (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.ExternalError):
                bad += 1
                self.warnings.add("media.damaged")
                if bad > _MAX_BAD_PACKETS or is_last:
                    return
                continue
            except av.error.EOFError:
                return
            fed += 1
            barren = 0 if frames else barren + 1
            for frame in frames:
                at_s = self._time_of(frame, packet)
                yield frame, at_s
            if barren > _MAX_BARREN_PACKETS or self._clock.is_over():
                self.warnings.add("media.cut_short")
                return
            if first_packet_only and not is_last and fed == 1:
                yield from ((frame, self._time_of(frame, packet)) for frame in stream.codec_context.decode(None))
                return

    def _packets_of(self, stream: Any) -> Iterator[Any]:
        try:
            for packet in self._container.demux(stream):
                if packet.size:
                    yield packet
        except (av.FFmpegError, OSError):
            self.warnings.add("media.truncated")
        yield None

    def _time_of(self, frame: Any, packet: Any) -> float:
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None and packet is not None:
            stamp = packet.dts
        at_s = float(stamp * (frame.time_base or packet.time_base)) - self._start_s if stamp is not None else 0.0
        return min(max(at_s, 0.0), wire.MAX_TIME_S) if math.isfinite(at_s) else 0.0

    def _pixels(self, frame: Any) -> Pixels:
        """Scaled to the bound on films' sides, square pixels, upright, RGB."""
        check_size(frame.width, frame.height, self._bounds)
        aspect = self._video.sample_aspect_ratio
        stretch = float(aspect) if aspect and 0.1 <= float(aspect) <= 10 else 1.0
        width, height = frame.width * stretch, float(frame.height)
        scale = min(1.0, self._bounds.frame_side_px / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="BILINEAR", threads=1)
        turned = np.rot90(picture.to_ndarray(), (frame.rotation // 90) % 4)
        return np.ascontiguousarray(turned)

    # ---- sound ----------------------------------------------------------------------------------------------------------

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]:
        """Mono, 16 kHz; shorter than asked for where it ends."""
        stream = self._sound
        wanted = int(length_s * wire.SOUND_RATE_HZ)
        if stream is None or wanted <= 0:
            return np.zeros(0, np.float32)
        stream.codec_context.thread_count = 1
        origin_s = float((stream.start_time or 0) * stream.time_base)
        with contextlib.suppress(av.FFmpegError, OverflowError):
            self._container.seek(int((start_s + origin_s) / float(stream.time_base)), stream=stream, backward=True)
        stream.codec_context.flush_buffers()
        parts: list[NDArray[np.float32]] = []
        count, skip = 0, None
        for samples, at_s in self._samples(stream):
            if skip is None:
                skip = max(0, int((start_s - (at_s - origin_s)) * wire.SOUND_RATE_HZ))
            dropped = min(skip, samples.size)
            skip -= dropped
            parts.append(samples[dropped:])
            count += samples.size - dropped
            if count >= wanted:
                break
        joined = np.concatenate(parts)[:wanted] if parts else np.zeros(0, np.float32)
        return np.nan_to_num(joined, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)

    def _samples(self, stream: Any) -> Iterator[tuple[NDArray[np.float32], float]]:
        resampler: _Resampler | None = None
        bad, at_s = 0, 0.0
        for packet in self._packets_of(stream):
            try:
                frames = stream.codec_context.decode(packet)
            except av.error.EOFError:
                break
            except av.FFmpegError:
                bad += 1
                self.warnings.add("media.damaged")
                if bad > _MAX_BAD_PACKETS or packet is None:
                    break
                continue
            for frame in frames:
                if resampler is None or not resampler.fits(frame):
                    resampler = _Resampler(frame)
                if frame.pts is not None and frame.time_base:
                    at_s = float(frame.pts * frame.time_base)
                yield resampler.push(frame), at_s
            if self._clock.is_over():
                self.warnings.add("media.cut_short")
                break


class _Resampler:
    """libswresample to mono 16 kHz through a filter graph of one thread."""

    def __init__(self, frame: Any) -> None:
        self._shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        graph = av.filter.Graph()
        graph.threads = 1
        source = graph.add(
            "abuffer",
            sample_rate=str(frame.sample_rate),
            sample_fmt=frame.format.name,
            channel_layout=frame.layout.name,
            time_base=str(frame.time_base),
        )
        shape = graph.add("aformat", sample_rates=str(wire.SOUND_RATE_HZ), sample_fmts="flt", channel_layouts="mono")
        sink = graph.add("abuffersink")
        source.link_to(shape)
        shape.link_to(sink)
        graph.configure()
        self._graph = graph

    def fits(self, frame: Any) -> bool:
        return self._shape == (frame.format.name, frame.layout.name, frame.sample_rate)

    def push(self, frame: Any) -> NDArray[np.float32]:
        self._graph.push(frame)
        parts: list[NDArray[np.float32]] = []
        while True:
            try:
                parts.append(self._graph.pull().to_ndarray().reshape(-1))
            except (av.error.BlockingIOError, av.error.EOFError):
                return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _is_decodable(stream: Any) -> bool:
    return getattr(stream, "codec_context", None) is not None


def _is_cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & int(type(stream.disposition).attached_pic))


def _is_encrypted(stream: Any) -> bool:
    context = getattr(stream, "codec_context", None)
    return context is not None and str(context.codec_tag) in ("encv", "enca", "drms", "drmi")


def _sane(duration: int | None, units_per_s: float) -> float | None:
    """A container's own word for its length, where it can be true."""
    if duration is None or duration <= 0:
        return None
    seconds = duration / units_per_s
    return seconds if math.isfinite(seconds) and seconds <= wire.MAX_TIME_S else None


def _is_whole(entries: Sequence[sampling.Packet], duration_s: float | None) -> bool:
    """Whether an index reaches to the film's end, which that of a fragmented file does not."""
    return duration_s is None or entries[-1].at_s >= 0.8 * duration_s - 1.0
