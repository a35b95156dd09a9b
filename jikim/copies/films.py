"""Takes the fingerprint of a film: a hash of every frame that is given, keypoints of some, and its sound.

Which frames are given is decided where the film is opened; this says how far apart they should lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.keypoints import SIDE_PX, Seeker
from jikim.copies.pdq import distances
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.sounds import fingerprint_sound
from jikim.types import Audio, Frame, Media

CUT_DISTANCE = 90
"""Bits by which the hashes of two frames differ when another scene has begun."""

VOTING_FRAMES = 8
"""How many frames of a film, evenly chosen, are looked up by their keypoints."""


@dataclass(frozen=True, slots=True)
class Density:
    """How closely a film is looked at. Frames lie at most `step_s` apart in films up to `close_s` long and a fortieth of the
    film in shorter ones; in longer ones every frame that is decoded cheaply, and no gap over `gap_s`; never more than
    `frames_max`. `keypoint_frames_max` of them have keypoints, `points_max` each, sought at `points_side_px`; the others are
    reduced to `side_px` first, where that is given: their hashes are then a few bits from those that are exchanged."""

    step_s: float
    close_s: float
    gap_s: float
    frames_max: int
    keypoint_frames_max: int
    points_max: int
    points_side_px: int = SIDE_PX
    side_px: int | None = None

    def distance_s(self, length_s: float) -> float:
        """How far apart the frames of a film of this length lie at most."""
        if length_s <= self.close_s:
            return max(min(self.step_s, length_s / 40), _SHORTEST_STEP_S)
        return max(self.gap_s, length_s / self.frames_max)


_SHORTEST_STEP_S = 0.2
_GAP_SLACK = 0.6
"""The frames that can be decoded do not lie exactly where they were asked for."""

KNOWN = Density(step_s=1.0, close_s=900.0, gap_s=2.0, frames_max=1200, keypoint_frames_max=120, points_max=300)
"""Of what goes into a bank: once, so that whatever comes later can be laid over it closely."""

LOOKED_AT = Density(
    step_s=1.0,
    close_s=60.0,
    gap_s=12.0,
    frames_max=400,
    keypoint_frames_max=14,
    points_max=400,
    points_side_px=448,
    side_px=320,
)
"""Of what is held against the banks: many times over, so with little decoding."""


def fingerprint_video(media: Media, frames: Iterable[Frame], audio: Audio | None, density: Density) -> ItemFingerprint:
    """The fingerprint of a film whose frames come in order of time."""
    length_s = media.duration_s or 0.0
    gap_s = max(length_s / density.keypoint_frames_max, _SHORTEST_STEP_S)
    taken: list[PictureFingerprint] = []
    pointed: PictureFingerprint | None = None
    spare = density.keypoint_frames_max // 4
    seeker = Seeker(density.points_side_px)
    for frame in frames:
        at_s = frame.at_s or 0.0
        is_due = pointed is None or at_s - pointed.at_s >= _GAP_SLACK * gap_s
        one = fingerprint_frame(frame, density, seeker if is_due else None)
        if not is_due and spare and pointed and _distance(one, pointed) > CUT_DISTANCE:
            spare -= 1
            is_due = True
            one = fingerprint_frame(frame, density, seeker)
        pointed = one if is_due else pointed
        taken.append(one)
    return ItemFingerprint(
        sha256=media.id,
        kind=media.kind,
        width_px=media.width_px or 0,
        height_px=media.height_px or 0,
        duration_s=media.duration_s,
        frames=tuple(taken),
        sound=fingerprint_sound(audio) if audio else None,
    )


def fingerprint_frame(frame: Frame, density: Density, seeker: Seeker | None) -> PictureFingerprint:
    """The fingerprint of one frame of a film, with keypoints where the film's seeker is given."""
    at_s = frame.at_s or 0.0
    if seeker is None:
        return fingerprint_picture(_reduced(frame, density), at_s, 0)
    return fingerprint_picture(frame.pixels, at_s, density.points_max, seeker=seeker)


def _reduced(frame: Frame, density: Density) -> NDArray[np.uint8]:
    height, width = frame.pixels.shape[:2]
    if density.side_px is None or max(height, width) <= density.side_px:
        return frame.pixels
    scale = density.side_px / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _distance(one: PictureFingerprint, other: PictureFingerprint) -> int:
    return int(distances(one.pdq[:1], other.pdq[:1])[0, 0])


def pointed_frames(item: ItemFingerprint) -> list[int]:
    """The places of the frames that may have keypoints."""
    return [place for place, frame in enumerate(item.frames) if frame.is_pointed]


def voting_frames(item: ItemFingerprint) -> list[int]:
    """The places of those of them, evenly chosen, whose keypoints are looked up."""
    pointed = pointed_frames(item)
    count = min(VOTING_FRAMES, len(pointed))
    return [pointed[int(place)] for place in np.linspace(0, len(pointed) - 1, count)]


def times(item: ItemFingerprint) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """When its frames are shown."""
    return np.array([frame.at_s for frame in item.frames], np.float64)
