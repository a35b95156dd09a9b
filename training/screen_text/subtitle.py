"""Films with a subtitle each, re-encoded strongly, to measure with: `jikim evaluate screen-text OUT/manifest.tsv`.

    python training/screen_text/subtitle.py CLIPS TEXTS.csv OUT --fonts FOLDER [FOLDER ...] [--count 120] [--crf 34] [--seed 34]

CLIPS is a folder of films, TEXTS.csv has a sentence in its first column. The typefaces are those that training never shows.
Of three subtitles two have an outline, one is coloured without any.
"""

from __future__ import annotations

import argparse
import csv
from itertools import islice
from pathlib import Path
from random import Random

import av
import cv2
import numpy as np
from fonts import VALIDATION, Face, faces
from grounds import Picture
from PIL import Image, ImageDraw

SIZE = (640, 360)
FRAMES = 50
SIZES_PX = (20, 30)
COLOURS = ("yellow", "cyan", "lime", "white", "orange", "violet")


def films(clips: list[Path], sentences: list[str], fonts: list[Face], count: int, crf: int, seed: int, out: Path) -> None:
    """Writes the films and their manifest; column `group` says how the subtitle was drawn."""
    rng = Random(seed)
    rows = []
    for number in range(count):
        face, sentence = rng.choice(fonts), rng.choice(sentences)
        size_px, colour = rng.randint(*SIZES_PX), None if number % 3 else rng.choice(COLOURS)
        frames = _frames(rng.choice(clips), rng)
        written = [_with_subtitle(frame, sentence, face, size_px, colour) for frame in frames]
        name = f"film-{number:03d}.mp4"
        _encode(written, crf, out / name)
        rows.append((name, sentence, "outlined" if colour is None else "coloured, no outline", face.path.name, size_px))
    with (out / "manifest.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([("file", "text", "group", "font", "size_px"), *rows])


def _frames(clip: Path, rng: Random) -> list[Picture]:
    """FRAMES frames in a row from somewhere in the clip's first ten seconds; a shorter clip is repeated."""
    with av.open(clip) as film:
        frames = list(islice(film.decode(video=0), 250))
        start = rng.randrange(len(frames))
        chosen = (frames[(start + number) % len(frames)].to_ndarray(format="rgb24") for number in range(FRAMES))
        return [np.asarray(cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA), np.uint8) for frame in chosen]


def _with_subtitle(frame: Picture, sentence: str, face: Face, size_px: int, colour: str | None) -> Picture:
    picture = Image.fromarray(frame)
    pen, font = ImageDraw.Draw(picture), face.at(size_px)
    left, _, right, _ = pen.textbbox((0, 0), sentence, font=font)
    place = ((SIZE[0] - (right - left)) / 2, SIZE[1] - 2.2 * size_px)
    if colour is None:
        pen.text(place, sentence, font=font, fill="white", stroke_width=2, stroke_fill="black")
    else:
        pen.text(place, sentence, font=font, fill=colour)
    return np.asarray(picture, np.uint8)


def _encode(frames: list[Picture], crf: int, path: Path) -> None:
    with av.open(path, "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "medium", "threads": "1"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--crf", type=int, default=34)
    parser.add_argument("--seed", type=int, default=34)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = sorted(path for path in arguments.clips.rglob("*") if path.suffix in (".mp4", ".webm"))
    with arguments.texts.open(encoding="utf-8", newline="") as file:
        sentences = [row[0] for row in list(csv.reader(file))[1:] if row and 3 <= len(row[0]) <= 20]
    fonts = faces(arguments.fonts, VALIDATION, open_licence=False)
    films(clips, sentences, fonts, arguments.count, arguments.crf, arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
