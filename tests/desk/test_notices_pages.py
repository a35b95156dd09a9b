"""The pages of removal, as a person uses them: from the confirmed find to a letter that was handed in."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from jikim_desk import flows, words
from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import evidence
from jikim_desk.notices.models import Host, Notice, NoticeKind, NoticeState, Recheck, Removal
from jikim_desk.records.models import Sweep
from jikim_desk.review.models import Kind
from jikim_desk.sealing import vault
from tests.desk.removals import begun, confirmed, set_desk, with_page


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    set_desk(
        monkeypatch, removal={"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    )


@pytest.fixture
def removal(team, person):
    return begun(team, person, title="하늘이네집 이야기 모음")


@pytest.fixture
def reviewer(signed_in):
    return signed_in(Role.REVIEWER, Role.LEAD)


def drafted(client, removal, kind="mail", lang="en"):
    answer = client.post(f"/removals/{removal.pk}/draft", {"kind": kind, "lang": lang})
    assert answer.status_code == 302
    return Notice.objects.latest("drafted_at")


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize(
    "path", ["/removals/", "/removals/{find}/", "/outbox/", "/outbox/{notice}/", "/calendar/", "/hosts/", "/hosts/{host}/"]
)
def test_every_page_is_shown_and_tells_no_title(reviewer, removal, path, lang):
    evidence.complete(removal)
    notice = drafted(reviewer, removal)
    reviewer.post(
        "/hosts/keep", {"name": "board.example", "kind": "platform", "lang": "en", "law": "none", "mailbox": "a@board.example"}
    )
    url = path.format(find=removal.pk, notice=notice.pk, host=Host.objects.get().pk)
    answer = reviewer.get(url, headers={"accept-language": lang})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "하늘이네집" not in page
    assert len(answer.content) < 100_000
    assert "<script>" not in page


def test_a_letter_is_read_edited_approved_and_cancelled(reviewer, removal):
    notice = drafted(reviewer, removal)
    page = reviewer.get(f"/outbox/{notice.pk}/").content.decode()
    assert removal.candidate.url in page
    sent = {"subject": notice.subject, "body": notice.body + "\nThank you.", "recipient": "abuse@board.example", "version": 1}
    reviewer.post(f"/outbox/{notice.pk}/edit", {**sent, "then": "approve"})
    notice.refresh_from_db()
    assert (notice.state, notice.approved_by, notice.version) == (NoticeState.APPROVED, reviewer.user, 2)
    assert "Thank you." in notice.body
    reviewer.post(f"/outbox/{notice.pk}/cancel")
    notice.refresh_from_db()
    assert notice.state == NoticeState.CANCELLED


def test_what_is_refused_is_said_and_nothing_is_done(reviewer, removal):
    notice = drafted(reviewer, removal)
    sent = {
        "subject": notice.subject,
        "body": notice.body + " 하늘이네집 이야기 모음",
        "recipient": "a@board.example",
        "version": 1,
    }
    answer = reviewer.post(f"/outbox/{notice.pk}/edit", {**sent, "then": "approve"}, follow=True)
    assert answer.status_code == 200
    notice.refresh_from_db()
    assert notice.state == NoticeState.DRAFT
    assert [str(one) for one in answer.context["messages"]]
    assert reviewer.post(f"/removals/{removal.pk}/draft", {"kind": "nonsense"}).status_code == 302
    assert reviewer.post(f"/removals/{removal.pk}/draft", {"kind": "dsa16", "lang": "ko"}).status_code == 302
    assert Notice.objects.count() == 1


def test_a_statutory_request_is_handed_out_as_pdf_under_its_number(reviewer, removal):
    notice = drafted(reviewer, removal, NoticeKind.KOREA, "ko")
    assert reviewer.post(f"/outbox/{notice.pk}/file", {"as": "pdf"}).status_code == 404
    sent = {"subject": notice.subject, "body": notice.body, "recipient": "", "version": 1, "then": "download"}
    reviewer.post(f"/outbox/{notice.pk}/edit", sent)
    answer = reviewer.post(f"/outbox/{notice.pk}/file", {"as": "pdf"})
    assert answer.content[:5] == b"%PDF-"
    assert answer["Content-Disposition"] == f'attachment; filename="notice-{notice.number}.pdf"'
    assert Removal.objects.get(pk=removal.pk).notified_at is not None


def test_the_form_for_a_new_host_overwrites_none_that_is_known(signed_in):
    lead = signed_in(Role.LEAD)
    told = {"name": "board.example", "kind": "platform", "lang": "en", "law": "none"}
    lead.post("/hosts/keep", {**told, "mailbox": "a@board.example"})
    lead.post("/hosts/keep", {**told, "mailbox": "other@board.example"})
    assert Host.objects.get().mailbox == "a@board.example"
    lead.post("/hosts/keep", {**told, "mailbox": "other@board.example", "changes": "yes"})
    assert Host.objects.get().mailbox == "other@board.example"


def test_the_pack_is_downloaded_under_its_number(reviewer, removal):
    pack = evidence.complete(removal)
    answer = reviewer.post(f"/evidence/{pack.pk}/file")
    assert answer["Content-Disposition"] == f'attachment; filename="evidence-{pack.number}.zip"'
    assert "evidence.json" in zipfile.ZipFile(BytesIO(answer.content)).namelist()
    assert reviewer.get(f"/evidence/{pack.pk}/file").status_code == 405


def test_a_pack_whose_day_was_destroyed_is_said_to_be_gone(reviewer, removal):
    pack = evidence.complete(removal)
    vault().destroy_holder(pack.holder)
    answer = reviewer.post(f"/evidence/{pack.pk}/file", follow=True)
    assert answer.redirect_chain == [(f"/removals/{removal.pk}/", 302)]
    assert [str(one) for one in answer.context["messages"]]


def test_an_adults_request_is_recorded_on_the_page(reviewer, team, person):
    row = confirmed(team, person(Role.REVIEWER), "adult", kind=Kind.APPEARS_ADULT, category="support_requested")
    with_page(row)
    (made,) = evidence.begin_due(timezone.now())
    reviewer.post(f"/removals/{made.pk}/mandate", {"asked_by": "person", "paper": "2026-11-3"})
    assert made.mandates.get().recorded_by == reviewer.user
    assert "2026-11-3" in reviewer.get(f"/removals/{made.pk}/").content.decode()


def test_somebody_of_another_team_sees_nothing_of_it(signed_in, removal, team, reviewer):
    notice = drafted(reviewer, removal)
    pack = evidence.complete(removal)
    stranger = signed_in(Role.REVIEWER, in_team=type(team).objects.create(name="other"))
    for url in (f"/removals/{removal.pk}/", f"/outbox/{notice.pk}/"):
        assert stranger.get(url).status_code == 404
    for url in (
        f"/evidence/{pack.pk}/file",
        f"/outbox/{notice.pk}/file",
        f"/outbox/{notice.pk}/cancel",
        f"/removals/{removal.pk}/look",
    ):
        assert stranger.post(url).status_code == 404
    assert notice.number not in stranger.get("/outbox/").content.decode()
    assert removal.pk not in stranger.get("/removals/").content.decode()


def test_a_counsellor_reads_and_does_nothing(signed_in, removal, reviewer, team):
    from jikim_desk.cases.models import Case

    type(removal.candidate).objects.update(case=Case.objects.create(number="A-1", team=team))
    notice = drafted(reviewer, removal)
    counsellor = signed_in(Role.COUNSELLOR)
    assert counsellor.get(f"/removals/{removal.pk}/").status_code == 200
    assert counsellor.get(f"/outbox/{notice.pk}/").status_code == 200
    assert counsellor.post(f"/outbox/{notice.pk}/cancel").status_code == 403


def test_the_page_of_a_find_tells_the_four_clocks_and_how_long_each_took(reviewer, removal):
    at = removal.candidate.found_at
    changes = {"reviewed_at": at + timedelta(minutes=5), "notified_at": at + timedelta(minutes=65)}
    Removal.objects.filter(pk=removal.pk).update(**changes)
    page = reviewer.get(f"/removals/{removal.pk}/", headers={"accept-language": "en"})
    assert [span for _, _, span in page.context["clocks"]] == [None, 300.0, 3600.0, None]
    assert "5 min" in page.content.decode()
    sent = {"find": removal.pk, "as": "csv", "recipient": "시험경찰서"}
    assert removal.candidate.url in reviewer.post("/reports/police", sent).content.decode()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://new.example/moved", ""),
        ("https://board.example/one", "removal.moved.known"),
        ("ftp://x/y", "removal.moved.not_taken"),
    ],
)
def test_where_a_find_moved_is_looked_at_in_its_case_when_a_person_says_so(reviewer, team, person, monkeypatch, address, said):
    queued = []
    monkeypatch.setattr(flows, "enqueue", queued.append)
    case = Case.objects.create(number="A-1", team=team)
    removal = begun(team, person, case=case)
    url = f"/removals/{removal.pk}/follow"
    assert url not in reviewer.get(f"/removals/{removal.pk}/").content.decode()
    assert reviewer.post(url).status_code == 404
    visit = Recheck(removal=removal, at=timezone.now(), vantage="here", seen="moved", sign="same_bytes")
    visit.proof = {"page": {"chain": [{"url": removal.candidate.url}, {"url": address}]}}
    visit.save()
    page = reviewer.get(f"/removals/{removal.pk}/").content.decode()
    assert url in page
    assert address not in page
    answer = reviewer.post(url, follow=True)
    if said:
        assert [str(one) for one in answer.context["messages"]] == [words.say(said, "ko")]
        assert (queued, Sweep.objects.count()) == ([], 0)
    else:
        (sweep,) = queued
        assert (sweep.addresses, sweep.team, sweep.case) == ([address], team, case)
        assert answer.redirect_chain == [(f"/sweeps/{sweep.pk}/", 302)]
    counsellor = reviewer.__class__()
    counsellor.force_login(person(Role.COUNSELLOR), backend="django.contrib.auth.backends.ModelBackend")
    assert counsellor.post(url).status_code == 403
