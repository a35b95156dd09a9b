"""Care for who reviews: a place for debrief, who is available, and what grouping, banks and words have spared everybody.

Nothing here counts a person: what is spared is a sum over teams.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import Role, User
from jikim_desk.records.models import Capture
from jikim_desk.review import access, exposure
from jikim_desk.review.faults import BadDecision
from jikim_desk.review.models import Applied, Debrief, Decision, DecisionState

DEBRIEF_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Spared:
    """Views that nobody had to take: copies decided together, items recognised by a bank, items told by their words."""

    copies: int
    known: int
    words: int

    @property
    def in_all(self) -> int:
        return self.copies + self.known + self.words


@dataclass(frozen=True, slots=True)
class Availability:
    person: User
    is_available: bool


@dataclass(frozen=True, slots=True)
class AskedTalk:
    """That somebody would like a talk. `text` is what they chose to say of it."""

    id: str
    person: User
    text: str
    at: datetime


def spared(user: User, since: datetime) -> Spared:
    """What `user`'s teams were spared since then."""
    teams = access.team_ids(user, *access.DECIDERS)
    applied = Applied.objects.filter(decision__team__in=teams, decision__decided_at__gte=since, is_current=True)
    made = Decision.objects.filter(team__in=teams, decided_at__gte=since, state=DecisionState.STANDS)
    unseen = made.filter(_has_pictures("candidate"), was_looked_at=False)
    found = unseen.aggregate(
        known=Count("pk", filter=Q(had_known_copy=True)), words=Count("pk", filter=Q(had_known_copy=False))
    )
    others = applied.exclude(candidate=F("decision__candidate")).filter(_has_pictures("candidate"))
    return Spared(copies=others.count(), known=found["known"], words=found["words"])


def _has_pictures(candidate: str) -> Exists:
    """Whether anything of the candidate could have been looked at: of what has words alone, no view was spared."""
    kept = Capture.objects.filter(candidate=OuterRef(candidate)).exclude(part="page").exclude(blob="")
    return Exists(kept.exclude(content_type__startswith="audio/"))


def write_debrief(user: User, text: str, *, asks_for_talk: bool) -> Debrief | None:
    """Keeps what somebody wrote, sealed, for their own eyes, or for their lead's too when they ask for a talk. None where
    there is nothing to keep."""
    if len(text) > DEBRIEF_MAX:
        raise BadDecision("review.note_too_long", limit=DEBRIEF_MAX)
    if not text.strip() and not asks_for_talk:
        return None
    written = Debrief(person=user, asks_for_talk=asks_for_talk, at=timezone.now())
    written.text = text.strip()
    written.save(force_insert=True)
    return written


def own_debriefs(user: User) -> list[Debrief]:
    """What somebody wrote, the newest first."""
    return list(Debrief.objects.filter(person=user).order_by("-at")[:50])


def forget_debrief(user: User, debrief_id: str) -> None:
    """Destroys something one wrote oneself."""
    Debrief.objects.filter(person=user, pk=debrief_id).delete()


def availability(lead: User) -> list[Availability]:
    """Who in `lead`'s teams may take an item now, by name and nothing else. Raises PermissionDenied for who leads none."""
    people = _led_by(lead)
    return [Availability(person, exposure.state(person).may_work) for person in people]


def asked_talks(lead: User) -> list[AskedTalk]:
    """Who would like a talk, the longest waiting first."""
    asked = Debrief.objects.filter(person__in=_led_by(lead), asks_for_talk=True, answered_at=None).order_by("at")
    return [AskedTalk(one.pk, one.person, one.text, one.at) for one in asked.select_related("person")]


def answer_talk(lead: User, debrief_id: str) -> None:
    """Marks that a talk took place, or is arranged. Raises Http404 where nobody of theirs asked."""
    asked = Debrief.objects.filter(pk=debrief_id, person__in=_led_by(lead), asks_for_talk=True)
    if not asked.update(answered_at=timezone.now()):
        raise Http404


def _led_by(lead: User) -> list[User]:
    teams = access.team_ids(lead, Role.LEAD)
    if not teams:
        raise PermissionDenied
    reviewing = User.objects.filter(grants__team__in=teams, grants__role__in=access.DECIDERS, is_active=True)
    return list(reviewing.exclude(pk=lead.pk).distinct().order_by("username"))
