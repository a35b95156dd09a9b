"""Which moments of a film are worth a look: pure functions over times, packet sizes and small grey sketches.

The first look goes to keyframes and scene changes, near-identical pictures once; later rounds only to where cues appear or
disagree (`refine`). Times are seconds, sorted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIGNATURE_SIDE = 16
_SAME_ON_AVERAGE = 2.5
_SAME_ANYWHERE = 12.0

_SPIKE = 2.0
"""A packet this many times the largest of its neighbours is where the encoder had to start afresh."""
_SPIKE_SHARE = 0.3
"""It is also no less than this share of the keyframe before it, for both hold a whole picture."""
_SPIKE_NEIGHBOURS = 12
_QUIET_GAP_S = 4.0
"""Between two keyframes closer than this, nothing is looked for."""

_FLOOR_GAP_S = 10.0
_FLOOR_FRAMES = 90
"""Every 10 s of a film are seen at least once; of a film over 15 minutes, every ninetieth part."""
_EDGE_GAP_S = 4.0
_LASTING_GAP_S = 8.0
"""How closely the edge of something noticed is sought, and how closely what is seen on both sides is followed."""


class Packet(NamedTuple):
    """One coded picture: when it is shown, how many bytes it takes, whether it can be decoded alone."""

    at_s: float
    size_bytes: int
    is_keyframe: bool


def signature(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A (16, 16) float32 grey sketch of (h, w, 3) uint8 `pixels`, for telling near-identical frames."""
    height, width = pixels.shape[:2]
    step = max(1, min(height, width) // 64)
    grey = pixels[::step, ::step].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    rows = np.linspace(0, grey.shape[0], SIGNATURE_SIDE + 1).astype(int)
    columns = np.linspace(0, grey.shape[1], SIGNATURE_SIDE + 1).astype(int)
    rows_at, columns_at = np.minimum(rows[:-1], grey.shape[0] - 1), np.minimum(columns[:-1], grey.shape[1] - 1)
    sums = np.add.reduceat(np.add.reduceat(grey, rows_at, axis=0), columns_at, axis=1)
    areas = np.maximum(np.diff(rows), 1)[:, None] * np.maximum(np.diff(columns), 1)[None, :]
    sketch: NDArray[np.float32] = (sums / areas).astype(np.float32)
    return sketch


class Seen:
    """Remembers what was looked at, so that a picture that comes again is looked at once."""

    def __init__(self, limit: int) -> None:
        self._known = np.zeros((limit, SIGNATURE_SIDE, SIGNATURE_SIDE), np.float32)
        self._count = 0

    def is_new(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether nothing near-identical was shown before; remembers it if so."""
        sketch = signature(pixels)
        if self._count:
            differences = np.abs(self._known[: self._count] - sketch)
            same = (differences.mean(axis=(1, 2)) < _SAME_ON_AVERAGE) & (differences.max(axis=(1, 2)) < _SAME_ANYWHERE)
            if bool(same.any()):
                return False
        if self._count < len(self._known):
            self._known[self._count] = sketch
            self._count += 1
        return True


def scene_changes(packets: Sequence[Packet]) -> list[float]:
    """Moments within long groups of pictures where a packet is far larger than those around it. `packets` in order of time."""
    if not packets:
        return []
    sizes = np.array([packet.size_bytes for packet in packets], np.float64)
    keys = [i for i, packet in enumerate(packets) if packet.is_keyframe]
    found: list[float] = []
    for start, end in zip([*keys], [*keys[1:], len(packets)], strict=True):
        if packets[end - 1].at_s - packets[start].at_s < _QUIET_GAP_S:
            continue
        inner = sizes[start + 1 : end]
        for i in np.flatnonzero(inner >= _SPIKE_SHARE * sizes[start]):
            before, after = inner[max(0, i - _SPIKE_NEIGHBOURS) : i], inner[i + 1 : i + 1 + _SPIKE_NEIGHBOURS]
            if before.size and inner[i] > _SPIKE * max(before.max(), after.max(initial=0.0)):
                found.append(packets[start + 1 + int(i)].at_s)
    return found


def spread(times_s: Sequence[float], count: int) -> list[float]:
    """At most `count` of `times_s`, first and last among them, as evenly over time as they allow."""
    if len(times_s) <= count:
        return list(times_s)
    if count == 1:
        return [times_s[0]]
    wanted = np.linspace(times_s[0], times_s[-1], count)
    return sorted({nearest(times_s, float(moment)) for moment in wanted})


def nearest(times_s: Sequence[float], moment: float) -> float:
    """The one of the sorted, non-empty `times_s` closest to `moment`."""
    after = bisect_left(times_s, moment)
    around = times_s[max(0, after - 1) : after + 1]
    return min(around, key=lambda time_s: abs(time_s - moment))


def fill(times_s: Sequence[float], duration_s: float, gap_s: float) -> list[float]:
    """Moments that, joined to the sorted `times_s`, leave no gap over `gap_s` between 0 and `duration_s`."""
    added: list[float] = []
    edges = [0.0, *times_s, duration_s]
    for before, after in pairwise(edges):
        pieces = int(np.ceil((after - before) / gap_s)) if after - before > gap_s else 1
        added.extend(before + (after - before) * i / pieces for i in range(1, pieces))
    return added


def group(times_s: Sequence[float], keyframes_s: Sequence[float]) -> list[tuple[float, list[float]]]:
    """`times_s` by the keyframe each is decoded from: (keyframe, its times), so that each group is decoded at most once."""
    groups: dict[float, list[float]] = {}
    for time_s in sorted(times_s):
        before = bisect_right(keyframes_s, time_s + 1e-3) - 1
        groups.setdefault(keyframes_s[max(0, before)], []).append(time_s)
    return sorted(groups.items())


def refine(seen_s: Sequence[float], cued_s: Sequence[float], duration_s: float, limit: int) -> list[float]:
    """Where to look next: at most `limit` times, sorted.

    `seen_s` are the times looked at so far, `cued_s` those of them where something was noticed. Between a frame with a cue and
    one without, the gap is halved while it is over 4 s, for there something appears or goes; between two with cues while it is
    over 8 s, for there it probably lasts; widest first. Where neighbours agree that there is nothing, no more is asked for than
    a floor: no gap over 10 s unseen, in films over 15 minutes no gap over a ninetieth of their length. Empty when there is
    nothing left to ask.
    """
    if limit <= 0 or not duration_s > 0:
        return []
    seen = sorted({time_s for time_s in seen_s if 0 <= time_s <= duration_s})
    cued = set(cued_s)
    floor_s = max(_FLOOR_GAP_S, duration_s / _FLOOR_FRAMES)
    wanted: list[tuple[float, float]] = [(floor_s / _EDGE_GAP_S, moment) for moment in fill(seen, duration_s, floor_s)]
    for before, after in pairwise(seen):
        gap = after - before
        noticed = (before in cued) + (after in cued)
        enough_s = _EDGE_GAP_S if noticed == 1 else _LASTING_GAP_S
        if noticed and enough_s < gap <= floor_s:
            wanted.append((gap / enough_s, (before + after) / 2))
    wanted.sort(reverse=True)
    return sorted(moment for _, moment in wanted[:limit])
