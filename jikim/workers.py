"""The processes that look at media: one a core, each with its own model sessions and sandbox.

A worker is handed ids and paths, never bytes: it opens the sealed blob itself, into a memfd. When one is killed the pool is
made anew and what was in hand is looked at once more; what breaks the pool twice is given up and said.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from hashlib import file_digest
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from types import TracebackType
from typing import Self

from jikim.config import Config
from jikim.errors import JikimError, MediaUnreadable
from jikim.media.opening import open_path
from jikim.media.sandbox import die_with_parent
from jikim.scan import Detector, Failure, Look, Step, reads_media, worker_count
from jikim.types import TextOrigin, TextSpan
from jikim.vault import Vault, open_vault

MOST_TEXT_BYTES = 2**20
"""How much of a text file is read."""


class Workers:
    """A pool of looking processes. Leaving it does not wait for what is still being looked at."""

    def __init__(
        self,
        config: Config,
        only: Sequence[str] | None = None,
        count: int | None = None,
        *,
        has_sketches: bool = False,
        has_extents: bool = False,
    ) -> None:
        self._has_sketches = has_sketches
        self._has_extents = has_extents
        self._config = config
        self._only = tuple(only) if only is not None else None
        self.count = count or worker_count(config)
        self.reads_media = reads_media(only)
        self._under_way: set[Future[Look]] = set()
        self._processes: set[BaseProcess] = set()
        self._pool = self._new_pool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._under_way:
            for process in self._processes:
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, job: Callable[..., Look], *args: object) -> Future[Look]:
        """Runs one of the jobs below in a worker."""
        try:
            future = self._pool.submit(job, *args)
        except BrokenProcessPool:
            self._pool = self._new_pool()
            future = self._pool.submit(job, *args)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def in_order(self, job: Callable[..., Look], arguments: Sequence[tuple[object, ...]]) -> Iterator[Look]:
        """The looks of many jobs, in the order of their arguments."""

        async def one(argument: tuple[object, ...]) -> Look:
            return await self.run(job, *argument)

        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            running = [loop.create_task(one(argument)) for argument in arguments]
            for task in running:
                yield loop.run_until_complete(task)

    async def run(self, job: Callable[..., Look], *args: object) -> Look:
        """The look of one job. One that breaks the pool twice is a failure of the look."""
        for _ in range(2):
            try:
                # shielded: a pool that is being ended must not meet a future that somebody else has ended already
                return await asyncio.shield(asyncio.wrap_future(self.submit(job, *args)))
            except BrokenProcessPool:
                continue
        return Look(failures=(Failure("analyze", MediaUnreadable("workers.died")),))

    def _new_pool(self) -> ProcessPoolExecutor:
        """A pool whose processes are started at once and deaf to the terminal's interrupt, which is for the one that asks."""
        given = (self._config, self._only, self._has_sketches, self._has_extents, os.getpid())
        pool = ProcessPoolExecutor(self.count, get_context("spawn"), _start, given)
        others = set(active_children())
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if is_main else None
        try:
            for _ in range(self.count):
                pool.submit(os.getpid)
        finally:
            if is_main:
                signal.signal(signal.SIGINT, before)
        self._processes = set(active_children()) - others
        return pool


_config: Config
_detector: Detector


def look_at_blob(blob: str, digest: str, step: Step) -> Look:
    """A job: takes one step of looking at a sealed file."""
    try:
        fd = _vault().open_memfd(blob)
    except JikimError as error:
        return Look(failures=(Failure("open", error),))
    try:
        return _detector.look(fd, digest, steps=(step,))
    finally:
        os.close(fd)


def look_at_path(path: Path, texts: tuple[TextSpan, ...]) -> Look:
    """A job: looks at a file of this machine."""
    return look_at_file(_detector, path, texts)


def read(texts: tuple[TextSpan, ...]) -> Look:
    """A job: looks at words alone."""
    return _detector.read(texts)


def look_at_file(detector: Detector, path: Path, texts: tuple[TextSpan, ...]) -> Look:
    """Looks at a file of this machine, or reads it where it is plain text; what cannot be read is a failure of the look."""
    try:
        fd = open_path(path)
    except JikimError as error:
        return Look(failures=(Failure("open", error),))
    try:
        look = detector.look(fd, digest_of(fd), texts)
        words = plain_text(fd) if look.media is None else None
        return look if words is None else detector.read((*texts, TextSpan(words, TextOrigin.POST)))
    finally:
        os.close(fd)


def plain_text(fd: int) -> str | None:
    """The beginning of a file that is nothing but UTF-8 text; None for anything else, a damaged picture above all."""
    body = os.pread(fd, MOST_TEXT_BYTES, 0)
    try:
        words = getincrementaldecoder("utf-8")().decode(body)  # a letter cut off at the end is no error
    except UnicodeDecodeError:
        return None
    is_written = all(char.isprintable() or char.isspace() for char in words)
    return words if words.strip() and is_written and not words.lstrip().startswith("<") else None


def digest_of(fd: int) -> str:
    """The sha256 of a file from its beginning; the position is left at the beginning."""
    with os.fdopen(os.dup(fd), "rb") as file:
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()
        file.seek(0)
    return digest


def _start(config: Config, only: tuple[str, ...] | None, has_sketches: bool, has_extents: bool, owner_pid: int) -> None:
    global _config, _detector
    die_with_parent(owner_pid)
    _config = config
    _detector = Detector(config, only, has_sketches=has_sketches, has_extents=has_extents).__enter__()
    Finalize(_detector, _detector.__exit__, (None, None, None), exitpriority=1)


@cache
def _vault() -> Vault:
    return open_vault(_config)
