"""What is due in removal, and what is late or paused: letters to read, steps of the ladder, rechecks, holds that end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from jikim_desk.accounts.models import Team, User
from jikim_desk.accounts.rights import allow
from jikim_desk.console.removal import NUMBER_DIGITS
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import hosts, ladder, visible
from jikim_desk.notices.channels import suggestions
from jikim_desk.notices.models import PAUSED, Notice, NoticeState, Outcome, Removal, RemovalState
from jikim_desk.notices.reuploads import noticing
from jikim_desk.review import access

MOST = 20
"""Of each kind on the page."""
READ_WITHIN, STEP_WITHIN, VISIT_WITHIN = timedelta(days=1), timedelta(hours=2), timedelta(hours=1)
HANDED_IN_WITHIN = LOOKED_WITHIN = timedelta(days=1)
"""What is later than this is late: somebody has to read it, nobody may ask yet, or no worker keeps up."""
_OF_FINDS = ("next_step_at", "next_recheck_at", "held_until", "ladder_step", "notified_at", "state", "candidate__host_ref")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on the calendar: where it leads, what it is called, when it is due, what is to be said of it."""

    pk: str
    number: str
    at: datetime | date | None
    said: str = ""
    is_late: bool = False
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing that is due: the first of them. They are not counted: that would cost more than the page."""

    lines: Sequence[Line]
    has_more: bool


@allow(*access.READERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is due, the nearest first; of one team where `team` says so."""
    user, now = visitor(request), timezone.now()
    teams = list(Team.objects.filter(pk__in=access.team_ids(user, *access.READERS)).order_by("name"))
    team = next((one for one in teams if str(one.pk) == request.GET.get("team")), None)
    removals, notices = visible.removals(user), visible.notices(user)
    if team is not None:
        removals, notices = removals.filter(team=team), notices.filter(team=team)
    finds = removals.select_related("candidate").only(*_OF_FINDS)
    approved = notices.filter(state=NoticeState.APPROVED)
    wrong = notices.filter(is_waiting=True, state__in=(NoticeState.UNKNOWN, NoticeState.FAILED))
    shown = {
        "teams": teams if len(teams) > 1 else [],
        "team": team,
        "reuploads": noticing.count_alarms(user, team),
        "back": _finds(finds.filter(state=RemovalState.BACK).order_by("-begun_at"), "begun_at"),
        "drafts": _letters(notices.filter(state=NoticeState.DRAFT).order_by("drafted_at"), "drafted_at", now - READ_WITHIN),
        "unknown": _letters(wrong.order_by("drafted_at"), "drafted_at"),
        "leaving": _letters(approved.filter(leaves_at__isnull=False).order_by("leaves_at"), "leaves_at"),
        "by_hand": _letters(approved.filter(leaves_at=None).order_by("approved_at"), "approved_at", now - HANDED_IN_WITHIN),
        "suggestions": _suggestions(user, team, now),
        "steps": _steps(finds.filter(next_step_at__isnull=False).order_by("next_step_at"), now),
        "visits": _finds(
            finds.filter(next_recheck_at__isnull=False).order_by("next_recheck_at"), "next_recheck_at", now - VISIT_WITHIN
        ),
        "paused": _paused(finds.filter(PAUSED).order_by("begun_at")),
        "holds": _finds(finds.filter(held_until__gte=timezone.localdate()).order_by("held_until"), "held_until"),
    }
    return render(request, "console/removal/calendar.html", shown)


def letters_due(user: User) -> dict[str, int]:
    """For the first page: finds that are there again, and for who may act, drafts to read and letters that went wrong."""
    due = {"reuploads": noticing.count_alarms(user), "back": visible.removals(user).filter(state=RemovalState.BACK).count()}
    if user.has_role(*access.DECIDERS):
        notices = visible.notices(user)
        due["letters"] = notices.filter(state=NoticeState.DRAFT).count()
        due["letters_wrong"] = notices.filter(is_waiting=True, state__in=(NoticeState.UNKNOWN, NoticeState.FAILED)).count()
    return due


def _suggestions(user: User, team: Team | None, now: datetime) -> Part:
    """Suggested searches to be filed or looked for, without their words."""
    rows = suggestions.seen(user).filter(due_at__isnull=False).only("number", "state", "due_at")
    found = (rows.filter(team=team) if team else rows)[: MOST + 1]
    said = "suggestions.state."
    return _part([Line(one.pk, one.number, one.due_at, said + one.state, _is_before(one.due_at, now)) for one in found])


def _is_before(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at < now - LOOKED_WITHIN


def _part(lines: Sequence[Line]) -> Part:
    return Part(lines[:MOST], len(lines) > MOST)


def _finds(rows: QuerySet[Removal], field: str, late_before: datetime | None = None) -> Part:
    return _part([_line(one, getattr(one, field), late_before) for one in rows[: MOST + 1]])


def _line(one: Removal, at: datetime | date | None, late_before: datetime | None = None, said: str = "") -> Line:
    is_late = late_before is not None and isinstance(at, datetime) and at < late_before
    is_held = one.held_until is not None and one.held_until >= timezone.localdate()
    return Line(one.pk, one.pk[:NUMBER_DIGITS], at, said, is_late, is_held)


def _letters(rows: QuerySet[Notice], field: str, late_before: datetime | None = None) -> Part:
    found = rows.only("number", "kind", "state", field)[: MOST + 1]
    lines = []
    for one in found:
        at = getattr(one, field)
        said = f"notice.state.{one.state}" if late_before is None and field == "drafted_at" else f"notice.kind.{one.kind}"
        lines.append(Line(one.pk, one.number, at, said, late_before is not None and at < late_before))
    return _part(lines)


def _steps(rows: QuerySet[Removal], now: datetime) -> Part:
    """Which step comes next, by the ladder of its host's class."""
    due = list(rows[: MOST + 1])
    hostile = hosts.hostile_among(one.candidate.host_ref for one in due)
    again = ladder.again_among(one.pk for one in due)
    lines = []
    for one in due:
        rungs = ladder.rungs(is_hostile=one.candidate.host_ref in hostile, is_again=one.pk in again)
        if one.ladder_step < len(rungs):
            rung = rungs[one.ladder_step]
            lines.append(_line(one, one.next_step_at, now - STEP_WITHIN, f"ladder.{rung.kind}.{rung.to}"))
    return _part(lines)


def _paused(rows: QuerySet[Removal]) -> Part:
    """The longest begun first, with what was answered last."""
    found = list(rows[: MOST + 1])
    answered = Notice.objects.filter(removal__in=[one.pk for one in found]).exclude(outcome=Outcome.NONE)
    said = dict(answered.order_by("answered_at").values_list("removal_id", "outcome"))
    return _part([_line(one, one.notified_at, said=f"calendar.paused.{said.get(one.pk, 'none')}") for one in found])


addresses = [path("calendar/", page, name="calendar")]
