"""Makes the vocabulary that keypoints are indexed by.

    python -m training.picture_vocabulary --pictures FOLDER --out jikim/copies/vocabulary.npz

Reads drawn pictures ("dead leaves": overlapping shapes of all sizes, whose statistics are near those of photographs) and the
harmless pictures of a folder (CC0 clip art and clothes; those whose sha1 of the name ends in an even digit, so that figures
can be reported on the others). Kept are 200,000 numbers: axes of variation and centres of clusters, nothing of any picture.
"""

from __future__ import annotations

import argparse
from hashlib import sha1
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies.keypoints import Seeker, mirrored_descriptors

DRAWN = 250
DRAWN_POINTS = 600
SIDE_PX = 512
FROM_DRAWN = 90_000
FROM_PICTURES = 110_000
AXES = 64
CENTROIDS = 256
ROUNDS = 12
SUFFIXES = (".jpg", ".jpeg", ".png")

Floats = NDArray[np.float32]


def main() -> None:
    """Draws, reads, fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(1)
    rng = np.random.default_rng(1)
    drawn = np.concatenate([Seeker().keypoints(_leaves(rng), DRAWN_POINTS)[1] for _ in range(DRAWN)])
    files = sorted(file for file in chosen.pictures.rglob("*") if file.suffix.lower() in SUFFIXES and _is_even(file))
    seen = np.concatenate([Seeker().keypoints(_grey(file))[1] for file in files])
    some = np.concatenate([rng.permutation(drawn)[:FROM_DRAWN], rng.permutation(seen)[:FROM_PICTURES]])
    np.savez_compressed(chosen.out, **_fitted(some, rng))


def _is_even(file: Path) -> bool:
    return int(sha1(file.name.encode(), usedforsecurity=False).hexdigest()[-1], 16) % 2 == 0


def _grey(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SystemExit(f"{file}: no picture")
    return np.asarray(picture, np.uint8)


def _leaves(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Overlapping circles, ellipses and polygons whose sizes follow a power law, with soft noise."""
    picture = np.full((SIDE_PX, SIDE_PX), 128, np.uint8)
    count = int(rng.integers(300, 2500))
    radii = np.clip(4 / rng.random(count) ** (1 / 1.9), 3, 150)
    for radius in radii:
        centre = (int(rng.integers(-20, SIDE_PX + 20)), int(rng.integers(-20, SIDE_PX + 20)))
        shade, shape = int(rng.integers(0, 256)), rng.integers(3)
        if shape == 0:
            cv2.circle(picture, centre, int(radius), (shade,), -1, cv2.LINE_AA)
        elif shape == 1:
            axes = (int(radius), int(radius * rng.uniform(0.2, 1)))
            cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, (shade,), -1, cv2.LINE_AA)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            corners = np.column_stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)])
            cv2.fillPoly(picture, [corners.astype(np.int32)], (shade,), cv2.LINE_AA)
    noise = rng.normal(0, rng.uniform(5, 60), (SIDE_PX, SIDE_PX)).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.8, 3)), np.float32)
    mixed = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(mixed, (0, 0), rng.uniform(0.5, 1.5)), np.uint8)


def _fitted(descriptors: NDArray[np.uint8], rng: np.random.Generator) -> dict[str, Floats]:
    upright, mirrored = _unit(descriptors), _unit(mirrored_descriptors(descriptors))
    odd = (upright - mirrored) / 2
    side = np.linalg.eigh(odd.T @ odd)[1][:, -1]
    chosen = np.where((upright @ side >= 0)[:, None], upright, mirrored)
    mean = chosen.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((chosen - mean).T))
    order = _evenly_dealt(variances[::-1][:AXES])
    axes = axes[:, ::-1][:, order].astype(np.float32)
    projected = (chosen - mean) @ axes
    rotation = np.linalg.qr(rng.normal(size=(AXES, AXES)))[0]
    centroids = [_clustered(np.ascontiguousarray(half)) for half in np.split(projected, 2, axis=1)]
    arrays = {"side": side, "mean": mean, "axes": axes, "centroids": np.stack(centroids), "rotation": rotation}
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def _unit(descriptors: NDArray[np.uint8]) -> Floats:
    values = descriptors.astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6), np.float32)


def _evenly_dealt(variances: NDArray[np.float64]) -> list[int]:
    """The axes in an order whose two halves have about the same variance."""
    halves: tuple[list[int], list[int]] = ([], [])
    sums = [0.0, 0.0]
    for axis, variance in enumerate(variances):
        fullest = [len(half) == AXES // 2 for half in halves]
        taken = int(sums[0] > sums[1]) if not any(fullest) else int(fullest[0])
        halves[taken].append(axis)
        sums[taken] += float(variance)
    return halves[0] + halves[1]


def _clustered(values: Floats) -> Floats:
    until = (cv2.TERM_CRITERIA_MAX_ITER, ROUNDS, 0.0)
    return np.asarray(cv2.kmeans(values, CENTROIDS, np.empty(0, np.int32), until, 1, cv2.KMEANS_RANDOM_CENTERS)[2], np.float32)


if __name__ == "__main__":
    main()
