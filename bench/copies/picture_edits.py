"""The 38 edits of pictures: what people do to a picture before they post it again.

An edit is given the picture, another harmless picture for a background, and a seeded generator, and gives the edited picture
and the file format it is kept in. Where nothing else is said that is JPEG at quality 85.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Random = np.random.Generator
Edit = Callable[[Image.Image, Image.Image, Random], Image.Image]
Pixels = NDArray[np.uint8]

FONT = str(files("jikim").joinpath("practice", "world", "fonts", "JikimPractice-Bold.ttf"))
WORDS = ("축제 현장 영상", "JIKIM 12:34", "오늘의 사진")


@dataclass(frozen=True, slots=True)
class Kept:
    """The file an edited picture is kept in: its suffix and what the encoder is told."""

    suffix: str = ".jpg"
    quality: int | None = 85
    colours: int | None = None


def encode(picture: Image.Image, kept: Kept) -> bytes:
    """The bytes of the file."""
    out = io.BytesIO()
    if kept.colours:
        picture.quantize(kept.colours).save(out, "GIF")
    elif kept.suffix == ".png":
        picture.save(out, "PNG", compress_level=1)
    else:
        picture.save(out, {".jpg": "JPEG", ".webp": "WEBP"}[kept.suffix], quality=kept.quality)
    return out.getvalue()


def _same(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    return picture


def _resized(width: float, height: float) -> Edit:
    def edit(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
        size = (max(int(picture.width * width), 8), max(int(picture.height * height), 8))
        return picture.resize(size, Image.Resampling.BICUBIC)

    return edit


def _thumbnail(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    small = picture.copy()
    small.thumbnail((160, 160))
    return small


def _square(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    side = min(picture.size)
    return picture.resize((side, side), Image.Resampling.BICUBIC)


def _cropped(share: float, *, corner: bool = False) -> Edit:
    """Takes off `share` of the width and of the height: half of it at each side, or all of it at one corner."""

    def edit(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
        off = (picture.width * share, picture.height * share)
        left, top = (0.0, 0.0) if corner else (off[0] / 2, off[1] / 2)
        return picture.crop((int(left), int(top), int(left + picture.width - off[0]), int(top + picture.height - off[1])))

    return edit


def _padded(width: float, height: float, colour: tuple[int, int, int]) -> Edit:
    def edit(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
        size = (int(picture.width * width), int(picture.height * height))
        out = Image.new("RGB", size, colour)
        out.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
        return out

    return edit


def _captioned(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """A bar of words of a fifth of the height above the picture, as on shared jokes."""
    bar = max(picture.height // 5, 12)
    out = Image.new("RGB", (picture.width, picture.height + bar), (255, 255, 255))
    out.paste(picture, (0, bar))
    _write(out, WORDS[int(random.integers(len(WORDS)))], (picture.width // 20, bar // 5), int(bar * 0.6), (0, 0, 0))
    return out


def _with_logo(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """A site's mark in the lower right corner, a quarter of the width."""
    out = picture.copy()
    width, height = picture.width // 4, max(picture.width // 12, 8)
    left, top = picture.width - width - picture.width // 40, picture.height - height - picture.height // 40
    ImageDraw.Draw(out).rounded_rectangle((left, top, left + width, top + height), height // 4, fill=(200, 30, 40))
    _write(out, "JIKIM TV", (left + height // 4, top + height // 6), int(height * 0.6), (255, 255, 255))
    return out


def _with_emoji(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """A round yellow face over the middle, a third of the shorter side."""
    out = picture.copy()
    pen = ImageDraw.Draw(out)
    radius = min(picture.size) / 6
    x, y = picture.width * (0.5 + random.uniform(-0.1, 0.1)), picture.height * (0.45 + random.uniform(-0.1, 0.1))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 205, 50), outline=(150, 100, 0), width=2)
    for side in (-1, 1):
        eye = (x + side * radius * 0.35, y - radius * 0.25)
        pen.ellipse((eye[0] - radius / 8, eye[1] - radius / 6, eye[0] + radius / 8, eye[1] + radius / 6), fill=(80, 50, 0))
    box = (x - radius * 0.5, y - radius * 0.3, x + radius * 0.5, y + radius * 0.55)
    pen.arc(box, 20, 160, fill=(80, 50, 0), width=max(int(radius / 10), 1))
    return out


def _turned(how: Image.Transpose) -> Edit:
    return lambda picture, other, random: picture.transpose(how)


def _rotated(degrees: float) -> Edit:
    return lambda picture, other, random: picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def _mapped(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Edit:
    """`change` takes and gives values of 0..1."""

    def edit(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
        values = change(np.asarray(picture, np.float64) / 255)
        return Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))

    return edit


def _grey(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _hue_shifted(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    hsv = np.array(picture.convert("HSV"))
    hsv[..., 0] += 64  # a quarter of the circle of 256
    return Image.fromarray(hsv, "HSV").convert("RGB")


def _blurred(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    sigma = max(picture.size) / 250
    return Image.fromarray(cv2.GaussianBlur(np.asarray(picture), (0, 0), sigma))


def _noisy(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    noise = random.normal(0, 20, (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _picture_in_picture(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """At half of its width and height on a background of the same size."""
    out = other.resize(picture.size, Image.Resampling.BICUBIC)
    small = picture.resize((max(picture.width // 2, 1), max(picture.height // 2, 1)), Image.Resampling.BICUBIC)
    room = (out.width - small.width, out.height - small.height)
    out.paste(small, (int(room[0] * random.uniform(0.05, 0.95)), int(room[1] * random.uniform(0.05, 0.95))))
    return out


def _phone_screenshot(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """A post in a phone's application, 1080 x 2160: bars, a name, the picture at full width, words below, the next post."""
    out = Image.new("RGB", (1080, 2160), (255, 255, 255))
    pen = ImageDraw.Draw(out)
    pen.rectangle((0, 0, 1080, 70), fill=(245, 245, 245))
    _write(out, "12:34", (40, 15), 38, (20, 20, 20))
    pen.rounded_rectangle((960, 22, 1030, 50), 6, outline=(20, 20, 20), width=3)
    _write(out, "오늘의 사진", (380, 95), 50, (20, 20, 20))
    pen.ellipse((40, 190, 140, 290), fill=tuple(int(value) for value in random.integers(60, 220, 3)))
    _write(out, "jikim_friend", (170, 215), 42, (30, 30, 30))
    height = min(int(1080 * picture.height / picture.width), 1350)
    width = int(height * picture.width / picture.height)
    out.paste(picture.resize((width, height), Image.Resampling.BICUBIC), ((1080 - width) // 2, 320))
    below = 320 + height + 30
    for place in range(4):
        pen.ellipse((40 + 110 * place, below, 100 + 110 * place, below + 60), outline=(30, 30, 30), width=6)
    for line in range(3):
        _write(out, WORDS[line % len(WORDS)] + " 축제 현장 영상", (40, below + 90 + 60 * line), 40, (40, 40, 40))
    if below + 420 < 2060:
        out.paste(other.resize((1080, 2060 - below - 420)), (0, below + 420))
    pen.rectangle((0, 2060, 1080, 2160), fill=(250, 250, 250))
    pen.line((400, 2130, 680, 2130), fill=(20, 20, 20), width=8)
    return out


def _filmed_screen(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
    """Photographed off a monitor, 1280 x 960: a dark frame in a room, seen askew, moire, glare, uneven light, noise."""
    room = cv2.GaussianBlur(np.asarray(other.resize((1280, 960))), (0, 0), 12).astype(np.float64) * 0.5
    scale = min(960 / picture.width, 720 / picture.height)
    width, height = picture.width * scale, picture.height * scale
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    jitter = random.uniform(-0.06, 0.06, (4, 2)) * [width, height]
    angle = np.radians(random.uniform(-4, 4))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (corners @ turn.T + jitter + [640, 480]).astype(np.float32)
    bezel = ((seen - seen.mean(0)) * 1.08 + seen.mean(0)).astype(np.int32)
    cv2.fillConvexPoly(room, bezel, (18.0, 18.0, 20.0))
    source = np.array([[0, 0], [picture.width, 0], [picture.width, picture.height], [0, picture.height]], np.float32)
    warp = cv2.getPerspectiveTransform(source, seen)
    screen = cv2.warpPerspective(np.asarray(picture, np.float64), warp, (1280, 960), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.ones((picture.height, picture.width)), warp, (1280, 960))[..., None]
    y, x = np.mgrid[:960, :1280]
    moire = 8 * np.sin((x * np.cos(angle * 3 + 0.5) + y * np.sin(angle * 3 + 0.5)) / random.uniform(1.3, 2.2))
    light = 0.85 + 0.25 * x / 1280
    glare = 70 * np.exp(-(((x - random.uniform(400, 900)) / 120) ** 2 + ((y - random.uniform(250, 700)) / 160) ** 2))
    screen = (screen * 0.9 + moire[..., None]) * light[..., None] * [0.95, 1.0, 1.08] + glare[..., None]
    out = room * (1 - mask) + screen * mask + random.normal(0, 6, (960, 1280, 3))
    return Image.fromarray(cv2.GaussianBlur(np.clip(out, 0, 255).astype(np.uint8), (0, 0), 0.9))


def _after(*edits: Edit) -> Edit:
    def edit(picture: Image.Image, other: Image.Image, random: Random) -> Image.Image:
        for one in edits:
            picture = one(picture, other, random)
        return picture

    return edit


def _enhanced(factor: float) -> Edit:
    return lambda picture, other, random: ImageEnhance.Contrast(picture).enhance(factor)


def _write(picture: Image.Image, words: str, at: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    ImageDraw.Draw(picture).text(at, words, fill=colour, font=ImageFont.truetype(FONT, max(size, 6)))


_MIRROR = _turned(Image.Transpose.FLIP_LEFT_RIGHT)

EDITS: dict[str, tuple[Edit, Kept]] = {
    "png": (_same, Kept(".png")),
    "jpeg_q20": (_same, Kept(quality=20)),
    "jpeg_q8": (_same, Kept(quality=8)),
    "webp_q30": (_same, Kept(".webp", 30)),
    "gif_64": (_same, Kept(".gif", colours=64)),
    "resize_50": (_resized(0.5, 0.5), Kept()),
    "thumbnail_160": (_thumbnail, Kept()),
    "squash_square": (_square, Kept()),
    "crop_5": (_cropped(0.05), Kept()),
    "crop_10": (_cropped(0.10), Kept()),
    "crop_20": (_cropped(0.20), Kept()),
    "crop_30": (_cropped(0.30), Kept()),
    "crop_50": (_cropped(0.50), Kept()),
    "crop_corner_20": (_cropped(0.20, corner=True), Kept()),
    "letterbox": (_padded(1, 1.4, (0, 0, 0)), Kept()),
    "pillarbox": (_padded(1.5, 1, (0, 0, 0)), Kept()),
    "border_5": (_padded(1.1, 1.1, (255, 255, 255)), Kept()),
    "caption_bar": (_captioned, Kept()),
    "logo": (_with_logo, Kept()),
    "emoji": (_with_emoji, Kept()),
    "mirror": (_MIRROR, Kept()),
    "flip": (_turned(Image.Transpose.FLIP_TOP_BOTTOM), Kept()),
    "rotate_90": (_turned(Image.Transpose.ROTATE_270), Kept()),
    "rotate_180": (_turned(Image.Transpose.ROTATE_180), Kept()),
    "rotate_5": (_rotated(5), Kept()),
    "brighter": (_mapped(lambda v: v * 1.5), Kept()),
    "darker": (_mapped(lambda v: v * 0.5), Kept()),
    "contrast": (_enhanced(1.8), Kept()),
    "gamma_2": (_mapped(lambda v: v**2), Kept()),
    "grey": (_grey, Kept()),
    "hue_shift": (_hue_shifted, Kept()),
    "blur": (_blurred, Kept()),
    "noise": (_noisy, Kept()),
    "picture_in_picture": (_picture_in_picture, Kept()),
    "phone_screenshot": (_phone_screenshot, Kept()),
    "filmed_screen": (_filmed_screen, Kept()),
    "crop10_logo_q20": (_after(_cropped(0.10), _with_logo), Kept(quality=20)),
    "mirror_crop10_caption": (_after(_MIRROR, _cropped(0.10), _captioned), Kept()),
}
