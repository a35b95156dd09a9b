"""Sweeps: the list, and one sweep with its clock, its places and what it finds, row by row while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from jikim.errors import JikimError
from jikim_desk import flows, words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.config import jikim_config
from jikim_desk.console import lists
from jikim_desk.console.lists import Column
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.records import visible
from jikim_desk.records.models import Candidate, CandidateState, Sighting, Sweep, SweepKind, SweepState
from jikim_desk.review import access
from jikim_desk.review.masking import shown as masked

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)
GOING_ON = (SweepState.QUEUED, SweepState.RUNNING)
ROWS_SHOWN = 60
"""At first; the rest of a large sweep is in the queue."""
ROWS_AT_ONCE = 40
"""New rows that one poll brings."""
UNSETTLED_MAX = 100
URGENT_MAX = 50
"""Of what is urgent that stands above the table while the sweep runs; all of it is in the queue."""
SETTLES_WITHIN = timedelta(minutes=1)
"""After a sweep has ended: what has not settled by then waits for nobody who looks at the page."""
REASONS_SHOWN = 2

COLUMNS = (
    Column("console.column.what"),
    Column("console.column.state", "state"),
    Column("console.column.asked_at", "asked_at"),
    Column("console.column.found", is_number=True),
    Column("console.column.case"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A find as it stands in the table of a sweep. `number` is the sighting's, in the order of arrival."""

    number: int
    candidate: Candidate
    reasons: tuple[str, ...]
    """The strongest, names covered."""
    is_open: bool
    """Whether this person may open it."""

    @property
    def is_settled(self) -> bool:
        """Whether its assessment is final."""
        return self.candidate.state != CandidateState.LOOKING

    @property
    def short(self) -> str:
        """What it is called by in a sentence."""
        return self.candidate.pk[:6]


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How a place has answered in a sweep, `error` in words."""

    name: str
    state: str
    found: int
    error: str


@allow(*SEARCHERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The sweeps one may see, the newest first."""
    rows = visible.sweeps(visitor(request)).select_related("case", "watch")
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    if state in SweepState.values:
        rows = rows.filter(state=state)
    if kind in SweepKind.values:
        rows = rows.filter(kind=kind)
    page = lists.page(request, rows, COLUMNS, "-asked_at")
    counts = dict(
        Sighting.objects.filter(sweep__in=[row.pk for row in page.rows]).values_list("sweep").annotate(count=Count("pk"))
    )
    shown = {
        "page": page,
        "rows": [(row, what(row), counts.get(row.pk, 0)) for row in page.rows],
        "states": SweepState.values,
        "kinds": SweepKind.values,
        "asked": request.GET,
    }
    return render(request, "console/sweeps.html", shown)


@allow(*SEARCHERS)
@require_GET
def page(request: HttpRequest, sweep_id: str) -> HttpResponse:
    """One sweep. What is on the page stands in the order of work; what arrives later comes below it."""
    sweep = _sweep(request, sweep_id)
    sighted = sweep.sightings.order_by("candidate__level_rank", "-candidate__score", "pk")
    rows = _rows(request, sighted[:ROWS_SHOWN])
    shown = _status(sweep) | {
        "rows": rows,
        "last": max((row.number for row in rows), default=0),
        "unsettled": [row.number for row in rows if not row.is_settled],
        "urgent": _rows(request, _urgent(sweep, [])),
        "what": what(sweep),
        "addresses": _addresses(sweep) if sweep.kind == SweepKind.REPORTED else [],
        "may_stop": sweep.state in GOING_ON,
    }
    shown["pinned"] = [row.number for row in shown["urgent"]]
    if len(rows) == ROWS_SHOWN:
        shown["last"] = sweep.sightings.order_by("-pk").values_list("pk", flat=True).first()
    return render(request, "console/sweep.html", shown)


@allow(*SEARCHERS)
@require_POST
def live(request: HttpRequest, sweep_id: str) -> HttpResponse:
    """What changed since the browser last asked: new rows, rows that have settled, the clock and the places."""
    sweep = _sweep(request, sweep_id)
    last = _number(request.POST.get("last", ""))
    waiting = [_number(text) for text in request.POST.getlist("unsettled")[:UNSETTLED_MAX]]
    pinned = [_number(text) for text in request.POST.getlist("pinned")[:URGENT_MAX]]
    arrived = _rows(request, sweep.sightings.filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE])
    looked_at = sweep.sightings.filter(pk__in=waiting).exclude(candidate__state=CandidateState.LOOKING)
    settled = _rows(request, looked_at)
    done = {row.number for row in settled}
    unsettled = [number for number in waiting if number not in done] + [row.number for row in arrived if not row.is_settled]
    urgent = _rows(request, _urgent(sweep, pinned))
    status = _status(sweep)
    shown = status | {
        "urgent": urgent,
        "pinned": pinned + [row.number for row in urgent],
        "changed": [row for row in settled if row.number in pinned],
        "arrived": arrived,
        "settled": settled,
        "last": max([last, *(row.number for row in arrived)]),
        "unsettled": unsettled,
        "is_news": request.POST.get("told") != status["told"],
    }
    return render(request, "console/sweep_live.html", shown)


@allow(*SEARCHERS)
@require_POST
def stop(request: HttpRequest, sweep_id: str) -> HttpResponse:
    """Stops it; what was found stays."""
    sweep = _sweep(request, sweep_id)
    try:
        flows.stop(sweep, by=visitor(request))
        messages.info(request, words.say("console.sweep.stopping"))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("sweep", sweep.pk)


def _sweep(request: HttpRequest, sweep_id: str) -> Sweep:
    return get_object_or_404(visible.sweeps(visitor(request)).select_related("case", "watch", "team", "asked_by"), pk=sweep_id)


def _urgent(sweep: Sweep, pinned: list[int]) -> QuerySet[Sighting]:
    """What is urgent and not among `pinned`, in the order of arrival."""
    return sweep.sightings.filter(candidate__level_rank=0).exclude(pk__in=pinned).order_by("pk")[: URGENT_MAX - len(pinned)]


def _rows(request: HttpRequest, sightings: QuerySet[Sighting]) -> list[Row]:
    found = list(sightings.select_related("candidate"))
    is_seen = access.sees(visitor(request))
    lang = (get_language() or "ko")[:2]
    return [Row(row.pk, row.candidate, _reasons(row.candidate, lang), is_seen(row.candidate)) for row in found]


def _reasons(candidate: Candidate, lang: str) -> tuple[str, ...]:
    reasons = ((candidate.analysis or {}).get("assessment") or {}).get("reasons") or ()
    return tuple(masked(reason["text"][lang]) for reason in reasons[:REASONS_SHOWN])


def _status(sweep: Sweep) -> dict[str, Any]:
    counts = sweep.sightings.aggregate(
        found=Count("pk"),
        urgent=Count("pk", filter=Q(candidate__level_rank=0)),
        look=Count("pk", filter=Q(candidate__level_rank=1)),
    )
    is_going_on = sweep.state in GOING_ON
    elapsed_s = _elapsed_s(sweep.started_at, sweep.ended_at)
    return {
        "sweep": sweep,
        "counts": counts,
        "told": f"{sweep.state}-{counts['found']}-{counts['urgent']}",
        "is_going_on": is_going_on,
        "is_fresh": sweep.ended_at is not None and timezone.now() - sweep.ended_at < SETTLES_WITHIN,
        "elapsed_s": elapsed_s,
        "budget_s": jikim_config().sweeping.budget_s if sweep.kind != SweepKind.REPORTED else None,
        "places": [_place(name, health) for name, health in sorted(sweep.health.items())]
        if sweep.kind != SweepKind.REPORTED
        else [],
        "problem": told(sweep.error_key),
        "every": "1s" if (elapsed_s or 0) < 120 else "5s",
    }


def _elapsed_s(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    return max(0.0, ((ended_at or timezone.now()) - started_at).total_seconds()) if started_at else None


def _place(name: str, health: dict[str, Any]) -> PlaceState:
    return PlaceState(name, health.get("state", "slow"), health.get("found", 0), _told(health))


def _told(health: dict[str, Any]) -> str:
    return told(health.get("error") or "", field=health.get("field") or "")


def _addresses(sweep: Sweep) -> list[dict[str, Any]]:
    reported = enumerate(sweep.addresses or [], 1)
    answers = [(address, sweep.health.get(str(number), {})) for number, address in reported]
    return [{"address": one, "state": health.get("state", ""), "error": _told(health)} for one, health in answers]


def what(sweep: Sweep) -> str:
    """What a sweep searches for, in words."""
    if sweep.kind == SweepKind.REPORTED:
        return words.say("console.sweep.addresses", count=len(sweep.addresses or []))
    return ", ".join(sweep.keywords or [])


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise PermissionDenied
    return int(text)


addresses = [
    path("sweeps/", listed, name="sweeps"),
    path("sweeps/<slug:sweep_id>/", page, name="sweep"),
    path("sweeps/<slug:sweep_id>/live/", live, name="sweep_live"),
    path("sweeps/<slug:sweep_id>/stop/", stop, name="sweep_stop"),
]
