"""Drawn pictures with something to recognise in them, for tests of what recognises it."""

import cv2
import numpy as np


def drawing(seed, width=480, height=360):
    """Overlapping shapes of many sizes on soft ground (height, width, 3), different for each seed."""
    rng = np.random.default_rng(seed)
    ground = cv2.resize(rng.integers(60, 200, (4, 5, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    for radius in np.clip(5 / rng.random(220) ** 0.6, 4, 80):
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        if rng.random() < 0.5:
            cv2.circle(ground, centre, int(radius), colour, -1, cv2.LINE_AA)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            corners = np.column_stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)])
            cv2.fillPoly(ground, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    return cv2.GaussianBlur(ground, (0, 0), 0.7)


def recompressed(pixels, quality=40):
    """After JPEG."""
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def bordered(pixels, top=0, bottom=0, left=0, right=0, shade=0):
    return cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(shade, shade, shade))


def pasted(pixels, onto, at, scale):
    """A picture shrunk into another at (x, y)."""
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    out = onto.copy()
    out[at[1] : at[1] + small.shape[0], at[0] : at[0] + small.shape[1]] = small
    return out
