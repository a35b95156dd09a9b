"""Rest: one's own viewing time, breaks, a place for debrief; for a lead who is available, and no more."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.config import desk_config
from jikim_desk.console.calm import calmly, note_of
from jikim_desk.console.visitor import visitor
from jikim_desk.review import access, care, exposure, queue
from jikim_desk.review.masking import shown


@allow(*access.DECIDERS)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """What somebody has been exposed to today, for their own eyes, and everything that eases it."""
    user = visitor(request)
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    own = [(one, shown(one.text, has_names=True)) for one in care.own_debriefs(user)]
    shown_now = {
        "care": exposure.state(user),
        "break_minutes": desk_config().break_minutes,
        "spared": care.spared(user, month),
        "debriefs": own,
        "debrief_max": care.DEBRIEF_MAX,
        "leads": bool(access.team_ids(user, Role.LEAD)),
    }
    return render(request, "console/review/care.html", shown_now)


@allow(*access.DECIDERS)
@require_POST
@calmly
def begin(request: HttpRequest) -> HttpResponse:
    """Begins a rest; what is in hand goes to others."""
    queue.hand_on(visitor(request), note=note_of(request))
    return redirect("care")


@allow(*access.DECIDERS)
@require_POST
@calmly
def end(request: HttpRequest) -> HttpResponse:
    """Ends a rest of one's own wish."""
    if not exposure.end_rest(visitor(request)):
        messages.info(request, words.say("review.care.still_resting"))
        return redirect("care")
    return redirect("queue")


@allow(*access.DECIDERS)
@require_POST
@calmly
def debrief(request: HttpRequest) -> HttpResponse:
    """Keeps what somebody wrote, or that they would like a talk."""
    if care.write_debrief(visitor(request), request.POST.get("text", ""), asks_for_talk="talk" in request.POST):
        messages.success(request, words.say("review.care.kept_talk" if "talk" in request.POST else "review.care.kept"))
    return redirect("care")


@allow(*access.DECIDERS)
@require_POST
def forget(request: HttpRequest, debrief_id: str) -> HttpResponse:
    """Destroys something one wrote oneself."""
    care.forget_debrief(visitor(request), debrief_id)
    return redirect("care")


@allow(*access.DECIDERS)
@require_POST
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Switches the keys on or off for oneself."""
    user = visitor(request)
    user.has_shortcuts = request.POST.get("has_shortcuts") == "1"
    user.save(update_fields=["has_shortcuts"])
    return redirect("care")


@allow(Role.LEAD)
@require_GET
@never_cache
def team(request: HttpRequest) -> HttpResponse:
    """Who is available and who would like a talk."""
    lead = visitor(request)
    talks = [(one, shown(one.text, has_names=True)) for one in care.asked_talks(lead)]
    found: dict[str, Any] = {"people": care.availability(lead), "talks": talks}
    return render(request, "console/review/team.html", found)


@allow(Role.LEAD)
@require_POST
def talked(request: HttpRequest, debrief_id: str) -> HttpResponse:
    """A talk took place or is arranged."""
    care.answer_talk(visitor(request), debrief_id)
    return redirect("care_team")


addresses = [
    path("care/", page, name="care"),
    path("care/rest", begin, name="begin_rest"),
    path("care/rest/end", end, name="end_rest"),
    path("care/debrief", debrief, name="debrief"),
    path("care/debrief/<str:debrief_id>/forget", forget, name="forget_debrief"),
    path("care/shortcuts", shortcuts, name="shortcuts"),
    path("care/team", team, name="care_team"),
    path("care/team/<str:debrief_id>/talked", talked, name="talked"),
]
