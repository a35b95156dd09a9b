"""What a bank is looked up by: the indexes of its hashes, of its keypoints and of its sound, all derived from its database.

They follow the database: what this and other processes add, remove or leave out is taken up before the next look. Files that
are damaged, or of another state of the bank (a backup was brought back), are built anew from the items.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from jikim.copies.bank_items import HEARD, LOOKED_UP, ItemState
from jikim.copies.fingerprints import unpack
from jikim.copies.hash_index import HashIndex, Hits
from jikim.copies.keypoint_index import KeypointIndex, Vote
from jikim.copies.segments import RADIUS
from jikim.copies.sound_words import known_words
from jikim.errors import StateError
from jikim.schema import Database, locked

SOUND_FOLDER = "sound"
_HASHES_TOGETHER = 50_000
_FINGERPRINTS_TOGETHER = 20
_CHANGES_KEPT = 100_000


class BankIndex:
    """The indexes in a folder of the bank in `database`. Those of keypoints and of sound are opened when they are first asked.
    That of sound lies in a folder below and holds words of sound as hashes, `frame` being the place of a word."""

    def __init__(self, folder: Path, database: Database) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._database = database
        self._hashes = HashIndex()
        self._points: KeypointIndex | None = None
        self._sounds: HashIndex | None = None
        self._hashes_up_to = self._points_up_to = self._sounds_up_to = 0
        self._change = 0
        self._version = -1
        with locked(folder):
            self._load()

    @property
    def is_due(self) -> bool:
        """Whether so much was added that it should be saved."""
        return any(index is not None and index.is_due for index in (self._hashes, self._points, self._sounds))

    def near(self, hashes: NDArray[np.uint8], radius: int, limit: int) -> Hits:
        """Which frames of active items lie within `radius` of hashes (q, 32)."""
        self.refresh()
        return self._hashes.near(hashes, radius, limit)

    def vote(self, descriptors: NDArray[np.uint8], limit: int) -> list[Vote]:
        """Which frames of active items share most keypoints with descriptors (n, 128)."""
        self.refresh()
        if self._points is None:
            with locked(self._folder):
                self._load_points()
        assert self._points is not None
        return self._points.vote(descriptors, limit)

    def hear(self, words: NDArray[np.uint8], limit: int) -> Hits:
        """In which places of active items words of sound (q, 32) are heard."""
        self.refresh()
        if self._sounds is None:
            with locked(self._folder):
                self._load_sounds()
        assert self._sounds is not None
        return self._sounds.near(words, RADIUS, limit)

    def refresh(self) -> None:
        """Takes up what other processes have changed."""
        ((version,),) = self._database.rows("PRAGMA data_version")
        if version != self._version:
            self._version = version
            self.catch_up()

    def catch_up(self) -> None:
        """Takes up what this process has just changed, and whatever else."""
        if not self._follow_changes():
            with locked(self._folder):
                self._load()

    def save(self) -> None:
        """Writes what has grown, without what was removed. Raises StateError when the disk will not take it."""
        with locked(self._folder):
            if not self._follow_changes():
                self._load()
            if self._points is None:
                self._load_points()
            if self._sounds is None:
                self._load_sounds()
            assert self._points is not None
            assert self._sounds is not None
            gone = [row[0] for row in self._database.rows("SELECT item FROM gone")]
            stamp = uuid4().hex
            try:
                self._hashes.save(self._folder, gone, stamp)
                self._points.save(self._folder, gone, stamp)
                self._sounds.save(self._folder / SOUND_FOLDER, gone, stamp)
            except OSError as error:
                problem = error.strerror or str(error)
                raise StateError("copies.index_unreadable", where=str(self._folder), problem=problem) from error
            with self._database.change() as connection:
                connection.execute("INSERT OR REPLACE INTO setting VALUES ('index', ?)", (stamp,))
                connection.executemany("DELETE FROM gone WHERE item = ?", [(item,) for item in gone])
                connection.execute("DELETE FROM change WHERE number <= ?", (self._change - _CHANGES_KEPT,))

    def check(self) -> None:
        """Reads every file; where one is damaged, all are built anew."""
        try:
            self._hashes.check()
            for index in (self._points, self._sounds):
                if index is not None:
                    index.check()
        except StateError:
            with locked(self._folder):
                self._rebuild()
            self.save()

    def _load(self) -> None:
        """Opens the hashes as they were saved last and adds what came since; the rest when it is asked for."""
        self._points = self._sounds = None
        try:
            self._hashes = HashIndex.open(self._folder)
            is_ours = self._hashes.stamp == self._stamp()
        except StateError as error:
            if error.key == "copies.index_newer":
                raise
            is_ours = False
        if not is_ours:
            self._hashes = HashIndex()
        self._hashes_up_to = self._hashes.sealed_up_to
        self._take_up()

    def _load_points(self) -> None:
        try:
            self._points = KeypointIndex.open(self._folder)
            is_ours = self._points.stamp == self._stamp()
        except StateError as error:
            if error.key == "copies.index_newer":
                raise
            is_ours = False
        if not is_ours or self._points is None:
            self._points = KeypointIndex()
        self._points_up_to = self._points.sealed_up_to
        self._add_points(self._points)
        for item in self._left_out():
            self._points.hide(item)

    def _load_sounds(self) -> None:
        try:
            self._sounds = HashIndex.open(self._folder / SOUND_FOLDER)
            is_ours = self._sounds.stamp == self._stamp()
        except StateError as error:
            if error.key == "copies.index_newer":
                raise
            is_ours = False
        if not is_ours or self._sounds is None:
            self._sounds = HashIndex()
        self._sounds_up_to = self._sounds.sealed_up_to
        self._add_sounds(self._sounds)
        for item in self._left_out():
            self._sounds.hide(item)

    def _rebuild(self) -> None:
        self._hashes, self._points, self._sounds = HashIndex(), KeypointIndex(), HashIndex()
        self._hashes_up_to = self._points_up_to = self._sounds_up_to = 0
        self._take_up()

    def _take_up(self) -> None:
        ((self._change,),) = self._database.rows("SELECT coalesce(max(number), 0) FROM change")
        self._add_new()
        for item in self._left_out():
            self._hide(item)

    def _left_out(self) -> Iterator[int]:
        for query in ("SELECT number FROM item WHERE state <> 'active'", "SELECT item FROM gone"):
            yield from (row[0] for row in self._database.rows(query))

    def _follow_changes(self) -> bool:
        """False when the last look was so long ago that what has changed since is not on record any more."""
        changes = self._database.rows("SELECT number, item FROM change WHERE number > ? ORDER BY number", (self._change,))
        if changes and changes[0][0] != self._change + 1:
            return False
        self._add_new()
        for number, item in changes:
            rows = self._database.rows("SELECT state FROM item WHERE number = ?", (item,))
            if rows and rows[0][0] == ItemState.ACTIVE:
                self._show(item)
            else:
                self._hide(item)
            self._change = number
        return True

    def _add_new(self) -> None:
        """Adds what has been added to the database since."""
        while rows := self._database.rows(
            "SELECT number, looked_up FROM item WHERE number > ? ORDER BY number LIMIT ?",
            (self._hashes_up_to, _HASHES_TOGETHER),
        ):
            try:
                parts = [np.frombuffer(looked_up, LOOKED_UP) for _, looked_up in rows]
            except ValueError as error:
                raise self._database.damaged("looked_up") from error
            numbers = np.repeat(np.array([number for number, _ in rows], np.int64), [len(part) for part in parts])
            joined = np.concatenate(parts)
            self._hashes.extend(numbers, joined["frame"].astype(np.int64), np.ascontiguousarray(joined["hash"]))
            self._hashes_up_to = rows[-1][0]
        if self._points is not None:
            self._add_points(self._points)
        if self._sounds is not None:
            self._add_sounds(self._sounds)

    def _add_points(self, points: KeypointIndex) -> None:
        while rows := self._database.rows(
            "SELECT number, fingerprint FROM item WHERE has_points AND number > ? ORDER BY number LIMIT ?",
            (self._points_up_to, _FINGERPRINTS_TOGETHER),
        ):
            for number, packed in rows:
                for place, frame in enumerate(unpack(packed, str(number)).frames):
                    if len(frame.descriptors):
                        points.add(number, place, frame.descriptors)
                self._points_up_to = number

    def _add_sounds(self, sounds: HashIndex) -> None:
        while rows := self._database.rows(
            f"SELECT number, fingerprint FROM item WHERE {HEARD} AND number > ? ORDER BY number LIMIT ?",  # noqa: S608
            (self._sounds_up_to, _FINGERPRINTS_TOGETHER),
        ):
            for number, packed in rows:
                sound = unpack(packed, str(number)).sound
                if sound is not None:
                    places, words = known_words(sound)
                    sounds.extend(np.full(len(words), number, np.int64), places, words)
                self._sounds_up_to = number

    def _hide(self, item: int) -> None:
        for index in (self._hashes, self._points, self._sounds):
            if index is not None:
                index.hide(item)

    def _show(self, item: int) -> None:
        for index in (self._hashes, self._points, self._sounds):
            if index is not None:
                index.show(item)

    def _stamp(self) -> str:
        rows = self._database.rows("SELECT value FROM setting WHERE name = 'index'")
        return str(rows[0][0]) if rows else ""
