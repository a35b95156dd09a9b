"""Lines of text in the picture: PP-OCRv6 finds them, Tesseract reads them, in Korean and English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings
from jikim.analyzers.pictures import region
from jikim.analyzers.text_boxes import TextBox, TextDetector
from jikim.analyzers.text_lines import LineReader, Reading, upright
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

WIDTH_MIN = 1.3
"""A line is at least this many times as wide as high; what is written downwards is not read."""
HEIGHT_MIN_PX = 8

LIKENESS_PX = (64, 16)
LIKENESS_MIN = 0.75
OVERLAP_MIN = 0.5
TRIES_PER_LINE = 2
"""How many lines are tried for each that may be given: most that cannot be read are texture."""


class ScreenTextConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lines_max`: the most lines of one subject. `frame_side_px`, `still_side_px`: the longest side at which lines are sought
    in a film's frame and in a still. Of 156 lines of 16 to 40 pixels on film of 640 it misses 6 at 256, 2 at 320, 1 at 384.
    `score`: the detector's least mean confidence."""

    lines_max: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10
    frame_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 320
    still_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 640
    score: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Sighting:
    """A line in one frame. `look` is `_look` of it, to tell it from another line in the same place."""

    frame: Frame
    box: TextBox
    look: NDArray[np.float32]
    sharpness: float

    @property
    def weight(self) -> float:
        """How much it is worth to read: large and sure."""
        return self.box.score * self.box.height_px / float(max(self.frame.pixels.shape[:2]))


class ScreenTextAnalyzer:
    """Gives one cue `line` for each line that could be read, those of a frame in reading order.

    A line that stays over neighbouring frames is read once, where it is sharpest, and its cue stands there.
    """

    name: ClassVar[str] = "screen_text"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[ScreenTextConfig]] = ScreenTextConfig
    weights: ClassVar[tuple[str, ...]] = ("ppocr-det", "tesseract-kor", "tesseract-eng")
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 30.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Read what stands in the picture, so that its words can be weighed.",
        limits="Korean and English alone. Vertical, curved or handwritten text is not read. Outlined letters over film are "
        "read with many mistakes, thin ones over texture are missed. At most ten lines of one subject, the largest and surest.",
        data="PP-OCRv6: PaddlePaddle's own collection. Tesseract: rendered text.",
        metrics={
            "character_error_rate": 0.016,
            "lines_right": "71 of 79",
            "source": "79 rendered Korean lines on plain or spotted grounds, slanted by up to 6 degrees, the half not tuned on",
            "invented_lines": "0 on 341 photographs of clothes and 165 frames of film",
        },
        by_group={
            "character_error_rate_by_background": {"plain": 0.016, "subtitles drawn over film (tuned on)": 0.27},
        },
        licence_code="Apache-2.0; tesserocr MIT; Tesseract Apache-2.0",
        licence_weights="PP-OCRv6 Apache-2.0 (PaddlePaddle); tessdata_best Apache-2.0 (Google)",
    )

    def __init__(self, config: ScreenTextConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._config = config
        self._sessions = sessions
        self._reader = LineReader(sessions)

    @cached_property
    def _detector(self) -> TextDetector:
        return TextDetector(self._sessions.session("ppocr-det"))

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """At most `lines_max` cues, in order of time and of reading. Raises WeightsMissing."""
        sightings = distinct([self._sightings(frame) for frame in subject.frames])
        return [self._cue(sighting, reading) for sighting, reading in in_reading_order(self._read(sightings))]

    def _sightings(self, frame: Frame) -> list[_Sighting]:
        side_px = self._config.still_side_px if frame.at_s is None else self._config.frame_side_px
        boxes = self._detector.find(frame.pixels, side_px, self._config.score)
        lines = [box for box in boxes if box.height_px >= HEIGHT_MIN_PX and box.width_px >= WIDTH_MIN * box.height_px]
        return [_sighting(frame, box) for box in lines]

    def _read(self, sightings: Sequence[_Sighting]) -> list[tuple[_Sighting, Reading]]:
        """The believable readings of the sightings worth most, no text twice."""
        found: dict[str, tuple[_Sighting, Reading]] = {}
        tried = sorted(sightings, key=lambda sighting: -sighting.weight)[: TRIES_PER_LINE * self._config.lines_max]
        for sighting in tried:
            reading = self._reader.read(upright(sighting.frame.pixels, sighting.box))
            if reading is not None and reading.is_believable:
                found.setdefault("".join(reading.text.split()), (sighting, reading))
            if len(found) == self._config.lines_max:
                break
        return list(found.values())

    def _cue(self, sighting: _Sighting, reading: Reading) -> Cue:
        frame = sighting.frame
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("tesseract-kor" if reading.lang == "ko" else "tesseract-eng"),
            name="line",
            at_s=frame.at_s,
            region=region(sighting.box.box, frame.pixels),
            value={"text": reading.text, "lang": reading.lang},
            confidence=round(reading.confidence, 4),
            message_key="cue.line",
            params={"text": reading.text},
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """A line of Korean, and two pictures without text."""
        yield drawings.example(drawings.sign("오늘은 학교 축제"), "line")
        yield drawings.example(drawings.slope())
        yield drawings.example(drawings.noise())

    @classmethod
    def verify(cls, config: ScreenTextConfig, sessions: Sessions) -> None:
        """Runs the models once. Raises WeightsMissing."""
        analyzer = cls(config, sessions)
        analyzer._detector.find(drawings.noise(), config.frame_side_px, config.score)
        analyzer._reader.read(np.full((48, 96, 3), 255, np.uint8))


def _sighting(frame: Frame, box: TextBox) -> _Sighting:
    grey = cv2.cvtColor(upright(frame.pixels, box), cv2.COLOR_RGB2GRAY)
    return _Sighting(frame, box, _look(frame, box), float(cv2.Laplacian(grey, cv2.CV_32F).var()))


def _look(frame: Frame, box: TextBox) -> NDArray[np.float32]:
    """What stands in a box, small, with mean 0 and variance 1."""
    grey = cv2.cvtColor(upright(frame.pixels, box), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, LIKENESS_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray((small - small.mean()) / max(float(small.std()), 1.0), np.float32)


def distinct(frames: Sequence[Sequence[_Sighting]]) -> list[_Sighting]:
    """Of each line that stays over neighbouring frames the sharpest sighting."""
    kept: list[_Sighting] = []
    before: list[tuple[int, _Sighting]] = []  # the place in `kept` and the last sighting of each line of the frame before
    for sightings in frames:
        here = []
        for sighting in sightings:
            place = next((place for place, last in before if _is_same(last, sighting)), None)
            if place is None:
                place = len(kept)
                kept.append(sighting)
            elif sighting.sharpness > kept[place].sharpness:
                kept[place] = sighting
            here.append((place, sighting))
        before = here
    return kept


def _is_same(one: _Sighting, other: _Sighting) -> bool:
    """Whether both show the same line in the same place, of two frames of one media."""
    if one.frame.media_id != other.frame.media_id or _overlap(one.box, other.box) < OVERLAP_MIN:
        return False
    return float((one.look * _look(other.frame, one.box)).mean()) >= LIKENESS_MIN


def _overlap(one: TextBox, other: TextBox) -> float:
    """Intersection over union of the upright boxes."""
    a, b = one.box, other.box
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a.width * a.height + b.width * b.height - width * height)


def in_reading_order(lines: Iterable[tuple[_Sighting, Reading]]) -> list[tuple[_Sighting, Reading]]:
    """By time, then from top to bottom, and from left to right what stands side by side."""
    ordered: list[tuple[_Sighting, Reading]] = []
    row: list[tuple[_Sighting, Reading]] = []
    for line in sorted(lines, key=lambda line: (_at(line[0]), _middle(line[0]))):
        if row and not _is_beside(row[-1][0], line[0]):
            ordered += sorted(row, key=lambda line: line[0].box.box.left)
            row = []
        row.append(line)
    return ordered + sorted(row, key=lambda line: line[0].box.box.left)


def _is_beside(one: _Sighting, other: _Sighting) -> bool:
    return _at(one) == _at(other) and _middle(other) - _middle(one) < min(one.box.height_px, other.box.height_px) / 2


def _at(sighting: _Sighting) -> float:
    return sighting.frame.at_s or 0.0


def _middle(sighting: _Sighting) -> float:
    return float(sighting.box.corners[:, 1].mean())
