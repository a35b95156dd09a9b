"""Sounds found in a bank by ear: what was done to them, what is not to be found, what becomes of the files."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from bank_samples import picture

from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.fingerprints import ItemFingerprint, SoundFingerprint
from jikim.copies.matching import Match, Matcher
from jikim.copies.sounds import fingerprint_sound
from jikim.copies.store import StoredBank, create_bank, open_bank
from jikim.types import Audio, MediaKind

RATE_HZ = 16_000


def _melody(seed: int, length_s: float, speed: float = 1.0) -> np.ndarray:
    """Chords that change several times a second; `speed` plays them faster at the same pitch."""
    rng = np.random.default_rng(seed)
    moments = np.arange(int(length_s * RATE_HZ / speed)) / RATE_HZ * speed
    sound = np.zeros(len(moments))
    for voice_s in (0.21, 0.34, 0.55):
        pitches = 220 * 2 ** (rng.integers(0, 44, int(length_s / voice_s) + 2) / 12)
        note = (moments / voice_s).astype(int)
        phase = 2 * np.pi * np.cumsum(pitches[note]) / RATE_HZ
        sound += np.exp(-2 * (moments / voice_s - note)) * (np.sin(phase) + 0.5 * np.sin(2 * phase))
    return (sound / 6).astype(np.float32)


def _sound(samples: np.ndarray) -> SoundFingerprint | None:
    return fingerprint_sound(Audio(np.asarray(samples, np.float32), RATE_HZ))


def _item(name: str, samples: np.ndarray, *, is_film: bool = True) -> ItemFingerprint:
    """A film of pictures of its own, or a recording."""
    seed = int(sha256(name.encode()).hexdigest()[:6], 16)
    frames = tuple(picture(seed + at, at_s=float(at)) for at in range(4)) if is_film else ()
    kind = MediaKind.VIDEO if is_film else MediaKind.AUDIO
    id_ = sha256(name.encode()).hexdigest()
    return ItemFingerprint(id_, kind, 640, 480, len(samples) / RATE_HZ, frames, _sound(samples))


@pytest.fixture
def bank(tmp_path):
    with create_bank(tmp_path, "heard", BankSettings()) as made:
        for seed in range(1, 6):
            made.add(NewItem(_item(f"film {seed}", _melody(seed, 30)), f"film {seed}"))
        made.add(NewItem(_item("recording", _melody(9, 30), is_film=False), "recording"))
        yield made


def _heard(bank: StoredBank, samples: np.ndarray, *, is_film: bool = True) -> list[Match]:
    return Matcher([bank]).match(_item("asked", samples, is_film=is_film))


EDITS = {
    "as it is": lambda: _melody(3, 30),
    "faster": lambda: _melody(3, 30, 1.25),
    "slower": lambda: _melody(3, 30, 0.85),
    "quieter under music": lambda: 0.2 * _melody(3, 30) + 0.06 * _melody(77, 30),
    "inside another": lambda: np.concatenate([_melody(50, 20), _melody(3, 30)[5 * RATE_HZ : 20 * RATE_HZ], _melody(51, 20)]),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("is_film", [True, False])
def test_other_pictures_with_the_same_sound_are_a_lead_that_says_so(bank, edit, is_film):
    (match,) = _heard(bank, EDITS[edit](), is_film=is_film)
    assert (match.label, match.relation) == ("film 3", "same_scene")
    assert match.edit.split("+")[0] == "sound"
    if edit == "inside another":
        (segment,) = match.segments
        found = (segment.start_s, segment.end_s, segment.item_start_s, segment.item_end_s)
        assert found == pytest.approx((20, 35, 5, 20), abs=1.0)


def test_a_recording_is_found_in_a_film(bank):
    (match,) = _heard(bank, _melody(9, 30)[8 * RATE_HZ : 24 * RATE_HZ])
    assert (match.label, match.edit) == ("recording", "sound")


def test_other_sounds_and_silence_are_not_found(bank):
    noise = np.random.default_rng(1).normal(0, 0.1, 20 * RATE_HZ)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(20 * RATE_HZ) / RATE_HZ)
    for samples in (noise, tone, np.zeros(20 * RATE_HZ), np.zeros(0), _melody(60, 2.0)):
        assert _heard(bank, samples) == []
    for seed in range(100, 120):
        assert _heard(bank, _melody(seed, 12)) == []


def test_sound_is_found_by_other_processes_after_saving_and_not_once_removed(bank, tmp_path):
    def heard(opened: StoredBank) -> list[str]:
        return [match.label for match in _heard(opened, _melody(2, 30))]

    with open_bank(tmp_path, bank.name) as other:
        assert heard(other) == ["film 2"]
        bank.save_index()
        bank.set_state(2, ItemState.DISABLED)
        assert heard(other) == heard(bank) == []
        bank.set_state(2, ItemState.ACTIVE)
        assert heard(other) == ["film 2"]
        bank.add(NewItem(replace(_item("film 2 again", _melody(2, 30))), "film 2 again"))
        assert sorted(heard(other)) == ["film 2", "film 2 again"]
        bank.remove(2)
        assert heard(other) == ["film 2 again"]
    words = bytes(open_sound(bank, 1)[:32])
    bank.save_index()
    folder = tmp_path / bank.name / "index" / "sound"
    assert any(path.stat().st_size for path in folder.glob("*.segment"))
    assert words
    with open_bank(tmp_path, bank.name) as again:
        assert heard(again) == ["film 2 again"]


def open_sound(bank: StoredBank, number: int) -> np.ndarray:
    fingerprint = bank.fingerprint(number)
    assert fingerprint is not None
    assert fingerprint.sound is not None
    return fingerprint.sound.codes


def test_a_damaged_index_of_sound_is_built_anew(bank, tmp_path):
    bank.save_index()
    for path in (tmp_path / bank.name / "index" / "sound").glob("*.segment"):
        path.write_bytes(path.read_bytes()[:100])
    with open_bank(tmp_path, bank.name) as again:
        assert [match.label for match in _heard(again, _melody(4, 30))] == ["film 4"]
