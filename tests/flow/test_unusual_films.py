"""Films at the edge of what there is, held against a bank as `jikim match` does: bounded, clear answers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from jikim.banking import fingerprint_file, match_file
from jikim.config import Opening
from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.films import KNOWN, LOOKED_AT
from jikim.copies.matching import Match, Matcher
from jikim.copies.store import StoredBank, create_bank
from jikim.errors import MediaUnreadable
from jikim.media.opening import Opener

RATE_HZ = 16_000
LENGTH_S = 12.0


def _scene(seed: int, at_s: float, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A picture that wanders slowly, another one every three seconds."""
    random = np.random.default_rng(1000 * seed + int(at_s // 3))
    layers = [cv2.resize(random.integers(0, 256, (side, side, 3), np.uint8), (480, 360)) for side in (5, 9, 17, 60)]
    wide = np.mean(layers, axis=0).astype(np.uint8)
    left = int(20 * (at_s % 3))
    return np.ascontiguousarray(wide[left : left + size[1], left : left + size[0]])


def _write(path: Path, frames: Iterable[tuple[float, np.ndarray]], sound: np.ndarray | None = None) -> Path:
    """Frames at their times, in milliseconds; `sound` at RATE_HZ."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1000)
        stream.width, stream.height, stream.bit_rate = 320, 240, 2_000_000
        stream.codec_context.time_base = Fraction(1, 1000)
        heard = container.add_stream("aac", rate=RATE_HZ, layout="mono") if sound is not None else None
        for at_s, pixels in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(1000 * at_s), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard is not None and sound is not None:
            samples = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
            samples.rate, samples.pts = RATE_HZ, 0
            container.mux(heard.encode(samples))
            container.mux(heard.encode())
    return path


def _even(seed: int, length_s: float = LENGTH_S) -> Iterator[tuple[float, np.ndarray]]:
    return ((number / 10, _scene(seed, number / 10)) for number in range(int(10 * length_s)))


def _turned(path: Path) -> Path:
    """The file with a matrix in its track's header that says: show me turned by 90 degrees."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 240 << 16, 0, 1 << 30)
    path.write_bytes(content)
    return path


@pytest.fixture
def opener() -> Iterator[Opener]:
    with Opener(Opening()) as opened:
        yield opened


@pytest.fixture
def bank(tmp_path: Path, opener: Opener) -> Iterator[StoredBank]:
    with create_bank(tmp_path, "known", BankSettings()) as made:
        for seed in (1, 2):
            path = _write(tmp_path / f"{seed}.mp4", _even(seed))
            made.add(NewItem(fingerprint_file(opener, path, KNOWN), str(seed)))
        yield made


@pytest.fixture
def match(bank: StoredBank, opener: Opener) -> Callable[[Path], list[Match]]:
    return lambda path: match_file(opener, path, Matcher([bank]))


def test_a_film_of_one_frame_is_found_and_finds(bank, opener, match, tmp_path):
    single = _write(tmp_path / "one.mp4", [(0.0, _scene(1, 4.0))])
    assert [(found.label, found.relation) for found in match(single)] == [("1", "copy")]
    bank.add(NewItem(fingerprint_file(opener, single, KNOWN), "one frame"))
    assert {found.label for found in match(_write(tmp_path / "again.mp4", _even(1)))} == {"1", "one frame"}


def test_frames_that_come_unevenly_change_no_seconds(match, tmp_path):
    random = np.random.default_rng(5)
    times = np.cumsum(np.where(random.random(120) < 0.7, 0.04, 0.3))
    uneven = _write(tmp_path / "uneven.mp4", ((float(at), _scene(1, float(at))) for at in times if at < LENGTH_S))
    (found,) = match(uneven)
    (segment,) = found.segments
    assert (found.label, found.relation) == ("1", "copy")
    got = (segment.start_s, segment.end_s, segment.item_start_s, segment.item_end_s)
    assert got == pytest.approx((0, 12, 0, 12), abs=1)


def test_what_is_to_be_shown_turned_is_compared_as_it_is_shown(match, tmp_path):
    (found,) = match(_turned(_write(tmp_path / "turned.mp4", _even(1))))
    assert (found.label, found.relation) == ("1", "copy")
    assert found.edit.startswith("rotated_")


def test_black_films_and_silence_match_nothing_but_their_own_file(bank, opener, match, tmp_path):
    black = np.zeros((240, 320, 3), np.uint8)
    silent = np.zeros(int(LENGTH_S) * RATE_HZ)
    first = _write(tmp_path / "black 1.mp4", ((number / 10, black) for number in range(120)), silent)
    second = _write(tmp_path / "black 2.mp4", ((number / 10, black + 9) for number in range(110)), silent[: 11 * RATE_HZ])
    bank.add(NewItem(fingerprint_file(opener, first, KNOWN), "black"))
    assert match(second) == []
    (itself,) = match(first)
    assert (itself.label, itself.relation) == ("black", "copy"), "the very file is known by its bytes"


def test_ten_hours_are_bounded_and_what_they_show_is_found(opener, match, tmp_path):
    frames = ((60.0 * number, _scene(300 + number, 0.0)) for number in range(600))
    shown = ((36_000 + number / 10, _scene(2, number / 10)) for number in range(120))
    path = _write(tmp_path / "long.mp4", (*frames, *shown))
    fingerprint = fingerprint_file(opener, path, LOOKED_AT)
    assert fingerprint.duration_s == pytest.approx(36_012, abs=60)
    assert len(fingerprint.frames) <= LOOKED_AT.frames_max + 100
    (found,) = match(path)
    assert found.label == "2"
    assert found.segments[0].start_s == pytest.approx(36_000, abs=100)


def test_a_film_without_a_frame_is_a_clear_error(opener, match, tmp_path):
    path = _write(tmp_path / "cut.mp4", _even(1))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(MediaUnreadable):
        match(path)
