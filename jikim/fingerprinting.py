"""From an opened file to its fingerprint: which frames are looked at, and in which order they are decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jikim.copies.films import KNOWN, LOOKED_AT, Density, fingerprint_video
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.sounds import LONGEST_S, fingerprint_sound
from jikim.media import sampling
from jikim.media.opening import OpenMedia
from jikim.types import Frame, MediaKind

__all__ = ["KNOWN", "LOOKED_AT", "Density", "fingerprint_media", "look_closer"]

_TOGETHER = 48
"""How many frames are in memory at a time."""


def fingerprint_media(media: OpenMedia, density: Density) -> ItemFingerprint:
    """The fingerprint of an opened file; `density` is KNOWN for what a bank will hold, LOOKED_AT for what is held against it.

    Of a picture with pages or an animation without times every page is a frame. Raises MediaUnreadable.
    """
    facts = media.media
    if facts.kind is MediaKind.IMAGE:
        pages = media.first_look()
        points = density.points_max
        frames = tuple(fingerprint_picture(page.pixels, page.at_s or float(n), points) for n, page in enumerate(pages))
        return ItemFingerprint(facts.id, facts.kind, facts.width_px or 0, facts.height_px or 0, None, frames, None)
    audio = media.audio(0.0, LONGEST_S) if media.has_audio else None
    if facts.kind is MediaKind.AUDIO:
        sound = fingerprint_sound(audio) if audio else None
        return ItemFingerprint(facts.id, facts.kind, 0, 0, facts.duration_s, (), sound)
    return fingerprint_video(facts, _frames(media, density), audio, density)


def _frames(media: OpenMedia, density: Density) -> Iterator[Frame]:
    """Of films that are looked at closely the frames at even times, of others keyframes and scene changes, and what closes the
    gaps between them."""
    length_s = media.media.duration_s or 0.0
    if 0 < length_s <= density.close_s:
        step_s = density.distance_s(length_s)
        yield from _frames_at(media, [step_s * number for number in range(int(length_s / step_s) + 1)])
        return
    first = media.first_look()
    closing = sampling.fill(media.looked_s, length_s, density.distance_s(length_s))
    room = max(density.frames_max - len(first), 0)
    yield from _merged(first, _frames_at(media, sampling.spread(closing, room) if closing and room else []))


def _frames_at(media: OpenMedia, times_s: Sequence[float]) -> Iterator[Frame]:
    last_s = -1.0
    for start in range(0, len(times_s), _TOGETHER):
        for frame in media.frames_at(times_s[start : start + _TOGETHER]):
            if (frame.at_s or 0.0) > last_s:
                last_s = frame.at_s or 0.0
                yield frame


def _merged(first: Sequence[Frame], closing: Iterator[Frame]) -> Iterator[Frame]:
    """Both in one order of time, each moment once."""
    waiting = list(first)
    for frame in closing:
        while waiting and (waiting[0].at_s or 0.0) <= (frame.at_s or 0.0):
            yield waiting.pop(0)
        yield frame
    yield from waiting


def look_closer(media: OpenMedia, item: ItemFingerprint, times_s: Sequence[float], density: Density) -> ItemFingerprint:
    """The fingerprint with the frames at these times besides, all of them with keypoints."""
    known = {frame.at_s for frame in item.frames}
    more: list[PictureFingerprint] = [
        fingerprint_picture(frame.pixels, frame.at_s or 0.0, density.points_max)
        for frame in _frames_at(media, times_s)
        if frame.at_s not in known
    ]
    return replace(item, frames=tuple(sorted((*item.frames, *more), key=lambda frame: frame.at_s)))
