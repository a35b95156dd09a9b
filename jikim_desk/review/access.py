"""Who may see and decide what: by team, and by case where a case names its people."""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.db.models import QuerySet
from django.http import Http404

from jikim_desk.accounts.models import Role, User
from jikim_desk.records.models import Candidate

READERS = (Role.REVIEWER, Role.LEAD, Role.COUNSELLOR)
DECIDERS = (Role.REVIEWER, Role.LEAD)


def team_ids(user: User, *roles: str) -> frozenset[int]:
    """The teams in which `user` holds one of `roles`."""
    return frozenset(team for team in user.grants.filter(role__in=roles).values_list("team_id", flat=True) if team is not None)


def closed_cases(user: User) -> list[str]:
    """Cases that name their people, and not `user`."""
    cases = apps.get_model("cases", "Case")._default_manager
    named = cases.exclude(members=None).values_list("pk", flat=True).distinct()
    mine = set(cases.filter(members=user).values_list("pk", flat=True))
    return [case for case in named if case not in mine]


def visible(user: User, *roles: str) -> QuerySet[Candidate]:
    """The candidates `user` may see in one of `roles` (any reader's by default). A counsellor sees those of cases alone."""
    wanted = roles or (*READERS, Role.MACHINE)
    free = team_ids(user, *(role for role in wanted if role != Role.COUNSELLOR))
    of_cases = team_ids(user, Role.COUNSELLOR) if Role.COUNSELLOR in wanted else frozenset()
    shown = Candidate.objects.filter(team__in=free)
    if of_cases - free:
        shown = shown | Candidate.objects.filter(team__in=of_cases - free, case__isnull=False)
    return shown.exclude(case__in=closed_cases(user))


def sees(user: User) -> Callable[[Candidate], bool]:
    """Whether `user` may see a candidate that is at hand: the rule of `visible`, asked of many without a query for each."""
    free = team_ids(user, *(role for role in (*READERS, Role.MACHINE) if role != Role.COUNSELLOR))
    of_cases = team_ids(user, Role.COUNSELLOR)
    closed = frozenset(closed_cases(user))

    def is_seen(candidate: Candidate) -> bool:
        is_reached = candidate.team_id in free or (candidate.team_id in of_cases and candidate.case_id is not None)
        return is_reached and candidate.case_id not in closed

    return is_seen


def seen_by(user: User, candidate_id: str) -> Candidate:
    """The candidate, for somebody who may see it. Raises Http404 for who may not, as where there is none:
    ids tell nothing."""
    candidate = visible(user).select_related("team", "case").filter(pk=candidate_id).first()
    if candidate is None:
        raise Http404
    return candidate


def may_decide(user: User, candidate: Candidate) -> bool:
    """Whether `user`, who may see it, may also decide on it. A machine may in its team, where its token has the right."""
    return candidate.team_id in team_ids(user, *DECIDERS, Role.MACHINE)


def is_lead(user: User, team_id: int) -> bool:
    """Whether `user` leads the team."""
    return team_id in team_ids(user, Role.LEAD)
