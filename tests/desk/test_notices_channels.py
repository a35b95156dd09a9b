"""The commission's bulk file and its bulk replies: collected, made, answered, matched row by row, applied once."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis.strategies import data, integers, sampled_from
from openpyxl import Workbook, load_workbook

from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.cases.models import Case
from jikim_desk.config import jikim_config
from jikim_desk.notices import drafting, rounds
from jikim_desk.notices.channels import bulk, matching, replies, spreadsheet
from jikim_desk.notices.channels.models import BulkFile, Filing, Reply, ReplyState, Result
from jikim_desk.notices.faults import BadLetter, Changed, NotAllowed
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Outcome, Removal
from jikim_desk.review import news
from tests.desk.removals import begun, set_desk

NAMES = {
    "worker": "담당자박보람",
    "username": "worker-borami",
    "case": "CASE-7788",
    "note": "김하늘나래 학생 어머니 연락",
    "title": "하늘이네집 이야기 모음",
    "text": "김하늘나래가 다니는 학교",
}


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    removal = {"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    set_desk(monkeypatch, removal=removal)
    return lambda **more: set_desk(monkeypatch, removal={**removal, **more})


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


def collected(lead, team, person, name="one", **told):
    removal = begun(team, person, name, **told)
    notice = drafting.draft(removal, NoticeKind.REGULATOR, by=lead, lang="ko")
    bulk.collect(lead, notice, version=notice.version)
    return notice


@pytest.fixture
def three(lead, team, person, case):
    told = {"title": NAMES["title"], "text": NAMES["text"], "case": case}
    return [collected(lead, team, person, name, **told) for name in ("one", "two", "three")]


@pytest.fixture
def filed(lead, team, three):
    file, left_out = bulk.make(lead, team.pk)
    assert left_out == []
    return file


def sheet_of(content):
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).active.iter_rows()]


def table(rows, encoding="utf-8", delimiter=","):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode(encoding)


def workbook(rows):
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


HEAD = ["관리번호", "URL", "처리결과", "사유", "접수번호"]


# The file


def test_what_was_approved_stands_in_one_file_in_the_order_of_random_numbers(lead, three, filed):
    content, left_out = bulk.content(lead, filed, "xlsx")
    head, *rows = sheet_of(content)
    assert left_out == []
    assert head == filed.heads
    numbers = [row[head.index("관리번호")] for row in rows]
    assert numbers == sorted(one.number for one in three)
    assert {row[head.index("URL")] for row in rows} == {one.removal.candidate.url for one in three}
    for notice in Notice.objects.all():
        assert (notice.state, notice.approved_by) == (NoticeState.DOWNLOADED, lead)
        assert notice.removal.notified_at == notice.sent_at
        assert notice.filing.bulk == filed
        assert notice.filing.filed_by == lead
    as_csv = list(csv.reader(io.StringIO(bulk.content(lead, filed, "csv")[0].decode("utf-8-sig"))))
    assert as_csv == [head, *([value or "" for value in row] for row in rows)]


def test_what_was_approved_for_the_file_never_leaves_by_mail(lead, three):
    from jikim_desk.notices import sending

    assert sending.leave_due(timezone.now() + timedelta(days=365)) == 0
    assert {one.state for one in Notice.objects.all()} == {NoticeState.APPROVED}


def test_no_planted_name_stands_in_a_file_or_its_properties(lead, filed):
    for kind in bulk.KINDS:
        content, _ = bulk.content(lead, filed, kind)
        whole = content.decode("utf-8-sig") if kind == "csv" else unpacked(content)
        for name in (*NAMES.values(), "김하늘나래", "openpyxl"):
            assert name not in whole, (kind, name)


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join([*packed.namelist(), *(packed.read(name).decode() for name in packed.namelist())])


def test_the_record_of_it_names_nobody_and_no_address(lead, filed):
    bulk.content(lead, filed, "csv")
    written = "\n".join(Entry.objects.values_list("facts", flat=True))
    for word in (*NAMES.values(), "board.example", "r@centre.example"):
        assert word not in written


def test_a_file_is_made_once_by_whoever_was_first(lead, team, person, three):
    other = person(Role.REVIEWER)
    bulk.make(lead, team.pk)
    with pytest.raises(BadLetter):
        bulk.make(other, team.pk)
    assert BulkFile.objects.count() == 1


def test_somebody_who_cancels_in_that_moment_takes_it_out(lead, team, three, monkeypatch):
    cancelled = three[0]
    real = bulk.facts.check

    def check(notice, values):
        real(notice, values)
        if notice.pk == cancelled.pk:
            drafting.cancel(lead, Notice.objects.get(pk=notice.pk))

    monkeypatch.setattr(bulk.facts, "check", check)
    file, left_out = bulk.make(lead, team.pk)
    assert (len(file.rows), left_out) == (2, [])
    assert Notice.objects.get(pk=cancelled.pk).state == NoticeState.CANCELLED


def test_a_test_chain_is_left_out_and_said(lead, team, three):
    type(three[0].removal.candidate).objects.filter(pk=three[0].removal_id).update(is_test=True)
    file, (left,) = bulk.make(lead, team.pk)
    assert (left.number, left.refused.key) == (three[0].number, "notices.test_chain")
    assert three[0].number not in {row["number"] for row in file.rows}
    assert Notice.objects.get(pk=three[0].pk).state == NoticeState.APPROVED


def test_a_practice_desk_makes_no_file(lead, team, three, monkeypatch):
    set_desk(monkeypatch, is_practice=True)
    with pytest.raises(NotAllowed, match="test chain"):
        bulk.make(lead, team.pk)


def test_what_was_withdrawn_held_or_reopened_is_no_longer_in_the_file(lead, team, three, filed):
    drafting.withdraw(lead, Notice.objects.get(pk=three[0].pk))
    news.reopen_as_lead(lead, three[1].removal_id)
    content, left_out = bulk.content(lead, filed, "xlsx")
    assert {one.number: one.refused.key for one in left_out} == {
        three[0].number: "channels.withdrawn",
        three[1].number: "notices.not_confirmed",
    }
    assert [row[1] for row in sheet_of(content)[1:]] == [three[2].number]


def test_only_requests_to_the_commission_are_collected(lead, team, person):
    notice = drafting.draft(begun(team, person), NoticeKind.MAIL, by=lead, lang="ko")
    with pytest.raises(BadLetter):
        bulk.collect(lead, notice, version=1)


def test_a_cell_never_becomes_a_formula():
    texts = ["=1+1", "+82-2-123", "-1", "@SUM(A1)", "\t=1", "a=1"]
    content = spreadsheet.xlsx("x", ["head"], [[text] for text in texts])
    book = load_workbook(io.BytesIO(content))
    assert [cell.data_type for (cell,) in book.active.iter_rows()] == ["s"] * 7
    assert "<f>" not in unpacked(content)
    written = list(
        csv.reader(io.StringIO(spreadsheet.comma_separated(["head"], [[text] for text in texts]).decode("utf-8-sig")))
    )
    assert [row[0][0] for row in written[1:]] == ["'", "'", "'", "'", "'", "a"]


def test_a_centres_own_form_is_used_and_a_wrong_one_said_in_a_line(lead, team, three):
    own = jikim_config().home / "commission.toml"
    read = (bulk.commission.Path(bulk.commission.__file__).with_name("commission.toml")).read_text()
    try:
        own.write_text(read.replace('name = "연번"', 'name = "순번"'))
        file, _ = bulk.make(lead, team.pk)
        assert file.heads[0] == "순번"
        changes = [("{number}", "{case}"), ("[words]", "[word]"), ("{line}", "{line.__class__}"), ("[[column]]", "x = ")]
        for change in changes:
            own.write_text(read.replace(*change))
            with pytest.raises(BadLetter, match=r"commission\.toml") as told:
                bulk.commission.form()
            assert "\n" not in str(told.value)
    finally:
        own.unlink(missing_ok=True)


# The reply


def answer(lead, team, content):
    return replies.take_in(lead, team.pk, content)


def verdicts(reply):
    return [(row.line, row.verdict, row.why) for row in replies.rows_of(reply)]


WRITTEN = {
    "cp949": lambda rows: table(rows, "cp949"),
    "euc-kr": lambda rows: table(rows, "euc-kr", "\t"),
    "utf-8": table,
    "utf-8-sig": lambda rows: table(rows, "utf-8-sig", ";"),
    "utf-16": lambda rows: table(rows, "utf-16"),
    "xlsx": workbook,
}


@pytest.mark.parametrize("make", WRITTEN.values(), ids=WRITTEN)
def test_a_reply_is_shown_first_and_applied_in_one_step(lead, team, three, filed, make):
    removed, refused, asks = three
    rows = [
        ["심의 결과 회신", "", "", "", ""],
        HEAD,
        [removed.number, removed.removal.candidate.url, "시정요구(삭제)", "", "접수-1"],
        [refused.number.lower(), "", " 각 하 ", "유통되지 않는 정보", "접수-2"],
        ["", asks.removal.candidate.url, "보완요청", "채증 자료가 없습니다", "접수-3"],
    ]
    reply = answer(lead, team, make(rows))
    assert (reply.to_change, reply.unchanged, reply.skipped) == (3, 0, 0)
    assert set(Notice.objects.values_list("outcome", flat=True)) == {""}
    replies.apply(lead, reply)
    assert (reply.state, reply.changed, reply.overtaken, reply.applied_by) == (ReplyState.APPLIED, 3, 0, lead)
    outcomes = {one.pk: one.outcome for one in Notice.objects.all()}
    assert outcomes == {removed.pk: Outcome.REMOVED, refused.pk: Outcome.REFUSED, asks.pk: Outcome.ASKS}
    now = timezone.now()
    steps = {one.pk: one.next_step_at for one in Removal.objects.all()}
    assert steps[removed.removal_id] is steps[asks.removal_id] is None
    assert steps[refused.removal_id] <= now
    assert Removal.objects.get(pk=removed.removal_id).next_recheck_at <= now
    kept = Filing.objects.get(notice=refused)
    assert (kept.receipt, kept.reason, kept.result) == ("접수-2", "유통되지 않는 정보", Result.REFUSED)
    with pytest.raises(Changed):
        replies.apply(lead, Reply.objects.get(pk=reply.pk))


def test_columns_in_another_order_under_other_names_and_missing_ones(lead, team, three, filed):
    rows = [
        ["비 고", "심의결과", "모르는 열", "요청 번호"],
        ["", "접속차단", "x", three[0].number],
        ["", "처리중", "x", three[1].number],
    ]
    reply = answer(lead, team, table(rows))
    assert reply.to_change == 2
    before = Removal.objects.get(pk=three[0].removal_id).next_step_at
    replies.apply(lead, reply)
    blocked = Notice.objects.get(pk=three[0].pk)
    assert (blocked.outcome, blocked.filing.result) == ("", Result.BLOCKED)
    removal = Removal.objects.get(pk=three[0].removal_id)
    assert removal.next_step_at == before
    assert removal.next_recheck_at <= timezone.now()


@pytest.mark.parametrize("rows", [[["관리번호", "URL"], ["A", "b"]], [["처리결과", "비고"], ["삭제", ""]], [["x"] * 3]])
def test_without_the_needed_columns_it_is_said_which(lead, team, filed, rows):
    with pytest.raises(BadLetter, match="관리번호"):
        answer(lead, team, table(rows))
    assert Reply.objects.count() == 0


def test_rows_that_cannot_be_used_are_passed_over_and_told_by_line(lead, team, three, filed):
    one, two, three_ = three
    rows = [
        HEAD,
        ["ZZZZZZZZZZ", "", "삭제", "", ""],
        ["", "https://board.example/other", "삭제", "", ""],
        ["", "", "삭제", "", "접수-99"],
        ["", "", "삭제", "", ""],
        [one.number, "", "", "", ""],
        [one.number, "", "모르는 말", "", ""],
        [one.number, two.removal.candidate.url, "삭제", "", ""],
        ["=HYPERLINK(1)", "", "삭제", "", ""],
        [two.number, "", "삭제", "", ""],
        [two.number, "", "삭제", "", ""],
        [three_.number, "", "삭제", "", ""],
        [three_.number, "", "각하", "", ""],
        ["", "http://[nonsense", "삭제", "", ""],
        [],
        [one.number],
    ]
    reply = answer(lead, team, table(rows))
    assert [(line, why.removeprefix("channels.row.")) for line, _, why in verdicts(reply)] == [
        (2, "unknown_number"),
        (3, "unknown_address"),
        (4, "unknown_receipt"),
        (5, "no_number"),
        (6, "no_result"),
        (7, "unknown_result"),
        (8, "does_not_fit"),
        (9, "formula"),
        (10, ""),
        (11, "twice"),
        (12, "contradicts"),
        (13, "contradicts"),
        (14, "unknown_address"),
        (16, "no_result"),
    ]
    assert (reply.to_change, reply.skipped) == (1, 13)
    replies.apply(lead, reply)
    assert [one.pk for one in Notice.objects.exclude(outcome="")] == [two.pk]


def test_a_formula_in_a_workbook_is_never_believed(lead, team, three, filed):
    reply = answer(lead, team, workbook([HEAD, [three[0].number, "", '=IF(1=1,"삭제","각하")', "", ""]]))
    assert verdicts(reply) == [(2, matching.SKIP, "channels.row.formula")]


def test_a_receipt_number_finds_it_the_next_time_unless_it_stands_for_many(lead, team, three, filed):
    receipts = zip(three, ("A-1", "B-9", "B-9"), strict=True)
    first = answer(lead, team, table([HEAD, *([one.number, "", "접수", "", receipt] for one, receipt in receipts)]))
    replies.apply(lead, first)
    second = answer(lead, team, table([HEAD, ["", "", "삭제", "", "a 1"], ["", "", "삭제", "", "B-9"]]))
    known, many = replies.rows_of(second)
    assert (known.verdict, known.number) == (matching.CHANGE, three[0].number)
    assert many.why == "channels.row.unknown_receipt"


def test_the_same_reply_again_changes_nothing(lead, team, three, filed):
    content = table([HEAD, [three[0].number, "", "삭제", "", "A-1"]])
    replies.apply(lead, answer(lead, team, content))
    again = answer(lead, team, content)
    assert (again.to_change, again.unchanged) == (0, 1)


def test_two_people_with_the_same_reply_apply_it_once(lead, team, person, three, filed):
    other = person(Role.REVIEWER)
    content = table([HEAD, [three[0].number, "", "각하", "", ""]])
    mine, theirs = answer(lead, team, content), answer(other, team, content)
    replies.apply(lead, mine)
    replies.apply(other, theirs)
    assert (mine.changed, theirs.changed, theirs.overtaken) == (1, 0, 1)
    assert Entry.objects.filter(facts__contains='"what":"answer"').count() == 1


def test_what_is_left_after_a_kill_is_done_by_a_worker_once(lead, team, three, filed, monkeypatch):
    monkeypatch.setattr(replies, "_PIECE", 1)
    reply = answer(lead, team, table([HEAD, *([one.number, "", "삭제", "", ""] for one in three)]))
    replies.apply(lead, reply, within_s=0)
    assert (reply.state, reply.done_upto, reply.changed) == (ReplyState.APPLYING, 1, 1)
    rounds.write()
    rounds.write()
    reply.refresh_from_db()
    assert (reply.state, reply.done_upto, reply.changed, reply.overtaken) == (ReplyState.APPLIED, 3, 3, 0)
    assert Entry.objects.filter(facts__contains='"what":"answer"').count() == 3


def test_a_reply_tells_somebody_of_another_team_nothing(lead, team, person, three, filed):
    elsewhere = type(team).objects.create(name="other")
    stranger = person(Role.REVIEWER, in_team=elsewhere)
    reply = replies.take_in(stranger, elsewhere.pk, table([HEAD, [three[0].number, "", "삭제", "", ""]]))
    assert verdicts(reply) == [(2, matching.SKIP, "channels.row.unknown_number")]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "channels.file_empty"),
        (b"\xff\xfe\x00", "channels.file_unreadable"),
        (b"\x80\x81\xff\xfe nonsense \xff", "channels.file_unreadable"),
        (b"PK\x03\x04 no zip", "channels.file_unreadable"),
        (b"a" * (spreadsheet.FILE_MAX + 1), "channels.file_too_large"),
        (b"a,b\n" * (spreadsheet.ROWS_MAX + 1), "channels.too_many_rows"),
    ],
    ids=["empty", "half", "bytes", "zip", "large", "rows"],
)
def test_what_is_no_table_is_said_in_a_line(content, key):
    with pytest.raises(BadLetter) as told:
        spreadsheet.read(content)
    assert told.value.key == key


SHARED = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_entities_in_a_workbook_are_refused(part):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
    made, file = workbook([HEAD]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(file, "w") as new:
        for name in {*old.namelist(), part}:
            new.writestr(name, bomb if name == part else old.read(name).replace(b"</Types>", SHARED + b"</Types>"))
    with pytest.raises(BadLetter):
        spreadsheet.read(file.getvalue())


def test_a_workbook_that_unpacks_without_end_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("a", "b", "c"):
            packed.writestr(name, b"0" * (25 * 2**20))
    with pytest.raises(BadLetter) as told:
        spreadsheet.read(file.getvalue())
    assert told.value.key == "channels.file_too_large"


@given(data())
def test_a_broken_workbook_is_read_or_refused_in_words(data):
    with zipfile.ZipFile(io.BytesIO(workbook([HEAD, ["A", 1, "=1+1", 1.5, True]]))) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    name = data.draw(sampled_from(sorted(parts)))
    at = data.draw(integers(0, len(parts[name])))
    put = data.draw(
        sampled_from([b"", b"<", b'"', b' r="ZZZZ1"', b' s="999"', b'<row r="9999999"/>', b'<c t="s"><v>9</v></c>'])
    )
    parts[name] = parts[name][:at] + put + parts[name][at + data.draw(integers(0, 9)) :]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for part, content in parts.items():
            packed.writestr(part, content)
    for content in (file.getvalue(), file.getvalue()[: -data.draw(integers(1, 200))]):
        with suppress(BadLetter):  # anything else is a fault
            spreadsheet.read(content)


# The pages


def test_the_whole_way_on_the_pages(signed_in, team, person, case):
    client = signed_in(Role.REVIEWER, Role.LEAD, name="worker-on-pages")
    removal = begun(team, person, title=NAMES["title"], case=case)
    client.post(f"/removals/{removal.pk}/draft", {"kind": "regulator", "lang": "ko"})
    notice = Notice.objects.latest("drafted_at")
    page = client.get(f"/outbox/{notice.pk}/").content.decode()
    assert 'value="bulk"' in page
    sent = {"subject": notice.subject, "body": notice.body, "recipient": "", "version": 1, "then": "bulk"}
    client.post(f"/outbox/{notice.pk}/edit", sent)
    assert notice.number in client.get("/channels/").content.decode()
    client.post("/channels/bulk/make")
    file = BulkFile.objects.get()
    got = client.post(f"/channels/bulk/{file.pk}/file", {"as": "csv"})
    assert got["Content-Disposition"] == f'attachment; filename="bulk-{file.number}.csv"'
    assert notice.number in got.content.decode("utf-8-sig")
    content = table([HEAD, [notice.number, "", "삭제", "<b>끝</b>", "A-1"], ["QQQQQQQQQQ", "", "삭제", "", ""]], "cp949")
    taken = client.post("/channels/replies/take", {"reply": SimpleUploadedFile("하늘이네집.csv", content)})
    page = client.get(taken["Location"]).content.decode()
    assert notice.number in page
    assert "<b>끝</b>" not in page
    assert "QQQQQQQQQQ" in client.get(taken["Location"] + "?show=skip").content.decode()
    client.post(taken["Location"] + "apply")
    notice.refresh_from_db()
    assert notice.outcome == Outcome.REMOVED
    assert "A-1" in client.get(f"/outbox/{notice.pk}/").content.decode()
    for lang in ("ko", "en"):
        for path in ("/channels/", taken["Location"]):
            page = client.get(path, headers={"accept-language": lang}).content.decode()
            assert NAMES["title"] not in page
            assert "하늘이네집" not in page


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00\xff" * 10])
def test_a_file_that_is_no_reply_is_said_and_nothing_is_kept(signed_in, team, content):
    client = signed_in(Role.REVIEWER)
    answer = client.post("/channels/replies/take", {"reply": SimpleUploadedFile("x.csv", content)}, follow=True)
    assert answer.status_code == 200
    assert [str(one) for one in answer.context["messages"]]
    assert Reply.objects.count() == 0


def test_somebody_of_another_team_sees_neither_file_nor_reply(signed_in, lead, team, three, filed):
    reply = answer(lead, team, table([HEAD, [three[0].number, "", "삭제", "", ""]]))
    stranger = signed_in(Role.REVIEWER, in_team=type(team).objects.create(name="other"))
    assert stranger.post(f"/channels/bulk/{filed.pk}/file").status_code == 404
    assert stranger.get(f"/channels/replies/{reply.pk}/").status_code == 404
    assert stranger.post(f"/channels/replies/{reply.pk}/apply").status_code == 404
    assert filed.number not in stranger.get("/channels/").content.decode()


def test_who_does_not_see_every_case_in_it_gets_no_file(person, team, case, lead, three, filed):
    case.members.add(lead)
    other = person(Role.REVIEWER)
    with pytest.raises(bulk.Http404):
        bulk.file_for(other, filed.pk)
    assert bulk.file_for(lead, filed.pk) == filed


def test_ten_thousand_rows_are_read_and_shown_in_pages(signed_in, team, three, filed):
    client = signed_in(Role.LEAD)
    others = ([f"{at:010d}".replace("0", "Z"), "", "삭제", "", ""] for at in range(10_000 - len(three)))
    ours = ([one.number, "", "삭제", "", f"R-{one.number}"] for one in three)
    reply = answer(client.user, team, workbook([HEAD, *others, *ours]))
    assert (reply.to_change, reply.skipped) == (3, 9_997)
    page = client.get(f"/channels/replies/{reply.pk}/?show=skip&from=9900")
    assert page.content.decode().count("<tr>") == 1 + 97
    assert len(client.get(f"/channels/replies/{reply.pk}/?show=skip").content) < 100_000
    replies.apply(client.user, reply)
    assert (reply.state, reply.changed) == (ReplyState.APPLIED, 3)


@pytest.mark.browser
def test_an_office_program_opens_the_file_and_its_replies_are_read(lead, team, three, filed, tmp_path):
    def saved_as(kind, content, *, of):
        path = tmp_path / f"file.{of}"
        path.write_bytes(content)
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", kind]
        subprocess.run([*command, "--outdir", tmp_path / "out", path], check=True, capture_output=True, timeout=180)
        return (tmp_path / "out" / f"file.{kind.partition(':')[0]}").read_bytes()

    content = spreadsheet.xlsx("x", ["head", "other"], [["=1+1", "@SUM(1)"], ["-1", "+1"]])
    as_csv = "csv:Text - txt - csv (StarCalc):44,34,76"
    assert saved_as(as_csv, content, of="xlsx").decode().split() == ["head,other", "=1+1,@SUM(1)", "-1,+1"]
    rows = [HEAD, *([one.number, "", "삭제", "", "2026-1"] for one in three)]
    reply = answer(lead, team, saved_as("xlsx:Calc MS Excel 2007 XML", workbook(rows), of="xlsx"))
    assert reply.to_change == 3
    korean = "csv:Text - txt - csv (StarCalc):44,34,EUC-KR"
    assert answer(lead, team, saved_as(korean, workbook(rows), of="xlsx")).to_change == 3


def test_a_cancelled_withdrawal_puts_the_request_back_into_the_file(lead, three, filed):
    first = drafting.withdraw(lead, Notice.objects.get(pk=three[0].pk))
    drafting.cancel(lead, first)
    assert bulk.content(lead, filed, "csv")[1] == []
    drafting.withdraw(lead, Notice.objects.get(pk=three[0].pk))
    (left,) = bulk.content(lead, filed, "csv")[1]
    assert (left.number, left.refused.key) == (three[0].number, "channels.withdrawn")


def test_a_number_of_ours_beside_the_receipt_of_another_is_passed_over(lead, team, three, filed):
    receipts = ([one.number, "", "접수", "", f"R-{at}"] for at, one in enumerate(three))
    replies.apply(lead, answer(lead, team, table([HEAD, *receipts])))
    reply = answer(
        lead, team, table([HEAD, [three[0].number, "", "삭제", "", "R-1"], [three[2].number, "", "삭제", "", "R-2"]])
    )
    assert verdicts(reply) == [(2, matching.SKIP, "channels.row.does_not_fit"), (3, matching.CHANGE, "")]
