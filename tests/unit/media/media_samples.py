"""Small harmless files of every format, made by code: gradients, stripes and tones."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 96, 64
SOUND_HZ = 48_000
RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 180, 40), (30, 40, 200), (128, 128, 128)


def scene(colour: tuple[int, int, int], width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """(height, width, 3): a colour, with a light square in its top left quarter."""
    pixels = np.full((height, width, 3), colour, np.uint8)
    pixels[height // 8 : height // 4, width // 8 : width // 4] = 235
    return pixels


def picture(format: str, mode: str = "RGB", **options: Any) -> bytes:
    """The red scene as a picture file."""
    out = io.BytesIO()
    Image.fromarray(scene(RED)).convert(mode).save(out, format, **options)
    return out.getvalue()


def animation(format: str, colours: Sequence[tuple[int, int, int]] = (RED, GREEN, BLUE), duration_ms: int = 200) -> bytes:
    first, *rest = (Image.fromarray(scene(colour)) for colour in colours)
    out = io.BytesIO()
    first.save(out, format, save_all=True, append_images=rest, duration=duration_ms)
    return out.getvalue()


def oriented(orientation: int, format: str = "JPEG") -> bytes:
    """The scene stored so that `orientation` makes it upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = Image.fromarray(scene(RED))
    stored = image if turned is None else image.transpose(Image.Transpose(turned))
    out = io.BytesIO()
    stored.save(out, format, exif=exif, **({"quality": 95} if format == "JPEG" else {}))
    return out.getvalue()


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full_box(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *parts)


def _hevc_picture(colour: tuple[int, int, int], width: int, height: int) -> tuple[bytes, bytes]:
    """One picture's decoder configuration box (ISO/IEC 14496-15) and its coded bytes."""
    stream = video([colour], codec="libx265", container="hevc", width=width, height=height, seconds_each=0.1)
    units = [unit.rstrip(b"\0") for unit in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]]
    by_kind: dict[int, bytes] = {unit[0] >> 1 & 63: struct.pack(">I", len(unit)) + unit for unit in units}
    sets = b"".join(struct.pack(">BH", kind, 1) + by_kind[kind][2:] for kind in (32, 33, 34))
    coded = b"".join(unit for kind, unit in by_kind.items() if kind < 32)
    return _box(b"hvcC", b"\1" + bytes(20) + b"\3\3", sets), coded


def _heic_file(
    items: Sequence[tuple[bytes, bytes, Sequence[int]]], properties: Sequence[bytes], references: bytes = b""
) -> bytes:
    """A HEIC file, the first item its primary one. `items`: (kind, content, numbers of its properties from 1 on)."""
    associations = b"".join(
        struct.pack(">HB", number, len(owned)) + bytes(owned) for number, (_, _, owned) in enumerate(items, 1)
    )
    described = _box(
        b"iprp",
        _box(b"ipco", *properties),
        _full_box(b"ipma", struct.pack(">I", len(items)), associations),
    )
    entries = b"".join(
        _full_box(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), version=2) for number, (kind, _, _) in enumerate(items, 1)
    )
    listed = _full_box(b"iinf", struct.pack(">H", len(items)), entries)
    handler = _full_box(b"hdlr", struct.pack(">I4sIIIB", 0, b"pict", 0, 0, 0, 0))
    start = _box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1", b"heic")

    def meta(offset: int) -> bytes:
        places = b""
        for number, (_, content, _) in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, offset, len(content))
            offset += len(content)
        located = _full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)), places)
        return _full_box(b"meta", handler, _full_box(b"pitm", struct.pack(">H", 1)), listed, references, described, located)

    return start + meta(len(start) + len(meta(0)) + 8) + _box(b"mdat", *(content for _, content, _ in items))


def _extent(width: int, height: int) -> bytes:
    return _full_box(b"ispe", struct.pack(">II", width, height))


def heic(
    colour: tuple[int, int, int] = RED, *, stated: tuple[int, int] = (WIDTH, HEIGHT), more_properties: Sequence[bytes] = ()
) -> bytes:
    """A HEIC still: one HEVC picture in the boxes of ISO/IEC 23008-12. `stated` is the size its header gives."""
    configuration, coded = _hevc_picture(colour, WIDTH, HEIGHT)
    properties = [configuration, _extent(*stated), *more_properties]
    return _heic_file([(b"hvc1", coded, range(1, len(properties) + 1))], properties)


def turned_heic(quarter_turns: int) -> bytes:
    """Stored so that it is to be turned that many times to the left."""
    return heic(more_properties=[_box(b"irot", bytes([quarter_turns]))])


def heic_grid(rows: int, columns: int) -> bytes:
    """A HEIC still of tiles that are each the red scene, cut 20 short in width and 10 in height."""
    configuration, coded = _hevc_picture(RED, WIDTH, HEIGHT)
    width, height, count = columns * WIDTH - 20, rows * HEIGHT - 10, rows * columns
    layout = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    tiles = struct.pack(f">HH{count}H", 1, count, *range(2, count + 2))
    items = [(b"grid", layout, [3]), *[(b"hvc1", coded, [1, 2])] * count]
    return _heic_file(
        items, [configuration, _extent(WIDTH, HEIGHT), _extent(width, height)], _full_box(b"iref", _box(b"dimg", tiles))
    )


def video(
    colours: Sequence[tuple[int, int, int]] = (RED, GREEN, BLUE),
    *,
    codec: str = "libx264",
    container: str = "mp4",
    width: int = WIDTH,
    height: int = HEIGHT,
    seconds_each: float = 1.0,
    rate: int = 10,
    sound_codec: str | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    format: str = "yuv420p",
    container_options: dict[str, str] | None = None,
    has_motion: bool = True,
) -> bytes:
    """A film of one colour after the other, with a tone if `sound_codec` is given, and a bar that grows below."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=container_options or {}) as film:
        stream: Any = film.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, format
        stream.codec_context.thread_count = 1
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        sound: Any = film.add_stream(sound_codec, rate=SOUND_HZ, layout="stereo") if sound_codec else None
        for number in range(int(len(colours) * seconds_each * rate)):
            colour = colours[int(number / rate / seconds_each)]
            pixels = scene(colour, width, height)
            pixels[-height // 8 :, : (number * 5) % width * has_motion] = 10
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts = number
            frame.time_base = Fraction(1, rate)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if sound is not None:
            _add_tone(film, sound, len(colours) * seconds_each)
    return out.getvalue()


def tone(codec: str = "pcm_s16le", container: str = "wav", seconds: float = 2.0, hz: float = 440.0) -> bytes:
    """A stereo file of one tone at half of full scale."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        _add_tone(file, file.add_stream(codec, rate=SOUND_HZ, layout="stereo"), seconds, hz)
    return out.getvalue()


def _add_tone(file: Any, stream: Any, seconds: float, hz: float = 440.0) -> None:
    times = np.arange(int(SOUND_HZ * seconds)) / SOUND_HZ
    wave = (0.5 * np.sin(2 * np.pi * hz * times)).astype(np.float32)
    size = 960 if stream.codec_context.name == "libopus" else 1024
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=SOUND_HZ)
    for start in range(0, len(wave), size):
        piece = np.stack([wave[start : start + size]] * 2)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
        for ready in resampler.resample(frame):
            file.mux(stream.encode(ready))
    file.mux(stream.encode(None))


PICTURES: dict[str, Callable[[], bytes]] = {
    "image/jpeg": lambda: picture("JPEG", quality=95),
    "image/png": lambda: picture("PNG"),
    "image/gif": lambda: picture("GIF"),
    "image/webp": lambda: picture("WEBP", lossless=True),
    "image/avif": lambda: picture("AVIF", quality=95),
    "image/bmp": lambda: picture("BMP"),
    "image/tiff": lambda: picture("TIFF"),
    "image/heic": heic,
    "image/jp2": lambda: picture("JPEG2000"),
    "image/vnd.microsoft.icon": lambda: picture("ICO", sizes=[(48, 32)]),
}
FILMS: dict[str, Callable[[], bytes]] = {
    "video/mp4": lambda: video(sound_codec="aac"),
    "video/quicktime": lambda: video(container="mov"),
    "video/webm": lambda: video(codec="libvpx", container="webm", sound_codec="libopus"),
    "video/x-matroska": lambda: video(codec="libx265", container="matroska"),
    "video/x-msvideo": lambda: video(codec="mpeg4", container="avi"),
    "video/mp2t": lambda: video(codec="mpeg2video", container="mpegts", rate=25),
    "video/x-flv": lambda: video(codec="flv", container="flv"),
    "video/mpeg": lambda: video(codec="mpeg1video", container="mpeg", rate=25),
    "video/x-nut": lambda: video(codec="ffv1", container="nut"),
    "video/x-h264": lambda: video(container="h264"),
}
SOUNDS: dict[str, Callable[[], bytes]] = {
    "audio/wav": tone,
    "audio/flac": lambda: tone("flac", "flac"),
    "audio/mpeg": lambda: tone("libmp3lame", "mp3"),
    "audio/mp4": lambda: tone("aac", "mp4"),
    "audio/aac": lambda: tone("aac", "adts"),
}
