"""Copies of known material: frames and sound held against the built-in bank and the centre's own.

A film is looked at in rounds. Each is joined to those before it, so that all that was seen of the film is held against the
banks together; and where the first look left open which seconds show a known item, or whether they do, the analyzer asks for
frames of those moments (`look_closer`) and then answers anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import cv2
import msgspec
import numpy as np
from PIL import Image

from jikim.analyzers import drawings
from jikim.copies.edits import is_sound_only, words
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.known import KnownMaterial
from jikim.copies.matching import Match
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.sounds import fingerprint_sound
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, Media, MediaKind, ModelCard, Need, Subject

POINTS_MAX = 400
POINTED_FRAMES_MAX = 12
"""Of how many frames of a film keypoints are taken, where a bank has any; every frame is looked up by its hash."""


CLOSER_MAX = 48
"""How many frames a closer look takes at most."""


class KnownCopyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`banks_folder` holds the centre's own banks; without it there is the bank `test` alone."""

    banks_folder: str | None = None


_NOTHING = ItemFingerprint("", MediaKind.AUDIO, 0, 0, None, (), None)


@dataclass(slots=True)
class _Film:
    """What was seen or heard of the file that was looked at last: when, which items were told, what was found of them last, and
    what is still unsure."""

    seen: ItemFingerprint = _NOTHING
    frames_s: tuple[float, ...] = ()
    told: set[tuple[str, str]] = field(default_factory=set)
    found: tuple[Match, ...] = ()
    unsure_s: set[float] = field(default_factory=set)


class KnownCopyAnalyzer:
    """Gives one cue `known_copy` for each known item that the frames show, at the first frame that shows it."""

    name: ClassVar[str] = "known_copy"
    version: ClassVar[str] = "10"
    Config: ClassVar[type[KnownCopyConfig]] = KnownCopyConfig
    weights: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES, Need.AUDIO})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 7.5
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Recognise copies of material that a bank holds, mirrored and turned ones too.",
        limits="What a bank knows by hashes alone, as third parties give them, is recognised as a whole only, not cropped or "
        "filmed from a screen; under a caption, in a screenshot or in another picture about two of three times, in pictures "
        "alone. What was added as a file is also recognised by keypoints, of at most 12 frames a look here; sound is held "
        "against the banks by `jikim match` alone. A match copies what a bank holds, whatever that is: a person confirms it.",
        data="No model and no training. Rules and thresholds: copies/matching.py, verification.py, comparison.py.",
        metrics={
            "recall_all_38_picture_edits_pdq_dihedral": 0.496,
            "recall_jpeg_quality_8": 0.93,
            "recall_mirrored": 0.88,
            "recall_rotated_90": 0.89,
            "false_matches_in_376002_pairs": 0,
            "source": "hashes alone: 100 harmless pictures in 38 edits each, at distance 31 (another PDQ of the same rule); "
            "keypoints: bench/copies",
        },
        by_group={},
        licence_code="Apache-2.0; the algorithm is published by Meta (BSD)",
        licence_weights="none",
    )

    def __init__(self, config: KnownCopyConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._config = config
        self._film = _Film()

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue an item, for items that no earlier round of the same film gave. Raises StateError when a bank cannot be
        read."""
        if subject.frames:
            self._see(subject)
        elif subject.audio is not None and subject.media is not None and self._known.has_sound:
            self._hear(subject)
        else:
            return
        yield from self._told()

    def _told(self, *, is_closer: bool = False) -> Iterable[Cue]:
        film = self._film
        film.found = tuple(self._known.match(film.seen, film.found, is_closer=is_closer))
        for match in film.found:
            film.unsure_s.update(match.unsure_s)
            if (match.bank, match.item) not in film.told:
                film.told.add((match.bank, match.item))
                yield self._cue(match, film.frames_s, film.seen.sha256)

    def look_closer(self, subject: Subject, frames_at: Callable[[Sequence[float]], Sequence[Frame]]) -> Iterable[Cue] | None:
        """After `analyze` of a film: the cues that stand instead of its own, once frames were seen where it was unsure; None
        where it was not. Raises StateError when a bank cannot be read."""
        film = self._film
        wanted_s = sorted(film.unsure_s - set(film.frames_s))
        if not wanted_s or subject.media is None or subject.media.id != film.seen.sha256:
            return None
        film.unsure_s.clear()
        film.told.clear()
        places = np.unique(np.linspace(0, len(wanted_s) - 1, min(len(wanted_s), CLOSER_MAX)).astype(int))
        frames = tuple(frames_at([wanted_s[int(place)] for place in places]))
        if not frames:
            return None
        self._see(Subject(subject.media, frames))
        return list(self._told(is_closer=True))

    def _cue(self, match: Match, frames_s: Sequence[float], media_id: str) -> Cue:
        segment = match.segments[0] if match.segments else None
        value = {key: part for key, part in asdict(match).items() if key not in ("label", "segments", "unsure_s")}
        times = {
            "start_s": segment.start_s if segment else None,
            "end_s": match.segments[-1].end_s if segment else None,
            "item_start_s": segment.item_start_s if segment else None,
            "segments": [[one.start_s, one.end_s, one.item_start_s, one.item_end_s] for one in match.segments],
        }
        return Cue(
            media_id=media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=None,
            name="known_copy",
            at_s=_shown_at(frames_s, segment.start_s) if segment else next(iter(frames_s), None),
            region=None,
            value={**value, **times},
            confidence=match.score,
            message_key=_message_key(match),
            params={"bank": match.bank, "label": match.label, "edit": words(match.edit)._asdict()},
        )

    def _see(self, subject: Subject) -> None:
        """Hashes of all frames, keypoints of some where there is anything to hold them against. Frames of other moments of the
        film that was seen last are joined to it; a moment that comes again, or after the sound, is of another look."""
        frames = subject.frames
        media = subject.media or Media(frames[0].media_id, MediaKind.IMAGE, "", None, None, None)
        is_still = len(frames) == 1 and frames[0].at_s is None
        has_points = self._known.has_points
        every = -(-len(frames) // POINTED_FRAMES_MAX)
        pictures = tuple(
            fingerprint_picture(frame.pixels, frame.at_s or 0.0, POINTS_MAX if has_points and place % every == 0 else 0)
            for place, frame in enumerate(frames)
        )
        times_s = {picture.at_s for picture in pictures}
        is_other = media.id != self._film.seen.sha256 or self._film.seen.sound is not None
        if is_still or is_other or not times_s.isdisjoint(self._film.frames_s):
            self._film = _Film()
        joined = tuple(sorted((*self._film.seen.frames, *pictures), key=lambda picture: picture.at_s))
        height_px, width_px = frames[0].pixels.shape[:2]
        self._film.seen = ItemFingerprint(
            media.id,
            MediaKind.IMAGE if is_still else MediaKind.VIDEO,
            width_px,
            height_px,
            None if is_still else media.duration_s or joined[-1].at_s,
            joined,
            None,
        )
        self._film.frames_s = () if is_still else tuple(picture.at_s for picture in joined)

    def _hear(self, subject: Subject) -> None:
        """The sound alone, since what is to be heard comes when all has been seen. Items that were seen are not told again."""
        assert subject.media is not None
        assert subject.audio is not None
        told = self._film.told if self._film.seen.sha256 == subject.media.id else set()
        length_s = len(subject.audio.samples) / subject.audio.rate_hz
        sound = fingerprint_sound(subject.audio)
        self._film = _Film(replace(_NOTHING, sha256=subject.media.id, duration_s=length_s, sound=sound), told=told)

    @cached_property
    def _known(self) -> KnownMaterial:
        return KnownMaterial(Path(self._config.banks_folder) if self._config.banks_folder else None)

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """The test card upright and mirrored, a slope (near-uniform) and noise."""
        with files("jikim").joinpath("practice", "fixtures", "test_card.png").open("rb") as file:
            card = np.asarray(Image.open(file).convert("RGB"))
        yield drawings.example(card, "known_copy")
        yield drawings.example(card[:, ::-1].copy(), "known_copy")
        yield drawings.example(drawings.slope())
        yield drawings.example(drawings.noise())

    @classmethod
    def verify(cls, config: KnownCopyConfig, sessions: Sessions) -> None:
        """Raises StateError when a bank cannot be read."""
        cls(config, sessions)._known.close()


def _message_key(match: Match) -> str:
    if match.relation == "copy":
        return "cue.known_copy"
    return "cue.same_sound" if is_sound_only(match.edit) else "cue.same_scene"


def _shown_at(frames_s: Sequence[float], at_s: float) -> float:
    """The moment of the frame that is shown nearest to a moment, for a person to look at; the moment itself where none was."""
    return min(frames_s, key=lambda time_s: abs(time_s - at_s), default=at_s)
