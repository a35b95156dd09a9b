"""What a round of removal looks through: everything at first and while there is much, else what came lately."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence, rounds
from jikim_desk.notices.models import EvidencePack, Notice, NoticeKind, NoticeState, Removal
from tests.desk.removals import begun, confirmed, with_page


@pytest.fixture
def beginnings():
    return rounds.Beginnings()


def test_what_was_missed_is_found_by_the_next_thorough_round(beginnings, team, person, monkeypatch):
    beginnings.go(timezone.now())  # thorough, in vain
    monkeypatch.setattr(rounds, "_NEWEST", 0)
    with_page(confirmed(team, person(Role.REVIEWER)))
    beginnings.go(timezone.now())
    assert not Removal.objects.exists()
    beginnings._thorough_at = 0.0
    beginnings.go(timezone.now())
    assert EvidencePack.objects.filter(removal=Removal.objects.get()).count() == 1


def test_what_came_lately_is_begun_and_packed_in_any_round(beginnings, team, person):
    beginnings.go(timezone.now())
    with_page(confirmed(team, person(Role.REVIEWER)))
    beginnings.go(timezone.now())
    assert EvidencePack.objects.filter(removal=Removal.objects.get()).count() == 1


def test_a_round_that_brought_up_as_much_as_goes_at_once_is_followed_by_a_thorough_one(beginnings, team, person, monkeypatch):
    monkeypatch.setattr(rounds, "_AT_ONCE", 1)
    reviewer = person(Role.REVIEWER)
    for name in ("one", "two", "three"):
        with_page(confirmed(team, reviewer, name))
    monkeypatch.setattr(rounds, "_NEWEST", 0)
    for _ in range(4):
        beginnings.go(timezone.now())
    assert Removal.objects.count() == EvidencePack.objects.count() == 3


def test_packs_of_older_finds_are_due_in_a_thorough_round_alone(team, person):
    removal = begun(team, person)
    Removal.objects.update(begun_at=timezone.now() - timedelta(days=3))
    assert evidence.packs_due(since=timezone.now() - timedelta(days=1)) == []
    assert evidence.packs_due() == [removal]


@pytest.mark.parametrize("state", NoticeState.values)
def test_the_database_knows_which_notices_wait(team, person, state):
    notice = Notice(removal=begun(team, person), team=team, kind=NoticeKind.MAIL, lang="ko", drafted_at=timezone.now())
    notice.subject = notice.body = "x"
    notice.state = state
    notice.save()
    is_waiting = state in ("draft", "approved", "sending", "unknown", "failed")
    assert Notice.objects.filter(is_waiting=True).exists() == is_waiting
    Notice.objects.update(state=NoticeState.SENT)
    assert not Notice.objects.filter(is_waiting=True).exists()
