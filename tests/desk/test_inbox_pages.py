"""The pages of the inbox: words alone, marks for what to beware of, and a person who says what each letter is."""

import pytest
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import sending
from jikim_desk.notices.inbox import answering, classifying, holding, joining, origin, reading, taking
from jikim_desk.notices.inbox.models import Kind, Letter, LetterState, Mailbox
from jikim_desk.notices.models import Notice, NoticeState, Outcome, Removal
from jikim_desk.sealing import vault
from jikim_desk.words import catalogue
from tests.desk.removals import begun, set_desk

SECRET = "haneul"


@pytest.fixture(scope="module", autouse=True)
def engine():
    """The tables of the job engine, which the first page reads."""
    flows.prepare()


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    removal = {"organisation": "시험 지원센터", "mailbox": "r@centre.example", "imap_host": "localhost", "imap_user": "r"}
    set_desk(monkeypatch, removal=removal)


@pytest.fixture
def removal(team, person):
    return begun(team, person)


@pytest.fixture
def lead(signed_in):
    return signed_in(Role.REVIEWER, Role.LEAD)


@pytest.fixture
def notice(lead, removal):
    lead.post(f"/removals/{removal.pk}/draft", {"kind": "mail", "lang": "en"})
    made = Notice.objects.get()
    made.recipient = "abuse@board.example"
    made.state, made.sent_at = NoticeState.SENT, timezone.now()
    made.save()
    return made


def kept(content, uid=1):
    """A letter as the reader of the mailbox keeps it."""
    mailbox, _ = Mailbox.objects.get_or_create(
        pk=taking.ref_of(taking.desk_config().removal), defaults={"next_at": timezone.now()}
    )
    mail = reading.read(content)
    letter = Letter(mailbox=mailbox, uidvalidity=1, uid=uid, taken_at=timezone.now(), arrived_at=timezone.now())
    letter.size_bytes, letter.content_ref = len(content), f"{uid}"
    taking._fill(letter, mail, list(mail.marks), taking.desk_config().removal)
    letter.save(force_insert=True)
    return letter


def written(notice=None, text="The content has been removed.", *more, sender="help@board.example", subject="Re: removal"):
    lines = [
        f"From: {sender}",
        f"Subject: {subject}",
        "Message-ID: <1@board.example>",
        "Content-Type: text/plain; charset=utf-8",
    ]
    lines += [f"In-Reply-To: {sending.message_id(notice)}"] if notice else []
    return "\r\n".join([*lines, *more, "", text]).encode()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_both_pages_are_shown(lead, notice, lang):
    letter = kept(written(notice))
    loose = kept(written(text="hello"), uid=2)
    for url in ("/inbox/", "/inbox/?state=all", f"/inbox/{letter.pk}/", f"/inbox/{loose.pk}/", f"/outbox/{notice.pk}/", "/"):
        answer = lead.get(url, headers={"accept-language": lang})
        assert answer.status_code == 200, url
        assert len(answer.content) < 100_000
    page = lead.get(f"/inbox/{letter.pk}/", headers={"accept-language": lang}).content.decode()
    assert "has been removed" in page
    assert notice.number in page


def test_markup_is_shown_as_words_and_nothing_is_loaded(lead, notice):
    text = '<img src="https://tracker.example/x.png"><script>alert(1)</script> https://evil.example/ \u202eevil'
    letter = kept(written(notice, text, sender='"<b>x</b>" <a@board.example>', subject="<script>\u202e1"))
    for url in ("/inbox/", f"/inbox/{letter.pk}/"):
        page = lead.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert 'href="https://evil' not in page
        assert "\u202e" not in page
    assert "\\u202eevil" in page


def test_a_person_confirms_and_the_ladder_rests(lead, notice, removal):
    Removal.objects.update(next_step_at=timezone.now())
    letter = kept(written(notice))
    answer = lead.post(f"/inbox/{letter.pk}/confirm", {"outcome": "removed"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/inbox/"
    notice.refresh_from_db()
    assert notice.outcome == Outcome.REMOVED
    assert Removal.objects.get().next_step_at is None
    again = lead.post(f"/inbox/{letter.pk}/confirm", {"outcome": "refused"}, follow=True)
    assert [str(one) for one in again.context["messages"]] == [catalogue()["inbox.changed"].ko]
    notice.refresh_from_db()
    assert notice.outcome == Outcome.REMOVED


@pytest.mark.parametrize("sent", [{}, {"outcome": "nonsense"}, {"outcome": "auto"}])
def test_nonsense_changes_nothing(lead, notice, sent):
    letter = kept(written(notice))
    assert lead.post(f"/inbox/{letter.pk}/confirm", sent).status_code == 302
    letter.refresh_from_db()
    assert letter.state == LetterState.WAITING


def test_a_letter_that_belongs_to_none_is_joined_by_hand(lead, signed_in, notice):
    letter = kept(written(sender="stranger@elsewhere.example"))
    assert signed_in(Role.REVIEWER).get(f"/inbox/{letter.pk}/").status_code == 404
    lead.post(f"/inbox/{letter.pk}/confirm", {"outcome": "removed"})
    letter.refresh_from_db()
    assert letter.state == LetterState.WAITING
    lead.post(f"/inbox/{letter.pk}/attach", {"number": "2222222222"})
    lead.post(f"/inbox/{letter.pk}/attach", {"number": notice.number})
    letter.refresh_from_db()
    assert letter.notice == notice
    assert "다른 발신처" in lead.get("/inbox/").content.decode()
    lead.post(f"/inbox/{letter.pk}/confirm", {"outcome": "asks"})
    notice.refresh_from_db()
    assert notice.outcome == Outcome.ASKS


def test_automatic_letters_are_set_aside_at_once_and_nothing_else(lead, notice):
    receipt = kept(written(notice, "We have received your request."))
    vacation = kept(written(notice, "I am away.", "Auto-Submitted: auto-replied"), uid=2)
    claims = kept(written(notice, "The content has been removed.", "Auto-Submitted: auto-generated"), uid=3)
    real = kept(written(notice, "The content has been removed."), uid=4)
    page = lead.get("/inbox/").content.decode()
    assert catalogue()["inbox.set_aside"].ko.format(count=2) in page
    lead.post("/inbox/set-aside", {"letter": [one.pk for one in (receipt, vacation, claims, real)] + ["nobodys"]})
    done = set(Letter.objects.filter(state=LetterState.CONFIRMED).values_list("pk", "confirmed"))
    assert done == {(receipt.pk, "none"), (vacation.pk, "none")}
    notice.refresh_from_db()
    assert notice.outcome == Outcome.NONE


def test_an_answer_shows_that_an_unknown_notice_left(lead, notice):
    Notice.objects.update(state=NoticeState.UNKNOWN)
    letter = kept(written(notice))
    assert catalogue()["inbox.remark.it_left"].ko in lead.get(f"/inbox/{letter.pk}/").content.decode()


def test_somebody_of_another_team_sees_nothing(signed_in, notice, team):
    letter = kept(written(notice, f"{SECRET} has been removed"))
    stranger = signed_in(Role.REVIEWER, Role.LEAD, in_team=type(team).objects.create(name="other"))
    assert stranger.get(f"/inbox/{letter.pk}/").status_code == 404
    assert stranger.post(f"/inbox/{letter.pk}/confirm", {"outcome": "removed"}).status_code == 404
    assert letter.pk not in stranger.get("/inbox/?state=all").content.decode()


def with_document(notice):
    lines = [
        f"In-Reply-To: {sending.message_id(notice)}",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        'Content-Type: application/pdf; name="../../haneul.pdf"',
        "",
        "%PDF-1.7 x",
        "--b--",
        "",
    ]
    return kept("\r\n".join(lines).encode())


def test_a_document_is_held_by_the_case_that_its_find_comes_to_belong_to(notice, removal, team):
    letter = with_document(notice)
    assert holding.to_hold() == []
    case = Case.objects.create(number="A-9", team=team)
    type(removal.candidate).objects.update(case=case)
    (waiting,) = holding.to_hold()
    holding.hold_for_case(waiting)
    assert holding.to_hold() == []
    vault().destroy_holder(letter.holder)
    letter.refresh_from_db()
    assert vault().read(letter.told["attached"][0]["blob"]) == b"%PDF-1.7 x"


def test_a_document_whose_day_was_destroyed_holds_up_no_other(notice, removal, team):
    letter = with_document(notice)
    type(removal.candidate).objects.update(case=Case.objects.create(number="A-9", team=team))
    vault().destroy_holder(letter.holder)
    assert holding.to_hold() == []


def test_an_attached_document_is_handed_out_under_no_name_of_its_own(lead, signed_in, notice):
    letter = with_document(notice)
    answer = lead.post(f"/inbox/{letter.pk}/file/0")
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.7 x", "application/octet-stream")
    assert answer["Content-Disposition"] == f'attachment; filename="mail-{letter.pk[:8]}-1.bin"'
    assert lead.get(f"/inbox/{letter.pk}/file/0").status_code == 405
    assert lead.post(f"/inbox/{letter.pk}/file/1").status_code == 404
    assert signed_in(Role.REVIEWER).post(f"/inbox/{letter.pk}/file/0").status_code == 403


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_says_what_is_wrong_with_the_mailbox(lead, notice, lang, monkeypatch):
    def shown(url="/inbox/"):
        return lead.get(url, headers={"accept-language": lang}).content.decode()

    assert getattr(catalogue()["inbox.not_read"], lang) in shown()
    mailbox = Mailbox(pk=taking.ref_of(taking.desk_config().removal), next_at=timezone.now(), failing_since=timezone.now())
    mailbox.fault_key, mailbox.said = "inbox.fault.not_signed_in", "AUTHENTICATIONFAILED <b>"
    mailbox.save()
    said = getattr(catalogue()["inbox.fault.not_signed_in"], lang)
    assert said in shown()
    assert "AUTHENTICATIONFAILED &lt;b&gt;" in shown()
    assert said in shown("/")
    set_desk(monkeypatch, removal={"imap_host": ""})
    assert "imap_password_file" in shown()


def test_every_word_a_letter_can_need_exists():
    known = set(catalogue())
    for kind in Kind.values:
        assert f"inbox.kind.{kind}" in known
    for outcome in (*answering.OUTCOMES, "none"):
        assert f"inbox.outcome.{outcome}" in known
    for proof in origin.Proof:
        assert f"inbox.proof.{proof}" in known
    assert joining.OUTSIDE
    assert classifying.classify(reading.read(b"x: y\r\n\r\n")).kind == Kind.UNKNOWN
