"""The desk as real processes under a home of its own: workers, the whole of `jikim serve`, and somebody who asks things of it.

`Asker` is a process with Django set up for that home; a test calls its functions by name and gets JSON back.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
JIKIM = Path(sys.prefix, "bin", "jikim")


def prepared(folder: Path, *, database: str = "", **desk: Any) -> Path:
    """A home whose desk is set up so."""
    folder.mkdir(mode=0o700, parents=True)
    settings = {"is_practice": True, "listen": "127.0.0.1:0", "database": database, **desk}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    config = folder / "config.toml"
    config.write_text("\n".join(["[sweeping]", "workers = 1", "[desk]", *lines]) + "\n", "utf-8")
    config.chmod(0o600)
    return folder


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en", "OMP_NUM_THREADS": "1"} | {
        "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"
    }


class Asker:
    """Calls functions of `tests/desk/asking.py` in a process under `home`."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.desk.asking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(home),
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self._process.stdin.write(json.dumps([name, args]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError(f"{name}: the asking process has ended")
            said = json.loads(answer)
            if "error" in said:
                raise RuntimeError(f"{name}: {said['error']}")
            return said["value"]

        return call

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def asking(home: Path) -> Iterator[Asker]:
    asker = Asker(home)
    try:
        yield asker
    finally:
        asker.close()


class Running:
    """A command of the desk in a process group of its own; what it says goes to a file, under the home if nowhere else."""

    def __init__(self, home: Path, *arguments: str, said_in: Path | None = None) -> None:
        self._said = (said_in or home) / f"{arguments[0]}-{time.monotonic_ns()}.said"
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                [JIKIM, *arguments],
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def kill(self) -> None:
        """As `kill -9`: this one process; what it began has to end by itself."""
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM, within_s: float = 30.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def children(self) -> list[int]:
        """The processes it began itself."""
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            found += map(int, task.read_text().split())
        return found


@contextmanager
def running(home: Path, *arguments: str, said_in: Path | None = None) -> Iterator[Running]:
    made = Running(home, *arguments, said_in=said_in)
    try:
        yield made
    finally:
        made.end()


def until(is_so: Callable[[], Any], within_s: float = 60.0, what: str = "") -> Any:
    """What `is_so` gives as soon as that is true."""
    ends = time.monotonic() + within_s
    while not (given := is_so()):
        if time.monotonic() > ends:
            raise AssertionError(f"not within {within_s} s: {what or is_so}")
        time.sleep(0.05)
    return given
