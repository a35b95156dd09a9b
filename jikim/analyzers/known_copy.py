"""Copies of known material, by PDQ in eight orientations against the banks."""

from __future__ import annotations

from collections.abc import Iterable
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
from jikim.copies.banks import built_in_bank, read_banks
from jikim.copies.matching import Index, QueryFrame
from jikim.copies.pdq import fingerprint
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, ModelCard, Need, Subject


class KnownCopyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`banks_folder` holds the centre's own banks, one JSON file each; without it there is the bank `test` alone."""

    banks_folder: str | None = None


class KnownCopyAnalyzer:
    """Gives one cue `known_copy` for each known item that the frames show, at the first frame that shows it."""

    name: ClassVar[str] = "known_copy"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[KnownCopyConfig]] = KnownCopyConfig
    weights: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 7.5
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Recognise copies of material that a bank holds, mirrored and turned ones too.",
        limits="PDQ sees whole pictures: crops beyond 5 %, borders, caption bars, picture in picture and filmed screens are "
        "not recognised. A match is a copy of what a bank holds, whatever that is: a person confirms it.",
        data="No model and no training. Rules and thresholds: copies/matching.py.",
        metrics={
            "recall_all_38_picture_edits_pdq_dihedral": 0.496,
            "recall_jpeg_quality_8": 0.93,
            "recall_mirrored": 0.88,
            "recall_rotated_90": 0.89,
            "false_matches_in_376002_pairs": 0,
            "source": "100 harmless pictures in 38 edits each, at distance 31 (measured with another PDQ of the same rule)",
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
        frames = [QueryFrame(frame.at_s, fingerprint(frame.pixels)) for frame in subject.frames]
        for match in self._index.match(frames):
            value = {key: part for key, part in asdict(match).items() if key != "label"}
            yield Cue(
                media_id=subject.media.id if subject.media else subject.frames[0].media_id,
                analyzer=self.name,
                analyzer_version=self.version,
                weights_sha256=None,
                name="known_copy",
                at_s=match.start_s,
                region=None,
                value={**value, "relation": "copy"},
                confidence=match.score,
                message_key="cue.known_copy",
                params={"bank": match.bank, "label": match.label, "edit": {"message": f"copies.edit.{match.edit}"}},
            )

    @cached_property
    def _index(self) -> Index:
        own = read_banks(Path(self._config.banks_folder)) if self._config.banks_folder else ()
        return Index((built_in_bank(), *own))

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
        cls(config, sessions)._index  # noqa: B018  reading it is the check
