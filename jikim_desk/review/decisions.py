"""Decisions: one for all verified copies of the same extent, by two people where the centre says so, to be undone for a minute.

    decide    one word on an item -> it stands, or waits for a second person, or for a lead when two differ
    undo      the person's own, within the minute, while nobody has gone on from there

What two people do at the same moment is put in a row by the lock on the item's candidates; the second is told. The clock
decides only how long undoing is offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import access, exposure, queue
from jikim_desk.review.faults import BadDecision, DecidedBefore, HeldByAnother, TooLate
from jikim_desk.review.models import ADULT_CATEGORIES, Applied, Claim, Decision, DecisionState, Kind, Passed
from jikim_desk.review.reading import has_known_copy
from jikim_desk.review.turns import take_turn

NOTE_MAX = 4000
_OPEN = (DecisionState.AWAITS_SECOND, DecisionState.CONTESTED)


def categories(kind: str) -> tuple[str, ...]:
    """What has to be chosen with a decision; empty where nothing has."""
    if kind == Kind.CONFIRMED:
        return desk_config().categories
    return ADULT_CATEGORIES if kind == Kind.APPEARS_ADULT else ()


def decide(user: User, candidate_id: str, kind: str, *, category: str = "", note: str = "", form_id: str) -> Decision:
    """Puts on record what `user` decides on the item of a candidate, for all its copies. The same form twice is one decision.

    Raises Http404, PermissionDenied, BadDecision, DecidedBefore, HeldByAnother.
    """
    _check_form(kind, category, note, form_id)
    with transaction.atomic():
        take_turn(user)
        sent_before = Decision.objects.filter(person=user, form_id=form_id).first()
        if sent_before is not None:
            if sent_before.candidate_id != candidate_id:
                raise BadDecision("review.form_of_another")
            return sent_before
        candidate = access.seen_by(user, candidate_id)
        if not access.may_decide(user, candidate):
            raise PermissionDenied
        together = _locked(user, candidate)
        decision = _word(user, candidate, together, kind, category, form_id)
        decision.note = note.strip()
        _settle(decision, together, is_lead=access.is_lead(user, candidate.team_id))
        exposure.touch(user, is_leaving=True)
        Claim.objects.filter(item=decision.item).delete()
        facts = {"decision": decision.kind, "category": category if kind == Kind.APPEARS_ADULT else "", "state": decision.state}
        copies = decision.applied.count()
        chain.record(Action.DECIDE, actor=user, subject=f"candidate:{candidate.pk}", facts={**facts, "copies": copies})
    return decision


def undo(user: User, decision_id: str) -> Decision:
    """Takes back one's own decision within the minute; the item waits again and is taken into hand. Twice is once.

    Raises Http404 for another's, TooLate when the minute is over or somebody went on from there.
    """
    with transaction.atomic():
        take_turn(user)
        mine = Decision.objects.filter(pk=decision_id, person=user).first()
        if mine is None:
            raise Http404
        _lock_item(mine)
        decision = Decision.objects.select_for_update().get(pk=mine.pk)
        if decision.state == DecisionState.UNDONE:
            return decision
        if not may_undo(decision):
            raise TooLate("review.too_late")
        _take_back(decision, DecisionState.UNDONE)
        merged = list(decision.merged.all())
        was_contested = any(word.answered_by_id for word in merged)
        before = DecisionState.CONTESTED if was_contested else DecisionState.AWAITS_SECOND
        decision.merged.update(state=before, merged_into=None, ended_at=None)
        decision.answers.update(state=DecisionState.AWAITS_SECOND, answered_by=None)
        chain.record(Action.UNDO, actor=user, subject=f"candidate:{decision.candidate_id}", facts={"decision": decision.kind})
    return decision


def may_undo(decision: Decision) -> bool:
    """Whether its minute is still going on, and nobody went on from there."""
    is_open = decision.state in (DecisionState.STANDS, *_OPEN) and not decision.answered_by_id and not decision.merged_into_id
    return is_open and abs(timezone.now() - decision.decided_at) <= timedelta(seconds=desk_config().undo_s)


def last_of(user: User) -> Decision | None:
    """The last decision of `user` that can still be undone."""
    since = timezone.now() - timedelta(seconds=desk_config().undo_s)
    mine = Decision.objects.filter(person=user, decided_at__gte=since).order_by("-decided_at")
    return next((decision for decision in mine[:5] if may_undo(decision)), None)


def standing(candidate: Candidate) -> Decision | None:
    """The decision that counts for a candidate."""
    applied = Applied.objects.filter(candidate=candidate, is_current=True).select_related("decision").first()
    return applied.decision if applied else None


def open_words(item: str) -> list[Decision]:
    """The words of those who decided on an item that is not settled, the oldest first."""
    return list(Decision.objects.filter(item=item, state__in=_OPEN).order_by("decided_at"))


def apply_to(decision: Decision, candidates: Sequence[Candidate], *, is_later: bool = False) -> None:
    """Lets a decision that stands count for `candidates`, in the caller's transaction."""
    Applied.objects.bulk_create(Applied(decision=decision, candidate=one, is_later=is_later) for one in candidates)
    Candidate.objects.filter(pk__in=[one.pk for one in candidates]).update(state=CandidateState.DECIDED)


def reopen(decision: Decision) -> None:
    """Lets a decision count no longer, because something new came in; in the caller's transaction."""
    _take_back(decision, DecisionState.REOPENED)


def _check_form(kind: str, category: str, note: str, form_id: str) -> None:
    if kind not in Kind.values:
        raise BadDecision("review.no_such_decision")
    offered = categories(kind)
    if (category not in offered) if offered else category:
        raise BadDecision("review.no_such_category")
    if len(note) > NOTE_MAX:
        raise BadDecision("review.note_too_long", limit=NOTE_MAX)
    if not (8 <= len(form_id) <= 64 and form_id.isascii() and form_id.isprintable()):
        raise BadDecision("review.bad_form")


def _locked(user: User, candidate: Candidate) -> list[Candidate]:
    """The waiting candidates of the item, locked in one order so that two people never wait for each other in a ring."""
    rows = Candidate.objects.select_for_update().filter(pk__in=queue.members(user, candidate).values("pk")).order_by("pk")
    together = list(rows)
    mine = next((one for one in together if one.pk == candidate.pk), None)
    if mine is None or mine.state != CandidateState.WAITING:
        raise DecidedBefore("review.decided_before")
    return [one for one in together if one.state == CandidateState.WAITING]


def _lock_item(decision: Decision) -> None:
    """Locks the item's candidates before any word on it, as whoever decides does: else two could wait for each other."""
    one = decision.candidate
    same = {"same_as": one.same_as} if one.same_as else {"pk": one.pk}
    list(Candidate.objects.select_for_update().filter(**same).order_by("pk").values_list("pk"))


def _word(user: User, candidate: Candidate, together: Sequence[Candidate], kind: str, category: str, form_id: str) -> Decision:
    """What `user` says on the item, not yet settled. Raises HeldByAnother when it is somebody else's turn."""
    item = queue.item_of(candidate)
    holder = queue.holder(item)
    if holder is not None and holder != user:
        raise HeldByAnother("review.held")
    if queue.awaits_another(user, item):
        raise HeldByAnother("review.own_word")
    if queue.only_lead_decides(item) and not access.is_lead(user, candidate.team_id):
        raise HeldByAnother("review.lead_decides")
    return Decision(
        form_id=form_id,
        item=item,
        candidate=candidate,
        team_id=candidate.team_id,
        person=user,
        kind=kind,
        category=category,
        decided_at=timezone.now(),
        was_looked_at=Claim.objects.filter(person=user, item=item, has_opened_strip=True).exists(),
        had_known_copy=any(has_known_copy(one) for one in together),
    )


def _settle(decision: Decision, together: Sequence[Candidate], *, is_lead: bool) -> None:
    """Whether the word stands, waits for another or contradicts one."""
    before = open_words(decision.item)
    words = [word for word in before if word.kind != Kind.SECOND_REVIEW]
    is_contested = any(word.state == DecisionState.CONTESTED for word in before)
    is_question = decision.kind == Kind.SECOND_REVIEW
    if is_contested and is_lead and not is_question:
        decision.state = DecisionState.STANDS
    elif words and not _agree(words[-1], decision):
        decision.state = DecisionState.CONTESTED
    elif is_question:
        decision.state = DecisionState.CONTESTED if before else DecisionState.AWAITS_SECOND
    elif words or decision.kind not in desk_config().second_opinion_for:
        decision.state = DecisionState.STANDS
    else:
        decision.state = DecisionState.AWAITS_SECOND
    decision.save(force_insert=True)
    ids = [word.pk for word in before]
    if decision.state == DecisionState.STANDS:
        Decision.objects.filter(pk__in=ids).update(
            state=DecisionState.MERGED, merged_into=decision, ended_at=decision.decided_at
        )
        Passed.objects.filter(item=decision.item).delete()
        apply_to(decision, together)
    elif decision.state == DecisionState.CONTESTED:
        Decision.objects.filter(pk__in=ids).update(state=DecisionState.CONTESTED)
        Decision.objects.filter(pk__in=ids, answered_by=None).update(answered_by=decision)


def _agree(first: Decision, second: Decision) -> bool:
    return (first.kind, first.category) == (second.kind, second.category)


def _take_back(decision: Decision, state: DecisionState) -> None:
    applied = decision.applied.filter(is_current=True)
    Candidate.objects.filter(pk__in=applied.values("candidate")).update(state=CandidateState.WAITING)
    applied.update(is_current=False)
    decision.state, decision.ended_at = state, timezone.now()
    decision.save(update_fields=["state", "ended_at"])
