"""Web forms filled in by hand: what goes where, checked like a letter, filed once; search engines and suggested searches; the
languages and forms a centre adds."""

from __future__ import annotations

import io
import logging
import re
import shutil
import subprocess
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.cases.models import Case
from jikim_desk.config import jikim_config
from jikim_desk.notices import documents, drafting, hosts, leaving, letters, sending, sheets
from jikim_desk.notices.channels import filling, sheet_files, suggestions
from jikim_desk.notices.channels.models import Filing, Suggestion, SuggestionState
from jikim_desk.notices.faults import BadLetter, Changed, NotAllowed
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Outcome
from jikim_desk.review.models import Kind
from tests.desk.removals import begun, set_desk

NAMES = {
    "worker": "담당자박보람",
    "username": "worker-borami",
    "case": "CASE-7788",
    "note": "김하늘나래 학생 어머니 연락",
    "title": "하늘이네집 이야기 모음",
    "text": "김하늘나래가 다니는 학교",
}
WORDS = "가을 축제 사진전"
HOME = jikim_config().home


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    removal = {"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    set_desk(monkeypatch, removal=removal)


@pytest.fixture
def lead(person):
    made = person(Role.LEAD, Role.REVIEWER, name=NAMES["username"])
    made.name = NAMES["worker"]
    made.save()
    return made


@pytest.fixture
def case(team):
    made = Case(number=NAMES["case"], team=team)
    made.note = NAMES["note"]
    made.save()
    return made


@pytest.fixture
def removal(team, person, lead, case):
    return begun(team, person, title=NAMES["title"], text=NAMES["text"], case=case)


@pytest.fixture
def home():
    """Files that a centre puts into its home, gone after the test."""
    put = []

    def write(path, text):
        file = HOME / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
        put.append(file)
        return file

    yield write
    for file in put:
        file.unlink()


def chosen(lead, removal, form="platform", kind=NoticeKind.MAIL, lang="en"):
    notice = drafting.draft(removal, kind, by=lead, lang=lang)
    filling.choose(lead, notice, form, version=notice.version)
    return notice


SHEETS = sorted(name for name, one in sheet_files.sheets().items() if one.kind != sheet_files.SUGGESTION)


@pytest.mark.parametrize("form", SHEETS)
def test_every_sheet_tells_what_the_recipient_needs_and_no_name(lead, removal, form):
    sheet = sheet_files.sheet(form)
    notice = chosen(lead, removal, form, sheet.kind, sheet.lang)
    _, filled = filling.shown(lead, notice)
    whole = "\n".join(f"{one.name}\n{one.value}\n{one.help}" for one in filled)
    for needed in (removal.candidate.url, notice.number, "r@centre.example"):
        assert needed in whole
    for name in (*NAMES.values(), "김하늘나래"):
        assert name not in whole
    assert "{" not in whole


def test_a_name_that_was_typed_in_never_comes_onto_a_sheet(lead, removal):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    drafting.edit(lead, notice, subject=notice.subject, body=f"{notice.body}\n{NAMES['title']}", recipient="", version=1)
    with pytest.raises(NotAllowed):
        filling.choose(lead, notice, "platform", version=2)


def test_a_name_in_a_centres_own_form_is_refused(lead, removal, home):
    home("forms/own.toml", FORM.replace("We ask you", f"We, {NAMES['worker']}, ask you"))
    with pytest.raises(NotAllowed):
        chosen(lead, removal, "own")


def test_it_is_filed_once_with_its_receipt_and_the_clocks_begin(lead, removal, person):
    notice = chosen(lead, removal)
    assert sending.leave_due(timezone.now() + timedelta(days=30)) == 0
    filling.file(lead, notice, " 2026-11-0042 ")
    notice.refresh_from_db()
    removal.refresh_from_db()
    kept = Filing.objects.get(notice=notice)
    assert (notice.state, kept.receipt, kept.filed_by) == (NoticeState.DOWNLOADED, "2026-11-0042", lead)
    assert removal.notified_at == notice.sent_at
    with pytest.raises(Changed):
        filling.file(person(Role.REVIEWER), Notice.objects.get(pk=notice.pk), "again")
    assert Filing.objects.get(notice=notice).receipt == "2026-11-0042"
    back = drafting.withdraw(lead, notice)
    assert notice.number in back.body


def test_two_people_approve_one_draft_in_two_ways_and_one_of_them_is_told(lead, removal, person):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    mine, theirs = Notice.objects.get(pk=notice.pk), Notice.objects.get(pk=notice.pk)
    filling.choose(lead, mine, "platform", version=1)
    with pytest.raises((Changed, BadLetter)):
        drafting.approve(person(Role.REVIEWER), theirs, version=1)
    with pytest.raises(Changed):
        filling.choose(person(Role.REVIEWER), theirs, "platform", version=1)
    assert Notice.objects.get(pk=notice.pk).approved_by == lead


def test_what_was_approved_for_mail_is_not_filed_by_a_form(lead, removal):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    drafting.edit(lead, notice, subject=notice.subject, body=notice.body, recipient="a@board.example", version=1)
    drafting.approve(lead, notice, version=2)
    Filing.objects.create(notice=notice, form="platform")
    with pytest.raises(Changed):
        filling.shown(lead, notice)
    with pytest.raises(Changed):
        filling.file(lead, Notice.objects.get(pk=notice.pk), "")
    assert Notice.objects.get(pk=notice.pk).state == NoticeState.APPROVED


def test_what_was_cancelled_is_not_filed(lead, removal):
    notice = chosen(lead, removal)
    drafting.cancel(lead, notice)
    with pytest.raises(Changed):
        filling.file(lead, notice, "")
    with pytest.raises(Changed):
        filling.shown(lead, notice)


def test_a_test_chain_and_a_practice_desk_show_no_sheet(lead, removal, monkeypatch):
    notice = chosen(lead, removal)
    with monkeypatch.context() as patch:
        set_desk(patch, is_practice=True)
        with pytest.raises(NotAllowed):
            filling.shown(lead, drafting.notice_for(lead, notice.pk))
    type(removal.candidate).objects.update(is_test=True)
    with pytest.raises(NotAllowed):
        filling.shown(lead, drafting.notice_for(lead, notice.pk))
    other = drafting.draft(drafting.removal_for(lead, removal.pk), NoticeKind.MAIL, by=lead, lang="en")
    with pytest.raises(NotAllowed):
        filling.choose(lead, drafting.notice_for(lead, other.pk), "platform", version=1)


def test_a_form_for_another_kind_is_refused(lead, removal):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="en")
    for form in ("korea", "google", "naver_suggestion", "nothing"):
        with pytest.raises(BadLetter):
            filling.choose(lead, notice, form, version=1)


@pytest.mark.parametrize("receipt", ["a\nb", "a\u202eb", "x" * 61])
def test_a_receipt_number_is_one_line(lead, removal, receipt):
    notice = chosen(lead, removal)
    with pytest.raises(BadLetter):
        filling.file(lead, notice, receipt)
    assert Notice.objects.get(pk=notice.pk).state == NoticeState.APPROVED


# DMCA


def test_dmca_is_for_an_adult_who_asked_and_was_warned_alone_by_every_channel(lead, team, person, home):
    home("forms/dmca_form.toml", FORM.replace('kind = "mail"', 'kind = "dmca"'))
    child = begun(team, person, "child")
    adult = begun(team, person, "adult", kind=Kind.APPEARS_ADULT, category="support_requested")
    drafting.record_mandate(lead, adult, asked_by="person", paper="2026-11", is_warned_dmca=False)
    for one in (child, adult):
        notice = drafting.draft(one, NoticeKind.DMCA, by=lead, lang="en")
        told = {"subject": notice.subject, "body": notice.body, "recipient": "a@board.example"}
        drafting.edit(lead, notice, **told, version=1)
        for way in (
            lambda it: drafting.approve(lead, it, version=2),
            lambda it: drafting.approve_by_hand(lead, it, version=2),
            lambda it: drafting.download(lead, it, version=2),
            lambda it: filling.choose(lead, it, "dmca_form", version=2),
        ):
            with pytest.raises(NotAllowed):
                way(drafting.notice_for(lead, notice.pk))
    drafting.record_mandate(lead, adult, asked_by="person", paper="2026-12", is_warned_dmca=True)
    filling.choose(lead, drafting.notice_for(lead, notice.pk), "dmca_form", version=2)
    drafting.end_mandate(lead, adult, adult.mandates.get(is_warned_dmca=True).pk)
    with pytest.raises(NotAllowed):
        filling.shown(lead, drafting.notice_for(lead, notice.pk))


# Search engines


def test_each_search_engine_has_its_own_draft_once(lead, removal):
    hosts.keep(lead, "naver.com", kind="search", form="https://help.naver.example/form", lang="ko")
    made = filling.draft_for_engines(lead, removal)
    assert {one.filing.form: one.lang for one in made} == {"google": "en", "bing": "en", "naver": "ko", "daum": "ko"}
    assert {one.kind for one in made} == {NoticeKind.DELISTING}
    assert filling.draft_for_engines(lead, removal) == []
    naver = next(one for one in made if one.filing.form == "naver")
    assert filling.where(sheet_files.sheet("naver"), naver.host) == "https://help.naver.example/form"
    drafting.cancel(lead, naver)
    assert [one.filing.form for one in filling.draft_for_engines(lead, removal)] == ["naver"]


# Suggested searches


def entered(lead, team, **more):
    return suggestions.enter(lead, team.pk, "naver_suggestion", f" {WORDS}  ", **more)


def test_the_words_stand_on_the_sheet_alone(lead, team, signed_in, caplog):
    caplog.set_level(logging.DEBUG)
    client = signed_in(Role.REVIEWER)
    client.post("/channels/suggestions/enter", {"form": "naver_suggestion", "words": WORDS})
    one = Suggestion.objects.get()
    for path in ("/channels/suggestions/", f"/channels/suggestions/{one.pk}/", "/channels/"):
        assert WORDS not in client.get(path).content.decode()
    sheet = client.post(f"/channels/suggestions/{one.pk}/sheet").content.decode()
    assert WORDS in sheet
    assert one.number in sheet
    assert one.words == WORDS
    assert WORDS.encode() not in bytes(one.words_sealed)
    written = "\n".join(Entry.objects.values_list("facts", flat=True)) + caplog.text
    assert WORDS not in written
    assert "suggestion_shown" in written


def test_it_is_filed_looked_for_and_closed_on_its_days(lead, team):
    one = entered(lead, team)
    assert (one.state, one.words) == (SuggestionState.OPEN, WORDS)
    suggestions.file(lead, one, "N-7")
    assert (one.state, one.receipt, one.due_at - one.filed_at) == (SuggestionState.FILED, "N-7", timedelta(days=7))
    with pytest.raises(Changed):
        suggestions.file(lead, Suggestion.objects.get(pk=one.pk), "again")
    suggestions.looked(lead, one, is_gone=False)
    assert one.state == SuggestionState.OPEN
    suggestions.file(lead, one, "N-8")
    suggestions.looked(lead, one, is_gone=True)
    assert (one.state, one.due_at - one.gone_at) == (SuggestionState.CLEAN, timedelta(days=7))
    for days, left in ((8, 30), (31, 90)):
        Suggestion.objects.update(gone_at=timezone.now() - timedelta(days=days))
        one.refresh_from_db()
        suggestions.looked(lead, one, is_gone=True)
        assert one.due_at - one.gone_at == timedelta(days=left)
    Suggestion.objects.update(gone_at=timezone.now() - timedelta(days=91))
    one.refresh_from_db()
    suggestions.looked(lead, one, is_gone=True)
    assert (one.state, one.due_at) == (SuggestionState.CLOSED, None)
    assert one.looks.count() == 5
    with pytest.raises(Changed):
        suggestions.looked(lead, one, is_gone=False)


def test_an_adults_needs_the_paper_and_another_team_sees_nothing(lead, team, person):
    with pytest.raises(BadLetter):
        entered(lead, team, is_adult=True)
    one = entered(lead, team, is_adult=True, paper="2026-11-3")
    stranger = person(Role.REVIEWER, in_team=type(team).objects.create(name="other"))
    with pytest.raises(suggestions.Http404):
        suggestions.suggestion_for(stranger, one.pk)
    with pytest.raises(suggestions.PermissionDenied):
        entered(stranger, team)


@pytest.mark.parametrize("words", ["", " ", "x" * 101, "a\u202eb"])
def test_what_is_no_suggestion_is_refused(lead, team, words):
    with pytest.raises(BadLetter):
        suggestions.enter(lead, team.pk, "naver_suggestion", words)
    with pytest.raises(BadLetter):
        suggestions.enter(lead, team.pk, "naver", WORDS)


def test_a_practice_desk_files_no_suggestion(lead, team, monkeypatch):
    one = entered(lead, team)
    set_desk(monkeypatch, is_practice=True)
    with pytest.raises(NotAllowed):
        suggestions.shown(lead, one)
    with pytest.raises(NotAllowed):
        suggestions.file(lead, one, "")


# Languages and forms of a centre

FORM = """
title = { ko = "우리 양식", en = "Our form" }
kind = "mail"
lang = "en"

[[field]]
name = "Links"
value = "{addresses}"

[[field]]
name = "Text"
value = "We ask you to act. {organisation}, {mailbox}, {number}"
most = 40
"""


def german():
    english = (letters.added.Path(letters.added.__file__).with_name("en.toml")).read_text("utf-8")
    return '[language]\nname = "Deutsch"\n\n' + english.replace("Removal request", "Bitte um Löschung")


def test_a_language_of_the_centre_is_used_like_any_other(lead, removal, home, signed_in):
    home("letters/de.toml", german())
    assert letters.every_language()[-1] == "de"
    assert letters.broken() == []
    notice = drafting.draft(removal, NoticeKind.MAIL, by=lead, lang="de")
    assert notice.subject.startswith("Bitte um Löschung")
    drafting.approve_by_hand(lead, notice, version=1)
    client = signed_in(Role.REVIEWER)
    page = client.get("/channels/languages/").content.decode()
    assert "Deutsch" in page
    assert "Bitte um Löschung" in client.get("/channels/languages/de/").content.decode()
    assert "Deutsch" in client.get(f"/removals/{removal.pk}/").content.decode()
    assert documents.pdf("sheet", sheets.letter(notice, "Test"))[:5] == b"%PDF-"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("de", ('[language]\nname = "Deutsch"\n', ""), "[language] is missing"),
        ("de", ("[mail]", "[mial]"), "[mail] is missing"),
        ("de", ("[dmca]", "[dcma]"), "[dcma] is none of"),
        ("de", ('subject = "Bitte um Löschung {number}"', 'subject = "Bitte"'), "[mail] subject: {number} is missing"),
        ("de", ("Bitte um Löschung {number}", "Bitte {number} {mailbox}"), "{mailbox} does not belong there"),
        ("de", ("Bitte um Löschung {number}", "Bitte {number.real}"), "only a name stands in braces"),
        ("de", ("Bitte um Löschung {number}", "Bitte {number"), "expected '}'"),
        ("de", ("Bitte um Löschung {number}", "Bitte {case}"), "{case} is none of"),
        ("de", ("Bitte um Löschung {number}", "Bitte\u202e {number}"), "invisible"),
        ("de", ("greeting", "greting"), "greeting is missing"),
        ("de", ("[mail]", "[mail"), "Expected"),
        ("ja", ("", ""), "two letters"),
        ("deu", ("", ""), "two letters"),
    ],
)
def test_a_wrong_language_is_not_used_and_said_in_one_line(home, signed_in, name, change, said):
    home(f"letters/{name}.toml", german().replace(*change, 1) if change[0] else german())
    assert letters.every_language() == letters.LANGUAGES
    (wrong,) = letters.broken()
    assert wrong.file == f"{name}.toml"
    assert said in str(wrong.refused)
    assert "\n" not in str(wrong.refused)
    assert f"{name}.toml" in signed_in(Role.LEAD).get("/channels/languages/").content.decode()


def test_a_form_of_the_centre_is_used_and_too_long_a_value_told(lead, removal, home):
    home("forms/own.toml", FORM)
    notice = chosen(lead, removal, "own")
    _, (links, text) = filling.shown(lead, notice)
    assert links.value.startswith(removal.candidate.url)
    assert text.over == len(text.value) - 40


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('kind = "mail"', 'kind = "none"'), "kind"),
        (('lang = "en"', 'lang = "xx"'), "lang"),
        (("{addresses}", "{case}"), "case"),
        (("{addresses}", "{body.__class__}"), "body.__class__"),
        (('name = "Links"', ""), "name"),
        (('ko = "우리 양식", ', ""), "ko"),
        (("[[field]]", "[[felt]]"), "felt"),
    ],
)
def test_a_wrong_form_is_not_used_and_said_in_one_line(home, change, said):
    home("forms/own.toml", FORM.replace(*change))
    assert "own" not in sheet_files.sheets()
    (wrong,) = sheet_files.broken()
    assert said in str(wrong.refused)
    assert "\n" not in str(wrong.refused)


# Paper and pages


@pytest.mark.parametrize("lang", letters.LANGUAGES)
def test_a_letter_is_printed_in_each_language(signed_in, removal, lang):
    client = signed_in(Role.REVIEWER, Role.LEAD)
    notice = drafting.draft(removal, NoticeKind.MAIL, by=client.user, lang=lang)
    drafting.download(client.user, notice, version=1)
    answer = client.post(f"/outbox/{notice.pk}/file", {"as": "pdf"})
    assert answer.content[:5] == b"%PDF-"
    whole = pdf_words(answer.content)
    assert notice.number in whole
    for name in (*NAMES.values(), "하늘이네집"):
        assert name not in whole


def test_letters_that_no_font_has_are_said_and_the_text_is_still_there(signed_in, removal):
    client = signed_in(Role.REVIEWER, Role.LEAD)
    notice = drafting.draft(removal, NoticeKind.MAIL, by=client.user, lang="en")
    drafting.edit(client.user, notice, subject=notice.subject, body=notice.body + "\n\u0e01\u0e02", recipient="", version=1)
    drafting.download(client.user, notice, version=2)
    answer = client.post(f"/outbox/{notice.pk}/file", {"as": "pdf"}, follow=True)
    assert answer.redirect_chain
    assert [str(one) for one in answer.context["messages"]]
    assert "\u0e01" in client.post(f"/outbox/{notice.pk}/file").content.decode()
    other = drafting.draft(removal, NoticeKind.MAIL, by=client.user, lang="en")
    drafting.edit(client.user, other, subject=other.subject, body=other.body + "\n\u0e01\u0e02", recipient="", version=1)
    filling.choose(client.user, other, "platform", version=2)
    answer = client.post(f"/outbox/{other.pk}/sheet/file", follow=True)
    assert answer.redirect_chain


def pdf_words(content):
    """The document's words and properties."""
    tools = (["pdftotext", "-", "-"], ["pdfinfo", "-meta", "-"], ["pdfinfo", "-"])
    return "\n".join(subprocess.run(tool, input=content, check=True, capture_output=True).stdout.decode() for tool in tools)


def test_the_whole_way_of_a_form_on_the_pages(signed_in, removal, case):
    client = signed_in(Role.REVIEWER, Role.LEAD)
    client.post(f"/removals/{removal.pk}/engines")
    assert Notice.objects.count() == 4
    notice = Notice.objects.get(filing__form="naver")
    page = client.get(f"/outbox/{notice.pk}/").content.decode()
    assert re.search(r'value="naver" selected', page)
    sent = {"subject": notice.subject, "body": notice.body, "recipient": "", "version": 1, "then": "sheet", "form": "naver"}
    client.post(f"/outbox/{notice.pk}/edit", sent)
    for lang in ("ko", "en"):
        answer = client.post(f"/outbox/{notice.pk}/sheet", headers={"accept-language": lang})
        page = answer.content.decode()
        assert removal.candidate.url in page
        assert "readonly" in page
        assert "<script>" not in page
        for name in (*NAMES.values(), "하늘이네집"):
            assert name not in page
        printed = client.post(f"/outbox/{notice.pk}/sheet/file", headers={"accept-language": lang})
        assert printed["Content-Disposition"] == f'attachment; filename="sheet-{notice.number}.pdf"'
        assert printed.content[:5] == b"%PDF-"
    client.post(f"/outbox/{notice.pk}/filed", {"receipt": "N-1"})
    page = client.get(f"/outbox/{notice.pk}/").content.decode()
    assert "N-1" in page
    client.post(f"/outbox/{notice.pk}/answer", {"outcome": "removed"})
    assert Notice.objects.get(pk=notice.pk).outcome == Outcome.REMOVED
    assert client.get("/calendar/").status_code == client.get("/outbox/").status_code == 200


def test_what_a_sheet_refuses_is_said_on_the_notice(signed_in, removal):
    client = signed_in(Role.REVIEWER, Role.LEAD)
    notice = drafting.draft(removal, NoticeKind.MAIL, by=client.user, lang="en")
    answer = client.post(f"/outbox/{notice.pk}/sheet", follow=True)
    assert answer.redirect_chain[-1][0] == f"/outbox/{notice.pk}/"
    assert [str(one) for one in answer.context["messages"]]
    leaving.check(removal, NoticeKind.MAIL)


def test_the_calendar_shows_what_is_to_be_handed_in_and_looked_for_without_words(signed_in, team, removal):
    client = signed_in(Role.REVIEWER, Role.LEAD)
    notice = chosen(client.user, removal)
    one = entered(client.user, team)
    for lang in ("ko", "en"):
        page = client.get("/calendar/", headers={"accept-language": lang}).content.decode()
        assert f"/outbox/{notice.pk}/" in page
        assert f"/channels/suggestions/{one.pk}/" in page
        assert WORDS not in page
    filling.file(client.user, notice, "")
    suggestions.close(client.user, one)
    page = client.get("/calendar/").content.decode()
    assert notice.number not in page
    assert one.number not in page


def test_no_planted_name_leaves_by_any_of_these_channels(lead, team, person, case, removal, signed_in, caplog, monkeypatch):
    from jikim_desk.notices.channels import bulk

    caplog.set_level(logging.DEBUG)
    client = signed_in(Role.REVIEWER, Role.LEAD)
    left = []
    told = {"title": NAMES["title"], "text": NAMES["text"], "case": case}
    for name in ("two", "three"):
        request = drafting.draft(begun(team, person, name, **told), NoticeKind.REGULATOR, by=lead, lang="ko")
        bulk.collect(lead, request, version=1)
    file, _ = bulk.make(lead, team.pk)
    for kind in bulk.KINDS:
        left.append(client.post(f"/channels/bulk/{file.pk}/file", {"as": kind}))
    for form in SHEETS:
        notice = chosen(lead, removal, form, sheet_files.sheet(form).kind, sheet_files.sheet(form).lang)
        left.append(client.post(f"/outbox/{notice.pk}/sheet"))
        left.append(client.post(f"/outbox/{notice.pk}/sheet/file"))
        filling.file(lead, notice, "")
        back = drafting.withdraw(lead, Notice.objects.get(pk=notice.pk))
        drafting.download(lead, back, version=1)
        left.append(client.post(f"/outbox/{back.pk}/file", {"as": "pdf"}))
    left.append(client.post(f"/channels/suggestions/{entered(lead, team).pk}/sheet"))
    assert len(left) == 2 + 3 * len(SHEETS) + 1
    for answer in left:
        assert answer.status_code == 200
        whole = f"{answer.headers}\n{read_whole(answer.content)}"
        for name in (*NAMES.values(), "김하늘나래", "하늘이네집", str(case.pk), removal.pk[:8]):
            assert name not in whole.replace(f"/outbox/{removal.pk}", ""), (name, answer.headers)
    for name in (*NAMES.values(), "김하늘나래", "하늘이네집"):
        assert name not in "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("jikim"))


def read_whole(content):
    """What somebody can read in a file, its names and properties included."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "\n".join([*packed.namelist(), *(packed.read(name).decode() for name in packed.namelist())])
    if content[:5] == b"%PDF-":
        return pdf_words(content) if shutil.which("pdftotext") else ""
    return content.decode("utf-8-sig")


def test_the_sheet_of_the_host_is_offered_first_then_one_in_the_language_of_the_letter(home):
    home("forms/zz_board.toml", FORM.replace('lang = "en"', 'lang = "en"\nhost = "board.example"'))
    assert sheet_files.likeliest(NoticeKind.MAIL, "ko", "board.example") == "zz_board"
    assert sheet_files.likeliest(NoticeKind.MAIL, "ko", "") == "platform_ko"
    assert sheet_files.likeliest(NoticeKind.MAIL, "en", "other.example") == "platform"
    assert sheet_files.likeliest(NoticeKind.POLICE, "ko", "") == ""
