"""Faces with estimated age and gender: YuNet finds them, faceres-deep estimates.

Nothing here recognises anybody: no template of a face is made or kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings
from jikim.analyzers.pictures import Box, Pixels, padded, region, scaled_down, square_crop
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

CROP_MARGIN = 1.15
CROP_SIDE_PX = 224
CROP_MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
AGES = np.arange(1, 101, dtype=np.float32)

DETECTION_SIDE_MIN_PX = 64
"""With a side of up to 32 pixels cv2.FaceDetectorYN (4.14) reads uninitialised memory and finds faces in plain grey."""

INTERVAL_PAD_YEARS = 3.0
"""By how much the interval reaches beyond the model's own 5-95 % quantiles, which cover the true age of 80 % of faces only; so
widened they cover 90 %. Fitted on the even half of 2,000 UTKFace crops; the odd half gives 90.0 %, but not in every band: at 13
to 15 years and above 50 it covers two thirds to three quarters (docs/cards/faces.md)."""

Points = NDArray[np.float32]


class FacesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a face, and when its age is marked uncertain: below `certain_side_px`, `certain_score` or
    `certain_sharpness`, or turned further than `certain_yaw`.

    `detection_side_px` is the longest side at which faces are sought. Of 120 faces pasted into 960 x 540 pixels it finds at
    48 / 32 / 24 pixels: 99 / 94 / 58 % at 640; 99 / 88 / 13 % at 480 for 0.6 of the time; 100 / 98 / 93 % at 960 for 1.8.
    """

    detection_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 640
    detection_score: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.7
    certain_side_px: float = 32.0
    certain_score: float = 0.8
    certain_yaw: float = 0.35
    certain_sharpness: float = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A detection in pixels of the frame. `points` (5, 2): right eye, left eye, nose, right and left corner of the mouth."""

    box: Box
    points: Points
    score: float


@dataclass(frozen=True, slots=True)
class _Estimate:
    age: float
    age_low: float
    age_high: float
    p_minor: float
    p_female: float


class FacesAnalyzer:
    """Gives one cue `face` for each face in each frame; its track is set afterwards by `tracks.with_tracks`."""

    name: ClassVar[str] = "faces"
    version: ClassVar[str] = "1"
    Config: ClassVar[type[FacesConfig]] = FacesConfig
    weights: ClassVar[tuple[str, ...]] = ("yunet", "faceres-deep")
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 12.0  # 10 to find, 8 more for each face
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Order people's work by how likely a face is a minor's. Never to decide, never to identify.",
        limits="16-17 cannot be told from 18-19. At 90 % recall of minors 14-17 % of all adults are flagged, 2-4 % of those "
        "over 26. Small, blurred, turned or covered faces are missed or marked uncertain. Drawings are not faces.",
        data="YuNet: WIDER FACE. faceres-deep: looks like HSE_FaceRec_tf, trained on IMDB faces, adults mostly.",
        metrics={
            "mean_absolute_error_years": 4.9,
            "mean_absolute_error_years_under_18": 2.95,
            "minor_or_adult_auc": 0.959,
            "gender_accuracy_from_15": 0.945,
            "faces": 1199,
            "true_age_inside_interval": 0.90,
            "source": "UTKFace crops, measuring only (the interval's width is fitted on them)",
            "adult_celebrities_called_under_18": "0 of 62",
        },
        by_group={
            "share_called_under_18_by_true_age": {
                "0-4": 1.00,
                "5-9": 0.98,
                "10-12": 0.90,
                "13-15": 0.60,
                "16-17": 0.23,
                "18-19": 0.18,
                "20-22": 0.05,
                "23-25": 0.03,
            },
        },
        licence_code="Apache-2.0; OpenCV Zoo MIT; human-models MIT",
        licence_weights="YuNet MIT; faceres-deep: upstream looks like HSE_FaceRec_tf, Apache-2.0, trained on IMDB faces; have "
        "a lawyer check",
    )

    def __init__(self, config: FacesConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._config = config
        self._sessions = sessions

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a face and frame, frames in order, the surest face first. Raises WeightsMissing."""
        for frame in subject.frames:
            faces = self._find(frame.pixels)
            if faces:
                estimates = self._estimate(frame.pixels, faces)
                yield from (self._cue(frame, *found) for found in zip(faces, estimates, strict=True))

    @cached_property
    def _detector(self) -> Any:
        path = str(self._sessions.path("yunet"))
        return cv2.FaceDetectorYN.create(path, "", (320, 320), self._config.detection_score, 0.3, 5000)

    def _find(self, pixels: Pixels) -> list[_Face]:
        small, scale = scaled_down(pixels, self._config.detection_side_px)
        small = padded(small, DETECTION_SIDE_MIN_PX)
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        rows = self._detector.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        if rows is None:
            return []
        faces = [_Face(Box(*(row[:4] / scale).tolist()), row[4:14].reshape(5, 2) / scale, float(row[14])) for row in rows]
        return sorted((face for face in faces if min(face.box[2:]) >= 1), key=lambda face: -face.score)

    def _estimate(self, pixels: Pixels, faces: Sequence[_Face]) -> list[_Estimate]:
        """Age and gender of all faces of a frame in one batch."""
        crops = np.stack([square_crop(pixels, face.box, CROP_MARGIN, CROP_SIDE_PX)[:, :, ::-1] for face in faces])
        names = ["age_pred/Softmax:0", "gender_pred/Sigmoid:0"]
        session = self._sessions.session("faceres-deep")
        ages, males = session.run(names, {"input_1:0": crops.astype(np.float32) - CROP_MEAN_BGR})
        return [_estimate(shares, float(male)) for shares, male in zip(ages, males[:, 0], strict=True)]

    def _cue(self, frame: Frame, face: _Face, estimate: _Estimate) -> Cue:
        is_certain = self._is_certain(frame.pixels, face)
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("faceres-deep"),
            name="face",
            at_s=frame.at_s,
            region=region(face.box, frame.pixels),
            value={
                "age": estimate.age,
                "age_low": estimate.age_low,
                "age_high": estimate.age_high,
                "p_minor": estimate.p_minor,
                "p_female": estimate.p_female,
                "is_certain": is_certain,
                "track": None,
            },
            confidence=min(face.score, 1.0),
            message_key="cue.face" if is_certain else "cue.face_uncertain",
            params={"age": estimate.age, "age_low": estimate.age_low, "age_high": estimate.age_high},
        )

    def _is_certain(self, pixels: Pixels, face: _Face) -> bool:
        """Whether the face is large, clear, frontal and sharp enough for its age to mean something."""
        return bool(
            min(face.box[2:]) >= self._config.certain_side_px
            and face.score >= self._config.certain_score
            and turned(face.points) <= self._config.certain_yaw
            and sharpness(pixels, face.box) >= self._config.certain_sharpness
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """A drawn face, and two pictures without one."""
        yield drawings.example(drawings.face(), "face")
        yield drawings.example(drawings.slope())
        yield drawings.example(drawings.noise())

    @classmethod
    def verify(cls, config: FacesConfig, sessions: Sessions) -> None:
        """Runs both models once. Raises WeightsMissing."""
        analyzer = cls(config, sessions)
        blank = np.zeros((64, 64, 3), np.uint8)
        analyzer._find(blank)
        analyzer._estimate(blank, [_Face(Box(8, 8, 48, 48), np.zeros((5, 2), np.float32), 1.0)])


def turned(points: Points) -> float:
    """How far a face is turned to the side, from its five points (5, 2): how far the nose lies from the middle of the eyes
    along the line between them, as a share of the distance between the eyes. 0 is frontal, about 0.5 a half profile."""
    right_eye, left_eye, nose = points[:3]
    between = left_eye - right_eye
    distance = float(np.hypot(*between))
    if distance < 1:
        return 1.0
    return abs(float((nose - (right_eye + left_eye) / 2) @ between)) / distance**2


def sharpness(pixels: Pixels, box: Box) -> float:
    """The variance of the Laplacian of the grey face at 64 x 64 pixels: some hundreds when sharp, below 50 when blurred."""
    grey = cv2.cvtColor(square_crop(pixels, box, 1.0, 64), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _estimate(shares: NDArray[np.float32], male: float) -> _Estimate:
    """From the distribution over 1..100 years and the probability of male."""
    age = float(shares @ AGES)
    low, high = (float(np.interp(quantile, np.cumsum(shares), AGES)) for quantile in (0.05, 0.95))
    return _Estimate(
        age=round(age, 2),
        age_low=round(max(0.0, min(low, age) - INTERVAL_PAD_YEARS), 2),
        age_high=round(max(high, age) + INTERVAL_PAD_YEARS, 2),
        p_minor=round(min(float(shares[:17].sum()), 1.0), 4),
        p_female=round(1.0 - male, 4),
    )
