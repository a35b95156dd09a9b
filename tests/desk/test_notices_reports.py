"""Reports count what is on record, name nobody, tell no small number, and are files that others open."""

import csv
import io
import shutil
import subprocess
import zipfile
from datetime import timedelta

import docx
import msgspec
import pytest
from django.utils import timezone
from hwpx import HwpxDocument, validate_package

from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import documents, drafting, evidence, rounds
from jikim_desk.notices.models import Outcome, Recheck, Removal, RemovalState, Seen
from jikim_desk.notices.reports import counting, files, making, period, person, police, suppressing
from jikim_desk.notices.reports.models import PeriodReport
from jikim_desk.records.models import Candidate
from jikim_desk.review.models import DecisionState, Kind
from jikim_desk.sealing import vault
from tests.desk.removals import begun, confirmed, set_desk

NAMES = ("김하늘나래", "CASE-7788", "하늘이네집 이야기", "worker-borami")
ADDRESS = "board.example"


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    set_desk(
        monkeypatch, removal={"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    )


@pytest.fixture
def lead(person):
    return person(Role.LEAD, Role.REVIEWER, name=NAMES[3])


@pytest.fixture
def case(team, person, lead):
    made = Case(number=NAMES[1], team=team)
    made.note = NAMES[0]
    made.save()
    for name in ("one", "two", "three"):
        begun(team, person, name, title=NAMES[2], case=made)
    first, second, _ = Removal.objects.order_by("begun_at")
    notice = drafting.draft(first, "korea", by=lead, lang="ko")
    drafting.download(lead, notice, version=1)
    now = timezone.now()
    Removal.objects.filter(pk=first.pk).update(state=RemovalState.GONE, gone_at=now + timedelta(hours=30))
    Removal.objects.filter(pk=second.pk).update(state=RemovalState.NOT_VISIBLE)
    return made


def told(report):
    """Every fact and row by its first cell."""
    tables = [table["rows"] for one in report["sections"] for table in one.get("tables", ())]
    facts = [one.get("facts", ()) for one in (report, *report["sections"])]
    return {row[0]: row[1] if len(row) == 2 else list(row[1:]) for rows in (*facts, *tables) for row in rows}


def whole(document):
    """All text of a Word document's parts."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")


def month_of(team, lead, **counted):
    """What a month says of these figures."""
    lengths = {"gone": counting.Length(counted.pop("gone_of", 0), 1.0, 2.0, 3.0)}
    none = {name: {} for name in ("states", "letters", "levels", "reopened", "visits", "places")}
    none |= dict.fromkeys(("begun", "gone", "confirmed", "by_two", "differed", "never_visited"), 0)
    figures = counting.Figures(**{**none, **counted}, lengths=lengths, stays=[])
    asked = PeriodReport(team=team, year=2026, month=11, asked_by=lead, asked_at=timezone.now())
    asked.figures = msgspec.to_builtins(figures)
    return told(period.written(asked, "en"))


def this_month(team, lead):
    now = timezone.localtime()
    asked = making.ask(lead, team, now.year, now.month)
    rounds.report()
    asked.refresh_from_db()
    return asked


def test_the_progress_says_what_was_done_and_names_nobody(case):
    report = person.progress(case, "ko")
    said = told(report)
    assert (said["확인한 게시물"], said["보낸 삭제 요청"], said["삭제를 확인함"]) == ("3건", "1통", "1건")
    assert said["저희 쪽에서 보이지 않음"] == "1건"
    for text in (whole(files.as_docx(report)), files.as_csv(report).decode("utf-8")):
        for name in (*NAMES, ADDRESS):
            assert name not in text


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_police_get_addresses_hashes_packs_requests_and_visits_but_no_names(case, lead, lang):
    removal = Removal.objects.order_by("begun_at").first()
    pack = evidence.complete(removal)
    Recheck.objects.create(removal=removal, at=timezone.now(), vantage="gwangju-vpn", seen=Seen.GONE, proof_sealed=b"")
    report = police.told([removal], lang, recipient="시험경찰서", reference="2026-1", by=lead)
    text = files.as_csv(report).decode("utf-8")
    capture = removal.candidate.captures.filter(part="media").get()
    notice = removal.notices.get()
    for must in (removal.candidate.url, capture.sha256, pack.number, pack.sha256, notice.number, "192.0.2.7", "시험경찰서"):
        assert must in text
    assert "r@centre.example" in text
    assert vault().public_key().hex() in text
    for never in (*NAMES, "gwangju-vpn"):
        assert never not in text
        assert never not in whole(files.as_docx(report))


def test_a_worker_is_named_to_police_only_where_the_centre_sets_so(case, lead, monkeypatch):
    removal = Removal.objects.first()
    assert NAMES[3] not in str(police.told([removal], "ko", recipient="x", reference="", by=lead))
    set_desk(monkeypatch, removal={"names_worker_to_police": True})
    assert NAMES[3] in str(police.told([removal], "ko", recipient="x", reference="", by=lead))


def test_a_month_is_counted_by_a_worker_and_tells_no_small_number(case, team, lead):
    asked = this_month(team, lead)
    figures = counting.count([team.pk], *counting.bounds(asked.year, asked.month))
    assert (figures.begun, figures.gone, figures.states["gone"]) == (3, 1, 1)
    assert figures.letters == {"korea": {"": 1}}
    assert figures.levels == {"look": {"confirmed": 3}}
    said = told(period.written(asked, "en"))
    assert said["Finds begun"] == said["removed, verified"] == "<5"
    assert said["Share removed, verified"] == "-"
    text = str(period.written(asked, "ko"))
    for never in (*NAMES, ADDRESS):
        assert never not in text


def test_other_months_and_teams_are_not_counted(case, team, lead):
    now = timezone.localtime()
    year, month = (now.year - 1, 12) if now.month == 1 else (now.year, now.month - 1)
    assert counting.count([team.pk], *counting.bounds(year, month)).begun == 0
    other = type(team).objects.create(name="other")
    assert counting.count([other.pk], *counting.bounds(now.year, None)).begun == 0
    assert counting.count([team.pk, other.pk], *counting.bounds(now.year, None)).begun == 3


def test_what_was_opened_again_and_what_two_people_saw_differently_is_counted(team, person):
    people = [person(Role.REVIEWER) for _ in range(2)]
    words = []
    for place, state in enumerate((DecisionState.REOPENED, DecisionState.STANDS, DecisionState.MERGED, DecisionState.MERGED)):
        row = confirmed(team, people[0], f"d{place}", kind=Kind.CONFIRMED)
        word = row.decisions.get()
        type(word).objects.filter(pk=word.pk).update(state=state)
        words.append(word)
    type(word).objects.filter(pk__in=[one.pk for one in words[2:]]).update(merged_into=words[1])
    type(word).objects.filter(pk=words[2].pk).update(answered_by=words[3])
    now = timezone.localtime()
    figures = counting.count([team.pk], *counting.bounds(now.year, now.month))
    assert figures.reopened == {"confirmed": 1}
    assert figures.confirmed == 2
    assert (figures.by_two, figures.differed) == (1, 1)
    Candidate.objects.update(is_test=True)
    figures = counting.count([team.pk], *counting.bounds(now.year, now.month))
    assert (figures.reopened, figures.levels, figures.confirmed, figures.by_two) == ({}, {}, 0, 0)


def test_the_bounds_of_periods_are_those_of_the_centres_clock():
    begins, ends = counting.bounds(2026, 12)
    assert (begins.isoformat(), ends.isoformat()) == ("2026-12-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00")
    begins, ends = counting.bounds(2026, None)
    assert (begins.isoformat(), ends.isoformat()) == ("2026-01-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00")


def test_small_numbers_cannot_be_worked_out_from_the_sum():
    def column(*numbers, **how):
        return list(suppressing.column(dict(zip("abcd", numbers, strict=False)), **how).values())

    assert column(0, 7, 12) == ["0", "7", "12"]
    assert column(3, 7, 12) == ["<5", "-", "12"]
    assert column(3, 7, 12, last="b") == ["<5", "7", "-"]
    assert column(3, 7, last="b") == ["<5", "-"]
    assert column(1, 1, 12, 30) == ["<5", "<5", "-", "30"]
    assert column(4, 4, 30) == ["<5", "<5", "30"]
    assert column(3, 0, 0) == ["<5", "0", "0"]
    assert (suppressing.count(0), suppressing.count(4), suppressing.count(5)) == ("0", "<5", "5")
    assert suppressing.share(3, 100) == suppressing.share(98, 100) == suppressing.share(5, 19) == "-"
    assert suppressing.share(10, 100) == "10.0 % (5.5~17.4)"


@pytest.mark.parametrize(
    ("states", "share", "hours"), [({"open": 3, "gone": 20, "blocked": 50}, True, "20"), ({"open": 3, "gone": 50}, False, "-")]
)
def test_what_is_left_out_stands_in_no_share_and_beside_no_hours(team, lead, states, share, hours):
    said = month_of(team, lead, begun=sum(states.values()), states=states, gone_of=states["gone"])
    assert said["still there"] == "<5"
    assert (said["Share removed, verified"] != "-") is share
    assert said["from first notice to verified gone"][0] == hours
    assert (said["removed, verified"] == "-") is not share


def test_a_small_number_of_visits_stands_in_no_share(team, lead):
    visits = {"gone": 3, "still_there": 60, "unreachable": 9, "cannot_tell": 12}
    assert month_of(team, lead, visits=visits)["Share not reached or unclear"] == "-"
    visits["gone"] = 30
    assert month_of(team, lead, visits=visits)["Share not reached or unclear"] == "18.9 % (12.7~27.2)"


def test_small_numbers_of_decisions_stand_in_no_sum_and_no_share(team, lead):
    levels = {"urgent": {"confirmed": 3}, "look": {"confirmed": 40, "not_relevant": 30, "appears_adult": 2}}
    said = month_of(team, lead, levels=levels, confirmed=43)
    assert said["Confirmations"] == "43"
    assert said["Urgent"][0] == "<5"
    assert said["Look"] == ["-", "<5", "30", "0", "-"]
    levels = {"urgent": {"confirmed": 20}, "look": {"confirmed": 40, "not_relevant": 30, "appears_adult": 9}}
    said = month_of(team, lead, levels=levels, confirmed=63, reopened={"confirmed": 3})
    assert (said["of these, opened again"], said["Urgent"][0]) == ("<5", "-")
    assert said["Look"] == ["40", "9", "30", "0", "50.6 % (39.8~61.4)"]


def test_a_report_that_nobody_could_make_says_so_and_a_killed_worker_loses_none(team, lead, monkeypatch):
    asked = making.ask(lead, team, 2026, None)
    now = timezone.now()
    with monkeypatch.context() as patched:
        patched.setattr(counting, "bounds", lambda *_: 1 // 0)
        for attempt in range(making.TRIES_MAX):
            with pytest.raises(ZeroDivisionError):
                making.make(asked.pk, now + attempt * 2 * making.LEASE)
    assert not making.make(asked.pk, now + 20 * making.LEASE)
    PeriodReport.objects.update(taken_at=now - 2 * making.LEASE)
    asked.refresh_from_db()
    assert making.has_failed(asked)
    PeriodReport.objects.update(tries=1)
    assert making.make(asked.pk, now)
    assert not making.make(asked.pk, now)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_they_are_made_as_pdf(case, team, lead, lang):
    month, find = period.written(this_month(team, lead), lang), list(Removal.objects.all())
    evidence = police.told(find, lang, recipient="x", reference="y", by=lead)
    for report in (person.progress(case, lang), month, evidence):
        file = files.made(report, "pdf", is_signed=True)
        assert documents.is_signed_by(file, vault().public_key())
        assert file[:5] == b"%PDF-"
        if shutil.which("pdftotext"):
            text = subprocess.run(["pdftotext", "-", "-"], input=file, check=True, capture_output=True).stdout.decode()
            assert report["title"] in text
            assert NAMES[2] not in text


def test_a_word_document_says_its_language_and_repeats_its_headings(case, team, lead):
    for lang, written in (("ko", "ko-KR"), ("en", "en-GB")):
        text = whole(files.as_docx(period.written(this_month(team, lead), lang)))
        assert f'w:eastAsia="{written}"' in text
        assert "<w:tblHeader" in text
    read = docx.Document(io.BytesIO(files.as_docx(person.progress(case, "ko"))))
    assert read.core_properties.author == "시험 지원센터"
    assert read.tables[1].rows[0].cells[0].text == "번호"


def test_a_hangul_document_is_valid_and_names_the_organisation_alone(case, team, lead, tmp_path):
    report = period.written(this_month(team, lead), "ko")
    (tmp_path / "report.hwpx").write_bytes(files.made(report, "hwpx"))
    assert validate_package(tmp_path / "report.hwpx").ok
    read = HwpxDocument.open(tmp_path / "report.hwpx")
    text = whole((tmp_path / "report.hwpx").read_bytes())
    for must in (report["title"], report["footer"], report["sections"][0]["words"][0], "&lt;5", 'repeatHeader="1"'):
        assert must in text
    about = read.parts.metadata
    assert (about.title, about.creator, about.lastsaveby) == (report["title"], "시험 지원센터", None)
    progress = whole(files.made(person.progress(case, "en"), "hwpx"))
    for name in (*NAMES, ADDRESS):
        assert name not in progress


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["docx", "csv"])
def test_libreoffice_opens_them(case, team, lead, tmp_path, kind):
    report = period.written(this_month(team, lead), "ko")
    (tmp_path / f"report.{kind}").write_bytes(files.made(report, kind))
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    reads = ["--infilter=CSV:44,34,76"] if kind == "csv" else []  # without a window it asks nobody for the character set
    command = ["soffice", home, "--headless", *reads, "--convert-to", "pdf", "--outdir", tmp_path]
    command.append(tmp_path / f"report.{kind}")
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    opened = subprocess.run(["pdftotext", str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True).stdout.decode()
    assert "삭제 지원 월간 보고" in opened


def test_a_spreadsheet_runs_nothing():
    report = {"title": "=1", "facts": [("=1+1", "@x"), ("-", "-5+1"), ("\tx", "+1")], "sections": []}
    rows = list(csv.reader(io.StringIO(files.as_csv(report).decode("utf-8-sig"))))
    assert rows == [["'=1"], ["'=1+1", "'@x"], ["-", "'-5+1"], ["'\tx", "'+1"]]
    assert files.as_csv(report)[:3] == b"\xef\xbb\xbf"


@pytest.mark.parametrize("kind", list(files.KINDS))
def test_they_are_downloaded_by_who_may(signed_in, case, team, kind):
    lead, counsellor = signed_in(Role.LEAD), signed_in(Role.COUNSELLOR)
    stranger = signed_in(Role.LEAD, in_team=type(team).objects.create(name="other"))
    for client, status in ((lead, 200), (counsellor, 200), (stranger, 404)):
        assert client.post("/reports/case", {"case": case.pk, "as": kind}).status_code == status
    for client, status in ((lead, 200), (counsellor, 403), (stranger, 404)):
        sent = {"case": case.pk, "as": kind, "recipient": "시험경찰서"}
        assert client.post("/reports/police", sent).status_code == status
    assert case.number not in lead.post("/reports/case", {"case": case.pk, "as": kind})["Content-Disposition"]
    now = timezone.localtime()
    sent = {"team": team.pk, "of": "month", "month": now.strftime("%Y-%m"), "year": str(now.year)}
    assert counsellor.post("/reports/period", sent).status_code == 403
    assert stranger.post("/reports/period", sent).status_code == 403
    for month in ("", "2026-13", "x-1", "0001-01"):
        assert lead.post("/reports/period", {**sent, "month": month}).status_code == 404
    assert lead.post("/reports/period", sent).status_code == 302
    (asked,) = PeriodReport.objects.all()
    assert lead.post(f"/reports/{asked.pk}/file", {"as": kind}).status_code == 404
    rounds.report()
    for client, status in ((lead, 200), (counsellor, 403), (stranger, 404)):
        assert client.post(f"/reports/{asked.pk}/file", {"as": kind}).status_code == status
    for client in (lead, counsellor):
        assert client.get("/reports/").status_code == 200


def test_the_whole_centre_is_for_who_leads_all_of_it(signed_in, team):
    lead = signed_in(Role.LEAD)
    assert lead.post("/reports/period", {"team": "all", "of": "year", "year": "2026"}).status_code == 302
    type(team).objects.create(name="other")
    assert lead.post("/reports/period", {"team": "all", "of": "year", "year": "2026"}).status_code == 403
    rounds.report()
    assert lead.post(f"/reports/{PeriodReport.objects.get().pk}/file", {"as": "csv"}).status_code == 404


def test_what_was_answered_is_told_by_kind(case, team, lead):
    notice = Removal.objects.order_by("begun_at").first().notices.get()
    drafting.answered(lead, notice, Outcome.REFUSED)
    now = timezone.localtime()
    assert counting.count([team.pk], *counting.bounds(now.year, now.month)).letters == {"korea": {"refused": 1}}
