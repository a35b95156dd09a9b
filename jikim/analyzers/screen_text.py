"""Lines of text in the picture: PP-OCRv6 finds them and reads them, Korean with a head of our own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings
from jikim.analyzers.pictures import region
from jikim.analyzers.text_boxes import TextBox, TextDetector
from jikim.analyzers.text_lines import KOREAN, ORIGINAL, SURE, LineReader, upright
from jikim.analyzers.text_readings import AGREEING_SHARE, AGREEING_SHARE_HERE, BELIEVED, Reading, agree, is_part
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

LENGTH_MIN = 1.3
"""A line is at least this many times as long as its letters are high, a column as long as they are wide."""
LETTER_MIN_PX = 8

LIKENESS_PX = (64, 16)
LIKENESS_MIN = 0.75
OVERLAP_MIN = 0.5
TRACK_MAX = 6
PIECE_LEAD = 0.15
"""By how much a piece of a line must be surer than the whole: the detector often leaves an end off in one frame or other."""
TRIES_PER_LINE = 2
"""How many lines are tried for each that may be given: most that cannot be read are texture."""


class ScreenTextConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lines_max`: the most lines of one subject. `frame_side_px`, `still_side_px`: the longest side at which lines are sought
    in a film's frame and in a still. Of 156 lines of 16 to 40 pixels on film of 640 it misses 6 at 256, 2 at 320, 1 at 384.
    `score`: the detector's least mean confidence. `fast_first`: whether a small head reads each line first and the accurate one
    only those of which it is not sure: 9 % less CPU on rendered lines, 3 % on films, 20 to 30 MB more of memory a process."""

    lines_max: Annotated[int, msgspec.Meta(ge=1, le=200)] = 40
    frame_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 320
    still_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 640
    score: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    fast_first: bool = False


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
        return self.box.score * self.box.letter_px / float(max(self.frame.pixels.shape[:2]))


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """A line over neighbouring frames, in their order; at most TRACK_MAX sightings are kept, the sharpest among them."""

    sightings: list[_Sighting]

    @property
    def best(self) -> _Sighting:
        return max(self.sightings, key=lambda sighting: sighting.sharpness)

    def add(self, sighting: _Sighting) -> None:
        self.sightings.append(sighting)
        if len(self.sightings) > TRACK_MAX:
            self.sightings.remove(min(self.sightings[:-1], key=lambda one: one.sharpness))


class ScreenTextAnalyzer:
    """Gives one cue `line` for each line that could be read, those of a frame in reading order.

    A line that stays over neighbouring frames is read once, where it is sharpest, and its cue stands there.
    """

    name: ClassVar[str] = "screen_text"
    version: ClassVar[str] = "6"
    Config: ClassVar[type[ScreenTextConfig]] = ScreenTextConfig
    weights: ClassVar[tuple[str, ...]] = ("ppocr-det", KOREAN, ORIGINAL)
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 30.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Read what stands in the picture, so that its words can be weighed.",
        limits="Letters that are very small, hardly differ from their ground, or are ornamented are misread or missed. Columns "
        "are read in Korean alone, arcs only where slight, scripts other than Hangul, Latin, Han and kana not at all: of 299 "
        "lines in seventeen of them 7 % were given in Latin letters, mostly Greek and Cyrillic ones that look alike. At most "
        "forty lines of one subject, the largest and surest. A Korean letter in doubt is given as it makes a likely word: a "
        "name that is hard to read may come out as a common word.",
        data="PP-OCRv6: PaddlePaddle's own collection. Korean: lines drawn from own words and random syllables in fonts under "
        "the OFL alone (training/screen_text); nobody's sentences and no real footage. Which words are likely: counted in "
        "public film reviews (nsmc, CC0) and a dictionary without its names (mecab-ko-dic, Apache-2.0).",
        metrics={
            "character_error_rate": 0.0,
            "source": "79 rendered Korean lines on plain or spotted grounds, slanted by up to 6 degrees, the half not tuned on",
            "cpu_ms_a_line": 29,
        },
        by_group={
            "character_error_rate_by_difficulty": {
                "subtitles on 180 films re-encoded at crf 34, unseen fonts": 0.096,
                "600 hard lines in unseen fonts": 0.099,
            },
        },
        licence_code="Apache-2.0",
        licence_weights="PP-OCRv6 Apache-2.0 (PaddlePaddle); Korean lines Apache-2.0 (Jikim, trained from PP-OCRv6)",
    )

    def __init__(self, config: ScreenTextConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._config = config
        self._sessions = sessions
        self._reader = LineReader(sessions, fast_first=config.fast_first)

    @cached_property
    def _detector(self) -> TextDetector:
        return TextDetector(self._sessions.session("ppocr-det"))

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """At most `lines_max` cues, in order of time and of reading. Raises WeightsMissing."""
        tracks = tracked([self._sightings(frame) for frame in subject.frames])
        return [self._cue(sighting, reading) for sighting, reading in in_reading_order(self._read(tracks))]

    def _sightings(self, frame: Frame) -> list[_Sighting]:
        side_px = self._config.still_side_px if frame.at_s is None else self._config.frame_side_px
        boxes = self._detector.find(frame.pixels, side_px, self._config.score)
        lines = [box for box in boxes if box.letter_px >= LETTER_MIN_PX and box.length_px >= LENGTH_MIN * box.letter_px]
        return [_sighting(frame, box) for box in lines]

    def _read(self, tracks: Sequence[_Track]) -> list[tuple[_Sighting, Reading]]:
        """The believable readings of the lines worth most; of those that say nearly the same the surest alone."""
        found: list[tuple[_Sighting, Reading]] = []
        tried = sorted(tracks, key=lambda track: -track.best.weight)[: TRIES_PER_LINE * self._config.lines_max]
        for track in tried:
            sighting, reading = self._read_track(track)
            if reading is None or not reading.is_believable:
                continue
            reading = self._reader.spelled(reading)
            same = next((place for place, other in enumerate(found) if _says_the_same(other, (sighting, reading))), None)
            if same is None:
                found.append((sighting, reading))
            elif _is_better(reading, found[same][1]):
                found[same] = (sighting, reading)
            if len(found) == self._config.lines_max:
                break
        return [one for one in found if not any(_stands_over(other, one) for other in found)]

    def _read_track(self, track: _Track) -> tuple[_Sighting, Reading | None]:
        """The line at its best; where that is unsure and the line stays, also all its sightings laid over each other: what
        moves behind the letters fades. The sighting has the box that was read."""
        best, pixels = track.best, track.best.frame.pixels
        if best.box.is_column:
            return best, self._reader.read_column(pixels, best.box)
        box = self._detector.refined(pixels, best.box)
        readings = [self._reader.read(upright(pixels, box))]
        if len(track.sightings) > 1 and (readings[0] is None or readings[0].confidence < SURE):
            pieces = [upright(sighting.frame.pixels, box) for sighting in track.sightings]
            readings.append(self._reader.read(np.mean(pieces, axis=0).astype(np.uint8)))
        surest = max((one for one in readings if one is not None), key=lambda one: one.confidence, default=None)
        return replace(best, box=box), surest

    def _cue(self, sighting: _Sighting, reading: Reading) -> Cue:
        frame = sighting.frame
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256(reading.weights),
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


def tracked(frames: Sequence[Sequence[_Sighting]]) -> list[_Track]:
    """The sightings of each line that stays over neighbouring frames together."""
    tracks: list[_Track] = []
    before: list[_Track] = []  # those that were in the frame before
    for sightings in frames:
        here = []
        for sighting in sightings:
            track = next((track for track in before if _is_same(track.sightings[-1], sighting)), None)
            if track is None:
                track = _Track([])
                tracks.append(track)
            track.add(sighting)
            here.append(track)
        before = here
    return tracks


def _is_same(one: _Sighting, other: _Sighting) -> bool:
    """Whether both show the same line in the same place, of two frames of one media."""
    if one.frame.media_id != other.frame.media_id or _overlap(one.box, other.box) < OVERLAP_MIN:
        return False
    return float((one.look * _look(other.frame, one.box)).mean()) >= LIKENESS_MIN


def _says_the_same(one: tuple[_Sighting, Reading], other: tuple[_Sighting, Reading]) -> bool:
    if not _is_one_place(one[0], other[0]):
        return agree(one[1].text, other[1].text, AGREEING_SHARE)
    is_piece = is_part(one[1].text, other[1].text) or is_part(other[1].text, one[1].text)
    return is_piece or agree(one[1].text, other[1].text, AGREEING_SHARE_HERE)


def _is_better(reading: Reading, other: Reading) -> bool:
    """Whether it is the one to give of two of a line: the surer, but rather the whole line than a piece of it."""
    is_whole, is_piece = is_part(other.text, reading.text), is_part(reading.text, other.text)
    return reading.confidence + PIECE_LEAD * (is_whole - is_piece) > other.confidence


def _stands_over(surer: tuple[_Sighting, Reading], line: tuple[_Sighting, Reading]) -> bool:
    """Whether a line is likely a bad reading of a surer one, from another moment."""
    is_surer = surer[1].confidence > line[1].confidence and line[1].confidence < BELIEVED
    return is_surer and _is_one_place(surer[0], line[0])


def _is_one_place(one: _Sighting, other: _Sighting) -> bool:
    """Whether one lies on the other for the most part."""
    if one.frame.media_id != other.frame.media_id:
        return False
    a, b = one.box.box, other.box.box
    return _shared(one.box, other.box) >= OVERLAP_MIN * min(a.width * a.height, b.width * b.height)


def _overlap(one: TextBox, other: TextBox) -> float:
    """Intersection over union of the upright boxes."""
    a, b, shared = one.box, other.box, _shared(one, other)
    return shared / (a.width * a.height + b.width * b.height - shared)


def _shared(one: TextBox, other: TextBox) -> float:
    """The area that the upright boxes have in common."""
    a, b = one.box, other.box
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    return max(width, 0.0) * max(height, 0.0)


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
