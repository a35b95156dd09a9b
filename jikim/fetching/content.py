"""What a file is, decided by its first bytes. The server's word counts only where the bytes say nothing."""

from __future__ import annotations

import re

SNIFFED_BYTES = 4096

UNKNOWN = "application/octet-stream"

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\0\0\x01\xb3", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"ADIF", "audio/aac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd", "audio/midi"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"PK\x07\x08", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"%PDF-", "application/pdf"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-executable"),
    (b"\xfe\xed\xfa\xce", "application/x-executable"),
    (b"\xfe\xed\xfa\xcf", "application/x-executable"),
    (b"\xce\xfa\xed\xfe", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-executable"),
    (b"\0asm", "application/x-executable"),
    (b"#!/", "application/x-executable"),
)
_RIFF_FORMS = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P "))
_MOVIE_ATOMS = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
_HTML = re.compile(
    rb"<!doctype html|<(?:html|head|body|script|title|meta|style|table|div|span|p|a|h1|br|iframe|article|section)[\s>/]"
)
_XML_ROOTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"<rss[\s>]|<rdf:rdf[\s>]"), "application/rss+xml"),
    (re.compile(rb"<feed[\s>]"), "application/atom+xml"),
    (re.compile(rb"<svg[\s>]"), "image/svg+xml"),
    (re.compile(rb"<mpd[\s>]"), "application/dash+xml"),
    (re.compile(rb"<html[\s>]"), "text/html"),
)
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*(?:[\"{\[\]\d-]|true|false|null)|\{\s*\Z|\[\s*\Z")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


def sniff(first_bytes: bytes, declared: str | None = None) -> str:
    """The MIME type of a file by its first bytes (`SNIFFED_BYTES` are enough).

    `declared` is the server's Content-Type: believed only when the bytes say nothing and it names a kind of file that could
    not have been recognised by its bytes. `UNKNOWN` when neither helps.
    """
    head = first_bytes[:SNIFFED_BYTES]
    if not head:
        return UNKNOWN
    return _by_start(head) or _boxed(head) or _streamed(head) or _written(head) or _believed(declared)


def _by_start(head: bytes) -> str | None:
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head.startswith(b"RIFF"):
        return _RIFF_FORMS.get(head[8:12])
    if head.startswith(b"OggS"):
        return "video/ogg" if b"\x80theora" in head[:512] else "audio/ogg"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:256] else "video/x-matroska"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" and head[14:18] in _BITMAP_HEADER_SIZES:
        return "image/bmp"
    return "application/x-tar" if head[257:262] == b"ustar" else None


_BITMAP_HEADER_SIZES = frozenset(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))


def _boxed(head: bytes) -> str | None:
    """Files of boxes with a length and a four-letter name: ISO base media and QuickTime."""
    if head[4:8] in _MOVIE_ATOMS:
        return "video/quicktime"
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head))
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    if major in _HEIC_BRANDS:
        return "image/heic"
    if major == b"qt  ":
        return "video/quicktime"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    return "video/3gpp" if major.startswith(b"3g") else "video/mp4"


def _streamed(head: bytes) -> str | None:
    """Streams that begin with the sync mark of a packet or frame."""
    for offset, packet_bytes in ((0, 188), (4, 192)):
        marks = head[offset::packet_bytes]
        if len(marks) >= 3 and set(marks[:5]) == {0x47}:
            return "video/mp2t"
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac" if head[2] >> 2 & 0x0F < 13 else None
    has_layer, has_rate = head[1] & 0x06 != 0, head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if has_layer and has_rate and head[1] & 0x18 != 0x08 else None


def _written(head: bytes) -> str | None:
    text = _text_bytes(head)
    if text is None:
        return "application/pdf" if b"%PDF-" in head[:1024] else None
    lowered = text.lstrip().lower()
    if lowered.startswith(b"#extm3u"):
        return "application/vnd.apple.mpegurl"
    if lowered.startswith(b"webvtt"):
        return "text/vtt"
    if lowered.startswith(b"<"):
        for root, mime in _XML_ROOTS:
            found = root.search(lowered)
            if found and (lowered.startswith((b"<?xml", b"<!--")) or found.start() == 0):
                return mime
        if lowered.startswith(b"<?xml"):
            return "application/xml"
        return "text/html" if _HTML.search(lowered) else "text/plain"
    return "application/json" if _JSON.match(lowered) else "text/plain"


def _text_bytes(head: bytes) -> bytes | None:
    """The first bytes as UTF-8 or an old eight-bit encoding, None when they are no text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace").encode("utf-8")
    return None if _NOT_IN_TEXT.search(head) else head


_RECOGNISED = frozenset(
    [
        "image/avif",
        "image/heic",
        "image/heif",
        "image/webp",
        "image/bmp",
        "image/svg+xml",
        "image/jpg",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
        "video/x-msvideo",
        "video/mp2t",
        "video/ogg",
        "audio/ogg",
        "audio/wav",
        "audio/mp4",
        "audio/aac",
        "application/x-tar",
        "application/json",
        "application/xml",
    ]
) | {mime for _, mime in _STARTS}


def _believed(declared: str | None) -> str:
    mime = (declared or "").split(";")[0].strip().lower()
    is_believable = _MIME.fullmatch(mime) is not None and mime not in _RECOGNISED and not mime.startswith("text/")
    return mime if is_believable else UNKNOWN
