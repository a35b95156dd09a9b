"""Reports of removal: for the person helped, for police and prosecution, and of a month or a year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Role, Team
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases import linking, opening
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting, visible
from jikim_desk.notices.reports import files, making, period, person, police
from jikim_desk.notices.reports.composing import LANGUAGES
from jikim_desk.review import access

MOST = 200


@allow(*linking.WORKS_ON_CASES)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """What can be made, and what was made."""
    user = visitor(request)
    now = timezone.localtime()
    asked = making.visible(user)
    shown = {
        "cases": linking.visible_cases(user).order_by("-opened_at")[:MOST],
        "teams": making.led(user),
        "leads_all": making.leads_all(user),
        "made": [(one, making.has_failed(one)) for one in asked],
        "is_waiting": any(one.made_at is None and not making.has_failed(one) for one in asked),
        "formats": list(files.KINDS),
        "languages": LANGUAGES,
        "month": now.strftime("%Y-%m"),
        "year": now.year,
        "may_tell_police": user.has_role(*access.DECIDERS),
        "reference_max": police.REFERENCE_MAX,
    }
    return render(request, "console/removal/reports.html", shown)


@allow(*linking.WORKS_ON_CASES)
@require_POST
@never_cache
def of_case(request: HttpRequest) -> HttpResponse:
    """The progress of one case, for the person helped."""
    user = visitor(request)
    case = opening.case_for(user, request.POST.get("case", ""))
    with transaction.atomic():
        chain.record(Action.EXPORT, actor=user, subject=f"case:{case.pk}", facts={"what": "progress"})
    return _file(request, person.progress(case, _lang(request)), "progress")


@allow(*access.DECIDERS)
@require_POST
@never_cache
def for_police(request: HttpRequest) -> HttpResponse:
    """One find, or the newest of a case, for police or prosecution: with its addresses, so it is on record for each find."""
    user, sent = visitor(request), request.POST
    every = visible.removals(user).select_related("candidate").order_by("-begun_at")
    if sent.get("find"):
        found, left_out = [drafting.removal_for(user, sent["find"])], 0
    else:
        of_case = every.filter(candidate__case=opening.case_for(user, sent.get("case", "")))
        found = list(of_case[: police.FINDS_MAX])[::-1]
        left_out = of_case.count() - len(found)
    if not found or not all(access.may_decide(user, one.candidate) for one in found):
        raise Http404
    with transaction.atomic():
        for one in found:
            chain.record(Action.EXPORT, actor=user, subject=f"candidate:{one.pk}", facts={"what": "police"})
    given = {name: " ".join(sent.get(name, "").split())[: police.REFERENCE_MAX] for name in ("recipient", "reference")}
    report = police.told(found, _lang(request), **given, by=user, left_out=left_out)
    return _file(request, report, "report", is_signed=True)


@allow(Role.LEAD)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for a month or a year of a team, or of the whole centre; a worker makes it."""
    user, sent = visitor(request), request.POST
    team = Team.objects.filter(pk=sent["team"]).first() if sent.get("team", "").isdecimal() else None
    year, _, month = (sent.get("year", "") if sent.get("of") == "year" else sent.get("month", "")).partition("-")
    is_known = team is not None or sent.get("team") == "all"
    if not (is_known and _is_number(year, 4) and (_is_number(month, 2) or sent.get("of") == "year")):
        raise Http404
    try:
        making.ask(user, team, int(year), int(month) if month else None)
    except ValueError:
        raise Http404 from None
    messages.success(request, words.say("report.asked"))
    return redirect("reports")


@allow(Role.LEAD)
@require_POST
@never_cache
def of_period(request: HttpRequest, report_id: str) -> HttpResponse:
    """A month or a year that was made, as a file."""
    user = visitor(request)
    report = making.report_for(user, report_id)
    if report is None or report.made_at is None:
        raise Http404
    with transaction.atomic():
        what = "year" if report.month is None else "month"
        subject = f"team:{report.team_id}" if report.team_id else "centre"
        chain.record(Action.EXPORT, actor=user, subject=subject, facts={"what": what})
    name = f"removal-{report.year}" + (f"-{report.month:02d}" if report.month else "")
    return _file(request, period.written(report, _lang(request)), name, is_signed=True)


def _file(request: HttpRequest, report: Mapping[str, Any], name: str, *, is_signed: bool = False) -> HttpResponse:
    kind = request.POST.get("as", "pdf")
    if kind not in files.KINDS:
        raise Http404
    answer = HttpResponse(files.made(report, kind, is_signed=is_signed), content_type=files.KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _lang(request: HttpRequest) -> str:
    lang = request.POST.get("lang", "")
    return lang if lang in LANGUAGES else "ko"


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) == digits


addresses = [
    path("reports/", page, name="reports"),
    path("reports/case", of_case, name="report_case"),
    path("reports/police", for_police, name="report_police"),
    path("reports/period", ask, name="report_ask"),
    path("reports/<str:report_id>/file", of_period, name="report_file"),
]
