"""Plain pages for what goes wrong. They ask no database, so that they come up when it is the database that is wrong."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.rights import public

logger = logging.getLogger("jikim.desk")

WRITTEN = ("note", "text", "keywords", "addresses")
"""Fields into which people write at length."""


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request itself is wrong."""
    if isinstance(exception, RequestDataTooBig):
        return _page(request, 413, "too_big")
    return _page(request, 400, "bad_request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: their roles do not allow it."""
    return _page(request, 403, "forbidden")


@public
def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form that did not come from this desk or whose sign-in has ended (CSRF)."""
    return _page(request, 403, "forged")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing there, or nothing this person may know of."""
    return _page(request, 404, "not_found")


def failed(request: HttpRequest) -> HttpResponse:
    """500, or 503 for what passes or names its own remedy: a locked database, a full disk, a lost key."""
    error = sys.exc_info()[1]
    if isinstance(error, JikimError):
        return _page(request, 503, "failed", words.say(error.key, **error.params))
    if isinstance(error, OperationalError):
        answer = _page(request, 503, "database")
        answer["Retry-After"] = "5"
        return answer
    if isinstance(error, OSError) and error.strerror:
        return _page(request, 503, "failed", words.say("console.trouble.system", problem=error.strerror))
    return _page(request, 500, "failed")


@public
def signed_out(request: HttpRequest, sign_in: str) -> HttpResponse:
    """401: the sign-in ended while somebody was writing. `sign_in` is the address that leads back to where they were."""
    if request.headers.get("HX-Request"):
        sentence = words.say("console.trouble.signed_out.here")
        return render(request, "console/parts/notice.html", {"kind": "error", "text": sentence})
    return _page(request, 401, "signed_out", next_url=sign_in, next_key="console.trouble.sign_in")


def written(request: HttpRequest) -> list[str]:
    """What somebody had written into the form of this desk that was sent, so that no trouble loses it; nothing of a form that
    another site sent."""
    if request.method != "POST" or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return []
    return [text for name in WRITTEN if (text := request.POST.get(name, "").strip())]


def _page(
    request: HttpRequest, status: int, name: str, sentence: str = "", *, next_url: str = "/", next_key: str = "console.to_home"
) -> HttpResponse:
    shown: dict[str, Any] = {
        "title_key": f"console.trouble.{name}",
        "sentence": sentence or words.say(f"console.trouble.{name}.next"),
        "written": written(request) if status not in (400, 413) else [],
        "next_url": next_url,
        "next_key": next_key,
    }
    return render(request, "console/trouble.html", shown, status=status)
