"""`jikim authority`: who may search, on what ground, and who answers for it."""

from __future__ import annotations

import sys

from jikim.config import Config
from jikim.state import Authority, State
from jikim.terminal import say


def show(config: Config) -> int:
    """Prints the authority in force. Returns the exit status: 1 when there is none."""
    with State.open(config.home) as state:
        authority = state.authority()
    if authority is None:
        sys.stderr.write(f"jikim: {say(config.lang, 'authority.none')}\n")
        return 1
    _print(config, authority)
    return 0


def record(config: Config, organisation: str, legal_ground: str, responsible: str) -> int:
    """Puts an authority on record; those before it are kept."""
    with State.open(config.home) as state:
        _print(config, state.record_authority(organisation, legal_ground, responsible))
    return 0


def _print(config: Config, authority: Authority) -> None:
    recorded_at = authority.recorded_at.astimezone().strftime("%Y-%m-%d %H:%M %Z")
    line = say(
        config.lang,
        "authority.in_force",
        organisation=authority.organisation,
        legal_ground=authority.legal_ground,
        responsible=authority.responsible,
        recorded_at=recorded_at,
    )
    sys.stdout.write(line + "\n")
