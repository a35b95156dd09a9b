"""Which files are verified copies of the same extent: equal bytes, or the same picture from edge to edge, the same film from
beginning to end. Nothing that is merely near, longer or shorter counts: a decision on one is a decision on all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256

import numpy as np
from django.db.models import F

from jikim import scan
from jikim.copies.pdq import distances, from_hex
from jikim_desk.records.models import Band, Extent

NEAREST_BITS = 20
"""Two hashes this near show one picture. Stricter than the 31 of exchange, since a decision follows."""
SHAPE_TOLERANCE = 0.02
DURATION_TOLERANCE_MS = 250
TIME_TOLERANCE_MS = 1000
COMPARED_MAX = 200

Told = Sequence[tuple[int, str]]


def keep(seen: scan.Extent) -> Extent:
    """Puts an extent on record, in the group of the first file that shows the same."""
    known = Extent.objects.filter(pk=seen.sha256).first()
    if known is not None:
        return known
    row = Extent(
        sha256=seen.sha256,
        kind=seen.kind.value,
        width_px=seen.width_px,
        height_px=seen.height_px,
        duration_ms=seen.duration_ms,
        frames=[list(told) for told in seen.frames],
        group=seen.sha256,
    )
    alike = next((other for other in _near(row) if is_same(row, other)), None)
    if alike is not None:
        row.group = alike.group
    Extent.objects.bulk_create([row], ignore_conflicts=True)
    if not row.bands.exists():
        Band.objects.bulk_create([Band(extent=row, value=value) for value in sorted(_bands(row.frames))])
    return Extent.objects.get(pk=row.pk)


def same_as(digests: Collection[str], *, is_test: bool) -> str:
    """What items with these media, and nothing else, have in common. Tests are never one with what is real."""
    groups = dict(Extent.objects.filter(pk__in=digests).values_list("sha256", "group"))
    named = sorted({groups.get(digest, digest) for digest in digests})
    return sha256("\0".join(["test" if is_test else "real", *named]).encode()).hexdigest()


def copies_of(digest: str) -> set[str]:
    """The SHA-256 of every file on record that is a verified copy of the one with `digest`, itself among them."""
    group = Extent.objects.filter(pk=digest).values("group")
    return {digest, *Extent.objects.filter(group__in=group).values_list("sha256", flat=True)}


def is_same(one: Extent, other: Extent) -> bool:
    """Whether two files show the same from edge to edge and from beginning to end."""
    if one.kind != other.kind or not one.frames or not other.frames:
        return False
    if not (one.width_px and one.height_px and other.width_px and other.height_px):
        return False
    shapes = (one.width_px / one.height_px) / (other.width_px / other.height_px)
    if abs(shapes - 1) > SHAPE_TOLERANCE or abs(one.duration_ms - other.duration_ms) > DURATION_TOLERANCE_MS:
        return False
    return _covers(one.frames, other.frames) and _covers(other.frames, one.frames)


def _covers(told: Told, by: Told) -> bool:
    """Whether each frame is shown, at its time, by one of the others."""
    apart = distances(_hashes(told), _hashes(by))
    gaps = np.abs(np.array([at for at, _ in told])[:, None] - np.array([at for at, _ in by])[None, :])
    return bool(((apart <= NEAREST_BITS) & (gaps <= TIME_TOLERANCE_MS)).any(axis=1).all())


def _hashes(told: Told) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.stack([from_hex(digits) for _, digits in told])


def _near(row: Extent) -> Iterable[Extent]:
    """The first files of groups that share a band with this one: whoever joins is like the first, not like the last."""
    shared = Band.objects.filter(value__in=_bands(row.frames), extent__kind=row.kind).values("extent").distinct()
    return Extent.objects.filter(pk__in=shared, group=F("sha256")).exclude(pk=row.pk)[:COMPARED_MAX]


def _bands(told: Told) -> set[int]:
    values: set[int] = set()
    for _, digits in told:
        values |= {place * 65_536 + int(digits[4 * place : 4 * place + 4], 16) for place in range(16)}
    return values
