from __future__ import annotations

import io
import tarfile
import wave

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jikim.fetching.content import UNKNOWN, sniff

PICTURE = Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3))


@pytest.mark.parametrize(
    ("form", "mime"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp"), ("AVIF", "avif"), ("BMP", "bmp"), ("TIFF", "tiff")],
)
def test_pictures(form, mime):
    written = io.BytesIO()
    PICTURE.save(written, form)
    assert sniff(written.getvalue(), "text/plain") == f"image/{mime}"


def test_heic():
    assert sniff(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)) == "image/heic"
    assert sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(64)) == "image/avif"


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("mp4", "mpeg4", "video/mp4"),
        ("mov", "mpeg4", "video/quicktime"),
        ("matroska", "mpeg4", "video/x-matroska"),
        ("webm", "libvpx", "video/webm"),
        ("avi", "mpeg4", "video/x-msvideo"),
        ("flv", "flv", "video/x-flv"),
        ("mpegts", "mpeg2video", "video/mp2t"),
        ("vob", "mpeg2video", "video/mpeg"),
        ("asf", "mpeg4", "video/x-ms-asf"),
        ("3gp", "mpeg4", "video/3gpp"),
    ],
)
def test_videos(container, codec, mime):
    written = io.BytesIO()
    with av.open(written, "w", format=container) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for shade in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade * 9, np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert sniff(written.getvalue(), "image/jpeg") == mime


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("adts", "aac", "audio/aac"),
        ("ipod", "aac", "audio/mp4"),
        ("flac", "flac", "audio/flac"),
        ("ogg", "libopus", "audio/ogg"),
        ("wav", "pcm_s16le", "audio/wav"),
    ],
)
def test_sounds(container, codec, mime):
    written = io.BytesIO()
    with av.open(written, "w", format=container, options={"write_id3v2": "0"} if container == "mp3" else {}) as out:
        stream = out.add_stream(codec, rate=48000)
        for start in range(0, 48000, 4800):
            tone = np.sin(np.arange(start, start + 4800) / 20).astype(np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate = 48000
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert sniff(written.getvalue(), "text/html") == mime


def test_archives():
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert sniff(written.getvalue()) == "application/x-tar"
    for start, mime in [
        (b"PK\x03\x04", "application/zip"),
        (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"BZh9", "application/x-bzip2"),
        (b"\xfd7zXZ\0", "application/x-xz"),
        (b"\x28\xb5\x2f\xfd", "application/zstd"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x7fELF\x02", "application/x-executable"),
        (b"MZ\x90\0", "application/x-executable"),
    ]:
        assert sniff(start + bytes(64), "image/png") == mime


@pytest.mark.parametrize(
    ("text", "mime"),
    [
        (b"<!DOCTYPE html><title>a</title>", "text/html"),
        (b"\xef\xbb\xbf  \n<html lang='ko'>", "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "text/html"),
        (b"<!-- a --><div>x</div>", "text/html"),
        (b'<?xml version="1.0"?><rss version="2.0">', "application/rss+xml"),
        (b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">', "application/atom+xml"),
        (b'<?xml version="1.0"?><things/>', "application/xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
        (b'{"a": 1}', "application/json"),
        (b'[{"a": 1}]', "application/json"),
        (b"#EXTM3U\n#EXTINF:9,\n", "application/vnd.apple.mpegurl"),
        ("봄 꽃 축제".encode(), "text/plain"),
        ("봄 꽃 축제".encode("cp949"), "text/plain"),
        (b"[draft] a list", "text/plain"),
    ],
)
def test_texts(text, mime):
    assert sniff(text, "image/jpeg") == mime


def test_the_servers_word_comes_last():
    unknown = b"\x01\x02\x03\x04 no known beginning \x05\x00"
    assert sniff(unknown, "video/x-dv; a=b") == "video/x-dv"
    assert sniff(unknown, "image/jpeg") == UNKNOWN, "a JPEG would have been recognised"
    assert sniff(unknown, "text/html") == UNKNOWN
    assert sniff(unknown, "not a type") == UNKNOWN
    assert sniff(unknown) == sniff(b"", "image/png") == UNKNOWN


def test_wav_written_by_the_library():
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600))
    assert sniff(written.getvalue()) == "audio/wav"


@given(st.binary(max_size=600), st.text(max_size=40))
def test_any_bytes_have_a_type(head, declared):
    assert "/" in sniff(head, declared)
