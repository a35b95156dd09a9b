"""Newer is refused untouched, older is migrated after a copy, and only once."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from jikim.errors import StateError, VaultError
from jikim.schema import Database

FIRST = ("CREATE TABLE things (name TEXT)", "INSERT INTO things VALUES ('made by version 1')")
SECOND = ("ALTER TABLE things ADD COLUMN size INTEGER", "INSERT INTO things VALUES ('made by version 2', 2)")
BROKEN = ("INSERT INTO things VALUES ('half way', 1)", "INSERT INTO no_such_table VALUES (1)")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "things.sqlite"


@pytest.fixture
def old(path):
    Database(path, "things", (FIRST,)).close()
    return path


def content(path):
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT * FROM things").fetchall(), connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_older_is_migrated_after_a_copy(old):
    database = Database(old, "things", (FIRST, SECOND))
    assert database.rows("SELECT * FROM things") == [("made by version 1", None), ("made by version 2", 2)]
    database.close()
    copy = old.with_name("things.sqlite.v1.bak")
    assert content(copy) == ([("made by version 1",)], 1)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(file.name for file in old.parent.iterdir()) == ["things.sqlite", "things.sqlite.v1.bak"]


def test_the_copy_has_what_another_process_has_only_in_its_log_yet(old):
    busy = Database(old, "things", (FIRST,))
    with busy.change() as connection:
        connection.execute("INSERT INTO things VALUES ('in the log')")
    Database(old, "things", (FIRST, SECOND)).close()
    assert ("in the log",) in content(old.with_name("things.sqlite.v1.bak"))[0]
    busy.close()


def test_a_migration_that_fails_changes_nothing(old):
    with pytest.raises(StateError):
        Database(old, "things", (FIRST, SECOND, BROKEN))
    assert content(old) == ([("made by version 1",)], 1)
    Database(old, "things", (FIRST, SECOND)).close()
    assert content(old)[1] == 2


def test_newer_is_refused_untouched_even_where_faults_have_another_name(old):
    Database(old, "things", (FIRST, SECOND)).close()
    before = old.read_bytes()
    with pytest.raises(StateError) as caught:
        Database(old, "things", (FIRST,), VaultError)
    assert caught.value.key == "state.newer"
    assert old.read_bytes() == before


def test_a_database_of_another_program_is_not_taken_over(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(VaultError) as caught:
        Database(path, "things", (FIRST,), VaultError)
    assert caught.value.key == "state.damaged"
    assert path.read_bytes() == before


def test_an_exception_in_a_change_undoes_it(old):
    database = Database(old, "things", (FIRST,))
    with pytest.raises(KeyboardInterrupt), database.change() as connection:  # noqa: PT012
        connection.execute("INSERT INTO things VALUES ('never')")
        raise KeyboardInterrupt
    assert database.rows("SELECT count(*) FROM things") == [(1,)]
    with database.change() as connection:
        connection.execute("INSERT INTO things VALUES ('afterwards')")
    assert database.rows("SELECT count(*) FROM things") == [(2,)]
    database.close()


def test_a_forked_child_has_a_connection_of_its_own(old):
    database = Database(old, "things", (FIRST,))
    with database.change() as connection:
        connection.execute("INSERT INTO things VALUES ('before')")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with database.change() as connection:
                connection.execute("INSERT INTO things VALUES ('child')")
            database.close()
            status = 0
        finally:
            os._exit(status)
    with database.change() as connection:
        connection.execute("INSERT INTO things VALUES ('parent')")
    assert os.waitpid(child, 0)[1] == 0
    assert database.rows("SELECT count(*) FROM things") == [(4,)]
    assert database.rows("PRAGMA integrity_check") == [("ok",)]
    database.close()


def test_a_child_forked_in_the_middle_of_a_change_does_not_take_part_in_it(old):
    database = Database(old, "things", (FIRST,))
    with database.change() as connection:
        connection.execute("INSERT INTO things VALUES ('not yet')")
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if database.rows("SELECT count(*) FROM things") == [(1,)] else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert database.rows("SELECT count(*) FROM things") == [(2,)]
    database.close()


OPEN = """
import sys
from pathlib import Path
from jikim.schema import Database
steps = eval(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
database = Database(Path(sys.argv[1]), "things", steps)
with database.change() as connection:
    connection.execute("INSERT INTO things (name) VALUES ('opened')")
database.close()
"""


@pytest.mark.parametrize("is_new", [True, False])
def test_processes_that_open_at_once_make_and_migrate_once(path, is_new):
    if not is_new:
        Database(path, "things", (FIRST,)).close()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(path), repr((FIRST, SECOND))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout.readline() == b"ready\n"
    for process in started:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0] * 4
    rows, version = content(path)
    assert version == 2
    assert sorted(name for name, _ in rows) == ["made by version 1", "made by version 2"] + ["opened"] * 4
