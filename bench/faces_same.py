"""`python -m bench.faces_same PAIRS.csv STRANGERS`: whether two faces are told to be one person's.

PAIRS.csv: `file_x,file_y,Decision` (Yes or No), pictures beside it (github serengil/deepface, tests/unit/dataset/master.csv).
STRANGERS: a folder a person with pictures of that person alone (ORL: github dnr2/ProjetoAM, datasets/att_faces). For measuring
only; templates live in memory and are gone when it ends.
"""

from __future__ import annotations

import argparse
import csv
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from bench.measuring import table
from jikim import config as configuration
from jikim.analyzers.faces_finding import FaceFinder
from jikim.analyzers.faces_same import SAME_FROM, FaceComparison, Template, similarity
from jikim.weights.sessions import LocalSessions

SMALL_PX = 200
"""Pictures smaller than this are enlarged threefold and framed: the detector wants air around a face."""


class Templates:
    """The template of the largest face of a picture."""

    def __init__(self) -> None:
        sessions = LocalSessions(configuration.load().weights)
        self._finder = FaceFinder(sessions, 960, 0.6)
        self._comparison = FaceComparison(sessions)

    def of(self, path: Path) -> Template | None:
        """None where no face is found. Raises SystemExit for what is no picture."""
        read = cv2.imread(str(path))
        if read is None:
            raise SystemExit(f"no picture: {path}")
        if max(read.shape[:2]) < SMALL_PX:
            read = cv2.resize(read, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
            read = cv2.copyMakeBorder(read, 100, 100, 100, 100, cv2.BORDER_REPLICATE)
        pixels = np.ascontiguousarray(read[:, :, ::-1], np.uint8)
        faces = self._finder.find(pixels)
        if not faces:
            return None
        return self._comparison.template(pixels, max(faces, key=lambda face: face.box.width * face.box.height))


def bench_pairs(listing: Path, templates: Templates) -> None:
    """Pairs that are labelled."""
    with listing.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {name: templates.of(listing.parent / name) for row in rows for name in (row["file_x"], row["file_y"])}
    told, unfound = [], 0
    for row in rows:
        one, other = known[row["file_x"]], known[row["file_y"]]
        if one is None or other is None:
            unfound += 1
        else:
            told.append((similarity(one, other) >= SAME_FROM) == (row["Decision"] == "Yes"))
    table(
        f"{len(rows)} labelled pairs",
        [("told right", f"{sum(told)} of {len(told)} = {np.mean(told):.4f}"), ("no face found", str(unfound))],
    )


def bench_strangers(folder: Path, templates: Templates) -> None:
    """Every pair of pictures of people of whom there are several."""
    found = [(person.name, templates.of(path)) for person in sorted(folder.iterdir()) if person.is_dir()
             for path in sorted(person.iterdir())]  # fmt: skip
    seen = [(name, template) for name, template in found if template is not None]
    strangers: list[bool] = []
    same: list[bool] = []
    for (name, one), (other_name, other) in combinations(seen, 2):
        (same if name == other_name else strangers).append(similarity(one, other) >= SAME_FROM)
    table(
        f"{len(seen)} of {len(found)} pictures with a face",
        [
            ("strangers taken for one person", f"{sum(strangers)} of {len(strangers)} = {np.mean(strangers):.1e} (limit 1e-4)"),
            ("one person told as such", f"{sum(same)} of {len(same)} = {np.mean(same):.3f}"),
        ],
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.faces_same", description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("strangers", type=Path)
    chosen = parser.parse_args()
    templates = Templates()
    bench_pairs(chosen.pairs, templates)
    bench_strangers(chosen.strangers, templates)


if __name__ == "__main__":
    main()
