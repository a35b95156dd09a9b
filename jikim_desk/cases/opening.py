"""Opening and closing cases, and who may see them."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases.linking import WORKS_ON_CASES, visible_cases
from jikim_desk.cases.models import Case
from jikim_desk.faults import BadAsk

OPENS_CASES = (Role.COUNSELLOR, Role.LEAD)
NUMBER_MAX = 40
NOTE_MAX = 4000


def open_case(user: User, team: Team, number: str, note: str = "") -> Case:
    """Opens a case in a team. Raises PermissionDenied, BadAsk for a number that is empty, too long or taken."""
    _require(user, team)
    number = " ".join(number.split())
    if not 1 <= len(number) <= NUMBER_MAX or not number.isprintable():
        raise BadAsk("cases.bad_number", limit=NUMBER_MAX)
    if len(note) > NOTE_MAX:
        raise BadAsk("cases.note_too_long", limit=NOTE_MAX)
    case = Case(number=number, team=team, opened_by=user)
    case.note = note.strip()
    try:
        with transaction.atomic():
            case.save(force_insert=True)
            chain.record(Action.CASE, actor=user, subject=f"case:{case.pk}", facts={"what": "open"})
    except IntegrityError:
        raise BadAsk("cases.number_taken") from None
    return case


def case_for(user: User, case_id: str) -> Case:
    """The case, for who may see it. Raises Http404, as where there is none."""
    case = visible_cases(user).select_related("team").filter(pk=case_id).first()
    if case is None:
        raise Http404
    return case


def close(user: User, case: Case) -> None:
    """Closes a case: nothing more is linked to it, and what it holds stays as it is. Twice is once."""
    _require(user, case.team)
    with transaction.atomic():
        if Case.objects.filter(pk=case.pk, closed_at=None).update(closed_at=timezone.now()):
            chain.record(Action.CASE, actor=user, subject=f"case:{case.pk}", facts={"what": "close"})


def name_people(user: User, case: Case, people_ids: Iterable[int]) -> None:
    """Lets only these people of the team see the case, or the whole team where nobody is named; `user` is always among them."""
    _require(user, case.team)
    chosen = [person for person in colleagues(case.team) if person.pk in set(people_ids)]
    with transaction.atomic():
        case.members.set([*chosen, user] if chosen else [])
        facts = {"what": "people", "people": len(chosen)}
        chain.record(Action.CASE, actor=user, subject=f"case:{case.pk}", facts=facts)


def colleagues(team: Team) -> list[User]:
    """Who works on the team's cases."""
    working = User.objects.filter(grants__team=team, grants__role__in=WORKS_ON_CASES, is_active=True)
    return list(working.distinct().order_by("username"))


def may_change(user: User, team: Team) -> bool:
    """Whether they may open and close cases of the team, and say who sees them."""
    return user.has_role(*OPENS_CASES, team=team)


def teams_to_open_in(user: User) -> list[Team]:
    """The teams in which they may open a case."""
    return list(Team.objects.filter(grants__user=user, grants__role__in=OPENS_CASES).distinct().order_by("name"))


def _require(user: User, team: Team) -> None:
    if not may_change(user, team):
        raise PermissionDenied
