"""Content-Encoding, undone in small pieces, so that a few kilobytes that unfold to gigabytes never lie in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from jikim.errors import FetchFailed

ACCEPTED_ENCODINGS = "gzip, deflate"
PIECE_BYTES = 64 * 1024

_GZIP_WBITS = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


def decoded(raw: Iterable[bytes], encoding: str, where: str) -> Iterator[bytes]:
    """The plain bytes of a body in pieces of `PIECE_BYTES` at most.

    Raises FetchFailed for an encoding that was not asked for, for several at once, and for a broken or unfinished stream.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return _pieces(raw)
        case "gzip" | "x-gzip":
            return _inflated(raw, _GZIP_WBITS, where)
        case "deflate":
            return _inflated(raw, zlib.MAX_WBITS, where)
        case _:
            raise FetchFailed("fetching.encoding_unknown", where=where)


def _pieces(raw: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in raw:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _inflated(raw: Iterable[bytes], wbits: int, where: str) -> Iterator[bytes]:
    inflate = None
    try:
        for chunk in raw:
            if inflate is None:
                inflate = zlib.decompressobj(wbits if wbits != zlib.MAX_WBITS or _has_zlib_header(chunk) else -zlib.MAX_WBITS)
            elif inflate.eof and wbits == _GZIP_WBITS and chunk.startswith(_GZIP_MAGIC):
                inflate = zlib.decompressobj(wbits)
            yield from _drained(inflate, chunk)
            while inflate.eof and wbits == _GZIP_WBITS and inflate.unused_data.startswith(_GZIP_MAGIC):
                following = inflate.unused_data
                inflate = zlib.decompressobj(wbits)
                yield from _drained(inflate, following)
    except zlib.error as error:
        raise FetchFailed("fetching.encoding_broken", where=where) from error
    if inflate is not None and not inflate.eof:
        raise FetchFailed("fetching.cut_short", where=where)


def _drained(inflate: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    is_full = True
    while (data or is_full) and not inflate.eof:
        piece = inflate.decompress(data, PIECE_BYTES)
        data = inflate.unconsumed_tail
        is_full = len(piece) == PIECE_BYTES
        if piece:
            yield piece


def _has_zlib_header(first: bytes) -> bool:
    """Some servers send bare deflate data. RFC 1950: the first two bytes, as a number, are a multiple of 31."""
    return first[0] & 0x0F == 8 and (len(first) < 2 or int.from_bytes(first[:2]) % 31 == 0)
