"""Debian's Chromium for the tests that need a real browser in front of a page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = os.environ.get("JIKIM_PICTURES")
"""A folder for pictures of each page, to be looked at."""

in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""The marks of a module that opens one."""


@contextmanager
def launched(playwright, *arguments: str) -> Iterator:
    """A browser with a folder for temporary files of its own, which goes with it: Chromium leaves some behind."""
    with TemporaryDirectory(prefix="jikim-", ignore_cleanup_errors=True) as folder:
        env = os.environ | {"TMPDIR": folder}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=env)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def running() -> Iterator:
    """A browser without windows. Playwright runs a loop in this thread, which the desk does not use: Django is told so."""
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright, launched(playwright, "--no-sandbox", "--disable-gpu") as browser:
            yield browser
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def looked_at(page, name: str) -> None:
    """Nothing keeps anybody from using the page as it stands (WCAG 2.2 AA, as far as axe-core can tell); and its picture."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe
    found = axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["impact"], [node["target"] for node in one["nodes"][:3]]) for one in serious] == []
    if PICTURES:
        page.screenshot(path=Path(PICTURES, f"{name}.png"), full_page=True)
