"""The list of the files that an index is made of: it replaces the one before it in one step, so that a reader finds the old
index or the new one and never a half."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from jikim.errors import StateError
from jikim.schema import sync

Listed = TypeVar("Listed", bound=msgspec.Struct)


def read_list(path: Path, empty: Listed, schema: int) -> Listed:
    """The list in a file, `empty` where there is none. Raises StateError when it is damaged, or newer than `schema`."""
    try:
        content = path.read_bytes()
        found = msgspec.json.decode(content, type=dict[str, object]).get("schema")
        if isinstance(found, int) and found > schema:
            raise StateError("copies.index_newer", where=str(path), schema=found, known=schema)
        return msgspec.json.decode(content, type=type(empty))
    except FileNotFoundError:
        return empty
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError("copies.index_damaged", where=str(path)) from error
    except OSError as error:
        raise StateError("copies.index_unreadable", where=str(path), problem=error.strerror or str(error)) from error


def write_list(path: Path, listed: msgspec.Struct) -> None:
    """Replaces the list and waits until it has reached the disk. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.part")
    with open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(msgspec.json.encode(listed))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync(path.parent)
