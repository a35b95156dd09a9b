"""What the faces of one track say together: one estimate for the person, each face counting by its quality.

A single frame may be blurred, turned or half hidden; over a track such frames weigh little. The model errs about a person the
same way in every frame, so that the interval narrows only as far as the faces of poor quality had widened it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log
from typing import Any

from jikim.analyzers.faces_age import Estimate
from jikim.analyzers.faces_places import on_screen
from jikim.analyzers.faces_quality import worded
from jikim.types import Cue

SHARPENING = 2.0
"""The power of a face's quality at which it counts: a face half as good counts a quarter."""


def fused(track: Sequence[Cue]) -> list[Cue]:
    """The same cues `face` of one track in the same order, each with what was estimated of all of them together.

    `is_certain` where any of them was certain. Faces that could not be judged (quality 0) take over what the others say; where
    none could be, all stay as they are. A track of one face stays as it is. `age_alone` and `p_minor_alone` keep what a face
    said by itself, so that what is gained can be measured.
    """
    judged = [cue for cue in track if float(cue.value.get("quality", 1.0)) > 0]
    if len(track) < 2 or not judged:
        return list(track)
    sure = [cue for cue in judged if cue.value["is_certain"]]
    together = _together(sure or judged)
    doubt = None if sure else max(judged, key=_weight).value.get("doubt")
    value = {
        "age": together.age,
        "age_low": together.age_low,
        "age_high": together.age_high,
        "p_minor": together.p_minor,
        "p_female": together.p_female,
        "is_certain": bool(sure),
        "doubt": doubt,
    }
    said = worded(together, doubt, is_judged=True)
    told = [replace(cue, value={**cue.value, **_alone(cue), **value}, **said) for cue in track]
    return [on_screen(cue) if cue.value.get("shown_on") == "screen" else cue for cue in told]


def _alone(cue: Cue) -> dict[str, Any]:
    return {f"{name}_alone": cue.value[name] for name in ("age", "p_minor")}


def _together(faces: Sequence[Cue]) -> Estimate:
    weights = [_weight(cue) for cue in faces]

    def mean(name: str) -> float:
        return sum(weight * float(cue.value[name]) for weight, cue in zip(weights, faces, strict=True)) / sum(weights)

    def mean_share(name: str) -> float:
        return _sigmoid(
            sum(weight * _logit(float(cue.value[name])) for weight, cue in zip(weights, faces, strict=True)) / sum(weights)
        )

    return Estimate(
        age=round(mean("age"), 2),
        age_low=round(mean("age_low"), 2),
        age_high=round(mean("age_high"), 2),
        p_minor=round(mean_share("p_minor"), 4),
        p_female=round(mean_share("p_female"), 4),
    )


def _weight(cue: Cue) -> float:
    quality = float(cue.value.get("quality", 1.0))
    return float(quality**SHARPENING)


def _logit(share: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return log(share / (1 - share))


def _sigmoid(value: float) -> float:
    return 1 / (1 + exp(-value))
