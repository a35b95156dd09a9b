"""SQLite files under JIKIM_HOME, each with a schema version in `PRAGMA user_version`.

A file of a newer version is refused untouched; an older one is copied to `<file>.v<N>.bak` and then migrated in one
transaction. Threads share one connection behind a lock, processes meet in SQLite's own locks (WAL, busy timeout), and a
forked child gets a connection of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from jikim.errors import JikimError, StateError

BUSY_TIMEOUT_S = 30.0

Row = tuple[Any, ...]
Migration = tuple[str, ...]
"""The SQL statements that take a file from one version to the next."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED_TO_US = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


class Database:
    """One such file. `name` is how it is called to people; `migrations[n]` takes version n to n + 1, so the newest version
    is their count. Faults are raised as `fault`, except a newer version, which is always a StateError."""

    def __init__(self, path: Path, name: str, migrations: Sequence[Migration], fault: type[JikimError] = StateError) -> None:
        self._path = path
        self._name = name
        self._fault = fault
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._inherited: list[sqlite3.Connection | None] = []
        with self._faults(), self._system_faults():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path.parent):
                _make_private(path)
                self._connection: sqlite3.Connection | None = self._connect()
                try:
                    self._bring_up_to(migrations, self._connection)
                    self._set_up(self._connection)
                except BaseException:
                    self.close()
                    raise

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query. Raises the fault."""
        self._mind_fork()
        with self._lock, self._faults():
            return self._open().execute(sql, params).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction, the only one that writes at this moment in any process. It is durable when the block has ended
        and never happened when the block raised. Raises the fault."""
        self._mind_fork()
        with self._lock, self._faults():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    def damaged(self, reason: str) -> JikimError:
        """The fault to raise when a row cannot be what was once written."""
        return self._fault("state.damaged", file=self._name, reason=reason)

    def close(self) -> None:
        """Closes the file; nothing can be asked of it afterwards."""
        self._mind_fork()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError(f"{self._name} was closed")
        return self._connection

    def _mind_fork(self) -> None:
        """SQLite forbids using, or even closing, a connection that was made before a fork."""
        if self._pid == os.getpid():
            return
        self._inherited.append(self._connection)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        if self._connection is not None:
            with self._faults():
                self._connection = self._connect()
                self._set_up(self._connection)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    def _set_up(self, connection: sqlite3.Connection) -> None:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {setting}")

    def _bring_up_to(self, migrations: Sequence[Migration], connection: sqlite3.Connection) -> None:
        newest = len(migrations)
        found = _version(connection)
        if found > newest:
            raise StateError("state.newer", file=self._name, found=found, known=newest)
        if found == newest:
            return
        with self.change():
            found = _version(connection)
            if found > 0:
                self._copy(found)
            elif connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise self.damaged("version 0")
            for statement in (statement for migration in migrations[found:] for statement in migration):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {newest}")

    def _copy(self, version: int) -> None:
        """Copies the file as it is before a migration; readers may go on in the meantime, writers cannot."""
        copy = self._path.with_name(f"{self._path.name}.v{version}.bak")
        unfinished = copy.with_name(f"{copy.name}.part")
        unfinished.unlink(missing_ok=True)
        _make_private(unfinished)
        with closing(self._connect()) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        sync(unfinished)
        unfinished.replace(copy)
        sync(copy.parent)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except UnicodeDecodeError as error:  # of a value, or of SQLite's own words about a damaged schema
            raise self.damaged("text") from error
        except sqlite3.Error as error:
            raise self._named(error) from error

    @contextmanager
    def _system_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in DISK_FULL:
                raise self._fault("state.disk_full", file=self._name) from error
            raise self._fault("state.not_writable", file=self._name, reason=error.strerror or str(error)) from error

    def _named(self, error: sqlite3.Error) -> JikimError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._fault("state.locked", file=self._name)
        if code == sqlite3.SQLITE_FULL:
            return self._fault("state.disk_full", file=self._name)
        if code in _CLOSED_TO_US:
            return self._fault("state.not_writable", file=self._name, reason=str(error))
        if code == sqlite3.SQLITE_IOERR:
            return self._fault("state.disk_fault", file=self._name, reason=str(error))
        return self.damaged(str(error))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes and threads that lock the same folder waiting until the block has ended."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Waits until a file or folder has reached the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_private(path: Path) -> None:
    """An empty file for our user alone, unless it is there. An existing one is not even opened: closing a second handle
    would drop the locks that SQLite holds on it in this process."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
