"""`python -m bench.faces FOLDER`: what calibrating faces gains, on crops of faces named by their age and gender.

The crops (UTKFace: github bagashvilit/facial_recognition_bias, data/images/*.chip.jpg) are for measuring only. Files whose
sha1(basename) ends in an even digit serve `bench/faces_fit.py`; every figure is of the odd half, as many of each age band as
there are up to `--each`. `bench/faces_films.py` makes films of them for `jikim evaluate tracks`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.measuring import table
from jikim import config as configuration
from jikim.analyzers.faces import CROP_MEAN_BGR, FacesAnalyzer, FacesConfig
from jikim.analyzers.faces_age import AGES, YOUNG_BELOW
from jikim.analyzers.faces_finding import FaceFinder
from jikim.analyzers.pictures import square_crop
from jikim.evaluating.faces import AGE_BANDS
from jikim.evaluating.metrics import auc, calibration_error, reliability, roc
from jikim.types import Cue, Frame, Subject
from jikim.weights.sessions import LocalSessions

SEED = 5
FRAMES = 10
ROUNDS = 2000
PLAIN_VIEWS = ((1.15, False),)
Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture of one face with its labels; `appearance` is UTKFace's own word for it, by number."""

    path: Path
    age: int
    gender: int
    appearance: int

    @property
    def is_odd(self) -> bool:
        return int(hashlib.sha1(self.path.name.encode(), usedforsecurity=False).hexdigest()[-1], 16) % 2 == 1

    def pixels(self) -> Pixels:
        read = cv2.imread(str(self.path))
        if read is None:
            raise SystemExit(f"no picture: {self.path}")
        return np.asarray(read[:, :, ::-1], np.uint8)


def crops(folder: Path, each: int, *, is_odd: bool) -> list[Crop]:
    """At most `each` of every age band of one half, the same ones in every run."""
    found = [crop for path in sorted(folder.rglob("*.chip.jpg")) if (crop := _labelled(path)) and crop.is_odd is is_odd]
    random.Random(SEED).shuffle(found)
    taken: Counter[int] = Counter()
    chosen = []
    for crop in found:
        band = max(start for start in AGE_BANDS if start <= crop.age)
        taken[band] += 1
        if taken[band] <= each:
            chosen.append(crop)
    return chosen


def _labelled(path: Path) -> Crop | None:
    labels = path.name.split("_")[:3]
    return Crop(path, *(int(label) for label in labels)) if len(labels) == 3 and all(map(str.isdigit, labels)) else None


class Looks:
    """The shipped analyzer, and the plain model beside it."""

    def __init__(self) -> None:
        sessions = LocalSessions(configuration.load().weights)
        self._model = sessions.session("faceres-deep")
        self._finder = FaceFinder(sessions, 640, 0.7)
        self._analyzer = FacesAnalyzer(FacesConfig(), sessions)

    def face(self, pixels: Pixels, at_s: float | None = None) -> Cue | None:
        """The largest face as the analyzer sees it, in a still or in a frame of a video."""
        cues = list(self._analyzer.analyze(Subject(None, (Frame("crop", at_s, np.ascontiguousarray(pixels)),))))
        return max(cues, key=lambda cue: cue.region.w * cue.region.h if cue.region else 0, default=None)

    def raw(self, pixels: Pixels, views: Sequence[tuple[float, bool]]) -> tuple[float, float, float, float] | None:
        """The mean of the model's distribution, its mass below 18, that below `YOUNG_BELOW` and its probability of female,
        averaged over views: the crop's side as a multiple of the face's, and whether it is mirrored."""
        faces = self._finder.find(pixels)
        if not faces:
            return None
        box = max(faces, key=lambda face: face.box.width * face.box.height).box
        crops = [square_crop(pixels, box, margin, 224)[:, :: -1 if is_mirrored else 1, ::-1] for margin, is_mirrored in views]
        given = np.stack(crops).astype(np.float32) - CROP_MEAN_BGR
        shares, male = self._model.run(["age_pred/Softmax:0", "gender_pred/Sigmoid:0"], {"input_1:0": given})
        mean = shares.mean(axis=0)
        return float(mean @ AGES), float(mean[:17].sum()), float(mean[: YOUNG_BELOW - 1].sum()), 1 - float(male.mean())


def _paired(measure: Callable[[Values, Values], float], one: Values, other: Values, truth: Values) -> str:
    """By how much `one` is above `other`, with the middle 95 % over resamples of the same items."""
    drawn = np.random.default_rng(SEED)
    gains = []
    for _ in range(ROUNDS):
        chosen = drawn.integers(0, truth.size, truth.size)
        gains.append(measure(one[chosen], truth[chosen]) - measure(other[chosen], truth[chosen]))
    low, high = np.quantile(gains, (0.025, 0.975))
    return f"{measure(one, truth):.4f} against {measure(other, truth):.4f}, gain {np.mean(gains):+.4f} ({low:+.4f}~{high:+.4f})"


def _area(scores: Values, ages: Values) -> float:
    return auc(scores, ages < 18) or float("nan")


def _error(estimated: Values, ages: Values) -> float:
    return float(np.abs(estimated - ages).mean())


def bench_stills(chosen: Sequence[Crop], looks: Looks) -> None:
    """One face a picture: the shipped analyzer against the plain model."""
    seen = [(crop, face, plain) for crop in chosen if (face := looks.face(pixels := crop.pixels()))
            and (plain := looks.raw(pixels, PLAIN_VIEWS))]  # fmt: skip
    ages = np.array([crop.age for crop, _, _ in seen], np.float64)
    is_minor = ages < 18
    p_minor, age = (np.array([face.value[name] for _, face, _ in seen]) for name in ("p_minor", "age"))
    low, high = (np.array([face.value[name] for _, face, _ in seen]) for name in ("age_low", "age_high"))
    plain_age, plain_p = (np.array([plain[place] for _, _, plain in seen]) for place in (0, 1))
    flagged = next(alarms for alarms, hits in roc(p_minor, is_minor) if hits >= 0.9)
    plain_flagged = next(alarms for alarms, hits in roc(plain_p, is_minor) if hits >= 0.9)
    table(
        f"Age of {len(seen)} faces of {len(chosen)} crops",
        [
            ("minor or adult, AUC", _paired(_area, p_minor, plain_p, ages)),
            ("the same against the plain mean age", _paired(_area, p_minor, -plain_age, ages)),
            ("mean absolute error, years", _paired(_error, age, plain_age, ages)),
            ("true age inside the 90 % interval", f"{((ages >= low) & (ages <= high)).mean():.3f}"),
            ("mean width of the interval, years", f"{(high - low).mean():.1f}"),
            ("calibration error of p(minor)", f"{calibration_error(reliability(p_minor, is_minor)):.3f}"),
            ("adults flagged at 90 % recall of minors", f"{flagged:.3f} against {plain_flagged:.3f}"),
            *_gaps("gender", [crop.gender for crop, _, _ in seen], p_minor, ages),
            *_gaps("appearance", [crop.appearance for crop, _, _ in seen], p_minor, ages),
        ],
    )


def _gaps(name: str, groups: Sequence[int], p_minor: Values, ages: Values) -> list[tuple[str, str]]:
    """The AUC of each group, and the largest gap between any two."""
    of = {group: np.array(groups) == group for group in sorted(set(groups))}
    areas = {group: _area(p_minor[mine], ages[mine]) for group, mine in of.items()}
    told = ", ".join(f"{group} {area:.3f} (n {int(of[group].sum())})" for group, area in areas.items())
    return [(f"AUC by {name}", f"{told}; largest gap {max(areas.values()) - min(areas.values()):.3f}")]


def main() -> None:
    """Prints the figures of the odd half."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=115, help="crops of each age band")
    chosen = parser.parse_args()
    looks = Looks()
    bench_stills(crops(chosen.folder, chosen.each, is_odd=True), looks)


if __name__ == "__main__":
    main()
