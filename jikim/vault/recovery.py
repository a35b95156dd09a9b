"""The paper recovery code, and the backups of keys that it opens.

The code is an age identity: 58 letters and digits that somebody writes down, with a checksum that finds a slip of the pen. Only
its public half stays here (`keys/recovery.pub`), so anybody who runs the desk can write a backup and only the paper opens one;
the `age` program opens it as well, given `AGE-SECRET-KEY-1` and the code without spaces.

    recovery/keys.age    everything under keys/ as it was, replaced whole by each new backup: what was destroyed in the meantime
                         is not in it. Copies kept elsewhere have to be replaced by it too.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage

from jikim.errors import VaultError
from jikim.schema import locked, sync
from jikim.vault.faults import system_faults

BACKUP = "recovery/keys.age"
GROUP = 4
_PREFIX = "AGE-SECRET-KEY-1"
_PUBLIC = "recovery.pub"
_NEW = ".new-"
_WRAPPED = "wrapped.sqlite"
_NAMES = re.compile(
    r"centre|fields|practice|signing|keeper|exchange|recovery\.pub|wrapped\.sqlite|holders/(sweep|case)-[A-Za-z0-9_-]{1,100}\.(key|pub)"
)


def new_code() -> str:
    """A code that nobody has seen yet. Nothing is written: `adopt` does, once it stands on paper."""
    return str(pyrage.x25519.Identity.generate()).removeprefix(_PREFIX)


def spelled(code: str) -> list[str]:
    """The code in groups of four, to be written down and typed again."""
    return [code[at : at + GROUP] for at in range(0, len(code), GROUP)]


def has_code(home: Path) -> bool:
    """Whether there is a paper that opens the backups of this vault."""
    return (home / "keys" / _PUBLIC).exists()


def adopt(home: Path, code: str) -> None:
    """Makes `code` the one that opens backups from now on, and writes the first. A paper from before opens only what was
    written before. Raises VaultError."""
    recipient = str(_identity(code).to_public())
    path = home / "keys" / _PUBLIC
    with system_faults(f"keys/{_PUBLIC}"), _new_file(path) as new:
        new.write_bytes(f"{recipient}\n".encode())
    back_up(home)


def back_up(home: Path) -> Path:
    """Writes `recovery/keys.age` anew and returns its path. Raises VaultError: nobody made a recovery code, or a full disk."""
    keys, target = home / "keys", home / BACKUP
    try:
        recipient = pyrage.x25519.Recipient.from_str((keys / _PUBLIC).read_text("ascii").strip())
    except FileNotFoundError as error:
        raise VaultError("vault.no_recovery_code") from error
    except (pyrage.RecipientError, UnicodeDecodeError) as error:
        raise VaultError("vault.key_damaged", file=f"keys/{_PUBLIC}") from error
    with system_faults(BACKUP):
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with locked(target.parent), _memory_file() as plain:
            for left in target.parent.glob(f"{_NEW}*"):
                left.unlink(missing_ok=True)
            _write_tar(keys, plain)
            plain.seek(0)
            with _new_file(target) as sealed, sealed.open("wb") as file:
                pyrage.encrypt_io(plain, file, [recipient])
    return target


def restore(home: Path, code: str, backup: Path) -> list[str]:
    """Puts back the key files that are missing and returns their names. One that is there stays as it is.

    Raises VaultError and changes nothing: the code has a slip or belongs to another backup, the backup is damaged, or a key
    that is there is another one than in the backup.
    """
    keys = home / "keys"
    identity = _identity(code)
    with system_faults(str(backup.name)):
        for folder in (home, keys, keys / "holders"):
            folder.mkdir(mode=0o700, exist_ok=True)
        with locked(keys), _memory_file() as plain, backup.open("rb") as sealed:
            try:
                _decrypt(sealed, plain, identity)
                plain.seek(0)
                with tarfile.open(fileobj=plain, mode="r:") as archive:
                    return _put_back(keys, archive)
            except (pyrage.DecryptError, tarfile.TarError) as error:
                raise VaultError("vault.recovery_refused", file=backup.name) from error


def _decrypt(sealed: BinaryIO, plain: BinaryIO, identity: pyrage.x25519.Identity) -> None:
    try:
        pyrage.decrypt_io(sealed, plain, [identity])
    except OSError as error:
        if error.errno is not None:
            raise
        raise pyrage.DecryptError(str(error)) from error  # so it says that a later part is damaged


def _put_back(keys: Path, archive: tarfile.TarFile) -> list[str]:
    members = [member for member in archive.getmembers() if member.isreg() and _NAMES.fullmatch(member.name)]
    missing = []
    for member in members:
        path = keys / member.name
        if not path.exists():
            missing.append(member)
        elif member.name != _WRAPPED and path.read_bytes() != _content(archive, member):
            raise VaultError("vault.recovery_differs", file=f"keys/{member.name}")
    for member in missing:
        with _new_file(keys / member.name) as new:
            new.write_bytes(_content(archive, member))
    return [member.name for member in missing]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def _write_tar(keys: Path, plain: BinaryIO) -> None:
    """The list of wrapped keys comes first: each key that it needs was made before it, so it is among those that follow."""
    with tarfile.open(fileobj=plain, mode="w:") as archive:
        if (keys / _WRAPPED).exists():
            _add(archive, _WRAPPED, _database_copy(keys / _WRAPPED))
        for path in sorted((*keys.iterdir(), *(keys / "holders").glob("*"))):
            name = str(path.relative_to(keys))
            if name == _WRAPPED or not _NAMES.fullmatch(name):
                continue
            try:
                _add(archive, name, path.read_bytes())
            except FileNotFoundError:
                continue  # destroyed just now


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _database_copy(path: Path) -> bytes:
    """A consistent copy of a database that others may be writing."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            return copy.serialize()
    except sqlite3.DatabaseError as error:
        raise VaultError("vault.key_damaged", file=f"keys/{path.name}") from error


def _identity(code: str) -> pyrage.x25519.Identity:
    letters = re.sub(r"[\s-]", "", code.upper()).removeprefix(_PREFIX.replace("-", ""))
    try:
        return pyrage.x25519.Identity.from_str(_PREFIX + letters)
    except pyrage.IdentityError as error:
        raise VaultError("vault.bad_recovery_code") from error


def _memory_file() -> BinaryIO:
    """A file that is never on a disk: what was destroyed must not live on in what a kill left behind."""
    return os.fdopen(os.memfd_create("jikim", os.MFD_CLOEXEC), "w+b")


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """An empty file for our user alone, which takes the place of `path` when the block has ended well, and goes otherwise."""
    new = path.with_name(f"{_NEW}{secrets.token_hex(8)}")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield new
        sync(new)
        new.replace(path)
        sync(path.parent)
    finally:
        new.unlink(missing_ok=True)
