"""The inbox in a real browser: a letter is read and confirmed by keyboard alone; nothing keeps anybody from using the pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from jikim_desk.notices import drafting, sending
from jikim_desk.notices.inbox.models import Letter, LetterState, Mailbox
from jikim_desk.notices.models import Notice, NoticeState, Outcome
from tests.desk.chromium import in_browser, looked_at
from tests.desk.removals import begun, set_desk
from tests.desk.test_inbox_pages import kept, written
from tests.desk.test_pages_browser import window  # noqa: F401 - a fixture

pytestmark = in_browser
HOSTILE = "\r\n".join(
    [
        "From: =?utf-8?B?7Iug6rOgIOyEvO2EsA==?= <noreply@elsewhere.example>",
        "Reply-To: x@evil.example",
        "Subject: [{number}] <script>alert(1)</script> \u202eexe.fdp",
        "Message-ID: <2@elsewhere.example>",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/html; charset=utf-8",
        "",
        '<p>We cannot remove it without a court order.</p><img src="https://tracker.example/x.png"><p>Please provide one.</p>',
        "--b",
        'Content-Type: application/zip; name="answer.pdf.zip"',
        "",
        "PK\x03\x04",
        "--b",
        'Content-Type: application/pdf; name="answer.pdf"',
        "",
        "%PDF-1.7 x",
        "--b--",
        "",
    ]
)


@pytest.fixture
def letters(window, team, person, monkeypatch):  # noqa: F811
    """An answer, a hostile one and one that belongs to none."""
    removal = {"organisation": "시험 지원센터", "mailbox": "r@centre.example", "imap_host": "localhost", "imap_user": "r"}
    set_desk(monkeypatch, removal=removal)

    def make():
        made = drafting.draft(begun(team, person), "mail", by=window.lead, lang="en")
        made.recipient = "abuse@board.example"
        made.state, made.sent_at = NoticeState.SENT, timezone.now()
        made.save()
        said = "안녕하세요.\n\n신고하신 게시물은 운영정책에 따라 삭제하였습니다.\n\n감사합니다."
        first = kept(written(made, said, subject=f"Re: 요청 {made.number}"))
        hostile = kept(HOSTILE.replace("{number}", made.number).encode(), uid=2)
        loose = kept(written(text="Thank you for writing.", subject="Hello"), uid=3)
        Mailbox.objects.update(read_at=timezone.now())
        connections.close_all()
        return sending.message_id(made), [first, hostile, loose]

    with ThreadPoolExecutor(1) as beside:  # the browser's loop runs in this thread
        return beside.submit(make).result()[1]


def test_a_letter_is_confirmed_by_keyboard_alone(window, letters):  # noqa: F811
    page = window("en")
    page.goto(window.address("inbox"))
    page.locator("table.walk tbody a").last.focus()
    page.get_by_text("Removed", exact=True).wait_for()
    page.goto(window.address("letter", letters[0].pk))
    page.get_by_role("radio", name="Removed").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("On record: Removed").wait_for()
    assert Letter.objects.get(pk=letters[0].pk).state == LetterState.CONFIRMED
    assert Notice.objects.get().outcome == Outcome.REMOVED
    assert page.complaints == []


def test_nothing_is_confirmed_without_a_choice(window, letters):  # noqa: F811
    page = window("en")
    page.goto(window.address("letter", letters[0].pk))
    assert page.locator("input[type=radio]:checked").count() == 0, "the guess is no default"
    page.get_by_role("button", name="Confirm").click()
    assert Letter.objects.get(pk=letters[0].pk).state == LetterState.WAITING


def test_a_hostile_letter_loads_nothing(window, letters):  # noqa: F811
    page = window("ko")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(window.address("letter", letters[1].pk))
    page.get_by_text("We cannot remove it without a court order.").wait_for()
    assert all("localhost" in one for one in asked), asked
    assert page.complaints == []


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "dark", 390)])
def test_every_page_can_be_used(window, letters, lang, scheme, width):  # noqa: F811
    page = window(lang, scheme, width)
    for name, arguments in (
        ("inbox", ()),
        *((("letter", (one.pk,))) for one in letters),
        ("notice", (letters[0].notice_id,)),
        ("home", ()),
    ):
        page.goto(window.address(name, *arguments))
        place = [one.pk for one in letters].index(arguments[0]) if name == "letter" else 0
        looked_at(page, f"inbox-{name}{place}-{lang}-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    Mailbox.objects.update(fault_key="inbox.fault.not_signed_in", failing_since=timezone.now())
    page.goto(window.address("inbox"))
    looked_at(page, f"inbox-fault-{lang}-{scheme}-{width}")
    assert page.complaints == []
