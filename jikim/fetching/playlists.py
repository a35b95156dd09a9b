"""HTTP Live Streaming (RFC 8216): from a playlist to the few segments that are worth fetching.

A master playlist names renditions, a media playlist segments, each with its time in the film. Their bytes one after the other
are a file, the times in it those of the film.
"""

from __future__ import annotations

import re

from jikim.errors import FetchFailed
from jikim.fetching.address import Target, parse
from jikim.fetching.streams import Film, Part, Read, number, rank, sound_of, spread

MIME = "application/vnd.apple.mpegurl"

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_RANGE = re.compile(r"(\d{1,12})(?:@(\d{1,12}))?\Z")


def film(text: str, base: Target, read: Read) -> Film:
    """What to fetch of the film whose playlist was found at `base`; `read` is asked for the playlist of its rendition.

    Raises FetchFailed for a playlist without segments and for one whose segments are encrypted.
    """
    chosen = rendition(text)
    if chosen is None:
        return Film(parts(text, base.url), base)
    sound = sound_rendition(text, chosen)
    apart = sound_of(base.url, sound) if sound is not None and sound != chosen else None
    text, base = read(parse(chosen, base=base))
    return Film(parts(text, base.url), base, apart)


def rendition(text: str) -> str | None:
    """The reference of the rendition to fetch; None where the playlist is one itself."""
    found = [
        (rank(number(said.get("RESOLUTION", "").lower().partition("x")[2]), number(said.get("BANDWIDTH"))), reference)
        for said, reference in _renditions(text)
    ]
    return min(found)[1] if found else None


def sound_rendition(text: str, chosen: str) -> str | None:
    """The reference of the sound that belongs to the rendition `chosen` and stands in a playlist of its own: what is played
    unasked, else the first of its group. None where there is none, or that one comes with the picture."""
    groups = {_plain(said.get("AUDIO")) for said, reference in _renditions(text) if reference == chosen}
    named = [_said(line) for line in _lines(text) if line.startswith("#EXT-X-MEDIA:")]
    sounds = [said for said in named if said.get("TYPE") == "AUDIO" and _plain(said.get("GROUP-ID")) in groups - {""}]
    first = min(sounds, key=lambda said: said.get("DEFAULT") != "YES", default=None)
    return (_plain(first.get("URI")) or None) if first else None


def _renditions(text: str) -> list[tuple[dict[str, str], str]]:
    """What a master playlist says of each rendition, and its reference."""
    lines = _lines(text)
    found: list[tuple[dict[str, str], str]] = []
    for at, line in enumerate(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            reference = next((one for one in lines[at + 1 :] if not one.startswith("#")), None)
            if reference is not None:
                found.append((_said(line), reference))
    return found


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
    return [*beginning, *(segments[each] for each in spread(len(segments)))]


def _beginning(line: str) -> list[Part]:
    said = _said(line)
    reference = _plain(said.get("URI"))
    return [_ranged(reference, _plain(said.get("BYTERANGE")), None)] if reference else []


def _ranged(reference: str, written: str, before: Part | None) -> Part:
    """`size@offset`; without an offset it goes on where the part before ended."""
    found = _RANGE.match(written.strip())
    if not found:
        return Part(reference)
    follows = before.offset + (before.size_bytes or 0) if before else 0
    return Part(reference, int(found[2]) if found[2] else follows, int(found[1]))


def _lines(text: str) -> list[str]:
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def _said(line: str) -> dict[str, str]:
    return dict(_ATTRIBUTE.findall(line.partition(":")[2]))


def _plain(value: str | None) -> str:
    return (value or "").strip('"')
