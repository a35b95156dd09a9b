"""Takes the pictures of `docs/desk` from a running practice desk: python -m tests.browser.pictures FOLDER"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.vault import Vault
from tests.browser.conftest import KEYWORD, LOCALES, QUIET, Desk, reload_until, small_world
from tests.desk.chromium import launched

COLOURS = 32
"""Enough for flat pages, and a third of the bytes."""


def take(page: Page, folder: Path, name: str) -> None:
    """One picture of the page as it stands."""
    file = folder / f"{name}.png"
    page.wait_for_load_state()
    page.screenshot(path=file)
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


def tour(lang: str, folder: Path) -> None:
    """Goes once through the desk in one language."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        home = Path(temporary, "home")
        home.mkdir(mode=0o700)
        (Path(temporary) / "world").mkdir()
        with Vault.open(home) as vault:
            key = vault.practice_key()
        with PracticeServer(load_world(small_world(Path(temporary, "world"))), key) as platform:
            (home / "config.toml").write_text(
                f'[sources.practice]\nurl = "{platform.origin}"\n[desk]\nis_practice = true\nlisten = "127.0.0.1:0"\n', "utf-8"
            )
            (home / "config.toml").chmod(0o600)
            desk = Desk(home, lang)
            try:
                address, link = desk.opened()
                with launched(playwright, *QUIET) as browser:
                    page = browser.new_page(locale=LOCALES[lang], viewport={"width": 1100, "height": 760})
                    page.goto(link)
                    page.locator("main form button").click()
                    page.wait_for_url(f"{address}/")
                    page.locator("main textarea").fill(KEYWORD)
                    page.locator("main form button").first.click()
                    page.locator("main form button.primary").click()
                    page.wait_for_url("**/sweeps/**")
                    page.goto(f"{address}/queue/")
                    reload_until(page, lambda: page.locator("main tbody tr").count() > 0)
                    take(page, folder, f"queue-{lang}")
                    page.locator("form[data-primary] button").click()
                    page.wait_for_url("**/items/**")
                    take(page, folder, f"item-{lang}")
                    for name in ("", "watches", "audit", "people"):
                        page.goto(f"{address}/{name}/".replace("//", "/").replace(":/", "://"))
                        take(page, folder, f"{name or 'home'}-{lang}")
            finally:
                desk.end()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        tour(language, target)
