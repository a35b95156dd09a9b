"""Every kind of still and animation comes out upright, RGB and with the right colours."""

from __future__ import annotations

import io
from collections.abc import Callable

import media_samples as samples
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jikim.config import Opening
from jikim.media.opening import Opener, OpenMedia, sealed_memory
from jikim.types import MediaKind

Open = Callable[[bytes], OpenMedia]


def still(media: OpenMedia) -> NDArray[np.uint8]:
    (frame,) = media.first_look()
    assert frame.at_s is None
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert media.frames_at([0.0, 1.0]) == ()
    assert media.audio(0, 1) is None
    return frame.pixels


def is_the_scene(pixels: NDArray[np.uint8]) -> bool:
    """Red, with the light square in the top left quarter and nowhere else."""
    small = np.asarray(Image.fromarray(pixels).resize((samples.WIDTH, samples.HEIGHT), Image.Resampling.BOX), np.int16)
    wrong = np.abs(small - samples.scene(samples.RED).astype(np.int16)).max(axis=2)
    return float((wrong > 60).mean()) < 0.002


@pytest.mark.parametrize("mime", samples.PICTURES)
def test_each_format(opened: Open, mime: str) -> None:
    media = opened(samples.PICTURES[mime]())
    assert (media.media.kind, media.media.mime, media.media.duration_s) == (MediaKind.IMAGE, mime, None)
    assert media.warnings == ()
    pixels = still(media)
    assert (media.media.height_px, media.media.width_px) == pixels.shape[:2]
    assert is_the_scene(pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(opened: Open, format: str, orientation: int) -> None:
    media = opened(samples.oriented(orientation, format))
    assert (media.media.width_px, media.media.height_px) == (samples.WIDTH, samples.HEIGHT)
    assert is_the_scene(still(media))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_heic(opened: Open, turns: int) -> None:
    media = opened(samples.turned_heic(turns))
    pixels = still(media)
    assert (media.media.height_px, media.media.width_px) == pixels.shape[:2]
    assert is_the_scene(np.rot90(pixels, -turns).copy())


def test_a_heic_of_tiles(opened: Open) -> None:
    pixels = still(opened(samples.heic_grid(rows=2, columns=3)))
    assert pixels.shape == (2 * samples.HEIGHT - 10, 3 * samples.WIDTH - 20, 3)
    assert is_the_scene(pixels[: samples.HEIGHT, : samples.WIDTH].copy())
    assert is_the_scene(pixels[: samples.HEIGHT, samples.WIDTH : 2 * samples.WIDTH].copy())


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def test_modes_and_depths(opened: Open) -> None:
    scene = Image.fromarray(samples.scene(samples.RED))
    assert is_the_scene(still(opened(encoded(scene.quantize(16), "PNG"))))
    assert is_the_scene(still(opened(encoded(scene.convert("CMYK"), "JPEG", quality=95))))
    assert is_the_scene(still(opened(encoded(scene.convert("CMYK"), "TIFF"))))
    assert is_the_scene(still(opened(encoded(scene.convert("YCbCr"), "TIFF"))))
    grey = np.asarray(scene.convert("L"))
    for content in (
        encoded(Image.fromarray(grey), "PNG"),
        encoded(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"),
        encoded(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF"),
        encoded(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"),
        encoded(Image.fromarray(grey.astype(np.float32)), "TIFF"),
        encoded(Image.fromarray(grey.astype(np.int32)), "TIFF"),
    ):
        pixels = still(opened(content))
        assert np.abs(pixels.astype(int) - grey[..., None]).max() <= 1
    bits = still(opened(encoded(scene.convert("1", dither=Image.Dither.NONE), "PNG")))
    assert set(np.unique(bits)) == {0, 255}


def test_numbers_that_are_none(opened: Open) -> None:
    values = np.full((8, 8), 0.5, np.float32)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    pixels = still(opened(encoded(Image.fromarray(values), "TIFF")))
    assert abs(int(pixels[4, 4, 0]) - 127) <= 1


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "AVIF"])
def test_what_is_transparent_is_white(opened: Open, format: str) -> None:
    image = Image.new("RGBA", (40, 40), (10, 200, 10, 0))
    image.paste((200, 30, 30, 255), (20, 0, 40, 40))
    pixels = still(opened(encoded(image, format)))
    assert pixels[20, 5].min() >= 250
    assert pixels[20, 35, 0] > 150 > pixels[20, 35, 1]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_by_its_distinct_frames(opened: Open, format: str) -> None:
    colours = (samples.RED, samples.RED, samples.GREEN, samples.RED, samples.BLUE)
    content = samples.animation(format, colours)
    media = opened(content)
    frames = media.first_look()
    assert media.media.kind is MediaKind.IMAGE
    assert [int(frame.pixels[-5, -5].argmax()) for frame in frames] == [0, 1, 2]
    assert [round(frame.at_s or 0.0, 1) for frame in frames] == [0.0, 0.4, 0.8]
    (later,) = media.frames_at([0.45])
    assert later.pixels[-5, -5].argmax() == 1


def test_all_pages_of_a_tiff(opened: Open) -> None:
    pages = [Image.fromarray(samples.scene(colour)) for colour in (samples.RED, samples.GREEN, samples.BLUE)]
    frames = opened(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])).first_look()
    assert [int(frame.pixels[-5, -5].argmax()) for frame in frames] == [0, 1, 2]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_large_stills_are_reduced_and_keep_what_they_show(format: str) -> None:
    content = encoded(Image.fromarray(samples.scene(samples.RED, 1200, 800)), format)
    fd = sealed_memory(iter([content]))
    with Opener(Opening(still_max_pixels=50_000)) as small, small.open(fd, "0" * 64) as media:
        pixels = still(media)
        assert (media.media.width_px, media.media.height_px) == (1200, 800)
        assert 40_000 < pixels.shape[0] * pixels.shape[1] <= 50_000
        assert is_the_scene(pixels)
