"""How well concepts are taught from ten pictures, on pictures never seen.

    python -m training.concepts.measure --objects FOLDER [--coco FOLDER] [--pictures 10] [--seeds 3]

Teaches every label that has enough pictures in both halves (by sha1 of the file name) the way `jikim concept teach` does: from
pictures of the even half without faces, then scores every picture of the odd half of the same set. `--objects` is a folder with
`manifest.tsv` (file, labels); `--coco` one with `images/` and `object_detection/labels/` as lightly-ai's coco128_yolo has them,
where class 0 (person) is left out: no concept is taught of people.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import msgspec
import numpy as np

from jikim import config as configuration
from jikim import teaching
from jikim.analyzers.concept_features import raw_features, scaled, shipped_background
from jikim.analyzers.faces import FacesConfig
from jikim.analyzers.faces_finding import FaceFinder
from jikim.errors import JikimError
from jikim.evaluating.metrics import auc_interval
from jikim.media.opening import Opener, open_path, sha256_of
from jikim.teaching import Picture
from jikim.weights.sessions import LocalSessions

LEAST_ODD = 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture, its labels, the set it belongs to and whether it is for the final figure alone."""

    path: Path
    labels: frozenset[str]
    source: str

    @property
    def is_odd(self) -> bool:
        return int(sha1(self.path.name.encode(), usedforsecurity=False).hexdigest()[-1], 16) % 2 == 1


def main() -> None:
    """Teaches, scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--coco", type=Path)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    rows = [*_objects(chosen.objects), *(_coco(chosen.coco) if chosen.coco else ())]
    sessions = LocalSessions(configuration.load().weights)
    finder = FaceFinder(sessions, FacesConfig().detection_side_px, FacesConfig().detection_score)
    features, has_face = [], []
    with Opener(configuration.load().opening) as opener:
        for row in rows:
            fd = open_path(row.path)
            with opener.open(fd, sha256_of(fd)) as media:
                frame = media.first_look()[0]
            features.append(raw_features(sessions, frame.pixels))
            has_face.append(bool(finder.find(frame.pixels)))
    table = scaled(np.stack(features), shipped_background())
    reached, measured = 0, 0
    for source, label in _concepts(rows, has_face, chosen.pictures):
        values = [_measured(rows, has_face, table, source, label, chosen.pictures, seed) for seed in range(chosen.seeds)]
        mean = float(np.mean([auc for auc, *_ in values]))
        measured += 1
        reached += mean >= 0.93
        each = ", ".join(f"{auc:.3f} [{low:.3f}-{high:.3f}]" for auc, low, high, *_ in values)
        own = ", ".join(f"{auc:.2f}" for *_, auc, _ in values)
        took_s = max(took for *_, took in values)
        print(f"{source} {label}: AUC on unseen {mean:.3f} ({each}), by itself {own}, taught in {took_s:.1f} s", flush=True)
    print(f"{reached} of {measured} concepts reach .93 on average over {chosen.seeds} choices of {chosen.pictures} pictures")


def _measured(
    rows: list[Labelled], has_face: list[bool], table: np.ndarray, source: str, label: str, count: int, seed: int
) -> tuple[float, float, float, float, float]:
    usable = [row for row, seen in zip(rows, has_face, strict=True) if not seen and not row.is_odd]
    shown = [row.path for row in usable if row.source == source and label in row.labels]
    picked = [shown[place] for place in np.random.default_rng(seed).permutation(len(shown))[:count]]
    with tempfile.TemporaryDirectory() as home:
        config = msgspec.structs.replace(configuration.load(), home=Path(home))
        start = time.monotonic()
        try:
            concept = teaching.teach(config, label, [Picture.at(path) for path in picked])
        except JikimError as error:
            print(f"{source} {label}: {error}")
            return 0.5, 0.5, 0.5, 0.0, time.monotonic() - start
        took_s = time.monotonic() - start
    places = [place for place, row in enumerate(rows) if row.is_odd and row.source == source]
    scores = table[places] @ concept.head.weights
    found = auc_interval(scores, [label in rows[place].labels for place in places])
    assert found is not None
    return found.value, found.low, found.high, concept.auc, took_s


def _concepts(rows: list[Labelled], has_face: list[bool], count: int) -> Iterator[tuple[str, str]]:
    kinds = sorted({(row.source, label) for row in rows for label in row.labels})
    for source, label in kinds:
        even = [
            row
            for row, seen in zip(rows, has_face, strict=True)
            if not seen and not row.is_odd and row.source == source and label in row.labels
        ]
        odd = [row for row in rows if row.is_odd and row.source == source and label in row.labels]
        if len(even) >= count and len(odd) >= LEAST_ODD:
            yield source, label


def _objects(folder: Path) -> Iterator[Labelled]:
    with (folder / "manifest.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            path = folder / row["file"]
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
                yield Labelled(path, frozenset(row["labels"].split(";")), "objects")


def _coco(folder: Path) -> Iterator[Labelled]:
    for path in sorted(folder.glob("images/*/*.jpg")):
        labels = folder / "object_detection" / "labels" / path.parent.name / f"{path.stem}.txt"
        numbers = {line.split()[0] for line in labels.read_text("ascii").splitlines() if line} if labels.is_file() else set()
        yield Labelled(path, frozenset(f"class {number}" for number in numbers - {"0"}), "coco")


if __name__ == "__main__":
    main()
