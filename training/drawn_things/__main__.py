"""Teaches the head that notices drawn things (`jikim/analyzers/objects_drawn.npz`).

    python -m training.drawn_things --families FOLDER --out jikim/analyzers/objects_drawn.npz

FOLDER holds the packages of icons of `COLOURED` and `LINED` unpacked, each with `icons.json` and `info.json` (Iconify's json
packages of these names; all under MIT, Apache-2.0 or ISC). Emoji of other families and the clip art that it is measured on are
not learned from; how `volumes` draws books was chosen with the even half of that clip art in sight. Rendering needs resvg-py.
Kept is the head alone: 2,561 numbers a label, nothing of any icon. Runs in some minutes on one core; the same packages give the
same head. The one that is shipped came of as many pictures drawn in another order: it differs from this in what fell at random.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim import config
from jikim.analyzers.objects_drawn import drawn_box, features
from jikim.weights.sessions import LocalSessions
from training.drawn_things.drawing import book, other, teddy_bear
from training.drawn_things.icons import ALIKE, Icon, icons, rendered
from training.drawn_things.placing import placed
from training.drawn_things.volumes import volume

SEED = 11
LABELS = ("book", "teddy bear", "backpack")
COLOURED = ("noto", "noto-v1", "fxemoji", "fluent-emoji", "fluent-emoji-flat", "fluent-color", "flat-color-icons", "icon-park")
LINED = ("fluent-emoji-high-contrast", "mdi", "tabler", "ph", "lucide", "mingcute", "material-symbols", "fluent", "healthicons")
ICONS_MOST = {"book": 30, "teddy bear": 4, "backpack": 5}
TIMES = {"book": (2, 1), "teddy bear": (8, 8), "backpack": (8, 3)}
"""How often an icon of a family in colour, or of lines alone, is placed."""
OTHERS, OTHERS_ALIKE = (160, 35), (60, 20)
DRAWN_BOOKS, DRAWN_BEARS, DRAWN_OTHERS, DRAWN_VOLUMES = 750, 300, 300, 500
RIDGE = 0.3

Pixels = NDArray[np.uint8]
Values = NDArray[np.float32]


def main() -> None:
    """Draws, looks, fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    sessions = LocalSessions(config.load().weights)
    drawn = np.random.default_rng(SEED)
    table, names = [], []
    for label, pixels in _pictures(chosen.families, drawn):
        table.append(features(sessions, pixels, drawn_box(pixels)))
        names.append(label)
    given, labels = np.stack(table), np.array([name or "" for name in names])
    heads = [fitted(given, labels == label) for label in LABELS]
    np.savez_compressed(
        chosen.out,
        labels=np.array(LABELS),
        factors=np.stack([head[:-1] for head in heads]).astype(np.float16),
        constants=np.array([head[-1] for head in heads], np.float32),
    )
    counts = ", ".join(f"{label} {np.count_nonzero(labels == label)}" for label in LABELS)
    print(f"{len(labels)} pictures ({counts}), {chosen.out.stat().st_size} bytes")


def _pictures(folder: Path, drawn: np.random.Generator) -> Iterator[tuple[str | None, Pixels]]:
    for family in (*COLOURED, *LINED):
        is_lined = family in LINED
        found = list(icons(folder / family))
        for icon, times in _chosen(found, is_lined, drawn):
            colour = "#" + "".join(f"{value:02x}" for value in drawn.integers(0, 120, 3))
            lone = rendered(icon.svg, colour)
            for _ in range(times):
                yield icon.label, placed(lone, drawn)
        print(family, flush=True)
    for label, draw, count in (
        ("book", book, DRAWN_BOOKS),
        ("teddy bear", teddy_bear, DRAWN_BEARS),
        (None, other, DRAWN_OTHERS),
        ("book", volume, DRAWN_VOLUMES),
    ):
        for _ in range(count):
            yield label, placed(rendered(draw(drawn), "#222222"), drawn)


def _chosen(found: list[Icon], is_lined: bool, drawn: np.random.Generator) -> Iterator[tuple[Icon, int]]:
    """The icons of a family that are learned from, and how often each is placed."""

    def some(kept: list[Icon], most: int) -> list[Icon]:
        return [kept[place] for place in drawn.permutation(len(kept))[:most]]

    others = [icon for icon in found if icon.label is None]
    yield from ((icon, 1) for icon in some(others, OTHERS[is_lined]))
    yield from ((icon, 1) for icon in some([icon for icon in others if ALIKE.search(icon.name)], OTHERS_ALIKE[is_lined]))
    for label in LABELS:
        mine = some([icon for icon in found if icon.label == label], ICONS_MOST[label])
        yield from ((icon, TIMES[label][is_lined]) for icon in mine)


def fitted(given: Values, truth: NDArray[np.bool_]) -> Values:
    """Factors and constant of a ridge logistic regression by Newton's method; both classes weigh alike."""
    weights = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean())).astype(np.float32)
    columns = np.column_stack([given, np.ones(len(given))]).astype(np.float32)
    ridge = np.full(columns.shape[1], RIDGE, np.float32)
    ridge[-1] = 1e-3
    factors = np.zeros(columns.shape[1], np.float32)
    for _ in range(8):
        shares = 1 / (1 + np.exp(-np.clip(columns @ factors, -30, 30)))
        curve = np.maximum(weights * shares * (1 - shares), 1e-6).astype(np.float32)
        matrix = (columns * curve[:, None]).T @ columns + np.diag(ridge)
        slope = columns.T @ (weights * (truth - shares)).astype(np.float32) - ridge * factors
        factors += np.linalg.solve(matrix, slope)
    return factors


if __name__ == "__main__":
    main()
