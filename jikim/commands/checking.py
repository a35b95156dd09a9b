"""`jikim check`: what works here, what is missing and how to get it."""

from __future__ import annotations

import sys

from jikim.config import Config
from jikim.errors import JikimError
from jikim.media.sandbox import missing
from jikim.seams import ANALYZERS, SOURCES, configured, plugin, plugins
from jikim.state import State
from jikim.terminal import say
from jikim.vault import open_vault
from jikim.weights.inventory import FileState, verify_all
from jikim.weights.sessions import LocalSessions


def run(config: Config) -> int:
    """One line a part. Returns the exit status: 1 when something is missing that nothing works without."""
    lacking = missing()
    status = 1 if any(part.is_mandatory for part in lacking) else 0
    _print(config.lang, "checking.sandbox", is_well=not lacking)
    for part in lacking:
        sys.stdout.write(f"   {say(config.lang, part.message_key)}\n")
    holdings = verify_all(config.weights)
    wrong = [holding.weights.name for holding in holdings if holding.state is not FileState.RIGHT]
    _print(config.lang, "checking.weights", is_well=not wrong, wrong=", ".join(wrong) or "-", where=str(config.weights))
    status = 1 if wrong else status
    for key, try_out in (("checking.vault", _try_vault), ("checking.state", _try_state)):
        try:
            try_out(config)
            _print(config.lang, key, is_well=True, problem="-")
        except JikimError as error:
            _print(config.lang, key, is_well=False, problem=error.message().in_language(config.lang))
            status = 1
    _print(config.lang, "checking.sources", is_well=True, names=", ".join(plugins(SOURCES)))
    for name, section in config.sources.items():
        try:
            kind = plugin(SOURCES, name)
            kind.verify(configured(kind.Config, section, f"sources.{name}"))
        except JikimError as error:
            _print(config.lang, "checking.source", is_well=False, name=name, problem=error.message().in_language(config.lang))
            status = 1
    sessions = LocalSessions(config.weights)
    for name, kind in plugins(ANALYZERS).items():
        try:
            kind.verify(configured(kind.Config, config.analyzers.get(name, {}), f"analyzers.{name}"), sessions)
            _print(config.lang, "checking.analyzer", is_well=True, name=name)
        except JikimError as error:
            _print(config.lang, "checking.analyzer", is_well=False, name=name, problem=error.message().in_language(config.lang))
            status = 1
    if not status:
        with State.open(config.home) as state:
            _print(config.lang, "checking.authority", is_well=state.authority() is not None)
    return status


def _try_vault(config: Config) -> None:
    with open_vault(config) as vault:
        vault.check()


def _try_state(config: Config) -> None:
    with State.open(config.home):
        pass


def _print(lang: str, key: str, *, is_well: bool, **params: str) -> None:
    sys.stdout.write(f"{'O' if is_well else 'X'}  {say(lang, key if is_well else key + '_missing', **params)}\n")
