"""Which sweeps and watches somebody may see: those of the teams they search in, of no case that names others."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.records.models import Sweep, Watch

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)


def teams(user: User, *roles: str) -> QuerySet[Team]:
    """The teams in which `user` holds one of `roles`, or may search."""
    return Team.objects.filter(grants__user=user, grants__role__in=roles or SEARCHERS).distinct()


def sweeps(user: User) -> QuerySet[Sweep]:
    """The sweeps `user` may see; a machine those of its team."""
    return Sweep.objects.filter(_may_see(user, Role.MACHINE))


def watches(user: User) -> QuerySet[Watch]:
    """The watches `user` may see."""
    return Watch.objects.filter(_may_see(user))


def cases(user: User, *roles: str) -> QuerySet[Any]:
    """The open cases of `user`'s teams which name nobody, or them; `roles` count besides those who search."""
    named = _cases().filter(closed_at=None, team__in=teams(user, *SEARCHERS, *roles))
    open_to_them: QuerySet[Any] = named.exclude(pk__in=_closed_to(user))
    return open_to_them


def _may_see(user: User, *roles: str) -> Q:
    return Q(team__in=teams(user, *SEARCHERS, *roles)) & ~Q(case__in=_closed_to(user))


def _closed_to(user: User) -> QuerySet[Any]:
    closed: QuerySet[Any] = _cases().filter(members__isnull=False).exclude(members=user).values("pk")
    return closed


def _cases() -> Any:
    return apps.get_model("cases", "Case")._default_manager
