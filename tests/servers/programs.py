"""Programs that are servers of their own: started on loopback, waited for until they answer, ended with the block."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

READY_S = 60


def program(name: str) -> str:
    """Where a program is. Raises LookupError where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise LookupError(f"{name} is not installed: `make test-servers` prepares it")
    return found


@contextmanager
def running(command: list[object], port: int, log: Path, environ: Mapping[str, str] | None = None) -> Iterator[None]:
    """`command` as a process that listens at `port` of 127.0.0.1, until the block ends; what it says goes to `log`."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            [str(one) for one in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, **(environ or {})},
            start_new_session=True,
        )
        try:
            wait_for(process, port, log)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the process listens."""
    pause = Event()
    for _ in range(READY_S * 20):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return
        except OSError:
            assert process.poll() is None, f"it died: {log.read_text('utf-8', 'replace')}"
            pause.wait(0.05)
    raise AssertionError(f"it does not listen: {log.read_text('utf-8', 'replace')}")
