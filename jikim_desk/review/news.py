"""What becomes of items when something new comes in: a copy of what was decided, a bank hit, a new case, a report.

Confirmed stays confirmed. "Appears adult", "not relevant" and "cannot tell" count for a new copy of the same extent too, so
that nobody sees twice what was judged; but they never outlive news, and never reach what is longer or merely alike: that
has another `same_as`.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.records.models import Candidate, CandidateState, SweepKind
from jikim_desk.review import access
from jikim_desk.review.decisions import apply_to, reopen
from jikim_desk.review.faults import TooLate
from jikim_desk.review.models import REOPENED_BY_NEWS, Applied, Decision, DecisionState, News, Reopening
from jikim_desk.review.reading import has_known_copy


@transaction.atomic
def arrived(candidate_id: str) -> Decision | None:
    """To be called when the assessment of a candidate has become final, once or more often.

    Where a decision counts for a verified copy of it in the same team, it counts for this one too and is returned; where this
    one brings news, the decision is opened again instead. None where the candidate waits for a person.
    """
    candidate = _locked(candidate_id)
    if candidate is None or candidate.state == CandidateState.LOOKING:
        return None
    decision = _decision_on_copies(candidate)
    if decision is None:
        return None
    news = _news_to(decision, candidate)
    if news is not None and decision.kind in REOPENED_BY_NEWS:
        _open_again(decision, news)
        return None
    if candidate.state == CandidateState.WAITING:
        apply_to(decision, [candidate], is_later=True)
        facts = {"decision": decision.kind, "what": "copy"}
        chain.record(Action.DECIDE, actor=None, subject=f"candidate:{candidate.pk}", facts=facts)
    return decision


@transaction.atomic
def came(candidate_id: str, news: News) -> bool:
    """Opens a decided item again because of a bank hit, a new case or a report. False where the decision outlives it, or where
    none counts."""
    candidate = _locked(candidate_id)
    decision = _decision_on_copies(candidate) if candidate is not None else None
    if decision is None or decision.kind not in REOPENED_BY_NEWS:
        return False
    _open_again(decision, news)
    return True


@transaction.atomic
def reopen_as_lead(lead: User, candidate_id: str) -> None:
    """Opens any decided item again, confirmed ones too, because a lead wants it looked at once more. Raises PermissionDenied,
    TooLate where no decision counts any more."""
    seen = access.seen_by(lead, candidate_id)
    if not access.is_lead(lead, seen.team_id):
        raise PermissionDenied
    candidate = _locked(candidate_id)
    decision = _decision_on_copies(candidate) if candidate is not None else None
    if decision is None:
        raise TooLate("review.not_decided")
    _open_again(decision, News.LEAD, by=lead)


def why_open(item: str) -> Reopening | None:
    """Why an item that was decided waits again."""
    return Reopening.objects.filter(item=item).select_related("decision").order_by("-at").first()


def _locked(candidate_id: str) -> Candidate | None:
    candidate = Candidate.objects.filter(pk=candidate_id).first()
    if candidate is None:
        return None
    same = {"same_as": candidate.same_as, "team": candidate.team_id} if candidate.same_as else {"pk": candidate.pk}
    rows = {row.pk: row for row in Candidate.objects.select_for_update().filter(**same).order_by("pk")}
    return rows.get(candidate_id)


def _decision_on_copies(candidate: Candidate) -> Decision | None:
    standing = Applied.objects.filter(is_current=True, decision__state=DecisionState.STANDS).select_related("decision")
    if candidate.same_as:
        standing = standing.filter(candidate__same_as=candidate.same_as, candidate__team=candidate.team_id)
    else:
        standing = standing.filter(candidate=candidate)
    applied = standing.order_by("-decision__decided_at").first()
    return applied.decision if applied else None


def _news_to(decision: Decision, candidate: Candidate) -> News | None:
    """What `candidate` brings that was not known when the decision was made."""
    if has_known_copy(candidate) and not decision.had_known_copy:
        return News.BANK
    if candidate.sightings.filter(sweep__kind=SweepKind.REPORTED, seen_at__gt=decision.decided_at).exists():
        return News.REPORT
    is_new_case = candidate.case_id and not decision.applied.filter(candidate__case=candidate.case_id).exists()
    return News.CASE if is_new_case else None


def _open_again(decision: Decision, news: News, *, by: User | None = None) -> None:
    reopen(decision)
    Reopening.objects.create(item=decision.item, news=news, decision=decision, at=timezone.now())
    facts = {"what": "reopened", "reason": str(news)}
    chain.record(Action.UNDO, actor=by, subject=f"candidate:{decision.candidate_id}", facts=facts)
