"""The picture of a page for the evidence: its words as they were fetched, grey boxes where pictures, films and frames were.

Nothing is fetched for it, and nothing of the page ever runs or is shown as it is: the browser parses it into a document that is
never displayed, and draws the text of it with elements of ours (`draw.js`). So no style, script, picture in the page itself
(`data:`, SVG), film, frame or font of the page can reach the picture, covered or not.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jikim_desk.notices.pictures import browser
from jikim_desk.words import say

TIME_LIMIT_S = 8.0
WIDTH_PX = 1000
LIMITS: Mapping[str, int] = {"nodes": 20_000, "letters": 200_000, "depth": 120, "height_px": 10_000}
PNG_MAX_BYTES = 24 * 2**20
_KINDS = ("picture", "drawing", "film", "sound", "frame", "embedded", "background", "cut")
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class PagePicture:
    """`png` is empty where there is none; `why_none` then says why, as a message key. `boxes` counts what was covered; `is_cut`
    where the page goes on."""

    png: bytes = b""
    why_none: str = ""
    width_px: int = 0
    height_px: int = 0
    boxes: int = 0
    is_cut: bool = False


def drawn(page: str, *, head: Sequence[str], lang: str, time_limit_s: float) -> PagePicture:
    """The picture of a page of HTML; `head` are lines that stand above it."""
    if not browser.found():
        return PagePicture(why_none="evidence.picture.no_browser")
    words: dict[str, Any] = {kind: say(f"evidence.picture.{kind}", lang) for kind in _KINDS}
    try:
        with browser.opened(time_limit_s=time_limit_s) as opened:
            return _taken(opened, page, {**words, "head": list(head)})
    except (browser.BrowserFailed, OSError):  # OSError: no memory, no processes left
        return PagePicture(why_none="evidence.picture.failed")


def _taken(opened: browser.Browser, page: str, words: Mapping[str, Any]) -> PagePicture:
    opened.call("Emulation.setDeviceMetricsOverride", width=WIDTH_PX, height=800, deviceScaleFactor=1, mobile=False)
    said = opened.run(_draw(), page, words, LIMITS)
    height_px = max(1, min(int(said["height_px"]), LIMITS["height_px"]))
    clip = {"x": 0, "y": 0, "width": WIDTH_PX, "height": height_px, "scale": 1}
    shot = opened.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    try:
        png = base64.b64decode(shot["data"], validate=True)
    except binascii.Error as error:
        raise browser.BrowserFailed("no picture") from error
    if not png.startswith(_PNG) or len(png) > PNG_MAX_BYTES:
        raise browser.BrowserFailed("no picture")
    return PagePicture(png, "", WIDTH_PX, height_px, int(said["boxes"]), bool(said["is_cut"]))


@cache
def _draw() -> str:
    return Path(__file__).with_name("draw.js").read_text("utf-8")
