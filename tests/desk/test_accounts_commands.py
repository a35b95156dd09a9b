"""The commands of keys and of the chain as processes of their own, on a real home."""

import json
import os
import subprocess
import sys

import pytest

from jikim.vault import Vault, recovery

SCRIPT = """
import sys
from jikim.__main__ import app, main
for path in ("jikim_desk.accounts.commands", "jikim_desk.audit.commands"):
    module = __import__(path, fromlist=["register"])
    if path.split(".")[1] not in {group.name for group in app.registered_groups}:
        module.register(app)
sys.argv[0] = "jikim"
main()
"""


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with Vault.open(home) as vault:
        vault.public_key()
    return home


@pytest.fixture
def jikim(home):
    environment = {**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en", "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"}

    def run(*arguments, typed=""):
        command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
        return subprocess.run(command, env=environment, input=typed, capture_output=True, text=True, timeout=120)

    return run


def migrated(home):
    program = "import django; django.setup(); from django.core.management import call_command as c; c('migrate', verbosity=0)"
    program += "\nfrom jikim_desk.audit import chain\nfrom jikim_desk.audit.actions import Action"
    program += "\nfor n in range(5): chain.record(Action.VIEW, actor=None, subject=f'candidate:{n}')"
    environment = {**os.environ, "JIKIM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, timeout=300)


def test_a_lost_key_comes_back_from_paper(home, jikim):
    code = recovery.new_code()
    recovery.adopt(home, code)
    assert jikim("keys", "backup").returncode == 0
    (home / "keys" / "fields").unlink()
    wrong = jikim("keys", "restore", typed=f"{recovery.new_code()}\n")
    assert wrong.returncode == 1
    assert "does not open" in wrong.stderr
    assert not (home / "keys" / "fields").exists()
    right = jikim("keys", "restore", typed=" ".join(recovery.spelled(code)) + "\n")
    assert right.returncode == 0, right.stderr
    assert "keys/fields" in right.stdout


def test_a_code_is_made_on_a_terminal_only(jikim):
    refused = jikim("keys", "code")
    assert refused.returncode == 1
    assert "on a terminal only" in refused.stderr


def test_the_chain_is_verified_exported_and_its_change_found(home, jikim, tmp_path):
    import sqlite3

    migrated(home)
    whole = jikim("audit", "verify")
    assert whole.returncode == 0, whole.stderr
    assert "5 entries" in whole.stdout

    exported = jikim("audit", "export", tmp_path / "audit.zip")
    assert exported.returncode == 1  # it says that it is not yet stamped
    assert "not yet stamped" in exported.stdout
    assert (tmp_path / "audit.zip").stat().st_mode & 0o077 == 0
    assert jikim("audit", "verify", tmp_path / "audit.zip").returncode == 0
    assert jikim("audit", "stamp", tmp_path / "audit.zip").returncode == 1

    with sqlite3.connect(home / "desk.sqlite") as connection:
        connection.execute("DROP TRIGGER audit_entry_update")
        connection.execute("UPDATE audit_entry SET facts = '{}x' WHERE number = 3")
    connection.close()
    changed = jikim("audit", "verify", tmp_path / "audit.zip")
    assert changed.returncode == 1
    assert "3: The content does not match its hash" in changed.stdout
    assert "audit_entry_update" in changed.stdout


def test_a_damaged_database_is_said_in_one_line(home, jikim):
    migrated(home)
    path = home / "desk.sqlite"
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    for name in ("desk.sqlite-wal", "desk.sqlite-shm"):
        (home / name).unlink(missing_ok=True)
    found = jikim("audit", "verify")
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    assert json.dumps(found.stdout).count("cannot be read") == 1
