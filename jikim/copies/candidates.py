"""Which known pictures a picture is held against: the cheap look-up first.

Hashes find what was re-encoded, resized, turned or bordered. Keypoints vote for the rest: their index proposes a few pictures
out of any number, and each is verified. What neither proposes is never compared.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.hash_index import Hits
from jikim.copies.keypoint_index import Vote
from jikim.copies.verification import QUALITY_MIN

NEAR_MAX = 50
"""How many pictures that are near by hash are compared at most: the nearest, should a bank hold very many alike."""

VOTED_MAX = 10
"""How many pictures for which keypoints vote are compared."""


class Proposing(Protocol):
    """What proposes known pictures: a bank with its two indices."""

    def near(self, hashes: NDArray[np.uint8], limit: int = 1000) -> Hits:
        """Which frames have a hash near hashes (q, 32), `limit` of each."""
        ...

    def vote(self, descriptors: NDArray[np.uint8], limit: int = VOTED_MAX) -> list[Vote]:
        """Which frames share the most like keypoints with descriptors (n, 128)."""
        ...


class Candidate(NamedTuple):
    """A frame of an item of a bank."""

    item: int
    frame: int


def candidates(bank: Proposing, picture: PictureFingerprint) -> list[Candidate]:
    """The frames that a picture should be compared with, each once, the likeliest first. Raises StateError."""
    found: dict[Candidate, None] = {}
    if picture.quality >= QUALITY_MIN:
        hits = bank.near(np.concatenate([picture.pdq, picture.views]), NEAR_MAX)
        for place in np.argsort(hits.distances, kind="stable"):
            found.setdefault(Candidate(int(hits.items[place]), int(hits.frames[place])))
            if len(found) == NEAR_MAX:
                break
    if len(picture.descriptors):
        found |= dict.fromkeys(Candidate(vote.item, vote.frame) for vote in bank.vote(picture.descriptors, VOTED_MAX))
    return list(found)
