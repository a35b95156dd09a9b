"""The API for machines, at /api/v1: typed, described by its openapi.json, opened by a token with rights and an end.

It reads and decides one candidate at a time and takes in reported addresses. It never gives an address, a title or a picture:
those leave the desk by the hands of people only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import Field, NinjaAPI, Query, Schema
from ninja.errors import ValidationError

from jikim.errors import JikimError
from jikim_desk import flows, words
from jikim_desk.accounts.models import Role, Team, TokenRight, User
from jikim_desk.accounts.rights import allow, public
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk
from jikim_desk.records import intake, visible
from jikim_desk.records.models import Candidate
from jikim_desk.review import access, decisions
from jikim_desk.review.faults import DecidedBefore, HeldByAnother
from jikim_desk.review.models import ADULT_CATEGORIES, Decision, Kind
from jikim_desk.review.reading import reading

RIGHTS = {
    "candidates": TokenRight.READ,
    "candidate": TokenRight.READ,
    "sweep": TokenRight.READ,
    "decide": TokenRight.DECIDE,
    "addresses_in": TokenRight.INTAKE,
}
"""What a token must allow, by the operation's name."""
PAGE_MAX = 200
API_ROOT = "/api/v1/"

api = NinjaAPI(
    title="Jikim",
    version="1",
    docs_url=None,
    openapi_url=None,
    description="Reads and decides candidates one by one and takes in reported addresses. Authorization: Bearer jikim_...",
    openapi_extra={
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    },
)


class Words(Schema):
    ko: str
    en: str


class Fault(Schema):
    """What was wrong, in both languages; `key` is stable."""

    key: str
    text: Words


class AxisOut(Schema):
    degree: Literal["high", "middle", "low", "cannot_tell"]
    score: Annotated[int, Field(description="percent")]
    low: int
    high: int


class ReasonOut(Schema):
    text: Words
    weight: Annotated[float, Field(description="log-odds")]
    times: str


class CandidateOut(Schema):
    id: str
    source: str
    state: Literal["looking", "waiting", "decided"]
    level: Literal["urgent", "look", "none"]
    score: float
    is_test: bool
    found_at: datetime


class CandidateDetail(CandidateOut):
    kind: str
    axes: dict[str, AxisOut]
    reasons: list[ReasonOut]
    decision: str


class CandidatePage(Schema):
    candidates: list[CandidateOut]
    next: Annotated[str, Field(description="the value of `after` for what follows; empty at the end")]


class DecisionIn(Schema):
    kind: Kind
    category: Annotated[str, Field(max_length=80, description=f"for appears_adult: {', '.join(ADULT_CATEGORIES)}")] = ""
    note: Annotated[str, Field(max_length=4000)] = ""
    form_id: Annotated[str, Field(min_length=8, max_length=64, description="sent twice, it is one decision")]


class DecisionOut(Schema):
    id: str
    kind: str
    category: str
    state: str
    decided_at: datetime


class AddressesIn(Schema):
    addresses: Annotated[list[str], Field(min_length=1, max_length=intake.ADDRESSES_MAX)]
    case: Annotated[str, Field(max_length=40, description="number of a case of the team")] = ""


class AddressOut(Schema):
    line: Annotated[int, Field(description="its place in what was sent, from 1")]
    said: Literal["new", "duplicate", "known", "refused"]
    candidate: str
    fault: Fault | None


class AddressesOut(Schema):
    sweep: Annotated[str, Field(description="empty where nothing was new")]
    lines: list[AddressOut]


class SweepOut(Schema):
    id: str
    kind: str
    state: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    found: int


class Which(Schema):
    state: Literal["looking", "waiting", "decided"] | None = None
    level: Literal["urgent", "look", "none"] | None = None
    after: Annotated[str, Field(max_length=120)] = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


@api.get("/candidates", response=CandidatePage)
def candidates(request: HttpRequest, which: Query[Which]) -> dict[str, Any]:
    """The team's candidates, the newest first."""
    rows = access.visible(visitor(request)).order_by("-found_at", "-pk")
    rows = rows.filter(**{name: value for name in ("state", "level") if (value := getattr(which, name))})
    if which.after:
        at, _, key = which.after.partition("~")
        moment = _moment(at)
        rows = rows.filter(found_at__lte=moment).filter(Q(found_at__lt=moment) | Q(pk__lt=key))
    found = list(rows.only(*CandidateOut.model_fields)[: which.limit + 1])
    shown, has_more = found[: which.limit], len(found) > which.limit
    return {"candidates": shown, "next": f"{shown[-1].found_at.isoformat()}~{shown[-1].pk}" if has_more else ""}


@api.get("/candidates/{candidate_id}", response=CandidateDetail)
def candidate(request: HttpRequest, candidate_id: str) -> dict[str, Any]:
    """One candidate with its reasons, names covered. Every reading is on record."""
    user = visitor(request)
    row = _candidate(user, candidate_id)
    chain.record(Action.VIEW, actor=user, subject=f"candidate:{row.pk}", facts={"what": "api"})
    korean, english = (reading(row.analysis, lang) for lang in ("ko", "en"))
    standing = decisions.standing(row)
    return {
        **CandidateOut.from_orm(row).dict(),
        "kind": korean.kind,
        "axes": {
            axis.name: {"degree": axis.degree, "score": axis.score, "low": axis.low, "high": axis.high} for axis in korean.axes
        },
        "reasons": [
            {"text": {"ko": ours.text, "en": theirs.text}, "weight": ours.weight, "times": ours.times}
            for ours, theirs in zip(korean.reasons, english.reasons, strict=True)
        ],
        "decision": standing.kind if standing else "",
    }


@api.post("/candidates/{candidate_id}/decision", response=DecisionOut)
def decide(request: HttpRequest, candidate_id: str, sent: DecisionIn) -> Decision:
    """Decides a candidate, and with it all verified copies of the same extent."""
    user = visitor(request)
    _candidate(user, candidate_id)
    return decisions.decide(user, candidate_id, sent.kind, category=sent.category, note=sent.note, form_id=sent.form_id)


@api.post("/addresses", response=AddressesOut)
def addresses_in(request: HttpRequest, sent: AddressesIn) -> dict[str, Any]:
    """Takes in addresses somebody reported: they are captured and go to review without a search."""
    user = visitor(request)
    team = _team(user)
    case = visible.cases(user, Role.MACHINE).filter(team=team, number=sent.case).first() if sent.case else None
    if sent.case and case is None:
        raise BadAsk("console.search.no_such_case")
    with transaction.atomic():
        sweep, lines = intake.report_addresses(user, sent.addresses, team=team, case=case)
        flows.tell_reported(lines)
        if sweep is not None:
            flows.enqueue(sweep)
    return {
        "sweep": sweep.pk if sweep else "",
        "lines": [
            {
                "line": number,
                "said": line.said.value,
                "candidate": line.candidate_id,
                "fault": _fault(line.error) if line.error else None,
            }
            for number, line in enumerate(lines, 1)
        ],
    }


@api.get("/sweeps/{sweep_id}", response=SweepOut)
def sweep(request: HttpRequest, sweep_id: str) -> dict[str, Any]:
    """How a sweep stands."""
    row = get_object_or_404(visible.sweeps(visitor(request)), pk=sweep_id)
    return {**{name: getattr(row, name) for name in SweepOut.model_fields if name != "found"}, "found": row.sightings.count()}


@public
@require_safe
def description(request: HttpRequest) -> HttpResponse:
    """What the API takes and gives, as OpenAPI 3."""
    return JsonResponse(api.get_openapi_schema(path_prefix=API_ROOT))


@api.exception_handler(JikimError)
def _refused(request: HttpRequest, error: JikimError) -> HttpResponse:
    status = 409 if isinstance(error, DecidedBefore | HeldByAnother) else 400
    return api.create_response(request, {"error": _fault(error)}, status=status)


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    where = [{"at": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in error.errors]
    return _said(request, "console.api.malformed", 422, problems=where)


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return _said(request, "console.api.forbidden", 403)


@api.exception_handler(Http404)
def _absent(request: HttpRequest, error: Http404) -> HttpResponse:
    return _said(request, "console.api.not_found", 404)


def _said(request: HttpRequest, key: str, status: int, **more: object) -> HttpResponse:
    fault = {"key": key, "text": {"ko": words.say(key, "ko"), "en": words.say(key, "en")}}
    return api.create_response(request, {"error": {**fault, **more}}, status=status)


def _fault(error: JikimError) -> dict[str, Any]:
    return {"key": error.key, "text": error.message(masked=True)._asdict()}


def _candidate(user: User, candidate_id: str) -> Candidate:
    return get_object_or_404(access.visible(user).select_related("team", "case"), pk=candidate_id)


def _team(user: User) -> Team:
    team = visible.teams(user, Role.MACHINE).order_by("pk").first()
    if team is None:
        raise PermissionDenied
    return team


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadAsk("console.api.no_such_place") from error
    if moment.tzinfo is None:
        raise BadAsk("console.api.no_such_place")
    return moment


def _declared(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[URLPattern]:
    """Each address with the right it takes. Raises KeyError for one that names none."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            allow(Role.MACHINE, token_right=RIGHTS[str(pattern.name)])(pattern.callback)
            yield pattern


addresses = [
    path("api/v1/openapi.json", description, name="openapi"),
    path("api/v1/", (list(_declared(api.urls[0])), "ninja", api.urls_namespace)),
]
