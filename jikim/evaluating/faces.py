"""Tasks over faces: `age` (one person a picture, with the true age) and `faces` (how many faces a picture shows)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jikim.evaluating import plots
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, grouped, shown
from jikim.evaluating.manifest import Line, number_in, one_of
from jikim.evaluating.metrics import (
    Estimate,
    auc_interval,
    calibration_error,
    mean,
    quantiles,
    reliability,
    roc,
    share,
    share_of,
)
from jikim.types import Cue, JsonValue

ADULT_FROM = 18
GENDER_TOLD_FROM = 15
"""Younger faces say little of it."""

AGE_BANDS = (0, 5, 10, 13, 16, 18, 20, 23, 26, 36, 51)
"""Where each band begins; the last has no end."""

_IS_FEMALE = {"female": True, "male": False, "f": True, "m": False, "여": True, "남": False}


@dataclass(frozen=True, slots=True)
class Person:
    """The one person of a picture."""

    age: float
    is_female: bool | None

    @property
    def is_minor(self) -> bool:
        return self.age < ADULT_FROM

    @property
    def band(self) -> str:
        start = max(start for start in AGE_BANDS if start <= self.age)
        later = [end for end in AGE_BANDS if end > start]
        return f"{start:02d}-{later[0] - 1:02d}" if later else f"{start:02d}+"


Seen = tuple[Person, Cue]


def read_person(line: Line) -> Person:
    """`age` in years, `gender` (female, male, f, m, 여, 남) where the manifest has it. Raises BadLine."""
    age = number_in(line, "age", 0, 130)
    return Person(age, one_of(line, "gender", _IS_FEMALE) if line.columns.get("gender") else None)


def age_figures(observed: Sequence[Observed[Person]]) -> Figures:
    """Of the largest face of each picture; a picture without a face counts in `face_found` alone."""
    seen = _seen(observed)
    truth = [person.is_minor for person, _ in seen]
    p_minor = [float(face.value["p_minor"]) for _, face in seen]
    bins = reliability(p_minor, truth)
    metrics = {
        "face_found": shown(share(len(seen), len(observed))),
        **_age_errors(seen),
        "mean_absolute_error_years_under_18": shown(mean([_error(one) for one in seen if one[0].is_minor])),
        "mean_absolute_error_years_where_certain": shown(mean([_error(one) for one in seen if one[1].value["is_certain"]])),
        "marked_certain": shown(share_of([one[1].value["is_certain"] for one in seen])),
        "minor_or_adult_auc": shown(auc_interval(p_minor, truth)),
        "minor_calibration_error": shown(calibration_error(bins)),
        "adults_flagged_at_90_percent_recall": shown(_alarms_at(roc(p_minor, truth), 0.9)),
        "gender_accuracy_from_15": shown(_gender_accuracy(seen)),
    }
    by_group = {
        "age": grouped(observed, lambda one: one.truth.band, _group_figures),
        "gender": grouped(observed, _gender, _group_figures),
        **by_named_group(observed, _group_figures),
    }
    drawn = {
        "reliability": plots.calibration("p(minor)", "predicted", "true share", bins),
        "roc": plots.lines("minor or adult", "adults flagged", "minors found", {"p(minor)": roc(p_minor, truth)}),
        "error": plots.histogram(
            "estimated less true age", "years", "faces", [face.value["age"] - person.age for person, face in seen], -30, 30
        ),
    }
    return Figures(metrics, by_group, drawn)


def _group_figures(observed: Sequence[Observed[Person]]) -> Mapping[str, JsonValue]:
    seen = _seen(observed)
    truth = [person.is_minor for person, _ in seen]
    area = auc_interval([face.value["p_minor"] for _, face in seen], truth)
    return {
        "face_found": shown(share(len(seen), len(observed))),
        **_age_errors(seen),
        **({"minor_or_adult_auc": shown(area)} if area else {}),
        "estimated_under_18": shown(share_of([face.value["age"] < ADULT_FROM for _, face in seen])),
        "gender_accuracy_from_15": shown(_gender_accuracy(seen)),
    }


def _age_errors(seen: Sequence[Seen]) -> dict[str, JsonValue]:
    inside = [face.value["age_low"] <= person.age <= face.value["age_high"] for person, face in seen]
    return {
        "mean_absolute_error_years": shown(mean([_error(one) for one in seen])),
        "mean_error_years": shown(mean([face.value["age"] - person.age for person, face in seen])),
        "true_age_inside_interval": shown(share_of(inside)),
        "interval_width_years": shown(mean([face.value["age_high"] - face.value["age_low"] for _, face in seen])),
    }


def _seen(observed: Sequence[Observed[Person]]) -> list[Seen]:
    """Each person with the largest face found of them."""
    faces = [(one.truth, one.cues("face")) for one in observed]
    return [(person, max(cues, key=_area)) for person, cues in faces if cues]


def _area(face: Cue) -> float:
    return face.region.w * face.region.h if face.region else 0.0


def _error(seen: Seen) -> float:
    person, face = seen
    return abs(float(face.value["age"]) - person.age)


def _gender(one: Observed[Person]) -> str:
    return {True: "female", False: "male", None: ""}[one.truth.is_female]


def _gender_accuracy(seen: Sequence[Seen]) -> Estimate | None:
    return share_of(
        [
            (face.value["p_female"] >= 0.5) == person.is_female
            for person, face in seen
            if person.is_female is not None and person.age >= GENDER_TOLD_FROM
        ]
    )


def _alarms_at(curve: Sequence[tuple[float, float]], recall: float) -> float | None:
    """The share of adults that is flagged where so many minors are found."""
    return next((alarms for alarms, hits in curve if hits >= recall), None)


def read_count(line: Line) -> int:
    """`faces`, how many faces the picture shows. Raises BadLine."""
    return int(number_in(line, "faces", 0, 10_000))


def face_figures(observed: Sequence[Observed[int]]) -> Figures:
    """How many faces are found of those there are; in a video the most in one frame."""
    return Figures(
        {**_count_figures(observed), "faces_a_picture": quantiles([float(_most(one)) for one in observed])},
        by_named_group(observed, _count_figures),
        {
            "faces": plots.histogram(
                "found less true faces", "faces", "items", [_most(one) - one.truth for one in observed], -10, 10
            )
        },
    )


def _count_figures(observed: Sequence[Observed[int]]) -> Mapping[str, JsonValue]:
    found = [(_most(one), one.truth) for one in observed]
    with_faces = [most > 0 for most, truth in found if truth > 0]
    without = [most > 0 for most, truth in found if truth == 0]
    return {
        "faces_found_of_those_there": shown(share(sum(min(pair) for pair in found), sum(truth for _, truth in found))),
        "true_of_faces_found": shown(share(sum(min(pair) for pair in found), sum(most for most, _ in found))),
        "items_with_faces_noticed": shown(share_of(with_faces)),
        "items_without_faces_flagged": shown(share_of(without)),
        "exact_count": shown(share_of([most == truth for most, truth in found])),
    }


def _most(one: Observed[int]) -> int:
    """The most faces in any one frame."""
    counts: dict[float | None, int] = {}
    for cue in one.cues("face"):
        counts[cue.at_s] = counts.get(cue.at_s, 0) + 1
    return max(counts.values(), default=0)


AGE = Task("age", "faces", ("file", "age"), read_person, age_figures)
FACES = Task("faces", "faces", ("file", "faces"), read_count, face_figures)
