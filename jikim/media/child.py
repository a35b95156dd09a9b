"""The life of one child: take the file and the arena, lock itself in, say what the file is, answer requests, end.

Everything from `serve` on runs behind the walls of `sandbox` and may be taken over by the file it reads: nothing here is
trusted by the parent. It talks by plain read and write on the connection; it has no other way out.
"""

from __future__ import annotations

import gc
import io
import mmap
import os
import signal
import socket
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from jikim.media import decode, wire
from jikim.media.sandbox import Limits, LockdownFailed, lock_down

CONNECTION_FD, MEDIA_FD, ARENA_FD = 3, 4, 5
_BUFFER_BYTES = 2**16


def preload() -> None:
    """Loads whatever any child may need: behind the walls nothing more can be loaded."""
    decode.preload()
    gc.collect()
    gc.freeze()


def live(connection_fd: int, *, zygote_pid: int, mapped_bytes: int) -> NoReturn:
    """A child from its first to its last moment."""
    status = 1
    try:
        os.dup2(connection_fd, CONNECTION_FD)
        hello, arena = take_file()
        try:
            confine(hello, zygote_pid=zygote_pid, mapped_bytes=mapped_bytes)
        except LockdownFailed as error:
            _send(wire.NotLockedDown(_wall(error)))
        else:
            _send(wire.LockedDown())
            serve(hello.bounds, arena)
            status = 0
    finally:
        os._exit(status)


def _wall(error: LockdownFailed) -> str:
    return "".join(c for c in str(error.strerror).lower() if c.isascii() and (c.isalnum() or c in " _-"))[:40] or "unknown"


def take_file() -> tuple[wire.Hello, mmap.mmap]:
    """The parent's Hello. Leaves open 0, 1, 2 (all /dev/null), the connection and the file, and maps the arena."""
    os.closerange(CONNECTION_FD + 1, 2**16)
    connection = socket.socket(fileno=CONNECTION_FD)
    prefix, fds, _, _ = socket.recv_fds(connection, wire.LENGTH_BYTES, 2)
    body = _read_exactly(wire.length_of(prefix))
    connection.detach()
    os.dup2(fds[0], MEDIA_FD)
    os.dup2(fds[1], ARENA_FD)
    hello = wire.hello_decoder.decode(body)
    arena = mmap.mmap(ARENA_FD, hello.arena_bytes, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    os.closerange(ARENA_FD, 2**16)
    return hello, arena


def confine(hello: wire.Hello, *, zygote_pid: int, mapped_bytes: int) -> None:
    """Locks the process down for one file. Raises LockdownFailed."""
    for signal_ in (signal.SIGXFSZ, signal.SIGPIPE):
        signal.signal(signal_, signal.SIG_DFL)
    limits = Limits(mapped_bytes + hello.arena_bytes + hello.address_space_bytes, hello.cpu_s)
    lock_down(limits, zygote_pid)


class _SealedFile(io.RawIOBase):
    """A descriptor as a seekable stream, by pread alone: nothing else of a file is allowed behind the walls."""

    def __init__(self, fd: int, size_bytes: int) -> None:
        self._fd, self._size_bytes, self._at = fd, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self._size_bytes - self._at))
        found = os.pread(self._fd, wanted, self._at) if wanted else b""
        view[: len(found)] = found
        self._at += len(found)
        return len(found)


def sealed_file(fd: int, size_bytes: int) -> io.BufferedReader:
    """The file behind `fd` as a stream."""
    return io.BufferedReader(_SealedFile(fd, size_bytes), _BUFFER_BYTES)


def serve(bounds: wire.Bounds, arena: mmap.mmap) -> None:
    """Opens the file, says what it is, and answers until the parent hangs up."""
    clock = decode.Clock(bounds.busy_s)
    try:
        reader = decode.open_media(sealed_file(MEDIA_FD, bounds.file_bytes), bounds, clock)
    except decode.Refused as refused:
        _send(refused.refusal)
        return
    except MemoryError:
        _send(wire.Refusal("media.out_of_memory"))
        return
    except Exception:  # noqa: BLE001 whatever a library raises on a bad file is the same to the parent: it cannot be read
        _send(wire.Refusal("media.unreadable"))
        return
    _send(reader.facts)
    while True:
        clock.pause()
        body = wire.receive_frame(_read_exactly)
        clock.go_on()
        _send(_answer(reader, wire.request_decoder.decode(body), arena))


def _answer(reader: decode.Reader, request: wire.Request, arena: mmap.mmap) -> wire.Reply:
    try:
        match request:
            case wire.FirstLook():
                return _show(reader, reader.first_look(), arena)
            case wire.FramesAt(times_s):
                return _show(reader, reader.frames_at(times_s), arena)
            case wire.SoundAt(start_s, length_s):
                samples = reader.sound(start_s, length_s)[: len(arena) // wire.SAMPLE_BYTES]
                np.frombuffer(arena, np.float32, samples.size)[:] = samples
                return wire.Sound(samples.size)
            case _:
                return wire.Refusal("media.unreadable")
    except decode.Refused as refused:
        return refused.refusal
    except MemoryError:
        return wire.Refusal("media.out_of_memory")
    except Exception:  # noqa: BLE001 as above
        return wire.Refusal("media.unreadable")


def _show(reader: decode.Reader, frames: Iterable[tuple[NDArray[np.uint8], float | None]], arena: mmap.mmap) -> wire.Done:
    for pixels, at_s in frames:
        np.frombuffer(arena, np.uint8, pixels.size).reshape(pixels.shape)[:] = pixels
        _send(wire.Picture(pixels.shape[1], pixels.shape[0], at_s))
        wire.receive_frame(_read_exactly)  # Taken
    return wire.Done(sorted(reader.warnings), reader.alike_s[: wire.MAX_TIMES])


def _send(message: wire.Reply) -> None:
    rest = wire.framed(message)
    while rest:
        rest = rest[os.write(CONNECTION_FD, rest) :]


def _read_exactly(size: int) -> bytes:
    """Ends the process when the parent has hung up."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(CONNECTION_FD, size - len(parts))
        if not part:
            os._exit(0)
        parts += part
    return bytes(parts)
