"""The report to the police is drafted with room for its receipt number, which is put on record once it was handed in."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.notices import drafting, escalating, receipts
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.models import Notice, NoticeKind, Receipt
from tests.desk.removals import begun, set_desk


@pytest.fixture
def lead(person):
    return person(Role.LEAD)


@pytest.fixture
def report(team, person, monkeypatch):
    set_desk(
        monkeypatch,
        removal={"organisation": "시험 지원센터", "mailbox": "r@centre.example", "reports_to_police": True},
    )
    begun(team, person)
    (removal,) = escalating.reports_due()
    return escalating.report(removal)


def handed_in(lead, notice):
    drafting.download(lead, notice, version=notice.version)
    return Notice.objects.get(pk=notice.pk)


def test_the_draft_has_room_for_the_number_and_there_is_one_draft(report):
    assert "접수 번호: ____" in report.body
    assert escalating.report(report.removal) is None


def test_it_runs_beside_a_hold_and_beside_the_notice(report, lead):
    drafting.hold(lead, report.removal, until=timezone.localdate(), reason="2026-수사-1")
    assert handed_in(lead, report).state == "downloaded"


def test_the_number_is_sealed_shown_and_the_earlier_one_stays(report, lead, signed_in):
    notice = handed_in(lead, report)
    browser = signed_in(Role.LEAD)
    assert browser.post(f"/outbox/{notice.pk}/receipt", {"number": " 2026-000123 "}).status_code == 302
    receipts.put(lead, notice, "2026-000456")
    assert receipts.number_of(notice) == "2026-000456"
    shown = browser.get(f"/outbox/{notice.pk}/").content.decode()
    assert "2026-000123" in shown
    assert "2026-000456" in shown
    assert not any(b"2026-000" in bytes(one.said_sealed) for one in Receipt.objects.all())


@pytest.mark.parametrize("number", ["", " ", "x" * 61, "12\n34", "12\u202e34"])
def test_what_is_no_number_is_refused(report, lead, number):
    notice = handed_in(lead, report)
    with pytest.raises(BadLetter):
        receipts.put(lead, notice, number)


def test_only_what_went_to_an_authority_has_one(report, lead, person):
    with pytest.raises(Changed):
        receipts.put(lead, report, "1")
    mail = drafting.draft(report.removal, NoticeKind.MAIL, by=lead)
    with pytest.raises(Changed):
        receipts.put(lead, handed_in(lead, mail), "1")
    with pytest.raises(PermissionDenied):
        receipts.put(person(Role.COUNSELLOR), handed_in(lead, report), "1")
