"""Whisper on CTranslate2: the words in up to 30 seconds of 16 kHz sound, and how far to trust them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.voice import RATE_HZ, Samples
from jikim.seams import Sessions

WINDOW_S = 30.0
WINDOW = int(WINDOW_S * RATE_HZ)
SPECTRUM = 400
HOP = 160
BANDS = 80
TIME_STEP_S = 0.02
BEAMS = 5
TOKENS_MAX = 224


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was said from when to when, in seconds from the start of the window."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The phrases of one window. `log_probability`: the mean of a token's; `no_speech`: how likely nobody speaks."""

    phrases: tuple[Phrase, ...]
    log_probability: float
    no_speech: float


class Whisper:
    """The model in memory, on one thread."""

    def __init__(self, sessions: Sessions) -> None:
        import ctranslate2  # here: only sound with speech needs it

        paths = {name: sessions.path(name) for name in ("whisper-base", "whisper-base-vocabulary", "whisper-base-config")}
        (folder,) = {path.parent for path in paths.values()}
        self._ctranslate2 = ctranslate2
        self._model = ctranslate2.models.Whisper(str(folder), compute_type="int8", intra_threads=1)
        self._tokens = paths["whisper-base-vocabulary"].read_text("utf-8").split("\n")
        self._end = self._tokens.index("<|endoftext|>")
        self._first_time = self._tokens.index("<|0.00|>")

    def encode(self, samples: Samples) -> Any:
        """What the other two methods hear. `samples`: at most WINDOW; the rest is silence."""
        spectrum = self._ctranslate2.StorageView.from_array(log_mel(samples)[None])
        return self._model.encode(spectrum)

    def languages(self, encoded: Any) -> dict[str, float]:
        """How likely each language is, by its ISO 639-1 code."""
        (found,) = self._model.detect_language(encoded)
        return {token.strip("<|>"): share for token, share in found}

    def words(self, encoded: Any, lang: str) -> Heard:
        """What is said, taken to be in `lang`."""
        prompt = ["<|startoftranscript|>", f"<|{lang}|>", "<|transcribe|>"]
        (result,) = self._model.generate(
            encoded, [prompt], beam_size=BEAMS, max_length=TOKENS_MAX, return_scores=True, return_no_speech_prob=True
        )
        tokens = result.sequences_ids[0]
        total = result.scores[0] * len(tokens)
        return Heard(tuple(self._phrases(tokens)), total / (len(tokens) + 1), result.no_speech_prob)

    def _phrases(self, tokens: Sequence[int]) -> Iterator[Phrase]:
        """The text between the marks of time, which come in pairs around each phrase."""
        start_s, said = 0.0, list[int]()
        for token in tokens:
            if token < self._end:
                said.append(token)
            elif token >= self._first_time:
                at_s = (token - self._first_time) * TIME_STEP_S
                if said:
                    yield Phrase(self._text(said), start_s, at_s)
                start_s, said = at_s, []
        if said:
            yield Phrase(self._text(said), start_s, WINDOW_S)

    def _text(self, tokens: Sequence[int]) -> str:
        letters = "".join(self._tokens[token] for token in tokens)
        return bytes(_bytes()[letter] for letter in letters).decode("utf-8", "ignore").strip()


@cache
def _bytes() -> dict[str, int]:
    """The byte that each letter of a token stands for: itself where it can be printed, else the letters from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + place): byte for place, byte in enumerate(others)}


def compression(text: str) -> float:
    """How many times smaller the text can be written: above 2.4 it repeats itself."""
    content = text.encode()
    return len(content) / len(zlib.compress(content)) if content else 0.0


def repeats(text: str) -> bool:
    """Whether one piece of it follows itself four times or more, as when a decoder is caught in a loop."""
    return re.search(r"(.{1,40}?)\1{3,}", re.sub(r"\s+", "", text)) is not None


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """(80, 3000): the loudness of each band every 10 ms, as Whisper was trained: clipped 80 dB below the loudest."""
    padded = np.pad(np.pad(samples[:WINDOW], (0, max(0, WINDOW - len(samples)))), SPECTRUM // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, SPECTRUM)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)) ** 2
    loudness = np.log10(np.maximum(_bands() @ power.T, 1e-10))
    return np.ascontiguousarray((np.maximum(loudness, loudness.max() - 8) + 4) / 4, np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return np.asarray(np.hanning(SPECTRUM + 1)[:-1], np.float32)


@cache
def _bands() -> NDArray[np.float32]:
    """(80, 201): triangles of equal area, evenly spaced on Slaney's mel scale from 0 to 8 kHz."""
    edges = _hertz(np.linspace(0, _mel(RATE_HZ / 2), BANDS + 2))
    bins = np.linspace(0, RATE_HZ / 2, SPECTRUM // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    heights = 2 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * heights[:, None], np.float32)


LINEAR_HZ = 200 / 3
BREAK_HZ = 1000.0
LOG_STEP = np.log(6.4) / 27


def _mel(hertz: float) -> float:
    """Linear to 1 kHz, logarithmic above."""
    if hertz < BREAK_HZ:
        return hertz / LINEAR_HZ
    return float(BREAK_HZ / LINEAR_HZ + np.log(hertz / BREAK_HZ) / LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = BREAK_HZ / LINEAR_HZ
    return np.where(mels < bend, mels * LINEAR_HZ, BREAK_HZ * np.exp(LOG_STEP * (mels - bend)))
