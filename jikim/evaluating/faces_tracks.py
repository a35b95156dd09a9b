"""The task `tracks`: what the frames of a film say of one person together, against what one of them says alone.

A manifest names films of one person each, with the person's age. Of each film the track with the most faces counts. The single
frame it is compared with is one of the same track, drawn at random but the same in every run; the intervals of the gains
resample both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jikim.evaluating import plots
from jikim.evaluating.faces import Person, read_person
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, grouped, shown
from jikim.evaluating.metrics import (
    auc_difference,
    auc_interval,
    calibration_error,
    mean,
    mean_difference,
    quantiles,
    reliability,
    roc,
    share,
    share_of,
)
from jikim.types import Cue, JsonValue

SEED = 20260522


@dataclass(frozen=True, slots=True)
class Followed:
    """A person, the longest track of the film, and the one of its faces that stands for a single frame."""

    person: Person
    track: Sequence[Cue]
    single: Cue

    @property
    def age(self) -> float:
        return float(self.track[0].value["age"])

    @property
    def p_minor(self) -> float:
        return float(self.track[0].value["p_minor"])

    @property
    def age_alone(self) -> float:
        return float(self.single.value.get("age_alone", self.single.value["age"]))

    @property
    def p_minor_alone(self) -> float:
        return float(self.single.value.get("p_minor_alone", self.single.value["p_minor"]))

    @property
    def is_inside(self) -> bool:
        value = self.track[0].value
        return bool(value["age_low"] <= self.person.age <= value["age_high"])


def track_figures(observed: Sequence[Observed[Person]]) -> Figures:
    """Of the longest track of each film; a film without a judged face counts in `face_found` alone."""
    seen = _followed(observed)
    truth = [one.person.is_minor for one in seen]
    bins = reliability([one.p_minor for one in seen], truth)
    curves = {"track": roc([one.p_minor for one in seen], truth), "one frame": roc([one.p_minor_alone for one in seen], truth)}
    metrics = {
        "face_found": shown(share(len(seen), len(observed))),
        "frames_a_track": quantiles([float(len(one.track)) for one in seen]),
        **_gains(seen),
        "true_age_inside_interval": shown(share_of([one.is_inside for one in seen])),
        "interval_width_years": shown(mean([one.track[0].value["age_high"] - one.track[0].value["age_low"] for one in seen])),
        "minor_calibration_error": shown(calibration_error(bins)),
    }
    by_group = {
        "age": grouped(observed, lambda one: one.truth.band, _group_figures),
        **by_named_group(observed, _group_figures),
    }
    drawn = {
        "reliability": plots.calibration("p(minor) of a track", "predicted", "true share", bins),
        "roc": plots.lines("minor or adult", "adults flagged", "minors found", {name: c for name, c in curves.items() if c}),
    }
    return Figures(metrics, by_group, drawn)


def _gains(seen: Sequence[Followed]) -> dict[str, JsonValue]:
    together = [abs(one.age - one.person.age) for one in seen]
    alone = [abs(one.age_alone - one.person.age) for one in seen]
    truth = [one.person.is_minor for one in seen]
    told, told_alone = [one.p_minor for one in seen], [one.p_minor_alone for one in seen]
    return {
        "mean_absolute_error_years": shown(mean(together)),
        "mean_absolute_error_years_of_one_frame": shown(mean(alone)),
        "error_of_the_track_less_one_frame": shown(mean_difference(together, alone)),
        "minor_or_adult_auc": shown(auc_interval(told, truth)),
        "minor_or_adult_auc_of_one_frame": shown(auc_interval(told_alone, truth)),
        "auc_of_the_track_less_one_frame": shown(auc_difference(told, told_alone, truth)),
    }


def _group_figures(observed: Sequence[Observed[Person]]) -> Mapping[str, JsonValue]:
    seen = _followed(observed)
    return {
        "mean_absolute_error_years": shown(mean([abs(one.age - one.person.age) for one in seen])),
        "mean_absolute_error_years_of_one_frame": shown(mean([abs(one.age_alone - one.person.age) for one in seen])),
        "true_age_inside_interval": shown(share_of([one.is_inside for one in seen])),
    }


def _followed(observed: Sequence[Observed[Person]]) -> list[Followed]:
    drawn = np.random.default_rng(SEED)
    found = []
    for one in observed:
        tracks: dict[object, list[Cue]] = {}
        for cue in one.cues("face"):
            tracks.setdefault(cue.value["track"], []).append(cue)
        track = max(tracks.values(), key=len, default=[])
        judged = [cue for cue in track if cue.value["quality"] > 0]
        if judged:
            found.append(Followed(one.truth, track, judged[int(drawn.integers(len(judged)))]))
    return found


TRACKS = Task("tracks", "faces", ("file", "age"), read_person, track_figures)
