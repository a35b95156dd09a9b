"""The desk's section of `$JIKIM_HOME/config.toml`: what a centre sets for its people and its machine."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec

from jikim import config as configuration
from jikim.config import Config
from jikim.errors import BadUse

Count = Annotated[int, msgspec.Meta(ge=1)]


class DeskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[desk]`. `database` is empty for `$JIKIM_HOME/desk.sqlite`, else `postgresql://user:password@host/name`."""

    centre: str = ""
    listen: str = "127.0.0.1:8470"
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    """The names under which browsers reach the desk; others are refused."""
    is_https: bool = False
    """Set where a proxy in front of the desk speaks https: cookies are then marked secure."""
    database: str = ""
    totp_allowed: bool = True
    session_hours: Count = 10
    idle_minutes: Count = 30
    claim_minutes: Count = 20
    undo_s: Count = 60
    viewing_minutes_a_day: Count = 240
    viewing_minutes_at_once: Count = 50
    break_minutes: Count = 10
    second_opinion_for: tuple[str, ...] = ()
    """Decisions that two people make: names of the decisions, as in `review`."""
    categories: tuple[str, ...] = ("미분류",)
    """The centre's own scheme for what was confirmed."""
    night_from_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 22
    night_to_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 7
    time_zone: str = "Asia/Seoul"
    timestamp_authority: str = ""
    """Address of an RFC 3161 time-stamping authority for exports of the audit chain."""
    timestamp_roots: str = ""
    """A file with the certificates (PEM) by which its stamps are checked; empty for none."""
    is_practice: bool = False
    """A throwaway desk to try things on: one link signs in without a key, and nothing but practice is searched."""


@cache
def jikim_config() -> Config:
    """The whole configuration in force. Raises BadUse."""
    return configuration.load()


@cache
def desk_config() -> DeskConfig:
    """The desk's part of it. Raises BadUse naming the setting that is wrong."""
    config = jikim_config()
    try:
        return msgspec.convert(config.desk, DeskConfig)
    except msgspec.ValidationError as error:
        raise BadUse("config.invalid", where=str(config.home / "config.toml"), problem=f"[desk] {error}") from error
