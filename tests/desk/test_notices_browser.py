"""Removal in a real browser: a letter is read, changed and approved by a person; nothing keeps anybody from using the pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence, hosts
from jikim_desk.notices.models import Notice, NoticeState, Recheck, Removal
from tests.desk.chromium import in_browser, looked_at
from tests.desk.items import item
from tests.desk.removals import begun, set_desk
from tests.desk.test_pages_browser import window  # noqa: F401 - a fixture

pytestmark = in_browser


@pytest.fixture
def removal(window, team, person, monkeypatch):  # noqa: F811
    removal = {"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "removal@centre.example"}
    set_desk(monkeypatch, removal=removal)
    made = begun(team, person, title="하늘이네집 이야기 모음")
    with ThreadPoolExecutor(1) as beside:  # the browser's loop runs in this thread
        beside.submit(evidence.complete, made).result()
        beside.submit(connections.close_all).result()
    hosts.keep(
        window.lead, "board.example", mailbox="abuse@board.example", lang="en", stands_behind={"hosting": "farm.example"}
    )
    for seen, sign, vantage in (("still_there", "same_bytes", "here"), ("cannot_tell", "captcha", "abroad")):
        row = Recheck(removal=made, at=timezone.now(), vantage=vantage, seen=seen, sign=sign)
        row.proof = {}
        row.save(force_insert=True)
    return made


def test_a_letter_is_drafted_read_changed_approved_and_cancelled(window, removal):  # noqa: F811
    page = window("en")
    page.goto(window.address("removal", removal.pk))
    page.get_by_role("button", name="Draft", exact=True).click()
    body = page.get_by_label("Text", exact=True)
    assert removal.candidate.url in body.input_value()
    assert page.get_by_label("To", exact=True).input_value() == "abuse@board.example"
    body.fill(body.input_value() + "\nWe thank you.")
    page.get_by_role("button", name="Approve (leaves in 10 min)").click()
    page.get_by_role("button", name="Cancel it").wait_for()
    notice = Notice.objects.get()
    assert (notice.state, notice.approved_by, "We thank you." in notice.body) == (NoticeState.APPROVED, window.lead, True)
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_text("Cancelled", exact=True).wait_for()
    assert Notice.objects.get().state == NoticeState.CANCELLED
    assert page.complaints == []


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "dark", 390)])
def test_every_page_can_be_used(window, removal, person, lang, scheme, width):  # noqa: F811
    from jikim_desk.notices import drafting

    letter = drafting.draft(removal, "mail", by=window.lead, lang="ko", host=hosts.of(removal.candidate))
    drafting.draft(removal, "dsa16", by=window.lead, lang="en", host=hosts.of(removal.candidate))
    Removal.objects.update(next_recheck_at=timezone.now())
    for name, likeness in (("again", "copy"), ("alike", "scene")):
        again = item(removal.team, name, level="urgent")
        removal.reuploads.create(
            candidate=again, found_at=timezone.now(), likeness=likeness, was="gone", is_alarm=likeness == "copy"
        )
    assert person(Role.COUNSELLOR)
    page = window(lang, scheme, width)
    host = hosts.of(removal.candidate)
    for name, arguments in (
        ("removals", ()),
        ("removal", (removal.pk,)),
        ("outbox", ()),
        ("notice", (letter.pk,)),
        ("calendar", ()),
        ("reuploads", ()),
        ("queue", ()),
        ("hosts", ()),
        ("host", (host.pk,)),
    ):
        page.goto(window.address(name, *arguments))
        looked_at(page, f"removal-{name}-{lang}-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert page.complaints == []
