"""Copies of known material: frames held against the built-in bank and the centre's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import cv2
import msgspec
import numpy as np
from PIL import Image

from jikim.analyzers import drawings
from jikim.copies.edits import words
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.known import KnownMaterial
from jikim.copies.pictures import fingerprint_picture
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, Media, MediaKind, ModelCard, Need, Subject

POINTS_MAX = 400
POINTED_FRAMES_MAX = 12
"""Of how many frames of a film keypoints are taken, where a bank has any; every frame is looked up by its hash."""


class KnownCopyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`banks_folder` holds the centre's own banks; without it there is the bank `test` alone."""

    banks_folder: str | None = None


class KnownCopyAnalyzer:
    """Gives one cue `known_copy` for each known item that the frames show, at the first frame that shows it."""

    name: ClassVar[str] = "known_copy"
    version: ClassVar[str] = "2"
    Config: ClassVar[type[KnownCopyConfig]] = KnownCopyConfig
    weights: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 7.5
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Recognise copies of material that a bank holds, mirrored and turned ones too.",
        limits="What a bank knows by hashes alone, as third parties give them, is recognised as a whole only, not cropped or "
        "filmed from a screen; under a caption, in a screenshot or in another picture about two of three times, in pictures "
        "alone. What was added as a file is also recognised by keypoints, of at most 12 frames a look here; sound is held "
        "against the banks by `jikim match` alone. A match copies what a bank holds, whatever that is: a person confirms it.",
        data="No model and no training. Rules and thresholds: copies/matching.py, copies/verification.py.",
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

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue an item. Raises StateError when a bank cannot be read."""
        if not subject.frames:
            return
        for match in self._known.match(self._fingerprint(subject)):
            segment = match.segments[0] if match.segments else None
            value = {key: part for key, part in asdict(match).items() if key not in ("label", "segments", "unsure_s")}
            times = {
                "start_s": segment.start_s if segment else None,
                "end_s": match.segments[-1].end_s if segment else None,
                "item_start_s": segment.item_start_s if segment else None,
            }
            yield Cue(
                media_id=subject.media.id if subject.media else subject.frames[0].media_id,
                analyzer=self.name,
                analyzer_version=self.version,
                weights_sha256=None,
                name="known_copy",
                at_s=_shown_at(subject.frames, segment.start_s) if segment else subject.frames[0].at_s,
                region=None,
                value={**value, **times},
                confidence=match.score,
                message_key="cue.known_copy" if match.relation == "copy" else "cue.same_scene",
                params={"bank": match.bank, "label": match.label, "edit": words(match.edit)._asdict()},
            )

    def _fingerprint(self, subject: Subject) -> ItemFingerprint:
        """Of the frames that are there: hashes of all, keypoints of some where there is anything to hold them against."""
        frames = subject.frames
        has_points = self._known.has_points
        every = -(-len(frames) // POINTED_FRAMES_MAX)
        is_still = len(frames) == 1
        pictures = tuple(
            fingerprint_picture(
                frame.pixels,
                frame.at_s or 0.0,
                POINTS_MAX if has_points and place % every == 0 else 0,
                is_looked_into=is_still,
            )
            for place, frame in enumerate(frames)
        )
        media = subject.media or Media(frames[0].media_id, MediaKind.IMAGE, "", None, None, None)
        kind = MediaKind.IMAGE if len(frames) == 1 and frames[0].at_s is None else MediaKind.VIDEO
        height_px, width_px = frames[0].pixels.shape[:2]
        length_s = media.duration_s or max(frame.at_s or 0.0 for frame in frames)
        duration_s = None if kind is MediaKind.IMAGE else length_s
        return ItemFingerprint(media.id, kind, width_px, height_px, duration_s, pictures, None)

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


def _shown_at(frames: Sequence[Frame], at_s: float) -> float | None:
    """When the frame nearest to a moment is shown: what a person is shown for it."""
    return min((frame.at_s for frame in frames if frame.at_s is not None), key=lambda time_s: abs(time_s - at_s), default=None)
