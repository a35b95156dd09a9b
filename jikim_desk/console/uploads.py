"""Files that somebody puts into the box: hashed as their bytes arrive, and written nowhere. For the one form that holds files
against the banks their bytes stay in sealed memory until the answer is given; of any other form nothing is kept at all."""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from io import BytesIO
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.urls import reverse

from jikim.media.sealed import SIZE_SEALS

FILES_MAX = 50
BYTES_MAX = 512 * 2**20
HELD_MAX = 256 * 2**20
"""Bytes in memory for one form, all its files together."""


class DigestHandler(FileUploadHandler):
    """Takes a file's SHA-256 and lets its bytes go, or keeps them in memory where they are to be compared. Files beyond
    `FILES_MAX` are passed over, one beyond `BYTES_MAX` too."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._digest = sha256()
        self._count = self._held = 0
        self._memory: IO[bytes] | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._count += 1
        if self._count > FILES_MAX:
            raise SkipFile
        self._digest = sha256()
        self._memory = _memory() if self._is_compared() else None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hashes what came, and hands it to nobody."""
        if start + len(raw_data) > BYTES_MAX:
            self._let_go()
            raise SkipFile
        self._digest.update(raw_data)
        if self._memory is not None:
            if self._held + len(raw_data) > HELD_MAX:
                self._let_go()
            else:
                self._memory.write(raw_data)
                self._held += len(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        """What is left of a file: its size and digest, and its bytes where they are compared."""
        memory, self._memory = self._memory, None
        if memory is not None:
            fcntl.fcntl(memory.fileno(), fcntl.F_ADD_SEALS, SIZE_SEALS | fcntl.F_SEAL_WRITE)
        return Hashed(self._digest.hexdigest(), self.file_name or "", file_size, memory)

    def upload_interrupted(self) -> None:
        """The browser went away."""
        self._let_go()

    def _is_compared(self) -> bool:
        """Only where somebody signed in asks for it: nobody else's bytes take room."""
        request = self.request
        return request is not None and request.path == reverse("recognise") and request.user.is_authenticated

    def _let_go(self) -> None:
        if self._memory is not None:
            self._held -= os.fstat(self._memory.fileno()).st_size
            self._memory.close()
            self._memory = None


class Hashed(UploadedFile):
    """A file that came: its name, size in bytes and SHA-256. Its memory is given back when the request ends."""

    def __init__(self, sha256: str, name: str, size: int, memory: IO[bytes] | None = None) -> None:
        super().__init__(memory or BytesIO(), name, size=size)
        self.sha256 = sha256
        self.fd = memory.fileno() if memory else None
        """A descriptor of sealed memory, None where the bytes were let go."""


def arrived(request: HttpRequest) -> list[Hashed]:
    """What came, file by file."""
    return [file for file in request.FILES.getlist("files") if isinstance(file, Hashed)]


def _memory() -> IO[bytes]:
    return os.fdopen(os.memfd_create("jikim-upload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b", buffering=0)
