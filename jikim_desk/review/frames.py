"""Pictures, and only when asked for: blurred sketches of the frames that gave evidence; one of them clear while a key is held.

Nothing of a picture is kept: it is opened from its sealed blob in the sandbox each time, reduced, handed over and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import cv2
import numpy as np
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim.errors import JikimError, MediaUnreadable, SandboxUnavailable, VaultError
from jikim.media.blur import CELLS, sketch
from jikim.media.opening import OpenMedia
from jikim.types import Frame, MediaKind
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.records.models import Candidate
from jikim_desk.review import access, exposure, kept, queue
from jikim_desk.review.exposure import LONGEST_LIFT_S
from jikim_desk.review.faults import BadDecision, HeldByAnother
from jikim_desk.review.kept import Kept
from jikim_desk.review.models import Claim, Lift, Severity
from jikim_desk.review.turns import take_turn

MOST_FRAMES = 8
SKETCH_PX = 96
"""The height at which a sketch is drawn, at most."""
CLEAR_PX = 192
"""The longer side of a frame while it is clear."""
REASONS = ("age", "match", "place", "other")
"""Why somebody looks, by the keys 1 to 4."""
_APART_S = 1.0


@dataclass(frozen=True, slots=True)
class Sketched:
    """One frame of the strip. `paths` are (grey, SVG path) of its cells, `width` by `height` of them."""

    capture: str
    at_s: float | None
    width: int
    height: int
    paths: tuple[tuple[str, str], ...]

    @property
    def drawn_width(self) -> int:
        """In CSS pixels."""
        return round(self.width * self.scale)

    @property
    def drawn_height(self) -> int:
        """In CSS pixels, at most `SKETCH_PX`."""
        return round(self.height * self.scale)

    @property
    def scale(self) -> float:
        """CSS pixels a cell."""
        return min(SKETCH_PX / self.height, 1.75 * SKETCH_PX / self.width)


@dataclass(frozen=True, slots=True)
class Strip:
    """The sketches of a candidate, and message keys of what could not be opened."""

    frames: tuple[Sketched, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clear:
    """One frame as it is shown while a key is held: `grey` is height x width bytes, row by row, no file to keep."""

    lift: Lift
    width: int
    height: int
    grey: bytes


def open_strip(user: User, candidate_id: str) -> Strip:
    """Opens the strip of a candidate `user` has in hand. Raises Http404, HeldByAnother when it is not, RestDue when it is time
    for a rest."""
    candidate, held = in_hand(user, candidate_id)
    exposure.touch(user)
    frames: list[Sketched] = []
    problems: list[str] = []
    files = kept.of_candidate(candidate)
    times_s = evidence_times(candidate.analysis)
    for file in files:
        try:
            with kept.opened(file) as media:
                frames += [sketched(file, frame) for frame in _evidence(media, times_s)]
        except JikimError as error:
            problems.append(problem_key(error))
    if not files:
        problems.append("review.frames.nothing_kept")
    frames = frames[:MOST_FRAMES]
    put_on_record(user, candidate, held, frames, "sketches")
    return Strip(tuple(frames), tuple(dict.fromkeys(problems)))


def put_on_record(user: User, candidate: Candidate, held: Claim, frames: Sequence[Sketched], what: str) -> None:
    """Notes that these sketches were shown, so that they and no others can be lifted."""
    with transaction.atomic():
        take_turn(user)
        shown = [[one.capture, one.at_s] for one in frames]
        Claim.objects.filter(person=user, item=held.item).update(has_opened_strip=True, shown_frames=shown)
        facts = {"what": what, "frames": len(frames)}
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{candidate.pk}", facts=facts)


def lift(user: User, candidate_id: str, capture_id: str, at_s: float | None, reason: str) -> Clear:
    """One frame of a candidate `user` has in hand, clear for as long as a key is held. It is on record before it is seen.

    Raises HeldByAnother, RestDue, BadDecision for no reason, Http404 for another item's frame or a closed strip, and
    JikimError where it cannot be opened.
    """
    candidate, held = in_hand(user, candidate_id)
    is_shown = [capture_id, at_s] in held.shown_frames
    file = kept.by_id(user, candidate, capture_id) if is_shown else None
    if file is None:
        raise Http404
    if reason not in REASONS:
        raise BadDecision("review.lift_without_reason")
    exposure.touch(user)
    with transaction.atomic():
        take_turn(user)
        lifted = Lift.objects.create(
            candidate=candidate, person=user, capture=file.id, at_s=at_s, reason=reason, lifted_at=timezone.now()
        )
        facts = {"reason": reason, "at_s": at_s, "capture": file.id}
        chain.record(Action.LIFT, actor=user, subject=f"candidate:{candidate.pk}", facts=facts)
    with kept.opened(file) as media:
        frames = media.first_look()[:1] if at_s is None else media.frames_at([at_s])
    if not frames:
        raise MediaUnreadable("media.no_frames", where=file.sha256)
    grey = _small(frames[0])
    return Clear(lifted, grey.shape[1], grey.shape[0], grey.tobytes())


def fell_back(user: User, lift_id: str, seconds: float) -> None:
    """A frame is blurred again after `seconds`; what the browser says is believed up to the longest there is. Twice is once."""
    with transaction.atomic():
        take_turn(user)
        told = min(max(seconds, 0.0), float(LONGEST_LIFT_S))
        if Lift.objects.filter(pk=lift_id, person=user, seconds=None).update(seconds=told):
            exposure.add(user, max(1.0, told), Severity.CLEAR)


def evidence_times(analysis: Any) -> list[float]:
    """When in a video the surest cues stood, at most `MOST_FRAMES` and at least a second apart, sorted. Of a stretch its middle
    too: its edges alone often show a cut."""
    cues = [cue for cue in (analysis or {}).get("cues") or () if cue.get("at_s") is not None]
    chosen: list[float] = []
    for cue in sorted(cues, key=lambda cue: -cue["confidence"]):
        for at_s in _moments(cue):
            if len(chosen) < MOST_FRAMES and all(abs(at_s - other) >= _APART_S for other in chosen):
                chosen.append(at_s)
    return sorted(chosen)


def _moments(cue: Mapping[str, Any]) -> list[float]:
    value = cue.get("value") or {}
    start_s, end_s = value.get("start_s"), value.get("end_s")
    moments = [float(cue["at_s"])]
    if isinstance(start_s, int | float) and isinstance(end_s, int | float) and end_s > start_s:
        moments.append((start_s + end_s) / 2)
    return moments


def problem_key(error: JikimError) -> str:
    """What a person is told of a picture that cannot be opened."""
    if isinstance(error, SandboxUnavailable):
        return "review.frames.no_sandbox"
    if isinstance(error, VaultError):
        keys = ("vault.no_key", "vault.no_private_keys", "vault.key_missing", "vault.key_damaged", "vault.wrapped_missing")
        return "review.frames.key_lost" if error.key in keys else "review.frames.blob_lost"
    if error.key in ("media.crashed", "media.timed_out", "media.out_of_memory", "media.stopped"):
        return "review.frames.stopped"
    return "review.frames.unreadable"


def in_hand(user: User, candidate_id: str) -> tuple[Candidate, Claim]:
    """A candidate `user` has in hand and time for. Raises Http404, HeldByAnother, RestDue."""
    queue.require_time(user)
    candidate = access.seen_by(user, candidate_id)
    held = queue.in_hand(user, candidate)
    if held is None:
        raise HeldByAnother("review.not_in_hand")
    return candidate, held


def _evidence(media: OpenMedia, times_s: Sequence[float]) -> tuple[Frame, ...]:
    if media.media.kind is MediaKind.VIDEO and times_s:
        return media.frames_at(times_s)
    return media.first_look()[: MOST_FRAMES // 2 if media.media.kind is MediaKind.VIDEO else 1]


def sketched(file: Kept, frame: Frame) -> Sketched:
    """A frame as it is drawn before anything is lifted."""
    rows = sketch(frame.pixels, side_px=CELLS)
    height, width = rows.shape
    return Sketched(file.id, frame.at_s, width, height, tuple(_paths(rows)))


def _paths(rows: np.ndarray[Any, np.dtype[np.uint8]]) -> Iterator[tuple[str, str]]:
    """One path for each of 32 greys: a unit square for every cell that has it."""
    cells = sorted((int(grey) // 8 * 8 + 4, y, x) for y, row in enumerate(rows) for x, grey in enumerate(row))
    for grey, group in groupby(cells, key=lambda cell: cell[0]):
        yield f"#{grey:02x}{grey:02x}{grey:02x}", "".join(f"M{x} {y}h1v1h-1z" for _, y, x in group)


def _small(frame: Frame) -> np.ndarray[Any, np.dtype[np.uint8]]:
    height, width = frame.pixels.shape[:2]
    scale = min(1.0, CLEAR_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
