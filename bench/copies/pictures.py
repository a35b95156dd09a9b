"""`python -m bench.copies.pictures --pictures DIR... --distractors DIR... [--peers-python PYTHON] --out DIR`

Makes every edit of picture_edits.py from harmless pictures, asks threatexchange's PDQ, perception and Jikim which of the
originals each edited picture is a copy of, all in one run, and writes `pictures.md` and `pictures.svg`. A picture belongs to
the even or the odd half by the last hexadecimal digit of the sha1 of its file's name: thresholds were chosen on the even half,
figures are of the odd. Backgrounds of collages come from the half of the distractors that is not measured.

Then the same queries are held against 2,000 other pictures besides, every query is compared with every original, found or not
(`--every-pair`), and pictures that are no copies are looked up in 100,000 references: the fingerprints of all pictures there
are, over and over with noise, since so many harmless pictures are not at hand.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.copies.picture_edits import EDITS, encode
from bench.copies.plots import bars
from jikim.copies.candidates import Candidate, candidates
from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.hash_index import HashIndex, Hits
from jikim.copies.keypoint_index import INDEXED_POINTS, KeypointIndex, Vote
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.verification import QUALITY_MIN, REFERENCE_POINTS, Relation, compare_pictures

SUFFIXES = (".jpg", ".jpeg", ".png")
DISTRACTORS = 2000
LOOKED_UP_IN = 100_000
NO_COPIES = 200
NOISE = 8.0
JIKIM = "Jikim"


@dataclass(frozen=True, slots=True)
class Query:
    file: Path
    reference: int
    edit: str


class References:
    """Known pictures in memory, with both indices."""

    def __init__(self) -> None:
        self.pictures: list[PictureFingerprint] = []
        self._hashes = HashIndex()
        self._keypoints = KeypointIndex()

    def add(self, picture: PictureFingerprint) -> None:
        """As a bank does: hashes where they tell something, the first keypoints."""
        if picture.quality >= QUALITY_MIN:
            self._hashes.add(len(self.pictures), np.concatenate([picture.pdq[:1], picture.views]))
        self._keypoints.add(len(self.pictures), 0, picture.descriptors)
        self.pictures.append(picture)

    def near(self, hashes: NDArray[np.uint8], limit: int = 1000) -> Hits:
        """See HashIndex."""
        return self._hashes.near(hashes, limit=limit)

    def vote(self, descriptors: NDArray[np.uint8], limit: int = 10) -> list[Vote]:
        """See KeypointIndex."""
        return self._keypoints.vote(descriptors, limit)

    def save(self, folder: Path) -> None:
        """Writes both indices, which are mapped from then on."""
        self._hashes.save(folder / "hashes")
        self._keypoints.save(folder / "keypoints")

    def copies(self, picture: PictureFingerprint) -> dict[int, Relation]:
        """What a picture is found to be related to."""
        found: dict[int, Relation] = {}
        for candidate in dict.fromkeys(Candidate(one.item, 0) for one in candidates(self, picture)):
            relation = compare_pictures(picture, self.pictures[candidate.item]).relation
            if relation is not Relation.NONE:
                found[candidate.item] = relation
        return found


def main() -> None:
    """Runs everything and writes the report."""
    chosen = _arguments()
    cv2.setNumThreads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    originals = _spread(chosen.pictures, chosen.half, chosen.references)
    others = _spread(chosen.distractors, chosen.half, DISTRACTORS * 2)
    backgrounds = _spread(chosen.distractors, "even" if chosen.half == "odd" else "odd", len(originals))
    with tempfile.TemporaryDirectory() as folder:
        files, queries = _edited(originals, backgrounds, Path(folder))
        answers: dict[str, list[tuple[int, int]]] = {}
        cpu_ms: dict[str, float] = {}
        for name, answer in _peers(chosen.peers_python, files, queries, Path(folder)).items():
            answers[name] = [(query, reference) for query, reference in answer["pairs"]]
            cpu_ms[name] = 1000 * answer["cpu_s"]
        known = References()
        for file in files:
            known.add(_kept(_fingerprint(file)))
        start = time.process_time()
        seen = [_fingerprint(query.file) for query in queries]
        found = [known.copies(picture) for picture in seen]
        cpu_ms[JIKIM] = 1000 * (time.process_time() - start) / len(queries)
        answers[JIKIM] = [(q, r) for q, one in enumerate(found) for r, relation in one.items() if relation is Relation.COPY]
        report = _Report(queries, len(files), answers, cpu_ms)
        lines = report.lines()
        (chosen.out / "pictures.json").write_text(json.dumps({"misses": report.misses(), "wrong": report.wrong()}, indent=1))
        (chosen.out / "pictures.svg").write_text(bars("Recall by edit, no false positive wanted", report.by_edit()), "utf-8")
        (chosen.out / "pictures.md").write_text("\n".join(lines) + "\n", "utf-8")
        print("\n".join(lines), flush=True)
        more = []
        if chosen.every_pair:
            more.append(_every_pair(seen, known, queries))
            print(more[-1], flush=True)
        strangers = [_kept(_fingerprint(file)) for file in others]
        more.append(_with_distractors(known, strangers[:DISTRACTORS], seen, queries))
        print(more[-1], flush=True)
        no_copies = [file for file in backgrounds if file not in others][:NO_COPIES]
        more.append(_timed(known, no_copies, Path(folder)))
        print(more[-1], flush=True)
        (chosen.out / "pictures.md").write_text("\n".join([*lines, "", *more]) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of originals, taken evenly from each")
    parser.add_argument("--distractors", type=Path, nargs="+", required=True, help="folders of other pictures")
    parser.add_argument(
        "--peers-python", type=Path, help="a Python with threatexchange and perception[approximate-deduplication]"
    )
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--references", type=int, default=100)
    parser.add_argument("--every-pair", action="store_true", help="also compare every query with every original: slow")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _spread(folders: Sequence[Path], half: str, count: int) -> list[Path]:
    """At most `count` pictures of a half, in turn from each folder."""
    queues = [
        sorted(
            (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and _half(file) == half),
            key=lambda file: sha1(file.name.encode(), usedforsecurity=False).hexdigest(),
        )
        for folder in folders
    ]
    ranked = sorted((place, number, file) for number, queue in enumerate(queues) for place, file in enumerate(queue))
    return [file for _, _, file in ranked[:count]]


def _half(file: Path) -> str:
    return "odd" if int(sha1(file.name.encode(), usedforsecurity=False).hexdigest()[-1], 16) % 2 else "even"


def _picture(file: Path | io.BytesIO) -> Image.Image:
    with Image.open(file) as opened:
        if opened.mode not in ("RGBA", "LA", "P"):
            return opened.convert("RGB")
        layered = opened.convert("RGBA")
    flat = Image.new("RGB", layered.size, (255, 255, 255))
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat


def _fingerprint(file: Path) -> PictureFingerprint:
    return fingerprint_picture(np.asarray(_picture(file)))


def _kept(picture: PictureFingerprint) -> PictureFingerprint:
    """As banks keep it."""
    return PictureFingerprint(
        picture.at_s,
        picture.width_px,
        picture.height_px,
        picture.pdq,
        picture.quality,
        picture.views,
        picture.points[:REFERENCE_POINTS],
        picture.descriptors[:REFERENCE_POINTS],
        picture.blocks,
    )


def _edited(originals: Sequence[Path], backgrounds: Sequence[Path], folder: Path) -> tuple[list[Path], list[Query]]:
    files, queries = [], []
    for number, (original, background) in enumerate(zip(originals, backgrounds, strict=True)):
        picture, other = _picture(original), _picture(background)
        files.append(folder / f"{number}.png")
        picture.save(files[-1], compress_level=1)
        for name, (edit, kept) in EDITS.items():
            random = np.random.default_rng(zlib.crc32(f"{original.name} {name}".encode()))
            file = folder / f"{number}-{name}{kept.suffix}"
            file.write_bytes(encode(edit(picture, other, random), kept))
            queries.append(Query(file, number, name))
    return files, queries


def _peers(python: Path | None, files: Sequence[Path], queries: Sequence[Query], folder: Path) -> dict[str, dict[str, object]]:
    if python is None or not python.exists():
        print(
            "Peers: left out; they need --peers-python, a Python with threatexchange and perception[approximate-deduplication]."
        )
        return {}
    lists = folder / "lists.json"
    lists.write_text(json.dumps({"references": [str(one) for one in files], "queries": [str(one.file) for one in queries]}))
    script = Path(__file__).with_name("picture_peers.py")
    ran = subprocess.run(
        [python, script, lists], stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    return dict(json.loads(ran.stdout.splitlines()[-1]))


class _Report:
    """The table: what each found, edit by edit."""

    def __init__(
        self,
        queries: Sequence[Query],
        references: int,
        answers: dict[str, list[tuple[int, int]]],
        cpu_ms: dict[str, float],
    ) -> None:
        self._queries, self._references, self._answers, self._cpu_ms = queries, references, answers, cpu_ms
        self._right = {
            name: {query for query, reference in pairs if queries[query].reference == reference}
            for name, pairs in answers.items()
        }

    def by_edit(self) -> dict[str, dict[str, float]]:
        """Recall of each, by edit."""
        return {name: {edit: self._recall(name, edit) for edit in EDITS} for name in self._answers}

    def misses(self) -> list[str]:
        """Which queries Jikim missed."""
        return [query.file.name for place, query in enumerate(self._queries) if place not in self._right[JIKIM]]

    def wrong(self) -> list[tuple[str, int]]:
        """Which wrong originals Jikim named."""
        return [(self._queries[q].file.name, r) for q, r in self._answers[JIKIM] if self._queries[q].reference != r]

    def lines(self) -> list[str]:
        """Markdown."""
        names = list(self._answers)
        negatives = len(self._queries) * (self._references - 1)
        head = f"{self._references} pictures x {len(EDITS)} edits: {len(self._queries):,} queries, {negatives:,} negative pairs"
        lines = [head, "", f"| edit | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
        overall = [len(self._right[name]) / len(self._queries) for name in names]
        lines.append(f"| **all** | {' | '.join(f'**{share:.3f}**' for share in overall)} |")
        wrong = [len(self._answers[name]) - len(self._right[name]) for name in names]
        lines.append(f"| false positives | {' | '.join(map(str, wrong))} |")
        lines.append(f"| CPU ms a query | {' | '.join(f'{self._cpu_ms[name]:.1f}' for name in names)} |")
        for edit in EDITS:
            lines.append(f"| {edit} | {' | '.join(f'{self._recall(name, edit):.2f}' for name in names)} |")
        return lines

    def _recall(self, name: str, edit: str) -> float:
        places = [place for place, query in enumerate(self._queries) if query.edit == edit]
        return sum(place in self._right[name] for place in places) / len(places)


def _every_pair(seen: Sequence[PictureFingerprint], known: References, queries: Sequence[Query]) -> str:
    """Compares also what no index proposed."""
    count = {Relation.COPY: 0, Relation.SAME_SCENE: 0, Relation.NONE: 0}
    for picture, query in zip(seen, queries, strict=True):
        for number, reference in enumerate(known.pictures):
            if number != query.reference:
                count[compare_pictures(picture, reference).relation] += 1
    return (
        f"Every query compared with every other original: {sum(count.values()):,} pairs, {count[Relation.COPY]} called copies, "
        f"{count[Relation.SAME_SCENE]} called the same scene."
    )


def _with_distractors(
    known: References, strangers: Sequence[PictureFingerprint], seen: Sequence[PictureFingerprint], queries: Sequence[Query]
) -> str:
    own = len(known.pictures)
    for stranger in strangers:
        known.add(stranger)
    right = wrong = strange = scenes = 0
    for picture, query in zip(seen, queries, strict=True):
        for number, relation in known.copies(picture).items():
            is_copy = relation is Relation.COPY
            right += is_copy and number == query.reference
            wrong += is_copy and number != query.reference and number < own
            strange += is_copy and number >= own
            scenes += not is_copy and number >= own
    return (
        f"With {len(strangers):,} distractors besides: recall {right / len(queries):.4f}; false: {strange} distractors, "
        f"{wrong} wrong originals; {scenes} distractors called the same scene."
    )


def _timed(known: References, files: Sequence[Path], folder: Path) -> str:
    """Pictures that are no copies: decode, fingerprint and look-up in LOOKED_UP_IN references."""
    _fill(known, LOOKED_UP_IN)
    known.save(folder / "index")
    taken, cpu, found = [], [], 0
    known.copies(_fingerprint(files[0]))
    for file in files:
        encoded = file.read_bytes()
        start, start_cpu = time.perf_counter(), time.process_time()
        found += len(known.copies(fingerprint_picture(np.asarray(_picture(io.BytesIO(encoded))))))
        taken.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - start_cpu))
    size = sum(file.stat().st_size for file in (folder / "index" / "keypoints").iterdir())
    return (
        f"{len(files)} pictures that are no copies, decode and look-up in {len(known.pictures):,} references: "
        f"median {np.median(taken):.0f} ms, p95 {np.percentile(taken, 95):.0f} ms (CPU {np.median(cpu):.0f} and "
        f"{np.percentile(cpu, 95):.0f} ms); {found} answers; index of keypoints {size / 1e6:.0f} MB."
    )


def _fill(known: References, count: int) -> None:
    """More references: those there are, over and over with noise."""
    random = np.random.default_rng(1)
    whole = list(known.pictures)
    for number in range(len(whole), count):
        model = whole[number % len(whole)]
        noise = random.normal(0, NOISE, (min(len(model.descriptors), INDEXED_POINTS), 128))
        descriptors = np.clip(model.descriptors[:INDEXED_POINTS] + noise, 0, 255).astype(np.uint8)
        hashes = random.integers(0, 256, (8, 32), np.uint8)
        points = model.points[random.permutation(len(descriptors))]
        known.add(
            PictureFingerprint(0.0, model.width_px, model.height_px, hashes, model.quality, hashes[:0], points, descriptors)
        )


if __name__ == "__main__":
    main()
