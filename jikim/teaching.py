"""The way of a few pictures to a concept: opened in the sandbox, refused where a face is seen, turned into numbers, taught,
measured and kept. No picture is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jikim.analyzers import concept_store
from jikim.analyzers.concept_features import SIZE, made_with, raw_features, scaled, shipped_background
from jikim.analyzers.concept_learning import MOST, taught
from jikim.analyzers.concept_store import Concept
from jikim.analyzers.faces import FacesConfig
from jikim.analyzers.faces_finding import FaceFinder
from jikim.config import Config
from jikim.errors import BadUse, JikimError, MediaUnreadable
from jikim.media.opening import Opener, OpenMedia, open_path, sha256_of
from jikim.types import Frame, MediaKind
from jikim.weights.sessions import LocalSessions

OTHERS_MOST = 200

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be opened: its name, as errors call it, and how to get a descriptor of its bytes in sealed memory."""

    name: str
    open: Callable[[], int]

    @classmethod
    def at(cls, path: Path) -> Picture:
        """A file of this machine."""
        return cls(str(path), lambda: open_path(path))


@dataclass(frozen=True, slots=True)
class Tested:
    """How surely a file shows a concept, at its surest frame; `error` where it could not be looked at."""

    name: str
    score: float | None = None
    at_s: float | None = None
    error: JikimError | None = None


def concepts_folder(config: Config) -> Path:
    """Where a centre's concepts lie."""
    return config.home / "concepts"


def teach(config: Config, name: str, pictures: Sequence[Picture], others: Sequence[Picture] = ()) -> Concept:
    """Teaches a concept, or a new version of one, and puts it in force.

    Raises BadUse for a name that is none, a wrong number of pictures, a face in one, contradictory ones, or ones that teach
    nothing; MediaUnreadable for what cannot be opened; WeightsMissing.
    """
    name = concept_store.checked_name(name)
    if len(pictures) > 2 * MOST or len(others) > OTHERS_MOST:
        raise BadUse("teaching.too_many", most=2 * MOST, others=OTHERS_MOST)
    sessions = LocalSessions(config.weights)
    shown, mirrored, rest = [], [], []
    finder = FaceFinder(sessions, FacesConfig().detection_side_px, FacesConfig().detection_score)
    with Opener(config.opening) as opener:
        for picture in pictures:
            frame = _still(opener, picture)
            _refuse_faces(finder, frame, picture)
            shown.append(raw_features(sessions, frame.pixels))
            mirrored.append(raw_features(sessions, np.ascontiguousarray(frame.pixels[:, ::-1])))
        for picture in others:
            frame = _still(opener, picture)
            _refuse_faces(finder, frame, picture)
            rest.append(raw_features(sessions, frame.pixels))
    background = shipped_background()
    own, turned, others_own = (scaled(_table(rows), background) for rows in (shown, mirrored, rest))
    head = taught(own, turned, others_own, background.features)
    return concept_store.keep(
        concepts_folder(config),
        name,
        head,
        others=len(others),
        made_with=made_with(sessions),
        taught_at=datetime.now(UTC),
    )


def tested(config: Config, name: str, pictures: Iterable[Picture]) -> Iterator[Tested]:
    """How surely each file shows a concept; films at the frames a scan looks at first. Raises BadUse, WeightsMissing."""
    concept = concept_store.concept(concepts_folder(config), name)
    sessions = LocalSessions(config.weights)
    if concept.made_with != made_with(sessions):
        raise BadUse("concept.other_weights", names=concept.name)
    head = concept.head
    with Opener(config.opening) as opener:
        for picture in pictures:
            try:
                frames = _frames(opener, picture)
                table = _table([raw_features(sessions, frame.pixels) for frame in frames])
                scores = [head.score(row) for row in scaled(table, shipped_background())]
            except JikimError as error:
                yield Tested(picture.name, error=error)
            else:
                best = int(np.argmax(scores))
                yield Tested(picture.name, scores[best], frames[best].at_s)


def _still(opener: Opener, picture: Picture) -> Frame:
    with _opened(opener, picture) as media:
        if media.media.kind is not MediaKind.IMAGE:
            raise BadUse("teaching.no_picture", where=picture.name)
        return media.first_look()[0]


def _frames(opener: Opener, picture: Picture) -> tuple[Frame, ...]:
    with _opened(opener, picture) as media:
        frames = media.first_look() if media.media.kind is not MediaKind.AUDIO else ()
    if not frames:
        raise BadUse("teaching.nothing_to_see", where=picture.name)
    return frames


@contextmanager
def _opened(opener: Opener, picture: Picture) -> Iterator[OpenMedia]:
    fd = picture.open()
    try:
        with opener.open(fd, sha256_of(fd)) as media:
            yield media
    except MediaUnreadable as error:
        raise MediaUnreadable("teaching.unreadable", where=picture.name) from error
    finally:
        os.close(fd)


def _refuse_faces(finder: FaceFinder, frame: Frame, picture: Picture) -> None:
    if finder.find(frame.pixels):
        raise BadUse("teaching.face", where=picture.name)


def _table(rows: Sequence[Vector]) -> Vector:
    return np.stack(rows) if rows else np.zeros((0, SIZE), np.float32)
