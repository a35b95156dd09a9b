"""`python -m bench.faces_films FOLDER OUT`: films of one person each, and a manifest for `jikim evaluate tracks`.

`bench/faces.py` says which crops; only those of the odd half are used. A film is ten frames cut out of one photograph, a second
each: the face comes nearer or goes away between 32 and 110 pixels, is turned by up to 18 degrees, and every frame is blurred,
smeared, darkened and compressed anew. So the figures say what looking at ten frames gains against such disturbances, and
nothing of how a real person's face changes while speaking or turning.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from bench.faces import Crop, Pixels, crops

FRAMES = 10
SIDE_PX = 320
FACE_SHARE = 0.6
"""How much of a crop its face fills, about."""
APPEARANCES = ("White", "Black", "Asian", "Indian", "Other")


def frames(pixels: Pixels, count: int, seed: int) -> Iterator[Pixels]:
    """Disturbed frames (320, 320, 3) of one crop."""
    drawn = np.random.default_rng(seed)
    sizes = np.linspace(drawn.uniform(32, 110), drawn.uniform(32, 110), count)
    middle = drawn.uniform(-20, 20, 2)
    for size in sizes:
        scale = size * drawn.uniform(0.95, 1.05) / (FACE_SHARE * max(pixels.shape[:2]))
        middle = np.clip(middle + drawn.normal(0, 3, 2), -40, 40)
        shown = _placed(pixels, scale, drawn.uniform(-18, 18), middle)
        shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), max(drawn.uniform(0, 0.02) * size, 0.05)), np.uint8)
        if drawn.random() < 0.3:
            length = int(drawn.integers(3, 9))
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1 / length
            shown = np.asarray(cv2.filter2D(shown, -1, kernel), np.uint8)
        light = 255 * (shown / 255.0) ** drawn.uniform(0.6, 1.7) * drawn.uniform(0.7, 1.1)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(drawn.integers(15, 70))]
        packed = cv2.imencode(".jpg", np.clip(light, 0, 255).astype(np.uint8), quality)[1]
        yield np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _placed(pixels: Pixels, scale: float, degrees: float, middle: np.ndarray) -> Pixels:
    """The crop scaled by area, turned, and laid into the frame; beyond its border the border goes on."""
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=interpolation)
    height, width = small.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += SIDE_PX / 2 + middle - (width / 2, height / 2)
    return np.asarray(cv2.warpAffine(small, turn, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def write(path: Path, shown: Iterator[Pixels]) -> None:
    """A film of RGB frames, one a second, each a keyframe, so that a scan sees them all."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=1, options={"crf": "16", "g": "1", "threads": "1"})
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, 1)
        for pixels in shown:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        film.mux(stream.encode())


def main() -> None:
    """Writes the films and the manifest."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces_films", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--each", type=int, default=60, help="people of each age band")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    lines = ["file\tage\tgender\tgroup"]
    for number, crop in enumerate(crops(chosen.folder, chosen.each, is_odd=True)):
        name = f"{number:04d}.mp4"
        write(chosen.out / name, frames(crop.pixels(), FRAMES, number))
        lines.append("\t".join((name, str(crop.age), _gender(crop), _appearance(crop))))
    (chosen.out / "manifest.tsv").write_text("\n".join(lines) + "\n", "utf-8")


def _gender(crop: Crop) -> str:
    return ("male", "female")[crop.gender] if crop.gender in (0, 1) else ""


def _appearance(crop: Crop) -> str:
    return APPEARANCES[crop.appearance] if crop.appearance < len(APPEARANCES) else ""


if __name__ == "__main__":
    main()
