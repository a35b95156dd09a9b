"""What is due in removal: letters to read, steps of the ladder, rechecks, holds that end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from jikim_desk.accounts.models import User
from jikim_desk.accounts.rights import allow
from jikim_desk.console.removal import NUMBER_DIGITS
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import hosts, ladder, visible
from jikim_desk.notices.models import NoticeState, RemovalState
from jikim_desk.notices.reuploads import noticing
from jikim_desk.review import access

MOST = 100
_OF_STEPS = ("next_step_at", "ladder_step", "candidate__host_ref")


@allow(*access.READERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is due, the nearest first."""
    user = visitor(request)
    removals, notices = visible.removals(user), visible.notices(user)
    due = list(
        removals.filter(next_step_at__isnull=False).select_related("candidate").only(*_OF_STEPS).order_by("next_step_at")[:MOST]
    )
    hostile = hosts.hostile_among(one.candidate.host_ref for one in due)
    again = ladder.again_among(one.pk for one in due)
    steps = []
    for one in due:
        rungs = ladder.rungs(is_hostile=one.candidate.host_ref in hostile, is_again=one.pk in again)
        if one.ladder_step < len(rungs):
            steps.append((one, one.pk[:NUMBER_DIGITS], f"ladder.{rungs[one.ladder_step].kind}.{rungs[one.ladder_step].to}"))
    visits = removals.filter(next_recheck_at__isnull=False).order_by("next_recheck_at")[:MOST]
    shown = {
        "reuploads": len(noticing.alarms(user)),
        "drafts": notices.filter(state=NoticeState.DRAFT).order_by("drafted_at")[:MOST],
        "unknown": notices.filter(state__in=(NoticeState.UNKNOWN, NoticeState.FAILED)).order_by("drafted_at")[:MOST],
        "leaving": notices.filter(state=NoticeState.APPROVED).order_by("leaves_at")[:MOST],
        "back": [(one, one.pk[:NUMBER_DIGITS]) for one in removals.filter(state=RemovalState.BACK)[:MOST]],
        "steps": steps,
        "visits": [(one, one.pk[:NUMBER_DIGITS]) for one in visits],
        "holds": [
            (one, one.pk[:NUMBER_DIGITS])
            for one in removals.filter(held_until__gte=timezone.localdate()).order_by("held_until")[:MOST]
        ],
    }
    return render(request, "console/removal/calendar.html", shown)


def letters_due(user: User) -> dict[str, int]:
    """For the first page: drafts to read, letters that went wrong, finds that are there again."""
    notices = visible.notices(user)
    return {
        "letters": notices.filter(state=NoticeState.DRAFT).count(),
        "letters_wrong": notices.filter(state__in=(NoticeState.UNKNOWN, NoticeState.FAILED)).count(),
        "reuploads": len(noticing.alarms(user)),
        "back": visible.removals(user).filter(state=RemovalState.BACK).count(),
    }


addresses = [path("calendar/", page, name="calendar")]
