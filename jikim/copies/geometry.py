"""How one picture lies in another: the map that carries points of the one to points of the other that look like them.

Every single correspondence of keypoints proposes a similarity by its place, size and angle; the best supported are refitted,
as an affine map where there are enough. Tried upright and mirrored, which costs no second look at the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import PictureFingerprint
from jikim.copies.keypoints import mirrored_descriptors, mirrored_points

QUERY_POINTS = 400
REFERENCE_POINTS = 300
_RATIO_MAX = 0.9
_SIMILARITY_MIN = 0.6
_TOLERANCE = 0.03
_SIZE_RATIO_MAX = 1.6
_ANGLE_MAX = 30.0
_STRETCH_MAX = 2.6
_HYPOTHESES = 5
_NARROW = 0.01
"""How nearly points of several pairs of frames agree where half of them do: what drove on a little is then no part of it."""
_ELSEWHERE = 0.3
"""By how much of the reference's longer side another map puts it elsewhere on the screen."""
_REFITS = 3
_AFFINE_FROM = 6
_SPREAD_MIN = 1e-12
_PLACES = 200

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """A map of the query's points, mirrored first where `is_mirrored`, to the reference's, in shares of the longer side."""

    transform: Floats
    inliers: int
    is_mirrored: bool


def best_geometry(query: PictureFingerprint, reference: PictureFingerprint) -> Geometry | None:
    """The map that carries most of the query's points to like points of the reference; None when fewer than three agree."""
    if len(query.points) < 3 or len(reference.points) < 3:
        return None
    described = _unit(reference.descriptors[:REFERENCE_POINTS])
    best: Geometry | None = None
    for is_mirrored in (False, True):
        points, known = _corresponding(query, reference, described, is_mirrored)
        found = _map(points.astype(np.float64), known.astype(np.float64))
        if found and (best is None or found[1] > best.inliers):
            best = Geometry(found[0], found[1], is_mirrored)
    return best


class Agreed(NamedTuple):
    """A map as in Geometry that several pairs of frames share. `carried` says how many places of each pair it carries to like
    ones, `elsewhere` the same of the best map that puts the reference elsewhere; `spread` is the smaller standard deviation of
    what is carried, in the reference, across the line along which it lies widest."""

    transform: Floats
    carried: NDArray[np.intp]
    elsewhere: NDArray[np.intp]
    spread: float


def agreed_map(
    pairs: Sequence[tuple[PictureFingerprint, PictureFingerprint]], tried: Sequence[Floats], *, is_mirrored: bool
) -> Agreed | None:
    """The map that carries most points of several pairs of frames, each of a query and a reference, to like points: an edit
    places a film on the screen in one way from beginning to end, and what drove on between the two frames of one pair fits
    none of the others. Of the maps that are `tried` the best is refitted; None where that leaves no points. The more points of
    one pair there are, the less each counts: no one pair is to decide. Each pair must have points."""
    described = [_unit(reference.descriptors[:REFERENCE_POINTS]) for _, reference in pairs]
    found = [_corresponding(*pair, known, is_mirrored) for pair, known in zip(pairs, described, strict=True)]
    points, known = (np.concatenate(some).astype(np.float64) for some in zip(*found, strict=True))
    of_pair = np.repeat(np.arange(len(found)), [len(own) for own, _ in found])
    growth, turn = _growth_and_turn(points, known)
    maps: list[tuple[float, Floats, Bools]] = []
    for transform in tried:
        near = _supporting(points, known, growth, turn, transform, _NARROW)
        refitted = _refitted(points, known, growth, turn, near, _NARROW)
        if refitted is None:
            continue
        near = _supporting(points, known, growth, turn, refitted[0], _NARROW)
        if near.sum() >= 3:
            worth = float(np.sqrt(np.bincount(of_pair[near])).sum())
            maps.append((worth, refitted[0], near))
    if not maps:
        return None

    def carried(near: Bools) -> NDArray[np.intp]:
        own = [near & (of_pair == pair) for pair in range(len(found))]
        return np.array([min(_places(points[one]), _places(known[one])) for one in own], np.intp)

    _, best, near = max(maps, key=lambda one: one[0])
    middle = np.append(points[near, :2].mean(axis=0), 1.0)
    apart = [one for one in maps if np.linalg.norm((one[1] - best) @ middle) > _ELSEWHERE]
    elsewhere = carried(max(apart, key=lambda one: one[0])[2]) if apart else np.zeros(len(found), np.intp)
    return Agreed(best, carried(near), elsewhere, _spread(known[near, :2]))


def _spread(points: Floats) -> float:
    """The smaller standard deviation of points (m, 2) in any direction."""
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[-1] / math.sqrt(len(points)))


def _corresponding(
    query: PictureFingerprint, reference: PictureFingerprint, described: NDArray[np.float32], is_mirrored: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(m, 4) points of the query, mirrored first where that is asked, and (m, 4) those of the reference that look like them;
    `described` are the reference's descriptors of length one."""
    points, descriptors = query.points[:QUERY_POINTS], query.descriptors[:QUERY_POINTS]
    if is_mirrored:
        points, descriptors = mirrored_points(points, float(size_of(query)[0])), mirrored_descriptors(descriptors)
    mine, theirs = _correspondences(_unit(descriptors), described)
    return points[mine], reference.points[theirs]


def _unit(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = descriptors.astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6), np.float32)


def _correspondences(query: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each query descriptor the nearest of the reference, where that is clearly nearer than the second nearest."""
    alike = query @ reference.T
    rows = np.arange(len(alike))
    nearest = alike.argmax(axis=1)
    first = alike[rows, nearest]
    alike[rows, nearest] = -1
    second = alike.max(axis=1)
    clear = (first > _SIMILARITY_MIN) & (1 - first < _RATIO_MAX**2 * (1 - second))
    return np.flatnonzero(clear), nearest[clear]


def _map(query: Floats, reference: Floats) -> tuple[Floats, int] | None:
    """The best supported map of corresponding points (m, 4), and how many places support it."""
    if len(query) < 3:
        return None
    growth, turn = _growth_and_turn(query, reference)
    supported = _hypotheses(query, reference, growth, turn)
    best: tuple[Floats, int] | None = None
    for hypothesis in np.argsort(-supported.sum(axis=1), kind="stable")[:_HYPOTHESES]:
        chosen = supported[hypothesis]
        if chosen.sum() < 3 or (best and chosen.sum() <= best[1]):
            continue
        found = _refitted(query, reference, growth, turn, chosen)
        if found and (best is None or found[1] > best[1]):
            best = found
    return best


def _growth_and_turn(query: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """By how much corresponding points differ in size, as a logarithm, and in angle."""
    return np.log(reference[:, 2] / query[:, 2]), reference[:, 3] - query[:, 3]


def _hypotheses(query: Floats, reference: Floats, growth: Floats, turn: Floats) -> Bools:
    """(m, m): which correspondences agree with the similarity that each single one proposes."""
    scale, radians = np.exp(growth), np.radians(turn)
    a, b = scale * np.cos(radians), scale * np.sin(radians)
    right = reference[:, 0] - (a * query[:, 0] - b * query[:, 1])
    down = reference[:, 1] - (b * query[:, 0] + a * query[:, 1])
    x = np.outer(a, query[:, 0]) - np.outer(b, query[:, 1]) + right[:, None] - reference[:, 0]
    y = np.outer(b, query[:, 0]) + np.outer(a, query[:, 1]) + down[:, None] - reference[:, 1]
    near: Bools = x * x + y * y < (2 * _TOLERANCE) ** 2
    near &= np.abs(growth[:, None] - growth) < np.log(_SIZE_RATIO_MAX)
    near &= np.abs((turn[:, None] - turn + 180) % 360 - 180) < _ANGLE_MAX
    return near


def _refitted(
    query: Floats, reference: Floats, growth: Floats, turn: Floats, chosen: Bools, tolerance: float = _TOLERANCE
) -> tuple[Floats, int] | None:
    """The map fitted to the chosen correspondences, again to those that then agree, and how many places do in the end."""
    transform = np.zeros((2, 3))
    for _ in range(_REFITS):
        if chosen.sum() < 3:
            return None
        transform = _fitted(query[chosen], reference[chosen])
        (a, b), (c, d) = transform[:, :2].tolist()
        longest, shortest = _stretches(a, b, c, d)
        if shortest < 1e-3 or longest > _STRETCH_MAX * shortest or a * d - b * c <= 0:
            return None
        chosen = _supporting(query, reference, growth, turn, transform, tolerance)
    return transform, min(_places(query[chosen]), _places(reference[chosen]))


def _supporting(
    query: Floats, reference: Floats, growth: Floats, turn: Floats, transform: Floats, tolerance: float = _TOLERANCE
) -> Bools:
    """Which correspondences agree, this nearly, with a map that mirrors nothing."""
    linear = transform[:, :2]
    (a, b), (c, d) = linear.tolist()
    off = query[:, :2] @ linear.T + transform[:, 2] - reference[:, :2]
    angle = math.degrees(math.atan2(c - b, a + d))
    chosen: Bools = (off * off).sum(axis=1) < tolerance**2
    chosen &= np.abs((turn - angle + 180) % 360 - 180) < _ANGLE_MAX
    chosen &= np.abs(growth - 0.5 * math.log(a * d - b * c)) < math.log(_SIZE_RATIO_MAX)
    return chosen


def _stretches(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """By how much a linear map ((a, b), (c, d)) stretches at most and at least: its singular values."""
    even, odd = math.hypot(a + d, c - b), math.hypot(a - d, c + b)
    return (even + odd) / 2, abs(even - odd) / 2


def _fitted(query: Floats, reference: Floats) -> Floats:
    """Least squares: an affine map from _AFFINE_FROM correspondences on, a similarity from fewer. All zeros where the points
    lie too nearly on one line, or in one place, to tell."""
    own, theirs = query[:, :2].mean(axis=0), reference[:, :2].mean(axis=0)
    centred, aimed = query[:, :2] - own, reference[:, :2] - theirs
    (xx, xy), (_, yy) = (centred.T @ centred).tolist()
    (ux, uy), (vx, vy) = (aimed.T @ centred).tolist()
    spread = xx * yy - xy * xy if len(query) >= _AFFINE_FROM else xx + yy
    if spread <= _SPREAD_MIN:
        return np.zeros((2, 3))
    if len(query) >= _AFFINE_FROM:
        linear = np.array([[ux * yy - uy * xy, uy * xx - ux * xy], [vx * yy - vy * xy, vy * xx - vx * xy]]) / spread
    else:
        a, b = (ux + vy) / spread, (vx - uy) / spread
        linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, theirs - linear @ own])


def _places(points: Floats) -> int:
    """In how many places points lie; several keypoints at one place are one piece of evidence."""
    cells = (points[:, :2] * _PLACES).round().astype(np.int64)
    return len(np.unique(cells[:, 0] * (4 * _PLACES) + cells[:, 1]))


def size_of(picture: PictureFingerprint) -> Floats:
    """Width and height as shares of the longer side, (2,)."""
    return np.array([picture.width_px, picture.height_px]) / max(picture.width_px, picture.height_px)
