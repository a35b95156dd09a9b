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
    inflate: zlib._Decompress | None = None
    ahead = b""  # where a stream or gzip member begins, two bytes are needed to tell what it is
    try:
        for chunk in raw:
            ahead += chunk
            while ahead and (_is_under_way(inflate) or len(ahead) >= 2):
                if inflate is None:
                    inflate = zlib.decompressobj(wbits if wbits != zlib.MAX_WBITS or _has_zlib_header(ahead) else -wbits)
                elif inflate.eof:
                    if wbits != _GZIP_WBITS or not ahead.startswith(_GZIP_MAGIC):
                        return  # whatever follows the end does not belong to it
                    inflate = zlib.decompressobj(wbits)
                yield from _drained(inflate, ahead)
                ahead = inflate.unused_data
    except zlib.error as error:
        raise FetchFailed("fetching.encoding_broken", where=where) from error
    if _is_under_way(inflate) or (inflate is None and ahead):
        raise FetchFailed("fetching.cut_short", where=where)


def _is_under_way(inflate: zlib._Decompress | None) -> bool:
    return inflate is not None and not inflate.eof


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
    return first[0] & 0x0F == 8 and int.from_bytes(first[:2]) % 31 == 0
