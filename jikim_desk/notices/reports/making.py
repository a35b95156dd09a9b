"""Reports of a period are asked for by a lead and counted by a worker, since a year of many finds takes longer than a page may.

A worker that is killed while it counts loses nothing: another takes the report over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices.reports import counting
from jikim_desk.notices.reports.models import PeriodReport

LEASE = timedelta(minutes=10)
TRIES_MAX = 3
SHOWN = 30
_FIRST_YEAR, _LAST_YEAR = 2000, 2999


def led(user: User) -> list[Team]:
    """The teams whose reports `user` may have."""
    return [team for team in Team.objects.order_by("name") if user.has_role(Role.LEAD, team=team)]


def leads_all(user: User) -> bool:
    """Whether `user` leads every team there is, and so may have the report of the whole centre."""
    return bool(Team.objects.exists()) and len(led(user)) == Team.objects.count()


def ask(user: User, team: Team | None, year: int, month: int | None) -> PeriodReport:
    """Asks for a year, or a month of it, of a team or of the whole centre. Raises PermissionDenied, ValueError."""
    if not (user.has_role(Role.LEAD, team=team) if team else leads_all(user)):
        raise PermissionDenied
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and (month is None or 1 <= month <= 12)):
        raise ValueError("no such month")
    report = PeriodReport(team=team, year=year, month=month, asked_by=user, asked_at=timezone.now())
    with transaction.atomic():
        report.save(force_insert=True)
        subject = f"team:{team.pk}" if team else "centre"
        chain.record(Action.EXPORT, actor=user, subject=subject, facts={"what": "year" if month is None else "month"})
    return report


def visible(user: User) -> list[PeriodReport]:
    """The newest reports that `user` may have."""
    mine = Q(team__in=led(user))
    if leads_all(user):
        mine |= Q(team=None)
    return list(PeriodReport.objects.filter(mine).select_related("team").order_by("-asked_at")[:SHOWN])


def report_for(user: User, report_id: str) -> PeriodReport | None:
    """A report that `user` may have; None else."""
    report = PeriodReport.objects.select_related("team").filter(pk=report_id).first()
    if report is None or not (user.has_role(Role.LEAD, team=report.team) if report.team else leads_all(user)):
        return None
    return report


def due(now: datetime) -> list[str]:
    """Reports that were asked for and nobody has in hand, in the order in which they were asked for."""
    return list(_waiting(now).order_by("asked_at").values_list("pk", flat=True)[:SHOWN])


def make(report_id: str, now: datetime) -> bool:
    """Makes one report, if no other process does."""
    if not _waiting(now).filter(pk=report_id).update(taken_at=now, tries=F("tries") + 1):
        return False
    report = PeriodReport.objects.get(pk=report_id)
    teams = [report.team_id] if report.team_id else list(Team.objects.values_list("pk", flat=True))
    figures = counting.count([pk for pk in teams if pk is not None], *counting.bounds(report.year, report.month))
    changes = {"figures": msgspec.to_builtins(figures), "made_at": timezone.now()}
    return bool(PeriodReport.objects.filter(pk=report_id, made_at=None).update(**changes))


def has_failed(report: PeriodReport) -> bool:
    """Whether nobody tries it any more."""
    lease_is_over = report.taken_at is not None and report.taken_at < timezone.now() - LEASE
    return report.made_at is None and report.tries >= TRIES_MAX and lease_is_over


def _waiting(now: datetime) -> QuerySet[PeriodReport]:
    free = Q(taken_at=None) | Q(taken_at__lt=now - LEASE)
    return PeriodReport.objects.filter(free, made_at=None, tries__lt=TRIES_MAX)
