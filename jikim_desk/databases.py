"""Brings the desk's database up to this version: one that is newer is refused untouched, an older one is copied first."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from jikim.schema import sync
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.faults import CannotStart


def bring_up(*, is_copied: bool) -> Path | None:
    """Copies what is there and migrates it; the copy, where one was made. `is_copied`: a person says that there is one.

    Raises CannotStart: newer than this version, not reachable, full disk, or no way to copy it.
    """
    applied, wanted = _versions()
    if not wanted:
        return None
    copy = _copy() if applied and not is_copied else None
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise CannotStart("serving.not_migrated", problem=_reason(error)) from error
    return copy


def check() -> None:
    """Raises CannotStart unless the database is exactly of this version."""
    if _versions()[1]:
        raise CannotStart("serving.older_database")


def _versions() -> tuple[bool, bool]:
    """Whether anything was ever migrated, and whether something is to be. Raises CannotStart for what is newer."""
    try:
        executor = MigrationExecutor(connection)
        applied = set(executor.loader.applied_migrations)
    except OperationalError as error:
        raise CannotStart("serving.no_database", problem=_reason(error)) from error
    known = set(executor.loader.disk_migrations)
    ours = {label for label, _ in known}
    unknown = sorted(f"{label}.{name}" for label, name in applied - known if label in ours)
    if unknown:
        raise CannotStart("serving.newer_database", migration=unknown[0])
    return bool(applied), bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _copy() -> Path:
    home = jikim_config().home
    number = 1
    while (copy := home / f"desk.{'dump' if desk_config().database else 'sqlite'}.{number}.bak").exists():
        number += 1
    unfinished = copy.with_name(f"{copy.name}.part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if desk_config().database:
            _dump(unfinished)
        else:
            with closing(sqlite3.connect(home / "desk.sqlite")) as source, closing(sqlite3.connect(unfinished)) as target:
                source.backup(target)
        sync(unfinished)
        unfinished.replace(copy)
        sync(home)
    except (OSError, sqlite3.Error) as error:
        raise CannotStart("serving.not_copied", problem=_reason(error)) from error
    return copy


def _dump(file: Path) -> None:
    """A PostgreSQL database as `pg_restore` takes it."""
    program = shutil.which("pg_dump")
    if program is None:
        raise CannotStart("serving.no_dump")
    url = urlsplit(desk_config().database)
    # the password goes by the environment, where other users cannot see it
    address = url._replace(netloc=url.netloc.replace(f":{url.password}@", "@") if url.password else url.netloc).geturl()
    environment = {**os.environ, "PGPASSWORD": unquote(url.password or "")}
    done = subprocess.run([program, "-Fc", "-f", file, address], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart("serving.not_copied", problem=done.stderr.strip().splitlines()[-1] if done.stderr else "pg_dump")


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
