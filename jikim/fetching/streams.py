"""Films that come in segments: which segments are worth fetching, whatever kind of playlist names them.

A playlist in HLS (`playlists`) or DASH (`manifests`) names renditions: a low one shows everything that is looked for, and of a
long one segments spread evenly over it are taken. Where its sound stands in files of its own, that is a medium of its own:
`Film.sound` is the address at which it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from jikim.fetching.address import Target

PLAYLIST_BYTES = 2**20
SEGMENTS_LIMIT = 20
"""A request each, at the pace of their host."""
ENOUGH_PX = 480
"""The height of a rendition above which nothing is gained."""
SOUND = "track=audio"
"""What follows `#` in an address that means the sound of a film alone (Media Fragments URI 1.0, section 4.2.3)."""

Read = Callable[[Target], tuple[str, Target]]
"""The text of another playlist, and where it was found in the end."""


class Part(NamedTuple):
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


class Film(NamedTuple):
    """What to fetch of a film, in its order: its parts, named from `base`; and where its sound stands, if that is apart."""

    parts: Sequence[Part]
    base: Target
    sound: str | None = None


def means_sound(url: str) -> bool:
    """Whether an address means the sound of a film alone."""
    return url.partition("#")[2] == SOUND


def sound_of(base: str, reference: str) -> str:
    """The address that means the sound of the film at `reference`, seen from `base`."""
    return f"{joined(base, reference).partition('#')[0]}#{SOUND}"


def joined(base: str, reference: str) -> str:
    """A reference from where another one leads; what is no address is met again where it would be asked for."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def spread(count: int) -> list[int]:
    """At most `SEGMENTS_LIMIT` of so many segments by number, the first and the last among these."""
    if count <= SEGMENTS_LIMIT:
        return list(range(count))
    return [number * (count - 1) // (SEGMENTS_LIMIT - 1) for number in range(SEGMENTS_LIMIT)]


def rank(height_px: int, bandwidth: int) -> tuple[bool, int, int]:
    """Where a rendition stands among others: the highest that is not higher than needed first, then the lightest."""
    is_too_high = height_px > ENOUGH_PX
    return is_too_high, height_px if is_too_high else -height_px, bandwidth


def number(text: str | None) -> int:
    """A number as playlists write it; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0
