from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from jikim.analyzers import voice, whisper
from jikim.analyzers.speech import SpeechAnalyzer, SpeechConfig, _spread, _windows
from jikim.analyzers.voice import RATE_HZ, Stretch
from jikim.analyzers.whisper import Phrase
from jikim.errors import WeightsMissing
from jikim.scan import spans
from jikim.types import Audio, Subject
from jikim.weights.sessions import LocalSessions


def _heard(analyzer, samples, rate_hz=RATE_HZ):
    return list(analyzer.analyze(Subject(None, audio=Audio(np.asarray(samples, np.float32), rate_hz))))


def _moments(length_s):
    return np.arange(int(length_s * RATE_HZ)) / RATE_HZ


def _noise(length_s, level):
    return np.random.default_rng(7).normal(0, level, int(length_s * RATE_HZ))


QUIET_SOUNDS = {
    "silence": np.zeros(5 * RATE_HZ),
    "nothing": np.zeros(0),
    "one sample": np.ones(1),
    "not a number": np.full(RATE_HZ, np.nan),
    "hiss": _noise(10, 0.1),
    "clipped noise": np.clip(_noise(10, 3), -1, 1),
    "tone": 0.5 * np.sin(2 * np.pi * 440 * _moments(10)),
    "clipped tone": np.clip(9 * np.sin(2 * np.pi * 150 * _moments(10)), -1, 1),
    "siren": 0.4 * np.sin(2 * np.pi * (400 * _moments(10) + 60 * np.sin(2 * np.pi * _moments(10)))),
    "pulsing buzz": 0.3 * np.sign(np.sin(2 * np.pi * 120 * _moments(10))) * (np.sin(2 * np.pi * 3 * _moments(10)) > 0),
}


@pytest.mark.parametrize("name", QUIET_SOUNDS)
def test_nothing_is_heard_where_nobody_speaks(name, sessions):
    analyzer = SpeechAnalyzer(SpeechConfig(), sessions)
    assert _heard(analyzer, QUIET_SOUNDS[name]) == []
    assert "_whisper" not in vars(analyzer), "Whisper was loaded for nothing"


def test_hours_of_music_are_searched_in_parts(sessions):
    beat = np.tile(np.sin(2 * np.pi * 110 * _moments(0.5)) * np.exp(-6 * _moments(0.5)), 1200)
    samples = np.tile(beat.astype(np.float32), 18)
    analyzer = SpeechAnalyzer(SpeechConfig(sought_s=60), sessions)
    assert len(samples) == 3 * 3600 * RATE_HZ
    assert _heard(analyzer, samples) == []


def test_a_voice_that_is_not_understood_is_told_without_words(sessions):
    with av.open(str(Path(__file__).with_name("synthetic_voice.ogg"))) as file:
        resampler = av.AudioResampler("flt", "mono", RATE_HZ)
        parts = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    cues = _heard(SpeechAnalyzer(SpeechConfig(), sessions), np.concatenate(parts))
    assert [(cue.name, cue.value["text"], cue.value["lang"], cue.confidence) for cue in cues] == [("utterance", "", "und", 0.0)]
    assert 0 <= cues[0].value["start_s"] < 1 < cues[0].value["end_s"] <= 3.6
    assert spans(cues) == [], "no words to weigh"


def test_sound_of_another_rate_is_refused(sessions):
    with pytest.raises(ValueError, match="192000"):
        _heard(SpeechAnalyzer(SpeechConfig(), sessions), np.zeros(100), 192_000)


def test_whisper_tells_hiss_from_speech(sessions):
    """The gates behind the voice detector hold when a window gets that far."""
    hearing = whisper.Whisper(sessions)
    shares = hearing.languages(hearing.encode(np.asarray(_noise(5, 0.1), np.float32)))
    assert set(shares) >= {"ko", "en"}
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert max(shares["ko"], shares["en"]) < SpeechConfig().language_share


def test_whisper_writes_its_times_and_letters(sessions):
    hearing = whisper.Whisper(sessions)
    tokens = [
        hearing._tokens.index(token) for token in ("<|1.00|>", "Ġschool", "Ġfestival", "<|2.50|>", "<|3.00|>", "íķĻ", "êµĲ")
    ]
    assert list(hearing._phrases(tokens)) == [Phrase("school festival", 1.0, 2.5), Phrase("학교", 3.0, 30.0)]


def test_the_spectrum_shows_a_tone_in_its_band():
    tone = np.asarray(0.5 * np.sin(2 * np.pi * 1000 * _moments(2)), np.float32)
    spectrum = whisper.log_mel(tone)
    assert spectrum.shape == (80, 3000)
    band = int(spectrum[:, 50].argmax())
    heights = whisper._bands()[band]
    assert heights[round(1000 / 40)] == heights.max()
    assert spectrum[:, 250].max() == pytest.approx(spectrum.max() - 2)


def test_runs_of_speech_bridge_short_pauses_and_end_at_long_ones():
    second = round(1 / voice.STEP_S)
    shares = [0.0] * second + [0.9] * second + [0.1] * 6 + [0.4] * second + [0.1] * second + [0.45] * second
    (run,) = voice._runs(shares)
    assert run.start_s == pytest.approx(1, abs=0.05)
    assert run.end_s == pytest.approx(3.2, abs=0.05)


def test_stretches_are_put_together_and_keep_their_times():
    stretches = [Stretch(10, 20), Stretch(50, 65), Stretch(100, 100.3), Stretch(200, 275)]
    windows = _windows(stretches)
    assert all(piece.at_s + piece.stretch.length_s <= whisper.WINDOW_S for window in windows for piece in window.pieces)
    assert [piece.stretch for piece in windows[0].pieces] == [Stretch(10, 20), Stretch(50, 65)]
    assert [piece.stretch for window in windows[1:] for piece in window.pieces] == [
        Stretch(200, 230),
        Stretch(230, 260),
        Stretch(260, 275),
    ]
    first = windows[0]
    assert first.at(0) == 10
    assert first.at(10.4) == 20
    assert first.at(12.5) == 52
    assert first.at(99) == 65
    sound = np.zeros(300 * RATE_HZ, np.float32)
    sound[52 * RATE_HZ] = 1
    assert first.samples(sound)[int(12.5 * RATE_HZ)] == 1


def test_the_first_few_windows_lie_all_over_the_length():
    windows = _windows([Stretch(40.0 * number, 40.0 * number + 28) for number in range(9)])
    starts = [window.pieces[0].stretch.start_s / 40 for window in _spread(windows)]
    assert sorted(starts) == list(range(9))
    assert sorted(starts[:3]) == [0, 4, 8]


@pytest.mark.parametrize(
    ("text", "is_believable"),
    [
        ("오늘은 학교 축제가 있어요", True),
        ("ask what you can do for your country", True),
        ("쇼, 쇼, 쇼, 쇼, 쇼, 쇼", False),
        ("a b c d " * 30, False),
        ("시청해 주셔서 감사합니다.", False),
        ("Thanks for watching!", False),
        ("...", False),
        ("", False),
    ],
)
def test_what_is_believed(text, is_believable, sessions):
    assert SpeechAnalyzer(SpeechConfig(), sessions)._is_believable(Phrase(text, 0, 1)) is is_believable


def test_without_its_files_it_says_so(tmp_path):
    with pytest.raises(WeightsMissing):
        SpeechAnalyzer.verify(SpeechConfig(), LocalSessions(tmp_path))
