"""HTTP Live Streaming (RFC 8216): from a playlist to the few segments that are worth fetching.

A master playlist names renditions: a low one shows everything that is looked for. A media playlist names segments, each with
its time in the film: of a long one, segments spread evenly over it are taken. Their bytes one after the other are a file, the
times in it those of the film.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jikim.errors import FetchFailed

MIME = "application/vnd.apple.mpegurl"
PLAYLIST_BYTES = 2**20
SEGMENTS_LIMIT = 20
"""A request each, at the pace of their host."""
ENOUGH_PX = 480
"""The height of a rendition above which nothing is gained."""

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_RANGE = re.compile(r"(\d{1,12})(?:@(\d{1,12}))?\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or `size_bytes` of it from `offset` on."""

    reference: str
    offset: int = 0
    size_bytes: int | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What asks for just this part."""
        if self.size_bytes is None:
            return ()
        return (("Range", f"bytes={self.offset}-{self.offset + self.size_bytes - 1}"),)


def rendition(text: str) -> str | None:
    """The reference of the rendition to fetch; None where the playlist is one itself."""
    lines = _lines(text)
    found: list[tuple[bool, int, int, str]] = []
    for at, line in enumerate(lines):
        if not line.startswith("#EXT-X-STREAM-INF:"):
            continue
        reference = next((one for one in lines[at + 1 :] if not one.startswith("#")), None)
        if reference is not None:
            said = dict(_ATTRIBUTE.findall(line.partition(":")[2]))
            height = _number(said.get("RESOLUTION", "").lower().partition("x")[2])
            is_too_high = height > ENOUGH_PX
            found.append((is_too_high, height if is_too_high else -height, _number(said.get("BANDWIDTH", "")), reference))
    return min(found)[3] if found else None


def parts(text: str, where: str) -> list[Part]:
    """What to fetch of a media playlist, in the order of the film; the beginning that all segments need comes first.

    Raises FetchFailed for a playlist without segments and for one whose segments are encrypted.
    """
    beginning: list[Part] = []
    segments: list[Part] = []
    asked_range: Part | None = None
    is_segment = False
    for line in _lines(text):
        if line.startswith("#EXT-X-KEY:") and "METHOD=NONE" not in line:
            raise FetchFailed("fetching.stream_encrypted", where=where)
        if line.startswith("#EXT-X-MAP:"):
            if beginning:  # what follows needs another beginning: it is another file
                break
            beginning = _beginning(line)
        elif line.startswith("#EXT-X-BYTERANGE:"):
            asked_range = _ranged("", line.partition(":")[2], segments[-1] if segments else None)
        elif line.startswith("#EXTINF:"):
            is_segment = True
        elif not line.startswith("#") and is_segment:
            known = asked_range or Part("")
            segments.append(Part(line, known.offset, known.size_bytes))
            asked_range, is_segment = None, False
    if not segments:
        raise FetchFailed("fetching.stream_empty", where=where)
    return [*beginning, *_spread(segments)]


def _beginning(line: str) -> list[Part]:
    said = dict(_ATTRIBUTE.findall(line.partition(":")[2]))
    reference = said.get("URI", "").strip('"')
    return [_ranged(reference, said.get("BYTERANGE", "").strip('"'), None)] if reference else []


def _ranged(reference: str, written: str, before: Part | None) -> Part:
    """`size@offset`; without an offset it goes on where the part before ended."""
    found = _RANGE.match(written.strip())
    if not found:
        return Part(reference)
    follows = before.offset + (before.size_bytes or 0) if before else 0
    return Part(reference, int(found[2]) if found[2] else follows, int(found[1]))


def _spread(segments: list[Part]) -> list[Part]:
    """At most `SEGMENTS_LIMIT` of them, the first and the last among these."""
    if len(segments) <= SEGMENTS_LIMIT:
        return segments
    last = len(segments) - 1
    return [segments[number * last // (SEGMENTS_LIMIT - 1)] for number in range(SEGMENTS_LIMIT)]


def _lines(text: str) -> list[str]:
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
