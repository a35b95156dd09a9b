"""Bad files: truncated, empty, mislabelled, gigantic, encrypted, lying, and files that are something else altogether.

Each gives frames, or one clear line (MediaUnreadable); never another exception, never a hang.
"""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jikim.config import Opening
from jikim.errors import MediaUnreadable
from jikim.media.opening import Opener, OpenMedia, sealed_memory

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "media"))
import media_samples as samples

SETTINGS = Opening(wall_clock_s=30.0)
EXAMPLES = int(os.environ.get("JIKIM_FUZZ", "0"))
"""With JIKIM_FUZZ=N the files are mutated N times each and differently every time."""


@pytest.fixture(scope="module")
def opener() -> Iterator[Opener]:
    with Opener(SETTINGS) as opener:
        yield opener


def opened(opener: Opener, content: bytes, declared: str | None = None) -> OpenMedia:
    fd = sealed_memory(iter([content]))
    try:
        return opener.open(fd, "0" * 64, declared=declared)
    finally:
        os.close(fd)


def refusal(opener: Opener, content: bytes) -> MediaUnreadable:
    """Why nothing of `content` can be seen."""
    with pytest.raises(MediaUnreadable) as raised, opened(opener, content) as media:
        media.first_look()
    message = raised.value.message()
    assert message.ko
    assert message.en
    assert "\n" not in message.en + message.ko
    return raised.value


def looked_at(opener: Opener, content: bytes) -> tuple[int, tuple[str, ...]]:
    """How many frames there were, and the warnings; checks that all that comes is well formed."""
    with opened(opener, content) as media:
        frames = [*media.first_look(), *media.frames_at([0.0, 0.7, 5.0, 1e9])]
        for frame in frames:
            assert frame.pixels.ndim == 3
            assert frame.pixels.shape[2] == 3
            assert frame.pixels.dtype == np.uint8
            assert frame.pixels.flags.c_contiguous
        sound = media.audio(0.0, 2.0)
        if sound is not None:
            assert np.isfinite(sound.samples).all()
            assert np.abs(sound.samples).max() <= 1.0
        return len(frames), media.warnings


# ---- something else -------------------------------------------------------------------------------------------------------


def zipped(name: str = "picture.png") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, samples.picture("PNG"))
    return out.getvalue()


HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
DASH = b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>'
OTHERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "media.empty"),
    "one byte": (b"\0", "media.not_media"),
    "zip": (zipped(), "media.not_media"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "media.not_media"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "media.not_media"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "media.not_media"),
    "tar": (b"name" + bytes(253) + b"ustar\x0000" + bytes(247), "media.not_media"),
    "pdf": (b"%PDF-1.7\n" + bytes(100), "media.not_media"),
    "html": (b"<!doctype html><title>x</title><img src=x>" * 20, "media.not_media"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "media.not_media"),
    "korean text": ("오늘 축제에 다녀왔습니다. 날씨가 좋았습니다.\n".encode() * 50, "media.not_media"),
    "legacy korean text": ("오늘 축제에 다녀왔습니다.\n".encode("cp949") * 50, "media.not_media"),
    "utf-16 text": (("오늘 축제에 다녀왔습니다. " * 50).encode("utf-16"), "media.not_media"),
    "program": (Path("/bin/true").read_bytes(), "media.not_media"),
    "windows program": (b"MZ" + bytes(500), "media.not_media"),
    "hls": (HLS, "media.playlist"),
    "hls with a mark": (b"\xef\xbb\xbf\n" + HLS, "media.playlist"),
    "dash": (DASH, "media.playlist"),
    "concat": (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "media.playlist"),
    "session description": (b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n", "media.playlist"),
    "zeros": (bytes(100_000), "media.not_media"),
    "noise": (random.Random(7).randbytes(50_000), "media.not_media"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_media_is_refused_by_name(opener: Opener, name: str) -> None:
    content, key = OTHERS[name]
    assert refusal(opener, content).key == key


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"II*\0", b"BM"])
def test_a_known_beginning_and_nothing_behind_it(opener: Opener, magic: bytes) -> None:
    keys = ("media.unreadable", "media.not_media", "media.no_frames", "media.too_large")
    assert refusal(opener, magic + bytes(60)).key in keys


# ---- gigantic --------------------------------------------------------------------------------------------------------------

SIDE = 30_000


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def huge_jpeg() -> bytes:
    sizes = struct.pack(">HH", samples.HEIGHT, samples.WIDTH)
    return patched(samples.picture("JPEG"), b"\x08" + sizes, b"\x08" + struct.pack(">HH", SIDE, SIDE))


def huge_tiff() -> bytes:
    content = bytearray(samples.picture("TIFF"))
    for tag in (256, 257):
        at = content.index(struct.pack("<H", tag), struct.unpack_from("<I", content, 4)[0])
        struct.pack_into("<HII", content, at + 2, 4, 1, SIDE)
    return bytes(content)


def huge_webp() -> bytes:
    body = b"VP8X" + struct.pack("<IB3s", 10, 0, b"\0\0\0") + (16382).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def huge_avif() -> bytes:
    sizes = struct.pack(">II", samples.WIDTH, samples.HEIGHT)
    return patched(samples.picture("AVIF"), b"ispe\0\0\0\0" + sizes, b"ispe\0\0\0\0" + struct.pack(">II", SIDE, SIDE))


def huge_jp2() -> bytes:
    """In the box and in the codestream."""
    boxed = patched(samples.picture("JPEG2000"), b"ihdr" + struct.pack(">II", 64, 96), b"ihdr" + struct.pack(">II", SIDE, SIDE))
    return patched(boxed, struct.pack(">II", 96, 64), struct.pack(">II", SIDE, SIDE))


HUGE: dict[str, Callable[[], bytes]] = {
    "png": lambda: huge_png(SIDE, SIDE),
    "png, wide": lambda: huge_png(2**31 - 1, 1),
    "jpeg": huge_jpeg,
    "gif": lambda: patched(samples.picture("GIF"), struct.pack("<HH", 96, 64), struct.pack("<HH", SIDE, SIDE)),
    "bmp": lambda: patched(samples.picture("BMP"), struct.pack("<ii", 96, 64), struct.pack("<ii", SIDE, SIDE)),
    "tiff": huge_tiff,
    "webp": huge_webp,
    "avif": huge_avif,
    "heic": lambda: samples.heic(stated=(SIDE, SIDE)),
    "jp2": huge_jp2,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_gigantic_picture_is_refused_before_it_is_decoded(opener: Opener, name: str) -> None:
    error = refusal(opener, HUGE[name]())
    assert error.key == "media.too_large"
    assert error.params["width_px"] * error.params["height_px"] > SETTINGS.max_pixels or error.params["width_px"] > 65_535


def test_a_bomb_within_the_bounds_is_reduced(opener: Opener) -> None:
    """A hundred megapixels in 15 kB."""
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    with opened(opener, out.getvalue()) as media:
        (frame,) = media.first_look()
        assert (media.media.width_px, media.media.height_px) == (10_000, 10_000)
        assert 0.9 * SETTINGS.still_max_pixels < frame.pixels.shape[0] * frame.pixels.shape[1] <= SETTINGS.still_max_pixels


def test_too_little_memory_is_said_so() -> None:
    out = io.BytesIO()
    Image.new("L", (9_000, 9_000)).save(out, "PNG")
    with Opener(Opening(memory_bytes=64 * 2**20)) as small:
        assert refusal(small, out.getvalue()).key in ("media.out_of_memory", "media.unreadable")
        assert looked_at(small, samples.picture("PNG"))[0] == 1


def test_a_film_with_gigantic_frames_is_refused() -> None:
    with Opener(Opening(max_pixels=4000)) as strict:
        assert refusal(strict, samples.video()).key == "media.too_large"


# ---- lying -----------------------------------------------------------------------------------------------------------------


def test_an_encrypted_film_is_refused(opener: Opener) -> None:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00112233445566778899aabbccddeeff"}
    content = samples.video(container_options={**key, "encryption_kid": "0123456789abcdef0123456789abcdef"})
    assert refusal(opener, content).key == "media.encrypted"


def boxed(content: bytes, kind: bytes) -> int:
    """Where the body of the first box of that kind starts."""
    return content.index(kind) + 4


def test_a_lying_duration_is_not_believed(opener: Opener) -> None:
    content = bytearray(samples.video())
    for kind, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        struct.pack_into(">I", content, boxed(content, kind) + offset, 0xFFFF_FFF0)
    with opened(opener, bytes(content)) as media:
        assert media.media.duration_s is not None
        assert media.media.duration_s < 100
        assert len(media.first_look()) >= 3


def test_lying_dimensions_give_frames_of_the_true_size_or_a_refusal(opener: Opener) -> None:
    content = bytearray(samples.video())
    at = boxed(content, b"avc1") + 24
    struct.pack_into(">HH", content, at, 65_000, 65_000)
    try:
        assert looked_at(opener, bytes(content))[0] >= 1
    except MediaUnreadable as error:
        assert error.key in ("media.too_large", "media.no_frames", "media.unreadable")  # noqa: PT017


def test_a_film_without_a_single_frame(opener: Opener) -> None:
    film = bytearray(samples.video())
    at = boxed(film, b"stsz") + 8
    struct.pack_into(">I", film, at, 0)
    assert refusal(opener, bytes(film)).key in ("media.no_frames", "media.no_streams", "media.unreadable", "media.not_media")


def test_a_film_of_ten_hours_is_sampled_within_bounds(opener: Opener) -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as film:
        stream = film.add_stream("mpeg4", rate=1, options={"g": "600"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for second in range(0, 36_000, 4):
            scene = np.random.default_rng(second // 600).integers(0, 255, (4, 4, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(scene.repeat(8, 0).repeat(8, 1), "rgb24")
            frame.pts, frame.time_base = second, Fraction(1, 1)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    with opened(opener, out.getvalue()) as media:
        frames = media.first_look()
        assert media.media.duration_s == pytest.approx(36_000, abs=10)
        assert 10 < len(frames) <= SETTINGS.frames_limit
        assert frames[-1].at_s is not None
        assert frames[-1].at_s > 30_000
        later = media.frames_at([35_990.0])
        assert later[0].at_s == pytest.approx(35_990, abs=10)


def test_an_animation_without_end_is_cut_short() -> None:
    rng = np.random.default_rng(1)
    shades = [(int(r), int(g), int(b)) for r, g, b in rng.integers(0, 255, (60, 3))]
    content = samples.animation("GIF", shades, duration_ms=0)
    with Opener(Opening(frames_limit=10)) as few, opened(few, content) as media:
        assert len(media.first_look()) == 10
        assert "media.cut_short" in media.warnings


def test_a_wrong_label_is_a_warning_only(opener: Opener) -> None:
    with opened(opener, samples.picture("PNG"), declared="video/mp4") as media:
        assert len(media.first_look()) == 1
        assert media.warnings == ("media.mislabelled",)
    for right in ("image/jpeg", "application/octet-stream", "", "IMAGE/PNG; charset=x"):
        with opened(opener, samples.picture("PNG"), declared=right) as media:
            assert media.warnings == ()


# ---- truncated and damaged -------------------------------------------------------------------------------------------------

ALL = samples.PICTURES | samples.FILMS | samples.SOUNDS


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {mime: make() for mime, make in ALL.items()}


@pytest.mark.parametrize("mime", ALL)
def test_half_a_file_is_delivered_or_refused_with_a_line(opener: Opener, made: dict[str, bytes], mime: str) -> None:
    for share in (0.02, 0.3, 0.6, 0.97):
        content = made[mime][: int(len(made[mime]) * share)]
        try:
            looked_at(opener, content)
        except MediaUnreadable as error:
            assert error.message().ko  # noqa: PT017


@pytest.mark.parametrize("mime", ["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"])
def test_what_is_there_of_a_truncated_picture_is_shown(opener: Opener, mime: str) -> None:
    noisy = np.random.default_rng(3).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, mime.partition("/")[2].upper())
    frames, warnings = looked_at(opener, out.getvalue()[: len(out.getvalue()) * 3 // 4])
    assert frames == 1
    assert warnings == ("media.truncated",)


def test_what_is_there_of_a_truncated_film_is_shown(opener: Opener) -> None:
    content = samples.video(codec="mpeg2video", container="mpegts", rate=25)
    frames, _ = looked_at(opener, content[: len(content) // 2])
    assert frames >= 2


@pytest.mark.parametrize("mime", ALL)
@settings(
    max_examples=EXAMPLES or 12,
    derandomize=EXAMPLES == 0,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_mutated_files_give_frames_or_a_line(opener: Opener, made: dict[str, bytes], mime: str, data: st.DataObject) -> None:
    content = bytearray(made[mime])
    early = st.integers(0, min(len(content), 400) - 1)
    anywhere = st.integers(0, len(content) - 1)
    for at, value in data.draw(st.lists(st.tuples(early | anywhere, st.integers(0, 255)), min_size=1, max_size=24)):
        content[at] = value
    cut = data.draw(st.none() | anywhere)
    try:
        looked_at(opener, bytes(content[:cut]))
    except MediaUnreadable as error:
        assert str(error)  # noqa: PT017
