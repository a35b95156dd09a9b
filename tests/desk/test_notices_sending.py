"""Notices leave over a real mail server with STARTTLS: once, or visibly "unknown"; nothing about anybody leaves with them."""

import base64
import email
import logging
import socket
import subprocess
from datetime import timedelta
from email import policy

import dkim
import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import drafting, evidence, hosts, leaving, letters, sending
from jikim_desk.notices.faults import BadLetter, Changed, NotAllowed
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Outcome, Removal
from jikim_desk.review.models import Kind
from tests.desk.mail import certificate, mail_server
from tests.desk.removals import begun, confirmed, set_desk, with_page

NAMES = {
    "worker": "담당자박보람",
    "username": "worker-borami",
    "case": "CASE-7788",
    "note": "김하늘나래 학생 어머니 연락",
    "title": "하늘이네집 이야기 모음",
    "text": "김하늘나래가 다니는 학교",
}
MAILBOX = "removal@centre.example"
TO = "abuse@board.example"


class Taking:
    """What the mail server does: keeps each letter, or what the test says."""

    def __init__(self):
        self.letters = []
        self.at_rcpt = None
        self.at_data = None
        self.helo = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        self.helo.append(hostname)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.at_rcpt:
            return self.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append((session, envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.at_data == "cut":
            server.transport.abort()
            return "451 never heard"
        return self.at_data or "250 OK queued as 42"


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("smtp"))


@pytest.fixture
def server(cert):
    taking = Taking()
    with mail_server(taking, cert) as taking.port:
        yield taking


@pytest.fixture
def desk(monkeypatch, server, cert):
    removal = {
        "organisation": "시험 지원센터",
        "organisation_en": "Test Centre",
        "mailbox": MAILBOX,
        "smtp_host": "localhost",
        "smtp_port": server.port,
        "smtp_roots": str(cert),
    }
    set_desk(monkeypatch, removal=removal)
    return lambda **more: set_desk(monkeypatch, removal={**removal, **more})


@pytest.fixture
def lead(person):
    made = person(Role.LEAD, Role.REVIEWER, name=NAMES["username"])
    made.name = NAMES["worker"]
    made.save()
    return made


@pytest.fixture
def removal(desk, team, person, lead):
    case = Case(number=NAMES["case"], team=team)
    case.note = NAMES["note"]
    case.save()
    return begun(team, person, title=NAMES["title"], text=NAMES["text"], case=case)


def approved(lead, removal, kind=NoticeKind.MAIL, lang="en", to=TO):
    notice = drafting.draft(removal, kind, by=lead, lang=lang)
    drafting.edit(lead, notice, subject=notice.subject, body=notice.body, recipient=to, version=notice.version)
    drafting.approve(lead, notice, version=notice.version)
    return notice


def let_time_pass(notice):
    Notice.objects.filter(pk=notice.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))


def test_it_waits_ten_minutes_and_leaves_once(lead, removal, server):
    notice = approved(lead, removal)
    assert notice.leaves_at - notice.approved_at == timedelta(minutes=10)
    assert notice.approved_by == lead
    assert sending.leave_due(timezone.now()) == 0
    let_time_pass(notice)
    assert [sending.leave_due(timezone.now()) for _ in range(3)] == [1, 0, 0]
    ((session, sender, to, content),) = server.letters
    assert (sender, to) == (MAILBOX, [TO])
    assert session.ssl is not None
    read = email.message_from_bytes(content, policy=policy.default)
    assert removal.candidate.url in read.get_content()
    assert read["Message-ID"] == f"<{notice.number.lower()}@centre.example>"
    notice.refresh_from_db()
    assert (notice.state, notice.receipts.get().said) == (NoticeState.SENT, "250 OK queued as 42")
    removal.refresh_from_db()
    assert removal.notified_at == removal.rechecks_from
    assert removal.next_recheck_at == removal.notified_at + timedelta(hours=1)
    assert removal.next_step_at is None or removal.next_step_at >= removal.notified_at


def test_no_planted_name_leaves_by_any_channel(lead, removal, server, caplog, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "machine-of-the-centre")
    monkeypatch.setattr(socket, "getfqdn", lambda name="": "machine-of-the-centre")
    caplog.set_level(logging.DEBUG)
    sent = []
    for lang in letters.LANGUAGES:
        for kind in letters_of(lang, removal):
            notice = approved(lead, removal, kind, lang)
            let_time_pass(notice)
            assert sending.leave_due(timezone.now()) == 1, (kind, lang)
            sent.append(notice.number)
    assert len(server.letters) == len(sent) > 40
    whole = "\n".join(read_whole(content) for *_, content in server.letters)
    logs = caplog.text
    for name in (*NAMES.values(), "김하늘나래", "하늘이네집", *(str(lead.pk) + "@",)):
        assert name not in whole, name
        assert name not in logs, name
    assert "machine-of-the-centre" not in whole
    assert set(server.helo) == {"centre.example"}
    assert removal.candidate.url not in logs
    for *_, content in server.letters:
        headers = email.message_from_bytes(content, policy=policy.default)
        assert {name.lower() for name in headers} <= {
            *("from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version"),
            *("content-type", "content-transfer-encoding", "x-peer", "x-mailfrom", "x-rcptto"),
        }


def letters_of(lang, removal):
    kinds = [kind for kind in NoticeKind.values if lang in letters.languages(kind)]
    return [kind for kind in kinds if kind not in (NoticeKind.DMCA, NoticeKind.WITHDRAWAL)]


def read_whole(content):
    """Headers decoded and raw, body decoded and raw."""
    read = email.message_from_bytes(content, policy=policy.default)
    return "\n".join([content.decode(), *(f"{name}: {value}" for name, value in read.items()), read.get_content()])


@pytest.mark.parametrize("name", ["worker", "username", "case", "note", "title", "text"])
@pytest.mark.parametrize("where", ["subject", "body"])
def test_a_name_that_somebody_types_in_is_refused(lead, removal, name, where):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    told = {"subject": notice.subject, "body": notice.body}
    told[where] += f" ({NAMES[name]})"
    drafting.edit(lead, notice, **told, recipient=TO, version=1)
    with pytest.raises(NotAllowed):
        drafting.approve(lead, notice, version=2)
    with pytest.raises(NotAllowed):
        drafting.download(lead, notice, version=2)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": "a\nBcc: x@y.example"}, BadLetter),
        ({"subject": "a\u202eb"}, BadLetter),
        ({"subject": ""}, BadLetter),
        ({"body": "a\x00b"}, BadLetter),
        ({"body": "see https://other.example/x too"}, NotAllowed),
        ({"recipient": ""}, BadLetter),
    ],
)
def test_what_cannot_be_sent_as_it_is_is_refused(lead, removal, changes, fault):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    told = {"subject": notice.subject, "body": notice.body, "recipient": TO, **changes}
    drafting.edit(lead, notice, **told, version=1)
    with pytest.raises(fault):
        drafting.approve(lead, notice, version=2)


@pytest.mark.parametrize("to", ["a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "<a@b.example>", "nobody"])
def test_a_recipient_is_one_mailbox(lead, removal, to):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    with pytest.raises(BadLetter):
        drafting.edit(lead, notice, subject="a", body="b", recipient=to, version=1)


def test_it_can_be_cancelled_while_it_waits_and_withdrawn_afterwards(lead, removal, server):
    notice = approved(lead, removal)
    drafting.cancel(lead, notice)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 0
    assert server.letters == []
    with pytest.raises(Changed):
        drafting.withdraw(lead, notice)
    sent = approved(lead, removal)
    let_time_pass(sent)
    sending.leave_due(timezone.now())
    sent.refresh_from_db()
    with pytest.raises(Changed):
        drafting.cancel(lead, sent)
    back = drafting.withdraw(lead, sent)
    assert back.recipient == TO
    assert sent.number in back.body
    drafting.approve(lead, back, version=back.version)
    let_time_pass(back)
    assert sending.leave_due(timezone.now()) == 1
    read = email.message_from_bytes(server.letters[-1][3], policy=policy.default)
    assert read["In-Reply-To"] == sending.message_id(sent)


def test_what_is_approved_is_what_was_read(lead, removal):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    other = Notice.objects.get(pk=notice.pk)
    drafting.edit(lead, other, subject="other words", body=notice.body, recipient=TO, version=1)
    with pytest.raises(BadLetter):
        drafting.approve(lead, notice, version=1)
    notice.refresh_from_db()
    with pytest.raises(Changed):
        drafting.approve(lead, notice, version=1)
    drafting.approve(lead, notice, version=2)
    with pytest.raises(Changed):
        drafting.approve(lead, other, version=2)


def test_a_test_chain_never_leaves(lead, removal, server):
    notice = approved(lead, removal)
    let_time_pass(notice)
    type(removal.candidate).objects.update(is_test=True)
    assert sending.leave_due(timezone.now()) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.receipts.get().key) == (NoticeState.FAILED, "notices.test_chain")
    assert server.letters == []
    again = drafting.draft(removal, NoticeKind.MAIL, by=lead)
    with pytest.raises(NotAllowed):
        drafting.download(lead, drafting.notice_for(lead, again.pk), version=1)


def test_what_is_reopened_meanwhile_does_not_leave(lead, removal, server):
    from jikim_desk.review import news

    notice = approved(lead, removal)
    news.reopen_as_lead(lead, removal.candidate_id)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 0
    assert server.letters == []


def test_what_was_sent_in_error_can_be_withdrawn_once_it_is_reopened(lead, removal, server):
    from jikim_desk.review import news

    sent = approved(lead, removal)
    let_time_pass(sent)
    sending.leave_due(timezone.now())
    sent.refresh_from_db()
    news.reopen_as_lead(lead, removal.candidate_id)
    back = drafting.withdraw(lead, sent)
    drafting.approve(lead, back, version=1)
    let_time_pass(back)
    assert sending.leave_due(timezone.now()) == 1


def test_an_adults_notice_needs_a_recorded_request(desk, lead, person, team):
    row = confirmed(team, person(Role.REVIEWER), "adult", kind=Kind.APPEARS_ADULT, category="support_requested")
    with_page(row)
    (removal,) = evidence.begin_due(timezone.now())
    with pytest.raises(NotAllowed, match="request"):
        leaving.check(removal, NoticeKind.MAIL)
    drafting.record_mandate(lead, removal, asked_by="person", paper="2026-11", is_warned_dmca=False)
    leaving.check(removal, NoticeKind.MAIL)
    with pytest.raises(NotAllowed):
        leaving.check(removal, NoticeKind.DMCA)
    drafting.record_mandate(lead, removal, asked_by="person", paper="2026-12", is_warned_dmca=True)
    leaving.check(removal, NoticeKind.DMCA)
    for mandate in removal.mandates.all():
        drafting.end_mandate(lead, removal, mandate.pk)
    with pytest.raises(NotAllowed, match="request"):
        leaving.check(removal, NoticeKind.MAIL)


def test_dmca_is_never_for_a_child(lead, removal):
    with pytest.raises(NotAllowed):
        leaving.check(removal, NoticeKind.DMCA)


def test_a_hold_stops_everything_but_letters_to_authorities(lead, removal):
    drafting.hold(lead, removal, until=timezone.localdate(), reason="2026-수사-12")
    with pytest.raises(NotAllowed):
        leaving.check(removal, NoticeKind.MAIL)
    leaving.check(removal, NoticeKind.POLICE)
    drafting.hold(lead, removal, until=None, reason="")
    leaving.check(removal, NoticeKind.MAIL)


def test_cut_off_while_the_text_is_handed_over_is_unknown_and_never_sent_again(lead, removal, server):
    server.at_data = "cut"
    notice = approved(lead, removal)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.receipts.get().key) == (NoticeState.UNKNOWN, "notices.smtp_cut_off")
    server.at_data = None
    assert sending.leave_due(timezone.now() + timedelta(days=1)) == 0
    assert len(server.letters) == 1
    drafting.settle(lead, notice, has_left=True)
    removal.refresh_from_db()
    assert removal.notified_at is not None


def test_a_claim_whose_process_is_gone_is_unknown(lead, removal, server):
    notice = approved(lead, removal)
    long_ago = timezone.now() - timedelta(hours=1)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENDING, attempt="x", sending_at=long_ago)
    assert sending.leave_due(timezone.now()) == 0
    notice.refresh_from_db()
    assert (notice.state, server.letters) == (NoticeState.UNKNOWN, [])
    drafting.settle(lead, notice, has_left=False)
    assert Removal.objects.get(pk=removal.pk).notified_at is None


@pytest.mark.parametrize(("at_rcpt", "at_data", "state"), [
    ("550 no such user", None, NoticeState.FAILED),
    ("451 later", None, NoticeState.APPROVED),
    (None, "554 spam", NoticeState.FAILED),
    (None, "452 full", NoticeState.APPROVED),
])  # fmt: skip
def test_what_the_server_declines_has_not_been_sent(lead, removal, server, at_rcpt, at_data, state):
    server.at_rcpt, server.at_data = at_rcpt, at_data
    notice = approved(lead, removal)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 0
    notice.refresh_from_db()
    assert notice.state == state
    assert (at_rcpt or at_data)[:3] in notice.receipts.get().said
    assert state != NoticeState.APPROVED or notice.leaves_at > timezone.now()


def test_a_server_without_starttls_or_with_a_strange_certificate_gets_nothing(lead, removal, desk, tmp_path):
    taking = Taking()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(taking, hostname="localhost", port=port)
    controller.start()
    try:
        desk(smtp_port=port)
        notice = approved(lead, removal)
        let_time_pass(notice)
        assert sending.leave_due(timezone.now()) == 0
    finally:
        controller.stop(no_assert=True)
    assert (taking.letters, notice.receipts.get().key) == ([], "notices.smtp_no_starttls")
    desk(smtp_roots="")
    second = approved(lead, removal)
    let_time_pass(second)
    assert sending.leave_due(timezone.now()) == 0
    second.refresh_from_db()
    assert second.state == NoticeState.FAILED


def test_a_server_that_is_down_is_asked_again_later(lead, removal, desk):
    desk(smtp_port=1)
    notice = approved(lead, removal)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == (NoticeState.APPROVED, 1)


def test_it_is_signed_by_dkim_where_a_key_is_set(lead, removal, server, desk, tmp_path):
    key = tmp_path / "dkim.pem"
    command = ["openssl", "genrsa", "-traditional", "-out", str(key), "2048"]
    subprocess.run(command, check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    desk(dkim_key_file=str(key), dkim_selector="s1")
    notice = approved(lead, removal)
    let_time_pass(notice)
    assert sending.leave_due(timezone.now()) == 1
    content = server.letters[0][3]
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def look_up(name, timeout=5):
        assert name == b"s1._domainkey.centre.example."
        return record

    sent = content[content.index(b"DKIM-Signature") :]
    assert dkim.verify(sent, dnsfunc=look_up)
    assert not dkim.verify(sent.replace(b"Subject: ", b"Subject: x"), dnsfunc=look_up)


def test_others_see_and_do_nothing(lead, removal, person, team):
    from django.http import Http404

    counsellor = person(Role.COUNSELLOR)
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead)
    assert drafting.notice_for(counsellor, notice.pk) == notice
    with pytest.raises(PermissionDenied):
        drafting.approve(counsellor, notice, version=1) if notice.recipient else drafting.cancel(counsellor, notice)
    stranger = person(Role.REVIEWER, in_team=type(team).objects.create(name="other"))
    with pytest.raises(Http404):
        drafting.notice_for(stranger, notice.pk)


def test_the_directory_gives_form_language_and_recipient_and_learns(lead, removal, desk):
    host = hosts.keep(lead, "board.example", mailbox=TO, lang="ja", law="dsa16")
    assert hosts.of(removal.candidate) == host
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, host=host)
    assert (notice.lang, notice.recipient) == ("ja", TO)
    drafting.approve(lead, notice, version=1)
    let_time_pass(notice)
    sending.leave_due(timezone.now())
    notice.refresh_from_db()
    drafting.answered(lead, notice, Outcome.REFUSED)
    past = hosts.history(host)
    assert (past.sent, past.refused, past.median_days) == (1, 1, None)
    Removal.objects.filter(pk=removal.pk).update(gone_at=timezone.now() + timedelta(days=3))
    assert hosts.history(host).median_days == 3.0
