"""Draws one line onto a layer: typeface, colours, outline, shadow, glow, box, bubble, sticker, slant, bend."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from fonts import Face
from grounds import Picture, Rng, colour
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Mask = NDArray[np.float32]
"""(h, w) from 0 to 1."""
Layer = NDArray[np.float32]
"""(h, w, 4) from 0 to 255: colours multiplied by their opacity, and the opacity. Empty is all zeros."""
Quad = NDArray[np.float32]
"""(4, 2): the corners of the line from its upper left, clockwise as it is read."""

ROOM = 1.0
"""How much is left free around the letters for outlines and boxes, in heights of the line."""
CONTRAST_MIN = 60


@dataclass(frozen=True)
class Inked:
    """Letters before they are placed: their shape with room around it, and the shape with an outline."""

    letters: Mask
    outlined: Mask
    corners: Quad


def draw(rng: Rng, layer: Layer, ground: Picture, face: Face, text: str, size_px: int, angle: float) -> Quad | None:
    """Draws `text` onto `layer` somewhere, in a random style that stands out from `ground`; None where there is no room for it.

    The corners are those of the tight box around the letters; every line has at least the height of its em box.
    """
    inked = _inked(rng, face, text, size_px)
    if inked is None:
        return None
    inked = _turned(_bent(rng, inked), angle)
    ink_left, ink_top = np.floor(inked.corners.min(axis=0)).astype(int)
    ink_right, ink_bottom = np.ceil(inked.corners.max(axis=0)).astype(int)
    room_x, room_y = layer.shape[1] - (ink_right - ink_left), layer.shape[0] - (ink_bottom - ink_top)
    if room_x < 2 or room_y < 2:
        return None
    left, top = int(rng.integers(0, room_x)) - ink_left, int(rng.integers(0, room_y)) - ink_top
    _place(rng, layer, ground, inked, left, top, size_px)
    return inked.corners + np.array([left, top], np.float32)


def _place(rng: Rng, layer: Layer, ground: Picture, inked: Inked, left: int, top: int, size_px: int) -> None:
    """Paints what of the letters falls onto the layer with their upper left corner at (left, top)."""
    height, width = inked.letters.shape
    from_x, from_y = max(0, -left), max(0, -top)
    to_x, to_y = min(width, layer.shape[1] - left), min(height, layer.shape[0] - top)
    there, inside = np.s_[top + from_y : top + to_y, left + from_x : left + to_x], np.s_[from_y:to_y, from_x:to_x]
    corners = inked.corners - np.array([from_x, from_y], np.float32)
    _paint(rng, layer[there], ground[there], inked.letters[inside], inked.outlined[inside], corners, size_px)


def _inked(rng: Rng, face: Face, text: str, size_px: int) -> Inked | None:
    font = face.at(size_px)
    stroke = int(rng.choice([1, 1, 2, 2, 3])) if size_px >= 22 else 1
    if rng.random() < 0.08:
        stroke = max(2, size_px // 7)  # a sticker's
    spread = 0.0 if rng.random() < 0.85 else rng.uniform(-0.06, 0.3) * size_px
    box = font.getbbox(text)
    width, height = int(box[2] - box[0] + max(0, spread * len(text))), int(box[3] - box[1])
    if width < 3 or height < 3 or width > 1400:
        return None
    pad = int(size_px * ROOM)
    masks = []
    for outline in (0, stroke):
        image = Image.new("L", (width + 2 * pad, int(max(height, size_px)) + 2 * pad))
        pen = ImageDraw.Draw(image)
        if spread:
            x = float(pad - box[0])
            for letter in text:
                pen.text((x, pad), letter, font=font, fill=255, stroke_width=outline)
                x += font.getlength(letter) + spread
        else:
            pen.text((pad - box[0], pad), text, font=font, fill=255, stroke_width=outline)
        masks.append(np.asarray(image, np.float32) / 255)
    rows, columns = np.flatnonzero(masks[0].max(axis=1)), np.flatnonzero(masks[0].max(axis=0))
    if not len(rows):
        return None
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    left, right = float(columns[0]), float(columns[-1] + 1)
    if bottom - top < 0.75 * size_px and rng.random() < 0.8:  # jamo and signs keep the scale of the line
        top, bottom = min(top, pad + 0.12 * size_px), max(bottom, pad + 0.98 * size_px)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    squeeze = 1.0 if rng.random() < 0.7 else rng.uniform(0.72, 1.25)
    if squeeze != 1.0:
        masks = [cv2.resize(mask, None, fx=squeeze, fy=1.0, interpolation=cv2.INTER_AREA) for mask in masks]
        corners[:, 0] *= squeeze
    return Inked(masks[0], masks[1], corners)


def _bent(rng: Rng, inked: Inked) -> Inked:
    """Slanted like italics, or on a slight arc; mostly neither."""
    kind = rng.random()
    height, width = inked.letters.shape
    if kind < 0.08:
        slant = rng.uniform(-0.15, 0.3)
        turn = np.array([[1, -slant, slant * height / 2], [0, 1, 0]], np.float32)
        return Inked(*(_warped(mask, turn, (width, height)) for mask in (inked.letters, inked.outlined)), inked.corners)
    if kind < 0.14:
        depth = rng.uniform(-0.2, 0.2) * (inked.corners[2, 1] - inked.corners[0, 1])
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        rows += (depth * np.cos((columns / width - 0.5) * np.pi * rng.uniform(0.7, 2.0))).astype(np.float32)
        bent = (cv2.remap(mask, columns, rows, cv2.INTER_LINEAR) for mask in (inked.letters, inked.outlined))
        corners = inked.corners + np.array([[0, -abs(depth)], [0, -abs(depth)], [0, abs(depth)], [0, abs(depth)]], np.float32)
        return Inked(*bent, corners)
    return inked


def _turned(inked: Inked, angle: float) -> Inked:
    if not angle:
        return inked
    height, width = inked.letters.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(height * sin + width * cos) + 2, int(height * cos + width * sin) + 2
    turn[:, 2] += [size[0] / 2 - width / 2, size[1] / 2 - height / 2]
    corners = (inked.corners @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    return Inked(_warped(inked.letters, turn, size), _warped(inked.outlined, turn, size), corners)


def _warped(mask: Mask, turn: NDArray[np.floating], size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.warpAffine(mask, turn, size, flags=cv2.INTER_LINEAR), np.float32)


def _paint(rng: Rng, part: Layer, ground: Picture, letters: Mask, outlined: Mask, corners: Quad, size_px: int) -> None:
    """In place: what lies behind the letters, their outline, shadow or glow, and the letters."""
    if rng.random() < 0.2:
        _panel(rng, part, corners, size_px)
    core = letters > 0.5 if (letters > 0.5).any() else letters >= 0
    behind = np.median(part[core][:, :3] + ground[core] * (1 - part[core][:, 3:] / 255), axis=0)
    ink = _ink(rng)
    kind = rng.random()
    if kind < 0.36:
        _cover(part, outlined, around := _opposite(rng, ink))
        if rng.random() < 0.15:
            _cover(part, np.clip(cv2.dilate(outlined, np.ones((3, 3), np.uint8)) - outlined, 0, 1), colour(rng))
            _cover(part, outlined, around)
    elif kind < 0.54:
        _shadow(rng, part, letters, 0.0 if ink.mean() > 110 else 255.0, size_px)
    if kind >= 0.36 and float(np.abs(ink - behind).max()) < CONTRAST_MIN:
        ink = _far_from(rng, behind)
    share = letters * np.float32(1.0 if rng.random() < 0.85 else rng.uniform(0.6, 1.0))
    _cover(part, share, ink)
    if rng.random() < 0.07:  # letters of two colours
        along = np.linspace(0, 1, len(letters), dtype=np.float32)[:, None]
        _cover(part, share * along, (ink + colour(rng)) / 2)


def _cover(part: Layer, share: Mask, paint: NDArray[np.floating]) -> None:
    """Paints over what is there, as far as `share` says."""
    part += share[..., None] * (np.append(paint, 255).astype(np.float32) - part)


def _ink(rng: Rng) -> NDArray[np.float32]:
    if rng.random() < 0.5:
        return np.full(3, rng.choice([255, 255, 250, 235, 0, 10, 25]), np.float32)
    return colour(rng)


def _opposite(rng: Rng, ink: NDArray[np.float32]) -> NDArray[np.float32]:
    around = np.full(3, 0.0 if ink.mean() > 110 else 255.0, np.float32) if rng.random() < 0.7 else colour(rng)
    return around if np.abs(around - ink).max() > 80 else np.asarray((ink + 128) % 256, np.float32)


def _far_from(rng: Rng, behind: NDArray[np.floating]) -> NDArray[np.float32]:
    for _ in range(8):
        ink = _ink(rng)
        if np.abs(ink - behind).max() >= CONTRAST_MIN:
            return ink
    return np.full(3, 255.0 if behind.mean() < 128 else 0.0, np.float32)


def _shadow(rng: Rng, part: Layer, letters: Mask, dark: float, size_px: int) -> None:
    most = max(1, size_px // 10)
    shift = np.array([[1, 0, rng.integers(-most, most + 1)], [0, 1, rng.integers(-1, most + 2)]], np.float32)
    shadow = cv2.warpAffine(letters, shift, (letters.shape[1], letters.shape[0]))
    if rng.random() < 0.8:
        shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.4, 0.1 * size_px + 0.6))
    _cover(part, np.clip(shadow * rng.uniform(0.6, 1.4), 0, 1), np.full(3, dark))


def _panel(rng: Rng, part: Layer, corners: Quad, size_px: int) -> None:
    """A box, a chat bubble or a sticker under the letters."""
    middle = corners.mean(axis=0)
    grown = middle + (corners - middle) * (1 + size_px * rng.uniform(0.1, 0.7) / np.abs(corners - middle).max(axis=0))
    mask = np.zeros(part.shape[:2], np.uint8)
    points = grown.round().astype(np.int32)
    cv2.fillConvexPoly(mask, points, 255)
    if rng.random() < 0.5:  # rounded, like a bubble
        radius = max(1, int(size_px * rng.uniform(0.1, 0.4)))
        shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, shape)
        if rng.random() < 0.4:
            tip = points[3] + [int(size_px * 0.2), int(size_px * 0.5)]
            cv2.fillConvexPoly(mask, np.array([points[3], (points[3] + points[2]) // 2, tip], np.int32), 255)
    paint = np.full(3, rng.choice([0, 255, 245]), np.float32) if rng.random() < 0.45 else colour(rng)
    _cover(part, mask.astype(np.float32) / np.float32(255) * np.float32(rng.uniform(0.35, 1.0)), paint)
