"""Pictures, by Pillow: any mode and depth to upright RGB, animations by their distinct frames.

Runs in the child only. Sizes are checked from the header, before anything is decoded.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, ImageFile, ImageSequence

from jikim.media import sampling, sniffing, wire
from jikim.media.refusing import Clock, check_size, refuse
from jikim.media.sniffing import Still

Pixels = NDArray[np.uint8]

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset((5, 6, 7, 8))
_DEFAULT_FRAME_S = 0.1
_SHORTEST_FRAME_S = 0.01
_BAD_FILE = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error)
"""What Pillow's plug-ins raise on bad files, RuntimeError aside, which a few do."""


def preload() -> None:
    """Loads every plug-in of Pillow, and has libraries use one thread."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # our own bound is checked instead, and is a refusal rather than a warning
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class PictureReader:
    """A still, the pages of one, or an animation."""

    def __init__(self, file: BinaryIO, still: Still, head: bytes, bounds: wire.Bounds, clock: Clock) -> None:
        self._file = file
        self._still = still
        self._bounds = bounds
        self._clock = clock
        self.warnings: set[wire.WarningKey] = set()
        self.alike_s: list[float] = []
        if stated := sniffing.declared_size(head):
            check_size(*stated, bounds)
        self._image = self._open()
        width_px, height_px = self._image.size
        check_size(width_px, height_px, bounds)
        if width_px < 1 or height_px < 1:
            refuse("media.no_frames")
        frames = self._count_frames()
        self._is_animated = frames > 1 and still.format in ("GIF", "WEBP", "PNG", "AVIF")
        self._pages = 1 if self._is_animated or self._image.format == "MPO" else frames
        if orientation(self._image) in _SIDEWAYS:
            width_px, height_px = height_px, width_px
        self.facts = wire.Facts("image", still.mime, width_px, height_px, None, False, self._is_animated)

    def _open(self) -> Image.Image:
        self._file.seek(0)
        formats = [self._still.format, "MPO"] if self._still.format == "JPEG" else [self._still.format]
        return Image.open(self._file, formats=formats)

    def _count_frames(self) -> int:
        try:
            return min(int(getattr(self._image, "n_frames", 1)), 100_000)
        except _BAD_FILE:
            self.warnings.add("media.damaged")
            return 1

    def first_look(self) -> Iterator[tuple[Pixels, float | None]]:
        """The still; its pages; or the frames of an animation that differ, with their times."""
        image = self._open()
        if self._is_animated:
            yield from self._moving(image)
            return
        yield self._pixels(image), None
        left_px = self._bounds.pixels_per_look - image.width * image.height
        seen = 1
        for page in range(1, self._pages):
            try:
                image.seek(page)
            except _BAD_FILE:
                self.warnings.add("media.truncated")
                return
            left_px -= image.width * image.height
            too_large = image.width * image.height > self._bounds.max_pixels or max(image.size) > wire.MAX_SIDE_PX
            if left_px < 0 or too_large or seen >= self._bounds.frames_limit or self._clock.is_over():
                self.warnings.add("media.pages_left_out")
                return
            yield self._pixels(image), None
            seen += 1

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[Pixels, float | None]]:
        """Frames of an animation nearest to `times_s`; nothing for a still, which was seen whole."""
        if not self._is_animated:
            return
        wanted = sorted(times_s)
        previous: tuple[Pixels, float] | None = None
        for shown in self._walk(self._open()):
            while wanted and shown[1] > wanted[0]:
                first = wanted.pop(0)
                yield previous if previous and first - previous[1] <= shown[1] - first else shown
                while wanted and previous and wanted[0] <= previous[1]:
                    wanted.pop(0)
            if not wanted:
                return
            previous = shown
        if previous:
            yield previous

    def sound(self, start_s: float, length_s: float) -> NDArray[np.float32]:
        return np.zeros(0, np.float32)

    def _moving(self, image: Image.Image) -> Iterator[tuple[Pixels, float | None]]:
        side = min(self._bounds.frame_side_px, max(image.size))
        limit = max(1, min(self._bounds.frames_limit, self._bounds.pixels_per_look // (side * side)))
        seen, count = sampling.Seen(limit), 0
        for pixels, at_s in self._walk(image):
            if count >= limit:
                self.warnings.add("media.cut_short")
                return
            if seen.is_new(pixels):
                count += 1
                yield pixels, at_s
            else:
                self.alike_s.append(at_s)

    def _walk(self, image: Image.Image) -> Iterator[tuple[Pixels, float]]:
        """Every frame of an animation, small enough for a film's."""
        at_s = 0.0
        frames = ImageSequence.Iterator(image)
        while True:
            try:
                frame = next(frames)
                pixels = _fit(self._pixels(frame), self._bounds.frame_side_px)
            except StopIteration:
                return
            except (*_BAD_FILE, RuntimeError):
                self.warnings.add("media.truncated")
                if at_s == 0.0:
                    refuse("media.no_frames")
                return
            yield pixels, at_s
            at_s += _duration_s(frame)
            if self._clock.is_over():
                self.warnings.add("media.cut_short")
                return

    def _pixels(self, image: Image.Image) -> Pixels:
        """`image` decoded, reduced to the bound on stills, upright, RGB. What is cut off stays grey or black."""
        turn = orientation(image)
        scale = math.sqrt(self._bounds.still_max_pixels / max(1, image.width * image.height))
        size = (max(1, int(image.width * scale)), max(1, int(image.height * scale))) if scale < 1 else image.size
        if scale < 1 and image.format in ("JPEG", "MPO"):
            image.draft("RGB", size)  # the decoder itself reduces by 2, 4 or 8, at a fraction of the cost
        image = self._loaded(image)
        if scale < 1 and image.width * image.height > self._bounds.still_max_pixels:
            image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0) if image.mode in _RESIZABLE else image
        upright = rgb(image)
        if scale < 1 and upright.width * upright.height > self._bounds.still_max_pixels:
            upright = upright.resize(size, Image.Resampling.BOX)
        if turn in _UPRIGHT:
            upright = upright.transpose(_UPRIGHT[turn])
        return np.asarray(upright)

    def _loaded(self, image: Image.Image) -> Image.Image:
        try:
            image.load()
        except MemoryError:
            raise
        except (*_BAD_FILE, RuntimeError) as error:
            if self._is_animated_frame(image):
                raise
            return self._reload_what_is_there(image, error)
        return image

    def _is_animated_frame(self, image: Image.Image) -> bool:
        return self._is_animated and getattr(image, "tell", int)() > 0

    def _reload_what_is_there(self, image: Image.Image, error: Exception) -> Image.Image:
        """Once more, with Pillow told to be content with half a file."""
        page = image.tell()
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            again = self._open()
            again.seek(page)
            again.load()
        except (*_BAD_FILE, RuntimeError):
            raise error from None
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        self.warnings.add("media.truncated")
        return again


_RESIZABLE = frozenset(("L", "RGB", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"))


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none or it is nonsense."""
    if image.format == "TIFF":
        return 1  # Pillow turns it as it loads, and gives the size it will have then
    with contextlib.suppress(*_BAD_FILE):
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return 1


def rgb(image: Image.Image) -> Image.Image:
    """`image` as RGB: transparent parts on white, deep and floating-point values brought to eight bits."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    if image.mode == "LAB":
        shown = ImageCms.applyTransform(image, _LAB_TO_RGB)
        assert shown is not None  # nothing is converted in place
        return shown
    return image if image.mode == "RGB" else image.convert("RGB")


_LAB_TO_RGB = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
"""Pillow's own `convert` does not know this one; made once, before the sandbox is closed."""


def _eight_bits(values: NDArray[np.generic]) -> Pixels:
    """Deep grey values as bytes: by their type's range where they use it, else by their own range; no number is black."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint16) >> 8).astype(np.uint8)
    numbers = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0 and high <= 1 and values.dtype.kind == "f":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    span = high - low
    scaled: Pixels = ((numbers - low) * (255.0 / span if span > 0 else 0.0)).clip(0, 255).astype(np.uint8)
    return scaled


def _duration_s(frame: Image.Image) -> float:
    milliseconds = frame.info.get("duration", 0)
    seconds = float(milliseconds) / 1000 if isinstance(milliseconds, int | float) else 0.0
    return min(max(seconds, _SHORTEST_FRAME_S), 3600.0) if math.isfinite(seconds) and seconds > 0 else _DEFAULT_FRAME_S


def _fit(pixels: Pixels, side_px: int) -> Pixels:
    height, width = pixels.shape[:2]
    if max(height, width) <= side_px:
        return pixels
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
