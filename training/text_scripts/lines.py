"""Draws lines in 22 scripts, cut out of pictures as a detector cuts them.

    PYTHONPATH=training/screen_text python training/text_scripts/lines.py OUT.pickle --noto FOLDER --fonts FOLDER [FOLDER ...]
        [--seed S] [--count N] [--test]

`--noto` holds Debian's fonts-noto-core and fonts-noto-extra, `--fonts` what `training/screen_text` draws with and DejaVu. With
`--test` in other typefaces and other words. OUT holds (bytes of a JPEG, text, script) for each line, the script "" without any.
"""

from __future__ import annotations

import argparse
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import cv2
import fonts
import numpy as np
import scenes
import sentences
from fonts import Face
from fontTools.ttLib import TTFont
from grounds import Picture, Rng, ground
from lettering import Quad, draw
from words import LOCALES, READ, words

SHARES = {"Latin": 0.26, "Hangul": 0.25, "Han": 0.06, "Kana": 0.07}
ALIKE = ("Cyrillic", "Hebrew", "Georgian", "Armenian", "Greek")
"""Scripts with letters like Latin ones: more than half of the others."""
OTHERS = tuple(script for script in LOCALES if script not in READ)
UNSPACED = ("Thai", "Khmer", "Lao", "Myanmar")
UNFIT = re.compile("Thin|Light|Condensed|Italic|Slanted|Oblique")
OF_TEST = re.compile("Serif|Rashi|Kufi|Nastaliq|Looped")
PLACE_IN_COLLECTION = {"Han": 2, "Kana": 0}
WIDEST_PX = 900


def faces(script: str, noto: Path, folders: list[Path], *, is_test: bool) -> list[Face]:
    """The typefaces for a script; those of the test are others."""
    korean = fonts.faces(folders, fonts.VALIDATION if is_test else fonts.TRAINING, open_licence=not is_test)
    if script == "Hangul":
        return [_face(face.path, face.index) for face in korean]
    if script in PLACE_IN_COLLECTION:
        name = "NotoSerifCJK-*.ttc" if is_test else "NotoSansCJK-*.ttc"
        return [_face(path, PLACE_IN_COLLECTION[script]) for folder in folders for path in sorted(folder.rglob(name))]
    own = [path for path in sorted(noto.rglob("*.ttf")) if _is_for(path.name, script, is_test=is_test)]
    if is_test and script in (*ALIKE, "Latin", "Arabic", "Lao"):
        own += [path for folder in folders for path in sorted(folder.rglob("DejaVu*.ttf")) if not UNFIT.search(path.name)]
    return [_face(path, 0) for path in own] + ([_face(face.path, face.index) for face in korean] if script == "Latin" else [])


def _is_for(name: str, script: str, *, is_test: bool) -> bool:
    part = "" if script in ("Latin", "Cyrillic", "Greek") else script
    is_fit = re.match(rf"Noto(Sans|Serif|Rashi|Kufi|Naskh|Nastaliq|Looped)(Display|Mono)?{part}(UI)?-", name)
    return is_fit is not None and not UNFIT.search(name) and (OF_TEST.search(name) is not None) == is_test


def _face(path: Path, index: int) -> Face:
    return Face(path, index, frozenset(map(chr, TTFont(path, fontNumber=index, lazy=True).getBestCmap())))


def text(random: Random, script: str, *, is_test: bool) -> str:
    """A line in a script."""
    if script == "Hangul" and random.random() < 0.85:
        return sentences.line(random)
    said = " ".join(random.choice(words(script, is_test=is_test)) for _ in range(random.choice([1, 1, 2])))
    pieces = said.replace("\u200b", "").split()
    said = " ".join(pieces[: random.randint(1, len(pieces))])
    if script not in UNSPACED and len(said) > 28:
        said = said[:28].rsplit(" ", 1)[0]
    case = random.random()
    if script in ("Latin", *ALIKE) and case < 0.5 and script not in ("Hebrew", "Georgian"):
        said = said.upper() if case < 0.25 else said.lower()
    if script == "Latin" and random.random() < 0.12:
        said = _name_or_number(random, said.split()[0].lower())
    return said + random.choice(["!", "?", ".", "...", f" {random.randint(0, 999)}"]) if random.random() < 0.1 else said


def _name_or_number(random: Random, word: str) -> str:
    day = f"{random.randint(2000, 2026)}.{random.randint(1, 12)}.{random.randint(1, 31)}"
    hour = f"{random.randint(1, 12)}:{random.randint(0, 59):02d}"
    return random.choice([str(random.randint(0, 99999)), hour, f"@{word}_{random.randint(0, 99)}", f"www.{word}.com", day])


def lines(rng: Rng, known: dict[str, list[Face]], *, is_test: bool) -> Iterator[tuple[Picture, str, str]]:
    """The lines of one picture, RGB, with text and script; in every other picture a piece without any besides."""
    width, height = scenes.SIZE
    behind, layer = ground(rng, width + 64, height + 36), np.zeros((height, width, 4), np.float32)
    written: list[tuple[Quad, str, str]] = []
    top = int(rng.integers(0, 20))
    while True:
        size_px = int(np.exp(rng.uniform(np.log(13), np.log(52))))
        script = _script(rng)
        face = known[script][rng.integers(len(known[script]))]
        said = text(Random(int(rng.integers(2**62))), script, is_test=is_test)
        needed = int(size_px * 1.7)
        if top + needed > height:
            break
        if len(said.strip()) < 2 or not face.draws(said):
            continue
        band = np.s_[top : top + needed]
        quad = draw(rng, layer[band], behind[band], face, said, size_px, 0.0)
        if quad is not None:
            written.append((quad + np.array([0, top], np.float32), said, script))
            top += needed + int(rng.integers(0, 16))
    frames = scenes._film(rng, layer, behind) if rng.random() < 0.3 else [scenes._still(rng, layer, behind)]
    for quad, said, script in written:
        yield scenes.upright(frames[rng.integers(len(frames))], scenes._jittered(rng, quad)), said, script
    if rng.random() < 0.5:
        yield scenes.upright(scenes._still(rng, np.zeros_like(layer), behind), scenes._anywhere(rng)), "", ""


def _script(rng: Rng) -> str:
    share = rng.random()
    for script, part in SHARES.items():
        if share < part:
            return script
        share -= part
    return str(rng.choice(ALIKE if rng.random() < 0.62 else OTHERS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--noto", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--test", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    known = {script: faces(script, arguments.noto, arguments.fonts, is_test=arguments.test) for script in LOCALES}
    rng = np.random.default_rng(arguments.seed)
    made: list[tuple[bytes, str, str]] = []
    while len(made) < arguments.count:
        for piece, said, script in lines(rng, known, is_test=arguments.test):
            if piece.shape[1] <= WIDEST_PX:
                packed = cv2.imencode(".jpg", piece[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
                made.append((packed.tobytes(), said, script))
    arguments.out.write_bytes(pickle.dumps(made))
    print(f"{len(made)} lines")


if __name__ == "__main__":
    main()
