"""A centre's own bank: one folder, `<home>/banks/<name>/`, with `bank.sqlite` and the index derived from it.

The database is the truth: what was added is on the disk when `add` has returned, whole or not at all, and any number of
processes may add, remove and look up at the same time. Each follows the others by the table `change`. Kept are fingerprints
and what the centre wrote about an item, never the original.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.copies.bank_index import BankIndex
from jikim.copies.bank_items import (
    FACTS,
    HEARD,
    MIGRATIONS,
    BankSettings,
    ItemFacts,
    ItemState,
    NewItem,
    facts_of,
    insert,
    row_of,
)
from jikim.copies.fingerprints import ItemFingerprint, unpack
from jikim.copies.hash_index import Hits
from jikim.copies.keypoint_index import Vote
from jikim.errors import BadUse
from jikim.schema import Database, Row, sync

BUILT_IN = "test"
_NAME = re.compile(r"\w[\w-]{0,39}")
_TOGETHER = 1000
"""How many items one transaction adds when many are added."""


class StoredBank:
    """An open bank. Made by `create_bank` and `open_bank`; not for use by two threads at a time.

    Every method raises StateError when the files are damaged, locked, or on a full or read-only disk.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._database = Database(folder / "bank.sqlite", f"{folder.name}/bank.sqlite", MIGRATIONS)
        self._index = BankIndex(folder / "index", self._database)

    def close(self) -> None:
        """Seals the index when much was added, and closes the files."""
        if self._index.is_due:
            self.save_index()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ---- what is in it ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many items there are, in any state."""
        return int(self._database.rows("SELECT count(*) FROM item")[0][0])

    @property
    def settings(self) -> BankSettings:
        """How the bank is used."""
        rows = self._database.rows("SELECT value FROM setting WHERE name = 'settings'")
        try:
            return msgspec.json.decode(rows[0][0], type=BankSettings) if rows else BankSettings()
        except msgspec.DecodeError as error:
            raise self._database.damaged("settings") from error

    def change_settings(self, settings: BankSettings) -> None:
        """Uses the bank differently from now on."""
        with self._database.change() as connection:
            _set(connection, "settings", msgspec.json.encode(settings).decode())

    def items(self, state: ItemState | None = None) -> Iterator[ItemFacts]:
        """All items in order of adding, or those in one state."""
        last, where = 0, "" if state is None else f"AND state = '{state.value}'"
        while rows := self._database.rows(
            f"SELECT {FACTS} FROM item WHERE number > ? {where} ORDER BY number LIMIT {_TOGETHER}",  # noqa: S608
            (last,),
        ):
            for row in rows:
                yield self._believed(row)
            last = rows[-1][0]

    def item(self, number: int) -> ItemFacts | None:
        """An item by its number; None once it was removed."""
        rows = self._database.rows(f"SELECT {FACTS} FROM item WHERE number = ?", (number,))  # noqa: S608
        return self._believed(rows[0]) if rows else None

    def active_item(self, id_: str) -> ItemFacts | None:
        """The active item whose file has this sha256; None when there is none."""
        rows = self._database.rows(f"SELECT {FACTS} FROM item WHERE id = ? AND state = ?", (id_, ItemState.ACTIVE.value))  # noqa: S608
        return self._believed(rows[0]) if rows else None

    def item_by_id(self, id_: str) -> ItemFacts:
        """An item by its id or the beginning of it (8 digits and more). Raises BadUse when there is none or several."""
        if not re.fullmatch("[0-9a-f]{8,64}", id_):
            raise BadUse("copies.bad_item", item=id_[:80])
        rows = self._database.rows(
            f"SELECT {FACTS} FROM item WHERE id >= ? AND id <= ? LIMIT 2",  # noqa: S608
            (id_, id_ + "g"),
        )
        if len(rows) != 1:
            raise BadUse("copies.no_item" if not rows else "copies.several_items", item=id_, bank=self.name)
        return self._believed(rows[0])

    def fingerprint(self, number: int) -> ItemFingerprint | None:
        """All that is kept of an item; None once it was removed. Raises StateError when it is damaged."""
        rows = self._database.rows("SELECT fingerprint FROM item WHERE number = ?", (number,))
        return unpack(rows[0][0], f"{self.name} {number}") if rows else None

    # ---- changing it -----------------------------------------------------------------------------------------------------

    def add(self, item: NewItem) -> bool:
        """Adds an item, at once and for all processes. False when it was there already: it stays as it is, a rejected one
        rejected; only what was a third party's becomes one's own when one's own is added."""
        return self.add_all([item]) == 1

    def add_all(self, items: Iterable[NewItem]) -> int:
        """Adds many; how many were not there before. Raises BadUse for words that are too long; what was added stays."""
        queue = iter(items)
        added = 0
        while some := list(islice(queue, _TOGETHER)):
            rows = [row_of(item) for item in some]
            with self._database.change() as connection:
                added += sum(insert(connection, row) for row in rows)
        self._index.catch_up()
        return added

    def remove(self, number: int) -> None:
        """Removes an item at once and for all processes. `save_index` wipes its hashes from the index's files too."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM item WHERE number = ?", (number,))
            connection.execute("DELETE FROM hit WHERE item = ?", (number,))
            connection.execute("INSERT OR IGNORE INTO gone VALUES (?)", (number,))
            connection.execute("INSERT INTO change (item) VALUES (?)", (number,))
        self._index.catch_up()

    def set_state(self, number: int, state: ItemState, *, is_confirmed: bool | None = None) -> None:
        """Disables an item, takes it up again, or records that a person confirmed or rejected it."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE item SET state = ?, is_confirmed = coalesce(?, is_confirmed) WHERE number = ?",
                (state.value, is_confirmed, number),
            )
            connection.execute("INSERT INTO change (item) VALUES (?)", (number,))
        self._index.catch_up()

    def note_hit(self, number: int, query: str) -> bool:
        """Counts that an item was found in a file (`query`, its sha256). True when this flooded it into quarantine.

        Of the file no more than 8 bytes of a hash of its hash are kept, until the day is over.
        """
        day = datetime.now(UTC).date().isoformat()
        limit = self.settings.flood_limit
        with self._database.change() as connection:
            connection.execute("DELETE FROM hit WHERE day < ?", (day,))
            connection.execute("INSERT OR IGNORE INTO hit VALUES (?, ?, ?)", (day, number, _trace(query)))
            (count,) = connection.execute("SELECT count(*) FROM hit WHERE day = ? AND item = ?", (day, number)).fetchone()
            if count <= limit:
                return False
            changed = connection.execute(
                "UPDATE item SET state = 'quarantined' WHERE number = ? AND state = 'active' AND is_confirmed = 0", (number,)
            ).rowcount
            if changed:
                connection.execute("INSERT INTO change (item) VALUES (?)", (number,))
        self._index.catch_up()
        return bool(changed)

    # ---- finding in it ---------------------------------------------------------------------------------------------------

    def near(self, hashes: NDArray[np.uint8], limit: int = 1000) -> Hits:
        """Which frames of active items lie near hashes (q, 32), within the bank's distance."""
        return self._index.near(hashes, self.settings.distance_max, limit)

    def vote(self, descriptors: NDArray[np.uint8], limit: int = 10) -> list[Vote]:
        """Which frames of active items share most keypoints with descriptors (n, 128)."""
        return self._index.vote(descriptors, limit)

    @property
    def has_points(self) -> bool:
        """Whether any item has keypoints."""
        return bool(self._database.rows("SELECT 1 FROM item WHERE has_points LIMIT 1"))

    def hear(self, words: NDArray[np.uint8], limit: int = 50) -> Hits:
        """In which places of active items words of sound (q, 32) are heard (sound_words.py)."""
        return self._index.hear(words, limit)

    @property
    def has_sound(self) -> bool:
        """Whether any item may have sound."""
        return bool(self._database.rows(f"SELECT 1 FROM item WHERE {HEARD} LIMIT 1"))  # noqa: S608

    def refresh(self) -> None:
        """Takes up what other processes have changed; looking up does so by itself."""
        self._index.refresh()

    def save_index(self) -> None:
        """Writes the index anew where it has grown, without what was removed; a few seconds for a million items."""
        self._index.save()

    def check(self) -> None:
        """Reads everything. Raises StateError for what is damaged; a damaged index is built anew from the items."""
        (words,) = self._database.rows("PRAGMA integrity_check(1)")[0]
        if words != "ok":
            raise self._database.damaged(words)
        for facts in self.items():
            self.fingerprint(facts.number)
        self._index.check()

    def _believed(self, row: Row) -> ItemFacts:
        try:
            return facts_of(row)
        except ValueError as error:
            raise self._database.damaged("item") from error


def create_bank(folder: Path, name: str, settings: BankSettings) -> StoredBank:
    """A new bank in the folder of banks. Raises BadUse when its name is taken or cannot be one."""
    path = _path(folder, name)
    unfinished = folder / f".new-{uuid4().hex}"
    with StoredBank(unfinished) as bank:
        bank.change_settings(settings)
    try:
        unfinished.rename(path)
    except OSError as error:
        shutil.rmtree(unfinished)
        raise BadUse("copies.bank_exists", bank=name) from error
    sync(folder)
    return StoredBank(path)


def open_bank(folder: Path, name: str) -> StoredBank:
    """A bank by name. Raises BadUse when there is none, StateError when it is damaged or newer."""
    path = _path(folder, name)
    if not (path / "bank.sqlite").exists():
        raise BadUse("copies.no_bank", bank=name, known=", ".join(bank_names(folder)) or "-")
    return StoredBank(path)


def open_banks(folder: Path) -> list[StoredBank]:
    """Every bank of a folder in order of name. Raises StateError."""
    return [StoredBank(folder / name) for name in bank_names(folder)]


def bank_names(folder: Path) -> list[str]:
    """The names of the banks of a folder, none where there is no such folder."""
    return sorted(path.parent.name for path in folder.glob("*/bank.sqlite") if _NAME.fullmatch(path.parent.name))


def delete_bank(folder: Path, name: str) -> None:
    """Removes a bank with everything in it. Raises BadUse when there is none."""
    open_bank(folder, name).close()
    gone = _path(folder, name).rename(folder / f".gone-{uuid4().hex}")
    shutil.rmtree(gone)


def _path(folder: Path, name: str) -> Path:
    plain = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(plain) or plain == BUILT_IN:
        raise BadUse("copies.bad_bank_name", bank=name[:80])
    return folder / plain


def _set(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))


def _trace(query: str) -> bytes:
    return sha256(query.encode()).digest()[:8]
