"""What is shipped is what is promised: how many, how varied, how small, and that what is planted can be told from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

import jikim.practice
from jikim.config import Sweeping
from jikim.copies.pdq import distances, fingerprint
from jikim.practice.world import Item, ItemMedia, World
from jikim.provenance import fixtures

FOLDER = Path(jikim.practice.__file__).parent
COPY_BITS = 31
CUES = {"known_copy", "object", "screen_text", "youth_language"}


def test_there_is_enough_and_of_every_kind(shipped: World):
    kinds = Counter(item.kind for item in shipped.items)
    assert len(shipped.items) >= 320
    assert kinds["image"] >= 150
    assert kinds["video"] >= 60
    assert kinds["text"] >= 80
    assert kinds["audio"] >= 1
    assert len(shipped.search("축제")) >= 305
    assert len(shipped.items) > len(shipped.search("축제"))


def test_ten_to_twenty_are_planted_and_among_what_a_sweep_takes(shipped: World):
    planted = [item for item in shipped.items if item.cues]
    assert 10 <= len(planted) <= 20
    assert {cue for item in planted for cue in item.cues} == CUES
    found = {item.id for item in shipped.search("축제")[: Sweeping().limit]}
    assert {item.id for item in planted} <= found


def test_posts_differ_and_file_names_tell_nothing(shipped: World):
    assert len({(item.title, item.text) for item in shipped.items}) == len(shipped.items)
    files = [media.path for item in shipped.items for media in item.media]
    assert len(files) == len(set(files))
    assert all(path.stem.isdigit() for path in files)
    assert set(files) == set((FOLDER / "world" / "media").iterdir())


def test_it_is_small():
    assert sum(path.stat().st_size for path in (FOLDER / "world").rglob("*") if path.is_file()) <= 6 * 2**20


def test_pictures_and_videos_have_a_small_picture_and_videos_a_duration(shipped: World):
    for item in shipped.items:
        for media in item.media:
            if media.kind in ("image", "video"):
                assert media.thumbnail is not None
                with Image.open(media.thumbnail) as small:
                    assert small.format == "JPEG"
                    assert max(small.size) <= 160
            if media.kind == "video":
                assert media.duration_s is not None
                assert 10 <= media.duration_s <= 60


def test_many_formats_are_there(shipped: World):
    pictures = [media for item in shipped.items for media in item.media if media.kind == "image"]
    assert {"jpg", "png", "gif", "webp", "avif", "bmp", "tiff"} <= {media.ending for media in pictures}
    modes, orientations = set(), set()
    for media in pictures:
        with Image.open(media.path) as picture:
            modes.add(picture.mode)
            orientations.add(picture.getexif().get(0x0112))
    assert {"CMYK", "L", "P", "RGB"} <= modes
    assert 6 in orientations


def test_fixtures_are_listed_with_their_sums():
    assert {"test_card.png", "known_clip.mp4"} <= set(fixtures().values())


def test_fonts_and_footage_come_with_their_licences():
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "world" / "fonts" / "OFL.txt").read_text("utf-8")
    assert "CC BY" in (credits := (FOLDER / "world" / "CREDITS.md").read_text("utf-8")) or "Attribution 4.0" in credits


@pytest.fixture(scope="module")
def seen(shipped: World) -> list[tuple[Item, np.ndarray, int]]:
    """A fingerprint of every picture and of a frame every two seconds: the post, its eight hashes, its quality."""
    return [
        (item, found.hashes, found.quality)
        for item in shipped.items
        for media in item.media
        for pixels in _frames(media)
        for found in [fingerprint(pixels)]
    ]


def _frames(media: ItemMedia) -> Iterator[np.ndarray]:
    if media.kind == "image":
        with Image.open(media.path) as picture:
            for number in range(getattr(picture, "n_frames", 1)):
                picture.seek(number)
                yield np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    elif media.kind == "video":
        with av.open(str(media.path)) as container:
            taken_at = -2.0
            for frame in container.decode(video=0):
                if frame.time >= taken_at + 2:
                    taken_at = frame.time
                    yield frame.to_ndarray(format="rgb24")


def test_only_planted_copies_look_like_the_fixtures(seen: list[tuple[Item, np.ndarray, int]]):
    with (
        Image.open(FOLDER / "fixtures" / "test_card.png") as card,
        av.open(str(FOLDER / "fixtures" / "known_clip.mp4")) as clip,
    ):
        pictures = [np.asarray(card.convert("RGB")), *(frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0))]
    known = np.stack([fingerprint(pixels).hashes[0] for pixels in pictures])
    nearest: dict[str, int] = {}
    cues = {item.id: item.cues for item, _, _ in seen}
    for item, hashes, _ in seen:
        nearest[item.id] = min(nearest.get(item.id, 256), int(distances(hashes, known).min()))
    assert {id_ for id_, bits in nearest.items() if bits <= COPY_BITS} == {id_ for id_ in cues if "known_copy" in cues[id_]}
    assert all(bits > COPY_BITS + 20 for id_, bits in nearest.items() if "known_copy" not in cues[id_])


def test_no_two_ordinary_posts_look_like_copies(seen: list[tuple[Item, np.ndarray, int]]):
    ordinary = [(item.id, hashes) for item, hashes, quality in seen if not item.cues and quality >= 50]
    upright = np.stack([hashes[0] for _, hashes in ordinary])
    alike = {
        (id_, ordinary[other][0])
        for id_, hashes in ordinary
        for other in np.flatnonzero(distances(hashes, upright).min(axis=0) <= COPY_BITS)
        if ordinary[other][0] != id_
    }
    assert alike == set()
