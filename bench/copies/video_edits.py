"""The 25 edits of videos: what people do to a film before they post it again, made with PyAV and OpenCV.

A source is a stretch of a public harmless clip, silent, at most SIDE_PX wide or high and LONGEST_S long. The edits of single
frames keep their places over the whole film, as an application would draw them; the filmed screen sways a little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.copies.picture_edits import FONT, WORDS

Pixels = NDArray[np.uint8]
Look = Callable[[Pixels, float], Pixels]
"""What an edit makes of a frame (height, width, 3) RGB at so many seconds."""

SIDE_PX = 640
LONGEST_S = 20.0
RATE = 25
BEFORE_S, AFTER_S = 7.0, 5.0
"""How much of another film stands before and after the item in a longer one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Frames of a clip at RATE a second and the moment of the first; `path` is what it was taken from."""

    path: Path
    frames: tuple[Pixels, ...]

    @property
    def length_s(self) -> float:
        return len(self.frames) / RATE


@dataclass(frozen=True, slots=True)
class Truth:
    """The stretch of the edited film that shows the item, and which stretch of the item that is."""

    start_s: float
    end_s: float
    item_start_s: float
    item_end_s: float


@dataclass(frozen=True, slots=True)
class Kept:
    """How an edited film is encoded."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    crf: int | None = 26
    bit_rate: int | None = None
    rate: int = RATE
    height_px: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """`look` is of single frames; `speed` how fast the item runs; `middle` which share of it is left, around its middle;
    `is_inside` sets it into a longer film."""

    look: Callable[[Source, int], Look] = lambda source, seed: lambda pixels, at_s: pixels
    kept: Kept = Kept()
    speed: float = 1.0
    middle: float = 1.0
    is_inside: bool = False


def read(path: Path, start_s: float = 0.0, longest_s: float = LONGEST_S) -> Source:
    """A stretch of a clip, scaled down to SIDE_PX, at RATE frames a second. Raises av.FFmpegError."""
    wanted: list[Pixels] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first: float | None = None
        for frame in container.decode(stream):
            at_s = float(frame.time or 0.0)
            first = at_s if first is None else first
            at_s -= first
            if at_s < start_s:
                continue
            if at_s >= start_s + longest_s:
                break
            pixels = None
            while len(wanted) / RATE <= at_s - start_s + 1e-6:
                pixels = _scaled(frame) if pixels is None else pixels
                wanted.append(pixels)
    return Source(path, tuple(wanted))


def _scaled(frame: av.VideoFrame) -> Pixels:
    scale = min(1.0, SIDE_PX / max(frame.width, frame.height))
    width, height = (max(int(side * scale) // 2 * 2, 16) for side in (frame.width, frame.height))
    return np.asarray(frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA"))


def write(path: Path, frames: Iterator[Pixels], kept: Kept) -> None:
    """Encodes frames of one size; odd sides lose a pixel. Raises av.FFmpegError."""
    with av.open(str(path), "w") as container:
        stream = None
        for number, pixels in enumerate(frames):
            if kept.height_px and pixels.shape[0] > kept.height_px:
                width = round(pixels.shape[1] * kept.height_px / pixels.shape[0])
                pixels = cv2.resize(pixels, (width, kept.height_px), interpolation=cv2.INTER_AREA)
            height, width = (side // 2 * 2 for side in pixels.shape[:2])
            if stream is None:
                stream = container.add_stream(kept.codec, rate=kept.rate)
                stream.width, stream.height = width, height
                stream.pix_fmt = "rgb8" if kept.codec == "gif" else "yuv420p"
                stream.codec_context.thread_count = 1
                if kept.codec == "libx264":
                    stream.options = {"crf": str(kept.crf), "preset": "veryfast"}
                elif kept.bit_rate:
                    stream.bit_rate = kept.bit_rate
                    stream.options = {"deadline": "realtime", "cpu-used": "5"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:height, :width]), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, kept.rate)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))


def make(source: Source, edit: Edit, path: Path, seed: int) -> Truth:
    """Writes the edited film and says which stretch shows what."""
    first = round(len(source.frames) * (1 - edit.middle) / 2)
    last = len(source.frames) - first
    item = replace(source, frames=source.frames[first:last])
    count = int(item.length_s / edit.speed * edit.kept.rate)
    look = edit.look(item, seed)

    def frames() -> Iterator[Pixels]:
        size = item.frames[0].shape[1::-1]
        if edit.is_inside:
            for number in range(int(BEFORE_S * edit.kept.rate)):
                yield drawing(seed + 1, size, number / edit.kept.rate)
        for number in range(count):
            at_s = number / edit.kept.rate
            yield look(item.frames[min(int(at_s * edit.speed * RATE + 1e-6), len(item.frames) - 1)], at_s)
        if edit.is_inside:
            for number in range(int(AFTER_S * edit.kept.rate)):
                yield drawing(seed + 2, size, number / edit.kept.rate)

    write(path, frames(), edit.kept)
    start_s = BEFORE_S if edit.is_inside else 0.0
    return Truth(start_s, start_s + count / edit.kept.rate, first / RATE, last / RATE)


def drawing(seed: int, size: tuple[int, int], at_s: float) -> Pixels:
    """A moving drawing (height, width, 3): soft colours and shapes that drift, different for each seed."""
    width, height = size
    soft, shapes = _drawn(seed)
    shift = np.array([[1, 0, 40 * np.sin(at_s / 3)], [0, 1, 25 * np.cos(at_s / 4)]], np.float32)
    out = cv2.warpAffine(soft, shift, (640, 480), borderMode=cv2.BORDER_REFLECT)
    for x, y, radius, speed, colour in shapes:
        angle = speed * at_s
        centre = (int(x + 90 * np.cos(angle)), int(y + 60 * np.sin(angle)))
        cv2.circle(out, centre, int(radius), colour, -1, cv2.LINE_AA)
        cv2.rectangle(out, centre, (centre[0] + int(radius), centre[1] + int(radius * 0.7)), colour[::-1], 3, cv2.LINE_AA)
    return np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@lru_cache(maxsize=64)
def _drawn(seed: int) -> tuple[Pixels, list[tuple[float, float, float, float, tuple[int, int, int]]]]:
    random = np.random.default_rng(seed)
    soft = cv2.resize(random.integers(30, 220, (6, 8, 3)).astype(np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    shapes = [
        (
            float(random.uniform(0, 640)),
            float(random.uniform(0, 480)),
            float(random.uniform(8, 60)),
            float(random.uniform(-1.5, 1.5)),
            (int(random.integers(256)), int(random.integers(256)), int(random.integers(256))),
        )
        for _ in range(18)
    ]
    return soft, shapes


# ---- looks ----------------------------------------------------------------------------------------------------------------


def _mapped(gain: float, plus: float) -> Callable[[Source, int], Look]:
    return lambda source, seed: lambda pixels, at_s: cv2.convertScaleAbs(pixels, alpha=gain, beta=plus)


def _grey(source: Source, seed: int) -> Look:
    return lambda pixels, at_s: np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _cropped(share: float) -> Callable[[Source, int], Look]:
    """Takes off `share` of the width and of the height, half of it at each side."""

    def crop(pixels: Pixels, at_s: float) -> Pixels:
        height, width = pixels.shape[:2]
        top, left = int(height * share / 2), int(width * share / 2)
        return pixels[top : height - top, left : width - left]

    return lambda source, seed: crop


def _padded(width: float, height: float) -> Callable[[Source, int], Look]:
    def pad(pixels: Pixels, at_s: float) -> Pixels:
        rows, columns = (int(side * more / 2) for side, more in zip(pixels.shape[:2], (height - 1, width - 1), strict=True))
        return cv2.copyMakeBorder(pixels, rows, rows, columns, columns, cv2.BORDER_CONSTANT)

    return lambda source, seed: pad


def _captioned(source: Source, seed: int) -> Look:
    """A bar of words of a fifth of the height above the picture."""
    words = WORDS[seed % len(WORDS)]

    def caption(pixels: Pixels, at_s: float) -> Pixels:
        height, width = pixels.shape[:2]
        return np.vstack([_bar(width, max(height // 5, 12), words), pixels])

    return caption


@lru_cache(maxsize=256)
def _bar(width: int, height: int, words: str) -> Pixels:
    bar = Image.new("RGB", (width, height), (255, 255, 255))
    _write(bar, words, (width // 20, height // 5), int(height * 0.6), (0, 0, 0))
    return np.asarray(bar)


def _write(picture: Image.Image, words: str, at: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    ImageDraw.Draw(picture).text(at, words, fill=colour, font=ImageFont.truetype(FONT, max(size, 6)))


def _with_logo(source: Source, seed: int) -> Look:
    """A site's mark in the lower right corner, a quarter of the width."""

    def mark(pixels: Pixels, at_s: float) -> Pixels:
        out = pixels.copy()
        height, width = out.shape[:2]
        own = np.asarray(_mark(width // 4, max(width // 12, 8)))
        top, left = height - own.shape[0] - width // 40, width - own.shape[1] - width // 40
        out[top : top + own.shape[0], left : left + own.shape[1]] = own
        return out

    return mark


@lru_cache(maxsize=64)
def _mark(width: int, height: int) -> Pixels:
    out = Image.new("RGB", (width, height), (200, 30, 40))
    _write(out, "JIKIM TV", (height // 4, height // 6), int(height * 0.6), (255, 255, 255))
    return np.asarray(out)


def _with_emoji(source: Source, seed: int) -> Look:
    """A round yellow face near the middle, a third of the shorter side."""
    random = np.random.default_rng(seed)
    along, down = random.uniform(0.4, 0.6), random.uniform(0.35, 0.55)

    def stick(pixels: Pixels, at_s: float) -> Pixels:
        out = pixels.copy()
        height, width = out.shape[:2]
        radius = min(height, width) // 6
        x, y = int(width * along), int(height * down)
        cv2.circle(out, (x, y), radius, (255, 205, 50), -1, cv2.LINE_AA)
        for side in (-1, 1):
            eye = (x + side * radius * 35 // 100, y - radius // 4)
            cv2.ellipse(out, eye, (radius // 8, radius // 6), 0, 0, 360, (80, 50, 0), -1, cv2.LINE_AA)
        cv2.ellipse(out, (x, y + radius // 8), (radius // 2, radius * 2 // 5), 0, 20, 160, (80, 50, 0), max(radius // 10, 1))
        return out

    return stick


def _mirrored(source: Source, seed: int) -> Look:
    return lambda pixels, at_s: pixels[:, ::-1]


def _turned(source: Source, seed: int) -> Look:
    return lambda pixels, at_s: np.rot90(pixels, -1)


def _picture_in_picture(source: Source, seed: int) -> Look:
    """At half of its width and height on a moving drawing of the same size."""
    random = np.random.default_rng(seed)
    along, down = random.uniform(0.05, 0.95, 2)

    def inset(pixels: Pixels, at_s: float) -> Pixels:
        height, width = pixels.shape[:2]
        out = drawing(seed + 3, (width, height), at_s)
        small = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        top, left = int((height - height // 2) * down), int((width - width // 2) * along)
        out[top : top + height // 2, left : left + width // 2] = small
        return out

    return inset


def _phone_recording(source: Source, seed: int) -> Look:
    """The screen of a phone, 540 x 1080: bars, a name, the film at full width, words below; words scroll past."""
    height, width = source.frames[0].shape[:2]
    high = min(540 * height // width, 680)
    wide = high * width // height
    screen = Image.new("RGB", (540, 1080), (255, 255, 255))
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, 540, 35), fill=(245, 245, 245))
    _write(screen, "12:34", (20, 7), 19, (20, 20, 20))
    _write(screen, "오늘의 영상", (190, 47), 25, (20, 20, 20))
    pen.ellipse((20, 95, 70, 145), fill=tuple(int(value) for value in np.random.default_rng(seed).integers(60, 220, 3)))
    _write(screen, "jikim_friend", (85, 107), 21, (30, 30, 30))
    for place in range(4):
        pen.ellipse((20 + 55 * place, 175 + high, 50 + 55 * place, 205 + high), outline=(30, 30, 30), width=3)
    pen.line((200, 1065, 340, 1065), fill=(20, 20, 20), width=4)
    base = np.asarray(screen)
    comments = [_bar(500, 40, f"{words} {number}") for number, words in enumerate((*WORDS, *WORDS))]

    def record(pixels: Pixels, at_s: float) -> Pixels:
        out = base.copy()
        left = (540 - wide) // 2
        out[160 : 160 + high, left : left + wide] = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA)
        for place in range((820 - high) // 45):
            top = 215 + high + 45 * place
            out[top : top + 40, 20:520] = comments[(place + int(at_s / 1.5)) % len(comments)]
        return out

    return record


def _filmed_screen(source: Source, seed: int) -> Look:
    """Filmed off a monitor, 960 x 720, in a room: askew, swaying, with moire, glare, uneven light and noise."""
    random = np.random.default_rng(seed)
    size = (960, 720)
    height, width = source.frames[0].shape[:2]
    scale = min(740 / width, 560 / height)
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) * scale / 2
    angle = np.radians(random.uniform(-4, 4))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = corners @ turn.T + random.uniform(-0.05, 0.05, (4, 2)) * [width * scale, height * scale] + [480, 360]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    room = cv2.GaussianBlur(drawing(seed + 4, size, 0.0), (0, 0), 12) // 2
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    moire = 7 * np.sin((x * np.cos(angle + 0.5) + y * np.sin(angle + 0.5)) / random.uniform(1.3, 2.2))
    glare = 60 * np.exp(-(((x - random.uniform(300, 650)) / 90) ** 2 + ((y - random.uniform(200, 500)) / 120) ** 2))
    light = (0.8 + 0.22 * x / size[0])[..., None] * np.array([0.93, 0.98, 1.05], np.float32)
    added = (moire + glare)[..., None].astype(np.float32)
    grain = [random.normal(0, 5, (size[1], size[0], 1)).astype(np.float32) for _ in range(4)]

    def film(pixels: Pixels, at_s: float) -> Pixels:
        sway = np.array([4 * np.sin(at_s * 1.3), 3 * np.cos(at_s * 1.7)])
        now = (seen + sway).astype(np.float32)
        warp = cv2.getPerspectiveTransform(flat, now)
        out = room.copy()
        bezel = ((now - now.mean(0)) * 1.08 + now.mean(0)).astype(np.int32)
        cv2.fillConvexPoly(out, bezel, (18, 18, 20))
        screen = cv2.warpPerspective(pixels, warp, size, flags=cv2.INTER_LINEAR)
        mask = cv2.fillConvexPoly(np.zeros(size[::-1], np.uint8), now.astype(np.int32), 1)[..., None]
        lit = screen.astype(np.float32) * light + added + grain[int(at_s * RATE) % len(grain)]
        return np.where(mask, np.clip(lit, 0, 255), out).astype(np.uint8)

    return film


def _after(*looks: Callable[[Source, int], Look]) -> Callable[[Source, int], Look]:
    def chain(source: Source, seed: int) -> Look:
        made = [look(source, seed) for look in looks]

        def apply(pixels: Pixels, at_s: float) -> Pixels:
            for one in made:
                pixels = one(pixels, at_s)
            return pixels

        return apply

    return chain


EDITS: dict[str, Edit] = {
    "crf_40": Edit(kept=Kept(crf=40)),
    "180p": Edit(kept=Kept(height_px=180)),
    "webm_250k": Edit(kept=Kept(".webm", "libvpx", None, 250_000)),
    "gif_10fps": Edit(kept=Kept(".gif", "gif", None, rate=10, height_px=270)),
    "10_fps": Edit(kept=Kept(rate=10)),
    "bright_contrast": Edit(_mapped(1.35, 15)),
    "grey": Edit(_grey),
    "crop_10": Edit(_cropped(0.1)),
    "crop_20": Edit(_cropped(0.2)),
    "crop_30": Edit(_cropped(0.3)),
    "letterbox_1.4": Edit(_padded(1, 1.4)),
    "pillarbox_1.5": Edit(_padded(1.5, 1)),
    "caption_bar": Edit(_captioned),
    "logo": Edit(_with_logo),
    "emoji": Edit(_with_emoji),
    "mirror": Edit(_mirrored),
    "rotate_90": Edit(_turned),
    "speed_1.25": Edit(speed=1.25),
    "trim_30": Edit(middle=0.3),
    "inside_longer": Edit(is_inside=True),
    "picture_in_picture": Edit(_picture_in_picture),
    "phone_recording": Edit(_phone_recording),
    "filmed_screen": Edit(_filmed_screen),
    "crop10_caption_1.1x": Edit(_after(_cropped(0.1), _captioned), speed=1.1),
    "mirror_crop10_caption": Edit(_after(_mirrored, _cropped(0.1), _captioned)),
}

OTHER_EDITS: dict[str, Edit] = {
    "crop_12": Edit(_cropped(0.12)),
    "crop_28": Edit(_cropped(0.28)),
    "mirror_caption_0.9x": Edit(_after(_mirrored, _captioned), speed=0.9),
    "letterbox_emoji": Edit(_after(_with_emoji, _padded(1, 1.3))),
    "crop15_trim_50": Edit(_cropped(0.15), middle=0.5),
    "mirror_inside_longer": Edit(_mirrored, is_inside=True),
    "speed_1.35": Edit(speed=1.35),
    "dark_crop20_crf34": Edit(_after(_mapped(0.7, 0), _cropped(0.2)), kept=Kept(crf=34)),
    "mirror_picture_in_picture": Edit(_after(_mirrored, _picture_in_picture)),
    "crop10_logo_240p": Edit(_after(_cropped(0.1), _with_logo), kept=Kept(height_px=240)),
    "crop10_phone_recording": Edit(_after(_cropped(0.1), _phone_recording)),
    "caption_filmed_screen": Edit(_after(_captioned, _filmed_screen)),
}
"""Others, of which none was looked at while anything was chosen."""
