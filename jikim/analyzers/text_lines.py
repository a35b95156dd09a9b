"""Reading the letters of one line: our own head for Korean, PP-OCRv6's for Latin, Chinese and Japanese, the surer of both.

Both read the whole line at once as it stands in the picture (CRNN with CTC, PaddleOCR's PP-OCRv6 recogniser); ours was trained
on drawn Korean lines as `training/screen_text` describes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.analyzers.pictures import Pixels
from jikim.analyzers.text_boxes import TextBox
from jikim.analyzers.text_language import korean_words
from jikim.analyzers.text_readings import Reading, hangul, joined
from jikim.analyzers.text_scripts import is_foreign
from jikim.analyzers.text_spelling import is_doubtful, spelled
from jikim.seams import Sessions

KOREAN, KOREAN_FAST, ORIGINAL = "korean-lines", "korean-lines-fast", "ppocr-rec"
HEIGHT_PX = 48
WIDTH_MAX_PX = 48 * 40
STEP_PX = 8

KOREAN_ENOUGH = 0.9
"""A Korean line that was read this surely is not shown to the other head."""
SURE = 0.97
"""Nothing is tried again for a line that was read this surely."""
CLEAR = 0.93
"""Korean that was read this surely is not looked at again: at 0.97 hard lines cost 3 ms more for 0.1 % of their letters, with
the closer look alone."""
FAST_SURE = 0.985
"""What the fast head reads this surely is left to it: of 176 subtitles none more is wrong, and two of five are read so."""
CLOSER_SHARE = 0.06
"""Of the height, cut off above and below for a second look: the box leaves room, and larger letters are read otherwise."""
ORIGINAL_LEAD = 0.05
"""By how much PP-OCRv6's own head must be surer than ours."""
WHOLE_SHARE = 0.75
"""Of the letters that ours gave of a Korean line: what PP-OCRv6's own gives fewer of is only the part that is not Korean."""
COLOURS_MIN = 16
"""How far the colours of a line, of 255, must differ in a second direction for it to be looked at there."""
CELLS_A_WIDTH = 1.15
"""Letters in a piece of a column as high as the column is wide: the box leaves room beside them."""


class InLatin(NamedTuple):
    """Both heads' readings of a line in Latin letters, and the one that is taken."""

    korean: Reading
    original: Reading
    taken: Reading


class LineReader:
    """The heads, each opened when it is first needed. With `fast_first` a small one of our own reads each line first, and the
    accurate one only those of which it is not sure."""

    def __init__(self, sessions: Sessions, *, fast_first: bool = False) -> None:
        self._sessions = sessions
        self._fast_first = fast_first

    @cached_property
    def _korean(self) -> _Head:
        return _Head(self._sessions, KOREAN)

    @cached_property
    def _fast(self) -> _Head:
        return _Head(self._sessions, KOREAN_FAST)

    @cached_property
    def _original(self) -> _Head:
        return _Head(self._sessions, ORIGINAL)

    def read(self, line: Pixels) -> Reading | None:
        """The surer reading of a line (HEIGHT_PX, w, 3), None where there is none or only letters of a script that neither head
        knows. Raises WeightsMissing."""
        looked = self.look(line)
        if isinstance(looked, InLatin):
            return None if is_foreign(*looked) else looked.taken
        return looked

    def look(self, line: Pixels) -> Reading | InLatin | None:
        """The same, before it is judged whether letters that both heads read as Latin are."""
        korean = self._read_korean(line)
        if not korean.text:
            return None
        if hangul(korean.text) and korean.confidence >= (KOREAN_ENOUGH if _is_korean(korean.text) else SURE):
            return korean
        original = self._original.read(line)
        is_surer = original.confidence > korean.confidence + ORIGINAL_LEAD
        taken = original if is_surer and is_whole(original.text, korean.text) else korean
        is_known = taken.lang in ("zh", "ja") or _is_korean(taken.text)
        return taken if is_known else InLatin(korean, original, taken)

    def _read_korean(self, line: Pixels) -> Reading:
        """The surest Korean reading: of a line that is hard to read, looked at more closely and by its colours, too."""
        if self._fast_first:
            quick = self._fast.read(line)
            if quick.confidence >= FAST_SURE and (_is_korean(quick.text) or not hangul(quick.text)):
                return quick
        korean = self._korean.read(line)
        if not hangul(korean.text) or korean.confidence >= CLEAR:
            return korean
        looks = [look for look in (closer(line), by_second_colour(line)) if look is not None]
        return max([korean, *map(self._korean.read, looks)], key=lambda reading: reading.confidence)

    def read_column(self, pixels: Pixels, box: TextBox) -> Reading | None:
        """The surest Korean reading of a column of letters, written downwards. Raises WeightsMissing."""
        best = max((self._korean.read(line) for line in laid_out(pixels, box)), key=lambda reading: reading.confidence)
        return best if hangul(best.text) else None

    def spelled(self, reading: Reading) -> Reading:
        """The same with its doubtful letters as they make likely words, if it is Korean; how sure it was read stays. Nothing
        that it was read from is kept."""
        text = reading.text
        if reading.shares is not None and hangul(text) and is_doubtful(reading.shares):
            head = self._fast if reading.weights == KOREAN_FAST else self._korean
            text = plain(spelled(reading.shares, head.letters, korean_words()))
        return replace(reading, text=text, shares=None)


def _is_korean(text: str) -> bool:
    """Whether Hangul is half of it, or enough of it: a letter or two of another script may look like some."""
    syllables = sum("가" <= char <= "힣" for char in text)
    return syllables >= 2 or hangul(text) >= 3 or 2 * hangul(text) >= len(joined(text))


def is_whole(text: str, korean: str) -> bool:
    """Whether it may be all of a line that our head read as this, not just the Latin letters and numbers in it."""
    return bool(text) and (hangul(korean) < 2 or len(joined(text)) >= WHOLE_SHARE * len(joined(korean)))


class _Head:
    """A recogniser over an onnxruntime session; its classes stand in the file."""

    def __init__(self, sessions: Sessions, weights: str) -> None:
        self._session: Any = sessions.session(weights)
        self._weights = weights
        letters = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        classes = self._session.get_outputs()[0].shape[-1]
        self.letters = ["", *letters, " "][:classes]

    def read(self, line: Pixels) -> Reading:
        """The best class of each step, neighbours that are the same once, blanks dropped."""
        (shares,) = self._session.run(None, {self._session.get_inputs()[0].name: _prepared(line)})
        best = shares[0].argmax(axis=1)
        is_new = np.concatenate([[True], best[1:] != best[:-1]]) & (best != 0)
        steps = np.flatnonzero(is_new)
        text = "".join(self.letters[number] for number in best[steps])
        confidence = float(shares[0][steps, best[steps]].mean()) if len(steps) else 0.0
        return Reading(plain(text), confidence, self._weights, None if self._weights == ORIGINAL else shares[0])


def plain(text: str) -> str:
    """With single blanks, and none at the ends."""
    return " ".join(text.split())


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


def closer(line: Pixels) -> Pixels:
    """The same line without what lies at its upper and lower edge, again (HEIGHT_PX, w, 3)."""
    scale = 1 - 2 * CLOSER_SHARE
    turn = np.array([[scale, 0, 0], [0, scale, CLOSER_SHARE * HEIGHT_PX]], np.float32)
    size = min(WIDTH_MAX_PX, round(line.shape[1] / scale)), HEIGHT_PX
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(line, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def by_second_colour(line: Pixels) -> Pixels | None:
    """The same line in grey, along the direction in which its colours differ second most: there letters stand out that are as
    bright as what lies behind them. None where the colours hardly differ in it."""
    colours = line.reshape(-1, 3).astype(np.float32)
    colours -= colours.mean(axis=0)
    _, directions = np.linalg.eigh(colours.T @ colours)
    second = directions[:, 1] * np.copysign(1, directions[:, 1].sum())  # else light and dark would be by chance
    values = (colours @ second).reshape(line.shape[:2])
    low, high = np.percentile(values, (2, 98))
    if high - low < COLOURS_MIN:
        return None
    grey = ((values - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


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
