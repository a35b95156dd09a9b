"""Keeps the drawings apart: none may look like a copy of another to the fingerprints that Jikim matches with."""

from __future__ import annotations

import numpy as np
from PIL import Image

from jikim.copies.pdq import Fingerprint, distances, fingerprint

FAR_ENOUGH = 62
"""Of 256 bits; 31 and less is called a copy."""

LEAST_QUALITY = 50
"""Below this a picture says too little to be matched by."""


class Gallery:
    """All that was drawn so far, as fingerprints."""

    def __init__(self) -> None:
        self._hashes: list[np.ndarray] = []

    def is_new(self, picture: Image.Image) -> bool:
        """Whether it is far, in all eight orientations, from everything before it, and has enough in it."""
        seen = _fingerprint(picture)
        if seen.quality < LEAST_QUALITY:
            return False
        return not self._hashes or int(distances(seen.hashes, np.stack(self._hashes)).min()) >= FAR_ENOUGH

    def add(self, picture: Image.Image) -> None:
        self._hashes.append(_fingerprint(picture).hashes[0])


def _fingerprint(picture: Image.Image) -> Fingerprint:
    return fingerprint(np.asarray(picture.convert("RGB")))
