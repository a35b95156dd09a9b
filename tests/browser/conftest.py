"""The desk as people meet it: `jikim serve` as a real process, and Debian's Chromium in front of it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.vault import Vault
from tests.desk.chromium import launched
from tests.desk.processes import JIKIM, environment

QUIET = [
    "--no-sandbox",  # Chromium has none as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_S = 120.0
KEYWORD = "축제"
LOCALES = {"ko": "ko-KR", "en": "en-US"}


class Desk:
    """A running desk at a terminal of its own. `platform` is the practice platform that it searches."""

    def __init__(self, home: Path, lang: str, *arguments: str) -> None:
        self.home = home
        self.platform = ""
        self.said = ""
        self._terminal, theirs = pty.openpty()
        env = environment(home) | {"JIKIM_LANG": lang, "TERM": "xterm", "COLUMNS": "120"}
        self._process = subprocess.Popen(
            [JIKIM, "serve", *arguments], env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)

    def until(self, pattern: str) -> re.Match[str]:
        """Waits until the terminal has shown `pattern` after what was matched before."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.said)):
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"the terminal never showed {pattern!r}:\n{self.said}")
            self.said += os.read(self._terminal, 65_536).decode("utf-8", "replace").replace("\r\n", "\n")
        self.said = self.said[found.end() :]
        return found

    def answer(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def opened(self) -> tuple[str, str]:
        """The address of the desk and the link that signs in once."""
        link = self.until(r"(http://localhost:\d+)/join/[\w-]+/")
        return link[1], link[0]

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        os.close(self._terminal)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with launched(playwright, *QUIET) as browser:
        yield browser


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a window of a new person, who has a security key in the machine."""
    with ExitStack() as stack:

        def open_window(lang: str = "ko", *, has_key: bool = True, scheme: str = "light", width: int = 1280) -> Page:
            context: BrowserContext = chromium.new_context(
                locale=LOCALES[lang], color_scheme=scheme, viewport={"width": width, "height": 900}
            )
            stack.callback(context.close)
            context.set_default_timeout(1000 * PATIENCE_S / 3)
            page = context.new_page()
            page.foreign = []
            context.on(
                "request", lambda request: page.foreign.append(request.url) if "//localhost" not in request.url else None
            )
            page.faults = []
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            page.on("console", lambda said: page.faults.append(said.text) if "Content Security Policy" in said.text else None)
            if has_key:
                add_security_key(page)
            return page

        yield open_window


def add_security_key(page: Page) -> None:
    """A virtual security key that keeps passkeys and is touched at once."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.devices = devices  # the key is gone with its session


@pytest.fixture
def serve(
    tmp_path_factory: pytest.TempPathFactory, practice: Callable[[Path], PracticeServer]
) -> Iterator[Callable[..., Desk]]:
    """Starts a desk under a home of its own."""
    running: list[Desk] = []

    def start(lang: str = "ko", *arguments: str, desk: str = "", **sections: str) -> Desk:
        home = tmp_path_factory.mktemp("desk") / "home"
        home.mkdir(mode=0o700)
        platform = practice(home)
        sections["sources.practice"] = f'url = "{platform.origin}"'
        written = "\n".join(f"[{name}]\n{text}" for name, text in sections.items())
        (home / "config.toml").write_text(f'{written}\n[desk]\nlisten = "127.0.0.1:0"\n{desk}\n', "utf-8")
        (home / "config.toml").chmod(0o600)
        running.append(Desk(home, lang, *arguments))
        running[-1].platform = platform.origin
        return running[-1]

    yield start
    for one in running:
        one.end()


def press_until(page: Page, key: str, is_done: Callable[[], bool]) -> None:
    """Presses a key until it has had its effect: for a second after a decision the keys sleep."""
    deadline = time.monotonic() + PATIENCE_S / 3
    while not is_done():
        assert time.monotonic() < deadline, f"{key} had no effect on {page.url}"
        page.keyboard.press(key)


def reload_until(page: Page, is_done: Callable[[], bool]) -> None:
    """Asks for the page again until what it waits for has happened."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_done():
        assert time.monotonic() < deadline, f"what {page.url} should show never came"
        page.reload()


def small_world(folder: Path) -> Path:
    """A dozen posts of the practice platform's own world: what is planted most plainly, and ordinary ones."""
    own = Path(str(files("jikim").joinpath("practice", "world")))
    header, *rows = [line.split("\t") for line in (own / "items.tsv").read_text("utf-8").splitlines()]
    planted = [row for row in rows if row[3] and row[0] in ("", "media/0085.jpg", "media/0175.jpg", "media/0163.mp4")]
    ordinary = [row for row in rows if not row[3] and not row[0] and KEYWORD in row[2]][:6]
    pictures = [row for row in rows if not row[3] and row[0].endswith(".jpg") and KEYWORD in row[2]][:2]
    (folder / "media").mkdir()
    for row in (*planted, *pictures):
        if row[0]:
            shutil.copy(own / row[0], folder / row[0])
    lines = ["\t".join(row) for row in (header, *planted, *pictures, *ordinary)]
    (folder / "items.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def practice(world: Path) -> Iterator[Callable[[Path], PracticeServer]]:
    """Starts the practice platform of a desk's home, and has the desk search it."""
    with ExitStack() as stack:

        def start(home: Path) -> PracticeServer:
            with Vault.open(home) as vault:
                key = vault.practice_key()
            return stack.enter_context(PracticeServer(load_world(world), key))

        yield start


def assert_accessible(page: Page) -> None:
    """axe-core finds nothing serious on the page as it stands, and nothing of it came from elsewhere."""
    page.wait_for_load_state()
    found = Axe().run(page)
    serious = [
        f"{rule['id']}: {rule['help']}: {[node['html'][:160] for node in rule['nodes'][:3]]}"
        for rule in found.response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == [], f"{page.url}\n" + "\n".join(serious)
    assert page.foreign == []
    assert page.faults == []
