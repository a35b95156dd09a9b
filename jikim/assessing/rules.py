"""The priors, weights and thresholds of `weights.toml`, named by their sha256.

A centre may put its own in their place as `$JIKIM_HOME/assessing.toml`, in the same form; without it those shipped count.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import msgspec.toml

from jikim.config import home_folder
from jikim.errors import BadUse

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    look: Share
    urgent_low: Share


class AxisRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`spread`: standard deviation of one cue's evidence, in log-odds."""

    prior: Share
    spread: NotNegative


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of cue moves one axis; `weight` is never negative, so each axis is monotone in every cue. A rule that is not
    `is_on` moves nothing; `note` says why. Where it `is_shown`, its cues are still told, as a reason of weight 0."""

    cue: str
    axis: Literal["minor", "sexual"]
    field: str
    neutral: Share
    weight: NotNegative
    floor: float
    ceiling: float
    reason: str
    label: str | None = None
    is_text: bool = False
    is_on: bool = True
    is_shown: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """The cue, and the label where the rule is of one only."""
        return f"{self.cue}: {self.label}" if self.label else self.cue


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    thresholds: Thresholds
    axes: Mapping[Literal["minor", "sexual"], AxisRule]
    rules: tuple[Rule, ...]
    sha256: str = ""

    @property
    def assessor_version(self) -> str:
        return f"{self.version}+{self.sha256[:16]}"


def read(toml: bytes) -> Rules:
    """Rules from the bytes of a TOML file. Raises msgspec.ValidationError for a wrong one."""
    return msgspec.structs.replace(msgspec.toml.decode(toml, type=Rules), sha256=sha256(toml).hexdigest())


@cache
def shipped() -> Rules:
    """The rules that come with this version."""
    return read(files("jikim.assessing").joinpath("weights.toml").read_bytes())


def in_force() -> Rules:
    """The centre's own rules where it has switched some on, else those shipped. A change counts from the next call.

    Raises BadUse when the centre's file cannot be read: other rules than those it switched on never count in silence.
    """
    path = own_file(home_folder())
    try:
        return _own(path.read_bytes())
    except FileNotFoundError:
        return shipped()
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadUse("config.invalid", where=str(path), problem=type(error).__name__) from error


def own_file(home: Path) -> Path:
    """Where a centre's own rules lie."""
    return home / "assessing.toml"


@lru_cache(maxsize=2)
def _own(toml: bytes) -> Rules:
    return read(toml)
