"""The folder of sealed files: `blobs/ab/<id>`, and `blobs/unfinished/` for those being written (`bucket.py` keeps the same
files in a bucket instead).

A file gets its final name only when it is complete and on the disk. While it is written its writer holds a flock on it;
the kernel drops that when the writer dies, however it dies, and the next vault that opens removes the rest.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable
from itertools import count
from pathlib import Path

from jikim.errors import VaultError
from jikim.schema import sync
from jikim.vault.faults import system_faults
from jikim.vault.stream import SealedBytes, SealedFile, sealed_size

_BLOB = re.compile(r"[0-9a-f]{64}")
_PUBLISHED = re.compile(r"([0-9a-f]{64})\.(\d+)\.[0-9a-f]+\.part")
UNFINISHED = "blobs/unfinished"


class Unfinished:
    """A sealed file on its way, locked by whoever writes it."""

    def __init__(self, path: Path, handle: int, folder: BlobFolder) -> None:
        self.path = path
        self._handle = handle
        self._folder = folder
        self._final: Path | None = None

    def write(self, sealed: bytes) -> None:
        """Appends sealed bytes. Raises VaultError, also for a full disk."""
        rest = memoryview(sealed)
        with system_faults(UNFINISHED):
            while rest:
                rest = rest[os.write(self._handle, rest) :]

    def sync(self) -> None:
        """Waits until everything written has reached the disk."""
        with system_faults(UNFINISHED):
            os.fsync(self._handle)

    def send_ahead(self, blob: str, is_kept: Callable[[], bool]) -> None:
        """Does what takes long about publishing, unless the blob `is_kept` already, while others may still write the list
        of keys. Here nothing takes long."""

    def publish(self, blob: str, taken: Collection[int]) -> int:
        """Gives the complete file its final name beside the one it has, and returns the number of the copy. Should we die
        before its key is on record, the next cleaning finds both names."""
        copy = self._folder.free_copy(blob, taken)
        final = self._folder.path(blob, copy)
        with system_faults(UNFINISHED):
            self._tell(blob, copy)
            if not final.parent.exists():
                final.parent.mkdir(mode=0o700, exist_ok=True)
                sync(final.parent.parent)
            final.hardlink_to(self.path)
            self._final = final
            sync(final.parent)
        return copy

    def _tell(self, blob: str, copy: int) -> None:
        """Makes its name tell from now on what it is about to become."""
        renamed = self._told(blob, copy)
        self.path.rename(renamed)
        self.path = renamed
        sync(renamed.parent)

    def _told(self, blob: str, copy: int) -> Path:
        return self.path.with_name(f"{blob}.{copy}.{secrets.token_hex(8)}.part")

    def unpublish(self) -> None:
        """Takes the final name away again."""
        final, self._final = self._final, None
        if final is not None:
            with system_faults(UNFINISHED):
                final.unlink(missing_ok=True)

    def close(self) -> None:
        """Removes the name it had while it was unfinished; what was published stays."""
        handle, self._handle = self._handle, -1
        try:
            with system_faults(UNFINISHED):
                self.path.unlink(missing_ok=True)
        finally:
            os.close(handle)


class BlobFolder:
    """Knows where sealed files lie, not what is in them. `copy` is 0 for the first file of a blob; another one stands
    beside it where the same bytes were sealed without a private key at hand to share the first."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "blobs"
        self._unfinished = home / UNFINISHED

    def make(self) -> None:
        """Makes the folders, in a home that is there. Raises VaultError."""
        with system_faults("blobs"):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._unfinished.mkdir(mode=0o700, exist_ok=True)

    def is_empty(self) -> bool:
        """Whether no file has a final name here."""
        with system_faults("blobs"):
            return not any(self._folder.glob("[0-9a-f][0-9a-f]/*"))

    def path(self, blob: str, copy: int) -> Path:
        """Where a sealed file lies. Raises VaultError for what is no id of a blob."""
        if not _BLOB.fullmatch(blob):
            raise VaultError("vault.unknown_blob", blob=blob[:64])
        return self._folder / blob[:2] / (f"{blob}.{copy}" if copy else blob)

    def name(self, blob: str, copy: int) -> str:
        """The same as people are told it."""
        return str(Path("blobs", *self.path(blob, copy).parts[-2:]))

    def has(self, blob: str, copy: int) -> bool:
        """Whether the file is there."""
        return self.path(blob, copy).is_file()

    def knows(self, blob: str) -> bool:
        """Whether there is a file of this blob, with or without a key on record."""
        return self.has(blob, 0)

    def free_copy(self, blob: str, taken: Collection[int]) -> int:
        """The number of a further copy: neither on record nor the place of a file without a key, because a backup of keys
        may yet bring its key back."""
        return next(copy for copy in count() if copy not in taken and not self.has(blob, copy))

    def is_whole(self, blob: str, copy: int, plain_bytes: int) -> bool:
        """Whether the file is there and as long as so many plain bytes make it; its content is not read."""
        try:
            return self.path(blob, copy).stat().st_size == sealed_size(plain_bytes)
        except FileNotFoundError:
            return False

    def open(self, blob: str, copy: int) -> SealedBytes:
        """The sealed bytes, to be closed by the caller. Raises VaultError."""
        name = self.name(blob, copy)
        try:
            with system_faults(name):
                return SealedFile(os.open(self.path(blob, copy), os.O_RDONLY | os.O_NOFOLLOW))
        except VaultError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise VaultError("vault.blob_missing", file=name) from error
            raise

    def remove(self, copies: Iterable[tuple[str, int]]) -> None:
        """Removes sealed files, given as blob and copy, as far as they are there."""
        for blob, copy in copies:
            with system_faults(self.name(blob, copy)):
                self.path(blob, copy).unlink(missing_ok=True)

    def new(self) -> Unfinished:
        """An empty file to be written, ours alone. Raises VaultError."""
        with system_faults(UNFINISHED):
            while True:
                path = self._unfinished / f"{secrets.token_hex(16)}.part"
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                if _lock(handle) and os.fstat(handle).st_nlink == 1:
                    return self._begun(path, handle)
                os.close(handle)  # a cleaning came between making and locking it, and has removed it

    def clean(self, on_record: Callable[[str, int], bool]) -> None:
        """Removes the files whose writers are dead, and their final names too unless `on_record` knows the blob and copy.
        Nobody else may publish in the meantime."""
        with system_faults(UNFINISHED):
            for path in sorted(self._unfinished.iterdir()):
                try:
                    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                except FileNotFoundError:
                    continue  # its writer has just finished
                try:
                    if _lock(handle):
                        self._forget(path, handle, on_record)
                finally:
                    os.close(handle)

    def _forget(self, path: Path, handle: int, on_record: Callable[[str, int], bool]) -> None:
        published = _PUBLISHED.fullmatch(path.name)
        if published:
            blob, copy = published[1], int(published[2])
            if not on_record(blob, copy):
                self._withdraw(blob, copy, handle)
        path.unlink(missing_ok=True)

    def _withdraw(self, blob: str, copy: int, handle: int) -> None:
        """Removes the final name of a file whose key never came on record, unless another file has it."""
        if _is_same_file(self.path(blob, copy), handle):
            self.path(blob, copy).unlink()

    def _begun(self, path: Path, handle: int) -> Unfinished:
        return Unfinished(path, handle, self)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
