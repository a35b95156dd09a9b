"""The Protocols of the plug-ins and how they are found.

A plug-in is one file: a class with a `Config`, `examples()` and `verify()`, registered under an entry-point group. The
command layer builds it and hands it what it needs: a source its fetcher, an analyzer its model sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec

from jikim.errors import BadUse
from jikim.types import Answer, Candidate, Capture, Cue, Frame, Keyword, ModelCard, Need, Subject

SOURCES = "jikim.sources"
ANALYZERS = "jikim.analyzers"
COMMANDS = "jikim.commands"


class Fetcher(Protocol):
    """The one safe way to bring bytes here."""

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """The answer to a GET, in memory, whatever its status below 400.

        Raises FetchRefused when policy forbids it and FetchFailed when the other side or the way there fails, with `status`
        for an HTTP status of 400 and more. `max_bytes` can only lower the configured limit.
        """
        ...

    def capture(self, url: str, *, max_bytes: int | None = None) -> Capture:
        """Fetches a file and seals it as it arrives. Raises as `get` does, and VaultError when it cannot be sealed."""
        ...


class Sessions(Protocol):
    """Model files, opened once for as long as the process lives."""

    def path(self, weights: str) -> Path:
        """The verified file of `weights`, a name of the catalogue. Raises WeightsMissing."""
        ...

    def sha256(self, weights: str) -> str:
        """Of the file that `path` names."""
        ...

    def session(self, weights: str) -> Any:
        """An onnxruntime InferenceSession with one thread. Raises WeightsMissing."""
        ...


@runtime_checkable
class Source(Protocol):
    """A place to search. Built as `SourceClass(config, fetcher)`.

    It may also have `names_pages: bool`: its candidates are addresses of pages, what media these hold is found by opening
    them. And `warnings: list[JikimError]`, emptied by `search` and filled while it runs: what could not be read of the place
    although the rest was delivered.
    """

    name: str

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """Candidates for `keyword`, the best first, at most `limit`, none posted before `since` where the place says when.

        Raises NotConfigured, FetchRefused, FetchFailed or SourceChanged; what was yielded before stands.
        """
        ...


@runtime_checkable
class Analyzer(Protocol):
    """One kind of cue. Built as `AnalyzerClass(config, sessions)`.

    `after` names analyzers of earlier rounds whose lines it wants to see; `cost_ms` is what one frame, second of audio or
    text costs on one core, as measured.
    """

    name: str
    version: str
    needs: frozenset[Need]
    after: frozenset[str]
    card: ModelCard
    cost_ms: float

    def analyze(self, subject: Subject) -> Iterable[Cue]: ...


@runtime_checkable
class LookingCloser(Protocol):
    """What an analyzer may have besides: asked after `analyze` of a film's first frames, it may fetch frames of moments of its
    own choice and give the cues that stand instead of its first; None leaves these."""

    def look_closer(
        self, subject: Subject, frames_at: Callable[[Sequence[float]], Sequence[Frame]]
    ) -> Iterable[Cue] | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class AnalyzerExample:
    """A harmless subject, made by code, and the names of the cues it must give (and no others of that analyzer)."""

    subject: Subject
    cue_names: frozenset[str]


@dataclass(frozen=True, slots=True)
class SourceExample:
    """Answers by address, in the documented shape of a place, and the native ids that a search over them must give."""

    config: Mapping[str, Any]
    answers: Mapping[str, bytes]
    keyword: Keyword
    native_ids: tuple[str, ...]


class SourcePlugin(Protocol):
    """The class behind a source's entry point. `Config` is a frozen msgspec.Struct."""

    name: ClassVar[str]
    Config: ClassVar[type[msgspec.Struct]]

    def __call__(self, config: Any, fetcher: Fetcher) -> Source: ...

    @classmethod
    def examples(cls) -> Iterable[SourceExample]: ...

    @classmethod
    def verify(cls, config: Any) -> None:
        """Raises NotConfigured when it could not work with this config."""
        ...


class AnalyzerPlugin(Protocol):
    """The class behind an analyzer's entry point. `Config` is a frozen msgspec.Struct."""

    name: ClassVar[str]
    Config: ClassVar[type[msgspec.Struct]]
    weights: ClassVar[tuple[str, ...]]

    def __call__(self, config: Any, sessions: Sessions) -> Analyzer: ...

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]: ...

    @classmethod
    def verify(cls, config: Any, sessions: Sessions) -> None:
        """Raises WeightsMissing or NotConfigured when it could not work."""
        ...


def plugins(group: str) -> Mapping[str, Any]:
    """The plug-in classes registered under `group`, by name, in order of name. Imports each of them."""
    return {point.name: point.load() for point in sorted(entry_points(group=group), key=lambda point: point.name)}


def plugin(group: str, name: str) -> Any:
    """One plug-in class by name, importing no other. Raises BadUse naming those there are."""
    points = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        raise BadUse("seams.unknown_plugin", name=name, known=", ".join(sorted(points)))
    return points[name].load()


def configured(kind: type[msgspec.Struct], section: Mapping[str, Any], where: str) -> Any:
    """A plug-in's Config from its section of the configuration. Raises BadUse saying which setting is wrong."""
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise BadUse("config.invalid", where=where, problem=str(error)) from error
