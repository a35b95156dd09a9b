"""One word for all copies, two people where the centre says so, undo for a minute, and what is news."""

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
from jikim_desk.cases.models import Case
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, CandidateState, Sighting, Sweep, SweepKind
from jikim_desk.review import decisions, news, queue
from jikim_desk.review.decisions import decide, undo
from jikim_desk.review.faults import BadDecision, DecidedBefore, HeldByAnother, TooLate
from jikim_desk.review.models import ADULT_CATEGORIES, Decision, DecisionState, Kind, News
from tests.desk.items import analysis, item, known

CATEGORY = "미분류"


def form():
    """A form id of its own each time."""
    form.count = getattr(form, "count", 0) + 1
    return f"form-{form.count:08}"


@pytest.fixture
def two_people_for(monkeypatch):
    """Sets which decisions need two people."""

    def set_to(*kinds):
        changed = msgspec.structs.replace(desk_config(), second_opinion_for=kinds)
        monkeypatch.setattr(decisions, "desk_config", lambda: changed)

    return set_to


def states(*finds):
    return [Candidate.objects.get(pk=find.pk).state for find in finds]


def test_one_decision_counts_for_all_copies_and_for_nothing_else(person, team):
    worker = person(Role.REVIEWER)
    copies = [item(team, f"c{number}", same_as="a" * 64) for number in range(3)]
    longer, near = item(team, "longer", same_as="b" * 64), item(team, "near")
    for kind, category in ((Kind.NOT_RELEVANT, ""), (Kind.APPEARS_ADULT, ADULT_CATEGORIES[0]), (Kind.CONFIRMED, CATEGORY)):
        decision = decide(worker, copies[1].pk, kind, category=category, form_id=form())
        assert states(*copies) == ["decided"] * 3
        assert states(longer, near) == ["waiting"] * 2
        assert decision.applied.count() == 3
        undo(worker, decision.pk)
        assert states(*copies) == ["waiting"] * 3


def test_the_same_form_is_one_decision_and_another_item_needs_its_own(person, team):
    worker = person(Role.REVIEWER)
    one, two = item(team, "a"), item(team, "b")
    sent = form()
    first = decide(worker, one.pk, Kind.NOT_RELEVANT, note="메모", form_id=sent)
    assert decide(worker, one.pk, Kind.NOT_RELEVANT, note="메모", form_id=sent) == first
    assert Entry.objects.filter(action="decide").count() == 1
    with pytest.raises(BadDecision):
        decide(worker, two.pk, Kind.NOT_RELEVANT, form_id=sent)
    assert states(two) == ["waiting"]


def test_who_comes_second_is_told_and_changes_nothing(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    decision = decide(first, one.pk, Kind.NOT_RELEVANT, form_id=form())
    with pytest.raises(DecidedBefore):
        decide(second, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    assert decisions.standing(one) == decision


def test_what_another_has_in_hand_cannot_be_decided(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    queue.claim(first, one.pk)
    with pytest.raises(HeldByAnother):
        decide(second, one.pk, Kind.NOT_RELEVANT, form_id=form())


@pytest.mark.parametrize(
    ("kind", "category", "form_id"),
    [
        ("", "", "form-ok-1"),
        ("delete_all", "", "form-ok-1"),
        (Kind.CONFIRMED, "", "form-ok-1"),
        (Kind.CONFIRMED, "no such category", "form-ok-1"),
        (Kind.APPEARS_ADULT, CATEGORY, "form-ok-1"),
        (Kind.NOT_RELEVANT, CATEGORY, "form-ok-1"),
        (Kind.NOT_RELEVANT, "", ""),
        (Kind.NOT_RELEVANT, "", "x" * 65),
        (Kind.NOT_RELEVANT, "", "form\x00\x00\x00\x00\x00"),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused(person, team, kind, category, form_id):
    one = item(team, "a")
    with pytest.raises(BadDecision):
        decide(person(Role.REVIEWER), one.pk, kind, category=category, form_id=form_id)
    assert states(one) == ["waiting"]


def test_a_note_too_long_is_refused_and_one_of_the_limit_is_kept(person, team):
    worker, one = person(Role.REVIEWER), item(team, "a")
    with pytest.raises(BadDecision):
        decide(worker, one.pk, Kind.NOT_RELEVANT, note="가" * 4001, form_id=form())
    decision = decide(worker, one.pk, Kind.NOT_RELEVANT, note="가" * 4000, form_id=form())
    assert Decision.objects.get(pk=decision.pk).note == "가" * 4000


def test_a_counsellor_reads_and_does_not_decide(person, team):
    counsellor = person(Role.COUNSELLOR)
    one = item(team, "a", case=Case.objects.create(number="2026-1", team=team))
    with pytest.raises(PermissionDenied):
        decide(counsellor, one.pk, Kind.NOT_RELEVANT, form_id=form())


# Two people


def test_two_who_agree_decide_together(person, team, two_people_for):
    two_people_for("confirmed")
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    word = decide(first, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    assert word.state == DecisionState.AWAITS_SECOND
    assert states(one) == ["waiting"]
    assert queue.waiting(first) == []
    with pytest.raises(HeldByAnother):
        queue.claim(first, one.pk)
    with pytest.raises(HeldByAnother):
        decide(first, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    decision = decide(second, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    assert decision.state == DecisionState.STANDS
    assert states(one) == ["decided"]
    word.refresh_from_db()
    assert (word.state, word.merged_into) == (DecisionState.MERGED, decision)


def test_when_two_differ_a_lead_decides(person, team, two_people_for):
    two_people_for("confirmed")
    first, second, third, lead = person(Role.REVIEWER), person(Role.REVIEWER), person(Role.REVIEWER), person(Role.LEAD)
    one = item(team, "a")
    decide(first, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    decide(second, one.pk, Kind.NOT_RELEVANT, form_id=form())
    assert states(one) == ["waiting"]
    assert queue.waiting(third) == []
    with pytest.raises(HeldByAnother):
        queue.claim(third, one.pk)
    with pytest.raises(HeldByAnother):
        decide(third, one.pk, Kind.NOT_RELEVANT, form_id=form())
    assert [found.candidate.pk for found in queue.waiting(lead)] == [one.pk]
    decide(lead, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    assert decisions.standing(one).kind == Kind.CONFIRMED
    assert decisions.open_words(queue.item_of(one)) == []


def test_undoing_gives_back_what_was_before(person, team, two_people_for):
    two_people_for("confirmed")
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    word = decide(first, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    for kind, category in ((Kind.CONFIRMED, CATEGORY), (Kind.NOT_RELEVANT, "")):
        answer = decide(second, one.pk, kind, category=category, form_id=form())
        with pytest.raises(TooLate):
            undo(first, word.pk)
        undo(second, answer.pk)
        word.refresh_from_db()
        assert word.state == DecisionState.AWAITS_SECOND
        assert states(one) == ["waiting"]
    undo(first, word.pk)
    assert queue.waiting(first)


def test_a_lead_who_undoes_leaves_the_two_words_apart(person, team, two_people_for):
    two_people_for("confirmed")
    first, second, lead = person(Role.REVIEWER), person(Role.REVIEWER), person(Role.LEAD)
    one = item(team, "a")
    decide(first, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    decide(second, one.pk, Kind.NOT_RELEVANT, form_id=form())
    settled = decide(lead, one.pk, Kind.CANNOT_TELL, form_id=form())
    undo(lead, settled.pk)
    assert queue.only_lead_decides(queue.item_of(one))
    assert [word.kind for word in decisions.open_words(queue.item_of(one))] == ["confirmed", "not_relevant"]


def test_a_second_review_goes_to_somebody_else(person, team):
    first, second = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    question = decide(first, one.pk, Kind.SECOND_REVIEW, note="배경이 마음에 걸립니다", form_id=form())
    assert queue.waiting(first) == []
    assert queue.waiting(second)
    decide(second, one.pk, Kind.NOT_RELEVANT, form_id=form())
    question.refresh_from_db()
    assert question.state == DecisionState.MERGED


# Undo


def test_undo_is_for_a_minute_and_for_ones_own(person, team, monkeypatch):
    worker, other = person(Role.REVIEWER), person(Role.REVIEWER)
    one = item(team, "a")
    decision = decide(worker, one.pk, Kind.NOT_RELEVANT, form_id=form())
    with pytest.raises(Http404):
        undo(other, decision.pk)
    assert decisions.last_of(worker) == decision
    real = timezone.now
    for off in (desk_config().undo_s + 1, -desk_config().undo_s - 1):
        monkeypatch.setattr(timezone, "now", lambda off=off: real() + timedelta(seconds=off))
        with pytest.raises(TooLate):
            undo(worker, decision.pk)
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(seconds=desk_config().undo_s - 2))
    assert undo(worker, decision.pk).state == DecisionState.UNDONE
    assert undo(worker, decision.pk).state == DecisionState.UNDONE
    assert Entry.objects.filter(action="undo").count() == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["confirmed", "not_relevant", "second_review", "undo"])), max_size=12
    ),
    needs=st.sampled_from([(), ("confirmed",), ("confirmed", "not_relevant")]),
)
def test_any_order_of_words_and_undoing_keeps_the_rules(person, team, two_people_for, words, needs):
    """What stands needs two where two are needed (or a lead); one person has one open word; what stands is what counts."""
    two_people_for(*needs)
    Candidate.objects.filter(decisions=None).delete()
    people = [person(Role.REVIEWER), person(Role.REVIEWER), person(Role.REVIEWER), person(Role.LEAD)]
    one = item(team, form())
    for who, what in words:
        user = people[who]
        try:
            if what == "undo":
                last = decisions.last_of(user)
                if last and last.item == queue.item_of(one):
                    undo(user, last.pk)
            else:
                decide(user, one.pk, what, category=CATEGORY if what == "confirmed" else "", form_id=form())
        except (DecidedBefore, HeldByAnother, TooLate):
            pass
        standing = decisions.standing(one)
        open_words = decisions.open_words(queue.item_of(one))
        assert len({word.person_id for word in open_words}) == len(
            [word for word in open_words if word.state == "awaits_second"]
        ) or any(word.state == "contested" for word in open_words)
        assert states(one) == (["decided"] if standing else ["waiting"])
        if standing:
            assert open_words == []
            merged = list(standing.merged.exclude(kind=Kind.SECOND_REVIEW))
            is_leads = standing.person_id == people[3].pk and any(word.answered_by_id for word in standing.merged.all())
            if standing.kind in needs and not is_leads:
                assert [word.kind for word in merged] == [standing.kind]
                assert merged[0].person_id != standing.person_id


# News


def test_a_later_copy_counts_as_decided_and_nobody_sees_it_again(person, team):
    worker = person(Role.REVIEWER)
    one = item(team, "a", same_as="a" * 64)
    decision = decide(worker, one.pk, Kind.NOT_RELEVANT, form_id=form())
    later = item(team, "b", same_as="a" * 64)
    assert news.arrived(later.pk) == decision
    assert news.arrived(later.pk) == decision
    assert states(later) == ["decided"]
    assert decision.applied.count() == 2
    undo(worker, decision.pk)
    assert states(one, later) == ["waiting", "waiting"]


@pytest.mark.parametrize(
    ("kind", "category"),
    [(Kind.NOT_RELEVANT, ""), (Kind.APPEARS_ADULT, ADULT_CATEGORIES[1]), (Kind.CANNOT_TELL, ""), (Kind.CONFIRMED, CATEGORY)],
)
@pytest.mark.parametrize("what", ["bank", "case", "report"])
def test_news_opens_what_was_not_confirmed(person, team, kind, category, what):
    worker = person(Role.REVIEWER)
    one = item(team, "a", same_as="a" * 64)
    decide(worker, one.pk, kind, category=category, form_id=form())
    told = {"reasons": [known()]} if what == "bank" else {}
    case = Case.objects.create(number="2026-1", team=team) if what == "case" else None
    later = item(team, "b", same_as="a" * 64, case=case, **told)
    if what == "report":
        sweep = Sweep.objects.create(kind=SweepKind.REPORTED, team=team)
        Sighting.objects.create(sweep=sweep, candidate=later)
    news.arrived(later.pk)
    if kind == Kind.CONFIRMED:
        assert states(one, later) == ["decided", "decided"]
        return
    assert states(one, later) == ["waiting", "waiting"]
    assert news.why_open(queue.item_of(one)).news == what
    decide(worker, one.pk, kind, category=category, form_id=form())
    assert states(one, later) == ["decided", "decided"]
    assert news.arrived(later.pk) is not None, "what was decided knowing it is no news"
    assert states(one, later) == ["decided", "decided"]


def test_what_is_reported_anew_opens_again(person, team):
    worker = person(Role.REVIEWER)
    one = item(team, "a")
    decide(worker, one.pk, Kind.NOT_RELEVANT, form_id=form())
    assert news.came(one.pk, News.REPORT)
    assert states(one) == ["waiting"]
    assert not news.came(one.pk, News.REPORT)


def test_a_bank_hit_on_the_item_itself_opens_it(person, team):
    worker = person(Role.REVIEWER)
    one = item(team, "a")
    decide(worker, one.pk, Kind.NOT_RELEVANT, form_id=form())
    one.refresh_from_db()
    one.analysis = analysis([known()])
    one.save()
    news.arrived(one.pk)
    assert states(one) == ["waiting"]


def test_a_lead_opens_even_what_was_confirmed(person, team):
    worker, lead = person(Role.REVIEWER), person(Role.LEAD)
    one, copy = item(team, "a", same_as="a" * 64), item(team, "b", same_as="a" * 64)
    decide(worker, one.pk, Kind.CONFIRMED, category=CATEGORY, form_id=form())
    with pytest.raises(PermissionDenied):
        news.reopen_as_lead(worker, copy.pk)
    news.reopen_as_lead(lead, copy.pk)
    assert states(one, copy) == ["waiting", "waiting"]
    assert news.why_open(queue.item_of(one)).news == "lead"
    with pytest.raises(TooLate):
        news.reopen_as_lead(lead, copy.pk)


def test_nothing_is_spread_to_another_team(person, team):
    from jikim_desk.accounts.models import Team

    worker = person(Role.REVIEWER)
    one = item(team, "a", same_as="a" * 64)
    elsewhere = item(Team.objects.create(name="other"), "b", same_as="a" * 64)
    decide(worker, one.pk, Kind.NOT_RELEVANT, form_id=form())
    assert news.arrived(elsewhere.pk) is None
    assert states(elsewhere) == [CandidateState.WAITING]


def test_the_chain_holds_no_words(person, team):
    worker = person(Role.REVIEWER)
    one = item(team, "a", title="한빛중학교", text="비밀")
    decide(worker, one.pk, Kind.APPEARS_ADULT, category=ADULT_CATEGORIES[0], note="김하늘", form_id=form())
    entry = Entry.objects.get(action="decide")
    assert '"decision":"appears_adult"' in entry.facts
    for word in ("한빛", "비밀", "김하늘", one.pk, worker.username):
        assert word not in entry.facts + entry.subject + entry.actor
