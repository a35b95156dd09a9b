"""Computes the built-in bank `test` from the shipped fixtures.

    python training/practice/make_test_bank.py

Run it again whenever a fixture changes. A video gives every frame that differs visibly from the last one that was taken, so
that whatever frames are looked at later have a near one here; near-uniform frames are left out.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import av
import numpy as np
from PIL import Image

from jikim.copies.banks import Bank, BankFrame, BankItem, write_bank
from jikim.copies.matching import QUALITY_FLOOR
from jikim.copies.pdq import distances, fingerprint, from_hex, to_hex

FIXTURES = Path("jikim/practice/fixtures")
BANK = Path("jikim/copies/test_bank.json")
STEP_BITS = 8
"""A frame whose hash is at most this far from the last one taken is left out."""

LABELS = {"test_card.png": "test card", "known_clip.mp4": "known clip of the practice platform"}


def _frame(at_s: float | None, pixels: np.ndarray) -> BankFrame:
    seen = fingerprint(pixels)
    return BankFrame(at_s, to_hex(seen.hashes[0]), seen.quality)


def _still(path: Path) -> BankItem:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return BankItem(sha256(path.read_bytes()).hexdigest(), LABELS[path.name], "still", None, (_frame(None, pixels),))


def _video(path: Path) -> BankItem:
    frames: list[BankFrame] = []
    duration_s = 0.0
    with av.open(str(path)) as container:
        for picture in container.decode(video=0):
            duration_s = picture.time + 1 / float(container.streams.video[0].average_rate)
            frame = _frame(round(picture.time, 3), picture.to_ndarray(format="rgb24"))
            if frame.quality >= QUALITY_FLOOR and (not frames or _distance(frames[-1], frame) > STEP_BITS):
                frames.append(frame)
    return BankItem(sha256(path.read_bytes()).hexdigest(), LABELS[path.name], "video", round(duration_s, 3), tuple(frames))


def _distance(one: BankFrame, other: BankFrame) -> int:
    return int(distances(from_hex(one.pdq)[None], from_hex(other.pdq)[None])[0, 0])


def main() -> None:
    items = [_video(path) if path.suffix == ".mp4" else _still(path) for path in sorted(FIXTURES.glob("*.[mp][pn][4g]"))]
    write_bank(BANK, Bank("test", tuple(items)))
    for item in items:
        print(f"{item.label}: {len(item.frames)} frames")


if __name__ == "__main__":
    main()
