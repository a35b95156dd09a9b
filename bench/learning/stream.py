"""A stream of finds that drifts, made up: nothing in it was ever seen anywhere, and it stands for no real place.

Of each day's finds 5 % are what is sought, 15 % show adults, the others are ordinary. What cues say of each kind is drawn
around a mean on the log-odds scale. Over the first days ordinary finds change: shops of toys and school things and pictures of
beaches come in, faces are covered more often, and posts give themselves away by their words. So weights that were chosen before
put the wrong things first, and those that learn can do better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from jikim.assessing.learning import Verdict
from jikim.types import Cue

A_DAY = 400
PREVALENCE = 0.05
ADULTS = 0.15
DRIFT_DAYS = 6
"""After so many days the drift is done."""

KINDS = (Verdict.CONFIRMED, Verdict.ADULT, Verdict.NOT_RELEVANT)
SHARES = (PREVALENCE, ADULTS, 1 - PREVALENCE - ADULTS)


@dataclass(frozen=True, slots=True)
class Sign:
    """How often a cue is there, and the mean and deviation of what it says, in log-odds."""

    share: float
    mean: float
    deviation: float = 1.0


@dataclass(frozen=True, slots=True)
class Find:
    """A find and the truth about it."""

    cues: tuple[Cue, ...]
    truth: Verdict


NAMES = ("face", "teddy bear", "book", "backpack", "sensitive", "youth_language")

BEFORE: Mapping[Verdict, tuple[Sign, ...]] = {
    Verdict.CONFIRMED: (Sign(0.7, 1.0), Sign(0.25, 1.0), Sign(0.25, 0.8), Sign(0.2, 0.8), Sign(0.85, 1.0), Sign(0.3, 0.8)),
    Verdict.ADULT: (Sign(0.7, -1.6), Sign(0.05, 0.5), Sign(0.1, 0.6), Sign(0.05, 0.6), Sign(0.85, 1.0), Sign(0.06, 0.2)),
    Verdict.NOT_RELEVANT: (Sign(0.4, -1.0), Sign(0.08, 0.8), Sign(0.12, 0.8), Sign(0.1, 0.8), Sign(0.4, -1.2), Sign(0.08, 0.2)),
}
AFTER: Mapping[Verdict, tuple[Sign, ...]] = {
    Verdict.CONFIRMED: (Sign(0.4, 0.6), Sign(0.1, 0.8), Sign(0.15, 0.8), Sign(0.1, 0.8), Sign(0.95, 1.6), Sign(0.9, 2.2)),
    Verdict.ADULT: (Sign(0.5, -1.2), Sign(0.1, 0.6), Sign(0.1, 0.6), Sign(0.08, 0.6), Sign(0.85, 1.2), Sign(0.05, 0.2)),
    Verdict.NOT_RELEVANT: (Sign(0.6, 1.2), Sign(0.4, 2.2), Sign(0.4, 1.8), Sign(0.35, 1.8), Sign(0.55, 0.0), Sign(0.06, 0.2)),
}


def days(count: int, seed: int) -> Iterator[list[Find]]:
    """So many days of finds, one after the other. The same seed gives the same stream."""
    random = np.random.default_rng(seed)
    for day in range(count):
        progress = min(day / DRIFT_DAYS, 1.0)
        numbers = random.choice(len(KINDS), A_DAY, p=SHARES)
        yield [_find(KINDS[number], progress, random) for number in numbers]


def _find(truth: Verdict, progress: float, random: np.random.Generator) -> Find:
    cues = []
    for name, before, after in zip(NAMES, BEFORE[truth], AFTER[truth], strict=True):
        sign = after if random.random() < progress else before
        if random.random() < sign.share:
            cues.append(_cue(name, float(1 / (1 + np.exp(-random.normal(sign.mean, sign.deviation))))))
    return Find(tuple(cues), truth)


def _cue(name: str, said: float) -> Cue:
    values = {
        "face": {"p_minor": said, "is_certain": True, "track": None},
        "sensitive": {"score": said},
        "youth_language": {"score": said},
    }
    return Cue(
        media_id=None,
        analyzer="stream",
        analyzer_version="1",
        weights_sha256=None,
        name=name if name in values else "object",
        at_s=None,
        region=None,
        value=values.get(name, {"label": name}),
        confidence=said,
        message_key="",
    )
