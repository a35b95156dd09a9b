"""What needs me today, what is due, what is wrong (dead sources first), and one box."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from jikim_desk import flows
from jikim_desk.accounts.models import Role, User
from jikim_desk.accounts.rights import allow
from jikim_desk.console import inbox
from jikim_desk.console.calendar import letters_due
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.figures import places
from jikim_desk.jobs import JobState
from jikim_desk.records import intake, visible, watches
from jikim_desk.records.models import Worker
from jikim_desk.review import exposure, queue

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)


@allow()
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The first page."""
    user = visitor(request)
    roles = user.role_names
    shown: dict[str, Any] = {"may_search": bool(roles & set(SEARCHERS)), "wrong": _wrong(user, roles)}
    if roles & {Role.REVIEWER, Role.LEAD}:
        shown |= {
            "counts": queue.counts(user),
            "held": queue.current(user),
            "care": exposure.state(user),
            "night": _night(user),
        }
    if roles & set(SEARCHERS):
        shown |= {
            "going_on": visible.sweeps(user).filter(state__in=("queued", "running")).count(),
            "ending": watches.ending(user),
            **letters_due(user),
            **inbox.due(request),
        }
    if Role.LEAD in roles:
        shown |= {
            "approvals": len(intake.to_approve(user)) + len(watches.to_approve(user)),
            "proposed": watches.proposed_count(user),
        }
    return render(request, "console/home.html", shown)


def _night(user: User) -> str:
    """By day nothing; at night whether what is urgent is raised to `user`: on_call or off."""
    now = timezone.now()
    if not watches.is_night(now):
        return ""
    teams = visible.teams(user, Role.REVIEWER, Role.LEAD)
    return "on_call" if any(watches.reaches(user, team, now) for team in teams) else "off"


def _wrong(user: User, roles: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if roles & {*SEARCHERS, Role.ADMINISTRATOR}:
        found["places"] = [(one, told(one.error, field=one.field)) for one in places.health() if not one.is_well]
        found["no_worker"] = not Worker.objects.filter(is_dead=False).exists()
    if roles & {Role.LEAD, Role.ADMINISTRATOR}:
        found["failed_jobs"] = len(flows.jobs(JobState.FAILED, limit=100))
    if roles & set(SEARCHERS):
        found["watches"] = watches.ailing(user)
    return found


addresses = [path("", page, name="home")]
