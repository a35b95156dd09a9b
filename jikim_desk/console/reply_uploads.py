"""Bulk replies as they come: kept in memory while they are read, never on disk. Elsewhere the handler stands aside."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from jikim_desk.notices.channels.spreadsheet import FILE_MAX
from jikim_desk.review import access

PATH = "/channels/replies/take"


class ReplyHandler(FileUploadHandler):
    """Keeps the one file that somebody who decides sends to PATH; one byte beyond the limit shows that it is too large."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._is_wanted = request.path == PATH and request.user.is_authenticated and request.user.has_role(*access.DECIDERS)
        self._held = BytesIO()
        self._has_begun = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins; a second one is passed over."""
        super().new_file(*args, **kwargs)
        if self._is_wanted and self._has_begun:
            raise SkipFile
        self._has_begun = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keeps what came, or hands it to the next handler."""
        if not self._is_wanted:
            return raw_data
        self._held.write(raw_data[: max(0, FILE_MAX + 1 - start)])
        return None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """What came, or nothing where another handler had it."""
        return Held(self._held.getvalue(), file_size) if self._is_wanted else None


class Held(UploadedFile):
    """A reply in memory; what its sender called it is not kept."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(BytesIO(content), "reply", size=size)
        self.content = content


def held(request: HttpRequest) -> bytes | None:
    """The reply that came, None for none."""
    file = request.FILES.get("reply")
    return file.content if isinstance(file, Held) else None
