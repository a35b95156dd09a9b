"""The task `same-person`: whether two pictures are told to show one person, and how often strangers are taken for one.

A manifest names two pictures a line (`file`, `other`) and whether they show one person (`same`: 1 or 0). Templates of faces are
made in memory for these comparisons and are gone when it ends.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jikim.analyzers.faces_finding import FaceFinder
from jikim.analyzers.faces_same import SAME_FROM, WEIGHTS, FaceComparison, Template, similarity
from jikim.analyzers.pictures import Pixels
from jikim.errors import JikimError
from jikim.evaluating import plots
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, shown
from jikim.evaluating.manifest import BadLine, Line, one_of
from jikim.evaluating.metrics import auc_interval, quantiles, roc, share, share_of
from jikim.media.opening import Opener, open_path, sha256_of
from jikim.scan import Look
from jikim.seams import Sessions
from jikim.types import Cue, JsonValue, ModelCard

ANALYZER = "same_person"
VERSION = "1"
FILES = ("yunet", WEIGHTS)
FOUND_SIDE_PX, FOUND_SCORE = 960, 0.6
SMALL_PX = 200
"""Pictures smaller than this are enlarged threefold and framed: the detector wants air around a face."""
_SAME = {"1": True, "0": False, "yes": True, "no": False}

CARD = ModelCard(
    intended_use="For a person whose case holds an unexpired ground: whether a face is likely theirs, so that somebody looks. "
    "Never a search among strangers, never a decision; templates are not kept.",
    limits="Children's faces change within months, and how well children are told apart was not measured. Relatives, masks and "
    "small or turned faces are confused or missed. The threshold was chosen with both halves of the measured sets in sight.",
    data="SFace: public face sets of adults mostly, named by OpenCV Zoo.",
    metrics={},
    by_group={},
    licence_code="Apache-2.0; OpenCV Zoo Apache-2.0",
    licence_weights="SFace Apache-2.0; YuNet MIT",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures' truth."""

    is_same: bool


def read_pair(line: Line) -> Pair:
    """`same` of a line that names two pictures. Raises BadLine."""
    if not line.columns.get("other"):
        raise BadLine("evaluating.no_file", number=line.number)
    return Pair(one_of(line, "same", _SAME))


class Comparing:
    """Gives the look at a pair: one cue `similarity`, none where a picture shows no face. Each picture is opened once."""

    def __init__(self, sessions: Sessions, opener: Opener) -> None:
        self._finder = FaceFinder(sessions, FOUND_SIDE_PX, FOUND_SCORE)
        self._comparison = FaceComparison(sessions)
        self._sha256 = sessions.sha256(WEIGHTS)
        self._opener = opener
        self._templates: dict[Path, Template | JikimError | None] = {}

    def look(self, one: Path, other: Path) -> Look:
        """The look at two pictures. Raises JikimError for one that cannot be opened."""
        templates = [self._template(path) for path in (one, other)]
        if templates[0] is None or templates[1] is None:
            return Look()
        value = round(similarity(templates[0], templates[1]), 4)
        cue = Cue(
            None, ANALYZER, VERSION, self._sha256, "similarity", None, None, {"similarity": value}, abs(value), "cue.face"
        )
        return Look(cues=(cue,))

    def _template(self, path: Path) -> Template | None:
        if path not in self._templates:
            try:
                self._templates[path] = self._made(path)
            except JikimError as error:
                self._templates[path] = error
        found = self._templates[path]
        if isinstance(found, JikimError):
            raise found
        return found

    def _made(self, path: Path) -> Template | None:
        fd = open_path(path)
        try:
            with self._opener.open(fd, sha256_of(fd)) as media:
                pixels = enlarged(media.first_look()[0].pixels)
        finally:
            os.close(fd)
        faces = self._finder.find(pixels)
        if not faces:
            return None
        return self._comparison.template(pixels, max(faces, key=lambda face: face.box.width * face.box.height))


def enlarged(pixels: Pixels) -> Pixels:
    """A small picture threefold with a border around it, any other as it is."""
    if max(pixels.shape[:2]) >= SMALL_PX:
        return pixels
    large = cv2.resize(pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.copyMakeBorder(large, 100, 100, 100, 100, cv2.BORDER_REPLICATE), np.uint8)


def pair_figures(observed: Sequence[Observed[Pair]]) -> Figures:
    """At the shipped threshold and over all thresholds; a pair without two faces counts in `faces_found_in_both` alone."""
    scores, truth = _scores(observed)
    curve = roc(scores, truth)
    drawn = {"roc": plots.lines("one person or two", "strangers taken for one", "one person told", {"similarity": curve})}
    strangers = [score for score, is_same in zip(scores, truth, strict=True) if not is_same]
    metrics = {
        **_pair_metrics(observed),
        "threshold": SAME_FROM,
        "auc": shown(auc_interval(scores, truth)),
        "similarity_of_strangers": quantiles(strangers, (0.5, 0.95, 1.0)),
    }
    return Figures(metrics, by_named_group(observed, _pair_metrics), drawn if curve else {})


def _pair_metrics(observed: Sequence[Observed[Pair]]) -> Mapping[str, JsonValue]:
    scores, truth = _scores(observed)
    told = [score >= SAME_FROM for score in scores]
    return {
        "n_true": sum(truth),
        "faces_found_in_both": shown(share(len(scores), len(observed))),
        "told_right": shown(share_of([one == is_same for one, is_same in zip(told, truth, strict=True)])),
        "one_person_told": shown(share_of([one for one, is_same in zip(told, truth, strict=True) if is_same])),
        "strangers_taken_for_one": shown(share_of([one for one, is_same in zip(told, truth, strict=True) if not is_same])),
    }


def _scores(observed: Sequence[Observed[Pair]]) -> tuple[list[float], list[bool]]:
    seen = [(float(one.look.cues[0].value["similarity"]), one.truth.is_same) for one in observed if one.look.cues]
    return [score for score, _ in seen], [is_same for _, is_same in seen]


SAME_PERSON = Task("same-person", ANALYZER, ("file", "other", "same"), read_pair, pair_figures)
