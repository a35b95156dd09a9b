"""The shipped bank `test`: a JSON file that holds the PDQ hashes of the test fixtures alone.

A centre's own banks are in `store.py`. Both are looked up in the same way, `bank_items.SearchableBank`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.copies.bank_items import BankSettings, ItemFacts, ItemState, looked_up
from jikim.copies.exchange import picture_of
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.hash_index import HashIndex, Hits
from jikim.copies.keypoint_index import Vote
from jikim.errors import StateError
from jikim.types import MediaKind

SCHEMA = 1
_SHIPPED_AT = datetime(2026, 5, 22, tzinfo=UTC)


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


class ListedBank:
    """A bank of such a file, ready to be looked up in: a `bank_items.SearchableBank`."""

    settings = BankSettings()
    has_points = False
    has_sound = False

    def __init__(self, bank: Bank) -> None:
        self.name = bank.name
        self._items = bank.items
        self._fingerprints = [_fingerprint(item) for item in bank.items]
        self._index = HashIndex()
        for number, fingerprint in enumerate(self._fingerprints):
            rows = looked_up(fingerprint)
            self._index.extend(
                np.full(len(rows), number, np.int64), rows["frame"].astype(np.int64), np.ascontiguousarray(rows["hash"])
            )

    def near(self, hashes: NDArray[np.uint8], limit: int = 1000) -> Hits:
        """Which frames lie near hashes (q, 32)."""
        return self._index.near(hashes, self.settings.distance_max, limit)

    def vote(self, descriptors: NDArray[np.uint8], limit: int = 10) -> list[Vote]:
        """Nothing: such a bank has no keypoints."""
        return []

    def hear(self, words: NDArray[np.uint8], limit: int = 50) -> Hits:
        """Nothing: such a bank has no sound."""
        return HashIndex().near(words, 0, limit)

    def item(self, number: int) -> ItemFacts | None:
        """An item by its number."""
        fingerprint, label = self._fingerprints[number], self._items[number].label
        return ItemFacts(
            number, fingerprint.sha256, fingerprint.kind, label, "Jikim", "", False, True, ItemState.ACTIVE, _SHIPPED_AT
        )

    def active_item(self, id_: str) -> ItemFacts | None:
        """The item whose file has this sha256; None when there is none."""
        return next((self.item(number) for number, one in enumerate(self._fingerprints) if one.sha256 == id_), None)

    def fingerprint(self, number: int) -> ItemFingerprint | None:
        """All that is kept of an item: the hashes of its frames."""
        return self._fingerprints[number]


@cache
def searchable_test_bank() -> ListedBank:
    """The built-in bank `test`, ready to be looked up in."""
    return ListedBank(built_in_bank())


def _fingerprint(item: BankItem) -> ItemFingerprint:
    frames = tuple(picture_of(frame.pdq, frame.quality, frame.at_s or 0.0) for frame in item.frames)
    kind = MediaKind.IMAGE if item.kind == "still" else MediaKind.VIDEO
    return ItemFingerprint(item.sha256, kind, 1, 1, item.duration_s, frames, None)


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
