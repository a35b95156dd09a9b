"""Files that somebody puts into the box: hashed as their bytes arrive, and kept neither on the disk nor in memory."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

FILES_MAX = 50
BYTES_MAX = 512 * 2**20


class DigestHandler(FileUploadHandler):
    """Takes a file's SHA-256 and lets its bytes go. Files beyond `FILES_MAX` are passed over, one beyond `BYTES_MAX` too."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._digest = sha256()
        self._count = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._count += 1
        if self._count > FILES_MAX:
            raise SkipFile
        self._digest = sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hashes what came, and hands it to nobody."""
        if start + len(raw_data) > BYTES_MAX:
            raise SkipFile
        self._digest.update(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        """An empty file with the size and the digest of what came."""
        return Hashed(self._digest.hexdigest(), self.file_name or "", file_size)


class Hashed(UploadedFile):
    """What is left of a file that came: its name, size in bytes and SHA-256."""

    def __init__(self, sha256: str, name: str, size: int) -> None:
        super().__init__(BytesIO(), name, size=size)
        self.sha256 = sha256


def digests(request: HttpRequest) -> list[Hashed]:
    """What came, file by file."""
    return [file for file in request.FILES.getlist("files") if isinstance(file, Hashed)]
