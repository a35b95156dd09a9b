"""`jikim source key`: the keys and tokens of places, tried on entry, sealed under the centre's key, never shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from jikim.commands import places
from jikim.commands.trying import Tried, tried
from jikim.config import Config
from jikim.errors import BadUse
from jikim.seams import SOURCES, configured, plugin
from jikim.state import State
from jikim.terminal import say
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
    answer = try_and_keep(config, name, given)
    if not answer.is_well:
        sys.stderr.write(f"jikim: {say(config.lang, 'keys.refused', source=name)}\n")
        if answer.health.error is not None:
            sys.stderr.write(f"jikim: {answer.health.error.message(masked=True).in_language(config.lang)}\n")
        return 1
    sys.stdout.write(say(config.lang, "keys.kept", source=name) + "\n")
    return 0


def try_and_keep(config: Config, name: str, given: Mapping[str, str]) -> Tried:
    """As `record`, told and not said: the keys are kept where `is_well`."""
    kind: Any = plugin(SOURCES, name)
    kind.verify(configured(kind.Config, {**config.sources.get(name, {}), **given}, f"sources.{name}"))
    answer = tried(config, name, TRIED, keys=given, limit=1)
    if answer.is_well:
        with open_vault(config) as vault, State.open(config.home) as state:
            state.keep_credentials(
                name, {field: vault.seal_field(places.CREDENTIALS, name, field, text) for field, text in given.items()}
            )
    return answer


def forget(config: Config, name: str) -> int:
    """Removes the keys of a place."""
    fields(name)
    with State.open(config.home) as state:
        state.keep_credentials(name, {})
    sys.stdout.write(say(config.lang, "keys.forgotten", source=name) + "\n")
    return 0
