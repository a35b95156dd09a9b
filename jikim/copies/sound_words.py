"""Finds by ear which items of a bank a film or a recording shares its sound with, whatever pictures lie over it.

Eight codes of sounds.py in a row, a second of sound, are 256 bits: a word. Words are kept and looked up in an index of hashes
(hash_index.py), with all its habits: exact within 31 bits, mapped from files, crash-safe, added to and removed from at once.
Of the words of 26 sounds, speech of one speaker among them, no two of different sounds lay within 61 bits (1.7 million pairs);
of those re-encoded at 32 kbit/s nearly all lie within 31 bits of their own, under music about half
(bench/copies/sounds.py); so one word that is found is enough to compare. Sound that runs faster or slower is looked up by words
of codes picked more or less closely.

This only proposes: `sounds.heard` decides.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import SoundFingerprint
from jikim.copies.hash_index import Hits
from jikim.copies.sounds import Codes

WORD_CODES = 8

EVERY = 2
"""Every so many codes of an item a word begins; of what is looked up two in a row are taken, so that one begins with it."""

SPEEDS = (1.0, 0.8, 0.9, 1.1, 1.25)
"""How fast an item is looked for; a word is still found 5 % beside one of these."""

LOOKED_UP_MAX = 80
"""How many places of a sound, evenly, are looked up."""

ITEMS_MAX = 8
"""How many items a sound proposes at most, those with most words."""

_NEAR_MAX = 50

Words = NDArray[np.uint8]


def known_words(sound: SoundFingerprint) -> tuple[NDArray[np.int64], Words]:
    """Where words of an item begin, as places in its codes (n,), and the words (n, 32)."""
    return _words(sound.codes, np.arange(0, len(sound.codes), EVERY), 1.0)


def items_heard(sound: SoundFingerprint, near: Callable[[Words, int], Hits]) -> list[int]:
    """The items in which words of a sound are found, those with most first. `near` looks words up, so many hits of each."""
    places = _places(sound.codes)
    found = [_words(sound.codes, places, speed) for speed in SPEEDS]
    begins = np.concatenate([begin for begin, _ in found])
    if not len(begins):
        return []
    hits = near(np.concatenate([words for _, words in found]), _NEAR_MAX)
    pairs = np.unique(np.stack([hits.items, begins[hits.queries] // EVERY]), axis=1)
    items, counts = np.unique(pairs[0], return_counts=True)
    return [int(items[place]) for place in np.argsort(-counts, kind="stable")[:ITEMS_MAX]]


def _places(codes: Codes) -> NDArray[np.int64]:
    """Where words to be looked up begin: EVERY in a row, at evenly chosen places."""
    last = max(len(codes) - WORD_CODES - EVERY, 0) // EVERY
    chosen = np.unique(np.linspace(0, last, min(last + 1, LOOKED_UP_MAX)).astype(np.int64)) * EVERY
    return np.asarray((chosen[:, None] + np.arange(EVERY)).ravel(), np.int64)


def _words(codes: Codes, begins: NDArray[np.int64], speed: float) -> tuple[NDArray[np.int64], Words]:
    """The words of an item that would sound as `codes` do from `begins` on, were it played at `speed`; those with something to
    hear all along."""
    picked = np.round(np.arange(WORD_CODES) / speed).astype(np.int64)
    begins = begins[begins + picked[-1] < len(codes)]
    words = codes[begins[:, None] + picked]
    is_full = (words != 0).all(axis=1)
    return begins[is_full], np.ascontiguousarray(words[is_full].astype(">u4")).view(np.uint8).reshape(-1, 4 * WORD_CODES)
