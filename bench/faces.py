"""`python -m bench.faces FOLDER`: what calibrating and fusing faces gains, on crops of faces named by their age and gender.

The crops (UTKFace: github bagashvilit/facial_recognition_bias, data/images/*.chip.jpg) are for measuring only. Files whose
sha1(basename) ends in an even digit serve `bench/faces_fit.py`; every figure is of the odd half, as many of each age band as
there are up to `--each`. A track is made here: ten frames of one crop, each scaled, turned, blurred, darkened and compressed at
random, so that it says what fusing gains against such disturbances and nothing of how people move.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.measuring import table
from jikim import config as configuration
from jikim.analyzers.faces import CROP_MEAN_BGR, FacesAnalyzer, FacesConfig
from jikim.analyzers.faces_age import AGES, YOUNG_BELOW
from jikim.analyzers.faces_finding import FaceFinder
from jikim.analyzers.pictures import square_crop
from jikim.analyzers.tracks import with_tracks
from jikim.evaluating.faces import AGE_BANDS
from jikim.evaluating.metrics import auc, calibration_error, reliability, roc
from jikim.types import Cue, Frame, Region, Subject
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


def frames(pixels: Pixels, count: int, seed: int) -> Iterator[Pixels]:
    """Disturbed frames of one crop: the face 32 to 110 pixels wide, turned by up to 18 degrees, blurred, dark, compressed."""
    drawn = np.random.default_rng(seed)
    for _ in range(count):
        scale = drawn.uniform(32, 110) / (0.6 * max(pixels.shape[:2]))
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        height, width = small.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), drawn.uniform(-18, 18), drawn.uniform(0.85, 1.15))
        small = cv2.warpAffine(small, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        small = cv2.GaussianBlur(small, (0, 0), max(drawn.uniform(0, 3) * min(height, width) / 250, 0.05))
        if drawn.random() < 0.3:
            length = int(drawn.integers(3, 9))
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1 / length
            small = cv2.filter2D(small, -1, kernel)
        light = 255 * (small / 255.0) ** drawn.uniform(0.6, 1.7) * drawn.uniform(0.7, 1.1)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(drawn.integers(15, 70))]
        packed = cv2.imencode(".jpg", np.clip(light, 0, 255).astype(np.uint8), quality)[1]
        unpacked = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        yield np.asarray(cv2.copyMakeBorder(unpacked, 40, 40, 40, 40, cv2.BORDER_REPLICATE), np.uint8)


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


def bench_tracks(chosen: Sequence[Crop], looks: Looks) -> None:
    """Ten disturbed frames a person: what they say together against what the first that shows a face says alone."""
    ages, single, together = [], [], []
    for number, crop in enumerate(chosen):
        shown = frames(crop.pixels(), FRAMES, number)
        faces = [face for at_s, pixels in enumerate(shown) if (face := looks.face(pixels, float(at_s)))]
        if not faces:
            continue
        place = Region(0.3, 0.3, 0.4, 0.4)
        tracked = with_tracks([replace(face, region=place) for face in faces])
        ages.append(crop.age)
        single.append(faces[0].value)
        together.append(max(tracked, key=lambda cue: cue.value["quality"]).value)
    true = np.array(ages, np.float64)

    def of(values: Sequence[Mapping[str, Any]], name: str) -> Values:
        return np.array([value[name] for value in values])

    inside = (true >= of(together, "age_low")) & (true <= of(together, "age_high"))
    table(
        f"Tracks of up to {FRAMES} disturbed frames, {true.size} people",
        [
            ("minor or adult, AUC: track against frame", _paired(_area, of(together, "p_minor"), of(single, "p_minor"), true)),
            ("mean absolute error, years", _paired(_error, of(together, "age"), of(single, "age"), true)),
            ("true age inside the interval", f"{inside.mean():.3f}"),
            ("mean width of the interval, years", f"{(of(together, 'age_high') - of(together, 'age_low')).mean():.1f}"),
        ],
    )


def main() -> None:
    """Prints the figures of the odd half."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=115, help="crops of each age band")
    parser.add_argument("--tracks", type=int, default=30, help="people of each age band for the tracks")
    chosen = parser.parse_args()
    looks = Looks()
    if chosen.each:
        bench_stills(crops(chosen.folder, chosen.each, is_odd=True), looks)
    if chosen.tracks:
        bench_tracks(crops(chosen.folder, chosen.tracks, is_odd=True), looks)


if __name__ == "__main__":
    main()
