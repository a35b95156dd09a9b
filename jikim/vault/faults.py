"""What the operating system refuses, said as VaultErrors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jikim.errors import VaultError
from jikim.schema import DISK_FULL


@contextmanager
def system_faults(file: str) -> Iterator[None]:
    """Turns an OSError into one clear line about `file`, a name under JIKIM_HOME."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise VaultError("vault.disk_full", file=file) from error
        raise VaultError("vault.system", file=file, reason=error.strerror or str(error)) from error
