"""Things that go with childhood or school: books, teddy bears, backpacks, ties, beds.

YOLOX-Nano looks first, CenterNet a second time at stills and at the frames of a film in which the first is surest of a thing;
there a thing is as sure as both are.
Both were taught on photographs: of drawings a head of its own tells (`objects_drawn`), and they where they are sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log
from typing import Annotated, ClassVar, Literal

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings, objects_drawn
from jikim.analyzers.objects_second import WEIGHTS as SECOND
from jikim.analyzers.objects_second import look
from jikim.analyzers.pictures import Box, Pixels, region, scaled_down
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, JsonValue, ModelCard, Need, Subject

SIDE_PX = 416
STEP_PX = 32
"""The sides of what the model is given are whole numbers of it."""
PADDING = 114
STRIDES = (8, 16, 32)
NMS_OVERLAP = 0.45
LEAST = 0.01
"""From it on a thing of the first look is put before both, and the surest of each label always."""
TINY = 1e-6
NOTHING = 0.001
"""Scores below this say the same: nothing."""
SECOND_WEIGHT = 2 / 3
"""How much of what both say is the second look's, the better of the two. Chosen with `NOTHING` on 901 photographs of the even
half of COCO val2017, weighed so that people are as common as there: AUC of backpacks .930 (.922 with a half of each and .01),
books .938 (.925), teddy bears .982 (.974), ties .965 (.967), beds .998 (.997)."""
JOINED_SHIFT = 1.25
"""In log-odds: with it the thresholds find as many things (64 of 182) with as few mistakes (18) there as before (62, 16)."""
NEAR_PX = 16.0
"""How far beside a box, in pixels of the letterboxed picture, the first look is asked for it too."""

SECOND_EACH = 2
"""How many frames of a film are looked at twice at most for one label, in a round: what is said of it rests on the surest."""

Label = Literal["book", "teddy bear", "backpack", "tie", "bed", "screen"]
COCO_CLASS: Mapping[str, int] = {"book": 73, "teddy bear": 77, "backpack": 24, "tie": 27, "bed": 59}
"""The place of each label among the 80 COCO classes."""
SCREENS = (62, 63, 67)
"""Televisions, laptops and telephones, the surest of which counts. A screen is no cue of age; of a face in it that is said."""

DEFAULT_THRESHOLDS: Mapping[str, float] = {
    "book": 0.45,
    "teddy bear": 0.5,
    "backpack": 0.45,
    "tie": 0.7,
    "bed": 0.75,
    "screen": 0.5,
}
"""Ties and beds ask for more: trousers on a hanger and clothes on a sheet look like them."""


class ObjectsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`labels` are given as cues; `threshold` overrides the least score of a label. Of a video's frames those are looked at
    twice in which the first look is surest of a label, and gives it at least `second_from`; at most `second_most` frames of a
    round, none with 0. Of drawings at most `drawn_most` of a round are looked at as such."""

    labels: tuple[Label, ...] = ("book", "teddy bear", "backpack", "tie", "bed", "screen")
    threshold: Mapping[Label, Annotated[float, msgspec.Meta(gt=0, lt=1)]] = {}
    second_from: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    second_most: Annotated[int, msgspec.Meta(ge=0)] = 8
    drawn_most: Annotated[int, msgspec.Meta(ge=0)] = 4


class ObjectsAnalyzer:
    """Gives one cue `object` for each thing of the configured labels in each frame."""

    name: ClassVar[str] = "objects"
    version: ClassVar[str] = "5"
    Config: ClassVar[type[ObjectsConfig]] = ObjectsConfig
    weights: ClassVar[tuple[str, ...]] = ("yolox-nano", "centernet", objects_drawn.WEIGHTS)
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 9.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Notice things that often go with children or school, as weak cues beside others.",
        limits="A thing says little of who uses it. Drawn are told books, teddy bears and backpacks, one thing large on a "
        "plain ground; in a drawn scene hardly anything is. Of a video both models look at the few frames alone in which the "
        "first is surest of a thing. The classes are those of COCO: no school uniform among them.",
        data="COCO 2017, photographs from the web. The head for drawings: icons under MIT and Apache-2.0 and drawings made by "
        "code (training/drawn_things), over EfficientNet-Lite1 (ImageNet).",
        metrics={
            "auc_coco_val2017": {
                "book": {"value": 0.955, "low": 0.907, "high": 0.983},
                "teddy_bear": {"value": 0.962, "low": 0.913, "high": 0.997},
                "backpack": {"value": 0.922, "low": 0.888, "high": 0.953},
                "tie": {"value": 0.978, "low": 0.961, "high": 0.990},
                "bed": {"value": 0.986, "low": 0.953, "high": 0.998},
            },
            "source": "python -m bench.things: 359 photographs of the odd half of COCO val2017, those measured above, weighed "
            "so that they stand for it as it is, people and things as common as there; with version 4, which looks at stills "
            "as this one does",
        },
        by_group={},
        licence_code="Apache-2.0",
        licence_weights="YOLOX Apache-2.0 (Megvii); EfficientNet-Lite1 Apache-2.0; the head Apache-2.0. CenterNet unsettled: "
        "the package that carries it (human-models) is MIT, the project it comes from has no licence. A centre decides whether "
        "the package's is enough; without it: second_most = 0 (NOTICE)",
    )

    def __init__(self, config: ObjectsConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._sessions = sessions
        self._second_from, self._second_most = config.second_from, config.second_most
        self._drawn_most = config.drawn_most
        self._drawn_from = {**objects_drawn.THRESHOLDS, **{str(label): least for label, least in config.threshold.items()}}
        self._labels = tuple(config.labels)
        self._thresholds = np.array([config.threshold.get(label, DEFAULT_THRESHOLDS[label]) for label in self._labels])
        self._classes = [SCREENS if label == "screen" else (COCO_CLASS[label],) for label in self._labels]

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a thing and frame, the surest first in each frame. Raises WeightsMissing."""
        looks = [self._first_look(frame) for frame in subject.frames]
        twice = self._looked_at_twice(subject.frames, looks)
        left_drawn = self._drawn_most
        for place, (frame, first) in enumerate(zip(subject.frames, looks, strict=True)):
            is_asked = place in twice
            found = twice[place] if is_asked else first.found(self._thresholds)
            is_drawing = left_drawn > 0 and objects_drawn.is_drawing(frame.pixels)
            left_drawn -= is_drawing
            kept = [one for one in _kept(found, is_within=is_asked) if not is_drawing or self._is_sure(one)]
            for one in kept:
                yield self._cue(frame, self._labels[one.kind], one, is_second=is_asked)
            if is_drawing:
                yield from self._drawn(frame, kept)

    def _first_look(self, frame: Frame) -> _FirstLook:
        picture, scale = _letterboxed(frame.pixels, is_film=frame.at_s is not None)
        (output,) = self._sessions.session("yolox-nano").run(None, {"images": picture})
        rows: NDArray[np.float32] = output[0]
        surest = np.stack([rows[:, [5 + place for place in places]].max(axis=1) for places in self._classes], axis=1)
        return _FirstLook(rows[:, :4].copy(), surest * rows[:, 4:5], _grid(*picture.shape[2:]), scale)

    def _looked_at_twice(self, frames: Sequence[Frame], looks: Sequence[_FirstLook]) -> dict[int, list[_Found]]:
        """What both looks together see, by the place of the frame: in stills, and for each label of a film in the frames in
        which the first look is surest of it, until both are sure."""
        seen: dict[int, list[_Found]] = {}
        for place in [place for place, frame in enumerate(frames) if frame.at_s is None][: self._second_most]:
            seen[place] = self._together(frames[place].pixels, looks[place])
        for kind in range(len(self._labels)):
            best = [(look.best(kind), place) for place, look in enumerate(looks) if frames[place].at_s is not None]
            for _, place in sorted((one for one in best if one[0] >= self._second_from), reverse=True)[:SECOND_EACH]:
                if place not in seen:
                    if len(seen) >= self._second_most:
                        return seen
                    seen[place] = self._together(frames[place].pixels, looks[place])
                if any(one.kind == kind for one in seen[place]):
                    break
        return seen

    def _together(self, pixels: Pixels, first: _FirstLook) -> list[_Found]:
        """What either look sees, as sure as both are of it."""
        second = look(self._sessions, pixels, self._classes)
        boxes: list[list[NDArray[np.float32]]] = [[] for _ in self._labels]
        for one in first.found(np.clip(first.scores.max(axis=0), TINY, LEAST)):
            boxes[one.kind].append(one.box)
        kept: list[_Found] = []
        for kind in range(len(self._labels)):
            for box in [*boxes[kind], *second.peaks(kind)]:
                score = joined(first.sureness(box, kind), second.sureness(box, kind))
                if score >= self._thresholds[kind]:
                    kept.append(_Found(box, kind, score))
        return kept

    def _is_sure(self, one: _Found) -> bool:
        """Whether the detectors are to be believed of a drawing, even where less is asked of photographs."""
        label = self._labels[one.kind]
        return label not in objects_drawn.THRESHOLDS or one.score >= DEFAULT_THRESHOLDS[label]

    def _drawn(self, frame: Frame, kept: Sequence[_Found]) -> Iterable[Cue]:
        """What a drawing shows, where it is surer of it than the detectors are."""
        seen = {self._labels[one.kind]: one.score for one in reversed(kept)}
        box = objects_drawn.drawn_box(frame.pixels)
        for label, score in objects_drawn.drawn(self._sessions, frame.pixels, box).items():
            if label in self._labels and score >= self._drawn_from[label] and score > seen.get(label, 0.0):
                yield Cue(
                    media_id=frame.media_id,
                    analyzer=self.name,
                    analyzer_version=self.version,
                    weights_sha256=self._sessions.sha256(objects_drawn.WEIGHTS),
                    name="object",
                    at_s=frame.at_s,
                    region=region(box, frame.pixels),
                    value={"label": label, "is_drawn": True},
                    confidence=round(score, 4),
                    message_key="cue.object_drawn",
                    params=_named(label),
                )

    def _cue(self, frame: Frame, label: str, found: _Found, *, is_second: bool) -> Cue:
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256(SECOND if is_second else "yolox-nano"),
            name="object",
            at_s=frame.at_s,
            region=region(Box(*(float(side) for side in found.box)), frame.pixels),
            value={"label": label},
            confidence=round(found.score, 4),
            message_key="cue.object",
            params=_named(label),
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
        list(cls(config, sessions).analyze(Subject(None, (Frame("verify", None, np.zeros((64, 64, 3), np.uint8)),))))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A thing: its box (4,) in pixels of the frame, the place of its label, and how sure it is."""

    box: NDArray[np.float32]
    kind: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class _FirstLook:
    """What YOLOX says of one picture in each of its m cells: `boxes` (m, 4) as the model gives them, `scores` (m, n) of the n
    labels; `cells` (m, 3) is their `_grid`, `scale` how the picture was scaled."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    cells: NDArray[np.float32]
    scale: float

    def best(self, kind: int) -> float:
        """The highest score of a label."""
        return float(self.scores[:, kind].max())

    def found(self, thresholds: NDArray[np.float64]) -> list[_Found]:
        """What reaches the threshold of its label; boxes that mean the same thing only once."""
        places, kinds = np.nonzero(self.scores >= thresholds)
        boxes = _boxes(self.boxes[places], self.cells[places]) / np.float32(self.scale)
        return _kept(
            [
                _Found(box, int(kind), float(self.scores[place, kind]))
                for box, place, kind in zip(boxes, places, kinds, strict=True)
            ]
        )

    def sureness(self, box: NDArray[np.float32], kind: int) -> float:
        """The highest score of a label among the cells in and beside a box of the frame."""
        start, end = box[:2] * self.scale - NEAR_PX, (box[:2] + box[2:]) * self.scale + NEAR_PX
        middles = (self.cells[:, :2] + 0.5) * self.cells[:, 2:]
        inside = ((start <= middles) & (end >= middles)).all(axis=1)
        return float(self.scores[inside, kind].max(initial=0.0))


def _named(label: str) -> dict[str, JsonValue]:
    return {"label": {"message": f"object.{label.replace(' ', '_')}"}}


def _letterboxed(pixels: Pixels, *, is_film: bool) -> tuple[NDArray[np.float32], float]:
    """(1, 3, height, width) BGR 0..255 with the picture in the upper left corner, and the factor by which it was scaled. 416 x
    416; of a film, whose frames are small already, no more than the picture needs, and scaled in a tenth of the time."""
    scale = min(1.0, SIDE_PX / max(pixels.shape[:2]))
    if is_film and 0.5 <= scale < 1:
        size = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    else:
        small, scale = scaled_down(pixels, SIDE_PX)
    below, beside = ((-side % STEP_PX) if is_film else SIDE_PX - side for side in small.shape[:2])
    canvas = cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=(PADDING,) * 3)
    return np.asarray(cv2.dnn.blobFromImage(canvas, swapRB=True), np.float32), scale


@cache
def _grid(height: int, width: int) -> NDArray[np.float32]:
    """(m, 3): the column, row and stride of each cell of the model's output for a picture of that size."""
    cells = []
    for stride in STRIDES:
        row, column = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack([column.ravel(), row.ravel(), np.full(row.size, stride)], axis=1))
    return np.concatenate(cells).astype(np.float32)


def _boxes(given: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 4): left, top, width, height in pixels of the letterboxed picture, from the model's own (n, 4) in cells (n, 3)."""
    stride = cells[:, 2:]
    middle = (given[:, :2] + cells[:, :2]) * stride
    size = np.exp(given[:, 2:]) * stride
    return np.concatenate([middle - size / 2, size], axis=1)


def joined(first: float, second: float) -> float:
    """How sure both looks together are: their log-odds, weighed, and moved so that the thresholds of the first look hold."""
    one, other = (log(p / (1 - p)) for p in (min(max(score, NOTHING), 1 - NOTHING) for score in (first, second)))
    return 1 / (1 + exp(-((1 - SECOND_WEIGHT) * one + SECOND_WEIGHT * other + JOINED_SHIFT)))


def _kept(found: Sequence[_Found], *, is_within: bool = False) -> list[_Found]:
    """Those that stay, surest first, when those that overlap a surer one of their kind go; `is_within` sends those away as well
    that lie mostly inside a surer one, or hold it."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: -one.score):
        rivals = [other.box for other in kept if other.kind == one.kind]
        if not rivals or _overlaps(one.box, np.stack(rivals), is_within=is_within).max() <= NMS_OVERLAP:
            kept.append(one)
    return kept


def _overlaps(box: NDArray[np.float32], others: NDArray[np.float32], *, is_within: bool) -> NDArray[np.float32]:
    """Intersection of one box with each of others (n, 4) over their union, with `is_within` over the smaller of the two."""
    start = np.maximum(box[:2], others[:, :2])
    end = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.prod(np.maximum(end - start, 0), axis=1)
    own, theirs = np.prod(box[2:]), np.prod(others[:, 2:], axis=1)
    whole = np.minimum(own, theirs) if is_within else own + theirs - shared
    return np.asarray(shared / np.maximum(whole, 1e-6), np.float32)
