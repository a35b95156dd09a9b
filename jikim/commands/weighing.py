"""`jikim weights`: model files are fetched, listed and verified."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from jikim.config import Config
from jikim.terminal import say
from jikim.weights.inventory import FileState, Holding, listing, verify_all
from jikim.weights.origins import fetch_all


def fetch(config: Config, local: Path | None) -> int:
    """Brings what is absent. Raises WeightsMissing when no origin delivers."""
    fetch_all(config.weights, local=local, report=lambda message: _write(message.in_language(config.lang)))
    return 0


def show(config: Config) -> int:
    """The catalogue with licences and states."""
    return _print(config, listing)


def verify(config: Config) -> int:
    """The same with every sha256 computed; 1 when one is absent or wrong."""
    return _print(config, verify_all)


def _print(config: Config, listed: Callable[[Path], tuple[Holding, ...]]) -> int:
    holdings = listed(config.weights)
    for holding in holdings:
        weights = holding.weights
        state = say(config.lang, f"weights.state.{holding.state}")
        _write(
            f"{weights.name:<14} {state:<10} {weights.size_bytes / 2**20:6.1f} MB  {weights.licence_weights}  {weights.what}"
        )
    return int(any(holding.state in (FileState.MISSING, FileState.DAMAGED) for holding in holdings))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
