"""Films looked at in rounds: what is told once, what is told anew, what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from jikim.analyzers.known_copy import KnownCopyAnalyzer, KnownCopyConfig
from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.films import KNOWN, fingerprint_video
from jikim.copies.store import create_bank
from jikim.types import Audio, Frame, Media, MediaKind, Subject
from jikim.weights.sessions import LocalSessions

RATE_HZ = 16_000
LONG = Media("cd" * 32, MediaKind.VIDEO, "video/mp4", 320, 240, 120.0)
KNOWN_FILM = Media("ab" * 32, MediaKind.VIDEO, "video/mp4", 320, 240, 20.0)


def _picture(seed: int, at_s: float) -> np.ndarray:
    """A picture that wanders slowly, another one every four seconds."""
    random = np.random.default_rng(1000 * seed + int(at_s // 4))
    layers = [cv2.resize(random.integers(0, 256, (side, side, 3), np.uint8), (480, 360)) for side in (5, 9, 17, 60)]
    left = int(20 * (at_s % 4))
    return np.ascontiguousarray(np.mean(layers, axis=0).astype(np.uint8)[left : left + 240, left : left + 320])


def _shown(at_s: float) -> Frame:
    """The known film from 50 to 70 s of a longer one."""
    pixels = _picture(1, at_s - 50) if 50 <= at_s < 70 else _picture(2, at_s)
    return Frame(LONG.id, at_s, pixels)


def _melody(seed: int, length_s: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    pitches = 220 * 2 ** (random.integers(0, 44, 400) / 12)
    moments = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    note = (moments / 0.23).astype(int)
    phase = 2 * np.pi * np.cumsum(pitches[note]) / RATE_HZ
    return (0.3 * np.exp(-2 * (moments / 0.23 - note)) * np.sin(phase)).astype(np.float32)


@pytest.fixture
def analyzer(tmp_path: Path) -> KnownCopyAnalyzer:
    frames = [Frame(KNOWN_FILM.id, float(at), _picture(1, float(at))) for at in np.arange(0, 20, 0.5)]
    with create_bank(tmp_path, "own", BankSettings()) as bank:
        bank.add(NewItem(fingerprint_video(KNOWN_FILM, frames, Audio(_melody(1, 20), RATE_HZ), KNOWN), "hers"))
    return KnownCopyAnalyzer(KnownCopyConfig(str(tmp_path)), LocalSessions(tmp_path))


def _look(analyzer: KnownCopyAnalyzer, times_s: Sequence[float]) -> list[str]:
    subject = Subject(LONG, tuple(_shown(float(at)) for at in times_s))
    return [cue.value["relation"] for cue in analyzer.analyze(subject)]


def test_rounds_of_one_film_are_joined_and_an_item_is_told_once(analyzer):
    assert _look(analyzer, range(0, 120, 10)) == ["copy"]
    assert _look(analyzer, range(5, 120, 10)) == []
    assert _look(analyzer, range(0, 120, 10)) == ["copy"], "the same moments again are another look at the film"


def test_a_closer_look_finds_where_the_known_film_begins_and_ends(analyzer):
    asked: list[float] = []

    def frames_at(times_s: Sequence[float]) -> Sequence[Frame]:
        asked.extend(times_s)
        return [_shown(at_s) for at_s in times_s]

    assert _look(analyzer, range(3, 120, 10)) == ["copy"]
    (cue,) = analyzer.look_closer(Subject(LONG), frames_at) or ()
    assert 0 < len(asked) <= 48
    found = [cue.value[key] for key in ("start_s", "end_s", "item_start_s")]
    assert found == pytest.approx([50, 70, 0], abs=1)
    assert cue.value["segments"] == [pytest.approx([50, 70, 0, 20], abs=1)]
    assert analyzer.look_closer(Subject(KNOWN_FILM), frames_at) is None


def test_films_with_nothing_known_are_not_looked_at_again(analyzer):
    frames = tuple(Frame(LONG.id, float(at), _picture(3, float(at))) for at in range(0, 120, 10))
    assert list(analyzer.analyze(Subject(LONG, frames))) == []
    assert analyzer.look_closer(Subject(LONG), lambda times_s: pytest.fail("nothing is to be seen")) is None


def test_sound_is_told_where_the_pictures_are_others_and_not_where_they_were_told(analyzer):
    heard = Subject(LONG, audio=Audio(_melody(1, 20), RATE_HZ))
    (cue,) = analyzer.analyze(heard)
    assert (cue.value["relation"], cue.value["edit"], cue.message_key) == ("same_scene", "sound", "cue.same_sound")
    assert _look(analyzer, range(0, 120, 10)) == ["copy"]
    assert list(analyzer.analyze(heard)) == []
    assert list(analyzer.analyze(Subject(LONG, audio=Audio(_melody(2, 20), RATE_HZ)))) == []
