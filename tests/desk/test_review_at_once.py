"""People who act at the same moment, on a real file and on a real server: threads with connections of their own."""

import threading
import uuid

import msgspec
import pytest
from django.core.management import call_command

from jikim_desk.accounts.models import Grant, Role, Team, User
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import decisions, queue
from jikim_desk.review.faults import DecidedBefore, HeldByAnother, ReviewRefused, TooLate
from jikim_desk.review.models import Applied, Claim, Decision, Kind
from tests.desk import own_database
from tests.desk.items import item

PEOPLE = 6


@pytest.fixture(scope="module")
def postgres():
    with own_database.postgresql() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """A database of our own with a team and its people; the chain has a head of its own meanwhile."""
    if request.param == "sqlite":
        options = own_database.sqlite(tmp_path_factory.mktemp("at-once") / "desk.sqlite")
    else:
        options = own_database.postgres(*request.getfixturevalue("postgres"))
    with django_db_blocker.unblock(), own_database.as_default(options), own_database.own_head():
        call_command("migrate", verbosity=0)
        team = Team.objects.create(name="at once")
        for number in range(PEOPLE):
            Grant.objects.create(user=User.objects.create(username=f"w{number}"), role=Role.REVIEWER, team=team)
        yield options, team


@pytest.fixture
def finds(place, request):
    _, team = place
    Claim.objects.all().delete()
    Candidate.objects.update(state=CandidateState.LOOKING)
    name = uuid.uuid4().hex
    return [item(team, f"{name}{number}", score=0.9 - number / 100) for number in range(PEOPLE)]


def at_once(options, *acts):
    """Runs all acts at the same moment; what each returned or refused."""
    barrier = threading.Barrier(len(acts))
    said = [None] * len(acts)

    def run(number, act):
        with own_database.as_default(options):
            barrier.wait()
            try:
                said[number] = act()
            except Exception as error:  # noqa: BLE001 - looked at by the test
                said[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def people():
    return list(User.objects.order_by("pk"))


def test_everybody_gets_an_item_of_their_own(place, finds):
    said = at_once(place[0], *(lambda user=user: queue.claim_next(user) for user in people()))
    assert all(isinstance(one, Claim) for one in said), said
    assert len({one.item for one in said}) == PEOPLE == Claim.objects.count()


def test_one_item_goes_to_one_person(place, finds):
    said = at_once(place[0], *(lambda user=user: queue.claim(user, finds[0].pk) for user in people()))
    assert sorted(type(one).__name__ for one in said) == ["Claim"] + ["HeldByAnother"] * (PEOPLE - 1), said


def test_one_person_in_many_windows_has_one_item(place, finds):
    user = people()[0]
    said = at_once(place[0], *(lambda find=find: queue.claim(user, find.pk) for find in finds))
    assert all(isinstance(one, Claim | HeldByAnother) for one in said), said
    assert Claim.objects.filter(person=user).count() == 1


def test_of_those_who_decide_at_once_one_decides_and_the_others_are_told(place, finds):
    def decide(user):
        return decisions.decide(user, finds[0].pk, Kind.NOT_RELEVANT, form_id=f"at-once-{uuid.uuid4().hex}")

    said = at_once(place[0], *(lambda user=user: decide(user) for user in people()))
    assert sorted(type(one).__name__ for one in said) == ["DecidedBefore"] * (PEOPLE - 1) + ["Decision"], said
    assert Applied.objects.filter(candidate=finds[0], is_current=True).count() == 1
    assert Decision.objects.filter(candidate=finds[0]).count() == 1


def test_the_same_form_sent_many_times_is_one_decision(place, finds):
    user, form = people()[0], uuid.uuid4().hex
    acts = [lambda: decisions.decide(user, finds[0].pk, Kind.CANNOT_TELL, form_id=form)] * PEOPLE
    said = at_once(place[0], *acts)
    assert {one.pk for one in said} == {Decision.objects.get(form_id=form).pk}


def test_undoing_and_deciding_at_once_leave_one_word_or_none(place, finds):
    first, *others = people()
    decision = decisions.decide(first, finds[0].pk, Kind.NOT_RELEVANT, form_id=uuid.uuid4().hex)

    def again(user):
        return decisions.decide(user, finds[0].pk, Kind.CANNOT_TELL, form_id=uuid.uuid4().hex)

    said = at_once(
        place[0],
        *[lambda: decisions.undo(first, decision.pk)] * 2,
        *(lambda user=user: again(user) for user in others),
    )
    assert all(isinstance(one, Decision | DecidedBefore | TooLate) for one in said), said
    find = Candidate.objects.get(pk=finds[0].pk)
    standing = Applied.objects.filter(candidate=find, is_current=True).count()
    assert standing == (1 if find.state == CandidateState.DECIDED else 0)
    assert standing <= 1


def test_one_person_in_many_windows_waits_for_nobody_for_ever(place, finds):
    """Taking, laying down, deciding and resting in one name at once: refused at most, and never an error of the database."""
    user = people()[0]
    for turn in range(5):
        acts = [
            lambda: queue.claim(user, finds[0].pk),
            lambda: queue.claim(user, finds[1].pk),
            lambda: queue.release(user),
            lambda turn=turn: decisions.decide(user, finds[2 + turn % 3].pk, Kind.NOT_RELEVANT, form_id=uuid.uuid4().hex),
            lambda: queue.swap(user),
            lambda: queue.renew(user),
        ]
        for one in at_once(place[0], *acts):
            assert not isinstance(one, Exception) or isinstance(one, ReviewRefused), repr(one)
    assert Claim.objects.filter(person=user).count() <= 1


def test_a_first_word_undone_while_the_second_is_said(place, finds, monkeypatch):
    changed = msgspec.structs.replace(desk_config(), second_opinion_for=("not_relevant",))
    monkeypatch.setattr(decisions, "desk_config", lambda: changed)
    first, second = people()[:2]
    for find in finds:
        word = decisions.decide(first, find.pk, Kind.NOT_RELEVANT, form_id=uuid.uuid4().hex)
        said = at_once(
            place[0],
            lambda word=word: decisions.undo(first, word.pk),
            lambda find=find: decisions.decide(second, find.pk, Kind.NOT_RELEVANT, form_id=uuid.uuid4().hex),
        )
        assert all(isinstance(one, Decision | TooLate) for one in said), said
        both = not isinstance(said[0], TooLate)
        assert Candidate.objects.get(pk=find.pk).state == ("waiting" if both else "decided")
