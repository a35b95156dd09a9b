"""What happens to a line on its way: made small and large again, seen askew, thicker or thinner, noisy, pale, compressed.

Done to the drawn lines each time they are trained on, so that no line is ever seen twice the same.
"""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from grounds import Picture

LOWEST_PX = 12
"""Of a line that was made small; below it no one reads Hangul."""


def damaged(rng: Random, line: Picture) -> Picture:
    """(h, w, 3) -> (h, w, 3); a third of the lines stay as they are."""
    if rng.random() < 0.33:
        return line
    if rng.random() < 0.35:
        line = _askew(rng, line)
    if rng.random() < 0.15:
        line = _restroked(rng, line)
    if rng.random() < 0.4:
        line = _small(rng, line)
    if rng.random() < 0.15:
        line = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.2:
        line = (line.astype(np.float32) - 128) * rng.uniform(0.4, 1.0) + 128 + rng.uniform(-40, 40)
    if rng.random() < 0.2:
        noise = np.random.default_rng(rng.getrandbits(63)).standard_normal(line.shape, np.float32)
        line = line + noise * np.float32(rng.uniform(3, 16))
    line = np.asarray(np.clip(line, 0, 255), np.uint8)
    if rng.random() < 0.25:
        line = cv2.imdecode(cv2.imencode(".jpg", line, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(22, 85)])[1], cv2.IMREAD_COLOR)
    return np.asarray(line, np.uint8)


def _askew(rng: Random, line: Picture) -> Picture:
    """As if the detector's corners were off."""
    height, width = line.shape[:2]
    far = 0.1 * height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[rng.uniform(-far, far), 0.7 * rng.uniform(-far, far)] for _ in corners], np.float32)
    turn = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(line, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _restroked(rng: Random, line: Picture) -> Picture:
    """Bright strokes thicker or thinner, and by that dark ones too: other weights of the same typeface."""
    change = rng.choice((cv2.dilate, cv2.erode))
    shape = rng.choice(((2, 2), (1, 2), (2, 1), (3, 3)))
    return change(line, np.ones(shape, np.uint8))


def _small(rng: Random, line: Picture) -> Picture:
    height, width = line.shape[:2]
    low = rng.uniform(LOWEST_PX, 0.7 * height)
    size = max(4, round(width * low / height)), round(low)
    line = cv2.resize(line, size, interpolation=rng.choice((cv2.INTER_AREA, cv2.INTER_LINEAR)))
    return cv2.resize(line, (width, height), interpolation=rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
