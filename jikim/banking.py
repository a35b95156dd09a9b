"""The way of a file into a bank, and of a file held against the banks: opened in the sandbox, fingerprinted, kept or matched.

Of a file that goes into a bank only its fingerprint is kept; the original is never needed again.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jikim.config import Config
from jikim.copies.bank_items import QUALITY_MIN, ItemFacts, ItemState, NewItem
from jikim.copies.exchange import Form, Skipped, read_file
from jikim.copies.films import KNOWN, LOOKED_AT, Density, fingerprint_video
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.known import KnownMaterial
from jikim.copies.matching import Match, Matcher
from jikim.copies.pdq import pdq
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.store import StoredBank
from jikim.errors import JikimError
from jikim.fingerprinting import look_closer
from jikim.media.opening import Opener, OpenMedia, open_path, sha256_of
from jikim.types import Frame, MediaKind

LISTENED_S = 3600.0
_FRAMES_TOGETHER = 48
"""How many frames of a film are fetched and held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file that was to be added: its place in the bank, or why it has none."""

    path: Path
    item: ItemFacts | None = None
    is_new: bool = False
    error: JikimError | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """What a file was found to be a copy of, best first. `error` is set when it could not be looked at."""

    path: Path
    matches: tuple[Match, ...] = ()
    took_ms: float = 0.0
    error: JikimError | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an exchange file: items that were new, items that were there, lines that were skipped."""

    added: int
    known: int
    skipped: Skipped


def banks_folder(config: Config) -> Path:
    """Where a centre's banks lie."""
    return config.home / "banks"


def add_files(
    config: Config, bank: StoredBank, paths: Sequence[Path], label: Callable[[Path], str], source: str, note: str
) -> Iterator[Added]:
    """Adds files one after the other; `label` gives each its label. What cannot be opened hides no other."""
    with Opener(config.opening) as opener:
        for path in paths:
            try:
                fingerprint = fingerprint_file(opener, path, KNOWN)
                is_new = bank.add(NewItem(fingerprint, label(path), source, note))
                yield Added(path, bank.item_by_id(fingerprint.sha256), is_new)
            except JikimError as error:
                yield Added(path, error=error)


def match_files(config: Config, known: KnownMaterial, paths: Sequence[Path]) -> Iterator[Matched]:
    """Holds files one after the other against the banks."""
    with Opener(config.opening) as opener:
        for path in paths:
            start = time.perf_counter()
            try:
                matches = match_file(opener, path, known)
                yield Matched(path, tuple(matches), (time.perf_counter() - start) * 1000)
            except JikimError as error:
                yield Matched(path, (), (time.perf_counter() - start) * 1000, error)


def match_file(opener: Opener, path: Path, known: KnownMaterial | Matcher) -> list[Match]:
    """As `match_opened`, of a file of this machine."""
    fd = open_path(path)
    try:
        return match_opened(opener, fd, known)
    finally:
        os.close(fd)


def match_opened(opener: Opener, fd: int, known: KnownMaterial | Matcher) -> list[Match]:
    """What an open file shows of what is known; a film is looked at more closely where the first look left something open.
    Keypoints are looked for only where a bank has any.

    Raises MediaUnreadable, SandboxUnavailable and StateError.
    """
    with opener.open(fd, sha256_of(fd)) as media:
        density = LOOKED_AT if known.has_points else replace(LOOKED_AT, points_max=0)
        query = fingerprint_media(media, density)
        matches = known.match(query)
        unsure_s = sorted({at_s for match in matches for at_s in match.unsure_s})
        if not unsure_s:
            return matches
        return known.match(look_closer(media, query, unsure_s, density), matches, is_closer=True)


def import_file(bank: StoredBank, path: Path, source: str, label: str, form: Form | None) -> Imported:
    """Adds what an exchange file holds, as a third party's. Raises BadUse when it cannot be read; what was added stays."""
    skipped, read = Skipped(), [0]

    def counted() -> Iterator[NewItem]:
        for item in read_file(path, source, label, skipped, form):
            read[0] += 1
            yield item

    added = bank.add_all(counted())
    return Imported(added, read[0] - added, skipped)


def exportable(bank: StoredBank) -> Iterator[ItemFingerprint]:
    """The active items of one's own: what came from a third party is never passed on."""
    for facts in bank.items(ItemState.ACTIVE):
        if not facts.is_third_party:
            fingerprint = bank.fingerprint(facts.number)
            if fingerprint is not None:
                yield fingerprint


def fingerprint_file(opener: Opener, path: Path, density: Density) -> ItemFingerprint:
    """The fingerprint of a file of this machine. Raises MediaUnreadable and SandboxUnavailable."""
    fd = open_path(path)
    try:
        with opener.open(fd, sha256_of(fd)) as media:
            return fingerprint_media(media, density)
    finally:
        os.close(fd)


def fingerprint_media(media: OpenMedia, density: Density) -> ItemFingerprint:
    """The fingerprint of a file that was opened: a picture's, or that of a film with its sound. The pages of a document and
    the frames of an animation make a film."""
    about = media.media
    if about.kind is MediaKind.IMAGE:
        frames = media.first_look()
        if len(frames) == 1:
            is_known = density is KNOWN
            picture = fingerprint_picture(frames[0].pixels, points_max=density.points_max, is_looked_into=not is_known)
            if is_known:
                picture = with_exchanged_hash(picture, frames[0].pixels)
            sizes = about.width_px or 1, about.height_px or 1
            return ItemFingerprint(about.id, about.kind, *sizes, None, (picture,), None)
        numbered = [frame if frame.at_s is not None else replace(frame, at_s=float(page)) for page, frame in enumerate(frames)]
        length_s = (numbered[-1].at_s or 0.0) + 1.0
        about = replace(about, kind=MediaKind.VIDEO, duration_s=about.duration_s or length_s)
        return fingerprint_video(about, numbered, None, density)
    audio = media.audio(0.0, LISTENED_S) if media.has_audio else None
    frames_of = film_frames(media, density) if about.kind is MediaKind.VIDEO else ()
    return fingerprint_video(about, frames_of, audio, density)


def with_exchanged_hash(picture: PictureFingerprint, pixels: NDArray[np.uint8]) -> PictureFingerprint:
    """The fingerprint with the hash of the whole picture at its full size in the first place, as it is exchanged: a few bits
    from that of the reduced one, which stays among the views."""
    hash_, quality = pdq(pixels)
    if np.array_equal(hash_, picture.pdq[0]):
        return picture
    views = np.concatenate([picture.views, picture.pdq[:1]]) if picture.quality >= QUALITY_MIN else picture.views
    return replace(picture, pdq=np.concatenate([hash_[None], picture.pdq[1:]]), quality=quality, views=views)


def film_frames(media: OpenMedia, density: Density) -> Iterator[Frame]:
    """The frames of a film to be fingerprinted, in order of time: those worth a first look, and others wherever the gap to the
    next is longer than `density` allows."""
    length_s = media.media.duration_s or 0.0
    first = media.first_look()
    times_s = between([frame.at_s or 0.0 for frame in first], length_s, density.distance_s(length_s))
    spare = max(0, density.frames_max - len(first))
    if len(times_s) > spare:
        times_s = [times_s[number * len(times_s) // spare] for number in range(spare)]
    last_s = -1.0
    for frame in merge(first, _fetched(media, times_s), key=lambda frame: frame.at_s or 0.0):
        if (frame.at_s or 0.0) > last_s:
            last_s = frame.at_s or 0.0
            yield frame


def between(seen_s: Iterable[float], length_s: float, step_s: float) -> list[float]:
    """Times that, with those seen, leave no gap longer than `step_s` between 0 and `length_s`."""
    edges = sorted({0.0, *seen_s, length_s})
    times_s: list[float] = []
    for start_s, end_s in pairwise(edges):
        parts = math.ceil((end_s - start_s) / step_s)
        times_s += [start_s + part * (end_s - start_s) / parts for part in range(1, parts)]
    return times_s


def _fetched(media: OpenMedia, times_s: Sequence[float]) -> Iterator[Frame]:
    for start in range(0, len(times_s), _FRAMES_TOGETHER):
        yield from media.frames_at(times_s[start : start + _FRAMES_TOGETHER])
