"""The way of one file or text: open it in the sandbox, analyze it in rounds, look again where cues appear.

`Detector` holds what lives as long as the process: the sandbox's zygote and the analyzers with their model sessions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import numpy as np

from jikim.analyzers.tracks import with_tracks
from jikim.config import Config
from jikim.copies.pdq import pdq, reduced, to_hex
from jikim.errors import BadUse, JikimError, MediaUnreadable
from jikim.media.blur import CELLS, sketch
from jikim.media.opening import Opener, OpenMedia
from jikim.media.sampling import refine
from jikim.seams import ANALYZERS, Analyzer, LookingCloser, configured, plugin, plugins
from jikim.types import Audio, Cue, Frame, Media, MediaKind, Need, Reason, Subject, TextOrigin, TextSpan
from jikim.weights.sessions import LocalSessions

REFINING_ROUNDS = 2
DEAR_MS = 25.0
"""An analyzer that costs more a frame looks at the first frames only; in a sweep, after the others have seen everything."""
SKETCHES = 3
"""How many frames of a file are sketched for a report."""
EXTENT_FRAMES = 4
EXTENT_QUALITY = 50
"""Of PDQ: a picture with less in it is no evidence of a copy."""
HEARD_S = 600.0
HEARD_PIECES = 10
"""How much of the sound is listened to: all of it, or as many pieces spread over the length."""


class Step(StrEnum):
    """The two steps of looking, cheap before dear: what is to be seen, then what is to be read and heard."""

    SEE = "see"
    READ = "read"


class AnalyzerFailed(JikimError):
    """An analyzer stopped with a fault of its own; the others' cues stand."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be done at which stage (`fetch`, `open`, `analyze`), and why."""

    stage: str
    error: JikimError


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a frame for a report: grey means (0..255), 16 along the longer side, row by row; never the frame."""

    at_s: float | None
    rows: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a file shows from its beginning to its end, so that copies of the same extent are told without the file. `frames`:
    (milliseconds, PDQ as 64 hexadecimal digits) of a few frames in order of time, only those with enough in them to be told."""

    sha256: str
    kind: MediaKind
    width_px: int
    height_px: int
    duration_ms: int
    frames: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was noticed in one file or text. `took_ms` has `open` and each analyzer's name; `frames` counts those seen."""

    media: Media | None = None
    cues: tuple[Cue, ...] = ()
    frames: int = 0
    took_ms: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    sketches: tuple[Sketch, ...] = ()
    extents: tuple[Extent, ...] = ()


class Detector:
    """The sandbox and the analyzers of one process. `only` limits the analyzers by name.

    `has_sketches` keeps sketches of the frames that gave cues, `has_extents` the extent of each file that is seen; by default
    nothing of a picture leaves the process.
    """

    def __init__(
        self,
        config: Config,
        only: Sequence[str] | None = None,
        *,
        has_sketches: bool = False,
        has_extents: bool = False,
    ) -> None:
        self._has_sketches = has_sketches
        self._has_extents = has_extents
        analyzers = build_analyzers(config, only)
        self._seeing = [one for one in analyzers if Need.FRAMES in one.needs and not _is_dear(one)]
        self._reading = [one for one in analyzers if _is_dear(one)]
        self._hearing = [one for one in analyzers if Need.AUDIO in one.needs]
        self._wording = [one for one in analyzers if one.needs == {Need.TEXT}]
        self.opener = Opener(config.opening)
        self._frames_limit = config.opening.frames_limit

    def __enter__(self) -> Self:
        self.opener.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.opener.__exit__(kind, error, trace)

    def look(self, fd: int, sha256: str, texts: Sequence[TextSpan] = (), steps: Collection[Step] = tuple(Step)) -> Look:
        """Looks at the file behind `fd` (left open) and at `texts`; what cannot be opened or analyzed is a failure."""
        clock = Clock()
        try:
            with clock.timing("open"):
                media = self.opener.open(fd, sha256)
            with media:
                return self._look_inside(media, tuple(texts), steps, clock)
        except JikimError as error:
            return Look(took_ms=clock.took_ms, failures=(Failure("open", error),))

    def read(self, texts: Sequence[TextSpan]) -> Look:
        """Looks at words alone."""
        clock = Clock()
        cues, failures = analyze(Subject(None, texts=tuple(texts)), self._wording, clock)
        return Look(cues=tuple(cues), took_ms=clock.took_ms, failures=tuple(failures))

    def _look_inside(self, media: OpenMedia, texts: tuple[TextSpan, ...], steps: Collection[Step], clock: Clock) -> Look:
        with clock.timing("open"):
            frames = media.first_look() if media.media.kind is not MediaKind.AUDIO else ()
        cues: list[Cue] = []
        failures: list[Failure] = []
        count = 0
        if Step.SEE in steps:
            cues, failures, count = self._see(media, frames, clock)
        if Step.READ in steps:
            lines, failed = analyze(Subject(media.media, frames), self._reading, clock)
            said, unheard = self._hear(media, clock)
            words = (*texts, *spans([*lines, *said]))
            meant, unread = analyze(Subject(media.media, texts=words), self._wording, clock)
            cues += [*lines, *said, *meant]
            failures += [*failed, *unheard, *unread]
            count = max(count, len(frames))
        failures += [Failure("open", MediaUnreadable(key)) for key in media.warnings]
        sketches = sketched(frames, cues) if self._has_sketches else ()
        extents = (extent(media.media, frames),) if self._has_extents and Step.SEE in steps else ()
        return Look(media.media, tuple(cues), count, clock.took_ms, tuple(failures), sketches, extents)

    def _see(self, media: OpenMedia, frames: Sequence[Frame], clock: Clock) -> tuple[list[Cue], list[Failure], int]:
        """The cues of the first frames and of those around them; the number of frames looked at."""
        if not self._seeing:
            return [], [], len(frames)
        cues, failures = analyze(Subject(media.media, tuple(frames)), self._seeing, clock)
        cues, failed = look_closer(media, self._seeing, cues, clock)
        failures += failed
        seen = list(frames)
        for _ in range(REFINING_ROUNDS):
            more = self._look_again(media, seen, cues, clock)
            if not more:
                break
            seen += more
            further, failed = analyze(Subject(media.media, more), self._seeing, clock)
            cues += further
            failures += failed
        return with_tracks(cues), failures, len(seen)

    def _look_again(self, media: OpenMedia, seen: Sequence[Frame], cues: Sequence[Cue], clock: Clock) -> tuple[Frame, ...]:
        duration_s = media.media.duration_s
        if media.media.kind is not MediaKind.VIDEO or not duration_s or len(seen) >= self._frames_limit:
            return ()
        seen_s = sorted(frame.at_s for frame in seen if frame.at_s is not None)
        cued_s = sorted({cue.at_s for cue in cues if cue.at_s is not None})
        with clock.timing("open"):
            return tuple(media.frames_at(refine(seen_s, cued_s, duration_s, self._frames_limit - len(seen))))

    def _hear(self, media: OpenMedia, clock: Clock) -> tuple[list[Cue], list[Failure]]:
        if not self._hearing or not media.has_audio:
            return [], []
        with clock.timing("open"):
            starts_s, audio = heard(media)
        if audio is None:
            return [], []
        cues, failures = analyze(Subject(media.media, audio=audio), self._hearing, clock)
        return [at_real_time(cue, starts_s) for cue in cues], failures


def heard(media: OpenMedia) -> tuple[list[float], Audio | None]:
    """The sound to listen to, whole or as pieces of equal length put together, and where each piece starts in the media."""
    duration_s = media.media.duration_s
    if duration_s is None or duration_s <= HEARD_S:
        return [0.0], media.audio(0.0, HEARD_S)
    piece_s = HEARD_S / HEARD_PIECES
    starts_s = [number * (duration_s - piece_s) / (HEARD_PIECES - 1) for number in range(HEARD_PIECES)]
    pieces = [(start_s, piece) for start_s in starts_s if (piece := media.audio(start_s, piece_s)) is not None]
    if not pieces:
        return [0.0], None
    rate_hz = pieces[0][1].rate_hz
    size = int(piece_s * rate_hz)
    padded = [np.pad(piece.samples[:size], (0, max(0, size - piece.samples.size))) for _, piece in pieces]
    return [start_s for start_s, _ in pieces], Audio(np.concatenate(padded), rate_hz)


def at_real_time(cue: Cue, starts_s: Sequence[float]) -> Cue:
    """A cue of joined pieces with its times in the media."""
    if len(starts_s) == 1 or cue.at_s is None:
        return cue
    piece_s = HEARD_S / HEARD_PIECES
    piece = min(int(cue.at_s / piece_s), len(starts_s) - 1)
    shift_s = starts_s[piece] - piece * piece_s
    times = {name: cue.value[name] + shift_s for name in ("start_s", "end_s") if name in cue.value}
    return replace(cue, at_s=cue.at_s + shift_s, value={**cue.value, **times})


def sketched(frames: Iterable[Frame], cues: Iterable[Cue]) -> tuple[Sketch, ...]:
    """Sketches of the first frames that gave the surest cues, at most `SKETCHES`, in order of time."""
    surest = dict.fromkeys(cue.at_s for cue in sorted(cues, key=lambda cue: -cue.confidence))
    by_time = {frame.at_s: frame for frame in frames}
    shown = [by_time[at_s] for at_s in surest if at_s in by_time][:SKETCHES]
    return tuple(
        Sketch(frame.at_s, tuple(row.tobytes() for row in sketch(frame.pixels, side_px=CELLS)))
        for frame in sorted(shown, key=lambda frame: frame.at_s or 0.0)
    )


def extent(media: Media, frames: Sequence[Frame]) -> Extent:
    """The extent of a file by at most `EXTENT_FRAMES` of its first frames, spread evenly."""
    spread = sorted({round(place) for place in np.linspace(0, len(frames) - 1, min(len(frames), EXTENT_FRAMES))})
    told: list[tuple[int, str]] = []
    for frame in (frames[place] for place in spread):
        hashed, quality = pdq(reduced(frame.pixels))
        if quality >= EXTENT_QUALITY:
            told.append((round((frame.at_s or 0.0) * 1000), to_hex(hashed)))
    duration_ms = round((media.duration_s or 0.0) * 1000)
    return Extent(media.id, media.kind, media.width_px or 0, media.height_px or 0, duration_ms, tuple(told))


def spans(cues: Iterable[Cue]) -> list[TextSpan]:
    """The words of lines and utterances, for the analyzers of the next round."""
    origins = {"line": TextOrigin.SCREEN, "utterance": TextOrigin.SPEECH}
    said = [cue for cue in cues if cue.name in origins and cue.value["text"]]
    return [TextSpan(cue.value["text"], origins[cue.name], cue.at_s) for cue in said]


def analyze(subject: Subject, analyzers: Iterable[Analyzer], clock: Clock) -> tuple[list[Cue], list[Failure]]:
    """Runs every analyzer whose needs the subject meets; one that fails hides no other."""
    offered = {Need.FRAMES: bool(subject.frames), Need.AUDIO: subject.audio is not None, Need.TEXT: bool(subject.texts)}
    cues: list[Cue] = []
    failures: list[Failure] = []
    for analyzer in analyzers:
        if not any(offered[need] for need in analyzer.needs):
            continue
        with clock.timing(analyzer.name):
            try:
                cues += analyzer.analyze(subject)
            except Exception as error:  # noqa: BLE001 - a plug-in's own fault must not hide the other cues; it is reported
                failures.append(_failure_of(analyzer, error))
    return cues, failures


def look_closer(
    media: OpenMedia, analyzers: Iterable[Analyzer], cues: list[Cue], clock: Clock
) -> tuple[list[Cue], list[Failure]]:
    """The cues with those of analyzers that asked for frames of a film where they were unsure in place of their first ones."""
    failures: list[Failure] = []
    for analyzer in analyzers if media.media.kind is MediaKind.VIDEO else ():
        if isinstance(analyzer, LookingCloser):
            with clock.timing(analyzer.name):
                try:
                    surer = analyzer.look_closer(Subject(media.media), media.frames_at)
                    if surer is not None:
                        cues = [*(cue for cue in cues if cue.analyzer != analyzer.name), *surer]
                except Exception as error:  # noqa: BLE001 - as in `analyze`
                    failures.append(_failure_of(analyzer, error))
    return cues, failures


def _failure_of(analyzer: Analyzer, error: Exception) -> Failure:
    failed = AnalyzerFailed("scan.analyzer_failed", analyzer=analyzer.name, problem=type(error).__name__)
    return Failure("analyze", failed)


def build_analyzers(config: Config, only: Sequence[str] | None = None) -> list[Analyzer]:
    """The analyzers that are set up, in the order of their rounds.

    Raises BadUse for an unknown name or setting, WeightsMissing when a model file is absent.
    """
    sessions = LocalSessions(config.weights)
    built: list[Analyzer] = []
    for name, kind in _analyzer_classes(only).items():
        settings = configured(kind.Config, config.analyzers.get(name, {}), f"analyzers.{name}")
        built.append(kind(settings, sessions))
    return in_rounds(built)


def verify_analyzers(config: Config, only: Sequence[str] | None = None) -> None:
    """Raises before any work begins what would stop every worker: an unknown name or setting, or a missing model file."""
    sessions = LocalSessions(config.weights)
    for name, kind in _analyzer_classes(only).items():
        configured(kind.Config, config.analyzers.get(name, {}), f"analyzers.{name}")
        for weights in kind.weights:
            sessions.path(weights)


def reads_media(only: Sequence[str] | None = None) -> bool:
    """Whether there is anything to do in the step READ."""
    return any(Need.AUDIO in kind.needs or _is_dear(kind) for kind in _analyzer_classes(only).values())


def _is_dear(analyzer: Any) -> bool:
    return Need.FRAMES in analyzer.needs and analyzer.cost_ms > DEAR_MS


def _analyzer_classes(only: Sequence[str] | None) -> Mapping[str, Any]:
    return plugins(ANALYZERS) if only is None else {name: plugin(ANALYZERS, name) for name in only}


def in_rounds(analyzers: Sequence[Analyzer]) -> list[Analyzer]:
    """Each analyzer behind those it comes `after`. Raises BadUse when they wait for each other."""
    waiting, done = list(analyzers), list[Analyzer]()
    names = {analyzer.name for analyzer in analyzers}
    while waiting:
        placed = {analyzer.name for analyzer in done}
        ready = [analyzer for analyzer in waiting if analyzer.after & names <= placed]
        if not ready:
            raise BadUse("scan.circular_rounds", names=", ".join(analyzer.name for analyzer in waiting))
        done += ready
        waiting = [analyzer for analyzer in waiting if analyzer not in ready]
    return done


def failure_remarks(failures: Iterable[Failure]) -> list[Reason]:
    """One reason "could not be analysed" for each stage that failed."""
    stages = dict.fromkeys(failure.stage for failure in failures)
    return [Reason("reason.failed", {"what": {"message": f"stage.{stage}"}}, 0.0, ()) for stage in stages]


class Clock:
    """Adds up wall-clock time by name, in milliseconds."""

    def __init__(self) -> None:
        self.took_ms: dict[str, float] = {}

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Adds the time of the block to `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.took_ms[name] = self.took_ms.get(name, 0.0) + (time.perf_counter() - start) * 1000


def worker_count(config: Config) -> int:
    """How many processes look at media at once: one a core unless configured."""
    return config.sweeping.workers or len(os.sched_getaffinity(0))
