"""Authority, source health and quotas survive, and faults are one clear line."""

import os
import sqlite3
import stat
import threading
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim.errors import AuthorityMissing, BadUse, StateError
from jikim.state import State
from jikim.types import SourceState

CENTRE = ("디지털성범죄 피해자지원센터", "성폭력방지법 제7조의3", "홍길동")
DAY = date(2026, 11, 22)


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path) as state:
        yield state


def test_without_authority_the_words_say_what_to_run(state):
    assert state.authority() is None
    with pytest.raises(AuthorityMissing) as caught:
        state.require_authority()
    for words in caught.value.message():
        assert "jikim authority set" in words


def test_authority_is_kept_for_the_next_run(tmp_path):
    before = datetime.now(UTC)
    with State.open(tmp_path) as state:
        recorded = state.record_authority(*CENTRE)
    with State.open(tmp_path) as state:
        assert state.require_authority() == recorded
    assert (recorded.organisation, recorded.legal_ground, recorded.responsible) == CENTRE
    assert before <= recorded.recorded_at <= datetime.now(UTC)
    assert recorded.recorded_at.utcoffset().total_seconds() == 0


def test_a_new_authority_is_in_force_and_the_old_ones_stay_on_record(state, tmp_path):
    first = state.record_authority(*CENTRE)
    second = state.record_authority("다른 기관", *CENTRE[1:])
    assert state.authority() == second
    assert state.authority_history() == [first, second]
    with sqlite3.connect(tmp_path / "state.sqlite") as connection:
        for change in ("UPDATE authority SET responsible = 'x'", "DELETE FROM authority"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(change)
    connection.close()


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "state.field_empty"),
        (" \t\n ", "state.field_empty"),
        ("가" * 201, "state.field_too_long"),
        ("a\nb", "state.field_has_control_characters"),
        ("a\0b", "state.field_has_control_characters"),
        ("a\x1b[31mb", "state.field_has_control_characters"),
        ("a\u202eb", "state.field_has_control_characters"),
        ("a\u200bb", "state.field_has_control_characters"),
        ("a\ud800b", "state.field_has_control_characters"),
    ],
)
def test_what_cannot_stand_in_a_report_is_refused(state, number, text, key):
    fields = list(CENTRE)
    fields[number] = text
    with pytest.raises(BadUse) as caught:
        state.record_authority(*fields)
    assert caught.value.key == key
    assert ("기관", "법적 근거", "책임자")[number] in caught.value.message().ko
    assert state.authority() is None


def test_200_characters_and_spaces_around_are_fine(state):
    assert state.record_authority(" " + "가" * 200 + " ", "b", "c").organisation == "가" * 200


def test_health_is_the_last_answer_of_each_source(state):
    assert state.health() == []
    state.record_health("page", SourceState.DEAD, "state.damaged")
    state.record_health("feed", SourceState.OK, None)
    state.record_health("page", SourceState.EMPTY, None)
    assert [(one.source, one.state, one.detail) for one in state.health()] == [
        ("feed", SourceState.OK, None),
        ("page", SourceState.EMPTY, None),
    ]
    assert all(one.recorded_at.tzinfo is UTC for one in state.health())


@pytest.mark.parametrize("detail", ["https://example.com/a", "example.com", "no such key", ""])
def test_no_address_gets_into_health(state, tmp_path, detail):
    with pytest.raises(BadUse):
        state.record_health("page", SourceState.DEAD, detail)
    for source in ("https://example.com", "example.com", "", "page\n", "a" * 81):
        with pytest.raises(BadUse):
            state.record_health(source, SourceState.OK, None)
    assert state.health() == []


def test_a_quota_is_taken_whole_or_not_at_all(state):
    assert state.take_quota("feed", DAY, 7, limit=10)
    assert not state.take_quota("feed", DAY, 4, limit=10)
    assert state.quota_used("feed", DAY) == 7
    assert state.take_quota("feed", DAY, 3, limit=10)
    assert state.take_quota("feed", date(2026, 11, 23), 3, limit=10)
    assert state.quota_used("page", DAY) == 0
    with pytest.raises(ValueError, match="given back"):
        state.take_quota("feed", DAY, -1, limit=10)


def test_many_at_once_never_take_more_than_the_quota(tmp_path):
    taken = []

    def take():
        with State.open(tmp_path) as state:
            for _ in range(10):
                taken.append(state.take_quota("feed", DAY, 1, limit=25))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 15 + [True] * 25


def test_the_file_is_for_our_user_alone(tmp_path):
    home = tmp_path / "a" / "home"
    with State.open(home) as state:
        state.record_authority(*CENTRE)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}


def test_a_locked_file_is_said_to_be_locked(tmp_path, monkeypatch):
    monkeypatch.setattr("jikim.schema.BUSY_TIMEOUT_S", 0.05)
    with State.open(tmp_path) as state:
        other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError) as caught:
            state.record_authority(*CENTRE)
        other.close()
        assert caught.value.key == "state.locked"
        assert state.record_authority(*CENTRE) == state.authority()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, os.urandom(5000), b"SQLite format 3\0" + bytes(100)])
def test_what_is_no_database_is_said_to_be_damaged_and_left_alone(tmp_path, content):
    file = tmp_path / "state.sqlite"
    file.write_bytes(content)
    with pytest.raises(StateError) as caught:
        State.open(tmp_path)
    assert caught.value.key == "state.damaged"
    assert "state.sqlite" in str(caught.value)
    assert file.read_bytes() == content


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "state.sqlite").mkdir()
    with pytest.raises(StateError):
        State.open(tmp_path)


def test_a_file_in_the_place_of_the_home(tmp_path):
    (tmp_path / "home").write_text("x")
    with pytest.raises(StateError) as caught:
        State.open(tmp_path / "home")
    assert caught.value.key == "state.not_writable"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=200))
def test_damage_anywhere_gives_an_answer_or_one_clear_line(tmp_path_factory, place, junk):
    home = tmp_path_factory.mktemp("home")
    with State.open(home) as state:
        state.record_authority(*CENTRE)
        state.record_health("feed", SourceState.OK, None)
        state.take_quota("feed", DAY, 5, 10)
    file = home / "state.sqlite"
    content = bytearray(file.read_bytes())
    at = int(place * len(content))
    content[at : at + len(junk)] = junk
    file.write_bytes(content)
    said = None
    try:
        with State.open(home) as state:
            state.authority()
            state.health()
            state.quota_used("feed", DAY)
            state.record_authority(*CENTRE)
            state.record_health("feed", SourceState.DEAD, None)
            state.take_quota("feed", DAY, 1, 10)
    except StateError as error:
        said = str(error)
    assert said is None or "\n" not in said
