"""What a file is by its first bytes; its name and what a server says of it do not count."""

from __future__ import annotations

import string
from typing import NamedTuple

from jikim.media.wire import Content

HEAD_BYTES = 4096


class NotMedia(NamedTuple):
    content: Content


class Playlist(NamedTuple):
    """A text that names other files to open."""


class Still(NamedTuple):
    """A picture: its format as Pillow calls it, and its media type."""

    format: str
    mime: str


_STILLS = (
    (b"\xff\xd8\xff", Still("JPEG", "image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", Still("PNG", "image/png")),
    (b"GIF87a", Still("GIF", "image/gif")),
    (b"GIF89a", Still("GIF", "image/gif")),
    (b"BM", Still("BMP", "image/bmp")),
    (b"II*\0", Still("TIFF", "image/tiff")),
    (b"MM\0*", Still("TIFF", "image/tiff")),
    (b"II+\0", Still("TIFF", "image/tiff")),
    (b"MM\0+", Still("TIFF", "image/tiff")),
    (b"\0\0\1\0", Still("ICO", "image/vnd.microsoft.icon")),
    (b"\xff\x4f\xff\x51", Still("JPEG2000", "image/jp2")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Still("JPEG2000", "image/jp2")),
)

_OTHERS: tuple[tuple[int, bytes, Content], ...] = (
    (0, b"PK\3\4", "archive"),
    (0, b"PK\5\6", "archive"),
    (0, b"PK\7\x08", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\0", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"Rar!\x1a\7", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (0, b"\x04\x22\x4d\x18", "archive"),
    (0, b"MSCF\0\0\0\0", "archive"),
    (0, b"!<arch>\n", "archive"),
    (257, b"ustar", "archive"),
    (0, b"%!PS", "pdf"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"\xfe\xed\xfa\xce", "program"),
    (0, b"\xfe\xed\xfa\xcf", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"),
    (0, b"\0asm", "program"),
    (0, b"dex\n", "program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "archive"),
    (0, b"SQLite format 3\0", "unknown"),
    (0, b"wOFF", "font"),
    (0, b"wOF2", "font"),
    (0, b"OTTO\0", "font"),
    (0, b"\0\1\0\0\0", "font"),
)

_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_PLAYLIST_STARTS = (b"#extm3u", b"ffconcat", b"[playlist]", b"[reference]", b"v=0\n", b"v=0\r", b"# webvtt", b";ffmetadata")
_TEXT_BYTES = frozenset(string.printable.encode()) | frozenset(range(0x80, 0x100))


def sniff(head: bytes) -> NotMedia | Playlist | Still | None:
    """What a file with these first bytes (HEAD_BYTES of them, or all there are) is; None: perhaps video or audio."""
    for magic, still in _STILLS:
        if head.startswith(magic) and (still.format != "BMP" or _is_bitmap(head)):
            return still
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Still("WEBP", "image/webp")
    if head[4:8] == b"ftyp":
        return _iso_still(head)
    for at, magic, content in _OTHERS:
        if head[at : at + len(magic)] == magic:
            return NotMedia(content)
    if b"%PDF-" in head[:1024]:
        return NotMedia("pdf")
    return _text(head)


def _is_bitmap(head: bytes) -> bool:
    """`BM` alone is two letters; a bitmap's reserved words and header size say more."""
    return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def _iso_still(head: bytes) -> Still | None:
    size = int.from_bytes(head[:4], "big")
    brands = {head[at : at + 4] for at in (8, *range(16, min(max(size, 16), len(head), 256), 4))}
    if brands & _AVIF_BRANDS:
        return Still("AVIF", "image/avif")
    if head[8:12] in _HEIF_BRANDS or (brands & {b"heic", b"heix"} and not brands & {b"isom", b"mp41", b"mp42", b"qt  "}):
        return Still("HEIF", "image/heic")
    return None


def _text(head: bytes) -> NotMedia | Playlist | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if head[0] == 0xFF else "utf-16-be"
        words = head[2 : 2 + len(head) // 2 * 2].decode(encoding, "ignore")
        return NotMedia("text") if words and words.isprintable() else None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:512].lower()
    if start.startswith(_PLAYLIST_STARTS) or (start.startswith(b"<") and b"<mpd" in head.lower()):
        return Playlist()
    if any(byte not in _TEXT_BYTES for byte in head):
        return None
    if start.startswith((b"<", b"{\\rtf")):
        return NotMedia("markup")
    if b"#extinf" in head.lower() or b"\nfile " in head.lower():
        return Playlist()
    letters = sum(byte < 0x80 for byte in head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 and letters < 0.7 * len(head):
            return None
    return NotMedia("text")


def declared_size(head: bytes) -> tuple[int, int] | None:
    """What a picture's header says of its size, for formats whose libraries allocate before they tell."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp_size(head)
    if head[4:8] == b"ftyp":
        sizes = [
            (int.from_bytes(head[at + 8 : at + 12], "big"), int.from_bytes(head[at + 12 : at + 16], "big"))
            for at in _places(head, b"ispe")
        ]
        return max(sizes, key=lambda size: size[0] * size[1], default=None)
    return None


def _places(head: bytes, box: bytes) -> list[int]:
    places, at = [], head.find(box)
    while 0 <= at <= len(head) - 16:
        places.append(at)
        at = head.find(box, at + 1)
    return places


def _webp_size(head: bytes) -> tuple[int, int] | None:
    if head[12:16] == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if head[12:16] == b"VP8 " and len(head) >= 30:
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None
