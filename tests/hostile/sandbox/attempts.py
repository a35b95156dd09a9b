"""What code that has taken over a reader would try, from within a child made by the very functions the real one is made by.

Run as a program: for each attempt a fresh child is confined and makes it; the outcomes are printed as one JSON object:
`refused` with an errno, `killed` by a signal, `raised` an exception, or `done`, with what it gained. `--unconfined` leaves the
walls away, which shows that an attempt would work without them.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

from jikim.media import child, sealed, wire

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
PARENT = os.getpid()
SYS = {
    "arch_prctl": 158,
    "bpf": 321,
    "capset": 126,
    "chmod": 90,
    "chroot": 161,
    "clone3": 435,
    "connect": 42,
    "creat": 85,
    "epoll_create1": 291,
    "eventfd2": 290,
    "execve": 59,
    "execveat": 322,
    "fallocate": 285,
    "fanotify_init": 300,
    "fcntl": 72,
    "fork": 57,
    "ftruncate": 77,
    "getpid": 39,
    "inotify_init": 253,
    "io_uring_setup": 425,
    "ioctl": 16,
    "keyctl": 250,
    "kill": 62,
    "memfd_create": 319,
    "mkdir": 83,
    "modify_ldt": 154,
    "mount": 165,
    "mprotect": 10,
    "mq_open": 240,
    "name_to_handle": 303,
    "open_by_handle": 304,
    "perf_event_open": 298,
    "personality": 135,
    "pidfd_getfd": 438,
    "pidfd_open": 434,
    "pkey_mprotect": 329,
    "prctl": 157,
    "prlimit64": 302,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "ptrace": 101,
    "recvmsg": 47,
    "remap_file_pages": 216,
    "rename": 82,
    "rt_sigqueueinfo": 129,
    "seccomp": 317,
    "sendfile": 40,
    "sendmsg": 46,
    "setns": 308,
    "setresuid": 117,
    "setrlimit": 160,
    "setuid": 105,
    "shmget": 29,
    "socket": 41,
    "splice": 275,
    "tgkill": 234,
    "timer_create": 222,
    "tkill": 200,
    "truncate": 76,
    "unlink": 87,
    "unshare": 272,
    "userfaultfd": 323,
}
X32 = 0x40000000
COMMAND_TIOCSTI, COMMAND_F_SETOWN, COMMAND_F_SETFL, COMMAND_F_ADD_SEALS = 0x5412, 8, 4, 1033


def system(name: str, *arguments: object) -> int:
    """A raw system call, by name or, for the x32 table, by `x32:name`."""
    number = SYS[name.removeprefix("x32:")] | (X32 if name.startswith("x32:") else 0)
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return int(result)


def _mmap(protection: int) -> str:
    mmap.mmap(-1, 4096, prot=protection)
    return "executable memory"


def _mprotect(name: str, *more: object) -> str:
    memory = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    system(name, ctypes.c_void_p(address), ctypes.c_size_t(4096), ctypes.c_int(7), *more)
    return "executable memory"


def _thread() -> str:
    thread = threading.Thread(target=str)
    thread.start()
    thread.join()
    return "a thread"


def _fork() -> str:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "a process"


def _open_descriptors() -> str:
    found = []
    for fd in range(4096):
        try:
            system("fcntl", ctypes.c_int(fd), ctypes.c_int(1), ctypes.c_int(0))
        except OSError:
            continue
        found.append(fd)
    return json.dumps(found)


def _write_media() -> str:
    os.write(child.MEDIA_FD, b"x")
    return "the file was changed"


def _map_media() -> str:
    mmap.mmap(child.MEDIA_FD, 16, flags=mmap.MAP_SHARED, prot=mmap.PROT_WRITE)
    return "the file can be changed"


def _much_memory() -> str:
    return str(len(bytearray(8 * 2**30)))


def _many_descriptors() -> str:
    for _ in range(1000):
        os.dup(0)
    return "a thousand descriptors"


def _path(name: str) -> ctypes.c_char_p:
    return ctypes.c_char_p(name.encode())


def _calls() -> dict[str, Callable[[], object]]:
    none, zero, one = ctypes.c_void_p(None), ctypes.c_int(0), ctypes.c_int(1)
    target = os.environ.get("JIKIM_ATTEMPT_DIR", "/tmp")
    argv = (ctypes.c_char_p * 2)(b"/bin/true", None)
    parent, own = ctypes.c_int(PARENT), ctypes.c_int(os.getpid())
    limit = (ctypes.c_ulong * 2)(2**40, 2**40)
    simple: dict[str, tuple[object, ...]] = {
        "socket": (one, one, zero),
        "connect": (ctypes.c_int(child.CONNECTION_FD), none, zero),
        "sendmsg": (ctypes.c_int(child.CONNECTION_FD), none, zero),
        "recvmsg": (ctypes.c_int(child.CONNECTION_FD), none, zero),
        "creat": (_path(f"{target}/creat"), ctypes.c_int(0o600)),
        "unlink": (_path(f"{target}/victim"),),
        "rename": (_path(f"{target}/victim"), _path(f"{target}/renamed")),
        "mkdir": (_path(f"{target}/made"), ctypes.c_int(0o700)),
        "chmod": (_path(f"{target}/victim"), ctypes.c_int(0o777)),
        "truncate": (_path(f"{target}/victim"), zero),
        "ftruncate": (ctypes.c_int(child.MEDIA_FD), zero),
        "fallocate": (ctypes.c_int(child.MEDIA_FD), zero, zero, ctypes.c_long(4096)),
        "execve": (_path("/bin/true"), argv, none),
        "execveat": (ctypes.c_int(-100), _path("/bin/true"), argv, none, zero),
        "clone3": (none, ctypes.c_size_t(88)),
        "ptrace": (ctypes.c_long(16), parent, none, none),
        "process_vm_readv": (parent, none, zero, none, zero, zero),
        "process_vm_writev": (parent, none, zero, none, zero, zero),
        "kill": (parent, zero),
        "tkill": (parent, zero),
        "tgkill": (parent, parent, zero),
        "rt_sigqueueinfo": (parent, zero, none),
        "pidfd_open": (parent, zero),
        "pidfd_getfd": (one, zero, zero),
        "shmget": (zero, ctypes.c_size_t(4096), ctypes.c_int(0o1600)),
        "memfd_create": (_path("x"), zero),
        "personality": (ctypes.c_ulong(0x400000),),
        "io_uring_setup": (one, ctypes.create_string_buffer(120)),
        "bpf": (zero, none, zero),
        "keyctl": (zero, ctypes.c_int(-3), zero),
        "userfaultfd": (zero,),
        "perf_event_open": (none, zero, zero, zero, zero),
        "prctl": (ctypes.c_int(4), ctypes.c_ulong(1), zero, zero, zero),
        "seccomp": (zero, zero, none),
        "arch_prctl": (ctypes.c_int(0x1002), none),
        "setuid": (zero,),
        "setresuid": (zero, zero, zero),
        "capset": (none, none),
        "unshare": (ctypes.c_int(0x10000000),),
        "setns": (zero, zero),
        "mount": (none, _path("/"), none, zero, none),
        "chroot": (_path("/"),),
        "setrlimit": (ctypes.c_int(9), limit),
        "prlimit64": (zero, ctypes.c_int(9), limit, none),
        "ioctl": (zero, ctypes.c_ulong(COMMAND_TIOCSTI), _path("x")),
        "open_by_handle": (zero, none, zero),
        "name_to_handle": (zero, none, none, none, zero),
        "splice": (zero, none, zero, none, zero, zero),
        "sendfile": (ctypes.c_int(child.CONNECTION_FD), ctypes.c_int(child.MEDIA_FD), none, ctypes.c_size_t(1)),
        "mq_open": (_path("x"), zero, zero, none),
        "inotify_init": (),
        "fanotify_init": (zero, zero),
        "modify_ldt": (zero, none, zero),
        "remap_file_pages": (none, zero, zero, zero, zero),
        "epoll_create1": (zero,),
        "eventfd2": (zero, zero),
        "timer_create": (zero, none, none),
        "x32:getpid": (),
        "x32:execve": (_path("/bin/true"), argv, none),
    }
    calls: dict[str, Callable[[], object]] = {
        name: (lambda name=name, arguments=arguments: system(name, *arguments)) for name, arguments in simple.items()
    }
    raw_own = {
        "fcntl F_SETOWN": COMMAND_F_SETOWN,
        "fcntl F_SETFL": COMMAND_F_SETFL,
        "fcntl F_ADD_SEALS": COMMAND_F_ADD_SEALS,
    }
    for name, command in raw_own.items():
        calls[name] = lambda command=command: system("fcntl", ctypes.c_int(child.MEDIA_FD), ctypes.c_int(command), own)
    return (
        calls
        | {
            "raw fork": lambda: system("fork") or os._exit(0),
            "fork": _fork,
            "thread": _thread,
            "open /etc/passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
            "open for writing": lambda: os.open(f"{target}/written", os.O_WRONLY | os.O_CREAT, 0o600),
            "stat": lambda: os.stat("/etc/passwd").st_size,
            "list /": lambda: os.listdir("/"),
            "mmap executable": lambda: _mmap(mmap.PROT_READ | mmap.PROT_EXEC),
            "mprotect executable": lambda: _mprotect("mprotect"),
            "pkey_mprotect executable": lambda: _mprotect("pkey_mprotect", ctypes.c_int(-1)),
            "write to the file": _write_media,
            "map the file writable": _map_media,
            "descriptors": _open_descriptors,
            "many descriptors": _many_descriptors,
            "8 GB": _much_memory,
            "abort itself": os.abort,
        }
        | ({} if LIBRARY is None else {"int 0x80": LIBRARY.getpid_by_int80})
    )


LIBRARY = ctypes.CDLL(os.environ["JIKIM_INT80"]) if "JIKIM_INT80" in os.environ else None


def _live(connection_fd: int, mapped_bytes: int, attempt: Callable[[], object], *, is_confined: bool) -> None:
    """The start of a real child's life; then, instead of reading the file, the attempt."""
    os.dup2(connection_fd, child.CONNECTION_FD)
    hello, _ = child.take_file()
    if is_confined:
        child.confine(hello, zygote_pid=PARENT, mapped_bytes=mapped_bytes)
    try:
        outcome = {"done": str(attempt())}
    except OSError as error:
        outcome = {"refused": error.errno}
    except (MemoryError, RuntimeError) as error:
        outcome = {"raised": type(error).__name__}
    os.write(child.CONNECTION_FD, json.dumps(outcome).encode())


def outcome_of(attempt: Callable[[], object], mapped_bytes: int, *, is_confined: bool) -> dict[str, object]:
    """What becomes of a child that makes the attempt."""
    here, there = socket.socketpair()
    media, arena = sealed.sealed_memory(iter([b"0123456789abcdef" * 64])), sealed.writable_memory(2**20)
    pid = os.fork()
    if pid == 0:
        try:
            _live(there.detach(), mapped_bytes, attempt, is_confined=is_confined)
        finally:
            os._exit(0)
    there.close()
    bounds = wire.Bounds(10**6, 10**6, 640, 10, 10**7, 1.0, 1024)
    socket.send_fds(here, [wire.framed(wire.Hello(bounds, 2**20, 512 * 2**20, 10))], [media, arena])
    here.settimeout(30)
    said = b"".join(iter(lambda: here.recv(4096), b""))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for fd in (media, arena):
        os.close(fd)
    here.close()
    if status < 0:
        return {"killed": signal.Signals(-status).name}
    return json.loads(said) if said else {"silent": status}


def main(arguments: list[str]) -> None:
    from jikim.media import sandbox

    is_confined = "--unconfined" not in arguments
    calls = _calls()
    names = [name for name in arguments if not name.startswith("--")] or list(calls)
    mapped_bytes = sandbox.mapped_bytes()
    print(json.dumps({name: outcome_of(calls[name], mapped_bytes, is_confined=is_confined) for name in names}))


if __name__ == "__main__":
    main(sys.argv[1:])
