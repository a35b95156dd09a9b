"""The chain grows, holds nothing personal, and refuses change."""

import itertools
import json

import pytest
from django.db import DatabaseError, connection, transaction

from jikim_desk.accounts.models import Role
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.audit.verifying import verify
from jikim_desk.config import jikim_config


@pytest.fixture
def entries(person):
    someone = person(Role.REVIEWER)
    for number in range(5):
        chain.record(Action.VIEW, actor=someone, subject=f"candidate:{number}", facts={"kind": "words", "order": number})
    return list(Entry.objects.all())


def test_each_entry_holds_the_hash_of_the_one_before(entries):
    for earlier, later in itertools.pairwise(entries):
        assert later.previous == earlier.hash
        assert later.number == earlier.number + 1


def test_who_and_what_are_keyed_references(person):
    someone = person(Role.REVIEWER, name="김하나")
    chain.record(
        Action.SEARCH,
        actor=someone,
        subject="sweep:어떤 검색어",
        facts={"kind": "keyword", "words": "어떤 검색어", "places": ["https://example.org/a"], "found": 3, "role": Role.LEAD},
    )
    entry = Entry.objects.last()
    written = json.dumps([entry.actor, entry.subject, entry.facts], ensure_ascii=False)
    assert "김하나" not in written
    assert "검색어" not in written
    assert "example" not in written
    assert json.loads(entry.facts)["found"] == 3
    assert json.loads(entry.facts)["role"] == "lead"
    assert list(chain.about("sweep:어떤 검색어")) == [entry]
    assert list(chain.by(someone)) == [entry]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET action = 'search'",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry SELECT number + 7, at, action, actor, subject, facts, seal, hash, seal FROM audit_entry",
    ],
)
def test_the_database_itself_refuses_change(entries, change):
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert list(Entry.objects.all()) == entries


def test_replacing_a_row_is_refused_too(entries):
    if connection.vendor != "sqlite":
        pytest.skip("a statement of SQLite")
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO audit_entry SELECT number, at, 'x', actor, '', '', previous, hash, seal FROM audit_entry"
        )


def test_what_was_rolled_back_is_not_on_record(entries):
    with transaction.atomic():
        chain.record(Action.EXPORT, actor=None)
        transaction.set_rollback(True)
    assert Entry.objects.count() == len(entries)


def test_a_damaged_head_stops_nobody_and_is_left_as_it_is(db, django_capture_on_commit_callbacks, caplog):
    chain.record(Action.VIEW, actor=None)
    path = jikim_config().home / "audit" / "head.json"
    kept = path.read_bytes()
    try:
        path.write_bytes(b"{}")
        with django_capture_on_commit_callbacks(execute=True):
            chain.record(Action.VIEW, actor=None)
        assert path.read_bytes() == b"{}"
        assert "head.json is damaged" in caplog.text
        assert "audit.problem.head" in [problem.key for problem in verify().problems]
    finally:
        path.write_bytes(kept)
