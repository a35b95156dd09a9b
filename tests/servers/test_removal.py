"""The whole way at a real desk, in a real browser, over real servers: found, confirmed by keyboard, evidence, a letter by mail,
taken down there, gone from two networks, and the alarm when an edited copy is posted elsewhere."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import time
from email import policy
from pathlib import Path
from typing import ClassVar

import pytest

from tests.desk.chromium import in_browser, looked_at
from tests.desk.chromium import running as browser
from tests.desk.loopback import Proxy, serving
from tests.desk.mail import certificate, mail_server
from tests.desk.processes import ROOT, environment, prepared, running, until
from tests.flow.harness import drawing
from tests.ports import free_port
from tests.servers.removal_desk import NAME, PERSON

pytestmark = in_browser
AGENT = "Jikim removal test"
PATIENCE_S = 120.0
TO = "abuse@wiki.example"
WORDS = "강변에서 하늘이네가 찍은 축제"


class Taking:
    """What the mail server does: keeps each letter."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK queued as 7"


class Away(Proxy):
    """Another network; what was asked for from there."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        self.asked.append(self.path)
        super().do_GET()


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def films(folder: Path) -> tuple[bytes, bytes]:
    """Eight seconds of a fractal that grows; and the same mirrored, cropped, captioned and compressed again."""
    whole, edited, caption = folder / "whole.webm", folder / "edited.webm", folder / "caption.png"
    coded = ["-c:v", "libvpx", "-pix_fmt", "yuv420p"]
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "mandelbrot=size=480x360:rate=10:start_scale=2:end_scale=0.02",
        "-t",
        8,
        *coded,
        "-b:v",
        "1M",
        whole,
    )
    drawing("여름 축제 다시 보기", (300, 40)).save(caption)
    changes = "[0]hflip,crop=iw*0.88:ih*0.88[a];[a][1]overlay=20:H-h-10"
    ffmpeg("-i", whole, "-i", caption, "-filter_complex", changes, *coded, "-b:v", "300k", edited)
    return whole.read_bytes(), edited.read_bytes()


@pytest.fixture
def mail(tmp_path):
    taking = Taking()
    with mail_server(taking, certificate(tmp_path)) as taking.port:
        yield taking


@pytest.fixture
def desk(tmp_path, wiki, site, mail):
    """`jikim serve` with its worker, and a window in which somebody is signed in; the address is the window's."""
    port = free_port()
    with serving(Away) as proxy:
        hosts = {"listen": f"127.0.0.1:{port}", "is_practice": False, "undo_s": 1, "centre": "시험 지원센터"}
        home = prepared(tmp_path / "home", **hosts)
        lines = [
            "[desk.removal]",
            'organisation = "시험 지원센터"',
            'organisation_en = "Test Centre"',
            'mailbox = "removal@centre.example"',
            'smtp_host = "localhost"',
            f"smtp_port = {mail.port}",
            f'smtp_roots = "{tmp_path / "cert.pem"}"',
            "wait_s = 1",
            "[[desk.removal.vantages]]",
            'name = "abroad"',
            f'proxy = "http://127.0.0.1:{proxy}"',
            "[fetching]",
            f'loopback_allowed = ["{wiki.host}", "{site.host}"]',
            "pace_s = 0.0",
            f'[sources.mediawiki]\nurl = "{wiki.interface}"',
            f'[sources.feed]\nurl = "{site.url}/feed.php"',
        ]
        with (home / "config.toml").open("a") as file:
            file.write("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "tests.servers.removal_desk", AGENT]
        made = subprocess.run(command, cwd=ROOT, env=environment(home), capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        address = f"http://localhost:{port}"
        with running(home, "serve") as serve, browser() as chromium:
            until(lambda: address in serve.said, PATIENCE_S, "the desk is open")
            context = chromium.new_context(locale="en-US", user_agent=AGENT, viewport={"width": 1280, "height": 900})
            context.set_default_timeout(1000 * PATIENCE_S / 2)
            context.add_cookies([{"name": "sessionid", "value": made.stdout.strip(), "url": address}])
            page = context.new_page()
            page.address = address
            yield page
            context.close()


def until_shown(page, path, selector):
    """Asks for a page again until it shows what it waits for; that."""
    ends = time.monotonic() + PATIENCE_S
    page.goto(page.address + path)
    while not page.locator(selector).count():
        assert time.monotonic() < ends, f"{path} never showed {selector}"
        page.wait_for_timeout(700)  # the worker needs the machine
        page.reload()
    return page.locator(selector)


def press_until(page, key, is_done):
    """Presses a key until it has had its effect: for a second after a page opens the keys sleep."""
    ends = time.monotonic() + PATIENCE_S
    while not is_done():
        assert time.monotonic() < ends, f"{key} had no effect on {page.url}"
        page.keyboard.press(key)
        page.wait_for_timeout(50)


def sweep(page):
    """Puts the word into the one box, and starts what it recognised."""
    page.goto(page.address)
    page.locator("main textarea").fill("축제")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/check/")
    page.locator("main form button.primary").press("Enter")
    page.wait_for_url("**/sweeps/**")


def confirm_by_keyboard(page):
    """Takes the first item of the queue and confirms it; its number."""
    until_shown(page, "/queue/?level=none", "main tbody tr")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/items/"))
    number = page.url.partition("/items/")[2].strip("/").partition("/")[0]
    press_until(page, "Digit1", lambda: page.locator("[data-decide] input[name=kind]:checked").count() == 1)
    page.keyboard.press("Digit1")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: number not in url)
    return number


def test_from_a_posted_film_to_the_alarm_at_its_edited_copy(desk, wiki, site, mail, tmp_path):
    page = desk
    whole, edited = films(tmp_path)
    name = "여름_축제.webm"
    wiki.post_file(name, whole, WORDS)

    sweep(page)
    number = confirm_by_keyboard(page)
    removal = f"/removals/{number.partition('?')[0]}/"

    until_shown(page, removal, "form[action^='/evidence/']")
    looked_at(page, "whole-way-removal")
    letter = until_shown(page, removal, "section[aria-labelledby=notices] a[href^='/outbox/']").first.get_attribute("href")
    page.goto(page.address + letter)
    page.get_by_label("To", exact=True).fill(TO)
    page.locator("button[value=approve]").click()
    until_shown(page, letter, "button[name=outcome]")
    ((sender, to, content),) = mail.letters
    read = email.message_from_bytes(content, policy=policy.default)
    assert (sender, to) == ("removal@centre.example", [TO])
    assert wiki.host in read.get_content()
    for secret in (NAME, PERSON, number[:12], "하늘이네"):
        assert secret not in content.decode() + read.get_content() + str(read["Subject"])

    wiki.delete_file(name)
    page.locator("button[name=outcome][value=removed]").click()
    until_shown(page, removal, ".head .badge.look")
    seen = page.locator("section[aria-labelledby=visits] tbody").inner_text()
    assert "abroad" in seen
    assert any(wiki.host in url for url in Away.asked), "one of the two visits came from another network"
    until_shown(page, removal, "section[aria-labelledby=guard] li:has-text('fingerprint kept')")

    site.post_file("copy.webm", edited)
    site.post("모임:여름", "여름 축제 다시 보기", "또 올립니다", "copy.webm")
    try:
        sweep(page)
        row = until_shown(page, "/reuploads/", "main tbody tr a[href^='/items/']")
        looked_at(page, "whole-way-reuploads")
        again = row.first.get_attribute("href")
        page.goto(page.address + removal)
        assert page.locator(".notice.urgent").count() == 1
        looked_at(page, "whole-way-alarm")
        page.goto(page.address)
        assert page.locator("main a[href='/reuploads/']").count() == 1
        page.goto(page.address + "/queue/")
        assert page.locator("main tbody tr").first.locator(".badge.urgent").count() >= 1
        page.goto(page.address + again)
        assert page.locator(f"main .notice.urgent a[href='{removal}']").count() == 1
        assert len(mail.letters) == 1
    finally:
        site.remove("모임:여름")
        site.remove_file("copy.webm")
