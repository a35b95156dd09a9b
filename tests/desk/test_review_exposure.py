"""What somebody is exposed to, their budget and their rests; for them alone."""

from datetime import timedelta

import msgspec
import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import desk_config
from jikim_desk.review import care, decisions, exposure, frames, queue
from jikim_desk.review.faults import RestDue
from jikim_desk.review.models import Claim, Debrief, Handover, Kind, Lift, Severity
from tests.desk.items import capture, item, known


@pytest.fixture
def clock(monkeypatch):
    """Stands at noon and moves when told."""
    now = [timezone.now().replace(hour=3, minute=0)]
    monkeypatch.setattr(timezone, "now", lambda: now[0])

    def move(**by):
        now[0] += timedelta(**by)

    return move


@pytest.fixture
def centre(monkeypatch):
    """The centre's settings with some changed."""

    def change(**settings):
        changed = msgspec.structs.replace(desk_config(), **settings)
        monkeypatch.setattr(exposure, "desk_config", lambda: changed)

    return change


def work(user, clock, minutes):
    """Works at what is in hand: something is done once a minute."""
    for _ in range(minutes):
        clock(minutes=1)
        queue.renew(user)
        exposure.touch(user)


def test_time_at_an_item_counts_and_time_away_does_not(person, team, clock):
    worker = person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    work(worker, clock, 3)
    clock(minutes=8)
    exposure.touch(worker)
    assert exposure.state(worker).words_s == 3 * 60 + exposure.LONGEST_GAP_S
    queue.release(worker)
    clock(minutes=5)
    item(team, "b")
    queue.claim_next(worker)
    assert exposure.state(worker).words_s == 3 * 60 + exposure.LONGEST_GAP_S


def test_sketches_count_apart_and_what_is_seen_clearly_three_times(person, team, clock):
    worker = person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    Claim.objects.update(has_opened_strip=True)
    work(worker, clock, 2)
    exposure.add(worker, 10, Severity.CLEAR)
    how = exposure.state(worker)
    assert (how.words_s, how.sketches_s, how.clear_s) == (0, 120, 10)
    assert how.counted_s == 120 + 20  # the ten seconds are within the 120 already: three times in all


def test_a_rest_is_forced_and_hands_the_item_on(person, team, clock, centre):
    centre(viewing_minutes_at_once=5, break_minutes=10)
    worker, other = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    item(team, "b")
    queue.claim(worker, one.pk)
    work(worker, clock, 5)
    assert exposure.state(worker).is_rest_due
    with pytest.raises(RestDue):
        queue.claim_next(worker)
    queue.hand_on(worker, note="이어서 부탁드립니다")
    assert queue.claim(other, one.pk).person == other
    assert Handover.objects.get().note == "이어서 부탁드립니다"
    assert not exposure.end_rest(worker)
    with pytest.raises(RestDue):
        queue.claim_next(worker)
    clock(minutes=11)
    assert exposure.state(worker).may_work
    assert queue.claim_next(worker)
    assert exposure.state(worker).stretch_s == 0


def test_one_may_finish_the_item_in_hand_when_a_rest_is_due(person, team, clock, centre):
    centre(viewing_minutes_at_once=5)
    worker, one = person(Role.REVIEWER), item(team, "a")
    queue.claim(worker, one.pk)
    work(worker, clock, 6)
    assert decisions.decide(worker, one.pk, Kind.NOT_RELEVANT, form_id="form-0001")


def test_a_rest_of_ones_own_wish_can_be_ended(person, team, clock):
    worker = person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    work(worker, clock, 3)
    queue.hand_on(worker)
    assert not exposure.state(worker).may_work
    assert exposure.end_rest(worker)
    assert exposure.state(worker).stretch_s == 180
    assert queue.claim_next(worker)


def test_the_day_has_an_end_and_the_next_begins_anew(person, team, clock, centre):
    centre(viewing_minutes_a_day=10, viewing_minutes_at_once=500)
    worker = person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    work(worker, clock, 10)
    assert exposure.state(worker).is_day_over
    with pytest.raises(RestDue, match="enough for today"):
        queue.claim_next(worker)
    clock(hours=24)
    assert exposure.state(worker).may_work


@pytest.mark.parametrize("jump", [{"days": 30}, {"days": -30}, {"hours": -2}])
def test_a_clock_that_jumps_ends_a_rest_and_adds_two_minutes_at_most(person, team, clock, jump):
    worker = person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    work(worker, clock, 2)
    clock(**jump)
    exposure.touch(worker)
    assert sum(row.seconds for row in worker.exposures.all()) <= 120 + exposure.LONGEST_GAP_S
    queue.hand_on(worker)
    clock(**jump)
    assert exposure.state(worker).rest_until is None


def test_what_is_counted_is_forgotten_after_a_month(person, clock):
    worker = person(Role.REVIEWER)
    for _ in range(3):
        exposure.add(worker, 60, Severity.WORDS)
        clock(days=20)
    exposure.add(worker, 60, Severity.WORDS)
    assert worker.exposures.count() == 2


def test_a_lift_whose_end_nobody_told_counts_as_the_longest(person, team, clock):
    worker, one = person(Role.REVIEWER), item(team, "a")
    queue.claim(worker, one.pk)
    Lift.objects.create(candidate=one, person=worker, capture="x", reason="age", lifted_at=timezone.now())
    exposure.touch(worker)
    assert exposure.state(worker).clear_s == 0
    clock(minutes=1)
    exposure.touch(worker)
    exposure.touch(worker)
    assert exposure.state(worker).clear_s == exposure.LONGEST_LIFT_S


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.floats(allow_nan=False), min_size=1, max_size=4))
def test_whatever_a_browser_tells_of_a_lift_is_believed_up_to_the_longest(person, team, told):
    worker = person(Role.REVIEWER)
    one = item(team, worker.username)
    for number, seconds in enumerate(told, 1):
        lift = Lift.objects.create(candidate=one, person=worker, capture="x", reason="age", lifted_at=timezone.now())
        frames.fell_back(worker, lift.pk, seconds)
        frames.fell_back(worker, lift.pk, seconds)
        assert number <= exposure.state(worker).clear_s <= number * exposure.LONGEST_LIFT_S


def test_a_lead_learns_only_who_is_available(person, team, clock, centre):
    centre(viewing_minutes_at_once=5)
    lead, worker, other = person(Role.LEAD), person(Role.REVIEWER), person(Role.REVIEWER)
    item(team, "a")
    queue.claim_next(worker)
    work(worker, clock, 5)
    assert {one.person: one.is_available for one in care.availability(lead)} == {worker: False, other: True}
    assert {field for one in care.availability(lead) for field in one.__slots__} == {"person", "is_available"}
    with pytest.raises(PermissionDenied):
        care.availability(worker)


def test_rests_and_swaps_are_in_no_record(person, team):
    worker = person(Role.REVIEWER)
    item(team, "a")
    item(team, "b")
    queue.claim_next(worker)
    queue.swap(worker)
    queue.hand_on(worker)
    assert not Entry.objects.exists()


def test_a_debrief_is_sealed_and_ones_own_unless_one_asks_for_a_talk(person):
    worker, other, lead = person(Role.REVIEWER), person(Role.REVIEWER), person(Role.LEAD)
    assert care.write_debrief(worker, "  ", asks_for_talk=False) is None
    own = care.write_debrief(worker, "마음에 남는 것", asks_for_talk=False)
    asked = care.write_debrief(worker, "이야기하고 싶어요", asks_for_talk=True)
    assert "마음" not in repr(bytes(Debrief.objects.get(pk=own.pk).text_sealed))
    assert [one.text for one in care.asked_talks(lead)] == ["이야기하고 싶어요"]
    assert care.own_debriefs(other) == []
    with pytest.raises(Http404):
        care.answer_talk(lead, own.pk)
    care.answer_talk(lead, asked.pk)
    assert care.asked_talks(lead) == []
    care.forget_debrief(other, own.pk)
    assert len(care.own_debriefs(worker)) == 2
    care.forget_debrief(worker, own.pk)
    assert len(care.own_debriefs(worker)) == 1


def test_what_was_spared_is_a_sum_over_the_team(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    since = timezone.now() - timedelta(days=1)
    copies = [item(team, f"c{number}", same_as="a" * 64, reasons=[known()]) for number in range(4)]
    words, seen, nothing_to_see = item(team, "words"), item(team, "seen"), item(team, "nothing to see")
    for one in (*copies[:3], words, seen):
        capture(one)
    decisions.decide(first, copies[0].pk, Kind.CONFIRMED, category="미분류", form_id="form-0001")
    decisions.decide(second, words.pk, Kind.NOT_RELEVANT, form_id="form-0002")
    queue.claim(second, seen.pk)
    Claim.objects.update(has_opened_strip=True)
    decisions.decide(second, seen.pk, Kind.NOT_RELEVANT, form_id="form-0003")
    decisions.decide(second, nothing_to_see.pk, Kind.NOT_RELEVANT, form_id="form-0004")
    spared = care.spared(first, since)
    assert (spared.copies, spared.known, spared.words, spared.in_all) == (2, 1, 1, 4), "of words alone no view is spared"
