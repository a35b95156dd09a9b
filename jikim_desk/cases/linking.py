"""Cases somebody may see, and linking items to them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404

from jikim.vault import case_holder
from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases.models import Case
from jikim_desk.records.models import Candidate
from jikim_desk.sealing import vault

WORKS_ON_CASES = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)


def visible_cases(user: User) -> QuerySet[Case]:
    """The cases of `user`'s teams, but for those that name their people and not `user`."""
    teams = user.grants.filter(role__in=WORKS_ON_CASES).exclude(team=None).values("team")
    return Case.objects.filter(Q(members=None) | Q(members=user), team__in=teams).distinct()


def open_cases(user: User, team: Team) -> list[Case]:
    """The cases of a team to which `user` may link something, the newest first."""
    return list(visible_cases(user).filter(team=team, closed_at=None).order_by("-opened_at")[:200])


def link(user: User, candidate: Candidate, case_id: str) -> Case | None:
    """Links a candidate `user` may decide on to a case, or to none for "". Returns the case where it is another than before.

    What was kept of the candidate is held by the case too, so that it lives as long as the case. Raises Http404 for a case
    out of reach, VaultError when a key cannot be shared: then nothing was linked.
    """
    case = next((one for one in open_cases(user, candidate.team) if one.pk == case_id), None)
    if case is None and case_id:
        raise Http404
    if candidate.case_id == (case.pk if case else None):
        return None
    with transaction.atomic():
        _lock_copies(candidate)
        Candidate.objects.filter(pk=candidate.pk).update(case=case)
        if case is not None:
            _hold(candidate, case)
        subject = f"candidate:{candidate.pk}"
        chain.record(Action.CASE, actor=user, subject=subject, facts={"case": case.pk if case else "", "what": "link"})
    return case


def _lock_copies(candidate: Candidate) -> None:
    """In the order in which whoever decides on them does."""
    same = {"same_as": candidate.same_as} if candidate.same_as else {"pk": candidate.pk}
    list(Candidate.objects.select_for_update().filter(**same).order_by("pk").values_list("pk"))


def _hold(candidate: Candidate, case: Case) -> None:
    for capture in candidate.captures.exclude(blob="").exclude(holder=""):
        if vault().has(capture.blob, capture.holder):
            vault().share(capture.blob, capture.holder, case_holder(case.pk))
