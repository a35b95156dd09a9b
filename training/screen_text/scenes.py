"""Pictures with several lines each, as a photograph or as film, and the lines cut out of them as the detector would."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random

import av
import cv2
import numpy as np
import sentences
from fonts import Face
from grounds import Picture, Rng, ground
from lettering import Layer, Quad, draw
from numpy.typing import NDArray
from vocabulary import Vocabulary

HEIGHT_PX = 48
"""Of every line that is cut out."""
WIDTH_MAX_PX = 1200
SIZE = (640, 360)
FILM_FRAMES = 4
FILM_SHARE = 0.45
TEXTLESS_SHARE = 0.05
CODEC = "libx264"

Lines = list[tuple[Picture, str]]


def lines(rng: Rng, faces: list[Face], wide: Vocabulary | None = None, *, film_share: float = FILM_SHARE) -> Lines:
    """The lines of one picture, (HEIGHT_PX, w, 3) RGB each, with their text; now and then a piece without any, with ""."""
    is_film = rng.random() < film_share
    width, height = SIZE
    behind = ground(rng, width + 64, height + 36)
    layer = np.zeros((height, width, 4), np.float32)
    written = list(_written(rng, layer, behind, faces, wide))
    frames = _film(rng, layer, behind) if is_film else [_still(rng, layer, behind)]
    cut = [(upright(frames[rng.integers(len(frames))], _jittered(rng, quad)), text) for quad, text in written]
    if rng.random() < TEXTLESS_SHARE * len(cut):
        bare = np.zeros_like(layer)
        cut.append((upright(_still(rng, bare, behind), _anywhere(rng)), ""))
    return [(piece, text) for piece, text in cut if piece.shape[1] <= WIDTH_MAX_PX]


def _written(rng: Rng, layer: Layer, behind: Picture, faces: list[Face], wide: Vocabulary | None) -> Iterator[tuple[Quad, str]]:
    """Fills the layer from top to bottom with lines."""
    top = int(rng.integers(0, 20))
    while True:
        size_px = int(np.exp(rng.uniform(np.log(13), np.log(52))))
        angle = 0.0 if rng.random() < 0.6 else float(np.clip(rng.normal(0, 6), -20, 20))
        face, text = faces[rng.integers(len(faces))], sentences.line(Random(int(rng.integers(2**62))), wide)
        if not face.draws(text):
            continue
        needed = int(size_px * 1.7 + abs(np.sin(np.radians(angle))) * size_px * len(text))
        if needed > 200:
            angle, needed = 0.0, int(size_px * 1.7)
        if top + needed > layer.shape[0]:
            return
        band = np.s_[top : top + needed]
        quad = draw(rng, layer[band], behind[band], face, text, size_px, angle)
        if quad is not None:
            yield quad + np.array([0, top], np.float32), text
            top += needed + int(rng.integers(0, 16))


def _over(layer: Layer, behind: Picture) -> NDArray[np.float32]:
    return layer[..., :3] + behind * (1 - layer[..., 3:] / np.float32(255))


def _still(rng: Rng, layer: Layer, behind: Picture) -> Picture:
    """Blurred, noisy and compressed as pictures in posts are."""
    picture = _over(layer, behind[: layer.shape[0], : layer.shape[1]])
    if rng.random() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.3))
    if rng.random() < 0.06:
        length = int(rng.choice([3, 5, 7]))
        picture = cv2.filter2D(picture, -1, np.full((1, length), 1 / length, np.float32))
    if rng.random() < 0.3:
        picture = picture + rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(2, 14))
    if rng.random() < 0.2:
        picture = (picture - 128) * rng.uniform(0.5, 1.0) + 128 + rng.uniform(-30, 30)
    result = np.asarray(picture.clip(0, 255), np.uint8)
    if rng.random() < 0.75:
        _, packed = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 93))])
        result = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return result


def _film(rng: Rng, layer: Layer, behind: Picture) -> list[Picture]:
    """FILM_FRAMES frames of H.264 in which the background moves and the letters stay."""
    height, width = layer.shape[:2]
    step_x, step_y = rng.integers(0, 8), rng.integers(0, 4)
    frames = []
    for number in range(FILM_FRAMES):
        left, top = min(64, number * step_x), min(36, number * step_y)
        picture = _over(layer, behind[top : top + height, left : left + width])
        frames.append(np.asarray(picture.clip(0, 255), np.uint8))
    return encoded(frames, int(rng.integers(22, 39)))


def encoded(frames: list[Picture], crf: int) -> list[Picture]:
    """The same frames after H.264 at this constant rate factor."""
    packed = io.BytesIO()
    with av.open(packed, "w", format="mp4") as film:
        stream = film.add_stream(CODEC, rate=25, options={"crf": str(crf), "preset": "veryfast", "threads": "1"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        film.mux(stream.encode())
    packed.seek(0)
    with av.open(packed) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def _jittered(rng: Rng, quad: Quad) -> Quad:
    """About what a detector gives for these letters: wider by some, shifted, and not quite straight."""
    along, across = quad[1] - quad[0], quad[3] - quad[0]
    height = float(np.hypot(*across))
    along, across = along / max(float(np.hypot(*along)), 1e-3), across / max(height, 1e-3)
    start, end = rng.uniform(-0.04, 0.5, 2) * height
    above, below = rng.uniform(-0.04, 0.32, 2) * height
    moves = (-start * along - above * across, end * along - above * across, end * along + below * across)
    moves = (*moves, -start * along + below * across)
    return (quad + np.array(moves) + rng.normal(0, 0.02 * height, (4, 2))).astype(np.float32)


def _anywhere(rng: Rng) -> Quad:
    height = rng.uniform(12, 60)
    width = height * rng.uniform(1.3, 9)
    left, top = rng.uniform(0, max(1, SIZE[0] - width)), rng.uniform(0, SIZE[1] - height)
    corners = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
    return np.array(corners, np.float32)


def upright(picture: Picture, quad: Quad) -> Picture:
    """The line between these corners (HEIGHT_PX, w, 3) as if it had been written straight."""
    height = (np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2
    width = max(16, round(float(np.hypot(*(quad[1] - quad[0]))) * HEIGHT_PX / max(float(height), 1.0)))
    corners = np.array([[0, 0], [width, 0], [width, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    turn = cv2.getPerspectiveTransform(quad, corners)
    line = cv2.warpPerspective(picture, turn, (width, HEIGHT_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)
