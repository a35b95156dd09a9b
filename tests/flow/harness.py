"""What several flow tests share: the commands run as a person runs them, harmless drawings, reachable test servers."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

JIKIM = Path(sys.prefix, "bin", "jikim")
CARD = Path(str(files("jikim").joinpath("practice", "fixtures", "test_card.png")))


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def candidates(self) -> list[dict]:
        return [one for one in self.objects if "summary" not in one]

    @property
    def summary(self) -> dict:
        return self.objects[-1]["summary"]


def drawing(seed: str, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A harmless picture of coloured shapes, another for each seed."""
    random = np.random.default_rng(list(seed.encode()))
    picture = Image.new("RGB", size, tuple(random.integers(0, 255, 3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(25):
        x, y, w, h = random.integers(0, 200, 4)
        pen.ellipse((x, y, x + w, y + h), fill=tuple(random.integers(0, 255, 3)))
    return picture


def allow(home: Path, *hosts: str) -> None:
    """Makes test servers reachable, as a centre's engineer would: in the TOML alone."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(f"[fetching]\nloopback_allowed = {json.dumps(hosts)}\npace_s = 0.0\n")
