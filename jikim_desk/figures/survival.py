"""How long something stays, where many are still there when one looks: the product-limit estimate of Kaplan and Meier (1958),
with Greenwood's variance and intervals on the log-log scale, which never leave 0..1. Numbers only; nothing here knows of what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jikim_desk.figures.stages import Z95


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that is still there after `times` (ascending, in the unit of what was given, only those at which something
    ended), with 95 % intervals `low` and `high`; `at_risk` were still watched just before. `count` were watched in all, of
    which `ended` ended; `watched` is for how long each, ascending."""

    times: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    count: int
    ended: int
    watched: NDArray[np.float64]

    def left(self, time: float) -> int:
        """How many were watched for at least `time`."""
        return self.count - int(np.searchsorted(self.watched, time, side="left"))

    def at(self, time: float) -> tuple[float, float, float]:
        """The share still there at `time`, with its interval; all of it before the first end."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, 1.0, 1.0
        return float(self.share[place]), float(self.low[place]), float(self.high[place])

    @property
    def median(self) -> float | None:
        """When half had ended; None while more than half is still there."""
        below = np.flatnonzero(self.share <= 0.5)
        return float(self.times[below[0]]) if len(below) else None


def kaplan_meier(lengths: Sequence[float] | NDArray[np.float64], ended: Sequence[bool] | NDArray[np.bool_]) -> Curve:
    """The curve of things that were watched for `lengths` (>= 0) and then `ended`, or else were only watched so long.

    Raises ValueError for lengths that are negative, not finite or not as many.
    """
    watched, is_end = np.asarray(lengths, dtype=np.float64), np.asarray(ended, dtype=np.bool_)
    if watched.shape != is_end.shape or watched.ndim != 1:
        raise ValueError("a length and an end are needed for each")
    if len(watched) and not (np.isfinite(watched).all() and watched.min() >= 0):
        raise ValueError("lengths are finite and not negative")
    times, ends = np.unique(watched[is_end], return_counts=True)
    at_risk = len(watched) - np.searchsorted(np.sort(watched), times, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.cumprod(1.0 - ends / at_risk, dtype=np.float64)
        variance = np.cumsum(ends / (at_risk * (at_risk - ends)))  # Greenwood's sum; infinite once all have ended
        spread = Z95 * np.sqrt(variance) / np.abs(np.log(share))
        low, high = share ** np.exp(spread), share ** np.exp(-spread)
    is_over = share <= 0.0
    return Curve(
        times=times,
        share=share,
        low=np.where(is_over, 0.0, low),
        high=np.where(is_over, _last_high(share, high), high),
        at_risk=at_risk.astype(np.int64),
        count=len(watched),
        ended=int(is_end.sum()),
        watched=np.sort(watched),
    )


def _last_high(share: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """Where all have ended the variance has no value: the interval reaches as high as just before."""
    before = high[share > 0.0]
    return float(before[-1]) if len(before) else 1.0
