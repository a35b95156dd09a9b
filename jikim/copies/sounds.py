"""Sound as 32-bit codes that survive re-encoding, music laid over it and a change of speed that keeps the pitch.

After Haitsma and Kalker ("A highly robust audio fingerprinting system", 2002) and Chromaprint, with one difference: a bit says
whether a band is stronger than the next one up, each against its own mean of the seconds around, and not how that changes from
one moment to the next. So a film played at 1.25x has the same bits, only closer together.

A code of 0 stands for a moment in which there is nothing to hear; such moments never match.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import SoundFingerprint
from jikim.types import Audio

STEP_S = 0.128
"""Between two codes."""

LONGEST_S = 3600.0
"""Of the sound that is taken: an hour is 28,125 codes, 110 KB."""

PIECE_S = 8.0
"""A sound is compared in pieces of this length, so that cuts and changes of speed show."""

SPEEDS = tuple(sorted((round(1.28 ** (turn / 9), 4) for turn in range(-9, 10)), key=lambda speed: abs(speed - 1)))
"""How fast the item may run in the query. A piece still matches when its speed lies 1.5 % beside one of these."""

_WINDOW_S = 0.256
_BANDS = 33
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 3600.0
_SMOOTHED_STEPS = 3
_AROUND_STEPS = 31
_SILENCE_DB = -78.0
_FLATNESS_DB = 0.5
"""Where all bands stray less than this from their means there is nothing to tell one moment from another: a steady tone."""
_HEARD_SHARE = 0.6
_STEPS_MIN = 16
"""Less than two seconds of sound are not enough to recognise anything by."""
_MAX_PIECES = 240
_EDGE_STEPS = 17
"""Over so many codes, two seconds, it is asked whether both still sound alike."""
_CHUNK_STEPS = 64
"""So many windows of sound at a time, 1 MB: what is worked on stays in the processor's cache."""

Codes = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class SoundVote:
    """A moment of the query is heard at a moment of the item, both in seconds and in the middle of a piece. `alike` is the
    share of equal bits, `speed` the item's seconds per second of the query."""

    at_s: float
    item_at_s: float
    speed: float
    alike: float


def fingerprint_sound(audio: Audio) -> SoundFingerprint | None:
    """Of mono sound (n,) float32 in -1..1; of no more than LONGEST_S. None where there is nothing to hear at all."""
    samples = audio.samples[: int(LONGEST_S * audio.rate_hz)]
    hop, window = round(STEP_S * audio.rate_hz), round(_WINDOW_S * audio.rate_hz)
    if len(samples) < window + hop:
        return None
    levels = _levels(np.nan_to_num(np.asarray(samples, np.float32)), hop, window, audio.rate_hz)
    codes = _codes(levels)
    return SoundFingerprint(STEP_S, codes) if codes.any() else None


def _levels(samples: NDArray[np.float32], hop: int, window: int, rate_hz: int) -> NDArray[np.float32]:
    """(m, 33) loudness of the bands in decibels."""
    bands = _band_weights(window, rate_hz)
    shape = np.hanning(window).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    parts = []
    for start in range(0, len(frames), _CHUNK_STEPS):
        spectra = np.fft.rfft(frames[start : start + _CHUNK_STEPS] * shape, axis=1)[:, : len(bands)]
        power = spectra.real**2 + spectra.imag**2
        parts.append(power.astype(np.float32) @ bands)
    return np.asarray(10 * np.log10(np.concatenate(parts) / (window * window / 16) + 1e-12), np.float32)


@cache
def _band_weights(window: int, rate_hz: int) -> NDArray[np.float32]:
    """(bins, 33): which frequencies belong to which band; the bands are equally wide in pitch."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1) * window / rate_hz
    bins = np.arange(int(edges[-1]) + 2)[:, None]
    inside = np.minimum(bins + 0.5, edges[None, 1:]) - np.maximum(bins - 0.5, edges[None, :-1])
    return np.asarray(np.clip(inside, 0, 1), np.float32)


def _codes(levels: NDArray[np.float32]) -> Codes:
    smooth = _running_mean(levels, _SMOOTHED_STEPS)
    strays = smooth - _running_mean(smooth, _AROUND_STEPS)
    bits = strays[:, :-1] > strays[:, 1:]
    codes: Codes = np.packbits(bits, axis=1).view(">u4").ravel().astype(np.uint32)
    loudness = 10 * np.log10((10 ** (smooth / 10)).sum(axis=1))
    has_something = (loudness > _SILENCE_DB) & (_running_mean(np.abs(strays), 5).mean(axis=1) > _FLATNESS_DB)
    return np.where(has_something, np.where(codes == 0, 1, codes), 0).astype(np.uint32)


def _running_mean(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Along axis 0 over `width` (odd) values around each, fewer at the ends."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    places = np.arange(len(values))
    low, high = np.maximum(places - width // 2, 0), np.minimum(places + width // 2 + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None], np.float32)


def alike_min(steps: float) -> float:
    """The share of equal bits from which a piece of so many codes is heard in an item: shorter pieces, of which two unrelated
    ones are alike by chance more often, need more. 0.68 at 8 s, 0.76 at 3 s."""
    return 0.55 + 1.0 / float(np.sqrt(steps))


def heard(query: SoundFingerprint, item: SoundFingerprint) -> list[SoundVote]:
    """Which pieces of the query are heard in the item, where and how fast; each piece at most once, at its best place."""
    if query.step_s != item.step_s or not query.codes.any() or not item.codes.any():
        return []
    length = round(PIECE_S / query.step_s)
    starts = _starts(len(query.codes), length)
    signs = _signs(item.codes)
    best: dict[int, SoundVote] = {}
    for speed in SPEEDS:
        for start, vote in _heard_at(query, item, signs, starts, length, float(speed)):
            if start not in best or vote.alike > best[start].alike:
                best[start] = vote
    return [best[start] for start in sorted(best)]


def pieces_s(sound: SoundFingerprint) -> list[float]:
    """The middles of the pieces in which a sound is compared, in seconds."""
    length = round(PIECE_S / sound.step_s)
    half = min(length, len(sound.codes)) / 2
    return [(start + half) * sound.step_s for start in _starts(len(sound.codes), length)]


def shared_s(
    query: SoundFingerprint, item: SoundFingerprint, speed: float, offset_s: float, start_s: float, end_s: float
) -> tuple[float, float]:
    """From when to when the query sounds as the item does at `speed` * time + `offset_s`: the run that has most of the time
    between `start_s` and `end_s`, which are given back when there is none."""
    own = np.arange(len(query.codes))
    there = np.floor(speed * (own + 0.5) + offset_s / item.step_s).astype(np.int64)
    is_there = (there >= 0) & (there < len(item.codes))
    known = np.where(is_there, item.codes[np.clip(there, 0, len(item.codes) - 1)], 0)
    is_heard = (known != 0) & (query.codes != 0)
    alike = 1 - np.bitwise_count(query.codes ^ known) / 32.0
    inside = is_heard & (own * query.step_s >= start_s) & (own * query.step_s < end_s)
    if not inside.any():
        return start_s, end_s
    limit = (0.5 + float(np.median(alike[inside]))) / 2
    around = np.ones(_EDGE_STEPS)
    counts = np.convolve(is_heard, around, "same")
    means = np.convolve(np.where(is_heard, alike, 0.0), around, "same") / np.maximum(counts, 1)
    shared = np.where(counts >= _EDGE_STEPS // 2, means >= limit, False)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shared, [False]]).astype(np.int8))).reshape(-1, 2)
    runs = [(first * query.step_s, last * query.step_s) for first, last in edges.tolist()]
    best = max(runs, key=lambda run: min(run[1], end_s) - max(run[0], start_s), default=(start_s, end_s))
    return best if min(best[1], end_s) > max(best[0], start_s) else (start_s, end_s)


def _starts(count: int, length: int) -> list[int]:
    """Where pieces of `length` codes begin, half overlapping; more widely set in very long sounds."""
    stride = max(length // 2, -(-count // _MAX_PIECES))
    last = max(count - length, 0)
    return sorted({*range(0, last + 1, stride), last})


def _signs(codes: Codes) -> NDArray[np.float32]:
    """(m, 32) of -1 and 1; rows of 0 where there is nothing to hear."""
    bits = np.unpackbits(codes.astype(">u4").view(np.uint8).reshape(-1, 4), axis=1).astype(np.float32)
    return np.asarray((2 * bits - 1) * (codes != 0)[:, None], np.float32)


def _heard_at(
    query: SoundFingerprint, item: SoundFingerprint, signs: NDArray[np.float32], starts: list[int], length: int, speed: float
) -> list[tuple[int, SoundVote]]:
    """The best place of each piece when the item was played `1 / speed` times as long in the query."""
    own = _signs(query.codes)
    steps = max(round(min(length, len(own)) * speed), 1)
    if steps > len(signs) or steps < _STEPS_MIN:
        return []
    picked = np.minimum((np.arange(steps) + 0.5) / speed, min(length, len(own)) - 1).astype(np.intp)
    pieces = np.stack([own[start + picked].ravel() for start in starts])
    is_full = np.abs(pieces).mean(axis=1) >= _HEARD_SHARE
    windows = np.lib.stride_tricks.sliding_window_view(signs.ravel(), steps * 32)[::32]
    agreement = pieces @ np.ascontiguousarray(windows).T if len(windows) * steps < 2**20 else _in_parts(pieces, windows)
    places = agreement.argmax(axis=1)
    found = []
    for number, place in enumerate(places):
        both = float(np.abs(pieces[number] * windows[place]).sum())
        if is_full[number] and both >= _HEARD_SHARE * pieces.shape[1]:
            alike = 0.5 + 0.5 * float(agreement[number, place]) / both
            if alike < alike_min(both / 32):
                continue
            middle_s = (starts[number] + min(length, len(own)) / 2) * query.step_s
            item_middle_s = (float(place) + steps / 2) * item.step_s
            found.append((starts[number], SoundVote(middle_s, item_middle_s, speed, alike)))
    return found


def _in_parts(pieces: NDArray[np.float32], windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """`pieces @ windows.T` without ever holding all the overlapping windows."""
    rows = max(2**20 // (windows.shape[1] // 32), 1)
    parts = [pieces @ np.ascontiguousarray(windows[at : at + rows]).T for at in range(0, len(windows), rows)]
    return np.concatenate(parts, axis=1)
