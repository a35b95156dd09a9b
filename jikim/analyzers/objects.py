"""Things that go with childhood or school, by YOLOX-Nano: books, teddy bears, backpacks, ties, beds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings
from jikim.analyzers.pictures import Box, Pixels, region, scaled_down
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

SIDE_PX = 416
PADDING = 114
STRIDES = (8, 16, 32)
NMS_OVERLAP = 0.45

Label = Literal["book", "teddy bear", "backpack", "tie", "bed"]
COCO_CLASS: Mapping[str, int] = {"book": 73, "teddy bear": 77, "backpack": 24, "tie": 27, "bed": 59}
"""The place of each label among the 80 COCO classes."""

DEFAULT_THRESHOLDS: Mapping[str, float] = {"book": 0.45, "teddy bear": 0.5, "backpack": 0.45, "tie": 0.55, "bed": 0.6}
"""Ties and beds ask for more: trousers on a hanger and clothes on a sheet look like them."""


class ObjectsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`labels` are given as cues; `threshold` overrides the least score of a label."""

    labels: tuple[Label, ...] = ("book", "teddy bear", "backpack", "tie", "bed")
    threshold: Mapping[Label, Annotated[float, msgspec.Meta(gt=0, lt=1)]] = {}


class ObjectsAnalyzer:
    """Gives one cue `object` for each thing of the configured labels in each frame."""

    name: ClassVar[str] = "objects"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[ObjectsConfig]] = ObjectsConfig
    weights: ClassVar[tuple[str, ...]] = ("yolox-nano",)
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 9.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Notice things that often go with children or school, as weak cues beside others.",
        limits="A thing says little of who uses it. Books and backpacks are found badly, drawings hardly at all. The classes "
        "are those of COCO: no school uniform among them.",
        data="COCO 2017, photographs from the web.",
        metrics={
            "map50_80_classes": 0.475,
            "ap50_bed": 0.77,
            "ap50_teddy_bear": 0.58,
            "ap50_tie": 0.41,
            "ap50_backpack": 0.11,
            "ap50_book": 0.10,
            "source": "256 COCO pictures",
        },
        by_group={},
        licence_code="Apache-2.0",
        licence_weights="Apache-2.0 (Megvii YOLOX)",
    )

    def __init__(self, config: ObjectsConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._sessions = sessions
        self._labels = tuple(config.labels)
        self._thresholds = np.array([config.threshold.get(label, DEFAULT_THRESHOLDS[label]) for label in self._labels])
        self._columns = [5 + COCO_CLASS[label] for label in self._labels]

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a thing and frame, the surest first in each frame. Raises WeightsMissing."""
        for frame in subject.frames:
            yield from self._look(frame)

    def _look(self, frame: Frame) -> Iterable[Cue]:
        picture, scale = _letterboxed(frame.pixels)
        (output,) = self._sessions.session("yolox-nano").run(None, {"images": picture})
        rows: NDArray[np.float32] = output[0]
        scores = rows[:, self._columns] * rows[:, 4:5]
        places, kinds = np.nonzero(scores >= self._thresholds)
        boxes = _boxes(rows, places) / scale
        found = scores[places, kinds]
        for number in _kept(boxes, found, kinds):
            yield self._cue(frame, self._labels[kinds[number]], boxes[number], float(found[number]))

    def _cue(self, frame: Frame, label: str, box: NDArray[np.float32], score: float) -> Cue:
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("yolox-nano"),
            name="object",
            at_s=frame.at_s,
            region=region(Box(*(float(side) for side in box)), frame.pixels),
            value={"label": label},
            confidence=round(score, 4),
            message_key="cue.object",
            params={"label": {"message": f"object.{label.replace(' ', '_')}"}},
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """A drawn teddy bear, and two pictures without any of the things."""
        yield drawings.example(drawings.teddy_bear(), "object")
        yield drawings.example(drawings.slope())
        yield drawings.example(drawings.noise())

    @classmethod
    def verify(cls, config: ObjectsConfig, sessions: Sessions) -> None:
        """Runs the model once. Raises WeightsMissing."""
        list(cls(config, sessions)._look(Frame("verify", None, np.zeros((64, 64, 3), np.uint8))))


def _letterboxed(pixels: Pixels) -> tuple[NDArray[np.float32], float]:
    """(1, 3, 416, 416) BGR 0..255 with the picture in the upper left corner, and the factor by which it was scaled."""
    small, scale = scaled_down(pixels, SIDE_PX)
    canvas = np.full((SIDE_PX, SIDE_PX, 3), PADDING, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[:, :, ::-1]
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32), scale


def _grid() -> NDArray[np.float32]:
    """(3549, 3): the column, row and stride of each row of the model's output."""
    cells = []
    for stride in STRIDES:
        count = SIDE_PX // stride
        row, column = np.mgrid[:count, :count]
        cells.append(np.stack([column.ravel(), row.ravel(), np.full(count * count, stride)], axis=1))
    return np.concatenate(cells).astype(np.float32)


_GRID = _grid()


def _boxes(rows: NDArray[np.float32], places: NDArray[np.intp]) -> NDArray[np.float32]:
    """(n, 4): left, top, width, height in pixels of the letterboxed picture."""
    cell, stride = _GRID[places, :2], _GRID[places, 2:]
    middle = (rows[places, :2] + cell) * stride
    size = np.exp(rows[places, 2:4]) * stride
    return np.concatenate([middle - size / 2, size], axis=1)


def _kept(boxes: NDArray[np.float32], scores: NDArray[np.float32], kinds: NDArray[np.intp]) -> list[int]:
    """Which boxes stay, surest first, when those that overlap a surer one of their kind go."""
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable"):
        rivals = [other for other in kept if kinds[other] == kinds[number]]
        if not rivals or _overlaps(boxes[number], boxes[rivals]).max() <= NMS_OVERLAP:
            kept.append(int(number))
    return kept


def _overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box with each of others (n, 4)."""
    start = np.maximum(box[:2], others[:, :2])
    end = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.prod(np.maximum(end - start, 0), axis=1)
    return np.asarray(shared / (np.prod(box[2:]) + np.prod(others[:, 2:], axis=1) - shared), np.float32)
