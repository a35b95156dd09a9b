"""The sealed form of one blob: a header, then chunks of AES-256-GCM under the blob's own data key.

    header   "JIKIMSEALED", version (1 byte), plain bytes in a chunk (4 bytes, big-endian); authenticated with every chunk
    chunk    ciphertext, 16 bytes of tag; nonce = counter (11 bytes, big-endian), 1 in the last chunk and 0 in others

This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, CRYPTO 2015): a chunk that is cut off, repeated, exchanged or changed does not open. A data key seals one
blob only, so counters may start at nought.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jikim.errors import VaultError

MAGIC = b"JIKIMSEALED"
VERSION = 1
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
KEY_BYTES = 32
HEADER = MAGIC + bytes([VERSION]) + CHUNK_BYTES.to_bytes(4, "big")


class SealingStream:
    """Seals what is written, in pieces of any size, and hands the sealed bytes to `sink`."""

    def __init__(self, key: bytes, sink: Callable[[bytes], None]) -> None:
        self._cipher = AESGCM(key)
        self._sink = sink
        self._counter = 0
        self._pending = bytearray()
        sink(HEADER)

    def write(self, plain: bytes) -> None:
        """Takes more plain bytes. The last whole chunk waits in memory, because only the end tells that it was the last."""
        rest = memoryview(plain)
        while len(self._pending) + len(rest) > CHUNK_BYTES:
            taken = CHUNK_BYTES - len(self._pending)
            self._pending += rest[:taken]
            rest = rest[taken:]
            self._seal_chunk(is_last=False)
        self._pending += rest

    def finish(self) -> None:
        """Seals the last chunk, an empty one for an empty blob."""
        self._seal_chunk(is_last=True)

    def _seal_chunk(self, *, is_last: bool) -> None:
        self._sink(self._cipher.encrypt(_nonce(self._counter, is_last), bytes(self._pending), HEADER))
        self._counter += 1
        self._pending.clear()


def sealed_size(plain_bytes: int) -> int:
    """How long the sealed form of so many plain bytes is."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return len(HEADER) + plain_bytes + chunks * TAG_BYTES


class SealedBytes(Protocol):
    """A sealed blob that is read from its beginning to its end; whoever opened it closes it."""

    @property
    def size_bytes(self) -> int:
        """How many sealed bytes there are."""

    def read(self, size_bytes: int) -> bytes:
        """The next bytes, fewer only at the end. Raises VaultError."""

    def close(self) -> None:
        """Lets go of it."""


class SealedFile:
    """SealedBytes of an open file, which it closes."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.size_bytes = os.fstat(handle).st_size

    def read(self, size_bytes: int) -> bytes:
        """The next bytes, fewer only at the end."""
        return os.read(self._handle, size_bytes)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._handle)


def plain_size(sealed: SealedBytes, file: str) -> int:
    """How many plain bytes a sealed blob claims to hold; only opening its chunks proves it."""
    body = sealed.size_bytes - len(HEADER)
    chunks = max(1, -(-body // (CHUNK_BYTES + TAG_BYTES)))
    if body < chunks * TAG_BYTES:
        raise VaultError("vault.blob_damaged", file=file)
    return body - chunks * TAG_BYTES


def plain_chunks(sealed: SealedBytes, key: bytes, file: str) -> Iterator[bytes]:
    """The plain bytes of a sealed blob from its beginning, chunk by chunk, each only after its tag was verified.

    Raises VaultError at the first chunk that is not what was sealed; what came before it must then be thrown away.
    `file` is how the file is called in that error.
    """
    _check_header(sealed.read(len(HEADER)), file)
    cipher = AESGCM(key)
    left = plain_size(sealed, file)
    counter = 0
    while True:
        size = min(left, CHUNK_BYTES)
        left -= size
        try:
            yield cipher.decrypt(_nonce(counter, left == 0), sealed.read(size + TAG_BYTES), HEADER)
        except InvalidTag as error:
            raise VaultError("vault.blob_damaged", file=file) from error
        if left == 0:
            return
        counter += 1


def _check_header(header: bytes, file: str) -> None:
    if header.startswith(MAGIC) and len(header) == len(HEADER) and header[len(MAGIC)] > VERSION:
        raise VaultError("vault.blob_newer", file=file)
    if header != HEADER:
        raise VaultError("vault.blob_damaged", file=file)


def _nonce(counter: int, is_last: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([is_last])
