"""The queue: what waits for whom, and who has what in hand.

One item is in the hands of one person, and one person has one item in hand: the database sees to both. Order: level, score,
age.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from jikim_desk.accounts.models import Role, User
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import access, exposure
from jikim_desk.review.faults import DecidedBefore, HeldByAnother, RestDue
from jikim_desk.review.models import Claim, Decision, DecisionState, Handover, Passed
from jikim_desk.review.turns import take_turn

LEVEL_RANKS = {"urgent": 0, "look": 1, "none": 2}
COUNTED_MAX = 1000
"""Beyond so many candidates of a level nobody counts on: the page says "more than"."""
PASSED_FOR = timedelta(hours=12)
"""How long somebody is not offered again what they swapped for something else."""
_CHUNK = 100
_TRIES = 3


class Place(NamedTuple):
    """Where a candidate stands in the queue; sorts as the queue does."""

    level_rank: int
    minus_score: float
    found_at: datetime
    candidate_id: str
    item: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that waits. `copies` counts all candidates that are decided together; `is_mine` when it is in hand already."""

    item: str
    candidate: Candidate
    copies: int
    is_mine: bool


def item_of(candidate: Candidate) -> str:
    """The key of the item a candidate belongs to. Copies are one item within a team."""
    return _key(candidate.team_id, candidate.same_as or candidate.pk)


def members(user: User, candidate: Candidate) -> QuerySet[Candidate]:
    """The candidates of the item of one that `user` may see, as far as they may see them: itself and its verified copies of
    the same extent, in one team."""
    if not candidate.same_as:
        return Candidate.objects.filter(pk=candidate.pk)
    closed = set(access.closed_cases(user))
    copies = Candidate.objects.filter(same_as=candidate.same_as).values_list("pk", "team_id", "case_id")
    mine = [pk for pk, team_id, case_id in copies if team_id == candidate.team_id and case_id not in closed]
    return Candidate.objects.filter(pk__in=mine)


def copies_of(user: User, candidates: Iterable[Candidate]) -> dict[str, int]:
    """Item -> how many candidates of it `user` may see, for the items of `candidates`."""
    groups = {one.same_as for one in candidates if one.same_as}
    closed = set(access.closed_cases(user)) if groups else set()
    found = Candidate.objects.filter(same_as__in=groups).values_list("team_id", "same_as", "case_id")
    return Counter(_key(team_id, same_as) for team_id, same_as, case_id in found if case_id not in closed)


def waiting(
    user: User, *, limit: int = 30, level: str | None = None, team: int | None = None, is_passed_too: bool = True
) -> list[Waiting]:
    """What waits for `user` to decide, best first, each item once; items in others' hands are left out.

    Without a `level`: what is urgent and what deserves a look; without a `team` (its id): all of theirs. Left out too: what
    needs a second person after `user`, and what only a lead decides, unless they lead the team.
    """
    taken = _not_for(user, is_passed_too=is_passed_too)
    chosen: dict[str, str] = {}
    for place in _places(user, level, team):
        if place.item in chosen or place.item in taken:
            continue
        chosen[place.item] = place.candidate_id
        if len(chosen) >= limit:
            break
    rows = Candidate.objects.select_related("team", "case").in_bulk(list(chosen.values()))
    mine = _in_hand(user)
    copies = copies_of(user, rows.values())
    return [Waiting(item, rows[pk], max(1, copies.get(item, 1)), item == mine) for item, pk in chosen.items() if pk in rows]


def counts(user: User, *, team: int | None = None) -> dict[str, int]:
    """How many items of each level wait in `user`'s teams or one of them, counted up to `COUNTED_MAX` candidates a level."""
    found = {}
    teams = _teams(user, team)
    for level, rank in LEVEL_RANKS.items():
        rows = Candidate.objects.filter(team__in=teams, state=CandidateState.WAITING, level_rank=rank)
        counted = _without_closed(user, rows).values_list("team", "pk", "same_as")[:COUNTED_MAX]
        found[level] = len({_key(team, same_as or pk) for team, pk, same_as in counted})
    return found


def claim(user: User, candidate_id: str) -> Claim:
    """Takes an item into hand; what was in hand before is laid down. Taking what is in hand already renews it.

    Raises Http404, PermissionDenied, RestDue, DecidedBefore, HeldByAnother.
    """
    candidate = access.seen_by(user, candidate_id)
    if not access.may_decide(user, candidate):
        raise PermissionDenied
    require_time(user)
    item = item_of(candidate)
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                return _claimed(user, candidate.pk, item)
        except IntegrityError:
            if attempt == _TRIES - 1:
                raise HeldByAnother("review.held") from None
    raise AssertionError("unreachable")


def claim_next(user: User, *, level: str | None = None, team: int | None = None) -> Claim | None:
    """Takes the best item that waits; None where nothing does. What was in hand already stays so. Raises RestDue."""
    require_time(user)
    held = current(user)
    if held is not None and held.candidate.state == CandidateState.WAITING:
        return claim(user, held.candidate_id)
    for found in waiting(user, limit=20, level=level, team=team, is_passed_too=False):
        try:
            return claim(user, found.candidate.pk)
        except (HeldByAnother, DecidedBefore):
            continue
    return None


def current(user: User) -> Claim | None:
    """What `user` has in hand, unless it has expired."""
    return _live().filter(person=user).select_related("candidate", "candidate__team", "candidate__case").first()


def in_hand(user: User, candidate: Candidate) -> Claim | None:
    """What `user` has in hand, where the candidate belongs to it."""
    held = current(user)
    return held if held is not None and held.item == item_of(candidate) else None


def holder(item: str) -> User | None:
    """Who has the item in hand now."""
    held = _live().filter(item=item).select_related("person").first()
    return held.person if held else None


def renew(user: User) -> bool:
    """Keeps what is in hand: called while somebody works at it. False where nothing is any more."""
    return bool(_live().filter(person=user).update(renewed_at=timezone.now()))


def release(user: User, *, note: str = "") -> None:
    """Lays down what is in hand, with a note to whoever takes it over."""
    with transaction.atomic():
        take_turn(user)
        held = Claim.objects.select_for_update().filter(person=user).first()
        if held is not None and note.strip():
            leave_note(user, held.item, note)
        exposure.touch(user, is_leaving=True)
        Claim.objects.filter(person=user).delete()


def swap(user: User, *, note: str = "", level: str | None = None, team: int | None = None) -> Claim | None:
    """Something else, with no reason asked: lays down what is in hand and takes the next. None where there is nothing else."""
    with transaction.atomic():
        take_turn(user)
        Passed.objects.filter(passed_at__lt=timezone.now() - PASSED_FOR).delete()
        held = Claim.objects.filter(person=user).first()
        if held is not None:
            Passed.objects.update_or_create(person=user, item=held.item, defaults={"passed_at": timezone.now()})
        release(user, note=note)
    return claim_next(user, level=level, team=team)


def hand_on(user: User, *, note: str = "") -> datetime:
    """Lays down what is in hand and begins a rest; returns its end."""
    with transaction.atomic():
        release(user, note=note)
        return exposure.begin_rest(user)


def leave_note(user: User, item: str, note: str) -> Handover:
    """Leaves a note to whoever takes the item over."""
    left = Handover(item=item, person=user, at=timezone.now())
    left.note = note.strip()
    left.save(force_insert=True)
    return left


def require_time(user: User) -> None:
    """Raises RestDue when it is time for a rest or enough for today."""
    how = exposure.state(user)
    if how.is_day_over:
        raise RestDue("review.day_over")
    if not how.may_work:
        raise RestDue("review.rest_due")


def only_lead_decides(item: str) -> bool:
    """Whether two people differed on the item, so that a lead decides."""
    return Decision.objects.filter(item=item, state=DecisionState.CONTESTED).exists()


def awaits_another(user: User, item: str) -> bool:
    """Whether `user` has had their say on an item that needs a second person."""
    return Decision.objects.filter(item=item, person=user, state=DecisionState.AWAITS_SECOND).exists()


def _claimed(user: User, candidate_id: str, item: str) -> Claim:
    take_turn(user)
    now = timezone.now()
    candidate = Candidate.objects.select_for_update().get(pk=candidate_id)
    if candidate.state != CandidateState.WAITING:
        raise DecidedBefore("review.decided_before")
    if awaits_another(user, item):
        raise HeldByAnother("review.own_word")
    if only_lead_decides(item) and not access.is_lead(user, candidate.team_id):
        raise HeldByAnother("review.lead_decides")
    mine = Claim.objects.select_for_update().filter(person=user, item=item).first()
    if mine is not None:
        mine.renewed_at, mine.candidate_id = now, candidate_id
        mine.save(update_fields=["renewed_at", "candidate"])
        exposure.touch(user)
        return mine
    Claim.objects.filter(person=user).delete()
    _expired().filter(item=item).delete()
    taken = Claim.objects.create(item=item, candidate=candidate, person=user, claimed_at=now, renewed_at=now)
    exposure.touch(user)
    return taken


def _places(user: User, level: str | None, team: int | None) -> Iterator[Place]:
    """The waiting candidates of all of `user`'s teams in the order of the queue, fetched as they are asked for: each team and
    level by its index, whatever their number."""
    ranks = [LEVEL_RANKS[level]] if level else [LEVEL_RANKS["urgent"], LEVEL_RANKS["look"]]
    for rank in ranks:
        yield from heapq.merge(*(_of_team(user, one, rank) for one in sorted(_teams(user, team))))


def _teams(user: User, team: int | None) -> frozenset[int]:
    """The teams whose items `user` decides on: all, or the one that is asked for."""
    teams = access.team_ids(user, *access.DECIDERS)
    return teams if team is None else teams & {team}


def _of_team(user: User, team_id: int, rank: int) -> Iterator[Place]:
    rows = _without_closed(user, Candidate.objects.filter(team=team_id, state=CandidateState.WAITING, level_rank=rank))
    rows = rows.order_by("-score", "found_at", "pk")
    start = 0
    while True:
        chunk = list(rows.values_list("score", "found_at", "pk", "same_as")[start : start + _CHUNK])
        yield from (Place(rank, -score, found_at, pk, _key(team_id, same_as or pk)) for score, found_at, pk, same_as in chunk)
        if len(chunk) < _CHUNK:
            return
        start += _CHUNK


def _without_closed(user: User, rows: QuerySet[Candidate]) -> QuerySet[Candidate]:
    closed = access.closed_cases(user)
    return rows.exclude(case__in=closed) if closed else rows


def _key(team_id: int, name: str) -> str:
    return f"{team_id}.{name}"


def _not_for(user: User, *, is_passed_too: bool) -> set[str]:
    """Items in others' hands, or that others have to decide."""
    leads = access.team_ids(user, Role.LEAD)
    open_ones = Decision.objects.filter(team__in=access.team_ids(user, *access.DECIDERS))
    left_out = set(_live().exclude(person=user).values_list("item", flat=True))
    left_out |= set(open_ones.filter(person=user, state=DecisionState.AWAITS_SECOND).values_list("item", flat=True))
    contested = open_ones.filter(state=DecisionState.CONTESTED)
    left_out |= set(contested.exclude(team__in=leads).values_list("item", flat=True))
    if not is_passed_too:
        since = timezone.now() - PASSED_FOR
        left_out |= set(Passed.objects.filter(person=user, passed_at__gte=since).values_list("item", flat=True))
    return left_out


def _in_hand(user: User) -> str:
    held = _live().filter(person=user).values_list("item", flat=True).first()
    return held or ""


def _window() -> Q:
    length = timedelta(minutes=desk_config().claim_minutes)
    now = timezone.now()
    return Q(renewed_at__gt=now - length, renewed_at__lt=now + length)


def _live() -> QuerySet[Claim]:
    return Claim.objects.filter(_window())


def _expired() -> QuerySet[Claim]:
    return Claim.objects.exclude(_window())
