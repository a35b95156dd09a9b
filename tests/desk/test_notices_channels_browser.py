"""The channels in a real browser: a form is filled in by its sheet and filed, a reply read and applied; all can use them."""

import csv
import io

import pytest

from jikim_desk.notices import drafting, hosts
from jikim_desk.notices.channels import bulk, filling, replies, suggestions
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Outcome
from tests.desk.chromium import in_browser, looked_at
from tests.desk.removals import begun, set_desk
from tests.desk.test_pages_browser import window  # noqa: F401 - a fixture

pytestmark = in_browser


@pytest.fixture
def removal(window, team, person, monkeypatch):  # noqa: F811
    removal = {"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "removal@centre.example"}
    set_desk(monkeypatch, removal=removal)
    hosts.keep(window.lead, "naver.com", kind="search", lang="ko", form="https://help.naver.example/form")
    return begun(team, person)


def reply_to(notice):
    file = io.StringIO(newline="")
    csv.writer(file).writerows(
        [
            ["관리번호", "처리결과", "사유", "접수번호"],
            [notice.number, "각하", "유통되지 않는 정보", "2026-1"],
            ["ABCDEFGHJK", "삭제", "", ""],
            [notice.number, "알 수 없음", "", ""],
        ]
    )
    return file.getvalue().encode("cp949")


def test_a_form_is_filled_in_by_its_sheet_and_filed(window, removal):  # noqa: F811
    page = window("en")
    page.goto(window.address("removal", removal.pk))
    page.get_by_role("button", name="Draft for every search engine").click()
    page.get_by_text("4 drafts for search engines").wait_for()
    notice = Notice.objects.get(filing__form="naver")
    page.goto(window.address("notice", notice.pk))
    page.get_by_role("button", name="Approve for this form").click()
    page.get_by_role("button", name="Open the fill sheet").click()
    field = page.get_by_label("제외할 검색 결과의 주소(URL)")
    assert field.input_value().split("\n") == filling.facts.leaving.addresses(removal.candidate)
    page.get_by_role("button", name="Copy", exact=True).first.click()
    page.get_by_role("button", name="Copied").wait_for()
    page.get_by_label("Receipt number (empty for none)").fill("N-1")
    page.get_by_role("button", name="It was handed in").click()
    page.get_by_text("It is recorded as handed in.").wait_for()
    notice.refresh_from_db()
    assert (notice.state, notice.filing.receipt) == (NoticeState.DOWNLOADED, "N-1")
    assert page.complaints == []


def test_a_reply_is_read_first_and_applied_by_one_button(window, team, removal, tmp_path):  # noqa: F811
    notice = drafting.draft(removal, NoticeKind.REGULATOR, by=window.lead, lang="ko")
    bulk.collect(window.lead, notice, version=1)
    page = window("ko")
    page.goto(window.address("channels"))
    page.get_by_role("button", name="일괄 파일 만들기").click()
    with page.expect_download() as got:
        page.get_by_role("button", name="XLSX로 받기").click()
    assert got.value.suggested_filename.startswith("bulk-")
    file = tmp_path / "reply.csv"
    file.write_bytes(reply_to(notice))
    page.goto(window.address("channels"))
    page.get_by_label("회신 파일").set_input_files(file)
    page.get_by_role("button", name="읽기").click()
    page.get_by_text("바뀌는 행 1").wait_for()
    page.get_by_role("button", name="모두 적용").click()
    page.get_by_text("회신을 적용하였습니다.").wait_for()
    assert Notice.objects.get().outcome == Outcome.REFUSED
    assert page.complaints == []


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "dark", 390)])
def test_every_page_of_the_channels_can_be_used(window, team, person, removal, lang, scheme, width):  # noqa: F811
    lead = window.lead
    sent = drafting.draft(removal, NoticeKind.REGULATOR, by=lead, lang="ko")
    bulk.collect(lead, sent, version=1)
    bulk.make(lead, team.pk)
    reply = replies.take_in(lead, team.pk, reply_to(sent))
    waiting = drafting.draft(begun(team, person, "two"), NoticeKind.REGULATOR, by=lead, lang="ko")
    bulk.collect(lead, waiting, version=1)
    naver = next(one for one in filling.draft_for_engines(lead, removal) if one.filing.form == "naver")
    one = suggestions.enter(lead, team.pk, "naver_suggestion", "가을 축제")
    filed = suggestions.enter(lead, team.pk, "google_suggestion", "가을 축제 사진")
    suggestions.file(lead, filed, "G-1")
    suggestions.looked(lead, filed, is_gone=True)
    page = window(lang, scheme=scheme, width=width)
    places = {
        "channels": (),
        "reply": (reply.pk,),
        "suggestions": (),
        "suggestion": (filed.pk,),
        "letter_languages": (),
        "letter_language": ("ja",),
        "notice": (naver.pk,),
        "removal": (removal.pk,),
    }
    for name, args in places.items():
        page.goto(window.address(name, *args))
        looked_at(page, f"channels-{name}-{lang}-{width}")
    page.goto(window.address("notice", naver.pk))
    page.locator("button[value=sheet]").click()
    page.locator(f"form[action='/outbox/{naver.pk}/sheet'] button").click()
    page.locator("#receipt").wait_for()
    looked_at(page, f"channels-sheet-{lang}-{width}")
    page.goto(window.address("suggestion", one.pk))
    page.locator(f"form[action='/channels/suggestions/{one.pk}/sheet'] button").click()
    page.locator("#receipt").wait_for()
    looked_at(page, f"channels-suggestion-sheet-{lang}-{width}")
    assert page.complaints == []
