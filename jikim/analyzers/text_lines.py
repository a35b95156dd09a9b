"""Reading the letters of one line: our own head for Korean, PP-OCRv6's for Latin, Chinese and Japanese, the surer of both.

Both read the whole line at once as it stands in the picture (CRNN with CTC, PaddleOCR's PP-OCRv6 recogniser); ours was trained
on drawn Korean lines as `training/screen_text` describes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Pixels
from jikim.analyzers.text_boxes import TextBox
from jikim.seams import Sessions

Lang = Literal["ko", "en", "ja", "zh"]

KOREAN, ORIGINAL = "korean-lines", "ppocr-rec"
HEIGHT_PX = 48
WIDTH_MAX_PX = 48 * 40
STEP_PX = 8

KOREAN_ENOUGH = 0.9
"""A line that holds Hangul and was read this surely is not shown to the other head."""
ORIGINAL_LEAD = 0.05
"""By how much PP-OCRv6's own head must be surer than ours."""
CELLS_A_WIDTH = 1.15
"""Letters in a piece of a column as high as the column is wide: the box leaves room beside them."""
AGREEING_SHARE, AGREEING_SHARE_HERE = 0.25, 0.45
"""Of the letters of two readings of one line at most so many differ; more may where both stand in the same place."""
BELIEVED = 0.8
BELIEVED_LONG = 0.6
"""For four syllables and more: in photographs without Korean nothing gave so many at 0.4 already."""
BELIEVED_SHORT = 0.95
"""For a single syllable and for two letters."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line was read as. `weights` names the head; `confidence` is the mean share of the letters that were taken."""

    text: str
    confidence: float
    weights: str

    @property
    def lang(self) -> Lang:
        """By the letters: Hangul is Korean, kana Japanese, Han alone Chinese, all else counts as English."""
        if _hangul(self.text):
            return "ko"
        if any("\u3040" <= char <= "\u30ff" for char in self.text):
            return "ja"
        return "zh" if any(_is_han(char) for char in self.text) else "en"

    @property
    def is_believable(self) -> bool:
        """Whether it may be shown as something that stood there. Textures give one or two letters, or many unsure ones."""
        letters = sum(char.isalpha() for char in self.text)
        digits = sum(char.isdecimal() for char in self.text)
        signs = letters + digits
        if not signs or signs < 0.5 * len(_joined(self.text)) or (not letters and digits < 3):
            return False
        if signs <= 2:
            return self.lang != "en" and self.confidence >= BELIEVED_SHORT
        syllables = sum("가" <= char <= "힣" for char in self.text)
        return self.confidence >= (BELIEVED_LONG if syllables >= 4 else BELIEVED)


class LineReader:
    """Both heads, each opened when it is first needed."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @cached_property
    def _korean(self) -> _Head:
        return _Head(self._sessions, KOREAN)

    @cached_property
    def _original(self) -> _Head:
        return _Head(self._sessions, ORIGINAL)

    def read(self, line: Pixels) -> Reading | None:
        """The surer reading of a line (HEIGHT_PX, w, 3), None where there is none. Raises WeightsMissing."""
        korean = self._korean.read(line)
        if not korean.text or (_hangul(korean.text) and korean.confidence >= KOREAN_ENOUGH):
            return korean if korean.text else None
        original = self._original.read(line)
        return original if original.text and original.confidence > korean.confidence + ORIGINAL_LEAD else korean

    def read_column(self, pixels: Pixels, box: TextBox) -> Reading | None:
        """The surest Korean reading of a column of letters, written downwards. Raises WeightsMissing."""
        best = max((self._korean.read(line) for line in laid_out(pixels, box)), key=lambda reading: reading.confidence)
        return best if _hangul(best.text) else None


class _Head:
    """A recogniser over an onnxruntime session; its classes stand in the file."""

    def __init__(self, sessions: Sessions, weights: str) -> None:
        self._session: Any = sessions.session(weights)
        self._weights = weights
        letters = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        classes = self._session.get_outputs()[0].shape[-1]
        self._letters = ["", *letters, " "][:classes]

    def read(self, line: Pixels) -> Reading:
        """The best class of each step, neighbours that are the same once, blanks dropped."""
        (shares,) = self._session.run(None, {self._session.get_inputs()[0].name: _prepared(line)})
        best = shares[0].argmax(axis=1)
        is_new = np.concatenate([[True], best[1:] != best[:-1]]) & (best != 0)
        steps = np.flatnonzero(is_new)
        text = "".join(self._letters[number] for number in best[steps])
        confidence = float(shares[0][steps, best[steps]].mean()) if len(steps) else 0.0
        return Reading(" ".join(text.split()), confidence, self._weights)


def _prepared(line: Pixels) -> NDArray[np.float32]:
    """(1, 3, HEIGHT_PX, w) BGR from -1 to 1, on the right filled with grey to whole steps."""
    beside = -line.shape[1] % STEP_PX
    values = line[:, :, ::-1].astype(np.float32) / 127.5 - 1
    return np.ascontiguousarray(np.pad(values, ((0, 0), (0, beside), (0, 0))).transpose(2, 0, 1)[None])


def upright(pixels: Pixels, box: TextBox) -> Pixels:
    """The line (HEIGHT_PX, w, 3) as if it had been written straight."""
    width = max(16, min(WIDTH_MAX_PX, round(box.width_px * HEIGHT_PX / max(box.height_px, 1))))
    corners = np.array([[0, 0], [width, 0], [width, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    turn = cv2.getPerspectiveTransform(box.corners, corners)
    line = cv2.warpPerspective(pixels, turn, (width, HEIGHT_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)


def laid_out(pixels: Pixels, box: TextBox) -> Iterator[Pixels]:
    """A column of letters, written downwards, as lines (HEIGHT_PX, w, 3): cut into as many equal cells as are likely, one more
    and one less, and these put side by side."""
    width, height = HEIGHT_PX, round(box.height_px * HEIGHT_PX / max(box.width_px, 1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(box.corners, corners)
    column = cv2.warpPerspective(pixels, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    likely = round(height / width * CELLS_A_WIDTH)
    for count in range(max(2, likely - 1), likely + 2):
        cells = cv2.resize(column, (width, count * HEIGHT_PX), interpolation=cv2.INTER_AREA).reshape(count, HEIGHT_PX, width, 3)
        yield np.ascontiguousarray(cells.transpose(1, 0, 2, 3).reshape(HEIGHT_PX, count * width, 3))


def agree(one: str, two: str, share: float = AGREEING_SHARE) -> bool:
    """Whether two readings are likely of the same line: at most this share of the letters may differ, no digit may."""
    one, two = _joined(one), _joined(two)
    if _digits(one) != _digits(two):
        return False
    allowed = share * max(len(one), len(two))
    return abs(len(one) - len(two)) <= allowed and changes(one, two) <= allowed


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


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _hangul(text: str) -> int:
    return sum("가" <= char <= "힣" or "ㄱ" <= char <= "ㅣ" for char in text)


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"
