"""The process that has everything loaded and forks one child a file: `python -P -m jikim.media.zygote LISTENER LEASH OWNER`.

One connection is one file is one child. The zygote never reads a file, nor a word of what a child says: it accepts, forks,
hands the caller the child's pidfd, ends the child when the caller has gone, and ends itself and all children when its owner
has gone, however the owner ended. Fork costs some 3 ms, starting Python and its libraries 300.

LISTENER is the listening socket, LEASH the read end of a pipe the owner holds, OWNER the owner's process id.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from jikim.media import sandbox

CHILDREN_LIMIT = 64
PIDFD_FOLLOWS = b"P"
CANNOT_FORK = b"F"

_BADNESS = b"500"


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    pidfd: int
    connection: socket.socket


def main(arguments: list[str]) -> None:
    """Lives until its owner has gone; ends at once when it has gone already."""
    listener_fd, leash_fd, owner = (int(argument) for argument in arguments)
    owner_fd = os.pidfd_open(owner)
    if os.getppid() != owner:
        return
    spaces = sandbox.enter_namespaces()
    if "pid" in spaces:
        _become_first_process()
    _be_killed_before_others()
    from jikim.media import child  # loads numpy, av, Pillow: only now, in the process that forks

    child.preload()
    mapped_bytes = sandbox.mapped_bytes()
    if "mount" in spaces:
        sandbox.empty_root()
    os.dup2(1, 2)  # from here on nobody reads what is written there
    live = partial(child.live, zygote_pid=os.getpid(), mapped_bytes=mapped_bytes)
    _Zygote(socket.socket(fileno=listener_fd), {leash_fd, owner_fd}, live).run()


def _become_first_process() -> None:
    """Goes on in a child, the first process of the new process namespace; the caller stays behind and waits for it."""
    child = os.fork()
    if child != 0:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    sandbox.die_with_parent(0)


def _be_killed_before_others() -> None:
    """When memory runs out, the kernel takes readers of files first."""
    try:
        with open("/proc/self/oom_score_adj", "wb") as badness:
            badness.write(_BADNESS)
    except OSError:
        return  # a hardened /proc; the limit on address space stands in any case


class _Zygote:
    """`ends` become readable when the owner has gone; `live` is the life of a child and never returns."""

    def __init__(self, listener: socket.socket, ends: set[int], live: Callable[[int], NoReturn]) -> None:
        self._listener = listener
        self._ends = ends
        self._live = live
        self._by_pidfd: dict[int, _Child] = {}
        self._by_connection: dict[int, _Child] = {}
        self._poll = select.poll()
        for fd in self._ends:
            self._poll.register(fd, select.POLLIN)
        self._poll.register(listener, select.POLLIN)

    def run(self) -> None:
        """Until the owner has gone."""
        while True:
            for fd, _ in self._poll.poll():
                if fd in self._ends:
                    self._end_all()
                    return
                if fd in self._by_pidfd:
                    self._bury(self._by_pidfd[fd])
                elif fd in self._by_connection:
                    self._abandon(self._by_connection[fd])
                elif fd == self._listener.fileno():
                    self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the caller gave up in between
        if not _is_same_user(connection):
            connection.close()
            return
        try:
            pid = os.fork()
        except OSError:
            _tell(connection, CANNOT_FORK)
            connection.close()
            return
        if pid == 0:
            self._live(connection.detach())
        child = _Child(pid, os.pidfd_open(pid), connection)
        self._by_pidfd[child.pidfd] = child
        self._by_connection[connection.fileno()] = child
        self._poll.register(child.pidfd, select.POLLIN)
        self._poll.register(connection, select.POLLRDHUP)
        _tell(connection, PIDFD_FOLLOWS, child.pidfd)
        if len(self._by_pidfd) >= CHILDREN_LIMIT:
            self._poll.unregister(self._listener)

    def _abandon(self, child: _Child) -> None:
        """The caller has gone: so does the child."""
        self._poll.unregister(child.connection)
        del self._by_connection[child.connection.fileno()]
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)

    def _bury(self, child: _Child) -> None:
        os.waitpid(child.pid, 0)
        self._poll.unregister(child.pidfd)
        if self._by_connection.pop(child.connection.fileno(), None) is not None:
            self._poll.unregister(child.connection)
        del self._by_pidfd[child.pidfd]
        os.close(child.pidfd)
        child.connection.close()
        if len(self._by_pidfd) == CHILDREN_LIMIT - 1:
            self._poll.register(self._listener, select.POLLIN)

    def _end_all(self) -> None:
        for child in self._by_pidfd.values():
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        for child in self._by_pidfd.values():
            os.waitpid(child.pid, 0)


def _is_same_user(connection: socket.socket) -> bool:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=iII"))
    _, user, _ = struct.unpack("=iII", credentials)
    return bool(user == os.geteuid())


def _tell(connection: socket.socket, word: bytes, fd: int | None = None) -> None:
    try:
        socket.send_fds(connection, [word], [] if fd is None else [fd])
    except OSError:
        return  # the caller has gone, which poll() will say next


if __name__ == "__main__":
    main(sys.argv[1:])
