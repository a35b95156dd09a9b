"""A second, closer look at a film where the first left open which seconds of it show a known item, or whether they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jikim.copies.films import Density, fingerprint_frame
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.keypoints import Seeker
from jikim.media import sampling
from jikim.media.opening import OpenMedia

CLOSER_MAX = 96
"""How many frames a second look takes at most."""

POINTED_MAX = 4
"""Of how many of these keypoints are taken, evenly chosen: they cost twenty times as much as the hashes."""

_TOGETHER = 48


def look_closer(media: OpenMedia, item: ItemFingerprint, times_s: Sequence[float], density: Density) -> ItemFingerprint:
    """The fingerprint with the frames at these times besides, as many as CLOSER_MAX, of which POINTED_MAX have
    keypoints."""
    known = {frame.at_s for frame in item.frames}
    times_s = sampling.spread(sorted(times_s), CLOSER_MAX)
    sought = [len(frame.points) for frame in item.frames if frame.is_pointed and frame.features.are_sought]
    seeker = Seeker(density.points_side_px, are_few=2 * sum(count < density.points_max for count in sought) > len(sought))
    more = [one for one in _looked(media, times_s, density, seeker) if one.at_s not in known]
    return replace(item, frames=tuple(sorted((*item.frames, *more), key=lambda frame: frame.at_s)))


def _looked(media: OpenMedia, times_s: Sequence[float], density: Density, seeker: Seeker) -> Iterator[PictureFingerprint]:
    every = -(-len(times_s) // POINTED_MAX)
    count = 0
    for start in range(0, len(times_s), _TOGETHER):
        for frame in media.frames_at(times_s[start : start + _TOGETHER]):
            yield fingerprint_frame(frame, density, None if count % every else seeker)
            count += 1
