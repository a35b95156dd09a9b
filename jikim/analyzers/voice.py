"""Where somebody speaks: Silero's voice activity over 16 kHz sound, in stretches of seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 16_000
STEP = 512
CONTEXT = 64
STEP_S = STEP / RATE_HZ

SPEECH_SHARE = 0.5
STILL_SPEECH_SHARE = 0.35
"""A stretch begins at the first share and goes on down to the second."""
PAUSE_MAX_S = 0.4
STRETCH_MIN_S = 0.4
MARGIN_S = 0.2
QUIET_LEVEL = 10 ** (-60 / 20)
"""Below -60 dB of full scale nothing is sought."""
PART_S = 30.0
"""The sound is taken in parts: quiet ones are left out."""


class Stretch(NamedTuple):
    """From when to when somebody speaks, in seconds."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def stretches(samples: Samples, session: Any) -> list[Stretch]:
    """Where somebody speaks in 16 kHz sound, with a margin, in order. About 3 ms of work for a second of sound."""
    found = [
        Stretch(max(0.0, part_s + start_s - MARGIN_S), min(len(samples) / RATE_HZ, part_s + end_s + MARGIN_S))
        for part_s, part in _parts(samples)
        for start_s, end_s in _runs(_shares(part, session))
    ]
    return [stretch for stretch in _joined(found) if stretch.length_s >= STRETCH_MIN_S + 2 * MARGIN_S]


def _parts(samples: Samples) -> Iterator[tuple[float, Samples]]:
    """The parts that are loud enough, and where each begins."""
    size = int(PART_S * RATE_HZ)
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        if len(part) >= STEP and float(np.abs(part).max()) > QUIET_LEVEL:
            yield start / RATE_HZ, part


def _shares(samples: Samples, session: Any) -> Iterable[float]:
    """How likely each step is speech."""
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)
    rate = np.array(RATE_HZ, np.int64)
    for start in range(0, len(samples) - STEP + 1, STEP):
        step = samples[start : start + STEP]
        share, state = session.run(None, {"input": np.concatenate([context, step])[None], "state": state, "sr": rate})
        context = step[-CONTEXT:]
        yield float(share[0, 0])


def _runs(shares: Iterable[float]) -> Iterator[Stretch]:
    """Runs of speech, without margins; short pauses do not end one."""
    start_s = end_s = -1.0
    for number, share in enumerate(shares):
        at_s = number * STEP_S
        if share >= (STILL_SPEECH_SHARE if start_s >= 0 else SPEECH_SHARE):
            start_s = at_s if start_s < 0 else start_s
            end_s = at_s + STEP_S
        elif start_s >= 0 and at_s - end_s > PAUSE_MAX_S:
            yield Stretch(start_s, end_s)
            start_s = -1.0
    if start_s >= 0:
        yield Stretch(start_s, end_s)


def _joined(found: Sequence[Stretch]) -> list[Stretch]:
    """The same without overlaps."""
    result: list[Stretch] = []
    for stretch in found:
        if result and stretch.start_s <= result[-1].end_s:
            result[-1] = Stretch(result[-1].start_s, max(result[-1].end_s, stretch.end_s))
        else:
            result.append(stretch)
    return result
