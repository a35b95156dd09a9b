"""`jikim serve` and `jikim worker`: the desk from one command, and more hands for it.

serve    keys and secrets checked -> database copied and migrated -> first administrator -> web and one worker as
         processes of their own, begun again when they die; ends cleanly on SIGINT and SIGTERM
worker   works on jobs until it is told to end; what it has in hand goes on where it left it
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated

import typer

SETTINGS = "jikim_desk.settings"
STOPS_WITHIN_S = 15.0
QUICK_DEATH_S = 10.0
LONGEST_PAUSE_S = 30.0

_CHILD = """
import sys
from jikim.media.sandbox import die_with_parent
die_with_parent(int(sys.argv.pop(1)))
"""
_WEB = _CHILD + "from gunicorn.app.wsgiapp import run\nrun()\n"
_WORKER = _CHILD + "from jikim.__main__ import main\nmain()\n"
"""Each ends with the process that began it, however that one ends."""
_QUIETLY = ("-W", "ignore:resource_tracker:UserWarning")
"""A worker ends without waiting for anything; what it shared with its looking processes goes with them."""


def add_serve(app: typer.Typer) -> None:
    """Registers `jikim serve`."""

    @app.command("serve")
    def serve_command(
        begin_with: Annotated[
            str | None, typer.Option("--try", metavar="KEYWORD", help="On a practice desk: sweep for this / 연습 검색어")
        ] = None,
        is_copied: Annotated[
            bool,
            typer.Option("--copied", help="The database was copied by hand / 데이터베이스를 따로 복사해 둠"),
        ] = False,
    ) -> None:
        """Opens the centre's desk on this machine / 업무 화면을 연다."""
        raise typer.Exit(serve(begin_with, is_copied=is_copied))


def add_worker(app: typer.Typer) -> None:
    """Registers `jikim worker`."""

    @app.command("worker")
    def worker_command() -> None:
        """Works on the desk's jobs, beside those that work already / 작업 프로세스를 더한다."""
        raise typer.Exit(worker())


def serve(begin_with: str | None = None, *, is_copied: bool = False) -> int:
    """The desk until it is told to end. Returns the exit status; raises JikimError when it cannot start."""
    _set_up_django()
    from jikim_desk import databases, flows
    from jikim_desk.accounts import first_start
    from jikim_desk.config import desk_config, jikim_config

    stopping = _told_to_stop()
    first_start.check_secrets()
    _check_weights()
    with _alone(), _bound(desk_config().listen) as listening:
        copy = databases.bring_up(is_copied=is_copied)
        if copy is not None:
            _say("serving.copied", file=copy.name)
        flows.prepare()
        host, port = listening.getsockname()[:2]
        address = f"{'https' if desk_config().is_https else 'http'}://{'localhost' if host == '127.0.0.1' else host}:{port}"
        terminal = first_start.Terminal(_print, input) if sys.stdin is not None and sys.stdin.isatty() else None
        link = first_start.begin(address, terminal=terminal)
        if begin_with:
            _sweep_practice(begin_with)
        children = [
            Child("web", [sys.executable, "-c", _WEB, str(os.getpid()), *_gunicorn(listening)], keeps=listening.fileno()),
            Child("worker", [sys.executable, *_QUIETLY, "-c", _WORKER, str(os.getpid()), "worker"]),
        ]
        _say("serving.open", address=address)
        if link:
            _print(f"\n    {link}\n")
        _say("serving.how_to_end", home=str(jikim_config().home))
        return _keep_running(children, stopping)


def worker() -> int:
    """Works until told to end. Raises JikimError when it cannot begin."""
    _set_up_django()
    from jikim_desk import databases, flows, rounds

    stopping = _told_to_stop()
    _check_weights()
    databases.check()
    rounds.begin_outside(stopping)
    flows.work(stopping, lambda worker_id: rounds.Rounds(worker_id).go)
    # What is in hand is on record up to the last find: whoever begins next goes on from there. Nothing waits for it here.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@dataclass(slots=True)
class Child:
    """A process of the desk that is begun again when it dies. `keeps` is a file descriptor that it inherits."""

    name: str
    command: Sequence[str]
    keeps: int | None = None
    running: subprocess.Popen[bytes] | None = None
    begun_at_s: float = 0.0
    due_at_s: float = 0.0
    pause_s: float = field(default=0.0)

    def mind(self, now_s: float) -> None:
        """Begins it, where it is not running and its time has come; the pause grows while it dies at once."""
        if self.running is not None and self.running.poll() is None:
            return
        if self.running is not None:
            _say("serving.died", name=self.name, status=self.running.returncode)
            is_quick = now_s - self.begun_at_s < QUICK_DEATH_S
            self.pause_s = min(LONGEST_PAUSE_S, max(0.5, 2 * self.pause_s)) if is_quick else 0.0
            self.running, self.due_at_s = None, now_s + self.pause_s
        if now_s >= self.due_at_s:
            keeps = () if self.keeps is None else (self.keeps,)
            # in a process group of its own: the terminal's interrupt is for the one that ends the others in order
            self.running = subprocess.Popen(self.command, pass_fds=keeps, stdin=subprocess.DEVNULL, process_group=0)
            self.begun_at_s = now_s

    def end(self, deadline_s: float) -> None:
        """Waits for its end, and sees to it when the time is up."""
        if self.running is None:
            return
        try:
            self.running.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()


def _keep_running(children: Sequence[Child], stopping: threading.Event) -> int:
    while not stopping.wait(0.2):
        for child in children:
            child.mind(time.monotonic())
    for child in children:
        if child.running is not None:
            with suppress(ProcessLookupError):
                child.running.send_signal(signal.SIGTERM)
    deadline_s = time.monotonic() + STOPS_WITHIN_S
    for child in children:
        child.end(deadline_s)
    _say("serving.closed")
    return 0


def _set_up_django() -> None:
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django

    django.setup()


def _check_weights() -> None:
    """Raises WeightsMissing, BadUse: better now than at the first sweep."""
    from jikim.scan import verify_analyzers
    from jikim_desk.config import jikim_config

    verify_analyzers(jikim_config())


def _told_to_stop() -> threading.Event:
    """Set when the terminal or the system asks us to end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


@contextmanager
def _alone() -> Iterator[None]:
    """One desk a home. Raises CannotStart when another serves it already."""
    from jikim_desk.config import jikim_config
    from jikim_desk.faults import CannotStart

    handle = os.open(jikim_config().home / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CannotStart("serving.already_open", where=str(jikim_config().home)) from error
    finally:
        os.close(handle)


@contextmanager
def _bound(listen: str) -> Iterator[socket.socket]:
    """A socket that listens where the configuration says. Raises CannotStart."""
    from jikim_desk.faults import CannotStart

    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host.strip("[]") or "127.0.0.1", int(port)))
            listening.listen(128)
        except (OSError, ValueError) as error:
            problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise CannotStart("serving.not_listening", listen=listen, problem=problem) from error
        yield listening


def _gunicorn(listening: socket.socket) -> list[str]:
    """No access log: addresses of pages are nobody's business. Its heartbeat file lies in memory."""
    settings = {
        "--bind": f"fd://{listening.fileno()}",
        "--workers": "1",
        "--worker-class": "gthread",
        "--threads": "8",
        "--timeout": "60",
        "--graceful-timeout": "8",
        "--log-level": "warning",
        "--worker-tmp-dir": "/dev/shm",  # noqa: S108 - not ours to name; gunicorn makes a private file there
    }
    return [part for setting in settings.items() for part in setting] + ["jikim_desk.wsgi:application"]


def _sweep_practice(keyword: str) -> None:
    """On a practice desk: asks for a sweep of the practice platform, on behalf of the one person there is."""
    from jikim.commands.places import PRACTICE
    from jikim_desk import flows
    from jikim_desk.accounts.models import User
    from jikim_desk.config import desk_config
    from jikim_desk.faults import CannotStart
    from jikim_desk.records import intake

    if not desk_config().is_practice:
        raise CannotStart("serving.no_practice_desk")
    user = User.objects.get(username="practice")
    team = user.teams().get()
    flows.enqueue(intake.ask_for_sweep(user, [keyword], [PRACTICE], team=team))


def _say(key: str, **params: object) -> None:
    from jikim_desk import words
    from jikim_desk.config import jikim_config

    _print(words.say(key, jikim_config().lang, **params))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
