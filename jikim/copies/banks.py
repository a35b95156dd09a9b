"""Banks: lists of known material as fingerprints, never as media.

A bank is one JSON file. The bank `test` is shipped and holds the test fixtures alone; a centre's own lie in one folder, read
by `read_banks`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from jikim.errors import StateError

SCHEMA = 1


class BankFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture of an item. `at_s` is None in a still; `pdq` is 64 hexadecimal digits."""

    at_s: float | None
    pdq: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    quality: Annotated[int, msgspec.Meta(ge=0, le=100)]


class BankItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One known picture or video. `sha256` is of the original's bytes; `label` is the bank's own word for it."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    label: str
    kind: Literal["still", "video"]
    duration_s: float | None
    frames: tuple[BankFrame, ...]


class Bank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    items: tuple[BankItem, ...]
    schema: int = SCHEMA


@cache
def built_in_bank() -> Bank:
    """The built-in bank `test`: the test card and the practice platform's known clip."""
    return read_bank(Path(__file__).with_name("test_bank.json"))


def read_bank(path: Path) -> Bank:
    """The bank in a file. Raises StateError when it is unreadable, damaged or newer than this version."""
    try:
        bank = msgspec.json.decode(path.read_bytes(), type=Bank)
    except (OSError, msgspec.DecodeError) as error:
        raise StateError("copies.bank_unreadable", where=str(path), problem=str(error)) from error
    if bank.schema > SCHEMA:
        raise StateError("copies.bank_newer", where=str(path), schema=bank.schema, known=SCHEMA)
    return bank


def read_banks(folder: Path) -> tuple[Bank, ...]:
    """Every bank (`*.json`) of a folder, in order of name; none where there is no such folder. Raises StateError."""
    return tuple(read_bank(path) for path in sorted(folder.glob("*.json")))


def write_bank(path: Path, bank: Bank) -> None:
    """Writes a bank so that a person can read its differences. Raises OSError."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(bank), indent=1) + b"\n")
