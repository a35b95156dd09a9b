"""The inbox over a real Dovecot: letters are taken once, joined by what cannot be guessed, and count once a person confirms."""

import imaplib
import logging
import socket
import ssl
import threading
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from jikim.vault import case_holder
from jikim_desk.accounts.models import Role, Team
from jikim_desk.audit.models import Entry
from jikim_desk.cases.models import Case
from jikim_desk.notices import drafting, hosts, sending
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.inbox import answering, connecting, taking
from jikim_desk.notices.inbox.models import Kind, Letter, Mailbox
from jikim_desk.notices.models import Notice, NoticeState, Outcome, Removal
from jikim_desk.sealing import vault
from tests.desk import dovecot as servers
from tests.desk.mail import certificate, mail_server
from tests.desk.removals import begun, set_desk

MAILBOX = servers.USER
TO = "abuse@board.example"


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def running(cert):
    with servers.dovecot(cert) as server:
        yield server


@pytest.fixture
def server(running):
    """The server with an empty mailbox, whose UIDVALIDITY is its own."""
    with running.client() as client:
        client.select("INBOX")
        client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    return running


@pytest.fixture
def desk(monkeypatch, server):
    removal = {"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": MAILBOX, **server.settings()}
    set_desk(monkeypatch, removal=removal)
    return lambda **more: set_desk(monkeypatch, removal={**removal, **more})


@pytest.fixture
def lead(person):
    return person(Role.LEAD, Role.REVIEWER)


@pytest.fixture
def removal(desk, team, person):
    return begun(team, person)


@pytest.fixture
def notice(lead, removal):
    return sent(lead, removal)


def sent(lead, removal, to=TO):
    """A notice that left."""
    made = drafting.draft(removal, "mail", by=lead, lang="en")
    drafting.edit(lead, made, subject=made.subject, body=made.body, recipient=to, version=1)
    now = timezone.now()
    Notice.objects.filter(pk=made.pk).update(state=NoticeState.SENT, sent_at=now, approved_by=lead, approved_at=now)
    made.refresh_from_db()
    drafting.went_out(made, now)
    return made


def answer(notice=None, text="The content has been removed.", *, sender=TO, subject="Re: your request", number=0, **headers):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, MAILBOX, subject
    made["Message-ID"] = f"<answer{number}@board.example>"
    made["Date"] = "Sun, 22 Nov 2026 10:00:00 +0000"
    if notice is not None:
        made["In-Reply-To"] = sending.message_id(notice)
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def take():
    """A round now, whatever the waits say."""
    Mailbox.objects.update(next_at=timezone.now())
    return taking.take_due(timezone.now())


def fault():
    return Mailbox.objects.get().fault_key


def test_an_answer_is_taken_once_and_waits_for_a_person(server, lead, removal, notice):
    server.deliver(answer(notice))
    assert [take() for _ in range(3)] == [1, 0, 0]
    letter = Letter.objects.get()
    assert (letter.notice, letter.joined_by, letter.kind, letter.state) == (notice, "reply", Kind.REMOVED, "waiting")
    assert letter.text == "The content has been removed."
    assert letter.told["because"] == [{"rule": "phrase_removed", "words": "has been removed"}]
    notice.refresh_from_db()
    assert notice.outcome == Outcome.NONE, "nothing counts before a person says so"
    Removal.objects.update(next_step_at=timezone.now())
    answering.confirm(lead, letter, "removed")
    notice.refresh_from_db()
    removal.refresh_from_db()
    assert (notice.outcome, removal.next_step_at) == (Outcome.REMOVED, None)
    assert removal.next_recheck_at <= timezone.now()
    letter.refresh_from_db()
    assert (letter.state, letter.confirmed_by) == ("confirmed", lead)


def test_the_mail_stays_on_the_server_as_it_was(server, notice):
    server.deliver(answer(notice))
    take()
    assert server.flags()
    assert all(b"Seen" not in one and b"Deleted" not in one for one in server.flags())


@pytest.mark.parametrize(
    ("outcome", "rests"), [("removed", True), ("asks", True), ("refused", False), ("bounced", False), ("none", None)]
)
def test_the_ladder_rests_or_goes_on_by_what_the_person_says(server, lead, removal, notice, outcome, rests):
    later = timezone.now() + timedelta(days=2)
    Removal.objects.update(next_step_at=later)
    server.deliver(answer(notice))
    take()
    answering.confirm(lead, Letter.objects.get(), outcome)
    removal.refresh_from_db()
    notice.refresh_from_db()
    assert notice.outcome == ("" if outcome == "none" else outcome)
    if rests is None:
        assert removal.next_step_at == later
    else:
        assert (removal.next_step_at is None) is rests


def test_two_people_confirm_and_the_second_is_told(server, lead, person, notice):
    server.deliver(answer(notice))
    take()
    other = person(Role.REVIEWER)
    seen, too = Letter.objects.get(), Letter.objects.get()
    answering.confirm(lead, seen, "refused")
    with pytest.raises(Changed):
        answering.confirm(other, too, "removed")
    notice.refresh_from_db()
    assert notice.outcome == Outcome.REFUSED


def test_it_is_joined_by_the_number_and_never_by_the_sender(server, notice):
    server.deliver(
        answer(number=1, subject=f"[Ticket 77] {notice.number}"),
        answer(number=2, text=f"Regarding your request {notice.number.lower()}: the content has been removed."),
        answer(number=3),
        answer(number=4, subject=f"x{notice.number}"),
        answer(number=5, References=f"<other@x.example> {sending.message_id(notice)} <z@x.example>"),
    )
    assert take() == 5
    assert list(Letter.objects.order_by("uid").values_list("joined_by", flat=True)) == ["subject", "body", "", "", "reply"]


def test_of_several_finds_a_person_says_which(server, lead, removal, notice, team, person):
    other = sent(lead, begun(team, person, "two"))
    server.deliver(
        answer(subject=f"{notice.number} and {other.number}"), answer(other, number=1, subject=f"about {notice.number}")
    )
    take()
    both, reply = Letter.objects.order_by("uid")
    assert (both.notice, reply.notice) == (None, other)
    assert answering.attach(lead, both, f" {other.number.lower()} ") == other
    both.refresh_from_db()
    assert (both.notice, both.joined_by, both.team_id) == (other, "hand", team.pk)


def test_a_draft_cannot_be_answered(server, lead, removal, notice):
    draft = drafting.draft(removal, "reminder", by=lead, lang="en")
    server.deliver(answer(subject=f"about {draft.number}"))
    take()
    letter = Letter.objects.get()
    assert letter.notice is None
    with pytest.raises(BadLetter):
        answering.attach(lead, letter, draft.number)
    with pytest.raises(BadLetter):
        answering.confirm(lead, letter, "removed")


def test_an_automatic_reply_and_our_own_letter_are_no_answers(server, desk, notice):
    ours = message_from_bytes(sending.written(notice))
    desk(imap_believes="mx.centre.example")
    proven = "mx.centre.example; dkim=pass header.d=centre.example"
    server.deliver(
        answer(notice, number=1, Auto_Submitted="auto-replied"),
        ours.as_bytes(),
        answer(notice, number=2, sender=MAILBOX, Authentication_Results=proven),
    )
    take()
    assert list(Letter.objects.order_by("uid").values_list("kind", flat=True)) == ["auto", "own", "own"]
    assert Letter.objects.filter(notice=notice).count() == 3


def test_a_letter_of_somebody_else_under_our_message_id_or_address_waits_for_a_person(server, lead, notice):
    theirs, ours = answer(text="We refuse."), message_from_bytes(sending.written(notice))
    theirs.replace_header("Message-ID", sending.message_id(notice))
    with_more = EmailMessage()
    for name, value in ours.items():
        if not name.lower().startswith(("content-", "mime-")):
            with_more[name] = value
    with_more.set_content(f"{notice.body}\nWe refuse.\n")
    with_file = message_from_bytes(ours.as_bytes(), policy=SMTP)
    with_file.make_mixed()
    with_file.add_attachment(b"%PDF-1.7 no", maintype="application", subtype="pdf", filename="no.pdf")
    server.deliver(theirs, answer(notice, "We refuse.", number=2, sender=MAILBOX), with_more, with_file)
    take()
    every = list(Letter.objects.order_by("uid"))
    assert [(one.kind, one.notice, "claims_own" in one.told["marks"]) for one in every] == [(Kind.UNKNOWN, notice, True)] * 4
    assert answering.automatic(lead, [one.pk for one in every]) == []


def test_a_loop_ends_with_the_first_letter(server, notice):
    first = answer(notice)
    again = answer(notice)
    again["Received"] = "from mx.board.example by mx.centre.example"
    forged = answer(notice, "We cannot remove it.")
    server.deliver(first, again, forged)
    assert take() == 2
    one, other = Letter.objects.order_by("uid")
    assert "same_id" in other.told["marks"]
    assert "same_id" not in one.told["marks"]
    assert Mailbox.objects.get().repeated == 1


def test_a_bounce_is_joined_by_the_letter_it_returns(server, notice):
    lines = [
        "From: MAILER-DAEMON@mx.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <b@mx.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        f"Final-Recipient: rfc822; {TO}",
        "Action: failed",
        "Status: 5.1.1",
        "",
        "--b",
        "Content-Type: message/rfc822",
        "",
        sending.written(notice).decode(),
        "--b--",
        "",
    ]
    server.deliver("\r\n".join(lines).replace("\r\r\n", "\r\n").encode())
    take()
    letter = Letter.objects.get()
    assert (letter.notice, letter.kind, letter.joined_by) == (notice, Kind.BOUNCED, "reply")
    assert "stranger" not in answering.remarks(letter)


def test_a_spoofed_sender_is_marked(server, desk, notice):
    desk(imap_believes="mx.centre.example")
    passed = "mx.centre.example; dkim=pass header.d=board.example; dmarc=pass"
    server.deliver(
        answer(notice, number=1, Authentication_Results=passed),
        answer(notice, number=2, Authentication_Results="mx.centre.example; spf=fail smtp.mailfrom=board.example; dmarc=fail"),
        answer(notice, number=3, sender="help@elsewhere.example", Authentication_Results=passed),
        answer(notice, number=4, Reply_To="x@evil.example"),
    )
    take()
    proven, forged, stranger, elsewhere = Letter.objects.order_by("uid")
    assert (proven.told["proof"], answering.remarks(proven)) == ("proven", [])
    assert (forged.told["proof"], answering.remarks(forged)) == ("failed", ["forged"])
    assert "stranger" in answering.remarks(stranger)
    assert "reply_elsewhere" in answering.remarks(elsewhere)
    assert elsewhere.told["proof"] == "unasked"


def test_of_a_huge_letter_only_the_headers_are_fetched(server, desk, notice):
    desk(imap_max_mb=1)
    huge = answer(notice)
    huge.add_attachment(b"\0" * 1_500_000, maintype="application", subtype="pdf", filename="a.pdf")
    server.deliver(huge)
    take()
    letter = Letter.objects.get()
    assert (letter.notice, letter.kind, letter.text) == (notice, Kind.UNKNOWN, "")
    assert "too_large" in letter.told["marks"]
    assert letter.size_bytes > 2_000_000


def test_documents_are_sealed_and_pictures_are_not_kept(server, lead, removal, notice, team):
    made = answer(notice)
    made.add_attachment(b"%PDF-1.7 words", maintype="application", subtype="pdf", filename="reply.pdf")
    made.add_attachment(b"\xff\xd8\xff\xe0\0\x10JFIF\0drawn", maintype="image", subtype="jpeg", filename="a.jpg")
    server.deliver(made)
    take()
    letter = Letter.objects.get()
    document, picture = letter.told["attached"]
    assert vault().read(document["blob"]) == b"%PDF-1.7 words"
    assert (picture["blob"], picture["marks"], picture["size_bytes"]) == ("", ["media"], 16)
    assert answering.attached(lead, letter, 0) == b"%PDF-1.7 words"
    with pytest.raises(Http404):
        answering.attached(lead, letter, 1)
    assert "beware_attached" in answering.remarks(letter)


def test_what_is_joined_by_hand_is_held_by_the_case(server, lead, removal, notice, team):
    case = Case.objects.create(number="A-1", team=team)
    type(removal.candidate).objects.update(case=case)
    made = answer()
    made.add_attachment(b"%PDF-1.7 more", maintype="application", subtype="pdf", filename="reply.pdf")
    server.deliver(made)
    take()
    letter = Letter.objects.get()
    assert letter.holder.startswith("sweep:")
    answering.attach(lead, letter, notice.number)
    letter.refresh_from_db()
    assert letter.holder == case_holder(case.pk)
    assert vault().has(letter.told["attached"][0]["blob"], letter.holder)


def test_a_document_whose_time_is_over_is_gone_and_its_letter_can_still_be_joined(server, lead, removal, notice, team):
    case = Case.objects.create(number="A-1", team=team)
    type(removal.candidate).objects.update(case=case)
    made = answer()
    made.add_attachment(b"%PDF-1.7 more", maintype="application", subtype="pdf", filename="reply.pdf")
    server.deliver(made)
    take()
    letter = Letter.objects.get()
    vault().destroy_holder(letter.holder)
    answering.attach(lead, letter, notice.number)
    assert Letter.objects.get().notice == notice
    with pytest.raises(Http404):
        answering.attached(lead, letter, 0)


def test_whoever_may_not_see_the_find_sees_no_answer(server, lead, person, notice):
    server.deliver(answer(notice), answer(number=1))
    take()
    joined, loose = Letter.objects.order_by("uid")
    stranger = person(Role.REVIEWER, Role.LEAD, in_team=Team.objects.create(name="other"))
    reviewer = person(Role.REVIEWER)
    assert answering.letter_for(reviewer, joined.pk) == joined
    for user, letter in ((stranger, joined), (reviewer, loose), (person(Role.ADMINISTRATOR), joined)):
        with pytest.raises(Http404):
            answering.letter_for(user, letter.pk)
    assert [answering.waiting(user) for user in (lead, reviewer, stranger)] == [2, 1, 1]
    with pytest.raises(PermissionDenied):
        answering.confirm(person(Role.COUNSELLOR), joined, "removed")
    with pytest.raises(PermissionDenied):
        answering.attached(reviewer, joined, 0)
    with pytest.raises(BadLetter):
        answering.attach(stranger, loose, notice.number)


def test_nothing_is_fetched_before_a_notice_left(server, desk, removal):
    server.deliver(answer(number=1))
    assert take() == 0
    assert (Letter.objects.count(), fault()) == (0, "")


def test_a_new_uidvalidity_reads_anew_and_doubles_nothing(server, notice):
    server.deliver(answer(notice, number=1), answer(notice, number=2))
    assert take() == 2
    before = Mailbox.objects.get()
    server.empty()
    server.deliver(answer(notice, number=3), answer(notice, number=1), answer(notice, number=2))
    assert take() == 1
    after = Mailbox.objects.get()
    assert after.uidvalidity != before.uidvalidity
    assert (Letter.objects.count(), after.repeated) == (3, 2)


def test_a_letter_that_the_server_cannot_read_keeps_no_other_out(server, notice):
    server.deliver(*(answer(notice, number=number) for number in range(3)))
    with server.client() as client:
        client.select("INBOX")
    (second,) = (one for one in server.folder.glob("mail/*/*") if b"<answer1@" in one.read_bytes())
    second.chmod(0)
    try:
        assert [take() for _ in range(4)] == [0, 0, 0, 2]
        assert fault() == ""
    finally:
        second.chmod(0o600)
    first, withheld, last = Letter.objects.order_by("uid")
    assert (first.notice, last.notice) == (notice, notice)
    assert (withheld.told["marks"], withheld.kind) == (["not_read"], Kind.UNKNOWN)


@pytest.mark.parametrize("step", ["head", "whole"])
def test_a_letter_that_is_moved_while_it_is_fetched_is_told_and_read_when_it_is_back(server, notice, monkeypatch, step):
    """By the server's own answers: whoever tidies the mailbox deletes it between two of our requests."""
    asked, letter = getattr(connecting.Folder, step), answer(notice, number=1)

    def tidied(folder, uid, *more):
        monkeypatch.setattr(connecting.Folder, step, asked)
        with server.client() as client:
            client.select("INBOX")
            client.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
            client.expunge()
        return asked(folder, uid, *more)

    server.deliver(letter, answer(notice, number=2))
    monkeypatch.setattr(connecting.Folder, step, tidied)
    assert (take(), fault()) == (2, "")
    gone, other = Letter.objects.order_by("uid")
    assert (gone.told["marks"], gone.kind, other.kind) == (["gone"], Kind.UNKNOWN, Kind.REMOVED)
    assert gone.notice == (None if step == "head" else notice)
    server.deliver(letter)
    assert take() == 1
    again = Letter.objects.order_by("uid").last()
    assert (again.kind, again.notice, again.told["marks"]) == (Kind.REMOVED, notice, [])


def test_a_letter_that_nothing_can_write_keeps_no_other_out(server, notice):
    odd = answer(notice, number=1).as_bytes().replace(b"From: abuse@board.example", b"From: <a\xff@board.example>")
    server.deliver(odd, answer(notice, number=2))
    assert take() == 2
    assert fault() == ""


def test_a_fault_of_our_own_over_one_letter_keeps_no_other_out(server, notice, monkeypatch, caplog):
    inside = taking.told

    def stumbling(mail, *more):
        if mail.subject == "odd":
            raise ValueError(f"about {mail.sender}")
        return inside(mail, *more)

    monkeypatch.setattr(taking, "told", stumbling)
    server.deliver(answer(notice, number=1, subject="odd"), answer(notice, number=2))
    assert [take() for _ in range(taking.STUCK_MAX)] == [0] * taking.STUCK_MAX
    assert fault() == "inbox.fault.own"
    assert (take(), fault()) == (2, "")
    assert "not_read" in Letter.objects.order_by("uid").first().told["marks"]
    assert "ValueError at test_inbox.py" in caplog.text
    assert TO not in caplog.text


def test_what_was_passed_over_under_another_uidvalidity_is_read(server, notice):
    server.deliver(answer(notice))
    with server.client() as client:
        client.select("INBOX")
        (uid,) = client.uid("SEARCH", "ALL")[1][0].split()
    Mailbox.objects.create(
        pk=taking.ref_of(taking.desk_config().removal),
        uidvalidity=1,
        stuck_uid=int(uid),
        stuck=taking.STUCK_MAX,
        next_at=timezone.now(),
    )
    assert take() == 1
    assert Letter.objects.get().told["marks"] == []


def test_many_letters_are_read_in_rounds(server, notice, monkeypatch):
    monkeypatch.setattr(taking, "AT_ONCE", 4)
    monkeypatch.setattr(connecting, "_WINDOW", 3)
    server.deliver(*(answer(notice, number=number) for number in range(10)))
    assert [taking.take_due(timezone.now()) for _ in range(4)] == [4, 4, 2, 0], "what is left over comes at once"


def test_two_workers_take_each_letter_once(server, notice):
    server.deliver(*(answer(notice, number=number) for number in range(5)))
    ref = taking.ref_of(taking.desk_config().removal)
    assert take() == 5
    other = Mailbox.objects.get()
    Mailbox.objects.update(attempt="somebody", attempt_at=timezone.now(), last_uid=0, next_at=timezone.now())
    assert taking.take_due(timezone.now()) == 0, "somebody has it in hand"
    Mailbox.objects.update(attempt_at=timezone.now() - taking.LOST_AFTER)
    assert taking.take_due(timezone.now()) == 0, "taken over, and nothing is new"
    mailbox = Mailbox.objects.get()
    assert (mailbox.pk, mailbox.last_uid, mailbox.attempt, mailbox.repeated) == (ref, other.last_uid, "", 5)
    assert Letter.objects.count() == 5


def test_who_has_lost_the_mailbox_keeps_nothing(server, notice, monkeypatch):
    server.deliver(answer(notice))
    inside = taking._fill

    def overtaken(*told):
        inside(*told)
        Mailbox.objects.update(attempt="somebody else")

    monkeypatch.setattr(taking, "_fill", overtaken)
    assert take() == 0
    assert (Letter.objects.count(), Mailbox.objects.get().last_uid) == (0, 0)


FAULTS = {
    "inbox.fault.not_signed_in": {"imap_user": "nobody@centre.example"},
    "inbox.fault.no_folder": {"imap_folder": "삭제 요청/답변"},
    "inbox.fault.no_password": {"imap_password_file": "/nowhere/at/all"},
    "inbox.fault.bad_certificate": {"imap_host": "127.0.0.1"},
    "inbox.fault.unreachable": {"imap_port": 1},
}


@pytest.mark.parametrize("key", FAULTS)
def test_what_is_wrong_with_the_mailbox_is_said_in_a_line(desk, notice, key, caplog):
    caplog.set_level(logging.DEBUG)
    desk(**FAULTS[key])
    assert take() == 0
    mailbox = Mailbox.objects.get()
    assert mailbox.fault_key == key
    assert mailbox.failing_since is not None
    assert mailbox.next_at > timezone.now()
    assert taking.take_due(timezone.now()) == 0
    assert Mailbox.objects.get().tries == 1, "it waits before it tries again"
    assert servers.PASSWORD not in caplog.text + mailbox.said
    assert MAILBOX not in caplog.text


def test_a_wrong_password_is_said_and_stands_nowhere(server, desk, notice, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    (tmp_path / "wrong").write_text("wr0ng-secret")
    desk(imap_password_file=str(tmp_path / "wrong"))
    take()
    mailbox = Mailbox.objects.get()
    assert mailbox.fault_key == "inbox.fault.not_signed_in"
    assert "wr0ng-secret" not in caplog.text + mailbox.said


def test_the_mailbox_works_again_and_says_so(server, desk, notice):
    server.stop()
    take()
    assert fault() == "inbox.fault.unreachable"
    server.start()
    server.deliver(answer(notice))
    assert take() == 1
    mailbox = Mailbox.objects.get()
    assert (mailbox.fault_key, mailbox.failing_since, mailbox.tries, mailbox.said) == ("", None, 0, "")
    assert mailbox.read_at is not None


def test_tls_from_the_first_byte(server, desk, notice, monkeypatch):
    monkeypatch.setattr(connecting, "TLS_PORT", server.tls_port)
    desk(imap_port=server.tls_port)
    server.deliver(answer(notice))
    assert take() == 1


def test_a_folder_with_a_korean_name(server, desk, notice):
    with server.client() as client:
        client.create(connecting._quoted("답변 & 회신"))
    server.deliver(answer(notice), folder=connecting._quoted("답변 & 회신"))
    desk(imap_folder="답변 & 회신")
    assert take() == 1


@pytest.mark.parametrize("after_bytes", [200, 3000, 5000, 9000, 30_000, 60_000])
def test_a_connection_cut_in_mid_letter_loses_and_doubles_nothing(server, desk, notice, after_bytes):
    server.deliver(*(answer(notice, f"{number} " + "has been removed. " * 1000, number=number) for number in range(3)))
    cutting = servers.Cutting(server.port, after_bytes)
    desk(imap_port=cutting.port)
    ref = taking.ref_of(taking.desk_config().removal)
    taken = take()
    cutting.close()
    mailbox = Mailbox.objects.get(pk=ref)
    if taken < 3:
        assert mailbox.fault_key in ("inbox.fault.cut_off", "inbox.fault.unreachable", "inbox.fault.bad_certificate")
    desk()
    take()
    assert Letter.objects.count() == 3
    assert all(len(one.text) > 15_000 for one in Letter.objects.all())


class Talking:
    """A server that says what it likes instead of IMAP."""

    def __init__(self, *lines):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._lines = lines
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        client, _ = self._listening.accept()
        with client:
            client.settimeout(10)
            client.sendall(self._lines[0])
            for line in self._lines[1:]:
                tag = client.recv(4096).split(b" ")[0]
                client.sendall(line.replace(b"TAG", tag))
            client.recv(4096)

    def close(self):
        self._listening.close()
        self._thread.join(10)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([b"* OK hello\r\n", b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"], "inbox.fault.no_tls"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "inbox.fault.unreachable"),
        ([b"* BYE go away\r\n"], "inbox.fault.unreachable"),
        (
            [b"* OK\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n", b"TAG NO not now\r\n"],
            "inbox.fault.unreachable",
        ),
    ],
)
def test_a_server_without_encryption_hears_no_password(desk, notice, lines, key):
    talking = Talking(*lines)
    desk(imap_port=talking.port)
    take()
    talking.close()
    assert fault() == key


def test_the_chain_has_reading_and_confirming_and_no_words(server, lead, notice):
    server.deliver(answer(notice, sender="park.haneul@board.example"))
    take()
    letter = Letter.objects.get()
    answering.record_view(lead, letter)
    answering.confirm(lead, letter, "refused")
    facts = " ".join(Entry.objects.values_list("facts", flat=True))
    for what in ("mail_taken", "mail", "mail_confirmed"):
        assert f'"what":"{what}"' in facts.replace(" ", "")
    assert "haneul" not in facts


def test_nothing_of_a_letter_lies_open_in_the_database(server, notice):
    server.deliver(answer(notice, "haneul says: 삭제하였습니다", sender="haneul@board.example", subject="haneul"))
    take()
    rows = str(list(Letter.objects.values())) + str(list(Mailbox.objects.values()))
    assert "haneul" not in rows.encode().decode("unicode_escape", "replace")
    assert MAILBOX not in rows


class Delivering:
    """The centre's mail server: hands what leaves to the host, whose answer it puts into the role mailbox."""

    def __init__(self, server):
        self._server = server
        self.letters = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append(envelope.content)
        return "250 OK"


def test_the_whole_way(server, desk, cert, lead, removal, team):
    hosts.keep(lead, "board.example", mailbox=TO, lang="en")
    delivering = Delivering(server)
    with mail_server(delivering, cert) as port:
        desk(smtp_host="localhost", smtp_port=port, smtp_roots=str(cert))
        made = drafting.draft(removal, "mail", by=lead, lang="en", host=hosts.of(removal.candidate))
        drafting.approve(lead, made, version=1)
        Notice.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))
        assert sending.leave_due(timezone.now()) == 1
    left = message_from_bytes(delivering.letters[0], policy=SMTP)
    back = EmailMessage(policy=SMTP)
    back["From"], back["To"], back["Subject"] = "Trust and Safety <help@board.example>", left["From"], f"Re: {left['Subject']}"
    back["Message-ID"], back["In-Reply-To"] = "<t77@board.example>", left["Message-ID"]
    quoted = "\n".join(f"> {one}" for one in left.get_content().split("\n"))
    back.set_content(f"Thank you. The video has been removed.\n\n{quoted}")
    server.deliver(back)
    assert take() == 1
    letter = Letter.objects.get()
    assert (letter.notice_id, letter.kind) == (made.pk, Kind.REMOVED)
    assert answering.remarks(letter) == []
    answering.confirm(lead, letter, "removed")
    made.refresh_from_db()
    removal.refresh_from_db()
    assert (made.outcome, removal.next_step_at) == (Outcome.REMOVED, None)


def test_imaplib_says_no_more_than_it_may():
    assert imaplib.Debug == 0, "it would print the sign-in"
    assert ssl.create_default_context().check_hostname
