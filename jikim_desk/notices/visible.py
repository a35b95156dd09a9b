"""Which removals and notices somebody may see: those of finds they may see (`review.access.visible`), asked of these tables
themselves, so that a page costs the same at half a million notices."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from jikim_desk.accounts.models import Role, User
from jikim_desk.notices.models import Notice, Removal
from jikim_desk.review import access


def removals(user: User) -> QuerySet[Removal]:
    """The removals of finds that `user` may see."""
    return Removal.objects.filter(condition(user, ""))


def notices(user: User) -> QuerySet[Notice]:
    """The notices about finds that `user` may see."""
    return Notice.objects.filter(condition(user, "removal__"))


def condition(user: User, way: str, *, team: str = "team") -> Q:
    """The condition itself, on rows that have a `team`, or reach it by that name, and the removal by `way` ("" or
    "notice__removal__")."""
    free = access.team_ids(user, Role.REVIEWER, Role.LEAD)
    of_cases = access.team_ids(user, Role.COUNSELLOR) - free
    seen = Q((f"{team}__in", free))
    if of_cases:
        seen |= Q((f"{team}__in", of_cases)) & Q((f"{way}candidate__case__isnull", False))
    closed = access.closed_cases(user)
    if closed:
        seen &= Q((f"{way}candidate__case__isnull", True)) | ~Q((f"{way}candidate__case__in", closed))
    return seen
