"""The wire of the gate: heads of HTTP/1 messages, and bytes copied between two connections within bounds."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
_HANG_UP_S = 1.0

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PASSED_ON = frozenset(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "content-type",
        "if-modified-since",
        "if-none-match",
        "range",
        "user-agent",
    )
)
_NOT_PASSED_BACK = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-connection", "set-cookie", "set-cookie2", "upgrade")
)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Declined(Exception):
    """What was asked is not done; the asker is told by a status line, and nothing more is read."""

    def __init__(self, status: int, phrase: str, *headers: tuple[str, str]) -> None:
        super().__init__(status, phrase)
        self._lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]

    def answer(self) -> bytes:
        return _written((*self._lines, "Content-Length: 0", "Connection: close"))


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers of a message. Names are lower case; a name may stand several times."""

    line: str
    headers: tuple[tuple[str, str], ...]

    def only(self, name: str) -> str | None:
        """The value of a header that may stand once. Raises Declined when it stands more often, since the next in the chain
        might read the other one."""
        values = [value for header, value in self.headers if header == name]
        if len(values) > 1:
            raise Declined(400, "Bad Request")
        return values[0] if values else None

    def passed_on(self, line: str, authority: str, upload_bytes: int) -> bytes:
        """A request for `authority` with the harmless ones of these headers."""
        kept = [f"{name}: {value}" for name, value in self.headers if name in _PASSED_ON]
        length = [f"content-length: {upload_bytes}"] if line.startswith("POST ") else []
        return _written((line, f"host: {authority}", *kept, *length, "connection: close"))

    def passed_back(self) -> bytes:
        """An answer without cookies and without what concerns one connection only."""
        kept = [f"{name}: {value}" for name, value in self.headers if name not in _NOT_PASSED_BACK]
        return _written((self.line, *kept, "connection: close"))


async def read_head(reader: asyncio.StreamReader, timeout_s: float, broken: Declined) -> Head:
    """The head of the next message. Raises `broken` when there is none, TimeoutError when it takes too long."""
    try:
        async with asyncio.timeout(timeout_s):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as error:
        raise broken from error
    line, *fields = head[:-4].decode("latin-1").split("\r\n")
    headers = []
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not _NAME.fullmatch(name) or any(mark in value for mark in "\r\n\0"):
            raise broken
        headers.append((name.lower(), value.strip()))
    return Head(line, tuple(headers))


async def relay(client: Ends, server: Ends, *, up_bytes: int, down_bytes: int, idle_s: float) -> None:
    """Copies in both directions until the server ends, at most so many bytes each way (0: not at all).

    Raises TimeoutError when nothing moves for `idle_s`, OSError when a connection breaks.
    """
    async with asyncio.timeout(idle_s) as idle:
        up = asyncio.create_task(_copied(client[0], server[1], up_bytes, idle, idle_s)) if up_bytes else None
        try:
            await _copied(server[0], client[1], down_bytes, idle, idle_s)
        finally:
            if up is not None:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)


async def _copied(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit_bytes: int, idle: asyncio.Timeout, idle_s: float
) -> None:
    while piece := await reader.read(_PIECE_BYTES):
        limit_bytes -= len(piece)
        if limit_bytes < 0:
            break_off(writer)
            return
        writer.write(piece)
        await writer.drain()
        idle.reschedule(asyncio.get_running_loop().time() + idle_s)
    writer.write_eof()


def break_off(writer: asyncio.StreamWriter) -> None:
    """Resets a connection, so that what was cut short does not look complete."""
    if not writer.transport.is_closing():
        connected = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes a connection, giving the other side a moment to take what was written."""
    writer.close()
    try:
        async with asyncio.timeout(_HANG_UP_S):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


def _written(lines: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", "replace")
