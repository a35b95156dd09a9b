"""`jikim source key`: the keys and tokens of places, tried on entry, sealed under the centre's key, never shown."""

from __future__ import annotations

import sys
from typing import Any

from jikim.commands import places
from jikim.config import Config
from jikim.errors import BadUse
from jikim.seams import SOURCES, configured, plugin
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import State
from jikim.sweep import Health, ask_place
from jikim.terminal import say
from jikim.types import Candidate, SourceState
from jikim.vault import open_vault

TRIED = "날씨"


def fields(name: str) -> tuple[str, ...]:
    """The secret fields of a kind of place. Raises BadUse for one that has none or that nobody knows."""
    wanted: tuple[str, ...] = getattr(plugin(SOURCES, name), "secrets", ())
    if not wanted:
        raise BadUse("keys.none_wanted", source=name)
    return wanted


def record(config: Config, name: str, given: dict[str, str]) -> int:
    """Tries the keys of a place by asking it once, and seals them if it takes them. 1 when it does not: nothing is kept then.

    Raises BadUse for keys of a wrong form, AuthorityMissing.
    """
    kind: Any = plugin(SOURCES, name)
    kind.verify(configured(kind.Config, {**config.sources.get(name, {}), **given}, f"sources.{name}"))
    found: list[Candidate] = []
    answered = Health()
    with places.opened(config, [name], keys={name: given}) as [place]:
        ask_place(place, read_keyword(TRIED, None), None, 1, answered, lambda _, one: found.append(one) if one else None)
    if answered.state not in (SourceState.OK, SourceState.EMPTY):
        sys.stderr.write(f"jikim: {say(config.lang, 'keys.refused', source=name)}\n")
        if answered.error is not None:
            sys.stderr.write(f"jikim: {answered.error.message(masked=True).in_language(config.lang)}\n")
        return 1
    with open_vault(config) as vault, State.open(config.home) as state:
        state.keep_credentials(
            name, {field: vault.seal_field(places.CREDENTIALS, name, field, text) for field, text in given.items()}
        )
    sys.stdout.write(say(config.lang, "keys.kept", source=name) + "\n")
    return 0


def forget(config: Config, name: str) -> int:
    """Removes the keys of a place."""
    fields(name)
    with State.open(config.home) as state:
        state.keep_credentials(name, {})
    sys.stdout.write(say(config.lang, "keys.forgotten", source=name) + "\n")
    return 0
