"""The items of a bank as rows: what is kept of each, and what may be said of it."""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.copies.fingerprints import ItemFingerprint, pack
from jikim.copies.hash_index import Hits
from jikim.copies.keypoint_index import Vote
from jikim.copies.segments import RADIUS
from jikim.errors import BadUse
from jikim.schema import Row
from jikim.types import MediaKind

QUALITY_MIN = 50
"""Frames below this PDQ quality are too uniform to be looked up by their hash."""
WORDS_MAX = 500

HEARD = "kind <> 'image' AND is_third_party = 0"
"""Of which items there may be sound: films and recordings that were added as files."""

MIGRATIONS = (
    (
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE item (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
           label TEXT NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL, is_third_party INTEGER NOT NULL,
           is_confirmed INTEGER NOT NULL, state TEXT NOT NULL, added_at TEXT NOT NULL, has_points INTEGER NOT NULL,
           looked_up BLOB NOT NULL, fingerprint BLOB NOT NULL) STRICT""",
        "CREATE INDEX item_left_out ON item (number) WHERE state <> 'active'",
        "CREATE INDEX item_pointed ON item (number) WHERE has_points",
        "CREATE TABLE gone (item INTEGER PRIMARY KEY) STRICT",
        "CREATE TABLE change (number INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL) STRICT",
        """CREATE TABLE hit (day TEXT NOT NULL, item INTEGER NOT NULL, query BLOB NOT NULL,
           PRIMARY KEY (day, item, query)) STRICT, WITHOUT ROWID""",
    ),
    (f"CREATE INDEX item_heard ON item (number) WHERE {HEARD}",),
)
FACTS = "number, id, kind, label, source, note, is_third_party, is_confirmed, state, added_at"
LOOKED_UP = np.dtype([("frame", "<u4"), ("hash", "u1", 32)])


class ItemState(StrEnum):
    """Only active items are found. A quarantined one was found in more files of a day than the bank's flood limit."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


class BankSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a bank is used. An allow-list holds harmless look-alikes: what is a copy of one is no copy of another bank's item.

    `distance_max`: the PDQ distance at which its items are looked up. `score_min`: matches below it are not given.
    `flood_limit`: an unconfirmed item found in more different files of one day is quarantined until a person has looked.
    """

    is_allow_list: bool = False
    is_enabled: bool = True
    distance_max: Annotated[int, msgspec.Meta(ge=0, le=RADIUS)] = RADIUS
    score_min: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    flood_limit: Annotated[int, msgspec.Meta(ge=1)] = 200
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a bank says of an item. `id` is the sha256 of the original's bytes, or of what a third party gave of it."""

    number: int
    id: str
    kind: MediaKind
    label: str
    source: str
    note: str
    is_third_party: bool
    is_confirmed: bool
    state: ItemState
    added_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class NewItem:
    """What is to be added. A third party's hashes are never exported again."""

    fingerprint: ItemFingerprint
    label: str = ""
    source: str = ""
    note: str = ""
    is_third_party: bool = False


class SearchableBank(Protocol):
    """A bank as what looks things up in it sees it: a centre's own (`store.StoredBank`) or the built-in one."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> BankSettings: ...

    def near(self, hashes: NDArray[np.uint8], limit: int = 1000) -> Hits:
        """Which frames of active items have a hash within `settings.distance_max` of hashes (q, 32), `limit` of each."""
        ...

    def vote(self, descriptors: NDArray[np.uint8], limit: int = 10) -> list[Vote]:
        """Which frames of active items share most keypoints with descriptors (n, 128), the most first."""
        ...

    @property
    def has_points(self) -> bool:
        """Whether any item has keypoints, so that it is worth while to look for them."""
        ...

    def hear(self, words: NDArray[np.uint8], limit: int = 50) -> Hits:
        """In which places of active items words of sound (q, 32) are heard, `limit` of each."""
        ...

    @property
    def has_sound(self) -> bool:
        """Whether any item may have sound, so that it is worth while to listen."""
        ...

    def item(self, number: int) -> ItemFacts | None:
        """An item by the number that `near` gave; None once it was removed."""
        ...

    def active_item(self, id_: str) -> ItemFacts | None:
        """The active item whose file has this sha256; None when there is none."""
        ...

    def fingerprint(self, number: int) -> ItemFingerprint | None:
        """All that is kept of an item; None once it was removed."""
        ...


def looked_up(fingerprint: ItemFingerprint) -> NDArray[np.void]:
    """Under which hashes, of which frames, an item is looked up: those of the whole pictures and of what is inside their
    borders, upright, where they are not too uniform. (n,) of LOOKED_UP."""
    rows = [
        (number, hash_)
        for number, frame in enumerate(fingerprint.frames)
        if frame.quality >= QUALITY_MIN
        for hash_ in (frame.pdq[0], *frame.views)
    ]
    return np.array(rows, LOOKED_UP)


def facts_of(row: Row) -> ItemFacts:
    """The facts in a row of the columns FACTS. Raises ValueError for what was never written."""
    number, id_, kind, label, source, note, is_third_party, is_confirmed, state, added_at = row
    return ItemFacts(
        number,
        id_,
        MediaKind(kind),
        label,
        source,
        note,
        bool(is_third_party),
        bool(is_confirmed),
        ItemState(state),
        datetime.fromisoformat(added_at),
    )


def row_of(item: NewItem) -> tuple[object, ...]:
    """What is written of an item. Raises BadUse for words that are too long."""
    words = [unicodedata.normalize("NFC", text).strip() for text in (item.label, item.source, item.note)]
    if any(len(text) > WORDS_MAX for text in words):
        raise BadUse("copies.words_too_long", limit=WORDS_MAX)
    fingerprint = item.fingerprint
    return (
        fingerprint.sha256,
        fingerprint.kind.value,
        *words,
        int(item.is_third_party),
        int(not item.is_third_party),
        ItemState.ACTIVE.value,
        datetime.now(UTC).isoformat(),
        int(any(len(frame.descriptors) for frame in fingerprint.frames)),
        looked_up(fingerprint).tobytes(),
        pack(fingerprint),
    )


def insert(connection: sqlite3.Connection, row: tuple[object, ...]) -> int:
    """Writes what `row_of` gave; 1 when the item was not there before."""
    inserted = connection.execute(
        """INSERT INTO item (id, kind, label, source, note, is_third_party, is_confirmed, state, added_at, has_points,
           looked_up, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING""",
        row,
    ).rowcount
    if not inserted and not row[5]:
        connection.execute("UPDATE item SET is_third_party = 0, is_confirmed = 1 WHERE id = ? AND is_third_party", (row[0],))
    return max(inserted, 0)
