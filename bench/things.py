"""How well the things of a sample of pictures are told, weighed so that the sample stands for what it was drawn from.

    python -m bench.things MANIFEST.tsv

MANIFEST.tsv: `file`, `labels` (semicolons between them) and `weight`, how many pictures one stands for. Prints for each label
the AUC over pictures with its 95 % interval (bootstrap, pictures with and without the thing apart). `jikim evaluate objects`
takes every picture as one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim import config
from jikim.analyzers.objects import COCO_CLASS, ObjectsAnalyzer, ObjectsConfig
from jikim.evaluating import manifest
from jikim.evaluating.things import LOWEST, read_labels
from jikim.types import Frame, Subject
from jikim.weights.sessions import LocalSessions

ROUNDS = 1000
LABELS: tuple[str, ...] = tuple(COCO_CLASS)
Values = NDArray[np.float64]


def main() -> None:
    """Looks at every picture and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    lines = manifest.read(parser.parse_args().manifest, ("file", "labels", "weight")).lines
    settings = msgspec.convert({"labels": LABELS, "threshold": dict.fromkeys(LABELS, LOWEST)}, ObjectsConfig)
    analyzer = ObjectsAnalyzer(settings, LocalSessions(config.load().weights))
    scores = np.array([_scores(analyzer, line.path) for line in lines if line.path])
    truth = [read_labels(line) for line in lines]
    weights = np.array([float(line.columns["weight"]) for line in lines])
    for place, label in enumerate(LABELS):
        shows = np.array([label in labels for labels in truth])
        value, low, high = interval(scores[:, place], shows, weights)
        print(f"{label:<11} {shows.sum():>4} pictures  AUC {value:.3f} ({low:.3f}-{high:.3f})")


def _scores(analyzer: ObjectsAnalyzer, path: Path) -> Sequence[float]:
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if read is None:
        raise SystemExit(f"{path} is no picture")
    pixels = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    best = dict.fromkeys(LABELS, 0.0)
    for cue in analyzer.analyze(Subject(None, (Frame("m", None, pixels),))):
        best[cue.value["label"]] = max(best[cue.value["label"]], cue.confidence)
    return list(best.values())


def interval(scores: Values, truth: NDArray[np.bool_], weights: Values) -> tuple[float, float, float]:
    """The weighed AUC, and the middle 95 % of it over resamples."""
    drawn, strata = np.random.default_rng(0), (np.flatnonzero(truth), np.flatnonzero(~truth))
    rounds = [np.concatenate([drawn.choice(part, part.size) for part in strata]) for _ in range(ROUNDS)]
    low, high = np.quantile([weighed_auc(scores[some], truth[some], weights[some]) for some in rounds], (0.025, 0.975))
    return weighed_auc(scores, truth, weights), float(low), float(high)


def weighed_auc(scores: Values, truth: NDArray[np.bool_], weights: Values) -> float:
    """How likely a true item is above another, each drawn as often as it weighs; ties count half. All (n,)."""
    _, step = np.unique(scores, return_inverse=True)
    true, other = np.bincount(step, weights * truth), np.bincount(step, weights * ~truth)
    below = np.cumsum(other) - other
    return float((true * (below + other / 2)).sum() / (true.sum() * other.sum()))


if __name__ == "__main__":
    main()
