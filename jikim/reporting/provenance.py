"""What took part in a sweep, by version and sha256, so that it can be repeated and its result compared."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import msgspec

import jikim
from jikim.assessing.rules import in_force
from jikim.config import Config
from jikim.errors import WeightsMissing
from jikim.scan import worker_count
from jikim.seams import ANALYZERS, configured, plugins
from jikim.types import JsonValue
from jikim.weights.sessions import LocalSessions, sha256_of

_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")
_HARMLESS_WORD = re.compile(r"[\w -]{1,40}")
"""A setting that is a plain word is shown; one with dots, slashes or colons may be an address or a path and is not."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that took part: `hashes` are sha256 by name, `settings` by name with what may lead somewhere left out."""

    name: str
    version: str
    hashes: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TookPart:
    """`code` is Jikim itself: its version and one sha256 over every file of the package, its rules and words among them."""

    code: Part
    rules: Part
    analyzers: tuple[Part, ...]
    libraries: tuple[Part, ...]
    machine: str
    settings: tuple[tuple[str, str], ...]


def took_part(config: Config) -> TookPart:
    """What takes part in a run with this configuration. Raises BadUse for a wrong setting of an analyzer."""
    rules = in_force()
    cores = worker_count(config)
    return TookPart(
        code=Part("jikim", jikim.__version__, (("jikim/", package_sha256()),)),
        rules=Part("assessing", rules.assessor_version, (("weights.toml", rules.sha256),)),
        analyzers=tuple(_analyzers(config)),
        libraries=tuple(Part(name, metadata.version(name)) for name in _required("jikim")),
        machine=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores} processes",
        settings=tuple(_settings(config)),
    )


@cache
def package_sha256() -> str:
    """One sha256 over all files of the package, as they lie on this machine."""
    return content_sha256(Path(jikim.__file__).parent)


def content_sha256(path: Path) -> str:
    """The sha256 of a file, or one over the names and contents of all files of a folder. Raises OSError."""
    if not path.is_dir():
        return sha256_of(path)
    whole = sha256()
    for file in sorted(path.rglob("*")):
        if not file.is_file() or "__pycache__" in file.parts:
            continue
        with suppress(FileNotFoundError):  # a bank in use replaces the files of its index
            whole.update(f"{file.relative_to(path).as_posix()}\0{sha256_of(file)}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _analyzers(config: Config) -> Iterator[Part]:
    sessions = LocalSessions(config.weights)
    for name, kind in plugins(ANALYZERS).items():
        settings = configured(kind.Config, config.analyzers.get(name, {}), f"analyzers.{name}")
        values = msgspec.to_builtins(settings)
        hashes = [(weights, _hash(sessions, weights)) for weights in kind.weights]
        hashes += [(setting, content_sha256(path)) for setting, path in _files(values)]
        yield Part(name, str(kind.version), tuple(hashes), tuple(_shown(values)))


def _files(settings: Mapping[str, JsonValue]) -> Iterator[tuple[str, Path]]:
    """The settings that name a file or folder of this machine, such as the centre's banks: they take part too."""
    for name, value in settings.items():
        if isinstance(value, str) and "/" in value and Path(value).exists():
            yield name, Path(value)


def _hash(sessions: LocalSessions, weights: str) -> str:
    try:
        return sessions.sha256(weights)
    except WeightsMissing:  # a plug-in's own file that the catalogue does not know: said as unknown, not passed over
        return "?"


def _settings(config: Config) -> Iterator[tuple[str, str]]:
    for section in ("fetching", "opening", "sweeping"):
        for name, value in _shown(msgspec.to_builtins(getattr(config, section))):
            yield f"{section}.{name}", value
    file = config.home / "config.toml"
    if file.is_file():
        yield "config.toml sha256", sha256_of(file)


def _shown(settings: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Settings as text; of those that may hold an address, a path or a key only that they are set."""
    for name, value in settings.items():
        yield name, shown_setting(value)


def shown_setting(value: JsonValue) -> str:
    """One setting as text, `(n)` for n values that may lead somewhere."""
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, str):
        return value if _HARMLESS_WORD.fullmatch(value) else "(1)"
    if isinstance(value, Mapping):
        if all(_is_harmless(one) for pair in value.items() for one in pair):
            return ", ".join(f"{name}={one}" for name, one in value.items()) or "-"
        return f"({len(value)})"
    if isinstance(value, list | tuple):
        return (", ".join(map(str, value)) or "-") if all(map(_is_harmless, value)) else f"({len(value)})"
    return "(1)"


def _is_harmless(value: JsonValue) -> bool:
    is_word = isinstance(value, str) and _HARMLESS_WORD.fullmatch(value) is not None
    return is_word or isinstance(value, bool | int | float)


def _required(package: str) -> list[str]:
    """The names of a package's own requirements, without those of its extras."""
    named = [_REQUIREMENT.match(one) for one in metadata.requires(package) or () if "extra ==" not in one]
    return sorted(one.group() for one in named if one)
