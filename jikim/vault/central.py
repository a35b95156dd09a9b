"""The list of wrapped keys in a PostgreSQL database, for workers on several machines: each has its own JIKIM_HOME, all have one
list. The key pairs of holders lie there too, the private ones sealed for the centre's keeper key.

    keys/centre, fields, signing, keeper    on every machine, the same files: copied there by hand, compared at each opening
    jikim_keys.keys, destroyed, secrets     as in keys/wrapped.sqlite
    jikim_keys.holders                      instead of keys/holders/*: public key, and the private one sealed

The database may be the desk's own or, better, one of its own: it is backed up apart from blobs, under the same deletion clock.
What is deleted from a table leaves the server's disk when that is vacuumed and its logs are recycled; until then the disk's own
encryption has to do the rest, and without the keeper key nothing of it opens anything.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pyrage

from jikim.errors import StateError, VaultError
from jikim.schema import Row, locked
from jikim.vault.faults import system_faults
from jikim.vault.keys import KeyFolder, Statements, is_holder

VERSION = 1
LOCK_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
KEEPER = "keeper"
NAME = "jikim_keys"
_SILENCE = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c idle_in_transaction_session_timeout=300s"
)
"""When the server gives up a machine that has fallen silent in its turn: the others wait for it."""
_TURN = 0x6A696B6979
"""The number of the advisory lock by which those who write wait for each other."""
_TABLES = (
    f"CREATE SCHEMA IF NOT EXISTS {NAME}",
    f"CREATE TABLE {NAME}.version (version integer NOT NULL)",
    f"INSERT INTO {NAME}.version VALUES ({VERSION})",  # noqa: S608 - names of our own
    f"""CREATE TABLE {NAME}.keys (blob text NOT NULL, holder text NOT NULL, copy integer NOT NULL, recipient text NOT NULL,
        wrapped bytea NOT NULL, PRIMARY KEY (blob, holder))""",
    f"CREATE INDEX keys_of_holder ON {NAME}.keys (holder)",
    f"CREATE INDEX keys_of_recipient ON {NAME}.keys (recipient)",
    f"CREATE TABLE {NAME}.destroyed (recipient text PRIMARY KEY, holder text NOT NULL, destroyed_at text NOT NULL)",
    f"CREATE TABLE {NAME}.secrets (name text PRIMARY KEY, digest text NOT NULL)",
    f"CREATE TABLE {NAME}.holders (holder text PRIMARY KEY, recipient text NOT NULL, identity bytea NOT NULL)",
)


class CentralList:
    """As `jikim.schema.Database`, in PostgreSQL. Threads share one connection behind a lock; a forked child, and whoever finds
    it broken, makes a new one. Raises VaultError."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._inherited: list[psycopg.Connection[Row] | None] = []
        self._connection: psycopg.Connection[Row] | None = None
        self._is_changing = False
        with self.change() as statements:
            self._bring_up(statements)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query, within the transaction of this thread if there is one. Raises VaultError."""
        self._mind_fork()
        with self._lock, self._faults():
            try:
                return _Statements(self._open()).execute(sql, params).fetchall()
            except psycopg.OperationalError:
                if self._is_changing:
                    raise
                self._drop()  # the server was away for a moment: once more
                return _Statements(self._open()).execute(sql, params).fetchall()

    @contextmanager
    def change(self) -> Iterator[Statements]:
        """One transaction, the only one that writes at this moment on any machine. It is durable when the block has ended and
        never happened when the block raised; where nobody can tell, `vault.keys_unsure` is raised."""
        self._mind_fork()
        with self._lock, self._faults():
            connection = self._begun()
            self._is_changing = True
            try:
                yield _Statements(connection)
            except BaseException:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
                raise
            else:
                try:
                    connection.execute("COMMIT")
                except psycopg.OperationalError as error:
                    raise VaultError("vault.keys_unsure", problem=_reason(error)) from error
            finally:
                self._is_changing = False

    def close(self) -> None:
        """Closes the connection."""
        self._mind_fork()
        with self._lock:
            self._drop()

    def _begun(self) -> psycopg.Connection[Row]:
        for is_last in (False, True):
            connection = self._open()
            try:
                connection.execute("BEGIN")
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))
                return connection
            except psycopg.errors.LockNotAvailable:
                connection.execute("ROLLBACK")
                raise
            except psycopg.OperationalError:
                self._drop()
                if is_last:
                    raise
        raise AssertionError("the last try raises")

    def _open(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            options = f"-c lock_timeout={LOCK_TIMEOUT_S}s -c search_path={NAME} {_SILENCE}"
            self._connection = psycopg.connect(
                self._address,
                autocommit=True,
                options=options,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="jikim-keys",
            )
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _mind_fork(self) -> None:
        """A connection that was made before a fork is the parent's: not used, and not closed either."""
        if self._pid != os.getpid():
            self._inherited.append(self._connection)
            self._lock, self._pid = threading.RLock(), os.getpid()
            self._connection, self._is_changing = None, False

    def _bring_up(self, statements: Statements) -> None:
        if statements.execute("SELECT to_regclass(?)", (f"{NAME}.version",)).fetchone() == (None,):
            for statement in _TABLES:
                statements.execute(statement)
        found = statements.execute("SELECT version FROM version").fetchall()
        if found != [(VERSION,)]:
            known = found[0][0] if found else 0
            raise StateError("state.newer", file=NAME, found=known, known=VERSION)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.LockNotAvailable as error:
            raise VaultError("state.locked", file=NAME) from error
        except psycopg.OperationalError as error:
            self._drop()
            raise VaultError("vault.keys_unreachable", problem=_reason(error)) from error
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as error:
            raise VaultError("state.not_writable", file=NAME, reason=_reason(error)) from error


class _Statements:
    """Statements as SQLite takes them, given to PostgreSQL."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> psycopg.Cursor[Row]:
        return self._connection.execute(sql.replace("?", "%s").encode(), params)

    def executemany(self, sql: str, params: Sequence[Sequence[Any]], /) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(sql.replace("?", "%s").encode(), params)


class CentralKeys(KeyFolder):
    """The key files of this machine, and the key pairs of holders in the list that all machines have in common."""

    list_name = NAME

    def __init__(self, home: Path, central: CentralList, *, with_private_keys: bool) -> None:
        super().__init__(home, with_private_keys=with_private_keys)
        self._central = central
        self._has_local = False

    def begin(self, connection: Statements, is_empty: Callable[[], bool]) -> None:
        """Settles the keeper key, and takes over what this machine kept by itself. Raises VaultError."""
        self._has_local = self._local().exists()
        is_new = connection.execute("SELECT 1 FROM secrets").fetchone() is None
        if is_new and not self._has_local and not is_empty():
            raise VaultError("vault.wrapped_missing", file=self.list_name)
        self._settle(connection)
        if self._has_local:
            self._take_over(connection)

    def begun(self) -> None:
        """Removes what was taken over, the private keys first, the list last: until then it is taken over again."""
        if not self._has_local:
            return
        with system_faults("keys"), locked(self._keys):
            for path in self._local_holders():
                KeyFolder.destroy(self, path.stem.replace("-", ":", 1))
            for ending in ("-wal", "-shm", ""):
                Path(f"{self._local()}{ending}").unlink(missing_ok=True)

    def _settle(self, statements: Statements) -> None:
        """Makes the keeper key on the very first use; checks ever after that it is the same. Raises VaultError."""
        path = self._keys / KEEPER
        row = statements.execute("SELECT digest FROM secrets WHERE name = ?", (KEEPER,)).fetchone()
        if row is None and not path.exists():
            self._write(path, f"{pyrage.x25519.Identity.generate()}\n".encode())
        recipient = str(self._keeper().to_public())
        if row is None:
            statements.execute("INSERT INTO secrets VALUES (?, ?)", (KEEPER, recipient))
        elif row[0] != recipient:
            raise VaultError("vault.key_wrong", file=self._name(path))

    def _take_over(self, statements: Statements) -> None:
        """Puts the list and the key pairs that this machine kept by itself into the common one, both or neither. Raises
        VaultError for a holder of whom the others have another key."""
        with closing(sqlite3.connect(f"{self._local().as_uri()}?mode=ro", uri=True)) as local:
            for table, columns in (("keys", 5), ("destroyed", 3), ("secrets", 2)):
                given = local.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of our own
                marks = ", ".join("?" * columns)
                statements.executemany(f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", given)  # noqa: S608
        for path in self._local_holders():
            holder = path.stem.replace("-", ":", 1)
            mine = str(KeyFolder._identity(self, holder).to_public())
            theirs = self._recipient_on_file(holder)
            if theirs not in (None, mine):
                raise VaultError("vault.keys_twice", holder=holder)
            if theirs is None:
                self._put(statements, holder, KeyFolder._identity(self, holder))

    def destroy(self, holder: str) -> None:
        """Removes the key pair of a holder for all machines."""
        self._central.rows("DELETE FROM holders WHERE holder = ? RETURNING holder", (holder,))

    def _recipient_on_file(self, holder: str) -> str | None:
        row = next(iter(self._central.rows("SELECT recipient FROM holders WHERE holder = ?", (holder,))), None)
        return str(row[0]) if row else None

    def _identity(self, holder: str) -> pyrage.x25519.Identity:
        row = next(iter(self._central.rows("SELECT identity FROM holders WHERE holder = ?", (holder,))), None)
        if row is None:
            raise VaultError("vault.key_missing", file=f"{NAME}.holders {holder}")
        try:
            opened = pyrage.decrypt(bytes(row[0]), [self._keeper()])
            return pyrage.x25519.Identity.from_str(opened.decode("ascii"))
        except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
            raise VaultError("vault.key_damaged", file=f"{NAME}.holders {holder}") from error

    def _make_pair(self, statements: Statements, holder: str) -> str:
        return self._put(statements, holder, pyrage.x25519.Identity.generate())

    def _put(self, statements: Statements, holder: str, identity: pyrage.x25519.Identity) -> str:
        keeper = statements.execute("SELECT digest FROM secrets WHERE name = ?", (KEEPER,)).fetchone()
        if keeper is None:
            raise VaultError("vault.key_missing", file=f"{NAME}.secrets")
        recipient = str(identity.to_public())
        sealed = pyrage.encrypt(str(identity).encode(), [pyrage.x25519.Recipient.from_str(keeper[0])])
        statements.execute("INSERT INTO holders VALUES (?, ?, ?)", (holder, recipient, bytes(sealed)))
        return recipient

    def _keeper(self) -> pyrage.x25519.Identity:
        path = self._keys / KEEPER
        with system_faults(self._name(path)):
            if not path.exists():
                raise VaultError("vault.key_missing", file=self._name(path))
            text = path.read_bytes().decode("ascii", "replace").strip()
        try:
            return pyrage.x25519.Identity.from_str(text)
        except pyrage.IdentityError as error:
            raise VaultError("vault.key_damaged", file=self._name(path)) from error

    def _local(self) -> Path:
        return self._keys / "wrapped.sqlite"

    def _local_holders(self) -> list[Path]:
        return [path for path in sorted(self._holders.glob("*.key")) if is_holder(path.stem.replace("-", ":", 1))]


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
