"""The queue: what waits, best first, and the way from one item to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Team, User
from jikim_desk.accounts.rights import allow
from jikim_desk.console.calm import calmly
from jikim_desk.console.visitor import visitor
from jikim_desk.notices.reuploads import noticing
from jikim_desk.review import access, care, decisions, exposure, queue
from jikim_desk.review.models import Claim
from jikim_desk.review.reading import strongest

ROWS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What somebody wants of the queue: one level, one team, or None for all. It lives in the address of every page and form of
    the review, so that it is still there after a decision."""

    level: str | None = None
    team: int | None = None

    @classmethod
    def asked(cls, request: HttpRequest) -> Narrowing:
        """What the address says; what it cannot mean is passed over."""
        level, team = request.GET.get("level"), request.GET.get("team", "")
        return cls(level if level in queue.LEVEL_RANKS else None, int(team) if team.isdecimal() and len(team) < 10 else None)

    @property
    def query(self) -> str:
        """The end of an address: "?level=none&team=2", "" for the whole queue."""
        fields = {name: value for name, value in (("level", self.level), ("team", self.team)) if value is not None}
        return f"?{urlencode(fields)}" if fields else ""


@allow(*access.DECIDERS)
@require_GET
@never_cache
def queue_page(request: HttpRequest) -> HttpResponse:
    """What waits, best first; `level` and `team` in the address narrow it."""
    user, narrowed = visitor(request), Narrowing.asked(request)
    lang = (get_language() or "ko")[:2]
    found = queue.waiting(user, limit=ROWS_SHOWN, level=narrowed.level, team=narrowed.team)
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counted = queue.counts(user, team=narrowed.team)
    shown_now: dict[str, Any] = {
        "narrowed": narrowed,
        "levels": [
            (level, count, count >= queue.COUNTED_MAX, Narrowing(level, narrowed.team).query)
            for level, count in counted.items()
        ],
        "every_level": Narrowing(None, narrowed.team).query,
        "teams": _teams(user, narrowed),
        "every_team": Narrowing(narrowed.level).query,
        "low": counted["none"] if not found and narrowed.level is None else 0,
        "rows": [(one, strongest(one.candidate, lang)) for one in found],
        "again": noticing.among(one.candidate for one in found),
        "held": queue.current(user),
        "spared": care.spared(user, month),
        "care": exposure.state(user),
        "last": decisions.last_of(user),
    }
    return render(request, "console/review/queue.html", shown_now)


@allow(*access.DECIDERS)
@require_POST
@calmly
def take_next(request: HttpRequest) -> HttpResponse:
    """Takes the best item that waits."""
    return next_item(request)


@allow(*access.DECIDERS)
@require_POST
@calmly
def take(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Takes this item."""
    return to_item(request, queue.claim(visitor(request), candidate_id))


def next_item(request: HttpRequest) -> HttpResponse:
    """On to the best item of what the address narrows the queue to."""
    narrowed = Narrowing.asked(request)
    return to_item(request, queue.claim_next(visitor(request), level=narrowed.level, team=narrowed.team))


def to_item(request: HttpRequest, claim: Claim | None) -> HttpResponse:
    """The page of what is in hand now, or the queue where nothing is."""
    query = Narrowing.asked(request).query
    if claim is None:
        messages.info(request, words.say("review.page.nothing_left"))
        return redirect(reverse("queue") + query)
    return redirect(reverse("item", args=[claim.candidate_id]) + query)


def _teams(user: User, narrowed: Narrowing) -> list[tuple[Team, str]]:
    """The teams somebody can narrow the queue to; none where there is one alone."""
    teams = list(Team.objects.filter(pk__in=access.team_ids(user, *access.DECIDERS)).order_by("name"))
    return [(team, Narrowing(narrowed.level, team.pk).query) for team in teams] if len(teams) > 1 else []


addresses = [
    path("queue/", queue_page, name="queue"),
    path("queue/next", take_next, name="take_next"),
    path("items/<str:candidate_id>/take", take, name="take"),
]
