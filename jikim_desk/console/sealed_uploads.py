"""Files that somebody sends so that a concept is taught or tried: kept in memory until they have been looked at, never on disk.

Elsewhere the handler stands aside, and files are hashed as they arrive (`uploads`).
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from jikim.media.sealed import sealed_memory
from jikim.teaching import Picture
from jikim_desk.accounts.models import Role

PATHS = ("/concepts/teach/", "/concepts/test/")
FILES_MAX = 100
FILE_BYTES_MAX = 20 * 2**20
BYTES_MAX = 120 * 2**20


class MemoryHandler(FileUploadHandler):
    """Keeps what a lead sends to `PATHS`; files over the limits arrive empty and marked as too large."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._is_wanted = request.path in PATHS and _is_lead(request)
        self._count = self._total = 0
        self._chunks: list[bytes] = []
        self._is_too_large = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._count += 1
        if self._is_wanted and self._count > FILES_MAX:
            raise SkipFile
        self._chunks, self._is_too_large = [], False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keeps what came, or hands it to the next handler."""
        if not self._is_wanted:
            return raw_data
        self._total += len(raw_data)
        if start + len(raw_data) > FILE_BYTES_MAX or self._total > BYTES_MAX:
            self._chunks, self._is_too_large = [], True
        elif not self._is_too_large:
            self._chunks.append(raw_data)
        return None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """What came, or nothing where another handler had it."""
        if not self._is_wanted:
            return None
        return Kept(self._chunks, self.file_name or "", file_size, is_too_large=self._is_too_large)


def _is_lead(request: HttpRequest) -> bool:
    """Asked here as well: what is sent is read before the rights to the page are."""
    return request.user.is_authenticated and request.user.has_role(Role.LEAD)


class Kept(UploadedFile):
    """A file in memory."""

    def __init__(self, chunks: list[bytes], name: str, size: int, *, is_too_large: bool) -> None:
        super().__init__(BytesIO(), name, size=size)
        self._chunks = chunks
        self.is_too_large = is_too_large

    @property
    def picture(self) -> Picture:
        """As teaching opens it."""
        name = self.name or "-"
        return Picture(name, lambda: sealed_memory(iter(self._chunks), name))


def kept(request: HttpRequest, field: str) -> list[Kept]:
    """What came under one name, file by file."""
    return [file for file in request.FILES.getlist(field) if isinstance(file, Kept)]
