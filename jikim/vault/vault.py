"""The vault itself: seals as bytes arrive, opens into memory only, and destroys by destroying keys.

The order of things, so that a kill at any moment leaves neither plain bytes nor half a blob:

    seal       unfinished file written -> synced -> [ its final name given -> its wrapped key recorded ] -> first name removed
               (where blobs lie in a bucket its final name is given before the bracket, because that can take long)
    destroy    holder's key noted as destroyed -> [ key files removed -> sealed files removed -> wrapped keys removed ]

What stands in brackets happens in the one writing transaction of keys/wrapped.sqlite. Opening a vault finishes or undoes what
was begun.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jikim.config import Bucket, Config
from jikim.errors import JikimError, VaultError
from jikim.schema import Database
from jikim.vault import fields
from jikim.vault.blobs import BlobFolder, Unfinished
from jikim.vault.faults import system_faults
from jikim.vault.keys import MIGRATIONS, KeyFolder, KeyList, Statements, checked_holder, is_holder
from jikim.vault.sealing import MEDIA_MAX_BYTES, Sealing
from jikim.vault.stream import SealedBytes, plain_chunks, plain_size

T = TypeVar("T")


class _Held(NamedTuple):
    holder: str
    copy: int
    recipient: str
    wrapped: bytes

    def check(self) -> None:
        """A damaged page of the list can still read as a row. Raises VaultError where this cannot be what was written."""
        if [type(value) for value in self] != [str, int, str, bytes] or not is_holder(self.holder):
            raise VaultError("vault.key_damaged", file="keys/wrapped.sqlite")


class Vault:
    """Made by `Vault.open`. May be shared by threads and survives a fork; any number of processes may use one home."""

    def __init__(self, blobs: BlobFolder, keys: KeyFolder, wrapped: KeyList) -> None:
        self._blobs = blobs
        self._keys = keys
        self._wrapped = wrapped
        self._centre = keys.secret("centre")

    @classmethod
    def open(cls, home: Path, *, with_private_keys: bool = True, bucket: Bucket | None = None, central: str = "") -> Vault:
        """The vault of `home`; its keys are made silently on first use. What killed processes left is cleaned up.

        Raises VaultError when keys are missing, damaged, not this vault's or open to other users, and StateError when a
        newer version of Jikim made them. `with_private_keys` False gives a vault that seals but does not open. With a
        `bucket` the sealed files lie there and not in `home/blobs`; with `central`, the address of a PostgreSQL database, the
        list of wrapped keys lies there and not in `home/keys`, and what was there is moved. `open_vault` takes both from the
        configuration.
        """
        blobs = _in_bucket(home, bucket) if bucket else BlobFolder(home)
        with system_faults("JIKIM_HOME"):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys, wrapped = _centrally(home, central, with_private_keys) if central else _locally(home, blobs, with_private_keys)
        blobs.make()
        try:
            with wrapped.change() as connection:
                keys.clean()
                keys.begin(connection, blobs.is_empty)
                for name in ("centre", "fields"):
                    keys.settle_secret(connection, name, may_make=blobs.is_empty)
                keys.make_secret("practice")
                blobs.clean(lambda blob, copy: _is_on_record(connection, blob, copy))
                _finish_destroying(connection, keys, blobs)
            keys.begun()
            return cls(blobs, keys, wrapped)
        except BaseException:
            wrapped.close()
            raise

    def close(self) -> None:
        """Closes the list of wrapped keys; what is being sealed must have ended before."""
        self._wrapped.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def check(self) -> None:
        """Raises VaultError when the place of sealed files cannot be reached or may not be looked into."""
        self._blobs.is_empty()

    def sealing(self, holder: str) -> Sealing:
        """Seals bytes as they arrive, for `holder`:

            with vault.sealing(sweep_holder(day)) as sealing:
                sealing.write(chunk)
            sealing.sealed

        Needs public keys only. Raises BadUse for what is no holder, VaultError when it cannot be sealed; an exception in
        the block leaves nothing behind.
        """
        return Sealing(checked_holder(holder), self._blobs.new, self._keep)

    def read(self, blob: str) -> bytes:
        """The plain bytes of a small blob. Raises VaultError: unknown, destroyed, damaged, or no private keys."""
        return self._opened(blob, self._read)

    def open_memfd(self, blob: str) -> int:
        """The plain bytes of a blob in a memory file that nobody can change any more, at position 0; the caller closes it.

        Raises VaultError: unknown, destroyed, damaged, larger than 512 MB, no memory, or no private keys.
        """
        return self._opened(blob, self._to_memfd)

    def has(self, blob: str, holder: str) -> bool:
        """Whether `blob` is held by `holder` and its sealed file is there."""
        rows = self._wrapped.rows("SELECT copy FROM keys WHERE blob = ? AND holder = ?", (blob, checked_holder(holder)))
        return any(self._blobs.has(blob, copy) for (copy,) in rows)

    def reference(self, kind: str, text: str) -> str:
        """The id under which `text` is shown outside the desk: HMAC-SHA256 under the centre's key, 64 hexadecimal digits.
        The same text has unlike ids for unlike kinds."""
        named = kind.encode("utf-8", "surrogatepass")
        content = b"jikim reference" + len(named).to_bytes(4, "big") + named + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._centre, content, "sha256").hex()

    def practice_key(self) -> bytes:
        """The 32 bytes by which a practice host proves itself. Raises VaultError."""
        return self._keys.secret("practice")

    def sign(self, content: bytes) -> bytes:
        """The centre's Ed25519 signature of `content`. Its key is made on first use; raises VaultError when it is lost."""
        return self._signing_key().sign(content)

    def public_key(self) -> bytes:
        """The 32 bytes by which anybody checks the centre's signatures. Raises VaultError."""
        return self._signing_key().public_key().public_bytes_raw()

    def seal_field(self, table: str, row: str | int, column: str, text: str) -> bytes:
        """Seals a field with personal data, bound to its place. Needs the private keys; raises VaultError."""
        return fields.seal_field(self._fields_key(), table, str(row), column, text)

    def open_field(self, table: str, row: str | int, column: str, sealed: bytes) -> str:
        """What was sealed for this very place. Raises VaultError when it was not, or without private keys."""
        return fields.open_field(self._fields_key(), table, str(row), column, sealed)

    def share(self, blob: str, holder: str, new_holder: str) -> None:
        """Lets `new_holder` hold what `holder` holds. Raises VaultError when `holder` does not, or without private keys."""
        checked_holder(new_holder)
        with self._wrapped.change() as connection:
            mine = next((held for held in _held(connection, blob) if held.holder == checked_holder(holder)), None)
            if mine is None:
                raise VaultError("vault.no_key_of_holder", blob=blob[:64], holder=holder)
            data_key = self._unwrap(mine)
            recipient = self._keys.recipient(connection, new_holder)
            if not any((held.holder, held.recipient) == (new_holder, recipient) for held in _held(connection, blob)):
                self._record(connection, blob, new_holder, mine.copy, recipient, data_key)

    def destroy_holder(self, holder: str) -> int:
        """Destroys the private key of `holder`, its wrapped keys, and the sealed files that nobody holds any more. Returns
        how many blobs became unreadable by that. A holder that has nothing is no error.

        Cannot be undone, except by a backup of keys: that has to run under the same deletion clock. Should the key files be
        put back nevertheless, the next opening removes them again.
        """
        with self._wrapped.change() as connection:
            recipients = {held[0] for held in connection.execute(_RECIPIENTS, (checked_holder(holder),)).fetchall()}
            on_file = self._keys.known_recipient(holder)
            if on_file:
                recipients.add(on_file)
            at = datetime.now(UTC).isoformat()
            connection.executemany(
                "INSERT INTO destroyed VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(recipient, holder, at) for recipient in recipients],
            )
        with self._wrapped.change() as connection:
            if self._keys.known_recipient(holder) in {None, *recipients}:  # else others have begun anew in the meantime
                self._keys.destroy(holder)
            blobs = {blob for (blob,) in connection.execute("SELECT blob FROM keys WHERE holder = ?", (holder,)).fetchall()}
            _finish_destroying(connection, self._keys, self._blobs)
            return sum(1 for blob in blobs if not _held(connection, blob))

    def _signing_key(self) -> Ed25519PrivateKey:
        if not self._keys.with_private_keys:
            raise VaultError("vault.no_private_keys")
        with self._wrapped.change() as connection:
            self._keys.settle_secret(connection, "signing", may_make=lambda: True)
        return Ed25519PrivateKey.from_private_bytes(self._keys.secret("signing"))

    def _fields_key(self) -> bytes:
        if not self._keys.with_private_keys:
            raise VaultError("vault.no_private_keys")
        return self._keys.secret("fields")

    def _id(self, digest: bytes) -> str:
        return hmac.digest(self._centre, digest, "sha256").hex()

    def _keep(self, unfinished: Unfinished, data_key: bytes, digest: bytes, size_bytes: int, holder: str) -> str:
        """Puts a complete, synced file and its key on record, unless the holder has these bytes already."""
        blob = self._id(digest)
        try:
            unfinished.send_ahead(blob, lambda: self._is_kept(blob, size_bytes, holder))
            with self._wrapped.change() as connection:
                recipient = self._keys.recipient(connection, holder)
                held = _held(connection, blob)
                mine = next((one for one in held if one.holder == holder), None)
                if mine and mine.recipient == recipient and self._blobs.is_whole(blob, mine.copy, size_bytes):
                    return blob
                shared = self._shared(blob, held, size_bytes)
                if shared:
                    self._record(connection, blob, holder, shared[0], recipient, shared[1])
                else:
                    copy = unfinished.publish(blob, {one.copy for one in held})
                    self._record(connection, blob, holder, copy, recipient, data_key)
                if mine and not _is_on_record(connection, blob, mine.copy):
                    self._blobs.remove([(blob, mine.copy)])
            return blob
        except BaseException as error:
            if not (isinstance(error, VaultError) and error.key == "vault.keys_unsure"):  # it may be on record after all
                unfinished.unpublish()
            raise

    def _is_kept(self, blob: str, size_bytes: int, holder: str) -> bool:
        """Whether these bytes seem to be there for `holder` already; only inside the transaction is it certain."""
        held = _held_rows(self._wrapped.rows(_HELD, (blob,)))
        mine = (one for one in held if one.holder == holder)
        return any(self._blobs.is_whole(blob, one.copy, size_bytes) for one in mine) or (
            self._shared(blob, held, size_bytes) is not None
        )

    def _shared(self, blob: str, held: list[_Held], size_bytes: int) -> tuple[int, bytes] | None:
        """Copy and data key of a file that another holder has of the same bytes. None without private keys: then the same
        bytes are kept a second time, under a data key of their own."""
        for one in held if self._keys.with_private_keys else ():
            try:
                one.check()
                if self._blobs.is_whole(blob, one.copy, size_bytes):
                    return one.copy, self._unwrap(one)
            except VaultError:
                continue  # this holder's key does not open; the file of our own does
        return None

    def _unwrap(self, held: _Held) -> bytes:
        held.check()
        return self._keys.unwrap(held.wrapped, held.holder, held.recipient)

    def _record(self, connection: Statements, blob: str, holder: str, copy: int, recipient: str, data_key: bytes) -> None:
        values = (blob, holder, copy, recipient, self._keys.wrap(data_key, recipient))
        connection.execute(_RECORD, values)

    def _opened(self, blob: str, opened: Callable[[SealedBytes, bytes, str, str], T]) -> T:
        """What `opened` makes of the first copy of `blob` that opens. Raises the error of the first that does not."""
        if not self._keys.with_private_keys:
            raise VaultError("vault.no_private_keys")
        failed: JikimError | None = None
        for held in _held_rows(self._wrapped.rows(_HELD, (blob,))):
            try:
                data_key = self._unwrap(held)
                with closing(self._blobs.open(blob, held.copy)) as sealed:
                    return opened(sealed, data_key, self._blobs.name(blob, held.copy), blob)
            except VaultError as error:
                failed = failed or error
        if failed:
            raise failed
        raise VaultError("vault.no_key" if self._blobs.knows(blob) else "vault.unknown_blob", blob=blob[:64])

    def _read(self, sealed: SealedBytes, data_key: bytes, file: str, blob: str) -> bytes:
        plain = b"".join(plain_chunks(sealed, data_key, file))
        self._check_id(sha256(plain).digest(), file, blob)
        return plain

    def _to_memfd(self, sealed: SealedBytes, data_key: bytes, file: str, blob: str) -> int:
        size = plain_size(sealed, file)
        if size > MEDIA_MAX_BYTES:
            raise VaultError("vault.too_large", limit_mb=MEDIA_MAX_BYTES // 2**20)
        memory = os.memfd_create("jikim", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            digest = sha256()
            for chunk in plain_chunks(sealed, data_key, file):
                digest.update(chunk)
                _write_all(memory, chunk, size)
            self._check_id(digest.digest(), file, blob)
            os.lseek(memory, 0, os.SEEK_SET)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
            return memory
        except BaseException:
            os.close(memory)
            raise

    def _check_id(self, digest: bytes, file: str, blob: str) -> None:
        """A file and a key that were exchanged together open each other; the id tells that they are another blob's."""
        if not hmac.compare_digest(self._id(digest), blob):
            raise VaultError("vault.blob_damaged", file=file)


def open_vault(config: Config, *, with_private_keys: bool = True) -> Vault:
    """The vault where the configuration has it: as `Vault.open`, which see."""
    storing = config.storing
    return Vault.open(config.home, with_private_keys=with_private_keys, bucket=storing.bucket(), central=storing.keys)


def sweep_holder(day: date) -> str:
    """The holder of what was found on one day."""
    return f"sweep:{day.isoformat()[:10]}"


def case_holder(case: str) -> str:
    """The holder of what belongs to one case. Raises BadUse unless its id is letters, digits, `_` and `-`."""
    return checked_holder(f"case:{case}")


_HELD = "SELECT holder, copy, recipient, wrapped FROM keys WHERE blob = ? ORDER BY copy, holder"
_RECORD = """INSERT INTO keys VALUES (?, ?, ?, ?, ?) ON CONFLICT (blob, holder) DO UPDATE
    SET copy = excluded.copy, recipient = excluded.recipient, wrapped = excluded.wrapped"""
_RECIPIENTS = "SELECT DISTINCT recipient FROM keys WHERE holder = ?"


def _locally(home: Path, blobs: BlobFolder, with_private_keys: bool) -> tuple[KeyFolder, KeyList]:
    keys = KeyFolder(home, with_private_keys=with_private_keys)
    keys.make()
    path = home / "keys" / "wrapped.sqlite"
    blobs.make()
    # Blobs are asked for only where the list is new, and it is looked at again: another process that starts now makes
    # the list before its first blob.
    if _is_lost(path) and not blobs.is_empty() and _is_lost(path):
        raise VaultError("vault.wrapped_missing", file="keys/wrapped.sqlite")
    return keys, Database(path, "keys/wrapped.sqlite", MIGRATIONS, VaultError)


def _centrally(home: Path, address: str, with_private_keys: bool) -> tuple[KeyFolder, KeyList]:
    from jikim.vault.central import CentralKeys, CentralList  # only now: its client need not be loaded elsewhere

    central = CentralList(address)
    keys = CentralKeys(home, central, with_private_keys=with_private_keys)
    keys.make()
    return keys, central


def _in_bucket(home: Path, bucket: Bucket) -> BlobFolder:
    from jikim.vault.bucket import BlobBucket  # only now: its client need not be loaded where there is no bucket

    return BlobBucket(home, bucket)


def _is_lost(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _held(connection: Statements, blob: str) -> list[_Held]:
    return _held_rows(connection.execute(_HELD, (blob,)).fetchall())


def _held_rows(rows: list[tuple[str, int, str, bytes]]) -> list[_Held]:
    return [_Held(*row) for row in rows]


def _is_on_record(connection: Statements, blob: str, copy: int) -> bool:
    return connection.execute("SELECT 1 FROM keys WHERE blob = ? AND copy = ?", (blob, copy)).fetchone() is not None


def _finish_destroying(connection: Statements, keys: KeyFolder, blobs: BlobFolder) -> None:
    """Carries out every destruction on record: nothing to do but for one that was interrupted, or keys that were put back."""
    for recipient, holder in connection.execute("SELECT recipient, holder FROM destroyed").fetchall():
        if not is_holder(holder):
            raise VaultError("vault.key_damaged", file="keys/wrapped.sqlite")
        if keys.known_recipient(holder) == recipient:
            keys.destroy(holder)
        lost = connection.execute("SELECT DISTINCT blob, copy FROM keys WHERE recipient = ?", (recipient,)).fetchall()
        connection.execute("DELETE FROM keys WHERE recipient = ?", (recipient,))
        blobs.remove((blob, copy) for blob, copy in lost if not _is_on_record(connection, blob, copy))


def _write_all(memory: int, chunk: bytes, size_bytes: int) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(memory, rest) :]
    except OSError as error:
        if error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EFBIG):
            raise VaultError("vault.memory_full", size_mb=-(-size_bytes // 2**20)) from error
        raise
