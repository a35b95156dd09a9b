"""One blob being sealed, as its bytes arrive."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Self

from jikim.errors import VaultError
from jikim.vault.blobs import Unfinished
from jikim.vault.stream import KEY_BYTES, SealingStream

MEDIA_MAX_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed blob: its id, and sha256 and size of the plain bytes."""

    blob: str
    sha256: str
    size_bytes: int


class Sealing:
    """One blob being sealed; made by `Vault.sealing`, used by one thread at a time."""

    def __init__(
        self, holder: str, new: Callable[[], Unfinished], keep: Callable[[Unfinished, bytes, bytes, int, str], str]
    ) -> None:
        self._holder = holder
        self._new = new
        self._keep = keep
        self._digest = sha256()
        self._size_bytes = 0
        self._sealed: Sealed | None = None

    def __enter__(self) -> Self:
        self._data_key = secrets.token_bytes(KEY_BYTES)
        self._unfinished = self._new()
        try:
            self._stream = SealingStream(self._data_key, self._unfinished.write)
        except BaseException:
            self._unfinished.close()
            raise
        return self

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes. Raises VaultError: disk full, or more than 512 MB in all."""
        self._size_bytes += len(chunk)
        if self._size_bytes > MEDIA_MAX_BYTES:
            raise VaultError("vault.too_large", limit_mb=MEDIA_MAX_BYTES // 2**20)
        self._digest.update(chunk)
        self._stream.write(chunk)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._stream.finish()
                self._unfinished.sync()
                digest = self._digest.digest()
                blob = self._keep(self._unfinished, self._data_key, digest, self._size_bytes, self._holder)
                self._sealed = Sealed(blob, digest.hex(), self._size_bytes)
        finally:
            self._unfinished.close()

    @property
    def sealed(self) -> Sealed:
        """What came of it; only after the block has ended well."""
        if self._sealed is None:
            raise RuntimeError("nothing was sealed: the block has not ended, or it ended with an exception")
        return self._sealed
