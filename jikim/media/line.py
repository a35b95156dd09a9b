"""The parent's end of the line: the zygote's process, the connection to one child, the clock it is held to."""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from jikim.media import wire
from jikim.media.zygote import PIDFD_FOLLOWS

_START_S = 30.0
_END_S = 5.0
_BACKLOG = 128
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])


class Stopped(Exception):
    """The child ended, ran out of time or said what it may not. `key` is a message key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Zygote:
    """The zygote's process as its owner sees it. It ends when `leash` is closed or its owner ends, whichever comes first."""

    def __init__(self, process: subprocess.Popen[bytes], leash: int, address: str) -> None:
        self._process = process
        self._leash = leash
        self._owner = os.getpid()
        self.address = address

    def is_alive(self) -> bool:
        return os.getpid() != self._owner or self._process.poll() is None

    def end(self) -> str:
        """Ends it and its children; the last line it complained with. Nothing in a process that did not start it."""
        if os.getpid() != self._owner or self._leash < 0:
            return ""
        os.close(self._leash)
        self._leash = -1
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


def start_zygote() -> Zygote:
    """Starts it in the background, with nothing of this process but a socket, a pipe's end and the module path."""
    address = f"jikim-media-{secrets.token_hex(16)}"
    held, leash = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # An abstract address: it leaves no file behind, and who connects is asked for its user on both sides.
        listener.bind(f"\0{address}")
        listener.listen(_BACKLOG)
        module = ["-P", "-m", "jikim.media.zygote", str(listener.fileno()), str(held), str(os.getpid())]
        process = subprocess.Popen(
            [sys.executable, *module],
            pass_fds=(listener.fileno(), held),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
    os.close(held)
    return Zygote(process, leash, address)


def _environment() -> dict[str, str]:
    """No more than Python and its libraries need: what a child could read there is no secret."""
    path = os.pathsep.join((_PACKAGE_ROOT, *(os.path.abspath(entry) for entry in sys.path if entry)))
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", **single, **kept}


def connect(address: str) -> tuple[socket.socket, int]:
    """A new child: the connection to it and its pidfd. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_START_S)
        connection.connect(f"\0{address}")
        _, user, _ = struct.unpack("=iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user != os.geteuid():
            raise PermissionError("the sandbox belongs to another user")
        word, fds, _, _ = socket.recv_fds(connection, 1, 1)
        if word != PIDFD_FOLLOWS or len(fds) != 1:
            for fd in fds:
                os.close(fd)
            raise ConnectionError("the sandbox could not start a process")
        os.set_inheritable(fds[0], False)
    except BaseException:
        connection.close()
        raise
    return connection, fds[0]


class Line:
    """Messages to and from one child. All waiting for it together is held to `budget_s`; then it is killed."""

    def __init__(self, connection: socket.socket, pidfd: int, budget_s: float) -> None:
        self._connection = connection
        self._pidfd = pidfd
        self._left_s = budget_s

    def send(self, message: msgspec.Struct, *fds: int) -> None:
        """Raises Stopped."""
        data = memoryview(wire.framed(message))
        self._connection.setblocking(False)
        started = time.monotonic()
        try:
            if fds:
                data = data[socket.send_fds(self._connection, [data], list(fds)) :]
            while data:
                self._wait(select.POLLOUT, started)
                data = data[self._connection.send(data) :]
        except OSError as error:
            raise Stopped("media.crashed") from error
        finally:
            self._left_s -= time.monotonic() - started

    def receive(self) -> wire.Reply:
        """The child's next message, checked. Raises Stopped."""
        self._connection.setblocking(False)
        started = time.monotonic()
        try:
            return wire.reply_in(wire.receive_frame(lambda size: self._read_exactly(size, started)))
        except (OSError, wire.BadMessage) as error:
            raise Stopped("media.crashed") from error
        finally:
            self._left_s -= time.monotonic() - started

    def _read_exactly(self, size: int, started: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            self._wait(select.POLLIN, started)
            part = self._connection.recv(size - len(parts))
            if not part:
                raise Stopped("media.crashed")
            parts += part
        return bytes(parts)

    def _wait(self, event: int, started: float) -> None:
        poll = select.poll()
        poll.register(self._connection, event)
        left_s = self._left_s - (time.monotonic() - started)
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise Stopped("media.timed_out")

    def cut(self) -> None:
        """Kills the child and hangs up. May be called twice."""
        if self._pidfd < 0:
            return
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself
        finally:
            os.close(self._pidfd)
            self._pidfd = -1
            self._connection.close()
