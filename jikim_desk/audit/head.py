"""Where the chain had grown to, kept apart from the database: cutting off its end is found by this.

`$JIKIM_HOME/audit/head.json` holds the number and hash of the last entry that was committed, sealed under the centre's key. It
follows each commit, so after a kill it may lag behind the chain by what was committed in that moment; it is never ahead.
Each machine of a larger desk keeps one of its own.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

import msgspec

from jikim.errors import StateError
from jikim.schema import DISK_FULL, locked
from jikim_desk.config import jikim_config
from jikim_desk.faults import DeskFault
from jikim_desk.sealing import reference

NO_HASH = "0" * 64
"""What the first entry follows."""


class HeadDamaged(DeskFault, StateError):
    """The file is not what was written; nothing is written over it."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last entry known to be committed; number 0 before the first."""

    number: int
    hash: str
    seal: str


def read() -> Head | None:
    """The head on file, None where there is none. Raises HeadDamaged for one that somebody else wrote."""
    path = _path()
    try:
        head = msgspec.json.decode(path.read_bytes(), type=Head)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HeadDamaged("audit.head_damaged", file=NAME) from error
    if not hmac.compare_digest(head.seal.encode(), _seal(head.number, head.hash).encode()):
        raise HeadDamaged("audit.head_damaged", file=NAME)
    return head


def exists() -> bool:
    """Whether there is a head on file, sound or not."""
    return _path().exists()


def advance(number: int, digest: str) -> None:
    """Notes that the entry `number` was committed; later ones on file stay. Raises StateError when it cannot be written."""
    path = _path()
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with locked(path.parent):
            found = read()
            if found is None or found.number < number:
                _write(path, Head(number, digest, _seal(number, digest)))
    except OSError as error:
        key = "state.disk_full" if error.errno in DISK_FULL else "state.not_writable"
        raise StateError(key, file=NAME, reason=error.strerror or str(error)) from error


def restart(number: int, digest: str) -> None:
    """Notes another chain's entry `number` in place of what is on file: only for what a person has acknowledged."""
    path = _path()
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with locked(path.parent):
            _write(path, Head(number, digest, _seal(number, digest)))
    except OSError as error:
        key = "state.disk_full" if error.errno in DISK_FULL else "state.not_writable"
        raise StateError(key, file=NAME, reason=error.strerror or str(error)) from error


NAME = "audit/head.json"


def _path() -> Path:
    return jikim_config().home / NAME


def _seal(number: int, digest: str) -> str:
    return reference("audit head", f"{number} {digest}")


def _write(path: Path, head: Head) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(head))
            file.flush()
            os.fsync(handle)
        new.replace(path)  # should the machine go down before the folder reaches the disk, the head lags behind, no more
    finally:
        new.unlink(missing_ok=True)
