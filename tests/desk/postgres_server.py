"""A PostgreSQL server of our own, from the system's packages: no network, a socket in a throwaway folder."""

import getpass
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found or int(found[-1].parts[-3]) < 15:
        pytest.skip("needs PostgreSQL 15 or newer (Debian: postgresql)")
    return found[-1].parent


@contextmanager
def postgresql(name="desk"):
    """Yields `(socket_folder, database, user)` of an empty database."""
    programs = _programs()
    as_root = os.getuid() == 0
    user = "postgres" if as_root else getpass.getuser()
    identity = {"user": user, "group": user, "extra_groups": []} if as_root else {}
    folder = Path(tempfile.mkdtemp(prefix="jikim-pg-"))
    try:
        if as_root:
            shutil.chown(folder, user, user)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}

        def run(*command):
            subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder, **identity)

        run(programs / "initdb", "-D", folder / "data", "-E", "UTF8", "--auth=trust", "--no-sync", "-U", user)
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run(programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            run(programs / "createdb", "-h", folder, "-U", user, name)
            yield str(folder), name, user
        finally:
            run(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
