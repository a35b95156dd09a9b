"""How near Jikim's PDQ comes to the reference's own vectors:

    python -m bench.copies.conformance MATERIAL

MATERIAL is a checkout of facebook/ThreatExchange (BSD). Four tables: the PDQ vectors, the colour modes of one picture, its
eight orientations, and frames of the vPDQ samples. The reference's rules: at most 10 bits from its hash at quality 80 and
more for pictures, at most 31 for frames of quality 50 and more. Pictures are opened as Jikim opens them, in the sandbox.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from bench.measuring import table
from jikim.config import Opening
from jikim.copies.pdq import ORIENTATIONS, Hashes, Pixels, distances, fingerprint, from_hex, pdq
from jikim.errors import JikimError
from jikim.media.opening import Opener, open_path, sha256_of

PICTURE_BITS_MAX, FRAME_BITS_MAX = 10, 31
EVERY = 15

# their names turn against the clock, ours with it
DIHEDRAL = {
    "bridge-2-rotate-90.jpg": "rotated_270",
    "bridge-3-rotate-180.jpg": "rotated_180",
    "bridge-4-rotate-270.jpg": "rotated_90",
    "bridge-5-flipx.jpg": "flipped",
    "bridge-6-flipy.jpg": "mirrored",
    "bridge-7-flip-plus-1.jpg": "transposed",
    "bridge-8-flip-minus-1.jpg": "transversed",
}


def opened(opener: Opener, path: Path) -> Pixels:
    fd = open_path(path)
    try:
        with opener.open(fd, sha256_of(fd)) as media:
            return media.first_look()[0].pixels
    finally:
        os.close(fd)


def bits(one: Hashes, other: Hashes) -> int:
    return int(distances(one[None], other[None])[0, 0])


def vectors(opener: Opener, material: Path) -> Iterator[tuple[str, str]]:
    listed = material / "pdq/wasm/test/TestData/PDQMD5TestData.csv"
    with listed.open(newline="") as file:
        for row in csv.DictReader(file):
            path = material / "pdq" / row["FilePath"].replace("../", "")
            if path.suffix not in (".jpg", ".png"):
                continue
            if not path.is_file():
                yield path.name, "not in the material"
                continue
            pixels, expected = opened(opener, path), from_hex(row["Hash"])
            whole, quality = pdq(pixels)
            yield path.name, judged(bits(whole, expected), bits(fingerprint(pixels).hashes[0], expected), quality)


def judged(whole: int, reduced: int, quality: int) -> str:
    is_within = quality < 80 or max(whole, reduced) <= PICTURE_BITS_MAX
    return f"{whole:3} bits whole, {reduced:3} reduced, quality {quality:3}  {'ok' if is_within else 'BEYOND'}"


def modes(opener: Opener, material: Path) -> Iterator[tuple[str, str]]:
    folder = material / "pdq/data/misc-images/modes"
    expected = fingerprint(opened(opener, folder / "original.jpg")).hashes[0]
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md":
            continue
        try:
            pixels = opened(opener, path)
        except JikimError as error:
            yield path.name, str(error)
            continue
        whole, quality = pdq(pixels)
        yield path.name, judged(bits(whole, expected), bits(fingerprint(pixels).hashes[0], expected), quality)


def orientations(opener: Opener, material: Path) -> Iterator[tuple[str, str]]:
    folder = material / "pdq/data/reg-test-input/dih"
    original = fingerprint(opened(opener, folder / "bridge-1-original.jpg")).hashes[0]
    for name, edit in DIHEDRAL.items():
        turned = fingerprint(opened(opener, folder / name)).hashes
        found = [bits(hash_, original) for hash_ in turned]
        best = int(np.argmin(found))
        is_right = found[ORIENTATIONS.index(edit)] <= FRAME_BITS_MAX and ORIENTATIONS[best] == edit
        yield name, f"{found[best]:3} bits as {ORIENTATIONS[best]}  {'ok' if is_right else 'BEYOND'}"


def films(material: Path) -> Iterator[tuple[str, str]]:
    paths = sorted((material / "tmk/sample-videos").glob("*.mp4"))
    if not paths:
        yield "tmk/sample-videos", "not in the material"
    for path in paths:
        known = material / "vpdq/sample-hashes" / f"{path.stem}.txt"
        if not known.is_file() or path.stat().st_size < 1000:
            yield path.name, "not in the material"
            continue
        lines = [line.split(",") for line in known.read_text().split()]
        found: list[int] = []
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % EVERY == 0 and number < len(lines) and int(lines[number][1]) >= 50:
                    found.append(bits(pdq(frame.to_ndarray(format="rgb24"))[0], from_hex(lines[number][2])))
        state = "ok" if max(found) <= FRAME_BITS_MAX else "BEYOND"
        yield path.name, f"{len(found):3} frames, median {np.median(found):2.0f} bits, at most {max(found):2}  {state}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.conformance", description=__doc__)
    parser.add_argument("material", type=Path, help="a checkout of facebook/ThreatExchange")
    material = parser.parse_args().material
    with Opener(Opening(still_max_pixels=120_000_000)) as opener:
        table("PDQ vectors", list(vectors(opener, material)))
        table("Colour modes of one picture", list(modes(opener, material)))
        table("Orientations of one picture", list(orientations(opener, material)))
    table(f"Frames of the vPDQ samples, every {EVERY}th at its full size", list(films(material)))


if __name__ == "__main__":
    main()
