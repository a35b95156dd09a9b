"""What is said: Silero tells where somebody speaks, Whisper base writes it down, in Korean and English."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np

from jikim.analyzers import voice
from jikim.analyzers.voice import RATE_HZ, Samples, Stretch
from jikim.analyzers.whisper import WINDOW_S, Phrase, Whisper, compression, repeats
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Audio, Cue, ModelCard, Need, Subject

Lang = Literal["ko", "en"]

GAP_S = 0.5
"""Silence put between stretches that are heard together."""
PIECE_MIN_S = 0.6
UNHEARD_MIN_S = 2.0
"""From so much speech on it is said that somebody speaks although the words were not understood."""
SOUGHT_PARTS = 20
"""Sound that is longer than `sought_s` is searched for speech in this many parts, spread over its length."""

STOCK_PHRASES = (
    "시청해주셔서감사합니다",
    "구독과좋아요",
    "다음영상에서만나요",
    "한글자막by",
    "자막제공",
    "thanksforwatching",
    "thankyouforwatching",
    "pleasesubscribe",
    "subtitlesby",
)
"""What Whisper writes where nobody speaks, from the film subtitles it learnt from; without spaces. Lost where truly said."""


class SpeechConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`budget_s`: no further window is begun after this time. `longest_s`: how much speech is written down, and `sought_s`: how
    much sound is searched for speech. `language_share`: how sure Whisper must be that a window is in one of `languages`.
    `log_probability`, `no_speech`, `compression`: beyond these its words are not believed."""

    budget_s: Annotated[float, msgspec.Meta(gt=0)] = 12.0
    longest_s: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    sought_s: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    languages: tuple[Lang, ...] = ("ko", "en")
    language_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.6
    log_probability: float = -0.8
    no_speech: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.6
    compression: float = 2.4


class _Piece(NamedTuple):
    """A stretch of the sound and where it lies in its window."""

    stretch: Stretch
    at_s: float


@dataclass(frozen=True, slots=True)
class _Window:
    """Stretches of speech put together, at most as long as Whisper hears at once."""

    pieces: tuple[_Piece, ...]

    def samples(self, sound: Samples) -> Samples:
        """The sound of all pieces with silence between them."""
        last = self.pieces[-1]
        joined = np.zeros(round((last.at_s + last.stretch.length_s) * RATE_HZ), np.float32)
        for stretch, at_s in self.pieces:
            part = sound[round(stretch.start_s * RATE_HZ) : round(stretch.end_s * RATE_HZ)]
            start = round(at_s * RATE_HZ)
            joined[start : start + len(part)] = part[: len(joined) - start]
        return joined

    @property
    def speech_s(self) -> float:
        """How long somebody speaks in it."""
        return sum(stretch.length_s for stretch, _ in self.pieces)

    def at(self, moment_s: float) -> float:
        """The time in the sound of a moment of the window."""
        piece = max((piece for piece in self.pieces if piece.at_s <= moment_s), default=self.pieces[0])
        return min(piece.stretch.start_s + max(0.0, moment_s - piece.at_s), piece.stretch.end_s)


class SpeechAnalyzer:
    """Gives one cue `utterance` for each phrase that was heard surely enough, and one without words, in the language `und`,
    where somebody speaks and is not understood."""

    name: ClassVar[str] = "speech"
    version: ClassVar[str] = "2"
    Config: ClassVar[type[SpeechConfig]] = SpeechConfig
    weights: ClassVar[tuple[str, ...]] = ("silero-vad", "whisper-base", "whisper-base-vocabulary", "whisper-base-config")
    needs: ClassVar[frozenset[Need]] = frozenset({Need.AUDIO})
    after: ClassVar[frozenset[str]] = frozenset()
    cost_ms: ClassVar[float] = 100.0
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Write down what is said, so that its words can be weighed.",
        limits="Korean and English alone. Synthetic voices, songs, whispering and several voices at once are mostly not "
        "understood: then it is said that somebody speaks, without words. It says nothing of who speaks or how old they are.",
        data="Whisper: 680,000 hours from the web, unpublished. Silero: unpublished.",
        metrics={
            "clips_of_real_speech_understood": "3 of 3 (one English, two Korean), also clipped, over hiss and over a melody",
            "synthetic_korean_voices_understood": "0 of 7: heard as speech in 7, without words rather than with wrong ones",
            "utterances_in_sound_without_speech": "0 in 11 minutes of silence, noise, tones and melody, 0 in 3 hours of it",
            "work_s_per_s_of_speech": 0.11,
            "work_s_per_s_without_speech": 0.004,
        },
        by_group={},
        licence_code="Apache-2.0; CTranslate2 MIT; silero-vad MIT",
        licence_weights="Whisper MIT (OpenAI); Silero MIT",
    )

    def __init__(self, config: SpeechConfig, sessions: Sessions) -> None:
        self._config = config
        self._sessions = sessions

    @cached_property
    def _whisper(self) -> Whisper:
        return Whisper(self._sessions)

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a phrase, in order of time. Raises WeightsMissing; ValueError for sound of another rate than 16 kHz."""
        if subject.audio is None:
            return []
        begun = time.perf_counter()
        sound = _clean(subject.audio)
        windows = _windows(self._speech(sound))
        media_id = subject.media.id if subject.media else None
        cues: list[Cue] = []
        for window in _spread(windows)[: max(1, int(self._config.longest_s / WINDOW_S))]:
            if time.perf_counter() - begun >= self._config.budget_s:
                break
            cues += self._utterances(media_id, window, sound)
        return _without_echoes(sorted(cues, key=lambda cue: (cue.value["start_s"], cue.value["end_s"])))

    def _speech(self, sound: Samples) -> list[Stretch]:
        """Where somebody speaks, in all of the sound or in parts spread over it."""
        session = self._sessions.session("silero-vad")
        size = int(self._config.sought_s * RATE_HZ)
        if len(sound) <= size:
            return voice.stretches(sound, session)
        part = size // SOUGHT_PARTS
        starts = np.linspace(0, len(sound) - part, SOUGHT_PARTS).astype(int)
        return [
            Stretch(stretch.start_s + start / RATE_HZ, stretch.end_s + start / RATE_HZ)
            for start in starts.tolist()
            for stretch in voice.stretches(sound[start : start + part], session)
        ]

    def _utterances(self, media_id: str | None, window: _Window, sound: Samples) -> Iterator[Cue]:
        config = self._config
        encoded = self._whisper.encode(window.samples(sound))
        shares = self._whisper.languages(encoded)
        lang = max(shares, key=lambda code: shares[code])
        if lang not in config.languages or shares[lang] < config.language_share:
            yield from self._not_understood(media_id, window)
            return
        heard = self._whisper.words(encoded, lang)
        if heard.no_speech > config.no_speech:
            return
        if heard.log_probability < config.log_probability:
            yield from self._not_understood(media_id, window)
            return
        for phrase in heard.phrases:
            if self._is_believable(phrase):
                start_s, end_s = window.at(phrase.start_s), window.at(phrase.end_s)
                sureness = float(np.exp(heard.log_probability))
                yield self._cue(media_id, phrase.text, lang, start_s, end_s, sureness, "cue.utterance")

    def _not_understood(self, media_id: str | None, window: _Window) -> Iterator[Cue]:
        """That somebody speaks, with no words: another language, a synthetic voice, a bad recording. A person may listen."""
        if window.speech_s >= UNHEARD_MIN_S:
            start_s, end_s = window.pieces[0].stretch.start_s, window.pieces[-1].stretch.end_s
            yield self._cue(media_id, "", "und", start_s, end_s, 0.0, "cue.speech_not_understood")

    def _is_believable(self, phrase: Phrase) -> bool:
        """Whether the words may be shown as said: no loop, no stock phrase, not only signs."""
        letters = "".join(char for char in phrase.text.lower() if char.isalnum())
        is_stock = any(stock in letters and len(letters) <= 2 * len(stock) for stock in STOCK_PHRASES)
        is_loop = repeats(phrase.text) or compression(phrase.text) > self._config.compression
        return len(letters) >= 2 and not is_stock and not is_loop

    def _cue(
        self, media_id: str | None, text: str, lang: str, start_s: float, end_s: float, confidence: float, message_key: str
    ) -> Cue:
        return Cue(
            media_id=media_id,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._sessions.sha256("whisper-base"),
            name="utterance",
            at_s=round(start_s, 2),
            region=None,
            value={"text": text, "lang": lang, "start_s": round(start_s, 2), "end_s": round(end_s, 2)},
            confidence=round(min(confidence, 1.0), 4),
            message_key=message_key,
            params={"text": text} if text else {},
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """Sound in which nobody speaks. There is no example of speech: no voice can be made by a few lines of code."""
        moments = np.arange(3 * RATE_HZ, dtype=np.float32) / RATE_HZ
        chord = sum(np.sin(2 * np.pi * hertz * moments) for hertz in (220.0, 277.2, 329.6)) / 4
        hiss = np.random.default_rng(1).normal(0, 0.1, moments.size)
        for samples in (np.zeros_like(moments), chord, hiss):
            yield AnalyzerExample(Subject(None, audio=Audio(np.asarray(samples, np.float32), RATE_HZ)), frozenset())

    @classmethod
    def verify(cls, config: SpeechConfig, sessions: Sessions) -> None:
        """Looks for speech once and compares Whisper's files. Raises WeightsMissing."""
        voice.stretches(np.full(RATE_HZ, 0.1, np.float32), sessions.session("silero-vad"))
        for name in cls.weights:
            sessions.path(name)


def _clean(audio: Audio) -> Samples:
    """The samples as Whisper wants them, whatever was in them."""
    if audio.rate_hz != RATE_HZ:
        raise ValueError(f"{audio.rate_hz} Hz: sound must be handed over at {RATE_HZ} Hz")
    return np.nan_to_num(audio.samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0).astype(np.float32, copy=False)


def _windows(stretches: Sequence[Stretch]) -> list[_Window]:
    """The stretches put together in windows, those longer than a window in several."""
    windows: list[_Window] = []
    pieces: list[_Piece] = []
    at_s = 0.0
    for stretch in _cut(stretches):
        if at_s + stretch.length_s > WINDOW_S:
            windows.append(_Window(tuple(pieces)))
            pieces, at_s = [], 0.0
        pieces.append(_Piece(stretch, at_s))
        at_s += stretch.length_s + GAP_S
    return [*windows, _Window(tuple(pieces))] if pieces else windows


def _cut(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same with none longer than a window; remainders too short to understand are left out."""
    for start_s, end_s in stretches:
        while end_s - start_s > WINDOW_S:
            yield Stretch(start_s, start_s + WINDOW_S)
            start_s += WINDOW_S
        if end_s - start_s >= PIECE_MIN_S:
            yield Stretch(start_s, end_s)


def _spread(windows: Sequence[_Window]) -> list[_Window]:
    """The same in an order in which any first few lie all over the length: always the one farthest from those taken."""
    left, taken = list(range(len(windows))), list[int]()
    while left:
        place = max(left, key=lambda number: min((abs(number - other) for other in taken), default=-number))
        taken.append(place)
        left.remove(place)
    return [windows[place] for place in taken]


def _without_echoes(cues: Iterable[Cue]) -> list[Cue]:
    """The same without phrases that only repeat the one before."""
    kept: list[Cue] = []
    for cue in cues:
        if not kept or not cue.value["text"] or kept[-1].value["text"] != cue.value["text"]:
            kept.append(cue)
    return kept
