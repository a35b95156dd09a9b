"""Pages that stand before a site's own: a sign-in, a question whether one is human, a consent to cookies.

They come with status 200 and hold no results: taken for an answer they would say "nothing found".
"""

from __future__ import annotations

import re
from typing import Any

from jikim.errors import FetchRefused
from jikim.sources.markup import page_tree

_CAPTCHA = re.compile(r"recaptcha|hcaptcha|turnstile|challenges\.cloudflare|geetest|captcha", re.IGNORECASE)
_CONSENT = re.compile(r"consent|cookie[-_]?(?:wall|policy|notice)", re.IGNORECASE)
ASIDE = ("header", "nav", "footer", "aside")
"""Where every page of a site may have a small sign-in."""


def refuse_wall(root: Any, url: str) -> None:
    """Raises FetchRefused where a page without results is a wall, saying which kind. `url` is where the page was found."""
    kind = wall(root, url) if root is not None else None
    if kind:
        raise FetchRefused("sources.wall", where=url, kind={"message": f"sources.wall_{kind}"})


def refuse_wall_for_json(body: bytes, url: str) -> None:
    """The same for what was to be JSON."""
    if body.lstrip()[:1] == b"<":
        refuse_wall(page_tree(body.decode("utf-8", "replace")), url)


def wall(root: Any, url: str) -> str | None:
    """`captcha`, `sign_in` or `consent`; None for any other page."""
    for element in root.iter("iframe", "script", "form", "div", "img"):
        if any(_CAPTCHA.search(element.get(name) or "") for name in ("src", "class", "id", "action", "data-sitekey")):
            return "captcha"
    for field in root.iter("input"):
        if (field.get("type") or "").lower() == "password" and not any(one.tag in ASIDE for one in field.iterancestors()):
            return "sign_in"
    asks = any(_CONSENT.search(form.get("action") or "") for form in root.iter("form"))
    return "consent" if asks or _CONSENT.search(url.partition("?")[0]) else None
