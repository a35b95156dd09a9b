"""How likely a photograph is not safe for work, by open_nsfw. Tested on harmless pictures alone."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jikim.analyzers import drawings
from jikim.analyzers.pictures import Pixels
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

RESIZED_PX = 256
CROP = slice(16, 240)
MEAN_BGR = np.array([104, 117, 123], np.float32)


class SensitiveConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`floor`: the least score that gives a cue."""

    floor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5


class SensitiveAnalyzer:
    """Gives a cue `sensitive` for each frame whose score reaches the floor."""

    name: ClassVar[str] = "sensitive"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[SensitiveConfig]] = SensitiveConfig
    weights: ClassVar[tuple[str, ...]] = ("open-nsfw",)
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 12.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Order people's work by how likely a picture is not safe for work.",
        limits="Photographs only, no drawings. How much it misses was deliberately never tested here; its score is not "
        "calibrated. It says nothing of age.",
        data="Yahoo's own collection, unpublished.",
        metrics={
            "harmless_pictures": 596,
            "harmless_above_0.5": 2,
            "harmless_above_0.8": 1,
            "source": "harmless pictures only",
        },
        by_group={},
        licence_code="Apache-2.0",
        licence_weights="BSD-2-Clause (Yahoo open_nsfw)",
    )

    def __init__(self, config: SensitiveConfig, sessions: Sessions) -> None:
        self._floor = config.floor
        self._sessions = sessions

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """At most one cue a frame. Raises WeightsMissing."""
        for frame in subject.frames:
            score = self._score(frame.pixels)
            if score >= self._floor:
                yield self._cue(frame, score)

    def _score(self, pixels: Pixels) -> float:
        (outputs,) = self._sessions.session("open-nsfw").run(None, {"input:0": _prepared(pixels)})
        return round(float(outputs[0, 1]), 4)

    def _cue(self, frame: Frame, score: float) -> Cue:
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("open-nsfw"),
            name="sensitive",
            at_s=frame.at_s,
            region=None,
            value={"score": score},
            confidence=score,
            message_key="cue.sensitive",
            params={"score": score},
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """Harmless drawings: nothing to notice. There is no positive example, and there must be none."""
        yield drawings.example(drawings.landscape())
        yield drawings.example(drawings.teddy_bear())
        yield drawings.example(drawings.slope())

    @classmethod
    def verify(cls, config: SensitiveConfig, sessions: Sessions) -> None:
        """Runs the model once. Raises WeightsMissing."""
        cls(config, sessions)._score(np.zeros((64, 64, 3), np.uint8))


def _prepared(pixels: Pixels) -> NDArray[np.float32]:
    """(1, 224, 224, 3) as the model was trained: 256 x 256, through JPEG, the middle, BGR less the mean."""
    resized = Image.fromarray(pixels).resize((RESIZED_PX, RESIZED_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    with BytesIO() as file:
        resized.save(file, "JPEG")
        decoded = np.asarray(Image.open(file))
    return np.ascontiguousarray(decoded[None, CROP, CROP, ::-1] - MEAN_BGR, np.float32)
