"""A file's bytes in sealed memory: nobody, not even its reader, can change or shrink them any more."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator

from jikim.errors import MediaUnreadable, SandboxUnavailable

MAX_FILE_BYTES = 512 * 2**20
_CHUNK_BYTES = 2**20
SIZE_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def open_path(path: str | os.PathLike[str]) -> int:
    """A local file's bytes in sealed memory: a descriptor the caller closes. Raises MediaUnreadable.

    Pipes and devices are refused: a pipe nobody writes to would be waited for without end, as the mere opening does.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise MediaUnreadable("media.not_regular", where=str(path))
            if facts.st_size > MAX_FILE_BYTES:
                raise MediaUnreadable("media.file_too_large", where=str(path), limit_mb=MAX_FILE_BYTES // 2**20)
            return sealed_memory(iter(lambda: file.read(_CHUNK_BYTES), b""), str(path))
    except IsADirectoryError as error:
        raise MediaUnreadable("media.is_folder", where=str(path)) from error
    except FileNotFoundError as error:
        raise MediaUnreadable("media.not_there", where=str(path)) from error
    except PermissionError as error:
        raise MediaUnreadable("media.not_permitted", where=str(path)) from error
    except OSError as error:
        raise MediaUnreadable("media.cannot_read", where=str(path), problem=error.strerror or str(error)) from error


def sealed_memory(chunks: Iterator[bytes], where: str = "-") -> int:
    """`chunks` in memory that nobody can change any more: a descriptor the caller closes.

    Raises MediaUnreadable over 512 MB, SandboxUnavailable where the kernel has no such memory.
    """
    fd = _memory("jikim-media")
    try:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                raise MediaUnreadable("media.file_too_large", where=where, limit_mb=MAX_FILE_BYTES // 2**20)
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(fd, rest) :]
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SIZE_SEALS | fcntl.F_SEAL_WRITE)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _memory(name: str) -> int:
    try:
        return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError as error:
        raise SandboxUnavailable("media.no_sandbox", wall="memfd") from error


def sha256_of(fd: int) -> str:
    """Of all bytes of a descriptor: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for chunk in chunks_of(fd):
        digest.update(chunk)
    return digest.hexdigest()


def is_sealed(fd: int) -> bool:
    """Whether nobody can write to, grow or shrink what the descriptor names."""
    wanted = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
    try:
        return fcntl.fcntl(fd, fcntl.F_GET_SEALS) & wanted == wanted
    except OSError:
        return False


def chunks_of(fd: int) -> Iterator[bytes]:
    """All bytes of a descriptor from its start, wherever its position is."""
    at = 0
    while chunk := os.pread(fd, _CHUNK_BYTES, at):
        yield chunk
        at += len(chunk)


def writable_memory(size_bytes: int) -> int:
    """Zeroed memory to share, whose size is fixed for good: a descriptor the caller closes."""
    fd = _memory("jikim-arena")
    os.ftruncate(fd, size_bytes)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SIZE_SEALS)
    return fd
