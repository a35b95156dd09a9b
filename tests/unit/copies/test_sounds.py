"""Generated melodies and noises: what was done to a sound and what it is then still recognised by."""

from __future__ import annotations

import numpy as np
import pytest

from jikim.copies.fingerprints import SoundFingerprint
from jikim.copies.sounds import STEP_S, alike_min, fingerprint_sound, heard
from jikim.types import Audio

RATE_HZ = 16_000


def _melody(seed: int, length_s: float, speed: float = 1.0) -> np.ndarray:
    """Chords that change several times a second; `speed` plays them faster at the same pitch."""
    rng = np.random.default_rng(seed)
    moments = np.arange(int(length_s * RATE_HZ / speed)) / RATE_HZ * speed
    sound = np.zeros(len(moments))
    for voice_s in (0.21, 0.34, 0.55):
        pitches = 220 * 2 ** (rng.integers(0, 44, int(length_s / voice_s) + 2) / 12)
        note = (moments / voice_s).astype(int)
        loudness = np.exp(-2 * (moments / voice_s - note))
        phase = 2 * np.pi * np.cumsum(pitches[note]) / RATE_HZ
        sound += loudness * (np.sin(phase) + 0.5 * np.sin(2 * phase))
    return (sound / 6).astype(np.float32)


def _fingerprint(samples: np.ndarray) -> SoundFingerprint:
    found = fingerprint_sound(Audio(np.asarray(samples, np.float32), RATE_HZ))
    assert found is not None
    return found


ITEM = _melody(1, 30)


def test_a_sound_is_heard_where_it_is():
    votes = heard(_fingerprint(ITEM[10 * RATE_HZ : 22 * RATE_HZ]), _fingerprint(ITEM))
    assert len(votes) >= 2
    assert all(abs(vote.item_at_s - vote.at_s - 10) <= STEP_S and vote.speed == 1.0 for vote in votes)


@pytest.mark.parametrize("speed", [0.8, 0.9, 1.1, 1.25])
def test_a_sound_is_heard_at_another_speed_of_the_same_pitch(speed: float):
    votes = heard(_fingerprint(_melody(1, 30, speed)), _fingerprint(ITEM))
    assert len(votes) >= 3
    assert all(abs(vote.item_at_s - vote.at_s * speed) <= 0.4 and abs(vote.speed - speed) < 0.03 for vote in votes)


def test_a_sound_is_heard_under_music_quieter_distorted_and_with_less_treble():
    edited = np.clip(0.2 * ITEM + 0.07 * _melody(2, 30)[: len(ITEM)], -0.25, 0.25)
    edited = np.convolve(edited, np.ones(4) / 4, "same") + np.random.default_rng(3).normal(0, 0.002, len(edited))
    votes = heard(_fingerprint(edited), _fingerprint(ITEM))
    assert len(votes) >= 4
    assert all(abs(vote.item_at_s - vote.at_s) <= STEP_S for vote in votes)


def test_other_melodies_are_not_heard():
    item = _fingerprint(ITEM)
    assert not [vote for seed in range(10, 22) for vote in heard(_fingerprint(_melody(seed, 20)), item)]
    assert not [vote for seed in range(10, 22) for vote in heard(_fingerprint(_melody(seed, 4)), item)]


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(10 * RATE_HZ),
        np.full(10 * RATE_HZ, 0.5),
        np.random.default_rng(4).normal(0, 1e-6, 10 * RATE_HZ),
        np.zeros(0),
        np.ones(100),
        np.full(10 * RATE_HZ, np.nan),
    ],
    ids=["silence", "a constant", "noise nobody hears", "nothing", "a click", "no numbers"],
)
def test_silence_has_no_fingerprint(samples: np.ndarray):
    assert fingerprint_sound(Audio(samples.astype(np.float32), RATE_HZ)) is None


def test_a_steady_tone_matches_nothing_not_even_itself():
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE_HZ) / RATE_HZ)
    found = fingerprint_sound(Audio(tone.astype(np.float32), RATE_HZ))
    assert found is None or not heard(found, found)


def test_silent_stretches_never_match():
    pause = np.zeros(12 * RATE_HZ, np.float32)
    left = _fingerprint(np.concatenate([_melody(5, 4), pause]))
    right = _fingerprint(np.concatenate([pause, _melody(6, 4)]))
    assert heard(left, right) == []


def test_two_seconds_are_too_short():
    assert heard(_fingerprint(ITEM[: int(1.5 * RATE_HZ)]), _fingerprint(ITEM)) == []


def test_of_ten_hours_an_hour_is_kept():
    long = np.broadcast_to(np.float32(0), (int(3700 * RATE_HZ),)).copy()
    long[: len(ITEM)] = ITEM
    assert len(_fingerprint(long).codes) <= 3600 / STEP_S


def test_shorter_pieces_need_more():
    assert alike_min(16) > alike_min(62) > 0.6
