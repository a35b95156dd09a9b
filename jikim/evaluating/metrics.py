"""Figures with their 95 % intervals, as pure functions of what was said and what is true.

A share has Wilson's interval; everything else a percentile bootstrap over items, seeded, so that the same items give the same
figures. What cannot be computed (no items, only one class) is None, never a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959964
SEED = 20260522
ROUNDS = 1000
_MOST_DRAWN = 20_000_000
"""Items drawn in all rounds together; very long lists are resampled less often."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Items whose predicted probability lies together: its mean, and the share that is true."""

    predicted: float
    observed: Estimate
    count: int


def share(successes: int, total: int) -> Estimate | None:
    """A share with Wilson's interval."""
    if total == 0:
        return None
    return weighed_share(successes / total, total)


def weighed_share(value: float, size: float) -> Estimate:
    """Wilson's interval of a share of weighed items that count as much as `size` of one weight (the sum squared over the sum of
    the squares)."""
    z2 = Z95**2
    centre = (value + z2 / (2 * size)) / (1 + z2 / size)
    half = Z95 / (1 + z2 / size) * sqrt(value * (1 - value) / size + z2 / (4 * size**2))
    return Estimate(value, min(value, max(0.0, centre - half)), max(value, min(1.0, centre + half)))


def share_of(flags: Sequence[bool]) -> Estimate | None:
    """The share that is true."""
    return share(sum(map(bool, flags)), len(flags))


def mean(values: ArrayLike) -> Estimate | None:
    """The mean."""
    numbers = np.asarray(values, np.float64)
    return _bootstrapped(lambda chosen: float(numbers[chosen].mean()), [np.arange(numbers.size)])


def ratio(numerators: ArrayLike, denominators: ArrayLike) -> Estimate | None:
    """The sum of numerators over the sum of denominators, as an error rate over all characters. Both (n,)."""
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if above.size == 0 or below.sum() == 0:
        return None

    def rate(chosen: NDArray[np.intp]) -> float:
        total = float(below[chosen].sum())
        return float(above[chosen].sum()) / total if total else float("nan")

    return _bootstrapped(rate, [np.arange(above.size)])


def auc(scores: ArrayLike, truth: ArrayLike) -> float | None:
    """The probability that a true item scores higher than a false one, ties counting half. Both (n,)."""
    numbers, is_true = np.asarray(scores, np.float64), np.asarray(truth, bool)
    positive, negative = int(is_true.sum()), int((~is_true).sum())
    if not positive or not negative:
        return None
    ranks = _mid_ranks(numbers)
    return float((ranks[is_true].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_interval(scores: ArrayLike, truth: ArrayLike) -> Estimate | None:
    """`auc` with its interval; true and false items are resampled apart."""
    numbers, is_true = np.asarray(scores, np.float64), np.asarray(truth, bool)
    if not is_true.any() or is_true.all():
        return None

    def of(chosen: NDArray[np.intp]) -> float:
        value = auc(numbers[chosen], is_true[chosen])
        assert value is not None
        return value

    return _bootstrapped(of, [np.flatnonzero(is_true), np.flatnonzero(~is_true)])


def auc_difference(scores: ArrayLike, others: ArrayLike, truth: ArrayLike) -> Estimate | None:
    """By how much the AUC of `scores` lies above that of `others`, of the same items; the interval resamples both together."""
    ours, theirs, is_true = np.asarray(scores, np.float64), np.asarray(others, np.float64), np.asarray(truth, bool)
    if not is_true.any() or is_true.all():
        return None

    def of(chosen: NDArray[np.intp]) -> float:
        one, other = auc(ours[chosen], is_true[chosen]), auc(theirs[chosen], is_true[chosen])
        assert one is not None
        assert other is not None
        return one - other

    return _bootstrapped(of, [np.flatnonzero(is_true), np.flatnonzero(~is_true)])


def mean_difference(values: ArrayLike, others: ArrayLike) -> Estimate | None:
    """By how much the mean of `values` lies above that of `others`, of the same items; the interval resamples both together."""
    return mean(np.asarray(values, np.float64) - np.asarray(others, np.float64))


def roc(scores: ArrayLike, truth: ArrayLike) -> list[tuple[float, float]]:
    """(false positive rate, true positive rate) from (0, 0) to (1, 1), one point a threshold; nothing with one class only."""
    numbers, is_true = np.asarray(scores, np.float64), np.asarray(truth, bool)
    if not is_true.any() or is_true.all():
        return []
    order = np.argsort(-numbers, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(numbers[order])), numbers.size - 1)
    hits = np.cumsum(is_true[order])[ends] / is_true.sum()
    alarms = np.cumsum(~is_true[order])[ends] / (~is_true).sum()
    return [(0.0, 0.0), *zip(alarms.tolist(), hits.tolist(), strict=True)]


def reliability(predicted: ArrayLike, truth: ArrayLike, bins: int = 10) -> list[Bin]:
    """Predicted probabilities in `bins` equal steps against what was true of them; empty steps are left out."""
    numbers, is_true = np.asarray(predicted, np.float64), np.asarray(truth, bool)
    step = np.minimum((numbers * bins).astype(int), bins - 1)
    found = []
    for number in range(bins):
        chosen = step == number
        observed = share(int(is_true[chosen].sum()), int(chosen.sum()))
        if observed:
            found.append(Bin(float(numbers[chosen].mean()), observed, int(chosen.sum())))
    return found


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """The expected calibration error: how far predicted and true shares lie apart, on average over items."""
    total = sum(one.count for one in bins)
    return sum(abs(one.predicted - one.observed.value) * one.count for one in bins) / total if total else None


def edits(said: Sequence[str], true: Sequence[str]) -> int:
    """The Levenshtein distance: how many insertions, deletions and replacements lead from one to the other."""
    codes = {symbol: number for number, symbol in enumerate({*said, *true})}
    columns = np.array([codes[symbol] for symbol in true], np.int64)
    steps = np.arange(columns.size + 1)
    row = steps.copy()
    for number, symbol in enumerate(said, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (columns != codes[symbol]))
        row = np.minimum.accumulate(np.concatenate([[number], best]) - steps) + steps
    return int(row[-1])


def quantiles(values: Sequence[float], shares: Sequence[float] = (0.5, 0.95)) -> dict[str, float] | None:
    """Quantiles by name, `p50` and `p95`."""
    if not values:
        return None
    return {f"p{round(one * 100)}": float(np.quantile(np.asarray(values, np.float64), one)) for one in shares}


def _mid_ranks(numbers: Values) -> Values:
    """Ranks from 1, equal numbers sharing the middle of theirs."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: Values = (ends - (counts - 1) / 2).astype(np.float64)
    return middles[inverse]


def _bootstrapped(statistic: Callable[[NDArray[np.intp]], float], strata: Sequence[NDArray[np.intp]]) -> Estimate | None:
    """`statistic` of all items, and the middle 95 % of it over resamples drawn with replacement within each stratum."""
    size = sum(stratum.size for stratum in strata)
    if size == 0:
        return None
    value = statistic(np.concatenate(strata))
    random = np.random.default_rng(SEED)
    drawn = [
        statistic(np.concatenate([random.choice(stratum, stratum.size) for stratum in strata]))
        for _ in range(max(100, min(ROUNDS, _MOST_DRAWN // size)))
    ]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return Estimate(value, min(value, float(low)), max(value, float(high)))
