"""Debian's Chromium for one short piece of work: without a window, without a network, in memory, and gone by its time limit.

It is spoken to over a pipe (Chrome DevTools Protocol, `--remote-debugging-pipe`: messages in JSON, each ended by a zero byte),
so that it listens nowhere. It is started in a network of its own where nothing is, and in a process tree of its own that ends
with it; where the kernel refuses such namespaces, it still finds no name and no page is ever given to it to load.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec

_NAMES = ("chromium", "chromium-browser")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the profile stays in memory
_FONTS = Path(__file__).parents[1] / "fonts"
_ANSWER_MAX_BYTES = 48 * 2**20
_GONE_S = 5.0
_PIPE_FROM = 10
_PREFIX = "jikim-page-"
_YOUNG_S = 60.0
_AS_ROOT = ("unshare", "--net", "--ipc", "--pid", "--fork", "--kill-child")
_AS_ANYBODY = ("unshare", "--user", "--map-current-user", *_AS_ROOT[1:])
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-remote-fonts",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--mute-audio",
    "--hide-scrollbars",
    "--incognito",
    "--disk-cache-size=1",
    "--renderer-process-limit=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--blink-settings=imagesEnabled=false",
)
_FONTCONFIG = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include></fontconfig>
"""


class BrowserFailed(Exception):
    """It did not start, answered with a fault, or took too long. Holds no word of the page."""


def found() -> str:
    """The path of Chromium; "" where none is installed."""
    return next((path for name in _NAMES if (path := shutil.which(name))), "")


class Browser:
    """One blank page. Every call ends by `ends` (time.monotonic)."""

    def __init__(self, to_browser: int, from_browser: int, ends: float) -> None:
        self._to, self._from, self._ends = to_browser, from_browser, ends
        self._read = bytearray()
        self._count = 0
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

    def call(self, method: str, **params: Any) -> Mapping[str, Any]:
        """The result of one command to the page. Raises BrowserFailed."""
        answer: Mapping[str, Any] = self._call(method, params, self._session)
        return answer

    def run(self, function: str, *arguments: Any) -> Any:
        """What a function of ours gives, called in the blank page with JSON values. Raises BrowserFailed."""
        page = self.call("Runtime.evaluate", expression="globalThis")["result"]["objectId"]
        answer = self.call(
            "Runtime.callFunctionOn",
            functionDeclaration=function,
            objectId=page,
            arguments=[{"value": one} for one in arguments],
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise BrowserFailed("the function failed")
        return answer["result"].get("value")

    def _call(self, method: str, params: Mapping[str, Any], session: str = "") -> Any:
        self._count += 1
        asked = {"id": self._count, "method": method, "params": params, **({"sessionId": session} if session else {})}
        self._write(msgspec.json.encode(asked) + b"\0")
        while True:
            try:
                answer = msgspec.json.decode(self._message())
            except msgspec.DecodeError as error:
                raise BrowserFailed("its answer is none") from error
            if answer.get("id") == self._count:
                if "result" not in answer:
                    raise BrowserFailed(f"{method} was refused")
                return answer["result"]

    def _write(self, message: bytes) -> None:
        view = memoryview(message)
        while view:
            self._wait(write=True)
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise BrowserFailed("it ended") from error

    def _message(self) -> bytes:
        while (end := self._read.find(b"\0")) < 0:
            self._wait(write=False)
            piece = os.read(self._from, 1 << 20)
            if not piece or len(self._read) > _ANSWER_MAX_BYTES:
                raise BrowserFailed("it ended" if not piece else "its answer is too large")
            self._read += piece
        message = bytes(self._read[:end])
        del self._read[: end + 1]
        return message

    def _wait(self, *, write: bool) -> None:
        left_s = self._ends - time.monotonic()
        waiting = select.poll()  # select() knows no number of a file above 1023
        waiting.register(self._to if write else self._from, select.POLLOUT if write else select.POLLIN)
        if left_s <= 0 or not waiting.poll(left_s * 1000):
            raise BrowserFailed("the time is over")


@contextmanager
def opened(*, time_limit_s: float) -> Iterator[Browser]:
    """A blank page in a fresh Chromium, which is gone afterwards with all it made. Raises BrowserFailed."""
    ends = time.monotonic() + time_limit_s
    memory = str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else tempfile.gettempdir()
    _clear_left(Path(memory))
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=memory, ignore_cleanup_errors=True) as profile,
        _held(Path(profile)),
        _pipe() as (its_read, our_write),
        _pipe() as (our_read, its_write),
    ):
        process = _started(Path(profile), its_read.fileno(), its_write.fileno())
        try:
            its_read.close()
            its_write.close()
            os.set_blocking(our_write.fileno(), False)
            yield Browser(our_write.fileno(), our_read.fileno(), ends)
        finally:
            _end(process)


@contextmanager
def _pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A pipe whose ends have numbers that no redirection of the shell lays anything over."""
    low = os.pipe()
    read_end, write_end = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _PIPE_FROM) for end in low)
    for end in low:
        os.close(end)
    with FileIO(read_end, "rb") as reading, FileIO(write_end, "wb") as writing:
        yield reading, writing


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Shows others that somebody works in a folder."""
    opened_folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened_folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened_folder)


def _clear_left(memory: Path) -> None:
    """Removes what a killed process left; its browser ended with the pipe."""
    for folder in memory.glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _YOUNG_S:
                continue  # somebody may be about to hold it
            with _held(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # held, gone meanwhile, or another user's


def _started(profile: Path, its_read: int, its_write: int) -> subprocess.Popen[bytes]:
    fonts = profile / "fonts.conf"
    fonts.write_text(_FONTCONFIG.format(fonts=_FONTS, cache=profile / "font-cache"))
    # Chromium reads 3 and writes 4; Debian's sh knows no number above 9, so the pipes are named by their files
    redirected = f'ulimit -c 0; exec "$@" 3</proc/self/fd/{its_read} 4>/proc/self/fd/{its_write}'
    flags = [*_FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return subprocess.Popen(
        [*_alone(), "sh", "-c", redirected, "sh", found(), *flags, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(its_read, its_write),
        start_new_session=True,
        env={
            "HOME": str(profile),
            "XDG_RUNTIME_DIR": str(profile),
            "FONTCONFIG_FILE": str(fonts),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
        },
    )


@cache
def _alone() -> tuple[str, ...]:
    """What puts a program into namespaces of its own; nothing where the kernel allows none."""
    wanted = _AS_ROOT if os.geteuid() == 0 else _AS_ANYBODY
    if not shutil.which(wanted[0]):
        return ()
    tried = subprocess.run([*wanted, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return wanted if tried.returncode == 0 else ()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends everything it started. The first process of a namespace takes all others with it before it is gone itself; the group
    is for where there is no namespace, or not yet."""
    for child in _children(process.pid) if _alone() else ():
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    try:
        process.wait(_GONE_S if _alone() else 0)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _children(pid: int) -> Iterator[int]:
    for one in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            # after the name, which stands in brackets and may hold anything: state, parent ...
            if int(one.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                yield int(one.parent.name)
