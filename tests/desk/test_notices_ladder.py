"""The ladder drafts each step when it is due and never sends; rounds string it all together on real servers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jikim.errors import VaultError
from jikim_desk.accounts.models import Role
from jikim_desk.notices import drafting, escalating, evidence, hosts, rounds
from jikim_desk.notices.models import EvidencePack, Notice, NoticeKind, NoticeState, Outcome, Removal, RemovalState
from jikim_desk.review.models import Kind
from tests.desk.removals import begun, confirmed, set_desk, with_page


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    removal = {"organisation": "시험 지원센터", "mailbox": "r@centre.example"}
    set_desk(monkeypatch, removal=removal)
    return lambda **more: set_desk(monkeypatch, removal={**removal, **more})


@pytest.fixture
def lead(person):
    return person(Role.LEAD, Role.REVIEWER)


def climb(removal, until):
    """Drafts all that is due until then, as workers' rounds do."""
    kinds = []
    while removal.pk in escalating.due(until):
        made = escalating.step(removal.pk, until)
        if made is None:
            break
        kinds.append((made.kind, made.host.name if made.host else ""))
    return kinds


def leaves(lead, notice):
    drafting.edit(lead, notice, subject=notice.subject, body=notice.body, recipient="a@board.example", version=notice.version)
    drafting.download(lead, notice, version=notice.version)


def test_each_step_is_drafted_when_it_is_due(team, person, lead):
    hosts.keep(lead, "board.example", mailbox="a@board.example", law="dsa16", stands_behind={"hosting": "farm.example"})
    hosts.keep(lead, "farm.example", kind="hosting", mailbox="abuse@farm.example")
    removal = begun(team, person)
    now = timezone.now()
    assert climb(removal, now) == [("dsa16", "board.example")]
    assert climb(removal, now + timedelta(days=30)) == []  # nothing follows before the first has left
    leaves(lead, Notice.objects.get())
    assert climb(removal, now + timedelta(days=1)) == []
    assert climb(removal, now + timedelta(days=2, hours=1)) == [("reminder", "board.example")]
    later = climb(removal, now + timedelta(days=13))
    assert [kind for kind, _ in later] == ["delisting", "proof", "regulator", "police", "infra", "infra", "infra"]
    assert later[4] == ("infra", "farm.example")
    assert {one.recipient for one in Notice.objects.filter(kind="infra")} == {"abuse@farm.example", ""}
    assert Notice.objects.exclude(state=NoticeState.DRAFT).count() == 1
    assert climb(removal, now + timedelta(days=365)) == []


def test_a_hostile_host_is_passed_over(team, person, lead):
    hosts.keep(lead, "board.example", mailbox="a@board.example", is_hostile=True, stands_behind={"cdn": "cdn.example"})
    hosts.keep(lead, "cdn.example", kind="cdn", mailbox="abuse@cdn.example")
    removal = begun(team, person)
    assert climb(removal, timezone.now()) == [("infra", ""), ("infra", "cdn.example")]
    assert "a@board.example" not in {one.recipient for one in Notice.objects.all()}


def test_an_answer_rests_the_ladder_and_a_refusal_brings_the_next_step(team, person, lead):
    removal = begun(team, person)
    climb(removal, timezone.now())
    notice = Notice.objects.get()
    leaves(lead, notice)
    drafting.answered(lead, notice, Outcome.ASKS)
    assert climb(removal, timezone.now() + timedelta(days=90)) == []
    drafting.answered(lead, notice, Outcome.REFUSED)
    assert climb(removal, timezone.now()) == [("reminder", "")]
    drafting.answered(lead, notice, Outcome.REMOVED)
    assert Removal.objects.get().next_recheck_at <= timezone.now()


def test_nothing_is_drafted_while_it_is_held_or_an_adult_has_not_asked_or_it_is_gone(team, person, lead):
    removal = begun(team, person)
    drafting.hold(lead, removal, until=timezone.localdate() + timedelta(days=3), reason="2026-1")
    assert climb(removal, timezone.now()) == []
    assert Removal.objects.get().next_step_at > timezone.now()
    row = confirmed(team, person(Role.REVIEWER), "adult", kind=Kind.APPEARS_ADULT, category="support_requested")
    with_page(row)
    (adult,) = evidence.begin_due(timezone.now())
    assert climb(adult, timezone.now()) == []
    drafting.record_mandate(lead, adult, asked_by="prosecution", paper="2026-3", is_warned_dmca=False)
    assert climb(adult, timezone.now() + timedelta(hours=2)) == [("mail", "")]
    gone = begun(team, person, "gone")
    Removal.objects.filter(pk=gone.pk).update(state=RemovalState.GONE)
    assert climb(gone, timezone.now()) == []


def test_two_processes_draft_one_step_once(team, person):
    removal = begun(team, person)
    now = timezone.now()
    assert escalating.step(removal.pk, now) is not None
    assert escalating.step(removal.pk, now) is None
    assert Notice.objects.count() == 1


def test_a_round_brings_a_confirmed_find_to_a_pack_and_a_draft(team, person, desk):
    desk(reports_to_police=True)
    row = confirmed(team, person(Role.REVIEWER))
    with_page(row)
    rounds.go()
    rounds.go()
    removal = Removal.objects.get(candidate=row)
    assert removal.packs.count() == 1
    assert sorted(removal.notices.values_list("kind", "state")) == [("mail", "draft"), ("police", "draft")]
    assert EvidencePack.objects.get().not_stamped_key == "audit.stamp.no_authority"


@pytest.mark.parametrize("fault", [VaultError("vault.disk_full", where="x"), ValueError("of our own")])
def test_what_cannot_be_done_for_one_is_done_for_others(team, person, monkeypatch, fault):
    someone = person(Role.REVIEWER)
    for name in ("one", "two"):
        with_page(confirmed(team, someone, name))
    rows = evidence.begin_due(timezone.now())
    complete = evidence.complete

    def failing(removal, **kwargs):
        if removal.pk == rows[0].pk:
            raise fault
        return complete(removal, **kwargs)

    monkeypatch.setattr(evidence, "complete", failing)
    rounds.go()
    assert EvidencePack.objects.get().removal_id == rows[1].pk
    monkeypatch.setattr(evidence, "complete", complete)
    rounds.go()
    assert EvidencePack.objects.count() == 2


def test_a_test_chain_is_never_drafted(team, person):
    row = confirmed(team, person(Role.REVIEWER), is_test=True)
    with_page(row)
    rounds.go()
    assert not Removal.objects.exists()
    assert not Notice.objects.filter(kind=NoticeKind.MAIL).exists()
