"""`python -m bench.copies.pictures --pictures DIR... --distractors DIR... [--peers-python PYTHON] --out DIR`

Makes every edit of picture_edits.py from harmless pictures, asks threatexchange's PDQ, perception and Jikim which of the
originals each edited picture is a copy of, all in one run, and writes `pictures.md` and `pictures.svg`. A picture belongs to
the even or the odd half by the last hexadecimal digit of the sha1 of its file's name: thresholds were chosen on the even half,
figures are of the odd. Backgrounds of collages come from the half of the distractors that is not measured.

Jikim looks among 2,000 other pictures besides, whatever is asked of the peers. With `--every-pair` every query is also
compared with every original, proposed or not. In the end pictures that are no copies are looked up in 100,000 references: the
fingerprints of all pictures there are, over and over with noise, since so many harmless pictures are not at hand.
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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.copies.picture_edits import EDITS, Kept, encode
from bench.copies.plots import bars
from jikim.copies.bank_items import BankSettings, ItemFacts, ItemState
from jikim.copies.fingerprints import Features, ItemFingerprint, PictureFingerprint
from jikim.copies.geometry import REFERENCE_POINTS
from jikim.copies.hash_index import HashIndex, Hits
from jikim.copies.keypoint_index import INDEXED_POINTS, KeypointIndex, Vote
from jikim.copies.matching import Matcher
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.verification import QUALITY_MIN, Relation, compare_pictures
from jikim.types import MediaKind

SUFFIXES = (".jpg", ".jpeg", ".png")
DISTRACTORS = 2000
LOOKED_UP_IN = 100_000
NO_COPIES = 100
NOISE = 8.0
JIKIM = "Jikim"
_ADDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Query:
    file: Path
    reference: int
    edit: str


class References:
    """Known pictures in memory, with both indices: a bank to the matcher. An item's id is its number."""

    name = "references"
    settings: BankSettings = BankSettings()
    has_points: bool = True
    has_sound: bool = False

    def __init__(self) -> None:
        self.pictures: list[PictureFingerprint] = []
        self._hashes = HashIndex()
        self._keypoints = KeypointIndex()
        self._matcher = Matcher([self])

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

    def hear(self, words: NDArray[np.uint8], limit: int = 50) -> Hits:
        """Pictures make no sound: nothing."""
        return HashIndex().near(words, limit=limit)

    def item(self, number: int) -> ItemFacts:
        """What is said of an item."""
        return ItemFacts(number, str(number), MediaKind.IMAGE, "", "", "", False, True, ItemState.ACTIVE, _ADDED_AT)

    def active_item(self, id_: str) -> ItemFacts | None:
        """None: no file here is known by its bytes."""
        return None

    def fingerprint(self, number: int) -> ItemFingerprint:
        """What is kept of an item."""
        return _alone(self.pictures[number])

    def save(self, folder: Path) -> None:
        """Writes both indices, which are mapped from then on."""
        self._hashes.save(folder / "hashes")
        self._keypoints.save(folder / "keypoints")

    def copies(self, picture: PictureFingerprint) -> dict[int, Relation]:
        """What a picture is found to be related to."""
        return {int(match.item): Relation(match.relation) for match in self._matcher.match(_alone(picture))}


def _alone(picture: PictureFingerprint) -> ItemFingerprint:
    """The picture as a file of its own."""
    return ItemFingerprint("0" * 64, MediaKind.IMAGE, picture.width_px, picture.height_px, None, (picture,), None)


def main() -> None:
    """Runs everything and writes the report."""
    chosen = _arguments()
    cv2.setNumThreads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    variants = chosen.variants.read_text("utf-8").splitlines() if chosen.variants else []
    again = {name for line in variants for name in line.split("\t")[1:]}
    originals = [file for file in _spread(chosen.pictures, chosen.half, 2 * chosen.references) if file.name not in again]
    originals = originals[: chosen.references]
    backgrounds = _spread(chosen.distractors[:1], "even" if chosen.half == "odd" else "odd", NO_COPIES)
    used = {*originals, *backgrounds}
    others = _spread(chosen.distractors, "both", 2 * DISTRACTORS)
    strangers = [file for file in others if file not in used and file.name not in again][: chosen.others]
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.work or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        files, queries = _edited(originals, backgrounds, folder)
        peers = _start_peers(chosen.peers_python, files, queries, folder)
        with _pool(chosen.processes) as pool:
            for picture in pool.map(_kept_fingerprint, files):
                _ORIGINALS.add(picture)
                _MORE.add(picture)
            for picture in pool.map(_kept_fingerprint, strangers):
                _MORE.add(picture)
        with _pool(chosen.processes) as pool:  # its processes begin with the references that are there now
            looks = list(pool.map(_look, queries, [chosen.every_pair] * len(queries)))
        answers, cpu_ms = _answers(peers)
        cpu_ms[JIKIM] = 1000 * sum(look.cpu_s for look in looks) / len(queries)
        answers[JIKIM] = [
            (q, r) for q, look in enumerate(looks) for r, told in look.found.items() if told is Relation.COPY and r < len(files)
        ]
        report = _Report(queries, len(files), answers, cpu_ms)
        lines = [*report.lines(), "", _with_distractors(looks, queries, len(files))]
        if chosen.every_pair:
            lines.append(_every_pair(looks))
        _write(chosen.out, report, lines)
        if not chosen.untimed:
            lines.append(_timed(_MORE, backgrounds, folder))
            _write(chosen.out, report, lines)
        print("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Look:
    """What came of one query: relations to originals and, numbered above them, distractors; how many other originals it is
    related to when it is compared with all; and the CPU seconds of fingerprint and look-up."""

    found: dict[int, Relation]
    of_every_pair: dict[Relation, int]
    cpu_s: float


_ORIGINALS, _MORE = References(), References()


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, get_context("fork"), lambda: cv2.setNumThreads(1))


def _kept_fingerprint(file: Path) -> PictureFingerprint:
    return _kept(_fingerprint(file))


def _look(query: Query, every_pair: bool) -> Look:
    start = time.process_time()
    picture = _fingerprint(query.file)
    found = _MORE.copies(picture)
    cpu_s = time.process_time() - start
    count = dict.fromkeys(Relation, 0)
    for number, reference in enumerate(_ORIGINALS.pictures if every_pair else ()):
        if number != query.reference:
            count[compare_pictures(picture, reference, are_alone=True).relation] += 1
    return Look(found, count, cpu_s)


def _write(out: Path, report: _Report, lines: Sequence[str]) -> None:
    (out / "pictures.json").write_text(json.dumps({"misses": report.misses(), "wrong": report.wrong()}, indent=1))
    (out / "pictures.svg").write_text(bars("Recall by edit", report.by_edit()), "utf-8")
    (out / "pictures.md").write_text("\n".join(lines) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of originals, taken evenly from each")
    parser.add_argument(
        "--distractors",
        type=Path,
        nargs="+",
        required=True,
        help="folders of other pictures, none of them near-duplicates; backgrounds come from the first",
    )
    parser.add_argument(
        "--peers-python", type=Path, help="a Python with threatexchange and perception[approximate-deduplication]"
    )
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--references", type=int, default=100)
    parser.add_argument("--others", type=int, default=DISTRACTORS, help="how many distractors")
    parser.add_argument("--variants", type=Path, help="a line for each drawing there is several times: names, by tabs")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--every-pair", action="store_true", help="also compare every query with every original: slow")
    parser.add_argument("--untimed", action="store_true", help="leave out the look-ups in 100,000 references")
    parser.add_argument("--work", type=Path, help="keeps the edited pictures here, to be used again")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _spread(folders: Sequence[Path], half: str, count: int) -> list[Path]:
    """At most `count` pictures of a half or of both, in turn from each folder."""
    queues = [
        sorted(
            (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and half in (_half(file), "both")),
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
    return fingerprint_picture(np.asarray(_picture(file)), is_looked_into=True)


def _kept(picture: PictureFingerprint) -> PictureFingerprint:
    """As banks keep it."""
    return PictureFingerprint(
        picture.at_s,
        picture.width_px,
        picture.height_px,
        picture.pdq,
        picture.quality,
        picture.views,
        picture.features.first(REFERENCE_POINTS),
        picture.blocks,
    )


def _edited(originals: Sequence[Path], backgrounds: Sequence[Path], folder: Path) -> tuple[list[Path], list[Query]]:
    """The originals as files, and all edits of them; what an earlier run has made is taken as it is."""
    files, queries = [], []
    for number, (original, background) in enumerate(zip(originals, backgrounds, strict=False)):
        made_of = sha1(f"{original} {background}".encode(), usedforsecurity=False).hexdigest()[:12]
        wanted = {name: folder / f"{made_of}-{name}{kept.suffix}" for name, (_, kept) in EDITS.items()}
        files.append(folder / f"{made_of}.png")
        if not all(file.exists() for file in (files[-1], *wanted.values())):
            picture, other = _picture(original), _picture(background)
            _write_whole(files[-1], encode(picture, Kept(".png")))
            for name, (edit, kept) in EDITS.items():
                random = np.random.default_rng(zlib.crc32(f"{original.name} {name}".encode()))
                _write_whole(wanted[name], encode(edit(picture, other, random), kept))
        queries += [Query(file, number, name) for name, file in wanted.items()]
    return files, queries


def _write_whole(file: Path, content: bytes) -> None:
    """A run that is broken off leaves no half of a picture for the next."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(file)


def _start_peers(
    python: Path | None, files: Sequence[Path], queries: Sequence[Query], folder: Path
) -> subprocess.Popen[str] | None:
    if python is None or not python.exists():
        print(
            "Peers: left out; they need --peers-python, a Python with threatexchange and perception[approximate-deduplication]."
        )
        return None
    lists = folder / "lists.json"
    lists.write_text(json.dumps({"references": [str(one) for one in files], "queries": [str(one.file) for one in queries]}))
    script = Path(__file__).with_name("picture_peers.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [python, script, lists], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )


def _answers(peers: subprocess.Popen[str] | None) -> tuple[dict[str, list[tuple[int, int]]], dict[str, float]]:
    """The pairs that each peer calls copies, and its CPU milliseconds a query."""
    if peers is None:
        return {}, {}
    printed = peers.communicate()[0]
    if peers.returncode:
        raise SystemExit(f"the peers ended with status {peers.returncode}")
    told = json.loads(printed.splitlines()[-1])
    pairs = {name: [(query, reference) for query, reference in answer["pairs"]] for name, answer in told.items()}
    return pairs, {name: 1000 * answer["cpu_s"] for name, answer in told.items()}


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


def _every_pair(looks: Sequence[Look]) -> str:
    """What was compared without any index proposing it."""
    count = {relation: sum(look.of_every_pair[relation] for look in looks) for relation in Relation}
    return (
        f"Every query compared with every other original: {sum(count.values()):,} pairs, {count[Relation.COPY]} called copies, "
        f"{count[Relation.SAME_SCENE]} called the same scene."
    )


def _with_distractors(looks: Sequence[Look], queries: Sequence[Query], own: int) -> str:
    told = [
        (query, number, relation) for query, look in zip(queries, looks, strict=True) for number, relation in look.found.items()
    ]
    copies = [(query, number) for query, number, relation in told if relation is Relation.COPY]
    right = sum(number == query.reference for query, number in copies)
    strange = sum(number >= own for _, number in copies)
    scenes = sum(number >= own for _, number, relation in told if relation is Relation.SAME_SCENE)
    return (
        f"With {len(_MORE.pictures) - own:,} others besides: recall {right / len(queries):.4f}; false: {strange} distractors, "
        f"{len(copies) - right - strange} wrong originals; {scenes} distractors called the same scene."
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
        picture = fingerprint_picture(np.asarray(_picture(io.BytesIO(encoded))), is_looked_into=True)
        found += len(known.copies(picture))
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
    noises = random.normal(0, NOISE, (64, INDEXED_POINTS, 128)).astype(np.float32)
    for number in range(len(whole), count):
        model = whole[number % len(whole)]
        descriptors = model.descriptors[:INDEXED_POINTS]
        noise = np.roll(noises[number % 64], int(random.integers(INDEXED_POINTS)), axis=0)
        descriptors = np.clip(descriptors + noise[: len(descriptors)], 0, 255).astype(np.uint8)
        hashes = random.integers(0, 256, (8, 32), np.uint8)
        points = model.points[random.permutation(len(descriptors))]
        features = Features(points, descriptors)
        known.add(PictureFingerprint(0.0, model.width_px, model.height_px, hashes, model.quality, hashes[:0], features))


if __name__ == "__main__":
    main()
