"""Media that may be shown to somebody: what was kept of an item, and of the known material it is a copy of."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from django.db.models import QuerySet

from jikim.media.opening import Opener, OpenMedia, open_path
from jikim.provenance import fixtures
from jikim_desk.accounts.models import User
from jikim_desk.config import jikim_config
from jikim_desk.records import copies, extents
from jikim_desk.records.models import Candidate, Capture
from jikim_desk.review import access

MOST_FILES = 4
SHIPPED = "shipped:"
"""What the id of a file begins with that comes with Jikim, the test card and its like; the beginning of its sha256 follows."""
_SHIPPED_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Kept:
    """One file that can be opened. `id` is its capture's, or begins with `SHIPPED`; `blob` is empty for a shipped one."""

    id: str
    sha256: str
    blob: str
    content_type: str = ""

    @property
    def is_film(self) -> bool:
        """Whether it has a length; as far as its type says."""
        return self.content_type.startswith("video/")


def of_candidate(candidate: Candidate) -> list[Kept]:
    """The files to show of a candidate: its media, or its thumbnail where there are none; each file once."""
    kept = list(candidate.captures.exclude(blob="").exclude(part="page").order_by("fetched_at", "pk"))
    media = [one for one in kept if one.part == "media"] or kept
    each = {one.sha256: _captured(one) for one in media if not one.content_type.startswith("audio/")}
    return list(each.values())[:MOST_FILES]


def of_known(user: User, sha256: str) -> Kept | None:
    """A file that shows what the known item with this sha256 shows from beginning to end: itself or a verified copy of the same
    extent, kept for something `user` may see, or shipped. None where only its fingerprint is there."""
    if sha256 in fixtures():
        return _shipped(sha256)
    found = _media_for(user).filter(sha256__in=extents.copies_of(sha256)).order_by("fetched_at", "pk")
    alike = list(found[:MOST_FILES])
    same = next((one for one in alike if one.sha256 == sha256), None)
    return _captured(same or alike[0]) if alike else None


def by_id(user: User, candidate: Candidate, kept_id: str) -> Kept | None:
    """A file of a candidate, or known material that was laid beside it."""
    own = next((one for one in of_candidate(candidate) if one.id == kept_id), None)
    if own is not None:
        return own
    shipped = next((one for one in map(_shipped, fixtures()) if one.id == kept_id), None)
    if shipped is not None:
        return shipped
    capture = _media_for(user).filter(pk=kept_id).first()
    return _captured(capture) if capture else None


@contextmanager
def opened(kept: Kept) -> Iterator[OpenMedia]:
    """The file, opened in the sandbox; where it is lost, a verified copy of the same extent in its place. Raises JikimError
    where neither can be opened."""
    handle, sha256 = copies.opened(kept.id, kept.blob) if kept.blob else (open_path(_shipped_path(kept.sha256)), kept.sha256)
    try:
        with opener().open(handle, sha256) as media:
            yield media
    finally:
        os.close(handle)


def opener() -> Opener:
    """What opens files in the sandbox, one a process."""
    with _OPENING:
        return _opener(os.getpid())


@cache
def _opener(_process: int) -> Opener:
    return Opener(jikim_config().opening)


_OPENING = threading.Lock()


def _shipped(sha256: str) -> Kept:
    return Kept(SHIPPED + sha256[:_SHIPPED_DIGITS], sha256, "", "video/mp4" if _shipped_path(sha256).suffix == ".mp4" else "")


def _shipped_path(sha256: str) -> Path:
    return Path(str(files("jikim").joinpath("practice", "fixtures", fixtures()[sha256])))


def _captured(capture: Capture) -> Kept:
    return Kept(capture.pk, capture.sha256, capture.blob, capture.content_type)


def _media_for(user: User) -> QuerySet[Capture]:
    return Capture.objects.filter(part="media", candidate__in=access.visible(user)).exclude(blob="")
