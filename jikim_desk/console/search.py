"""The one box: keywords, up to 500 pasted addresses, or files. What was recognised is shown before anything runs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from jikim.commands.places import set_up
from jikim.errors import JikimError
from jikim_desk import flows, words
from jikim_desk.accounts.models import Role, Team
from jikim_desk.accounts.rights import allow
from jikim_desk.config import jikim_config
from jikim_desk.console.uploads import arrived
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk
from jikim_desk.records import extents, intake, recognising, visible
from jikim_desk.records.intake import ADDRESSES_MAX, ReportedLine, Said
from jikim_desk.records.models import Capture, SweepState
from jikim_desk.review import access, known_files

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)
CASES_SHOWN = 200
FOUND_SHOWN = 20


@allow(*SEARCHERS)
@require_GET
def box(request: HttpRequest) -> HttpResponse:
    """The box on a page of its own."""
    return render(request, "console/search.html")


@allow(*SEARCHERS)
@require_POST
def recognise(request: HttpRequest) -> HttpResponse:
    """Shows what was recognised and asks how it is to be run."""
    if request.FILES:
        try:
            return _known_files(request)
        except BadAsk as error:
            return render(request, "console/search.html", {"problem": words.say(error.key, **error.params)}, status=503)
    found = recognising.recognise(request.POST.get("text", ""))
    if not (found.keywords or found.addresses):
        return render(request, "console/search.html", {"problem": words.say("console.search.nothing")}, status=400)
    return _ask(request, "\n".join(found.keywords), "\n".join(found.addresses))


@allow(*SEARCHERS)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Puts what was shown on record and starts it."""
    keywords = [line for line in request.POST.get("keywords", "").splitlines() if line.strip()]
    addresses = [line for line in request.POST.get("addresses", "").splitlines() if line.strip()]
    try:
        return _started(request, keywords, addresses)
    except JikimError as error:
        return _ask(request, "\n".join(keywords), "\n".join(addresses), words.say(error.key, **error.params))


def _started(request: HttpRequest, keywords: list[str], addresses: list[str]) -> HttpResponse:
    user = visitor(request)
    team = _team(request)
    number = request.POST.get("case", "").strip()
    case = visible.cases(user).filter(number=number, team=team).first() if number else None
    if number and case is None:
        raise BadAsk("console.search.no_such_case")
    lines: list[ReportedLine] = []
    sweep = None
    with transaction.atomic():
        if addresses:
            sweep, lines = intake.report_addresses(user, addresses, team=team, case=case)
            flows.tell_reported(lines)
        if keywords:
            asked = intake.ask_for_sweep(
                user, keywords, request.POST.getlist("place"), team=team, case=case, is_urgent="urgent" in request.POST
            )
            if asked.state == SweepState.QUEUED:
                flows.enqueue(asked)
        if sweep is not None:
            flows.enqueue(sweep)
    if lines:
        messages.info(request, _counted(lines))
    if keywords and sweep is not None:
        messages.info(request, words.say("console.search.both_started"))
    shown = asked if keywords else sweep
    if shown is None:
        return render(request, "console/reported.html", {"lines": _shown(request, lines)})
    return redirect("sweep", shown.pk)


def _ask(request: HttpRequest, keywords: str, addresses: str, problem: str = "") -> HttpResponse:
    user = visitor(request)
    known = recognising.already_known(addresses.splitlines()[:ADDRESSES_MAX])
    is_seen = access.sees(user)
    shown: dict[str, Any] = {
        "keywords": keywords,
        "addresses": addresses,
        "count": len(addresses.splitlines()),
        "limit": ADDRESSES_MAX,
        "known": [(address, row, is_seen(row)) for address, row in known.items()],
        "teams": visible.teams(user),
        "cases": visible.cases(user).order_by("-opened_at")[:CASES_SHOWN],
        "places": sorted(set_up(jikim_config())) or ["practice"],
        "asked": request.POST,
        "chosen": request.POST.getlist("place"),
        "is_lead": user.has_role(Role.LEAD),
        "problem": problem,
    }
    return render(request, "console/search_check.html", shown, status=400 if problem else 200)


def _known_files(request: HttpRequest) -> HttpResponse:
    """Which of the files, or verified copies of them, were found before, and what the banks know them as; kept nowhere."""
    user = visitor(request)
    rows = []
    files = arrived(request)
    answers = known_files.known_as(user, [file.fd for file in files], (get_language() or "ko")[:2])
    for file, answer in zip(files, answers, strict=True):
        held = Capture.objects.filter(sha256__in=extents.copies_of(file.sha256)).values("candidate")
        found = access.visible(user).filter(pk__in=held).order_by("-found_at")[:FOUND_SHOWN]
        rows.append({"file": file, "found": found, "answer": answer})
    return render(request, "console/files.html", {"rows": rows})


def _team(request: HttpRequest) -> Team:
    teams = visible.teams(visitor(request))
    chosen = request.POST.get("team", "")
    team = teams.filter(pk=chosen).first() if chosen.isdigit() else teams.order_by("pk").first()
    if team is None:
        raise BadAsk("console.search.no_such_team")
    return team


def _counted(lines: list[ReportedLine]) -> str:
    counts = {said: sum(line.said == said for line in lines) for said in Said}
    return words.say(
        "console.search.counted",
        new=counts[Said.NEW],
        known=counts[Said.KNOWN],
        duplicate=counts[Said.DUPLICATE],
        refused=counts[Said.REFUSED],
    )


def _shown(request: HttpRequest, lines: list[ReportedLine]) -> list[dict[str, Any]]:
    seen = set(
        access.visible(visitor(request))
        .filter(pk__in={line.candidate_id for line in lines if line.candidate_id})
        .values_list("pk", flat=True)
    )
    return [
        {
            "line": line,
            "said_key": f"console.said.{line.said}",
            "error": words.say(line.error.key, **line.error.params) if line.error else "",
            "is_seen": line.candidate_id in seen,
        }
        for line in lines
    ]


addresses = [
    path("search/", box, name="search"),
    path("search/check/", recognise, name="recognise"),
    path("search/start/", start, name="start"),
]
