"""Fingerprints made by numbers alone, for tests of what keeps them."""

from dataclasses import replace
from hashlib import sha256

import numpy as np

from jikim.copies.bank_items import NewItem
from jikim.copies.exchange import picture_of
from jikim.copies.fingerprints import Features, ItemFingerprint, PictureFingerprint
from jikim.types import MediaKind


def picture(seed, *, at_s=0.0, quality=100, hash_=None):
    random = np.random.default_rng(seed)
    pdq = random.integers(0, 256, (8, 32), dtype=np.uint8)
    if hash_ is not None:
        pdq[0] = hash_
    return PictureFingerprint(
        at_s=at_s,
        width_px=640,
        height_px=480,
        pdq=pdq,
        quality=quality,
        views=np.zeros((0, 32), np.uint8),
        features=Features(random.random((3, 4), np.float32), random.integers(0, 256, (3, 128), dtype=np.uint8)),
    )


def pointed(seed, *, at_s=0.0):
    """A picture with keypoints of its own, as strong as any."""
    random = np.random.default_rng(900 + seed)
    descriptors = np.sqrt(random.gamma(0.5, 60, (80, 128))).clip(0, 15) * 16
    points = random.random((80, 4), np.float32)
    return replace(picture(seed, at_s=at_s), features=Features(points, descriptors.astype(np.uint8)))


def hash_only():
    """An item as a third party gives it."""
    return ItemFingerprint("ab" * 32, MediaKind.IMAGE, 1, 1, None, (picture_of("0f" * 32),), None)


def item(seed, *frames, name=None):
    shown = frames or (picture(seed),)
    kind = MediaKind.VIDEO if len(shown) > 1 else MediaKind.IMAGE
    identity = sha256(str(name or seed).encode()).hexdigest()
    return ItemFingerprint(identity, kind, 640, 480, 9.0 if len(shown) > 1 else None, tuple(shown), None)


def new(seed, *frames, **words):
    return NewItem(item(seed, *frames), **words)
