"""Faces with estimated age and gender: YuNet finds them, faceres-deep estimates, the estimate is calibrated.

Nothing here recognises anybody: no template of a face is made or kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import drawings
from jikim.analyzers.faces_age import UNKNOWN, Estimate, estimate, widened
from jikim.analyzers.faces_finding import Face, FaceFinder
from jikim.analyzers.faces_quality import Doubt, Limits, Quality, quality, worded
from jikim.analyzers.pictures import Box, Pixels, region, square_crop
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, Frame, ModelCard, Need, Subject

FRAME_VIEWS = ((1.3, False),)
STILL_VIEWS = ((1.15, False), (1.3, True), (1.45, False))
"""How a face is looked at: the crop's side as a multiple of the face's, and whether it is mirrored. A still is all there is of
a person; of a video's frames, which are many, each is looked at once."""
CROP_SIDE_PX = 224
CROP_MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)


class FacesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a face, and when its age is marked uncertain: below `certain_side_px`, `certain_score` or
    `certain_sharpness`, or turned further than `certain_yaw`. Below `judged_side_px` and `judged_sharpness` nothing is said of
    its age at all: blurred as much as that, faces look eight years younger to the model than they are.

    `detection_side_px` is the longest side at which faces are sought. Of 120 faces pasted into 960 x 540 pixels it finds at
    48 / 32 / 24 pixels: 99 / 94 / 58 % at 640; 99 / 88 / 13 % at 480 for 0.6 of the time; 100 / 98 / 93 % at 960 for 1.8.
    `estimated_most` faces of a frame, the largest, are estimated; the others are counted as faces that cannot be judged.
    """

    detection_side_px: Annotated[int, msgspec.Meta(ge=160, le=1920)] = 640
    detection_score: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.7
    certain_side_px: float = 32.0
    certain_score: float = 0.85
    certain_yaw: float = 0.35
    certain_sharpness: float = 50.0
    judged_side_px: float = 16.0
    judged_sharpness: float = 20.0
    estimated_most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 40

    @property
    def limits(self) -> Limits:
        return Limits(
            self.certain_side_px,
            self.certain_score,
            self.certain_yaw,
            self.certain_sharpness,
            self.judged_side_px,
            self.judged_sharpness,
        )


class FacesAnalyzer:
    """Gives one cue `face` for each face in each frame; `tracks.with_tracks` sets its track afterwards and gives all faces of a
    track what was estimated of them together."""

    name: ClassVar[str] = "faces"
    version: ClassVar[str] = "3"
    Config: ClassVar[type[FacesConfig]] = FacesConfig
    weights: ClassVar[tuple[str, ...]] = ("yunet", "faceres-deep")
    needs: ClassVar[frozenset[Need]] = frozenset({Need.FRAMES})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 12.0  # 10 to find, 8 more for each face, 24 in a still
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Order people's work by how likely a face is a minor's. Never to decide, never to identify.",
        limits="16-17 cannot be told from 18-19. Small, blurred and turned faces are missed or marked uncertain, and where "
        "nothing can be told it says so; blurred faces look younger to it than they are. Faces behind a mask or dark glasses "
        "are mostly not noticed as covered. Named as such, and only there: drawn faces that are flat and sharp, statues grey "
        "among colours, soft toys and people on screens where the toy or the screen is seen too. Statues in colour and dolls "
        "are taken for people. The calibration is that of UTKFace, where 45 of 100 were minors.",
        data="YuNet: WIDER FACE. faceres-deep: looks like HSE_FaceRec_tf, trained on IMDB faces, adults mostly.",
        metrics={
            "mean_absolute_error_years": 4.46,
            "minor_or_adult_auc": 0.968,
            "true_age_inside_interval": 0.903,
            "interval_width_years": 18.8,
            "minor_calibration_error": 0.024,
            "adults_flagged_at_90_percent_recall": 0.103,
            "faces": 1264,
            "source": "UTKFace crops of the odd half, every age band alike (bench/faces.py); measuring only. The model as it "
            "comes: 4.8 years, AUC 0.952, 0.158 of the adults flagged",
        },
        by_group={
            "largest_difference_of_the_auc": {"gender": 0.017, "appearance": 0.043},
            "share_called_under_18_by_true_age": {
                "00-04": 1.0,
                "05-09": 0.95,
                "10-12": 0.95,
                "13-15": 0.77,
                "16-17": 0.55,
                "18-19": 0.25,
                "20-22": 0.14,
                "23-25": 0.03,
                "26-35": 0.02,
                "36-50": 0.0,
                "51+": 0.0,
            },
        },
        licence_code="Apache-2.0; OpenCV Zoo MIT; human-models MIT",
        licence_weights="YuNet MIT. faceres-deep unsettled: the package that carries it (human-models) is MIT and names no "
        "source; it looks like HSE_FaceRec_tf, reported as Apache-2.0, trained on VGGFace2 and IMDB faces. A centre decides "
        "whether it may be used (NOTICE)",
    )

    def __init__(self, config: FacesConfig, sessions: Sessions) -> None:
        cv2.setNumThreads(1)
        self._config = config
        self._sessions = sessions
        self._finder = FaceFinder(sessions, config.detection_side_px, config.detection_score)

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a face and frame, frames in order, the surest face first. Raises WeightsMissing."""
        for frame in subject.frames:
            faces = self._finder.find(frame.pixels)
            qualities = [quality(frame.pixels, face, self._config.limits) for face in faces]
            judged = self._judged(faces, qualities)
            estimates = dict(zip(judged, self._estimate(frame, [faces[place] for place in judged]), strict=True))
            for place, (face, seen) in enumerate(zip(faces, qualities, strict=True)):
                yield self._cue(frame, face, seen, estimates.get(place))

    def _judged(self, faces: Sequence[Face], qualities: Sequence[Quality]) -> list[int]:
        """The places of the faces whose age is estimated: those good enough, the largest where there are too many."""
        able = [place for place, seen in enumerate(qualities) if seen.is_judged]
        able.sort(key=lambda place: -faces[place].side_px)
        return sorted(able[: self._config.estimated_most])

    def _estimate(self, frame: Frame, faces: Sequence[Face]) -> list[Estimate]:
        """Age and gender of all faces of a frame in one batch."""
        if not faces:
            return []
        views = STILL_VIEWS if frame.at_s is None else FRAME_VIEWS
        crops = np.stack([_view(frame.pixels, face.box, *view) for face in faces for view in views])
        names = ["age_pred/Softmax:0", "gender_pred/Sigmoid:0"]
        ages, males = self._sessions.session("faceres-deep").run(names, {"input_1:0": crops - CROP_MEAN_BGR})
        shares, male = ages.reshape(len(faces), len(views), -1), males.reshape(len(faces), len(views))
        return [estimate(each.mean(axis=0), float(one.mean())) for each, one in zip(shares, male, strict=True)]

    def _cue(self, frame: Frame, face: Face, seen: Quality, estimated: Estimate | None) -> Cue:
        told = widened(estimated, seen.weight) if estimated else UNKNOWN
        doubt: Doubt | None = "many" if seen.is_judged and estimated is None else seen.doubt
        return Cue(
            media_id=frame.media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("faceres-deep"),
            name="face",
            at_s=frame.at_s,
            region=region(face.box, frame.pixels),
            value={
                "age": told.age,
                "age_low": told.age_low,
                "age_high": told.age_high,
                "p_minor": told.p_minor,
                "p_female": told.p_female,
                "is_certain": doubt is None,
                "doubt": doubt,
                "quality": round(seen.weight, 3) if estimated else 0.0,
                "track": None,
            },
            confidence=min(face.score, 1.0),
            **worded(told, doubt, is_judged=estimated is not None),
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
        analyzer._finder.find(blank)
        analyzer._estimate(Frame("verify", None, blank), [Face(Box(8, 8, 48, 48), np.zeros((5, 2), np.float32), 1.0)])


def _view(pixels: Pixels, box: Box, margin: float, is_mirrored: bool) -> NDArray[np.float32]:
    """(224, 224, 3), BGR 0..255."""
    crop = square_crop(pixels, box, margin, CROP_SIDE_PX)[:, :, ::-1]
    return np.asarray(crop[:, ::-1] if is_mirrored else crop, np.float32)
