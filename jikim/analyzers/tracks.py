"""The same face over several frames: which cues `face` belong together.

Judged by place, size, time and age alone; no template of a face is made. Frames are sampled sparsely and scenes change, so a
track ends rather than guesses: after a cut the same person gets a new one. What the faces of a track say together is
`faces_fusion`'s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from jikim.analyzers.faces_fusion import fused
from jikim.analyzers.faces_places import with_places
from jikim.types import Cue, Region

GAP_MAX_S = 6.0
"""A face that was not seen for longer starts a new track."""

AFFINITY_MIN = 0.35
AGE_SCALE_YEARS = 25.0
"""A difference of this many years lets no two faces belong together: estimates drift by several years between frames."""


def with_tracks(cues: Sequence[Cue]) -> list[Cue]:
    """The same cues in the same order; each `face` has the number of its track in its value, counted from 0 for each media,
    what was estimated of all faces of its track together, and where it is shown (`faces_places`).

    Faces of one frame are never of one track. Stills give each face its own.
    """
    result = with_places(cues)
    cues = tuple(result)
    media = dict.fromkeys(cue.media_id for cue in cues if cue.name == "face")
    for media_id in media:
        places = [place for place, cue in enumerate(cues) if cue.name == "face" and cue.media_id == media_id]
        members: dict[int, list[int]] = {}
        for place, track in _tracks(cues, places).items():
            members.setdefault(track, []).append(place)
        for track, together in members.items():
            for place, face in zip(together, fused([cues[place] for place in together]), strict=True):
                result[place] = replace(face, value={**face.value, "track": track})
    return result


def _tracks(cues: Sequence[Cue], places: Sequence[int]) -> dict[int, int]:
    """The track of each of `places`: frame by frame, the pairs with the highest affinity first."""
    tracks: dict[int, int] = {}
    last: dict[int, int] = {}  # the place of the last cue of each track
    moments = sorted({_at(cues[place]) for place in places})
    for moment in moments:
        here = [place for place in places if _at(cues[place]) == moment]
        pairs = [(affinity(cues[before], cues[place]), track, place) for track, before in last.items() for place in here]
        taken: set[int] = set()
        for likeness, track, place in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if likeness < AFFINITY_MIN:
                break
            if track not in taken and place not in tracks:
                taken.add(track)
                tracks[place] = track
        for place in here:
            tracks.setdefault(place, len(set(tracks.values())))
        last.update({tracks[place]: place for place in here})
    return tracks


def affinity(before: Cue, after: Cue) -> float:
    """How likely two faces of different frames are one: 1 for the same place, size and age at nearly the same time, 0 for what
    cannot be."""
    gap_s = _at(after) - _at(before)
    if before.region is None or after.region is None or not 0 < gap_s <= GAP_MAX_S:
        return 0.0
    place = max(_overlap(before.region, after.region), _nearness(before.region, after.region))
    size = math.sqrt(_ratio(before.region.w * before.region.h, after.region.w * after.region.h))
    is_told = all(cue.value.get("quality", 1.0) > 0 for cue in (before, after))
    apart_years = abs(float(before.value["age"]) - float(after.value["age"])) if is_told else 0.0
    age = max(0.0, 1 - apart_years / AGE_SCALE_YEARS)
    return place * size * age * (1 - 0.5 * gap_s / GAP_MAX_S)


def _at(cue: Cue) -> float:
    return cue.at_s or 0.0


def _ratio(one: float, other: float) -> float:
    return min(one, other) / max(one, other) if max(one, other) > 0 else 0.0


def _overlap(one: Region, other: Region) -> float:
    """Intersection over union."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.w * one.h + other.w * other.h - shared)


def _nearness(one: Region, other: Region) -> float:
    """1 when the middles coincide, 0 when they are the mean size of the faces apart."""
    across = (one.x + one.w / 2 - other.x - other.w / 2) / max((one.w + other.w) / 2, 1e-9)
    down = (one.y + one.h / 2 - other.y - other.h / 2) / max((one.h + other.h) / 2, 1e-9)
    return max(0.0, 1 - math.hypot(across, down))
