"""How well a face can be judged, and why not: small, blurred, turned, covered, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.faces_age import Estimate
from jikim.analyzers.faces_finding import Face, Points
from jikim.analyzers.pictures import Box, Pixels, square_crop

FLAT_FROM = 0.36
"""The share of a drawing's face in which neighbouring pixels are alike; 0.1 at most in 99 of 100 photographs, reached by 5
of 100 compressed at a JPEG quality of 10."""

SKIN_CHROMA = 6.0
COLOUR_CHROMA = 10.0
"""How far from grey, in CIELAB, a face of flesh lies in colour (8 and more in 440 photographs), and how far the most colourful
parts of a picture lie that is no black-and-white one."""

Doubt = Literal["small", "blurred", "turned", "covered", "drawn", "doll", "colourless", "many"]
"""Why an age is uncertain. `drawn`: the face of a drawing or a printed figure; `doll`: a soft toy's; `colourless`: grey among
colours, as a statue's; `many`: more faces in the frame than are estimated."""

DRAWN_SHARPNESS = 50.0
GOOD_SIDE_PX = 100.0
GOOD_SHARPNESS = 300.0
"""From where on a face is as good as it gets; tried on disturbed frames of the even half (bench/faces.py)."""
LEAST_WEIGHT = 0.02


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a face is certain (`side_px`, `score`, `sharpness`, at most `yaw`), and from where on it is judged."""

    side_px: float
    score: float
    yaw: float
    sharpness: float
    judged_side_px: float
    judged_sharpness: float


@dataclass(frozen=True, slots=True)
class Quality:
    """`weight` (0..1) is what the face counts for among those of its track; `doubt` is the first reason against trusting it,
    None for a certain face; one that is not `is_judged` says nothing of an age."""

    weight: float
    doubt: Doubt | None
    is_judged: bool


def quality(pixels: Pixels, face: Face, limits: Limits) -> Quality:
    """Of a face in an RGB picture."""
    sharp, yaw = sharpness(pixels, face.box), turned(face.points)
    weight = min(1.0, face.side_px / GOOD_SIDE_PX) * min(1.0, sharp / GOOD_SHARPNESS) * max(0.0, 1 - yaw) * min(1.0, face.score)
    doubts: dict[Doubt, bool] = {
        "drawn": is_drawn(pixels, face.box),
        "colourless": is_colourless(pixels, face.box),
        "small": face.side_px < max(limits.side_px, limits.judged_side_px),
        "blurred": sharp < max(limits.sharpness, limits.judged_sharpness),
        "turned": yaw > limits.yaw,
        "covered": face.score < limits.score,
    }
    return Quality(
        weight=max(weight, LEAST_WEIGHT),
        doubt=next((doubt for doubt, is_so in doubts.items() if is_so), None),
        is_judged=face.side_px >= limits.judged_side_px and sharp >= limits.judged_sharpness,
    )


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


def is_drawn(pixels: Pixels, box: Box) -> bool:
    """Whether a face is made of flat areas with edges between them, as in drawings and prints."""
    return flatness(pixels, box) >= FLAT_FROM and sharpness(pixels, box) >= DRAWN_SHARPNESS


def flatness(pixels: Pixels, box: Box) -> float:
    """The share of pixels whose right and lower neighbours are as bright as they are, of the grey face at 96 x 96 pixels."""
    grey = cv2.cvtColor(square_crop(pixels, box, 1.0, 96), cv2.COLOR_RGB2GRAY).astype(np.int16)
    across, down = grey[:-1, 1:] == grey[:-1, :-1], grey[1:, :-1] == grey[:-1, :-1]
    return float((across & down).mean())


def is_colourless(pixels: Pixels, box: Box) -> bool:
    """Whether a face is grey in a picture that is not: a statue's of stone or metal, a mask, a black-and-white print."""
    if chroma(square_crop(pixels, box, 0.9, 32)).mean() >= SKIN_CHROMA:
        return False
    step = max(1, max(pixels.shape[:2]) // 128)
    return bool(np.quantile(chroma(pixels[::step, ::step]), 0.98) >= COLOUR_CHROMA)


def chroma(pixels: Pixels) -> NDArray[np.float32]:
    """(height, width): how far each pixel lies from grey, in CIELAB."""
    lab = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2LAB).astype(np.float32)
    return np.asarray(np.hypot(lab[:, :, 1] - 128, lab[:, :, 2] - 128), np.float32)


def worded(estimated: Estimate, doubt: Doubt | None, *, is_judged: bool) -> dict[str, Any]:
    """`message_key` and `params` of a cue: what is said of a face, and of its age whether it is uncertain and why."""
    ages = {"age": estimated.age, "age_low": estimated.age_low, "age_high": estimated.age_high}
    if doubt is None:
        return {"message_key": "cue.face", "params": ages}
    why = {"doubt": {"message": f"doubt.{doubt}"}}
    return {"message_key": "cue.face_doubtful" if is_judged else "cue.face_untold", "params": {**ages, **why}}
