"""The key files: `keys/{centre,fields,practice}` with 32 random bytes each, and an age key pair for every holder.

    keys/holders/<holder>.key    the identity (private), a line that the `age` program reads as well
    keys/holders/<holder>.pub    its recipient (public); this is all that sealing needs
    keys/wrapped.sqlite          the wrapped data keys, which holders were destroyed, and by which digests the centre's
                                 keys are known again; its schema version is that of the whole folder

What is made here is made while the caller holds the one writing transaction of wrapped.sqlite, so that two processes that
start at once make it once. A key that is missing although it was once there is never made anew: refused is better than
orphaned.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pyrage

from jikim.errors import BadUse, VaultError
from jikim.schema import Migration, Row, sync
from jikim.vault.faults import system_faults

SECRET_BYTES = 32

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE keys (blob TEXT NOT NULL, holder TEXT NOT NULL, copy INTEGER NOT NULL, recipient TEXT NOT NULL,
           wrapped BLOB NOT NULL, PRIMARY KEY (blob, holder)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX keys_of_holder ON keys (holder)",
        "CREATE INDEX keys_of_recipient ON keys (recipient)",
        """CREATE TABLE destroyed (recipient TEXT PRIMARY KEY, holder TEXT NOT NULL, destroyed_at TEXT NOT NULL)
           STRICT, WITHOUT ROWID""",
        "CREATE TABLE secrets (name TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
)

_HOLDER = re.compile(r"(sweep|case):([A-Za-z0-9][A-Za-z0-9_-]{0,99})")
_NEW = ".new-"
_SEALED_FOR = """SELECT recipient FROM keys WHERE holder = ? AND recipient NOT IN (SELECT recipient FROM destroyed) LIMIT 1"""


class Found(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Statements(Protocol):
    """The one writing transaction of the list of wrapped keys. Parameters are written `?`."""

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> Found: ...

    def executemany(self, sql: str, params: Sequence[Sequence[Any]], /) -> object: ...


class KeyList(Protocol):
    """Where the list of wrapped keys is: `jikim.schema.Database` in keys/wrapped.sqlite, or `central.CentralList`."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]: ...

    def change(self) -> AbstractContextManager[Statements]: ...

    def close(self) -> None: ...


class KeyFolder:
    """Reads, makes and destroys key files. `with_private_keys` False: no identity and no key of fields is ever read."""

    list_name = "keys/wrapped.sqlite"

    def __init__(self, home: Path, *, with_private_keys: bool) -> None:
        self._home = home
        self._keys = home / "keys"
        self._holders = self._keys / "holders"
        self.with_private_keys = with_private_keys

    def make(self) -> None:
        """Makes the folders. Raises VaultError, also when other users may look into them."""
        with system_faults("keys"):
            self._keys.mkdir(mode=0o700, exist_ok=True)
            self._holders.mkdir(mode=0o700, exist_ok=True)
            if self._keys.stat().st_mode & 0o007:
                raise VaultError("vault.keys_open_to_others", file="keys")

    def clean(self) -> None:
        """Removes what a killed process left of a key it was making. Only inside the writing transaction."""
        with system_faults("keys"):
            for folder in (self._keys, self._holders):
                for left in folder.glob(f"{_NEW}*"):
                    left.unlink(missing_ok=True)

    def begin(self, connection: Statements, is_empty: Callable[[], bool]) -> None:
        """What is to be done before anything else in the transaction that opens the vault."""

    def begun(self) -> None:
        """What is to be done once the transaction that opened the vault stands."""

    def secret(self, name: str) -> bytes:
        """The 32 bytes of `keys/<name>`. Raises VaultError naming the file."""
        path = self._keys / name
        try:
            with system_faults(self._name(path)):
                found = path.read_bytes()
        except VaultError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise VaultError("vault.key_missing", file=self._name(path)) from error
            raise
        if len(found) != SECRET_BYTES:
            raise VaultError("vault.key_damaged", file=self._name(path))
        return found

    def make_secret(self, name: str) -> None:
        """Makes `keys/<name>` unless it is there."""
        path = self._keys / name
        if not path.exists():
            self._write(path, secrets.token_bytes(SECRET_BYTES))

    def settle_secret(self, connection: Statements, name: str, *, may_make: Callable[[], bool]) -> None:
        """Makes `keys/<name>` on the very first use and checks ever after that it is still the same.

        Raises VaultError when it is missing, damaged or another one.
        """
        row = connection.execute("SELECT digest FROM secrets WHERE name = ?", (name,)).fetchone()
        if row is None and may_make():
            self.make_secret(name)
        digest = hmac.digest(self.secret(name), b"jikim key check", "sha256").hex()
        if row is None:
            connection.execute("INSERT INTO secrets VALUES (?, ?)", (name, digest))
        elif row[0] != digest:
            raise VaultError("vault.key_wrong", file=self._name(self._keys / name))

    def recipient(self, connection: Statements, holder: str) -> str:
        """The public key of `holder`. A key pair is made when it has none, or when its files are of a destroyed one.

        Raises VaultError when files are damaged, or are not those for which its blobs were sealed.
        """
        found = self._recipient_on_file(holder)
        if found and connection.execute("SELECT 1 FROM destroyed WHERE recipient = ?", (found,)).fetchone():
            self.destroy(holder)
            found = None
        sealed_for = connection.execute(_SEALED_FOR, (holder,)).fetchone()
        if sealed_for and sealed_for[0] != found:
            raise VaultError("vault.key_wrong" if found else "vault.key_missing", file=self._name(self._path(holder, "pub")))
        return found or self._make_pair(connection, holder)

    def known_recipient(self, holder: str) -> str | None:
        """The public key of `holder` as far as its files tell one, damaged or not."""
        try:
            return self._recipient_on_file(holder)
        except VaultError:
            return None

    def _recipient_on_file(self, holder: str) -> str | None:
        path = self._path(holder, "pub")
        with system_faults(self._name(path)):
            text = _text(path)
        if text is None:
            return self._recover_recipient(holder)
        try:
            return str(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            raise VaultError("vault.key_damaged", file=self._name(path)) from error

    def _recover_recipient(self, holder: str) -> str | None:
        """Writes the public key from the private one, where a kill came between the two or it was lost."""
        if not self._path(holder, "key").exists():
            return None
        recipient = str(self._identity(holder).to_public())
        self._write(self._path(holder, "pub"), f"{recipient}\n".encode())
        return recipient

    def wrap(self, data_key: bytes, recipient: str) -> bytes:
        """Wraps a data key so that only the holder's identity opens it."""
        return bytes(pyrage.encrypt(data_key, [pyrage.x25519.Recipient.from_str(recipient)]))

    def unwrap(self, wrapped: bytes, holder: str, recipient: str) -> bytes:
        """The data key that was wrapped for `recipient`. Raises VaultError: no private keys, or the wrong or damaged ones."""
        if not self.with_private_keys:
            raise VaultError("vault.no_private_keys")
        identity = self._identity(holder)
        if str(identity.to_public()) != recipient:
            raise VaultError("vault.key_wrong", file=self._name(self._path(holder, "key")))
        try:
            return bytes(pyrage.decrypt(wrapped, [identity]))
        except pyrage.DecryptError as error:
            raise VaultError("vault.key_damaged", file=self.list_name) from error

    def destroy(self, holder: str) -> None:
        """Removes the files of a holder's key pair, the private one first and overwritten. The public one is whole to the
        end: by it the next opening knows whose destruction a kill broke off.

        Overwriting reaches the old sectors on plain disks only; on SSDs and copying file systems the disk's own encryption
        has to do the rest.
        """
        private, public = self._path(holder, "key"), self._path(holder, "pub")
        for path in (private, public):
            with system_faults(self._name(path)):
                if path.exists():
                    if path == private:
                        _overwrite(path)
                    path.unlink()
                    sync(path.parent)

    def _identity(self, holder: str) -> pyrage.x25519.Identity:
        path = self._path(holder, "key")
        with system_faults(self._name(path)):
            text = _text(path)
        if text is None:
            raise VaultError("vault.key_missing", file=self._name(path))
        try:
            return pyrage.x25519.Identity.from_str(text)
        except pyrage.IdentityError as error:
            raise VaultError("vault.key_damaged", file=self._name(path)) from error

    def _make_pair(self, connection: Statements, holder: str) -> str:
        identity = pyrage.x25519.Identity.generate()
        recipient = str(identity.to_public())
        self._write(self._path(holder, "key"), f"{identity}\n".encode())
        self._write(self._path(holder, "pub"), f"{recipient}\n".encode())
        return recipient

    def _write(self, path: Path, content: bytes) -> None:
        """A key file is there whole or not at all, on the disk, for our user alone, and is never written over."""
        new = path.with_name(f"{_NEW}{secrets.token_hex(8)}")
        with system_faults(self._name(path)):
            try:
                handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(handle)
                path.hardlink_to(new)
            finally:
                new.unlink(missing_ok=True)
            sync(path.parent)

    def _path(self, holder: str, ending: str) -> Path:
        return self._holders / f"{checked_holder(holder).replace(':', '-', 1)}.{ending}"

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._home))


def is_holder(value: object) -> bool:
    """Whether `value` is the name of a holder: "sweep:<day>" or "case:<id>"."""
    return isinstance(value, str) and _HOLDER.fullmatch(value) is not None


def checked_holder(holder: str) -> str:
    """`holder` itself if it is the name of one. Raises BadUse."""
    if not is_holder(holder):
        raise BadUse("vault.bad_holder")
    return holder


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
