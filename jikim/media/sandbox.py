"""The walls around code that reads hostile files: what a process gives up before it sees the first byte, for good.

Two steps, both on Linux x86-64, by plain system calls:

- `enter_namespaces()` and `empty_root()` are for the zygote, which reads no file itself: no network, an empty file system, its
  own process and message spaces, so far as the kernel grants them.
- `lock_down(limits)` is for the child that will read one file: privileges dropped, resource limits, no_new_privs, Landlock
  (where the kernel has it), and last a seccomp filter that allows some thirty harmless system calls and nothing else. Limits
  and seccomp are mandatory: `LockdownFailed` means that no file may be opened.

This module imports the standard library alone, so that the walls stand before anything large is loaded. References:
seccomp(2), landlock(7), namespaces(7), <linux/filter.h>, <linux/landlock.h>, the system call table of Linux for x86-64.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import resource
import signal
import struct
import subprocess
import sys
from dataclasses import dataclass

NOBODY = 65534
OPEN_FILES = 16

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class LockdownFailed(OSError):
    """A mandatory wall could not be raised."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`address_space_bytes` counts what is mapped already; `cpu_s` is processor time from the process's start."""

    address_space_bytes: int
    cpu_s: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Something the sandbox would use and this system lacks. Without what is `mandatory` no file is opened."""

    name: str
    is_mandatory: bool
    message_key: str


def _call(number: int, *arguments: object) -> int:
    """A raw system call. Raises OSError."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


# ---- prctl, privileges, limits ------------------------------------------------------------------------------------------

_SYS_CAPSET = 126
_SYS_PRCTL = 157
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_LINUX_CAPABILITY_VERSION_3 = 0x20080522


def _prctl(option: int, value: int) -> None:
    _call(_SYS_PRCTL, ctypes.c_long(option), ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def die_with_parent(parent_pid: int) -> None:
    """Has the kernel kill this process when the thread that forked it ends. `parent_pid` as this process sees it (0 when the
    parent lives in an outer process namespace): if it has gone already, this process ends now."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def _drop_privileges() -> None:
    """Root becomes nobody where it may; every capability goes in any case. Raises LockdownFailed when one would stay."""
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError as error:
            # A container may hold root without CAP_SETUID, or map no other user: root without capabilities and without a
            # system call that names a file is what remains.
            if error.errno not in (errno.EPERM, errno.EINVAL):
                raise LockdownFailed(error.errno, "setresuid") from error
    header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
    try:
        _call(_SYS_CAPSET, ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))
    except OSError as error:
        raise LockdownFailed(error.errno, "capset") from error


def _limit_resources(limits: Limits) -> None:
    ceilings = {
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, ceiling in ceilings.items():
        _, hard = resource.getrlimit(which)
        lowered = ceiling if hard == resource.RLIM_INFINITY else min(ceiling, hard)
        try:
            resource.setrlimit(which, (lowered, lowered))
        except (OSError, ValueError) as error:
            raise LockdownFailed(errno.EPERM, f"setrlimit {which}") from error


def mapped_bytes() -> int:
    """How much address space this process has mapped; needs /proc."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[0]) * mmap.PAGESIZE


# ---- Landlock -----------------------------------------------------------------------------------------------------------

_SYS_LANDLOCK_CREATE_RULESET = 444
_SYS_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1


def landlock_abi() -> int:
    """The kernel's Landlock version, 0 where it has none."""
    try:
        return _call(_SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_CREATE_RULESET_VERSION))
    except OSError:
        return 0


def _landlock() -> None:
    """Every kind of access to files, TCP, abstract sockets and other processes' signals that this kernel knows is handled,
    and nothing is allowed. Does nothing where the kernel has no Landlock."""
    abi = landlock_abi()
    if abi == 0:
        return
    files = (1 << 13) - 1 | (1 << 13 if abi >= 2 else 0) | (1 << 14 if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)
    attributes = struct.pack("=Q", files)
    if abi >= 4:
        attributes += struct.pack("=Q", 0b11)
    if abi >= 6:
        attributes += struct.pack("=Q", 0b11)
    try:
        ruleset = _call(
            _SYS_LANDLOCK_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
        )
        _call(_SYS_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
        os.close(ruleset)
    except OSError as error:
        raise LockdownFailed(error.errno, "landlock") from error


# ---- seccomp ------------------------------------------------------------------------------------------------------------

_SYS_SECCOMP = 317
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_GET_ACTION_AVAIL = 2
_AUDIT_ARCH_X86_64 = 0xC000003E
_X32_SYSCALL_BIT = 0x40000000

_KILL = 0x80000000
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_ALLOWED = {
    "read": 0, "write": 1, "pread64": 17, "lseek": 8, "readv": 19, "close": 3, "dup": 32,
    "munmap": 11, "mremap": 25, "brk": 12, "madvise": 28, "futex": 202,
    "clock_gettime": 228, "gettimeofday": 96, "time": 201, "clock_getres": 229, "getrusage": 98, "times": 100,
    "getpid": 39, "gettid": 186, "sched_yield": 24, "sched_getaffinity": 204, "getcpu": 309, "getrandom": 318,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "sigaltstack": 131, "restart_syscall": 219,
    "set_robust_list": 273, "exit": 60, "exit_group": 231,
}  # fmt: skip
"""Work on memory, on what is open already, on the clock. No name of a file, no address, no other process."""

_REFUSED = {
    "open": 2, "openat": 257, "stat": 4, "lstat": 6, "fstat": 5, "newfstatat": 262, "statx": 332, "access": 21,
    "faccessat": 269, "faccessat2": 439, "readlink": 89, "readlinkat": 267, "getcwd": 79, "poll": 7, "ppoll": 271,
    "clone": 56, "clone3": 435, "rt_sigaction": 13, "ioctl": 16, "uname": 63, "sysinfo": 99, "prlimit64": 302,
    "getrlimit": 97, "nanosleep": 35, "clock_nanosleep": 230, "membarrier": 324, "rseq": 334, "getuid": 102, "geteuid": 107,
}  # fmt: skip
"""What libraries try without harm (a thread, a time zone, a locale): they hear EPERM. Anything else ends the process."""

_FCNTL, _F_DUPFD_CLOEXEC, _F_GETFD, _F_GETFL = 72, 1030, 1, 3
_MMAP, _MPROTECT, _TGKILL = 9, 10, 234


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _argument(index: int) -> bytes:
    """Loads the low half of an argument."""
    return _instruction(_LOAD, _ARGUMENTS_AT + 8 * index)


def _when(number: int, *body: bytes) -> bytes:
    """`body`, which ends in returns, for one system call."""
    return _instruction(_JUMP_EQUAL, number, 0, len(body)) + b"".join(body)


def seccomp_program(own_pid: int) -> bytes:
    """The filter, as an array of `struct sock_filter`. `own_pid` is whom the process may signal (abort() does): itself."""
    allow, refuse, kill = (_instruction(_RETURN, action) for action in (_ALLOW, _REFUSE, _KILL))
    no_new_code = (_argument(2), _instruction(_JUMP_BITS, mmap.PROT_EXEC, 0, 1), refuse, allow)
    blocks = [
        _instruction(_LOAD, _ARCH_AT),
        _instruction(_JUMP_EQUAL, _AUDIT_ARCH_X86_64, 1, 0),
        kill,
        _instruction(_LOAD, _NUMBER_AT),
        _instruction(_JUMP_AT_LEAST, _X32_SYSCALL_BIT, 0, 1),
        kill,
        *(_when(number, allow) for number in _ALLOWED.values()),
        _when(_MMAP, *no_new_code),
        _when(_MPROTECT, *no_new_code),
        _when(
            _FCNTL,
            _argument(1),
            _instruction(_JUMP_EQUAL, _F_GETFD, 3, 0),
            _instruction(_JUMP_EQUAL, _F_GETFL, 2, 0),
            _instruction(_JUMP_EQUAL, _F_DUPFD_CLOEXEC, 1, 0),
            refuse,
            allow,
        ),
        _when(_TGKILL, _argument(0), _instruction(_JUMP_EQUAL, own_pid, 0, 1), allow, kill),
        *(_when(number, refuse) for number in _REFUSED.values()),
        kill,
    ]
    return b"".join(blocks)


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _seccomp() -> None:
    program = seccomp_program(os.getpid())
    buffer = ctypes.create_string_buffer(program, len(program))
    pointer = _SockFprog(len(program) // 8, ctypes.addressof(buffer))
    try:
        _call(_SYS_SECCOMP, ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), ctypes.c_uint(0), ctypes.byref(pointer))
    except OSError as error:
        raise LockdownFailed(error.errno, "seccomp") from error


def lock_down(limits: Limits, parent_pid: int | None = None) -> None:
    """Gives up everything a reader of one file does not need; there is no way back. Call it in a process with one thread that
    has open only what it may keep.

    `parent_pid`: the process this one must not outlive, as `os.getppid()` shows it. Raises LockdownFailed when a mandatory
    wall could not be raised: the caller must end then without reading anything.
    """
    if platform.machine() != "x86_64" or struct.calcsize("P") != 8:
        raise LockdownFailed(errno.ENOSYS, "x86-64 only")
    _drop_privileges()
    try:
        _prctl(_PR_SET_DUMPABLE, 0)
        if parent_pid is not None:
            die_with_parent(parent_pid)  # after the change of user, which would clear it
        _limit_resources(limits)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    except OSError as error:
        raise LockdownFailed(error.errno, str(error.strerror)) from error
    _landlock()
    _seccomp()


# ---- namespaces: for the zygote -----------------------------------------------------------------------------------------

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_SPACES = {"net": _NEWNET, "pid": _NEWPID, "mount": _NEWNS, "ipc": _NEWIPC, "uts": _NEWUTS}
_SYS_PIVOT_ROOT = 155
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
_MNT_DETACH = 2

INNER_ID = 1
"""Whom an ordinary user is inside the user namespace; everyone else shows as the overflow id there."""


def _unshare(flags: int) -> None:
    """Leaves the spaces named by `flags`; an ordinary user first gets a user namespace of its own. Raises OSError."""
    if os.geteuid() != 0:
        user, group = os.geteuid(), os.getegid()
        _checked(_libc.unshare(ctypes.c_int(_NEWUSER)))
        for file, line in (("setgroups", "deny"), ("uid_map", f"{INNER_ID} {user} 1"), ("gid_map", f"{INNER_ID} {group} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as setting:
                setting.write(line)
    _checked(_libc.unshare(ctypes.c_int(flags)))


def _checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _is_granted(flags: int) -> bool:
    """Tries it in a process that is thrown away."""
    try:
        child = os.fork()
    except OSError:
        return False
    if child == 0:
        try:
            _unshare(flags)
            if flags & _NEWNS:
                empty_root()  # some systems let one leave the mount space and then mount nothing in the new one
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def granted_spaces() -> frozenset[str]:
    """Which of net, pid, mount, ipc and uts this kernel lets this user leave."""
    everything = sum(_SPACES.values())
    if _is_granted(everything):
        return frozenset(_SPACES)
    return frozenset(name for name, flag in _SPACES.items() if _is_granted(flag))


def enter_namespaces() -> frozenset[str]:
    """Leaves every space the kernel grants, and says which. After `pid` the caller itself has not moved: its next child is
    the first process of the new space, and when that one ends, the kernel kills all others there."""
    granted = granted_spaces()
    if granted:
        _unshare(sum(_SPACES[name] for name in granted))
    return granted


def empty_root() -> None:
    """Puts an empty, read-only file system in place of everything; needs the mount namespace. Raises OSError."""
    _checked(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))
    flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _checked(_libc.mount(b"none", b"/tmp", b"tmpfs", ctypes.c_ulong(flags), b"size=4k,mode=555"))
    os.chdir("/tmp")  # noqa: S108 a directory that is everywhere, and covered here
    _call(_SYS_PIVOT_ROOT, ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))
    _checked(_libc.umount2(b".", ctypes.c_int(_MNT_DETACH)))
    os.chdir("/")


# ---- what this system lacks ---------------------------------------------------------------------------------------------


def _has_seccomp() -> bool:
    action = ctypes.c_uint32(_KILL)
    try:
        _call(_SYS_SECCOMP, ctypes.c_uint(_SECCOMP_GET_ACTION_AVAIL), ctypes.c_uint(0), ctypes.byref(action))
    except OSError:
        return False
    return platform.machine() == "x86_64"


def _has_sealed_memory() -> bool:
    try:
        fd = os.memfd_create("check", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    except (OSError, AttributeError):
        return False
    os.close(fd)
    return True


def _has_pidfd() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (OSError, AttributeError):
        return False
    return hasattr(signal, "pidfd_send_signal")


def _granted_to_others() -> frozenset[str]:
    """`granted_spaces` as a fresh process finds it: this one may have threads, and must not fork."""
    command = [sys.executable, "-P", "-c", f"import sys; sys.path[:0] = {sys.path!r}; import {__name__} as s; s.say_spaces()"]
    found = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return frozenset(found.stdout.decode("ascii", "replace").split()) & frozenset(_SPACES)


def say_spaces() -> None:
    """Writes the names of the spaces that are granted to standard output."""
    sys.stdout.write(" ".join(granted_spaces()))


def missing() -> list[Missing]:
    """What the sandbox would use and this system lacks, the mandatory first; empty where every wall stands."""
    granted = _granted_to_others()
    findings = [
        ("seccomp", _has_seccomp(), True, "media.missing_seccomp"),
        ("memfd", _has_sealed_memory(), True, "media.missing_memfd"),
        ("pidfd", _has_pidfd(), True, "media.missing_pidfd"),
        ("landlock", landlock_abi() >= 1, False, "media.missing_landlock"),
        *((f"namespace {name}", name in granted, False, "media.missing_namespace") for name in _SPACES),
    ]
    return [Missing(name, is_mandatory, key) for name, is_there, is_mandatory, key in findings if not is_there]
