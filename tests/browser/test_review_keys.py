"""The review by keyboard, with real keys in a real browser."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.browser.conftest import LOCALES, PATIENCE_S, assert_accessible
from tests.desk.processes import ROOT, environment

AGENT = "Jikim review test"
CATEGORIES = 'categories = ["첫째 유형", "둘째 유형"]'


def _answers(port):
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


class Review:
    """A desk with items, and windows of somebody who is signed in there."""

    def __init__(self, home: Path, chromium) -> None:
        home.mkdir(mode=0o700)
        (home / "config.toml").write_text(f"[desk]\n{CATEGORIES}\n", "utf-8")
        (home / "config.toml").chmod(0o600)
        env = environment(home)
        made = subprocess.run(
            [sys.executable, "-m", "tests.browser.review_world", AGENT], cwd=ROOT, env=env, capture_output=True
        )
        assert made.returncode == 0, made.stderr.decode()
        self.made = json.loads(made.stdout)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://localhost:{port}"
        served = [str(Path(sys.prefix, "bin", "gunicorn")), "-b", f"127.0.0.1:{port}", "--threads", "4", "--no-control-socket"]
        self._process = subprocess.Popen([*served, "jikim_desk.wsgi"], cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(port):
            assert self._process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self._chromium = chromium
        self._contexts = []

    def window(self, lang="ko", *, scheme="light", has_script=True):
        context = self._chromium.new_context(
            locale=LOCALES[lang],
            color_scheme=scheme,
            java_script_enabled=has_script,
            user_agent=AGENT,
            viewport={"width": 1280, "height": 900},
        )
        context.set_default_timeout(1000 * PATIENCE_S / 3)
        context.add_cookies([{"name": "sessionid", "value": self.made["session"], "url": self.address}])
        self._contexts.append(context)
        page = context.new_page()
        page.foreign, page.faults = [], []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda said: page.faults.append(said.text) if "Content Security" in said.text else None)
        return page

    def close_windows(self):
        for context in self._contexts:
            context.close()
        self._contexts = []

    def end(self):
        self.close_windows()
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture(scope="module")
def review(chromium, tmp_path_factory):
    desk = Review(tmp_path_factory.mktemp("review") / "home", chromium)
    yield desk
    desk.end()


@pytest.fixture
def at_item(review):
    """A window with the best item in hand."""

    def open_item(**kwargs):
        page = review.window(**kwargs)
        page.goto(f"{review.address}/queue/")
        page.locator("form[data-primary] button").click()
        page.wait_for_url(re.compile("/items/"))
        page.wait_for_timeout(1100)  # after a decision the keys sleep for a second
        return page

    yield open_item
    review.close_windows()


def chosen(page):
    return page.evaluate("[...document.querySelectorAll('[data-decide] input:checked')].map(input => input.value)")


def lifted(page):
    return page.locator("[data-lift-canvas]").is_visible()


def test_nothing_is_shown_and_nothing_of_a_post_is_run(at_item):
    page = at_item()
    assert page.locator("main img, main svg, main video, main canvas, main audio").count() == 0
    assert "의심 건" in page.title()
    assert "\\u202e" in page.locator(".review-title").inner_text()
    assert_accessible(page)


def test_reasons_are_walked_and_a_decision_is_chosen_and_cleared(at_item):
    page = at_item()
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert page.locator("[data-reason]").nth(place).evaluate("one => one === document.activeElement")
    page.keyboard.press("1")
    assert chosen(page) == ["confirmed"]
    page.keyboard.press("Enter")
    assert page.url.endswith("/"), "a category is missing, so nothing is sent"
    page.keyboard.press("2")
    assert chosen(page) == ["confirmed", "둘째 유형"]
    page.keyboard.press("Escape")
    assert chosen(page) == []
    page.keyboard.press("2")
    page.keyboard.press("3")
    assert chosen(page) == ["appears_adult", "support_not_relevant"]
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    assert chosen(page) == ["cannot_tell"]


def test_two_hundred_keys_in_a_note_are_two_hundred_letters(at_item):
    page = at_item()
    url = page.url
    page.keyboard.press("n")
    text = "jk12345 0usbv/? " * 12 + "12345678"
    page.keyboard.type(text)
    assert page.locator("[data-note]").input_value() == text
    assert len(text) == 200
    assert chosen(page) == []
    assert page.url == url
    assert page.locator(".review-strip").count() == 0


def test_keys_sleep_while_hangul_is_composed(at_item):
    page = at_item()
    url = page.url
    devices = page.context.new_cdp_session(page)
    page.keyboard.press("n")
    devices.send("Input.imeSetComposition", {"text": "ㅎ", "selectionStart": 1, "selectionEnd": 1})
    devices.send("Input.imeSetComposition", {"text": "하", "selectionStart": 1, "selectionEnd": 1})
    devices.send("Input.insertText", {"text": "하"})
    assert page.locator("[data-note]").input_value() == "하"
    for code in ("Digit1", "KeyS", "KeyB", "KeyV", "Digit0"):
        event = {"code": code, "isComposing": True, "bubbles": True, "cancelable": True}
        is_free = page.evaluate("how => document.body.dispatchEvent(new KeyboardEvent('keydown', how))", event)
        assert is_free, "nothing took the key"
    assert chosen(page) == []
    assert page.url == url


def test_keys_are_places_on_the_keyboard_not_letters(at_item):
    page = at_item()
    event = "new KeyboardEvent('keydown', {code: 'KeyJ', key: 'ㅓ', bubbles: true, cancelable: true})"
    page.evaluate(f"document.body.dispatchEvent({event})")
    assert page.locator("[data-reason]").first.evaluate("one => one === document.activeElement")


def test_a_frame_is_clear_only_while_v_is_held_and_for_a_reason(at_item):
    page = at_item()
    page.keyboard.press("v")
    page.locator(".review-strip").wait_for()
    heights = page.locator(".review-strip svg").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(heights) == 3
    assert max(heights) <= 96
    assert_accessible(page)
    page.keyboard.press("v")
    assert page.locator("[data-lift-reasons]").is_visible()
    assert not lifted(page), "the reason comes first"
    page.keyboard.press("2")
    assert chosen(page) == [], "the digit was the reason"
    page.keyboard.press("ArrowRight")
    page.keyboard.down("v")
    page.locator("[data-lift-canvas]").wait_for()
    box = page.locator("[data-lift-canvas]").bounding_box()
    assert max(box["width"], box["height"]) <= 192
    with page.expect_request(re.compile("/lifts/.*/back")):
        page.keyboard.up("v")
    assert not lifted(page)
    page.evaluate("document.querySelector('[data-lift]').dataset.longest = '1.5'")
    page.keyboard.down("v")
    page.locator("[data-lift-canvas]").wait_for()
    page.locator("[data-lift-canvas]").wait_for(state="hidden")
    page.keyboard.up("v")
    page.evaluate("document.querySelector('[data-lift]').dataset.longest = '10'")
    page.keyboard.down("v")
    page.locator("[data-lift-canvas]").wait_for()
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    assert not lifted(page), "who turns away sees nothing when they come back"
    page.keyboard.up("v")
    assert page.evaluate("document.fullscreenElement") is None


def test_known_material_stands_beside_by_one_key_and_either_side_is_lifted(at_item):
    page = at_item()
    page.keyboard.press("c")
    page.locator(".review-pair").first.wait_for()
    assert page.locator(".review-pair .review-frame").count() == 6
    assert not lifted(page)
    assert_accessible(page)
    page.keyboard.press("v")
    page.keyboard.press("2")
    for _ in range(2):
        page.keyboard.down("v")
        page.locator("[data-lift-canvas]").wait_for()
        with page.expect_request(re.compile("/lifts/.*/back")):
            page.keyboard.up("v")
        assert not lifted(page)
        page.keyboard.press("ArrowRight")


def test_enter_never_opens_media(at_item):
    page = at_item()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator(".review-strip").count() == 0


def test_without_script_one_decides_and_nothing_can_be_lifted(at_item):
    page = at_item(has_script=False)
    page.locator("[data-strip] button").click()
    page.locator(".review-strip").wait_for()
    assert not lifted(page)
    assert page.locator(f"form[action='{page.locator('.review-strip').get_attribute('data-lift')}']").count() == 0
    first = page.url
    page.locator("input[value=not_relevant]").check()
    page.locator("[data-decide] button").click()
    page.wait_for_url(lambda url: "/items/" in url and url != first)
    page.locator("[data-undo] button").click()
    page.wait_for_url(re.compile("/items/"))


def test_without_script_a_note_is_left_and_nothing_decided(at_item):
    page = at_item(has_script=False)
    first = page.url
    page.locator("[data-note]").fill("앞부분만 읽었습니다.")
    page.locator("[data-swap]").click()
    page.wait_for_url(lambda url: "/items/" in url and url != first)
    assert page.locator("[data-undo]").count() == 0
    page.goto(first)
    assert "앞부분만 읽었습니다." in page.locator("main").inner_text()
    page.locator("form[action*='/take'] button").click()
    page.wait_for_url(first)


def test_what_one_writes_outlives_the_sign_in(at_item):
    page = at_item()
    page.keyboard.press("n")
    page.keyboard.type("길게 쓴 메모")
    page.context.clear_cookies(name="sessionid")
    page.locator("input[value=not_relevant]").check()
    page.locator("[data-decide] > button.primary").click()
    page.locator("textarea[readonly]").wait_for()
    assert page.locator("textarea[readonly]").input_value() == "길게 쓴 메모"
    assert_accessible(page)


def test_from_a_decision_to_undo_something_else_rest_and_help(at_item, review):
    page = at_item()
    first = page.url
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != first)
    assert page.locator("[data-decide]").is_hidden(), "a second of calm"
    page.keyboard.press("3")
    assert chosen(page) == [], "the keys sleep meanwhile"
    page.locator("[data-decide]").wait_for()
    page.keyboard.press("u")
    page.wait_for_url(first)
    page.wait_for_timeout(1100)
    page.keyboard.press("Shift+Slash")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("3")
    assert chosen(page) == [], "the keys sleep behind the help"
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.wait_for_url(lambda url: url != first)
    page.wait_for_timeout(1100)
    page.keyboard.press("0")
    page.wait_for_url(re.compile("/danger-sheets/"))
    assert_accessible(page)
    page.go_back()
    page.wait_for_timeout(1100)
    page.keyboard.press("b")
    page.wait_for_url(re.compile("/care/"))
    assert_accessible(page)
    page.locator("form[action='/care/rest/end'] button").click()
    page.wait_for_url(re.compile("/queue/"))


@pytest.mark.parametrize(("lang", "scheme"), [("ko", "dark"), ("en", "light"), ("en", "dark")])
def test_every_page_of_the_review_is_accessible(at_item, review, lang, scheme):
    page = at_item(lang=lang, scheme=scheme)
    page.keyboard.press("1")
    assert_accessible(page)
    page.keyboard.press("v")
    page.locator("#strip .review-strip, #strip .notice").first.wait_for()
    assert_accessible(page)
    for path in ("/queue/", "/queue/?level=none", "/care/"):
        page.goto(review.address + path)
        assert_accessible(page)
