"""Pages that stand before a site's own: a sign-in, a question whether one is human, a consent to cookies.

They come with status 200 and hold no results: taken for an answer they would say "nothing found".
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from jikim.errors import FetchRefused
from jikim.sources.charsets import decoded
from jikim.sources.markup import PageFacts, page_tree
from jikim.types import Answer

_CAPTCHA = re.compile(r"recaptcha|hcaptcha|turnstile|challenges\.cloudflare|geetest|captcha", re.IGNORECASE)
_CONSENT = re.compile(r"consent|cookie[-_]?(?:wall|policy|notice)", re.IGNORECASE)
_SIGN_IN = re.compile(r"log[_-]?in|log[_-]?on|sign[_-]?in|auth|sso|member", re.IGNORECASE)
BARE_CHARACTERS = 500
BARE_LINKS = 10
"""A page with less to read than this, fewer links and no media may be nothing but a wall."""
ASIDE = ("header", "nav", "footer", "aside")
"""Where every page of a site may have a small sign-in."""


def refuse_wall(root: Any, url: str) -> None:
    """Raises FetchRefused where a page without results is a wall, saying which kind. `url` is where the page was found."""
    kind = wall(root, url) if root is not None else None
    if kind:
        raise _refusal(kind, url)


def refuse_wall_in(body: bytes, url: str) -> None:
    """The same for what was to be JSON, a feed or a list of pages."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        refuse_wall(page_tree(body.decode("utf-8", "replace")), url)


def refuse_wall_for_page(answer: Answer, facts: PageFacts) -> None:
    """The same for any page: one that has next to nothing of its own, or a sign-in to which another address led."""
    is_elsewhere = bool(_SIGN_IN.search(_place(answer.final_url))) and not _SIGN_IN.search(_place(answer.url))
    has_little = len(facts.text) < BARE_CHARACTERS and len(facts.links) < BARE_LINKS
    is_bare = has_little and not facts.video_urls and not facts.image_urls
    if is_bare or is_elsewhere:
        root = page_tree(decoded(answer.body, answer.headers.get("content-type", "")))
        kind = wall(root, answer.final_url) if root is not None else None
        if kind and (is_bare or kind == "sign_in"):
            raise _refusal(kind, answer.final_url)


def _refusal(kind: str, url: str) -> FetchRefused:
    return FetchRefused("sources.wall", where=url, kind={"message": f"sources.wall_{kind}"})


def _place(url: str) -> str:
    return "/".join(urlsplit(url)[1:3])


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
