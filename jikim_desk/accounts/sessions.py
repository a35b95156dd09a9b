"""How long a sign-in lasts: a while without activity, a day's work at most, and only in the browser where it began."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.sealing import reference

BEGAN, SEEN, AGENT, ENDED = "jikim.began_at", "jikim.seen_at", "jikim.agent", "jikim.ended_because"
POLL = "X-Poll"
"""A page that asks by itself sends this header, so that a browser left alone still falls idle."""
_NOTE_EVERY_S = 30
_CLOCK_SLACK_S = 120


def begin(request: HttpRequest) -> None:
    """Starts the clocks of a session; what was left from before the sign-in is gone by then."""
    now = time.time()
    request.session.update({BEGAN: now, SEEN: now, AGENT: _agent(request)})


class SessionLimitsMiddleware:
    """Ends a session that is idle or over its time, that turns up in another browser, or whose times the clock contradicts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not getattr(request, "token", None):
            reason = overdue(request)
            if reason:
                chain.record(
                    Action.SESSION_ENDED, actor=request.user, subject=f"person:{request.user.pk}", facts={"reason": reason}
                )
                logout(request)
                request.session[ENDED] = reason
            elif time.time() - request.session[SEEN] >= _NOTE_EVERY_S and not request.headers.get(POLL):
                request.session[SEEN] = time.time()
        return self._get_response(request)


def overdue(request: HttpRequest) -> str:
    """Why this session has to end: idle, over, clock, browser; "" where it may go on.

    A clock set back makes every age look younger than it is, so a session from the future ends.
    """
    session, now = request.session, time.time()
    if not isinstance(session.get(BEGAN), float) or not isinstance(session.get(SEEN), float):
        return "clock"
    if session.get(AGENT) != _agent(request):
        return "browser"
    if now < session[SEEN] - _CLOCK_SLACK_S:
        return "clock"
    if now - session[BEGAN] > timedelta(hours=desk_config().session_hours).total_seconds():
        return "over"
    if now - session[SEEN] > timedelta(minutes=desk_config().idle_minutes).total_seconds():
        return "idle"
    return ""


def _agent(request: HttpRequest) -> str:
    return reference("session agent", request.headers.get("user-agent", ""))
