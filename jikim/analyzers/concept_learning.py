"""From a few pictures of one thing to a concept: a logistic model over fixed numbers, measured before it is believed.

What counts is the measure on pictures that were held out: each fifth of the teaching pictures is judged by a model that has
not seen it, against the background. Pictures that do not show one thing fail there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from jikim.errors import BadUse

FEWEST, MOST = 5, 50
LEAST_AUC = 0.85
FOLDS = 5
STRENGTH = 10.0
"""Inverse of the regularisation, chosen on the even half of the public sets."""
ROUNDS = 12
SAME_PICTURE = 0.995
"""Cosine from which two pictures count as one."""
ALARMS = 0.01
"""The share of the background that may lie above the threshold."""
HIDDEN_MOST = 0.05
"""At most this share of the background is left out, before anything is measured, as pictures of the thing itself."""
TYPICAL_SCORE = 0.9
"""The score of a teaching picture in the middle, judged unseen."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A taught concept: `weights` (n,) and `bias` give its log-odds, `threshold` and `slope` turn these into a score.

    `auc` with its 95 % interval, `recall` (share of teaching pictures above the threshold) and `alarms` (share of the
    background above it) are measured on pictures held out.
    """

    weights: Vector
    bias: float
    threshold: float
    slope: float
    auc: float
    auc_low: float
    auc_high: float
    recall: float
    alarms: float
    pictures: int

    def score(self, features: NDArray[np.float32]) -> float:
        """0..1 for one picture's numbers (n,); 0.5 at the threshold."""
        return float(1 / (1 + np.exp(-self.slope * (features @ self.weights + self.bias - self.threshold))))


def taught(
    shown: NDArray[np.float32],
    mirrored: NDArray[np.float32],
    others: NDArray[np.float32],
    background: NDArray[np.float32],
) -> Head:
    """A concept from teaching pictures (k, n), the same mirrored, pictures (m, n) that the teacher says are something else, and
    the background (b, n).

    Raises BadUse for too few or too many different pictures, for one that is also among the others, and where the measured
    AUC stays below LEAST_AUC.
    """
    kept = _different(shown)
    if not FEWEST <= len(kept) <= MOST:
        raise BadUse("concept.number", found=len(kept), fewest=FEWEST, most=MOST)
    if len(others) and _closest(shown, others) > SAME_PICTURE:
        raise BadUse("concept.contradiction")
    strange = background[(_unit(background) @ _unit(shown[kept]).T).max(axis=1) <= SAME_PICTURE]
    chosen, turned = shown[kept].astype(np.float64), mirrored[kept].astype(np.float64)
    rest = np.concatenate([others, strange]).astype(np.float64)
    rest = rest[_not_hidden(*_held_out(chosen, turned, rest))]
    inside, outside = _held_out(chosen, turned, rest)
    auc = _auc(inside, outside)
    if auc < LEAST_AUC:
        raise BadUse("concept.not_learned", auc=f"{auc:.2f}", least=f"{LEAST_AUC:.2f}")
    weights, bias = _fit(np.concatenate([chosen, turned]), rest)
    judged, alarming = inside[~np.isnan(inside)], np.nanmean(outside, axis=0)
    threshold = float(np.quantile(alarming, 1 - ALARMS))
    low, high = _interval(auc, len(kept), len(rest))
    return Head(
        weights=weights,
        bias=bias,
        threshold=threshold,
        slope=log(TYPICAL_SCORE / (1 - TYPICAL_SCORE)) / max(float(np.median(judged)) - threshold, 0.5),
        auc=auc,
        auc_low=low,
        auc_high=high,
        recall=float((judged >= threshold).mean()),
        alarms=float((alarming >= threshold).mean()),
        pictures=len(kept),
    )


def _different(features: NDArray[np.float32]) -> list[int]:
    """The places of pictures that are not nearly the same as an earlier one."""
    kept: list[int] = []
    for place, one in enumerate(features):
        if not kept or _closest(one[None], features[kept]) <= SAME_PICTURE:
            kept.append(place)
    return kept


def _closest(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """The largest cosine between pictures of two sets."""
    return float(np.max(_unit(some) @ _unit(others).T))


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), np.float32)


def _held_out(chosen: Vector, turned: Vector, rest: Vector) -> tuple[Vector, Vector]:
    """The log-odds of pictures, each judged by models that have not seen it: (FOLDS, k) and (FOLDS, m), NaN where seen."""
    inside = np.full((FOLDS, len(chosen)), np.nan)
    outside = np.full((FOLDS, len(rest)), np.nan)
    for fold, (is_out, is_far) in enumerate(_folds(len(chosen), len(rest))):
        weights, bias = _fit(np.concatenate([chosen[~is_out], turned[~is_out]]), rest[~is_far])
        inside[fold, is_out] = chosen[is_out] @ weights + bias
        outside[fold, is_far] = rest[is_far] @ weights + bias
    return inside, outside


def _folds(count: int, others: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    for fold in range(FOLDS):
        yield np.arange(count) % FOLDS == fold, np.arange(others) % FOLDS == fold


def _auc(inside: Vector, outside: Vector) -> float:
    """How often a teaching picture lies above another picture, both judged by the same model, which has seen neither."""
    is_judged = ~np.isnan(inside)[:, :, None] & ~np.isnan(outside)[:, None, :]
    return float((inside[:, :, None] > outside[:, None, :])[is_judged].mean())


def _not_hidden(inside: Vector, outside: Vector) -> NDArray[np.bool_]:
    """Which of the others stay: not those few that look more like the thing than half of its own pictures do."""
    middle = np.nanmedian(inside)
    excess = np.nanmean(outside, axis=0) - middle
    most = int(HIDDEN_MOST * excess.size)
    limit = max(0.0, float(np.sort(excess)[-most - 1])) if 0 < most < excess.size else np.inf
    return np.asarray(excess <= limit, np.bool_)


def _fit(shown: Vector, rest: Vector) -> tuple[Vector, float]:
    """Weights and bias of a logistic model with both sides of equal weight, by Newton's method over the pictures."""
    table = np.concatenate([shown, rest])
    middle = table.mean(axis=0)
    table = table - middle
    is_shown = np.arange(len(table)) < len(shown)
    share = len(table) / 2 * np.where(is_shown, 1 / len(shown), 1 / len(rest))
    kernel = table @ table.T
    part, bias = np.zeros(len(table)), 0.0
    for _ in range(ROUNDS):
        odds = kernel @ part + bias
        chance = 1 / (1 + np.exp(-odds))
        bend = np.maximum(share * chance * (1 - chance), 1e-6)
        aim = odds - share * (chance - is_shown) / bend
        system = np.ones((len(table) + 1, len(table) + 1))
        system[:-1, :-1] = kernel + np.diag(1 / (STRENGTH * bend))
        system[-1, -1] = 0
        solved = np.linalg.solve(system, np.append(aim, 0))
        is_done = np.abs(solved[:-1] - part).max() < 1e-8
        part, bias = solved[:-1], float(solved[-1])
        if is_done:
            break
    weights = table.T @ part
    return weights, bias - float(middle @ weights)


def _interval(auc: float, count: int, others: int) -> tuple[float, float]:
    """95 % (Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747)."""
    of_two, of_other = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (count - 1) * (of_two - auc**2) + (others - 1) * (of_other - auc**2)
    half = 1.96 * sqrt(max(variance, 0.0) / (count * others))
    return max(0.0, auc - half), min(1.0, auc + half)
