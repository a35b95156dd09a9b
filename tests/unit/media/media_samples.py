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


def heic(
    colour: tuple[int, int, int] = RED, width: int = WIDTH, height: int = HEIGHT, stated: tuple[int, int] | None = None
) -> bytes:
    """A HEIC still: one HEVC picture in the boxes of ISO/IEC 23008-12. `stated`: another size in its header."""
    film = video([colour], codec="libx265", container="mp4", width=width, height=height, seconds_each=0.1, rate=10)
    at = film.index(b"hvcC") - 4
    configuration = film[at : at + struct.unpack(">I", film[at : at + 4])[0]]
    start = film.index(b"mdat") + 4
    sample = film[start : start + struct.unpack(">I", film[start - 8 : start - 4])[0] - 8]
    shown = stated or (width, height)

    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I", 8 + len(body)) + kind + body

    def full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
        return box(kind, struct.pack(">I", version << 24), *parts)

    properties = box(
        b"iprp",
        box(b"ipco", configuration, full(b"ispe", struct.pack(">II", *shown))),
        full(b"ipma", struct.pack(">IHBBB", 1, 1, 2, 0x81, 2)),
    )
    handler = full(b"hdlr", struct.pack(">I4sIIIB", 0, b"pict", 0, 0, 0, 0))
    items = full(b"iinf", struct.pack(">H", 1), full(b"infe", struct.pack(">HH4sB", 1, 0, b"hvc1", 0), version=2))
    kind = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1", b"heic")

    def meta(offset: int) -> bytes:
        place = full(b"iloc", struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(sample)))
        return full(b"meta", handler, full(b"pitm", struct.pack(">H", 1)), items, properties, place)

    return kind + meta(len(kind) + len(meta(0)) + 8) + box(b"mdat", sample)


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
) -> bytes:
    """A film of one colour after the other, with a tone if `sound_codec` is given."""
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
            pixels[-height // 8 :, : (number * 5) % width] = 10
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
