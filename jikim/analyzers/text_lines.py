"""Reading the letters of one line with Tesseract: several black-and-white renderings, the reading they are surest of.

On a plain background one rendering does. Subtitles lie on film with outlines and shadows, so the colours of a crop are told
apart and each is tried as the colour of the letters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Pixels
from jikim.analyzers.text_boxes import TextBox
from jikim.seams import Sessions

Lang = Literal["ko", "en"]
Ink = NDArray[np.uint8]
"""(h, w): dark letters on white."""

HEIGHT_PX = 48
WIDTH_MAX_PX = 48 * 60
BORDER_PX = 10
COLOURS = 4
COLOUR_SAMPLES = 2000

AGREEING_SHARE = 0.34
"""Two readings agree when at most this share of the letters of the surer one has to be changed."""
ENOUGH = 0.8
HOPELESS = 0.3
KOREAN_ENOUGH = 0.7

LANGUAGES: tuple[tuple[Lang, str], ...] = (("ko", "kor"), ("en", "eng"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rendering was read as. `agreeing`: how many other renderings were read nearly the same."""

    lang: Lang
    text: str
    confidence: float
    agreeing: int = 0

    @property
    def letters(self) -> int:
        """Hangul and Latin letters; no signs, no digits."""
        return _hangul(self.text) + _latin(self.text)

    @property
    def is_believable(self) -> bool:
        """Whether it may be shown as something that stood there. Textures give one or two letters, or many that no other
        rendering confirms."""
        digits = sum(char.isdecimal() for char in self.text)
        signs = self.letters + digits
        if signs < 2 or signs < 0.6 * len(_joined(self.text)) or (not self.letters and digits < 4):
            return False
        if signs == 2:
            return self.confidence >= 0.8 and self.agreeing >= 2
        steps = ((0.6, 2), (0.7, 1)) if signs < 4 else ((0.6, 2), (0.7, 1), (0.9, 0))
        return any(self.confidence >= least and self.agreeing >= others for least, others in steps)


class LineReader:
    """Tesseract for Korean and for English, opened when the first line is read."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @cached_property
    def _engines(self) -> dict[Lang, Any]:
        import tesserocr  # here: only pictures with text need it

        folders = {self._sessions.path(f"tesseract-{name}").parent for _, name in LANGUAGES}
        (folder,) = folders
        settings = {"path": str(folder), "psm": tesserocr.PSM.SINGLE_LINE, "oem": tesserocr.OEM.LSTM_ONLY}
        return {lang: tesserocr.PyTessBaseAPI(lang=name, **settings) for lang, name in LANGUAGES}

    def read(self, line: Pixels) -> Reading | None:
        """The surest reading of a line (HEIGHT_PX, w, 3), None where there is none. Raises WeightsMissing.

        Stops as soon as two renderings agree on a sure reading, and gives up early where nothing resembles letters.
        """
        readings: list[Reading] = []
        for inks in _rounds(line):
            for ink in inks:
                readings += self._readings(ink)
                best = _best(readings)
                if best.confidence >= ENOUGH and best.agreeing:
                    return best
            if not readings or _best(readings).confidence < HOPELESS:
                return None
        return _best(readings)

    def _readings(self, ink: Ink) -> Iterator[Reading]:
        """In Korean, and in English too unless the Korean one will do: the Korean model knows no Latin letters."""
        korean = self._read(ink, "ko")
        yield korean
        if _hangul(korean.text) < 2 or korean.confidence < KOREAN_ENOUGH:
            yield self._read(ink, "en")

    def _read(self, ink: Ink, lang: Lang) -> Reading:
        framed = np.ascontiguousarray(
            cv2.copyMakeBorder(ink, BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX, cv2.BORDER_REPLICATE), np.uint8
        )
        height, width = framed.shape
        engine = self._engines[lang]
        engine.SetImageBytes(framed.tobytes(), width, height, 1, width)
        text = " ".join(engine.GetUTF8Text().split())
        return Reading(lang, text, engine.MeanTextConf() / 100 if text else 0.0)


def upright(pixels: Pixels, box: TextBox) -> Pixels:
    """The line (HEIGHT_PX, w, 3) as if it had been written straight."""
    width = max(8, min(WIDTH_MAX_PX, round(box.width_px * HEIGHT_PX / max(box.height_px, 1))))
    corners = np.array([[0, 0], [width, 0], [width, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    turn = cv2.getPerspectiveTransform(box.corners, corners)
    line = cv2.warpPerspective(pixels, turn, (width, HEIGHT_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)


def _best(readings: Sequence[Reading]) -> Reading:
    """The surest, with how many others of its language agree."""
    best = max(readings, key=lambda reading: reading.confidence)
    others = (other for other in readings if other is not best and other.lang == best.lang)
    return Reading(best.lang, best.text, best.confidence, sum(_agree(best.text, other.text) for other in others))


def _agree(surer: str, other: str) -> bool:
    one, two = _joined(surer), _joined(other)
    allowed = AGREEING_SHARE * len(one)
    return bool(one) and abs(len(one) - len(two)) <= allowed and changes(one, two) <= allowed


def changes(one: str, two: str) -> int:
    """The edit distance: how many letters must be put in, left out or replaced."""
    before = list(range(len(two) + 1))
    for place, letter in enumerate(one, 1):
        here = [place]
        for column, other in enumerate(two, 1):
            here.append(min(before[column] + 1, here[-1] + 1, before[column - 1] + (letter != other)))
        before = here
    return before[-1]


def _joined(text: str) -> str:
    return "".join(text.split())


def _hangul(text: str) -> int:
    return sum("가" <= char <= "힣" or "ㄱ" <= char <= "ㅣ" for char in text)


def _latin(text: str) -> int:
    return sum(char.isascii() and char.isalpha() for char in text)


def _rounds(line: Pixels) -> Iterable[Iterable[Ink]]:
    """The renderings, those that mostly do first."""
    yield itertools.chain((_unlike_border(line), _two_levels(line)), _by_colour(line))
    yield (_only_light(line), _only_dark(line))


def _unlike_border(line: Pixels) -> Ink:
    """Dark where the colour is far from that above and below the line."""
    border = np.median(np.concatenate([line[0], line[-1]]), axis=0)
    return np.asarray(255 - _stretched(np.abs(line - border).max(axis=2)), np.uint8)


def _two_levels(line: Pixels) -> Ink:
    """Otsu's threshold on grey, turned so that the border is white."""
    _, levels = cv2.threshold(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY), 0, 255, cv2.THRESH_OTSU)
    border = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    return np.asarray(255 - levels if np.median(border) < 128 else levels, np.uint8)


def _by_colour(line: Pixels) -> Iterator[Ink]:
    """One rendering for each colour that could be that of the letters: not the border's, neither rare nor common."""
    colours = line.reshape(-1, 3).astype(np.float32)
    centres = _centres(colours[:: max(1, len(colours) // COLOUR_SAMPLES)])
    distances = _distances(colours, centres)
    nearest = distances.argmin(axis=1).reshape(line.shape[:2])
    border = np.concatenate([nearest[0], nearest[-1], nearest[:, 0], nearest[:, -1]])
    behind = np.bincount(border, minlength=COLOURS).argmax()
    for number in range(COLOURS):
        if number != behind and 0.04 < np.mean(nearest == number) < 0.6:
            own, other = distances[:, number], np.delete(distances, number, axis=1).min(axis=1)
            share = own / (own + other + 1e-3)
            yield np.clip((share * 255 - 64) * 2, 0, 255).astype(np.uint8).reshape(line.shape[:2])


def _centres(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(COLOURS, 3) by k-means, begun from the median and the colours farthest from those already taken."""
    first = [np.median(colours, axis=0)]
    while len(first) < COLOURS:
        first.append(colours[_distances(colours, first).min(axis=1).argmax()])
    labels = _distances(colours, first).argmin(axis=1).astype(np.int32)[:, None]
    ending = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
    _, _, centres = cv2.kmeans(colours, COLOURS, labels, ending, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    return np.asarray(centres, np.float32)


def _distances(
    colours: NDArray[np.float32], centres: Sequence[NDArray[np.float32]] | NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, centres): how far each colour is from each centre."""
    return np.asarray(np.sqrt(((colours[:, None] - np.asarray(centres)) ** 2).sum(axis=2)), np.float32)


def _only_light(line: Pixels) -> Ink:
    """White letters, whatever lies behind them."""
    return np.asarray(255 - np.clip((line.min(axis=2).astype(np.int16) - 190) * 4, 0, 255), np.uint8)


def _only_dark(line: Pixels) -> Ink:
    """Black letters, whatever lies behind them."""
    return np.asarray(np.clip(line.max(axis=2).astype(np.int16) * 4 - 60, 0, 255), np.uint8)


def _stretched(levels: NDArray[np.float64]) -> Ink:
    low, high = np.percentile(levels, (2, 98))
    return np.asarray(np.clip((levels - low) * 255 / max(high - low, 1), 0, 255), np.uint8)
