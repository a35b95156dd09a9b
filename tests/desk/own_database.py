"""Databases of a test's own, in which things are committed and threads have connections of their own: a file of SQLite, and a
PostgreSQL server from the system's packages, without network, its socket in a throwaway folder."""

import getpass
import os
import shutil
import subprocess
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from django.db.utils import load_backend

from jikim_desk.config import jikim_config

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}
"""As in the settings."""
NOWHERE = {"HOST": "", "PORT": "", "USER": "", "PASSWORD": "", "CONN_MAX_AGE": 0}


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


@contextmanager
def as_default(options):
    """The desk's database is this one for a while, in this thread; its connection is closed at the end."""
    before = connections["default"]
    settings_dict = {**before.settings_dict, **options}
    connections["default"] = load_backend(settings_dict["ENGINE"]).DatabaseWrapper(settings_dict, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


def sqlite(path):
    """The options of a file."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": SQLITE_OPTIONS, **NOWHERE}


def postgres(folder, name, user):
    """The options of a database that `postgresql` yielded."""
    engine = "django.db.backends.postgresql"
    return {"ENGINE": engine, "NAME": name, "OPTIONS": {}, **NOWHERE, "HOST": folder, "USER": user}


@contextmanager
def own_head():
    """A chain of its own needs a head of its own."""
    folder = jikim_config().home / "audit"
    kept = folder.with_name(f"audit-kept-{uuid.uuid4().hex}")
    if folder.exists():
        folder.rename(kept)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if kept.exists():
            kept.rename(folder)
