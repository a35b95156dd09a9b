"""Champion against challenger on decisions that neither has learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 20
REVIEWED = 0.05
BINS = 10
ROUNDS = 400
SEED = 20261122
SURE = 0.9
"""The challenger is recommended where it orders the held-out decisions better in this share of resamples, gives them better
chances, and puts at most one confirmed item fewer among its first 20. Better chances alone are no reason: among what was
decided far more is confirmed than among what is found, and any rules that learn this much look better."""

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval, over resamples of the decisions."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How one set of rules did. `order`: how often something confirmed stands above something that was not (AUC);
    `precision_at_20`: the share confirmed among the 20 that it puts first; `recall_at_5`: the
    share of all confirmed among the first 5 %; `calibration_error`: how far its chances and what was confirmed lie apart, on
    average; `surprise`: mean logarithmic loss of its chances."""

    order: Figure
    precision_at_20: Figure
    recall_at_5: Figure
    calibration_error: Figure
    surprise: Figure


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both on the same `decisions`, of which `confirmed` were. `sureness` is the share of resamples in which the challenger's
    order is the better; `is_better` recommends it, and no more than that."""

    decisions: int
    confirmed: int
    champion: Standing
    challenger: Standing
    sureness: float
    is_better: bool


def compare(was_confirmed: Sequence[bool], scores: Sequence[Sequence[float]], chances: Sequence[Sequence[float]]) -> Comparison:
    """`scores` order the work and `chances` are of being confirmed, each for champion and challenger in this order."""
    truth = np.asarray(was_confirmed, bool)
    ranks = [np.asarray(one, np.float64) for one in scores]
    likely = [np.clip(np.asarray(one, np.float64), 1e-4, 1 - 1e-4) for one in chances]
    champion, challenger = (_standing(truth, *both) for both in zip(ranks, likely, strict=True))
    sureness = float(
        np.mean([order(truth[one], ranks[1][one]) > order(truth[one], ranks[0][one]) for one in _resamples(truth.size)])
    )
    is_no_worse = (
        challenger.precision_at_20.value >= champion.precision_at_20.value - 1 / TOP
        and challenger.surprise.value <= champion.surprise.value
    )
    return Comparison(truth.size, int(truth.sum()), champion, challenger, sureness, sureness >= SURE and is_no_worse)


def order(truth: Flags, scores: Vector) -> float:
    """How often a true item lies above another, ties counting half (AUC); 0.5 where there is only one kind."""
    above, below = np.sort(scores[truth]), scores[~truth]
    if not above.size or not below.size:
        return 0.5
    lost = np.searchsorted(above, below, "left") + np.searchsorted(above, below, "right")
    return 1 - float(lost.mean()) / (2 * above.size)


def precision_at(truth: Flags, scores: Vector, count: int = TOP) -> float:
    """The share that is true among the `count` first; ties count as their mean."""
    count = min(count, scores.size)
    edge = np.sort(scores)[::-1][count - 1]
    above, level = scores > edge, scores == edge
    rest = count - int(above.sum())
    return float((truth[above].sum() + rest * truth[level].mean()) / count)


def recall_at(truth: Flags, scores: Vector, share: float = REVIEWED) -> float:
    """The share of what is true that is found among the first `share` of all."""
    count = max(1, round(share * scores.size))
    return precision_at(truth, scores, count) * count / max(1, int(truth.sum()))


def calibration_error(truth: Flags, chances: Vector) -> float:
    """Expected calibration error over tenths of equal width."""
    step = np.minimum((chances * BINS).astype(int), BINS - 1)
    gaps = (
        abs(float(chances[step == number].mean() - truth[step == number].mean())) * int((step == number).sum())
        for number in range(BINS)
        if (step == number).any()
    )
    return sum(gaps) / truth.size


def _standing(truth: Flags, scores: Vector, chances: Vector) -> Standing:
    return Standing(
        order=_figure(truth, scores, order),
        precision_at_20=_figure(truth, scores, precision_at),
        recall_at_5=_figure(truth, scores, recall_at),
        calibration_error=_figure(truth, chances, calibration_error),
        surprise=_figure(truth, chances, lambda is_true, likely: float(_losses(is_true, likely).mean())),
    )


def _losses(truth: Flags, chances: Vector) -> Vector:
    return np.asarray(-np.log(np.where(truth, chances, 1 - chances)), np.float64)


def _figure(truth: Flags, values: Vector, of: Callable[[Flags, Vector], float]) -> Figure:
    drawn = [of(truth[chosen], values[chosen]) for chosen in _resamples(truth.size)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    value = of(truth, values)
    return Figure(value, min(value, float(low)), max(value, float(high)))


def _resamples(size: int) -> NDArray[np.intp]:
    return np.random.default_rng(SEED).integers(0, size, (ROUNDS, size))
