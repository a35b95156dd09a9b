"""Reports count what is on record, name nobody, and are files that others open."""

import csv
import io
import zipfile
from datetime import timedelta

import docx
import pytest
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import documents, drafting, reports
from jikim_desk.notices.models import Removal, RemovalState
from tests.desk.removals import begun, set_desk

NAMES = ("김하늘나래", "CASE-7788", "하늘이네집 이야기", "worker-borami", "board.example")


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    set_desk(
        monkeypatch, removal={"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    )


@pytest.fixture
def case(team, person):
    made = Case(number=NAMES[1], team=team)
    made.note = NAMES[0]
    made.save()
    lead = person(Role.LEAD, Role.REVIEWER, name=NAMES[3])
    for name in ("one", "two", "three"):
        begun(team, person, name, title=NAMES[2], case=made)
    first, second, _ = Removal.objects.order_by("begun_at")
    notice = drafting.draft(first, "korea", by=lead, lang="ko")
    drafting.download(lead, notice, version=1)
    now = timezone.now()
    Removal.objects.filter(pk=first.pk).update(state=RemovalState.GONE, gone_at=now + timedelta(hours=30))
    Removal.objects.filter(pk=second.pk).update(state=RemovalState.NOT_VISIBLE)
    return made


def numbers(report):
    rows = [tuple(row) for row in report["facts"]]
    return dict(
        rows + [tuple(row[:2]) for one in report["sections"] for table in one.get("tables", ()) for row in table["rows"]]
    )


def test_the_progress_says_what_was_done_and_names_nobody(case):
    report = reports.progress(case, "ko")
    told = numbers(report)
    assert (told["확인한 게시물"], told["보낸 삭제 요청"], told["삭제를 확인함"]) == ("3건", "1통", "1건")
    assert told["저희 쪽에서 보이지 않음"] == "1건"
    word = reports.as_docx(report)
    with zipfile.ZipFile(io.BytesIO(word)) as archive:
        parts = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    for name in NAMES:
        assert name not in str(report)
        assert name not in parts
        assert name not in reports.as_csv(report).decode()
    opened = docx.Document(io.BytesIO(word))
    assert opened.core_properties.author == "시험 지원센터"
    assert len(opened.tables) == 2


def test_the_month_counts_what_is_on_record(case, team):
    now = timezone.localtime()
    told = numbers(reports.month(team, now.year, now.month, "en"))
    assert told["Finds begun"] == "3"
    assert told["Korean statutory request"] == "1"
    assert told["Confirmations that stand"] == "3"
    assert told["Taken back or reviewed again"] == "0"
    before = now.replace(day=1) - timedelta(days=1)
    assert numbers(reports.month(team, before.year, before.month, "en"))["Finds begun"] == "0"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_they_are_made_as_pdf(case, team, lang):
    now = timezone.localtime()
    for report in (reports.progress(case, lang), reports.month(team, now.year, now.month, lang)):
        assert documents.pdf("sheet", report)[:5] == b"%PDF-"


def test_a_spreadsheet_runs_nothing():
    report = {"title": "t", "facts": [("=1+1", "@x"), ("-", "-5+1")], "sections": []}
    rows = list(csv.reader(io.StringIO(reports.as_csv(report).decode("utf-8-sig"))))
    assert rows[1:] == [["'=1+1", "'@x"], ["-", "'-5+1"]]


@pytest.mark.parametrize("kind", ["pdf", "docx", "csv"])
def test_they_are_downloaded_by_who_may(signed_in, case, team, kind):
    lead, counsellor = signed_in(Role.LEAD), signed_in(Role.COUNSELLOR)
    stranger = signed_in(Role.LEAD, in_team=type(team).objects.create(name="other"))
    for client, status in ((lead, 200), (counsellor, 200), (stranger, 404)):
        answer = client.post("/reports/case", {"case": case.pk, "as": kind})
        assert answer.status_code == status
    assert case.number not in lead.post("/reports/case", {"case": case.pk, "as": kind})["Content-Disposition"]
    asked = {"team": team.pk, "month": timezone.localtime().strftime("%Y-%m"), "as": kind}
    assert lead.post("/reports/month", asked).status_code == 200
    assert counsellor.post("/reports/month", asked).status_code == 403
    assert stranger.post("/reports/month", asked).status_code == 404
    for month in ("", "2026-13", "x-1", "0001-01"):
        assert lead.post("/reports/month", {**asked, "month": month}).status_code == 404
    assert lead.get("/reports/").status_code == 200
