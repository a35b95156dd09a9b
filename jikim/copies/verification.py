"""Whether one picture is a copy of another, what was done to it, and how sure that is.

Two kinds of proof are taken. PDQ: the hashes of the whole pictures, or of what is inside their borders, differ in few bits.
Geometry: keypoints that look alike also lie alike, so that one map carries many of one picture's onto the other's
(geometry.py).

The same room filmed twice fits by geometry too. So the map is checked where it says both pictures show the same: when large
parts of the one find nothing of theirs in the other, the relation is SAME_SCENE, a lead for a person, not a copy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim.copies.blocks import carried_codes, correlations
from jikim.copies.calibration import score
from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.geometry import Geometry, best_geometry, size_of
from jikim.copies.pdq import ORIENTATIONS, distances

QUALITY_MIN = 50
DISTANCE_MAX = 31
"""Bits in which PDQ hashes of copies may differ: the distance used for exchange."""

SUPPORTED_DISTANCE_MAX = 52
"""The same where SUPPORTING_INLIERS_MIN keypoints agree besides."""

INLIERS_MIN = 9
SUPPORTING_INLIERS_MIN = 5
AGREEMENT_MIN = 0.62
"""Share of the blocks seen by both that must agree in a copy: 0.69 and more in copies, filmed screens the fewest; up to 0.57 in
two posts of the same application on the same telephone."""

FEW_INLIERS = 25
FEW_AGREEMENT_MIN = 0.75
"""The same where fewer places than that agree: copies of which so few do agree in 0.93 and more, two things photographed on one
floor in up to 0.65."""

FEWEST_INLIERS, FEWEST_BLOCKS_MIN, FEWEST_AGREEMENT_MIN = 7, 10, 0.85
"""Two pictures that agree in no more places than that are copies where so many blocks can be compared and nearly all agree:
half of a drawing has few places to go by. On the half that it was chosen on, 13 of 16 copies with 7 or 8 places did so; of
14,400 unrelated pairs three had 7 places, with at most 0.51 of 8 blocks and more."""

SCENE_AGREEMENT_MIN = 0.3
"""The same for one scene. What agrees in less shares a detail, a logo or a line of words, and is told of nobody."""

BLOCKS_MIN = 8
"""With fewer blocks to compare nothing is told: a small thing or a line of words on a plain ground is like many others."""

ALIKE_MIN = 0.5
"""Correlation from which blocks agree."""

Floats = NDArray[np.float64]


class Relation(StrEnum):
    COPY = "copy"
    SAME_SCENE = "same_scene"
    NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class PictureRelation:
    """What the query has to do with the reference.

    `transform` (2, 3) carries points of the query, mirrored first where `is_mirrored`, to the reference; both in shares of the
    longer side of their pictures; None when neither PDQ nor INLIERS_MIN places gave one. `inliers` counts the places that
    agree, `distance` is the smallest PDQ distance (256 where a quality was too low), `orientation` its name in
    pdq.ORIENTATIONS. `agreement` is the share of the blocks seen by both that agree (1 where PDQ alone decided).
    `coverage_query` and `coverage_item` are the shares of the pictures' areas that the other shows.
    """

    relation: Relation
    score: float
    distance: int
    orientation: str
    inliers: int
    agreement: float
    is_mirrored: bool
    transform: Floats | None
    coverage_query: float
    coverage_item: float


def compare_pictures(
    query: PictureFingerprint,
    reference: PictureFingerprint,
    *,
    scene_agreement_min: float = SCENE_AGREEMENT_MIN,
    are_alone: bool = False,
) -> PictureRelation:
    """How the query relates to the reference; NONE when nothing proves a relation. `scene_agreement_min`: the share of the
    blocks seen by both that must agree in one scene. `are_alone`: both are pictures and not frames of films, of which many
    pairs are tried, so that fewer places prove something."""
    distance, orientation, inside = pdq_distance(query, reference)
    geometry = best_geometry(query, reference)
    inliers = geometry.inliers if geometry else 0
    by_pdq = distance <= DISTANCE_MAX or (distance <= SUPPORTED_DISTANCE_MAX and inliers >= SUPPORTING_INLIERS_MIN)
    by_points = inliers >= INLIERS_MIN or (
        are_alone and geometry is not None and inliers >= FEWEST_INLIERS and _agree_in_nearly_all(geometry, query, reference)
    )
    relation = Relation.NONE
    agreement = 1.0
    if by_points and geometry:
        agreement = _agreement(geometry, query, reference)
    if by_pdq or agreement >= (AGREEMENT_MIN if inliers >= FEW_INLIERS else FEW_AGREEMENT_MIN):
        relation = Relation.COPY if by_pdq or by_points else Relation.NONE
    elif by_points and agreement >= scene_agreement_min:
        relation = Relation.SAME_SCENE
    coverage = (0.0, 0.0)
    transform = geometry.transform if geometry and by_points else None
    if relation is not Relation.NONE:
        if transform is None and inside is not None:
            transform = _from_inside(query.inside_boxes[inside], reference)
        elif transform is None:
            transform = _whole(query, reference, orientation)
        coverage = _coverages(transform, query, reference)
    return PictureRelation(
        relation=relation,
        score=score(distance, inliers) if relation is not Relation.NONE else 0.0,
        distance=distance,
        orientation=orientation,
        inliers=inliers,
        agreement=agreement,
        is_mirrored=geometry.is_mirrored if geometry and by_points else _is_reflected(orientation),
        transform=transform,
        coverage_query=coverage[0],
        coverage_item=coverage[1],
    )


def placed_by(
    relation: PictureRelation, placed: PictureRelation, query: PictureFingerprint, reference: PictureFingerprint
) -> PictureRelation:
    """The relation with the map of another pair of frames of the same films, of which more is known."""
    if placed.transform is None:
        return relation
    coverages = _coverages(placed.transform, query, reference)
    return replace(
        relation,
        is_mirrored=placed.is_mirrored,
        transform=placed.transform,
        coverage_query=coverages[0],
        coverage_item=coverages[1],
    )


def pdq_distance(query: PictureFingerprint, reference: PictureFingerprint) -> tuple[int, str, int | None]:
    """The smallest distance between the whole pictures or what is inside their borders, what was done to the reference, and
    which of the query's `insides` it is that shows it; None where it is the whole."""
    upright = np.concatenate([reference.pdq[:1], reference.views])
    if reference.quality < QUALITY_MIN:
        return 256, ORIENTATIONS[0], None
    found: tuple[int, str, int | None] = (256, ORIENTATIONS[0], None)
    if query.quality >= QUALITY_MIN:
        turned = distances(query.pdq, upright).min(axis=1)
        if len(query.views):
            turned[0] = min(int(turned[0]), int(distances(query.views, upright).min()))
        place = int(turned.argmin())
        found = int(turned[place]), ORIENTATIONS[place], None
    if len(query.insides):
        inside = distances(query.insides, upright).min(axis=1)
        place = int(inside.argmin())
        if inside[place] < found[0] and inside[place] <= DISTANCE_MAX:
            found = int(inside[place]), ORIENTATIONS[0], place
    return found


def _agree_in_nearly_all(geometry: Geometry, query: PictureFingerprint, reference: PictureFingerprint) -> bool:
    if query.sketch is None or not len(reference.blocks):
        return False
    return _agreement(geometry, query, reference, FEWEST_BLOCKS_MIN) >= FEWEST_AGREEMENT_MIN


def _agreement(
    geometry: Geometry, query: PictureFingerprint, reference: PictureFingerprint, blocks_min: int = BLOCKS_MIN
) -> float:
    """Of the blocks of the reference that the query should show, the share that it does show; 1 where none were taken, 0 where
    there are too few to compare."""
    if query.sketch is None or not len(reference.blocks):
        return 1.0
    size = reference.width_px, reference.height_px
    codes, seen, _ = carried_codes(query.sketch, geometry.transform, size, is_mirrored=geometry.is_mirrored)
    compared = seen & (reference.blocks != 0)
    if compared.sum() < blocks_min:
        return 0.0
    return float((correlations(codes, reference.blocks)[compared] > ALIKE_MIN).mean())


def _is_reflected(orientation: str) -> bool:
    return orientation in ("mirrored", "flipped", "transposed", "transversed")


def _whole(query: PictureFingerprint, reference: PictureFingerprint, orientation: str) -> Floats:
    """The map of the whole query, mirrored first where its orientation is a reflection, onto the whole reference."""
    turns = {
        "mirrored": 0,
        "flipped": 2,
        "rotated_180": 2,
        "transposed": 3,
        "rotated_90": 3,
        "rotated_270": 1,
        "transversed": 1,
    }
    width, height = size_of(query)
    transform = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for _ in range(turns.get(orientation, 0)):
        quarter = np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0]])  # clockwise: (x, y) -> (height - y, x)
        transform = quarter[:, :2] @ transform + np.column_stack([np.zeros((2, 2)), quarter[:, 2]])
        width, height = height, width
    return np.asarray((size_of(reference) / [width, height])[:, None] * transform)


def _from_inside(box: NDArray[np.float32], reference: PictureFingerprint) -> Floats:
    """The map of a rectangle of the query (left, top, right, bottom) onto the whole reference."""
    scale = size_of(reference) / (box[2:] - box[:2])
    return np.asarray(np.column_stack([np.diag(scale), -scale * box[:2]]), np.float64)


def _coverages(transform: Floats, query: PictureFingerprint, reference: PictureFingerprint) -> tuple[float, float]:
    """The shares of the query and of the reference that both show."""
    width, height = size_of(query)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    seen = (corners @ transform[:, :2].T + transform[:, 2]).astype(np.float32)
    right, bottom = size_of(reference)
    frame = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    common = float(cv2.intersectConvexConvex(seen, frame)[0])
    area = abs(float(np.linalg.det(transform[:, :2])) * float(width * height))
    return round(min(common / max(area, 1e-9), 1.0), 4), round(min(common / float(right * bottom), 1.0), 4)
