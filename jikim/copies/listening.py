"""Whether two sounds are the same for a stretch, and from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jikim.copies.fingerprints import Segment, SoundFingerprint
from jikim.copies.sounds import heard, pieces_s, shared_s
from jikim.copies.timelines import Stretch, Vote, align

PIECES_MIN = 2
"""How many pieces of 8 s, half overlapping, must be heard on one line; one is enough of a sound under SHORT_S."""

SHORT_S = 12.0
_TOLERANCE_S = 0.5


def sound_votes(query: SoundFingerprint | None, item: SoundFingerprint | None) -> list[Vote]:
    """Moments of a sound that are heard in another."""
    if not query or not item:
        return []
    return [Vote(one.at_s, one.item_at_s, min(1.0, 3.5 * (one.alike - 0.5))) for one in heard(query, item)]


def same_sound(query: SoundFingerprint | None, item: SoundFingerprint | None, votes: Sequence[Vote]) -> list[Stretch]:
    """The stretches that two sounds share by such votes; none where there is too little to be sure."""
    if not query or not item:
        return []
    length_s, item_length_s = (len(one.codes) * one.step_s for one in (query, item))
    pieces_min = 1 if length_s < SHORT_S else PIECES_MIN
    if len(votes) < pieces_min:
        return []
    found = align(votes, pieces_s(query), length_s, item_length_s, _TOLERANCE_S)
    return [_with_edges(query, item, one) for one in found if one.frames >= pieces_min]


def _with_edges(query: SoundFingerprint, item: SoundFingerprint, stretch: Stretch) -> Stretch:
    """A stretch that begins and ends where the sound itself begins and ends to be the same."""
    known = stretch.segment
    start_s, end_s = shared_s(query, item, stretch.speed, stretch.offset_s, known.start_s, known.end_s)
    item_start_s, item_end_s = (max(stretch.item_time(at_s), 0.0) for at_s in (start_s, end_s))
    segment = Segment(round(start_s, 3), round(end_s, 3), round(item_start_s, 3), round(item_end_s, 3))
    return replace(stretch, segment=segment)
