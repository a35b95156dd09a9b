"""Which model files lie in a folder, and whether they are right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jikim.weights.catalogue import Weights, catalogue
from jikim.weights.sessions import sha256_of


class FileState(StrEnum):
    PRESENT = "present"
    """There, with the right size; its sha256 was not computed."""
    RIGHT = "right"
    """There, with the right sha256."""
    MISSING = "missing"
    DAMAGED = "damaged"
    """There, but not the file that the catalogue means."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One entry of the catalogue and what lies in the folder for it."""

    weights: Weights
    path: Path
    state: FileState


def listing(folder: Path) -> tuple[Holding, ...]:
    """Every entry of the catalogue, by size alone: at once."""
    return tuple(_holding(folder, weights) for weights in catalogue().values())


def verify_all(folder: Path) -> tuple[Holding, ...]:
    """Every entry of the catalogue, its sha256 computed."""
    return tuple(_verified(holding) for holding in listing(folder))


def _holding(folder: Path, weights: Weights) -> Holding:
    path = folder / weights.file
    if not path.is_file():
        return Holding(weights, path, FileState.MISSING)
    is_plausible = path.stat().st_size == weights.size_bytes
    return Holding(weights, path, FileState.PRESENT if is_plausible else FileState.DAMAGED)


def _verified(holding: Holding) -> Holding:
    if holding.state is not FileState.PRESENT:
        return holding
    is_right = sha256_of(holding.path) == holding.weights.sha256
    return Holding(holding.weights, holding.path, FileState.RIGHT if is_right else FileState.DAMAGED)
