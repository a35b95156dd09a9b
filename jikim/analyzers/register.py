"""How young a Korean sentence sounds: text made plain, its letters counted in groups, and a linear model over them.

The model was trained on sentences restyled by rule (`training/youth_language`), so it knows a manner of writing, not a topic.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

WEIGHTS_FILE = "youth_register.npz"

BUCKETS = 2**15
SHORTEST_GROUP, LONGEST_GROUP = 2, 5
LONGEST_SENTENCE = 200
LEAST_LETTERS = 4
"""Sentences with fewer Korean letters than this are not judged."""

_RAW_LIMIT = 200_000
_PIECE = 512
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_HIDDEN_JAMO = {code: code - 0x3131 + 0xF000 for code in range(0x3131, 0x3164)}
_SHOWN_JAMO = {hidden: code for code, hidden in _HIDDEN_JAMO.items()} | {
    **{0x1100 + place: letter for place, letter in enumerate(_INITIALS)},
    **{0x1161 + place: letter for place, letter in enumerate(_MEDIALS)},
    **{0x11A7 + place: letter for place, letter in enumerate(_FINALS) if place},
}
_APART = re.compile(f"([{_INITIALS}])([{_MEDIALS}])(?:([{_FINALS[1:]}])(?![{_MEDIALS}])(?!\\3))?")
_ELONGATED = re.compile(r"([^\d\s])\1{2,}")
_STRETCHED = re.compile(r"(?<=[가-힣])[~∼ㅡ]+(?=[가-힣])")
_BLANKS = re.compile(r"[^\S\n]+")
_SPELT_OUT = re.compile(r"(?<!\w)[가-힣\d](?:[ .·_*-][가-힣\d]){2,40}(?!\w)")
_ZERO = re.compile(r"(?<=\d)[oO](?![a-zA-Z])|(?<![a-zA-Z])[oO](?=\d)")
_ONE = re.compile(r"(?<![a-zA-Z])[lI](?=\d)|(?<=\d)[lI](?=\d|[가-힣])")
_SENTENCE_END = re.compile(r"(?<=[.!?…~])\s+|\n+")
_KOREAN = re.compile("[가-힣ㄱ-ㅣ]")


def spread(text: str, limit: int, windows: int = 10) -> str:
    """`text`, or where it is longer than `limit` letters as many in windows spread evenly over it, a line each."""
    if len(text) <= limit:
        return text
    width, step = limit // windows, (len(text) - limit // windows) // (windows - 1)
    return "\n".join(_whole_words(text[start : start + width]) for start in range(0, step * windows, step))


def _whole_words(window: str) -> str:
    """Without the torn words at both ends, where a blank is near."""
    start = re.search(r"\s", window[:40])
    return window[start.end() if start else 0 :].rsplit(None, 1)[0] if window.strip() else ""


def plain(text: str, limit: int, look_alike: Mapping[int, str]) -> str:
    """At most about twice `limit` letters of `text` as they sound: `cased` in lower case. Linear in `limit`."""
    return cased(text, limit, look_alike).lower()


def cased(text: str, limit: int, look_alike: Mapping[int, str]) -> str:
    """At most about twice `limit` letters of `text` with compatible forms, invisible letters gone, look-alikes folded, jamo
    put together, elongation cut to two and spelt-out words closed. Linear in `limit`."""
    text = spread(_INVISIBLE.sub("", spread(text, _RAW_LIMIT)), limit).translate(_HIDDEN_JAMO)
    # In pieces, for sorting a long run of combining marks takes quadratic time.
    pieces = (unicodedata.normalize("NFKC", text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))
    text = "".join(pieces)[: 2 * limit].translate(_SHOWN_JAMO)
    text = _INVISIBLE.sub("", text).translate(look_alike)
    text = _ELONGATED.sub(r"\1\1", _APART.sub(_syllable, text))
    text = _BLANKS.sub(" ", _STRETCHED.sub("", text))
    text = _SPELT_OUT.sub(lambda found: re.sub(r"[ .·_*-]", "", found[0]) if re.search("[가-힣]", found[0]) else found[0], text)
    return _ONE.sub("1", _ZERO.sub("0", text))


def _syllable(found: re.Match[str]) -> str:
    place = (_INITIALS.index(found[1]) * 21 + _MEDIALS.index(found[2])) * 28 + _FINALS.index(found[3] or " ")
    return chr(0xAC00 + place)


def sentences(text: str) -> Iterator[str]:
    """The sentences and lines of a plain text that have enough Korean letters to be judged."""
    for sentence in _SENTENCE_END.split(text):
        if len(_KOREAN.findall(sentence[:LONGEST_SENTENCE])) >= LEAST_LETTERS:
            yield sentence[:LONGEST_SENTENCE].strip()


def features(sentence: str) -> NDArray[np.uint32]:
    """The buckets, each once, of all groups of 2 to 5 letters of a plain sentence, its syllables taken apart."""
    codes = np.frombuffer(f"^{re.sub('[0-9]+', '0', sentence)}$".encode("utf-32-le"), np.uint32)
    place = codes - np.uint32(0xAC00)
    is_syllable = place < 11172
    apart = np.zeros((len(codes), 3), np.uint32)
    apart[:, 0] = np.where(is_syllable, 0x1100 + place // 588, codes)
    apart[:, 1] = np.where(is_syllable, 0x1161 + place % 588 // 28, 0)
    apart[:, 2] = np.where(is_syllable & (place % 28 > 0), 0x11A7 + place % 28, 0)
    letters = apart[apart > 0]
    group = np.zeros(len(letters), np.uint32)
    found = []
    for size in range(1, min(LONGEST_GROUP, len(letters)) + 1):
        group = group[: len(letters) - size + 1] * np.uint32(0x01000193) + letters[size - 1 :]
        if size >= SHORTEST_GROUP:
            found.append(_mixed(group + np.uint32(size * 0x9E3779B1 % 2**32)) % np.uint32(BUCKETS))
    return np.unique(np.concatenate(found))


def _mixed(number: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Every bit of a number spread over all its bits."""
    number = (number ^ (number >> np.uint32(16))) * np.uint32(0x7FEB352D)
    number = (number ^ (number >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(number ^ (number >> np.uint32(16)), np.uint32)


@dataclass(frozen=True, slots=True, eq=False)
class RegisterModel:
    """`weights`: (BUCKETS,) int8, times `scale` the log-odds of a bucket; `sha256` is of the file they came from."""

    weights: NDArray[np.int8]
    scale: float
    bias: float
    sha256: str

    def log_odds(self, sentence: str) -> float:
        """Of school-age against adult manner, for one plain sentence. Not calibrated."""
        buckets = features(sentence)
        return self.bias + self.scale * float(self.weights[buckets].sum(dtype=np.int64)) / float(np.sqrt(len(buckets)))


def shipped() -> RegisterModel:
    """The model that comes with this version."""
    content = files("jikim.analyzers").joinpath(WEIGHTS_FILE).read_bytes()
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return RegisterModel(file["weights"], float(file["scale"]), float(file["bias"]), sha256(content).hexdigest())
