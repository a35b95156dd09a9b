"""The pages in a real browser: rows arrive below and settle in place, keys walk the lists, nothing serious for axe-core."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.sessions import AGENT
from jikim_desk.records.models import Candidate, CandidateState, Sighting, Sweep, SweepState, Worker
from jikim_desk.sealing import reference
from tests.desk.chromium import in_browser, looked_at
from tests.desk.items import analysis, reason

BROWSER = "desk test"
pytestmark = in_browser


@pytest.fixture
def window(transactional_db, live_server, person, chromium):
    """Opens a window in which a lead is signed in; `window.address(name, ...)` is where a page is."""
    flows.prepare()
    lead = person(Role.LEAD, Role.REVIEWER, Role.ADMINISTRATOR)
    opened = []

    def open_window(lang="ko", scheme="light", width=1280, has_script=True):
        lead.lang = lang
        lead.save()
        client = Client()
        client.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
        session = client.session
        session[AGENT] = reference("session agent", BROWSER)
        session.save()
        context = chromium.new_context(
            user_agent=BROWSER,
            locale=lang,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            java_script_enabled=has_script,
        )
        opened.append(context)
        context.add_cookies([{"name": name, "value": one.value, "url": origin} for name, one in client.cookies.items()])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    origin = f"http://localhost:{live_server.thread.port}"
    open_window.lead = lead
    open_window.address = lambda name, *args: origin + reverse(name, args=args)
    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def sweep(window, team):
    """A sweep that runs."""
    row = Sweep(team=team, asked_by=window.lead, places=["practice"], state=SweepState.RUNNING, started_at=timezone.now())
    row.keywords = ["축제"]
    row.health = {"practice": {"state": "slow", "found": 0, "error": ""}}
    row.save(force_insert=True)
    return row


def find(sweep, name, *, state=CandidateState.WAITING, level="look"):
    row = Candidate(
        id=name,
        source="practice",
        host_ref="h",
        url_ref=reference("url", name),
        found_at=timezone.now(),
        found_by=sweep,
        team=sweep.team,
        state=state,
        level=level,
        level_rank=("urgent", "look", "none").index(level),
        score=0.5,
    )
    row.url, row.title = f"http://127.0.0.1/{name}", "가을 축제"
    row.save(force_insert=True)
    return Sighting.objects.create(sweep=sweep, candidate=row)


def test_rows_arrive_below_and_settle_without_moving_what_one_looks_at(window, sweep):
    first = find(sweep, "first")
    looking = find(sweep, "looking", state=CandidateState.LOOKING)
    page = window()
    page.goto(window.address("sweep", sweep.pk))
    link = page.locator(f"#s{first.pk} a")
    link.focus()
    place = link.bounding_box()
    arrived = find(sweep, "arrived", level="urgent")
    page.wait_for_selector(f"#s{arrived.pk}")
    assert link.bounding_box() == place
    assert link.evaluate("one => one === document.activeElement")
    shown = page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.id)")
    assert shown == [f"s{one.pk}" for one in (first, looking, arrived)]
    Candidate.objects.filter(pk="looking").update(state=CandidateState.WAITING)
    page.wait_for_selector(f"#s{looking.pk} .badge")
    assert link.evaluate("one => one === document.activeElement")
    assert "긴급 1건" in page.locator("#told").inner_text()
    Sweep.objects.filter(pk=sweep.pk).update(state=SweepState.DONE, ended_at=timezone.now())
    page.locator("#stopping a").wait_for()
    assert page.locator("#ask[hx-post]").count() == 0, "nothing is asked any more"
    assert page.complaints == []


def test_what_is_urgent_comes_above_and_moves_nothing(window, sweep):
    for number in range(3):
        find(sweep, f"find{number}")
    looking = find(sweep, "looking", state=CandidateState.LOOKING)
    page = window()
    page.goto(window.address("sweep", sweep.pk))
    link = page.locator(f"#s{looking.pk} a")
    link.focus()
    place = link.bounding_box()
    assert page.locator("#urgent li").count() == 0
    arrived = [find(sweep, f"urgent{number}", level="urgent") for number in range(12)]
    below = page.locator("#rows tr").nth(4)
    page.locator("#urgent li").nth(11).wait_for()
    place_below = below.bounding_box()
    settled = Candidate.objects.get(pk="looking")
    settled.state, settled.level, settled.level_rank = CandidateState.WAITING, "urgent", 0
    settled.analysis = analysis([reason(ko="화면 속 물건: 책가방과 그 밖의 것 " * 12), reason()], level="urgent")
    settled.save()
    page.locator("#urgent li").nth(12).wait_for()
    shown = page.locator("#urgent li").evaluate_all("lines => lines.map(line => line.id)")
    assert shown == [f"u{one.pk}" for one in (*arrived, looking)], "each in the order in which it became urgent"
    page.wait_for_selector(f"#s{looking.pk} .badge.urgent")
    assert below.bounding_box() == place_below, "a row that gets its reasons pushes none away"
    assert link.bounding_box() == place, "the row stays where it stood, under whoever points at it"
    assert link.evaluate("one => one === document.activeElement")
    Candidate.objects.filter(pk="urgent0").update(state=CandidateState.LOOKING)
    find(sweep, "one more", level="urgent")
    page.locator("#urgent li").nth(13).wait_for()
    ids = page.locator("#urgent li").evaluate_all("lines => lines.map(line => line.id)")
    assert len(set(ids)) == len(ids), "each once"
    assert page.complaints == []


def test_a_server_out_of_reach_is_said_and_what_came_stays(window, sweep):
    find(sweep, "first")
    page = window()
    page.goto(window.address("sweep", sweep.pk))
    page.context.set_offline(True)
    page.locator("#offline").wait_for(state="visible")
    assert page.locator("#rows tr").count() == 1
    page.context.set_offline(False)
    page.locator("#offline").wait_for(state="hidden")


def test_lists_are_walked_by_keys_and_menus_close(window, sweep):
    for number in range(3):
        find(sweep, f"find{number}")
    page = window()
    page.goto(window.address("sweep", sweep.pk))
    links = page.locator("#rows tr a")
    links.nth(0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert links.nth(1).evaluate("one => one === document.activeElement")
    page.keyboard.press("Control+Home")
    page.locator(".top nav summary").click()
    assert page.locator(".top nav details[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".top nav details[open]").count() == 0
    page.goto(window.address("sweeps"))  # the first page begins in its box
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("class") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_from_the_box_to_a_sweep_without_script(window):
    page = window(has_script=False)
    page.goto(window.address("home"))
    page.locator("#box").fill("가을 축제")
    page.locator("form:has(#box) button.primary").click()
    page.locator("form:has(#keywords) button.primary").click()
    assert page.url.startswith(window.address("sweeps"))
    assert "가을 축제" in page.locator("h1").inner_text()
    page.goto(window.address("sweeps"))
    page.locator("#state").select_option("done")
    page.locator("form.filters button").click()
    assert "state=done" in page.url
    assert page.locator("tbody tr").count() == 0


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "dark", 320)])
def test_nothing_keeps_anybody_from_the_pages(window, sweep, lang, scheme, width):
    for number in range(4):
        find(sweep, f"find{number}", level=("urgent", "look", "none", "look")[number])
    page = window(lang, scheme, width)
    addresses = {
        name: window.address(name)
        for name in (
            "home",
            "search",
            "sweeps",
            "watches",
            "watch_new",
            "nights",
            "approvals",
            "sources",
            "source_setup",
            "jobs",
            "figures",
            "learning",
            "rights",
            "people",
            "cases",
            "queue",
            "care",
            "care_team",
            "removals",
            "outbox",
            "calendar",
            "hosts",
            "concepts",
        )
    }
    name, now = "a-machine-with-a-long-name.centre.example:123456:0123456789abcdef", timezone.now()
    changed = {"state": "changed", "found": 0, "error": "sources.field_changed", "field": "items[0].posted_at"}
    ended = Sweep(team=sweep.team, asked_by=window.lead, places=["peertube=https://tube.example"], state=SweepState.DONE)
    ended.keywords, ended.health, ended.started_at, ended.ended_at = ["날씨"], {"peertube": changed}, now, now
    ended.save(force_insert=True)
    Worker.objects.create(id=name, started="now", version="1", started_at=now, beat_at=now)
    addresses["sweep"] = window.address("sweep", sweep.pk)
    for name, address in addresses.items():
        page.goto(address)
        looked_at(page, f"{name}-{lang}-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"
    assert page.complaints == []
