"""An older copy of the database is put back: that entries are missing is said until a named person acknowledges it, signed."""

import sqlite3
from contextlib import closing

import msgspec
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from jikim.errors import BadUse
from jikim_desk.accounts import acknowledging
from jikim_desk.accounts.models import Grant, Role, User
from jikim_desk.audit import chain, head, verifying
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.audit.verifying import TRIGGERS, verify
from tests.desk.own_database import as_default, own_head, sqlite

PASSWORD = "correct horse battery"


def work(count):
    for number in range(count):
        with transaction.atomic():
            chain.record(Action.VIEW, actor=None, subject=f"candidate:{number}")


@pytest.fixture
def restored(tmp_path, django_db_setup, django_db_blocker):
    """A chain of 8 entries of which a copy with 5 was put back; `auditor` and `reviewer` were in the copy."""
    file = tmp_path / "desk.sqlite"
    with django_db_blocker.unblock(), as_default(sqlite(file)), own_head():
        call_command("migrate", verbosity=0)
        for name, role in (("auditor", Role.AUDITOR), ("counsel", Role.ADMINISTRATOR), ("other", None)):
            person = User.objects.create_user(name, password=PASSWORD)
            if role:
                Grant.objects.create(user=person, role=role)
        work(5)
        connection.close()
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(tmp_path / "copy")) as copy:
            source.backup(copy)
        work(3)
        connection.close()
        with closing(sqlite3.connect(tmp_path / "copy")) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
        yield


def keys():
    return [problem.key for problem in verify().problems]


@pytest.mark.parametrize("since", [0, 1, 3, 9])
def test_it_is_said_however_long_people_worked_on(restored, since):
    work(since)
    assert keys() == [["audit.problem.cut"], ["audit.problem.other_chain"]][since >= 3]
    assert head.read().number == 8, "the head never moves on by itself to a chain that is not its own"


@pytest.mark.parametrize("since", [0, 9])
@pytest.mark.parametrize("name", ["auditor", "counsel"])
def test_a_named_person_acknowledges_it_and_the_chain_goes_on(restored, since, name):
    work(since)
    lost = acknowledging.acknowledge(name, PASSWORD)
    assert (lost.known, lost.found, lost.number) == (8, 5 + since, 6 + since)
    verdict = verify()
    assert verdict.is_whole
    assert [(note.key, note.number) for note in verdict.notes] == [("audit.note.acknowledged", 6 + since)]
    work(2)
    assert verify().is_whole
    assert head.read().number == 8 + since
    entry = Entry.objects.get(action=Action.ACKNOWLEDGE)
    assert entry.actor == chain.person_reference(User.objects.get(username=name))
    assert verifying.is_signed(entry.actor, entry.facts)
    told = msgspec.json.decode(entry.facts)
    assert not verifying.is_signed(entry.actor, msgspec.json.encode(told | {"known": 7}).decode())
    assert not verifying.is_signed("somebody else", entry.facts)
    with pytest.raises(BadUse) as caught:
        acknowledging.acknowledge(name, PASSWORD)
    assert caught.value.key == "audit.acknowledge.nothing"


@pytest.mark.parametrize(("name", "password"), [("auditor", "wrong"), ("other", PASSWORD), ("nobody", PASSWORD)])
def test_nobody_else_may_and_the_attempt_is_on_record(restored, name, password):
    with pytest.raises(BadUse) as caught:
        acknowledging.acknowledge(name, password)
    assert caught.value.key == "accounts.at_terminal.refused"
    assert keys() == ["audit.problem.cut"]
    assert Entry.objects.order_by("-number")[0].action == Action.SIGN_IN_FAILED


def test_a_chain_that_was_changed_otherwise_is_never_acknowledged(restored):
    with connection.cursor() as cursor:
        for name in TRIGGERS["sqlite"]:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("UPDATE audit_entry SET facts = '{}', subject = 'x' WHERE number = 3")
    with pytest.raises(BadUse) as caught:
        acknowledging.acknowledge("auditor", PASSWORD)
    assert caught.value.key == "audit.acknowledge.changed"


def test_who_is_killed_before_the_head_was_moved_acknowledges_again(restored, monkeypatch):
    def killed(number, digest):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(head, "restart", killed)
        with pytest.raises(KeyboardInterrupt):
            acknowledging.acknowledge("auditor", PASSWORD)
    assert keys() == ["audit.problem.cut"]
    acknowledging.acknowledge("auditor", PASSWORD)
    assert verify().is_whole
    assert Entry.objects.filter(action=Action.ACKNOWLEDGE).count() == 2
