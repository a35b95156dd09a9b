"""A PostgreSQL server of Debian's package for as long as a block lasts, for desks that run as processes of their own: its files
in a throwaway folder, on a free port of 127.0.0.1, reached with a password. Root may not run it: it runs as `postgres` then.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

USER = "desk"


def programs() -> Path | None:
    """The folder of the newest server's programs, 15 or later; None where there is none."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    found = [path for path in found if path.parent.name.isdigit() and int(path.parent.name) >= 15]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class Server:
    """A running server. `database(name)` makes an empty database and gives its address."""

    def __init__(self, bin_folder: Path, folder: Path) -> None:
        self._bin = bin_folder
        self._folder = folder
        self._data = folder / "data"
        self._password = secrets.token_urlsafe(18)
        self.port = free_port()

    def make(self) -> None:
        """Makes the files of the server, whom no crash of the machine will hit: nothing waits for the disk."""
        password = self._folder / "password"
        password.write_text(self._password + "\n")
        if os.geteuid() == 0:
            shutil.chown(password, USER_OF_SERVER, USER_OF_SERVER)
        ways = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", self._data, "-U", USER, "--pwfile", password, *ways)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """At once, as in a crash."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def database(self, name: str) -> str:
        environment = {**os.environ, "PGPASSWORD": self._password}
        command = [self._bin / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: object) -> None:
        """What it says goes to a file: the server that pg_ctl leaves behind would keep a pipe open for ever."""
        as_root = {"user": USER_OF_SERVER, "group": USER_OF_SERVER, "extra_groups": []} if os.geteuid() == 0 else {}
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [self._bin / program, *map(str, arguments)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
                **as_root,
            )
            said.seek(0)
            assert done.returncode == 0, f"{program}: {said.read()}"


USER_OF_SERVER = "postgres"


@contextmanager
def postgres() -> Iterator[Server]:
    """A server. Raises LookupError where no PostgreSQL of 15 or later is installed."""
    bin_folder = programs()
    if bin_folder is None:
        raise LookupError("no PostgreSQL 15 or later under /usr/lib/postgresql (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="desk-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER_OF_SERVER, USER_OF_SERVER)
        server = Server(bin_folder, folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
