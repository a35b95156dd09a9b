"""Hashes stay those of the reference whatever a file is like.

The lines of VPDQ are frames 0 to 4 of `vpdq/sample-hashes/chair-19-sd-bar.txt` of facebook/ThreatExchange, Copyright (c) Meta
Platforms, Inc. and affiliates, BSD licence; bench/copies/conformance.py compares with all of its vectors.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image, ImageCms

from jikim.config import Opening
from jikim.copies.exchange import Skipped, read_file, write_vpdq
from jikim.copies.pdq import ORIENTATIONS, distances, fingerprint, pdq
from jikim.media.opening import Opener, open_path, sha256_of
from tests.flow.harness import drawing

EXCHANGE_BITS_MAX = 10
"""What the reference allows between implementations."""

VPDQ = """\
0,100,e271017837246aaccddea259648fb7d62f435c89d9e99b2497763e216c8d055c,0.000
1,100,c0f11178372c6aaccddea259648fbfd62f434c89c9e99b249772be216c8d055c,0.033
2,100,c0f10b78372c6aacc5dea25b748fb7d22f434c89c9a9db249772b6216c8d855c,0.067
3,100,c0f00b7837247aaccddea25b128fb7d22f434c894da9cb349776b621668dc55c,0.100
4,100,c0700b78372e7aaccddea15b128f97c22f434c896da9cb349772f621668dc55c,0.133
"""


@pytest.fixture(scope="module")
def opener():
    with Opener(Opening()) as made:
        yield made


def opened(opener, path):
    fd = open_path(path)
    try:
        with opener.open(fd, sha256_of(fd)) as media:
            return media.first_look()[0].pixels
    finally:
        os.close(fd)


def original():
    """A drawing with tones and colours, so that each mode keeps something of it."""
    random = np.random.default_rng(4)
    tones = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    return Image.blend(tones, drawing("등불").convert("RGB").resize((640, 480)), 0.4)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("P", "png"),
        ("L", "png"),
        ("LA", "png"),
        ("RGBA", "png"),
        ("RGB", "jpg"),
        ("CMYK", "jpg"),
        ("CMYK", "tiff"),
        ("YCbCr", "jpg"),
        ("LAB", "tiff"),
        ("I;16", "png"),
        ("F", "tiff"),
    ],
)
def test_every_colour_mode_is_hashed_as_what_it_shows(opener, tmp_path, mode, suffix):
    path = tmp_path / f"picture.{suffix}"
    picture = original()
    if mode == "I;16":
        converted = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif mode == "LAB":
        there = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), there, outputMode="LAB")
    else:
        converted = picture.convert(mode)
    converted.save(path, **({"quality": 95} if suffix == "jpg" else {}))
    expected, quality = pdq(np.asarray(picture))
    found, _ = pdq(opened(opener, path))
    assert quality >= 80
    assert distances(found[None], expected[None])[0, 0] <= EXCHANGE_BITS_MAX


@pytest.mark.parametrize(
    ("tag", "edit"), [(2, "mirrored"), (3, "rotated_180"), (4, "flipped"), (6, "rotated_90"), (8, "rotated_270")]
)
def test_a_turned_file_is_hashed_as_it_is_shown(opener, tmp_path, tag, edit):
    path = tmp_path / "turned.png"
    picture = original()
    marks = Image.Exif()
    marks[0x0112] = tag
    picture.save(path, exif=marks)
    shown = opened(opener, path)
    assert not np.array_equal(shown[:8, :8], np.asarray(picture)[:8, :8])
    turned = fingerprint(shown).hashes[ORIENTATIONS.index(edit)]
    assert distances(turned[None], pdq(np.asarray(picture))[0][None])[0, 0] <= EXCHANGE_BITS_MAX


def test_a_hash_file_of_the_reference_comes_out_as_it_went_in(tmp_path):
    path = tmp_path / "chair.txt"
    path.write_text(VPDQ)
    skipped = Skipped()
    (item,) = read_file(path, "", "", skipped)
    assert not skipped.counts
    assert "".join(write_vpdq(item.fingerprint)) == VPDQ
