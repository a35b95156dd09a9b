"""Whatever is done to the chain behind the desk's back is found, on SQLite and on PostgreSQL."""

import json
import sqlite3
import threading
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim_desk.audit import chain, head
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.audit.verifying import COLUMNS, TRIGGERS, verify
from jikim_desk.config import jikim_config
from tests.desk.own_database import as_default, own_head, postgres, postgresql, sqlite

LENGTH = 12
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def postgres_server():
    with postgresql() as server:
        yield server


def _fill():
    for number in range(LENGTH):
        with transaction.atomic():
            chain.record(Action.VIEW, actor=None, subject=f"candidate:{number}", facts={"kind": "words", "order": number})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def chain_on(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """A committed chain of LENGTH entries on a real database file or server."""
    if request.param == "sqlite":
        options = sqlite(tmp_path_factory.mktemp("chain") / "desk.sqlite")
    else:
        options = postgres(*request.getfixturevalue("postgres_server"))
    with django_db_blocker.unblock(), as_default(options), own_head():
        call_command("migrate", verbosity=0)
        _fill()
        yield connection


@contextmanager
def _tampering(chain_on):
    """Everything in the block happens without the triggers, and never happened afterwards."""
    with transaction.atomic():
        with chain_on.cursor() as cursor:
            for name in TRIGGERS[chain_on.vendor]:
                cursor.execute(f"DROP TRIGGER {name}" + (" ON audit_entry" if chain_on.vendor == "postgresql" else ""))
            yield cursor
        transaction.set_rollback(True)


def keys(verdict):
    """What was found besides the triggers, which every tampering here removes first."""
    return [problem.key for problem in verdict.problems if problem.key != "audit.problem.trigger"]


def test_an_untouched_chain_is_whole(chain_on):
    verdict = verify()
    assert verdict.is_whole, verdict
    assert verdict.entries == LENGTH
    assert head.read().number == LENGTH


def test_a_missing_trigger_is_found(chain_on):
    with _tampering(chain_on):
        assert {problem.key for problem in verify().problems} == {"audit.problem.trigger"}


@QUICK
@given(
    st.integers(1, LENGTH),
    st.sampled_from(COLUMNS[1:]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)
def test_any_change_of_any_column_of_any_row_is_found(chain_on, number, column, value):
    with _tampering(chain_on) as cursor:
        cursor.execute(f"SELECT {column} FROM audit_entry WHERE number = %s", [number])
        if cursor.fetchone()[0] == value:
            return
        cursor.execute(f"UPDATE audit_entry SET {column} = %s WHERE number = %s", [value, number])
        assert keys(verify())


@QUICK
@given(st.integers(1, LENGTH), st.integers(0, LENGTH))
def test_removing_rows_anywhere_is_found(chain_on, first, count):
    with _tampering(chain_on) as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE number >= %s AND number < %s", [first, first + count])
        removed = cursor.rowcount
        assert bool(keys(verify())) == bool(removed)


@QUICK
@given(st.permutations(range(1, LENGTH + 1)))
def test_any_other_order_is_found(chain_on, order):
    with _tampering(chain_on) as cursor:
        cursor.execute("UPDATE audit_entry SET number = number + 1000")
        for new, old in enumerate(order, 1):
            cursor.execute("UPDATE audit_entry SET number = %s WHERE number = %s", [new, old + 1000])
        assert bool(keys(verify())) == (list(order) != sorted(order))


@QUICK
@given(st.integers(1, LENGTH), st.text(max_size=10))
def test_a_chain_written_anew_without_the_key_is_found(chain_on, first, forged):
    """Whoever knows the code but not the centre's key gets every hash right, and no seal."""
    with _tampering(chain_on) as cursor:
        previous = Entry.objects.get(number=first).previous
        for entry in Entry.objects.filter(number__gte=first):
            facts = json.dumps({"kind": forged})
            digest = chain.entry_hash(entry.number, entry.at, entry.action, entry.actor, entry.subject, facts, previous)
            cursor.execute(
                "UPDATE audit_entry SET facts = %s, previous = %s, hash = %s WHERE number = %s",
                [facts, previous, digest, entry.number],
            )
            previous = digest
        assert "audit.problem.seal" in keys(verify())


def test_an_entry_added_without_the_key_is_found(chain_on):
    with _tampering(chain_on) as cursor:
        last = Entry.objects.get(number=LENGTH)
        values = [LENGTH + 1, last.at, "view", "", "", "{}", last.hash]
        digest = chain.entry_hash(*values)
        cursor.execute(
            f"INSERT INTO audit_entry ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * 9)})", [*values, digest, last.seal]
        )
        assert keys(verify()) == ["audit.problem.seal"]


def test_a_cut_end_is_found_by_the_head(chain_on):
    with _tampering(chain_on) as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE number > %s", [LENGTH - 2])
        assert keys(verify()) == ["audit.problem.cut"]


def test_an_emptied_chain_is_found(chain_on):
    with _tampering(chain_on) as cursor:
        cursor.execute("DELETE FROM audit_entry")
        assert keys(verify()) == ["audit.problem.cut"]


@QUICK
@given(st.binary(max_size=200))
def test_a_head_that_somebody_else_wrote_is_found(chain_on, content):
    path = jikim_config().home / "audit" / "head.json"
    kept = path.read_bytes()
    try:
        path.write_bytes(content)
        assert "audit.problem.head" in keys(verify())
    finally:
        path.write_bytes(kept)


def test_a_head_that_is_gone_is_found_and_its_new_beginning_stays_on_record(chain_on):
    path = jikim_config().home / "audit" / "head.json"
    kept = path.read_bytes()
    try:
        path.unlink()
        assert keys(verify()) == ["audit.problem.no_head"]
        with transaction.atomic():
            chain.record(Action.VIEW, actor=None)
            assert [note.key for note in verify().notes] == ["audit.note.head_lost"]
            transaction.set_rollback(True)
    finally:
        path.write_bytes(kept)


def test_a_rolled_back_entry_does_not_move_the_head(chain_on):
    with transaction.atomic():
        chain.record(Action.VIEW, actor=None)
        transaction.set_rollback(True)
    assert head.read().number == LENGTH
    assert verify().is_whole


def test_a_clock_that_jumps_back_breaks_nothing_and_is_noted(chain_on, monkeypatch):
    from datetime import timedelta

    from django.utils import timezone

    hour_ago = timezone.now() - timedelta(hours=1)
    with transaction.atomic():
        monkeypatch.setattr(chain.timezone, "now", lambda: hour_ago)
        chain.record(Action.VIEW, actor=None)
        verdict = verify()
        transaction.set_rollback(True)
    assert verdict.is_whole
    assert [note.key for note in verdict.notes] == ["audit.note.clock"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(1, LENGTH), place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_any_byte_of_a_row_changed_in_the_file_is_found(chain_on, tmp_path_factory, number, place, change):
    if chain_on.vendor != "sqlite":
        pytest.skip("the file of SQLite")
    copy = tmp_path_factory.mktemp("file") / "desk.sqlite"
    with sqlite3.connect(connection.settings_dict["NAME"]) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    target.close()
    source.close()
    entry = Entry.objects.get(number=number)
    # where the row itself lies, not where an index repeats a part of it
    stored = (
        entry.at + entry.action + entry.actor + entry.subject + entry.facts + entry.previous + entry.hash + entry.seal
    ).encode()
    content = bytearray(copy.read_bytes())
    at = content.index(stored) + int(place * len(stored))
    content[at] ^= change
    copy.write_bytes(content)
    with as_default(sqlite(copy)):
        assert keys(verify())


@pytest.mark.parametrize("places", [1, 8])
def test_many_who_write_at_once_make_one_chain(places, django_db_setup, django_db_blocker, tmp_path, request):
    """Threads with connections of their own, on a chain of its own on each database."""
    for options in (sqlite(tmp_path / "desk.sqlite"), postgres(*request.getfixturevalue("postgres_server"))):
        with django_db_blocker.unblock(), own_head():
            with as_default(options):
                call_command("migrate", verbosity=0)
                before = Entry.objects.count()
                if before:
                    last = Entry.objects.order_by("-number").first()
                    head.advance(last.number, last.hash)
            faults = []

            def write(options=options, faults=faults):
                try:
                    with as_default(options):
                        for number in range(10):
                            with transaction.atomic():
                                chain.record(Action.VIEW, actor=None, facts={"order": number})
                except Exception as error:  # noqa: BLE001 - told to the test
                    faults.append(error)

            threads = [threading.Thread(target=write) for _ in range(places)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert faults == []
            with as_default(options):
                verdict = verify()
                assert verdict.is_whole, verdict
                assert verdict.entries == before + 10 * places
                assert head.read().number == verdict.entries
