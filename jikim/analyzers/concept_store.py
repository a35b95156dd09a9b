"""Taught concepts as files: one folder a concept, one file a version, the newest in force.

A file holds numbers of a model and how it was measured; no picture, and no numbers of a single picture.
"""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from jikim.analyzers.concept_learning import Head
from jikim.errors import BadUse, StateError

SCHEMA = 1
LONGEST_NAME = 60


class Concept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a concept, as its file has it. `made_with` names the model files and the background it rests on."""

    name: str
    version: int
    taught_at: datetime
    made_with: str
    pictures: int
    others: int
    auc: float
    auc_low: float
    auc_high: float
    recall: float
    alarms: float
    threshold: float
    slope: float
    bias: float
    weights: str
    schema: int = SCHEMA

    @property
    def head(self) -> Head:
        """The model itself."""
        weights = np.frombuffer(b64decode(self.weights), "<f4").astype(np.float64)
        measured = (self.auc, self.auc_low, self.auc_high, self.recall, self.alarms, self.pictures)
        return Head(weights, self.bias, self.threshold, self.slope, *measured)


def keep(folder: Path, name: str, head: Head, *, others: int, made_with: str, taught_at: datetime) -> Concept:
    """Writes a new version of a concept, in force from then on. Raises BadUse for a name that is none, OSError."""
    name = checked_name(name)
    place = _place(folder, name)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    concept = Concept(
        name=name,
        version=max(_versions(place), default=0) + 1,
        taught_at=taught_at,
        made_with=made_with,
        pictures=head.pictures,
        others=others,
        auc=head.auc,
        auc_low=head.auc_low,
        auc_high=head.auc_high,
        recall=head.recall,
        alarms=head.alarms,
        threshold=head.threshold,
        slope=head.slope,
        bias=head.bias,
        weights=b64encode(head.weights.astype("<f4").tobytes()).decode("ascii"),
    )
    new = place / "new"
    with new.open("wb") as file:
        file.write(msgspec.json.encode(concept))
        file.flush()
        os.fsync(file.fileno())
    new.replace(place / f"{concept.version}.json")
    return concept


def concepts(folder: Path) -> list[Concept]:
    """The newest version of each concept, in order of name. Raises StateError for a file that is damaged or newer."""
    found = []
    for place in folder.iterdir() if folder.is_dir() else ():
        versions = _versions(place)
        if versions:
            found.append(_read(place / f"{max(versions)}.json"))
    return sorted(found, key=lambda concept: concept.name)


def concept(folder: Path, name: str) -> Concept:
    """The newest version of one concept. Raises BadUse naming those there are, StateError."""
    place = _place(folder, checked_name(name))
    versions = _versions(place)
    if not versions:
        known = ", ".join(one.name for one in concepts(folder))
        raise BadUse("concept.unknown", name=name, known=known or "-")
    return _read(place / f"{max(versions)}.json")


def forget(folder: Path, name: str) -> int:
    """Removes a concept with all its versions; how many there were. Raises BadUse, OSError."""
    place = _place(folder, checked_name(name))
    versions = _versions(place)
    if not versions:
        concept(folder, name)
    shutil.rmtree(place)
    return len(versions)


def stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """Changes whenever a concept is taught or forgotten, and costs little to ask for; empty when there is none."""
    if not folder.is_dir():
        return ()
    return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(folder) if entry.is_dir()))


def checked_name(name: str) -> str:
    """The name with its blanks made single. Raises BadUse for one that is empty, too long or not printable."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadUse("concept.name", longest=LONGEST_NAME)
    return name


def _place(folder: Path, name: str) -> Path:
    return folder / sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _versions(place: Path) -> list[int]:
    found = (re.fullmatch(r"([1-9]\d{0,8})\.json", path.name) for path in place.iterdir()) if place.is_dir() else ()
    return [int(match[1]) for match in found if match]


def _read(path: Path) -> Concept:
    try:
        written = path.read_bytes()
        schema = msgspec.json.decode(written).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise StateError("concept.newer", where=str(path))
        return msgspec.json.decode(written, type=Concept)
    except (OSError, msgspec.MsgspecError, AttributeError) as error:
        raise StateError("concept.damaged", where=str(path), problem=type(error).__name__) from error
