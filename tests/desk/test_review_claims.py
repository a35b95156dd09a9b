"""Who has what in hand: one item a person, one person an item, whatever the clock and the others do."""

from datetime import timedelta

import pytest
from django.http import Http404
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim_desk.accounts.models import Role, Team
from jikim_desk.cases.models import Case
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import decisions, queue
from jikim_desk.review.faults import DecidedBefore, HeldByAnother
from jikim_desk.review.models import Claim, Kind
from tests.desk.items import item

FORM = "form-{}-0000"


@pytest.fixture
def clock(monkeypatch):
    """A clock that can be set; returns the setter."""
    real = timezone.now
    shift = [timedelta()]
    monkeypatch.setattr(timezone, "now", lambda: real() + shift[0])

    def jump(**by):
        shift[0] += timedelta(**by)

    return jump


def test_the_best_item_comes_first_and_each_copy_but_once(person, team):
    worker = person(Role.REVIEWER)
    item(team, "low", level="none", score=0.1)
    item(team, "better", score=0.7)
    item(team, "urgent", level="urgent", score=0.6)
    for number in range(150):
        item(team, f"copy{number}", score=0.65, same_as="a" * 64)
    found = queue.waiting(worker)
    assert [one.candidate.score for one in found] == [0.6, 0.7, 0.65]
    assert [one.copies for one in found] == [1, 1, 150]
    assert [one.candidate.level for one in queue.waiting(worker, level="none")] == ["none"]
    assert queue.counts(worker) == {"urgent": 1, "look": 2, "none": 1}


def test_what_another_has_in_hand_is_not_offered(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    best, next_best = item(team, "a", score=0.9), item(team, "b", score=0.8)
    assert queue.claim_next(first).candidate_id == best.pk
    assert [one.candidate.pk for one in queue.waiting(second)] == [next_best.pk]
    assert queue.claim_next(second).candidate_id == next_best.pk
    with pytest.raises(HeldByAnother):
        queue.claim(second, best.pk)


def test_a_copy_of_what_another_has_in_hand_is_taken_too(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one, other = item(team, "a", same_as="c" * 64), item(team, "b", same_as="c" * 64)
    queue.claim(first, one.pk)
    with pytest.raises(HeldByAnother):
        queue.claim(second, other.pk)
    assert queue.waiting(second) == []


def test_taking_another_item_lays_down_the_first(person, team):
    worker, other = person(Role.REVIEWER), person(Role.REVIEWER)
    one, two = item(team, "a"), item(team, "b")
    queue.claim(worker, one.pk)
    queue.claim(worker, two.pk)
    assert Claim.objects.get(person=worker).candidate_id == two.pk
    assert queue.claim(other, one.pk).person == other


def test_a_claim_expires_and_is_kept_by_work(person, team, clock):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    queue.claim(first, one.pk)
    clock(minutes=desk_config().claim_minutes - 1)
    assert queue.renew(first)
    clock(minutes=desk_config().claim_minutes - 1)
    with pytest.raises(HeldByAnother):
        queue.claim(second, one.pk)
    clock(minutes=2)
    assert queue.claim(second, one.pk).person == second
    assert not queue.renew(first)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_locks_nobody_out(person, team, clock, days):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    queue.claim(first, one.pk)
    clock(days=days)
    assert queue.claim(second, one.pk).person == second


def test_something_else_is_given_without_a_reason_and_not_the_same_again(person, team):
    worker, other = person(Role.REVIEWER), person(Role.REVIEWER)
    one, two = item(team, "a", score=0.9), item(team, "b", score=0.8)
    queue.claim_next(worker)
    assert queue.swap(worker, note="제목만 보았습니다").candidate_id == two.pk
    assert queue.claim_next(other).candidate_id == one.pk
    queue.release(other)
    queue.release(worker)
    assert queue.claim_next(worker).candidate_id == two.pk
    assert queue.swap(worker) is None
    assert {found.candidate.pk for found in queue.waiting(worker)} == {one.pk, two.pk}


def test_another_team_and_a_closed_case_are_out_of_reach(person, team):
    stranger = person(Role.REVIEWER, in_team=Team.objects.create(name="other"))
    outsider, insider = person(Role.REVIEWER), person(Role.REVIEWER)
    case = Case.objects.create(number="2026-1", team=team)
    case.members.add(insider)
    closed, open_one = item(team, "closed", case=case), item(team, "open")
    for somebody, pk in ((stranger, open_one.pk), (outsider, closed.pk), (insider, "no such item")):
        with pytest.raises(Http404):
            queue.claim(somebody, pk)
    assert [one.candidate.pk for one in queue.waiting(outsider)] == [open_one.pk]
    assert queue.counts(outsider)["look"] == 1
    assert queue.waiting(stranger) == []
    assert queue.claim(insider, closed.pk)


def test_an_item_that_is_not_ready_or_is_decided_cannot_be_taken(person, team):
    worker = person(Role.REVIEWER)
    looking = item(team, "a", state=CandidateState.LOOKING)
    with pytest.raises(DecidedBefore):
        queue.claim(worker, looking.pk)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "next", "release", "swap", "decide", "undo", "later"]), st.integers(0, 2), st.integers(0, 3)
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_whatever_people_do_nothing_is_held_twice_or_decided_twice(person, team, monkeypatch, actions):
    """The invariants after every action: one item a person, one person an item, what is decided waits no more, what was undone
    waits again."""
    real = timezone.now
    shift = [timedelta()]
    monkeypatch.setattr(timezone, "now", lambda: real() + shift[0])
    Claim.objects.all().delete()
    decisions.Applied.objects.all().delete()
    decisions.Decision.objects.all().delete()
    Candidate.objects.all().delete()
    queue.Passed.objects.all().delete()
    decisions.exposure.Stretch.objects.all().delete()
    decisions.exposure.Exposure.objects.all().delete()
    team.grants.all().delete()
    people = [person(Role.REVIEWER) for _ in range(3)]
    finds = [item(team, name, same_as=same_as) for name, same_as in (("a", ""), ("b", "d" * 64), ("c", "d" * 64), ("e", ""))]
    for number, (action, who, what) in enumerate(actions):
        user, find = people[who], finds[what]
        try:
            if action == "claim":
                queue.claim(user, find.pk)
            elif action == "next":
                queue.claim_next(user)
            elif action == "release":
                queue.release(user)
            elif action == "swap":
                queue.swap(user)
            elif action == "decide":
                decisions.decide(user, find.pk, Kind.NOT_RELEVANT, form_id=FORM.format(number))
            elif action == "undo":
                last = decisions.last_of(user)
                if last:
                    decisions.undo(user, last.pk)
            else:
                shift[0] += timedelta(minutes=7 * (who + 1))
        except (HeldByAnother, DecidedBefore):
            pass
        _check(finds)


def _check(finds):
    claims = list(Claim.objects.all())
    assert len({one.person_id for one in claims}) == len(claims) == len({one.item for one in claims})
    for find in finds:
        find.refresh_from_db()
        counted = find.applied.filter(is_current=True).count()
        assert counted == (1 if find.state == CandidateState.DECIDED else 0)
    assert finds[1].state == finds[2].state
    decided = {queue.item_of(find) for find in finds if find.state == CandidateState.DECIDED}
    assert not decided & {claim.item for claim in claims if claim.candidate.state == CandidateState.WAITING}
