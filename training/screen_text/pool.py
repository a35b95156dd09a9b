"""A pool of lines on disk: shards of compressed pictures with their texts, each made from a seed of its own.

    python training/screen_text/pool.py FOLDER --fonts FOLDER [FOLDER ...] [--shards N] [--validation] [--words FILE]
        [--stride S --offset O]

A shard is an .npz of `packed` (bytes of JPEGs, one after the other), `ends` and `texts`. Shards that are there are left alone.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from fonts import TRAINING, VALIDATION, Face, faces
from grounds import Picture
from scenes import lines
from vocabulary import Vocabulary
from vocabulary import read as read_words

LINES_PER_SHARD = 1000
QUALITY = 96
VALIDATION_SEED, VALIDATION_LINES = 1_000_000, 600


def shard(seed: int, fonts: list[Face], wide: Vocabulary | None, count: int = LINES_PER_SHARD) -> list[tuple[Picture, str]]:
    """`count` lines from this seed."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Picture, str]] = []
    while len(made) < count:
        made += lines(rng, fonts, wide)
    return made[:count]


def write(path: Path, made: list[tuple[Picture, str]]) -> None:
    """Whole or not at all."""
    packed = [cv2.imencode(".jpg", piece[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].ravel() for piece, _ in made]
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        packed=np.concatenate(packed),
        ends=np.cumsum([len(one) for one in packed]),
        texts=np.array([text for _, text in made]),
    )
    unfinished.rename(path)


def read(path: Path) -> list[tuple[Picture, str]]:
    """The lines of a shard, RGB."""
    with np.load(path) as content:
        packed, ends, texts = content["packed"], content["ends"], content["texts"]
    starts = np.concatenate([[0], ends[:-1]])
    pieces = (cv2.imdecode(packed[start:end], cv2.IMREAD_COLOR) for start, end in zip(starts, ends, strict=True))
    return [(np.asarray(piece[:, :, ::-1]), str(text)) for piece, text in zip(pieces, texts, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--validation", action="store_true", help="600 lines in families that training never shows")
    parser.add_argument("--words", type=Path, help="what vocabulary.py wrote: most words are drawn from it")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.validation:
        fonts = faces(arguments.fonts, VALIDATION, open_licence=False)
        write(arguments.folder / "validation.npz", shard(VALIDATION_SEED, fonts, None, VALIDATION_LINES))
        return
    fonts = faces(arguments.fonts, TRAINING, open_licence=True)
    wide = Vocabulary(read_words(arguments.words)) if arguments.words else None
    print(f"{len(fonts)} fonts", flush=True)
    for seed in range(arguments.offset, arguments.shards, arguments.stride):
        path = arguments.folder / f"lines-{seed:04d}.npz"
        if not path.exists():
            write(path, shard(seed, fonts, wide))
            print(path.name, os.times().user, flush=True)


if __name__ == "__main__":
    main()
