"""The desk on the practice platform, as `make run` opens it: to a decision, addresses, rests, two people, the chain."""

from __future__ import annotations

import re
import zipfile

import pytest

from jikim.practice.world import load_world
from tests.browser.conftest import KEYWORD, assert_accessible, press_until, reload_until

PRACTICE = "is_practice = true"


@pytest.fixture
def inside(serve, browse):
    """A desk and a window in which its one person has come in by the link."""

    def enter(lang="ko", desk=""):
        running = serve(lang, desk=f"{PRACTICE}\n{desk}")
        address, link = running.opened()
        page = browse(lang)
        page.goto(link)
        assert_accessible(page)
        page.locator("main form button").click()
        page.wait_for_url(f"{address}/")
        return running, address, page

    return enter


def start_sweep(page, text=KEYWORD):
    """Types into the one box and starts what it recognised."""
    page.locator("main textarea").fill(text)
    page.locator("main form button").first.click()
    page.wait_for_url("**/search/check/")
    assert_accessible(page)
    page.locator("main form button.primary").click()
    page.wait_for_url("**/sweeps/**")


def take_next(page, address):
    """Waits until something waits, and takes it by keyboard."""
    page.goto(f"{address}/queue/")
    reload_until(page, lambda: page.locator("main tbody tr").count() > 0)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/items/"))


def decide(page, *keys):
    """Decides by keyboard, once the keys are awake."""
    item = page.url
    press_until(page, keys[0], lambda: page.locator("[data-decide] input[name=kind]:checked").count() == 1)
    for key in (*keys[1:], "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(lambda url: url != item)
    page.wait_for_load_state()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_from_the_link_to_a_decision(inside, lang):
    _, address, page = inside(lang)
    assert page.locator("html").get_attribute("lang") == lang
    assert_accessible(page)
    start_sweep(page)
    page.locator("main tbody tr").nth(5).wait_for()
    assert_accessible(page)

    take_next(page, address)
    assert page.locator("img, video, canvas:visible").count() == 0, "nothing is shown before it is asked for"
    assert_accessible(page)
    press_until(page, "KeyJ", lambda: page.evaluate("document.activeElement.hasAttribute('data-reason')"))
    decide(page, "Digit3")
    assert_accessible(page)
    assert page.locator("[data-undo]").count() == 1, "a minute to take it back"


KEYS_MAX = 50
"""From opening the link to a decision, the word in the box apart: even at a key every two seconds less than two minutes."""


def test_somebody_new_gets_from_the_link_to_a_decision_by_the_keyboard_alone(serve, browse):
    running = serve(desk=PRACTICE)
    address, link = running.opened()
    page = browse()
    pages, keys = [], []
    page.on("framenavigated", lambda frame: pages.append(frame.url) if frame == page.main_frame else None)

    def press(key):
        keys.append(key)
        page.keyboard.press(key)

    def reach(selector):
        """Walks there by Tab, as somebody does who knows no shortcut."""
        for _ in range(KEYS_MAX):
            if page.evaluate("one => document.activeElement.matches(one)", selector):
                return
            press("Tab")
        raise AssertionError(f"{selector} is out of reach on {page.url}")

    page.goto(link)
    reach("main form button")
    press("Enter")
    page.wait_for_url(f"{address}/")
    reach("main textarea")
    page.keyboard.type(KEYWORD)
    reach("main form button.primary")
    press("Enter")
    page.wait_for_url("**/search/check/")
    reach("main form button.primary")
    press("Enter")
    page.wait_for_url("**/sweeps/**")
    page.locator("#stopping a").wait_for()
    reach("#urgent li a")
    press("Enter")
    page.wait_for_url("**/items/**")
    reach("main form button.primary")
    press("Enter")
    page.locator("[data-decide] input[name=kind]").first.wait_for()
    reach("[data-decide] input[name=kind]")
    for _ in range(2):
        press("ArrowDown")
    item = page.url
    reach("[data-decide] > button.primary")
    press("Enter")
    page.wait_for_url(lambda url: url != item)
    page.locator("[data-undo]").wait_for()
    assert len(keys) <= KEYS_MAX, f"{len(keys)} keys over {len(set(pages))} pages"


def test_three_hundred_pasted_addresses(inside, world):
    running, address, page = inside()
    posts = [f"{running.platform}/item/{item.id}" for item in load_world(world).items]
    lines = [*posts, *posts[:3], "ftp://files.example/x"]
    lines += [f"{running.platform}/gone/{number}" for number in range(300 - len(lines))]
    assert len(lines) == 300
    start_sweep(page, "\n".join(lines))
    page.locator("main tbody tr").nth(5).wait_for()
    assert_accessible(page)

    page.goto(f"{address}/")
    page.locator("main textarea").fill("\n".join(posts))
    page.locator("main form button").first.click()
    page.wait_for_url("**/search/check/")
    assert page.locator(".notice li").count() == len(posts), "what is known is said before it runs again"


def test_a_rest_hands_the_item_on(inside):
    _, address, page = inside()
    start_sweep(page)
    take_next(page, address)
    press_until(page, "KeyB", lambda: "/care/" in page.url)
    assert_accessible(page)
    page.goto(f"{address}/queue/")
    assert page.locator("form[data-primary]").count() == 0, "no item is handed out during a rest"


def test_two_people_where_the_centre_wants_two(inside):
    _, address, page = inside(desk='second_opinion_for = ["confirmed"]')
    start_sweep(page)
    take_next(page, address)
    item = page.url
    decide(page, "Digit1", "Digit1")
    page.goto(item)
    assert page.locator("[data-decide]").count() == 0, "nobody is their own second person"
    assert_accessible(page)


def test_the_chain_is_verified_and_taken_along(inside, tmp_path):
    _, address, page = inside()
    page.goto(f"{address}/audit/")
    assert_accessible(page)
    page.locator("form[action='/audit/verify/'] button").click()
    page.wait_for_load_state()
    assert_accessible(page)
    page.goto(f"{address}/audit/")
    with page.expect_download() as download:
        page.locator("form[action='/audit/export/'] button").click()
    saved = tmp_path / "chain"
    download.value.save_as(saved)
    assert saved.stat().st_size > 500
    if zipfile.is_zipfile(saved):
        with zipfile.ZipFile(saved) as archive:
            assert archive.testzip() is None
