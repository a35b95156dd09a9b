"""Reports of removal: for the person helped, and of a month."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases import linking, opening
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import documents, reports
from jikim_desk.records import visible

FORMATS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv; charset=utf-8",
}
LANGUAGES = ("ko", "en")
MOST = 200


@allow(*linking.WORKS_ON_CASES)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """What can be made."""
    user = visitor(request)
    cases = linking.visible_cases(user).order_by("-opened_at")[:MOST]
    shown = {
        "cases": cases,
        "teams": visible.teams(user, Role.LEAD).order_by("name") if user.has_role(Role.LEAD) else [],
        "formats": list(FORMATS),
        "languages": LANGUAGES,
        "month": timezone.localtime().strftime("%Y-%m"),
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
    return _file(request, reports.progress(case, _lang(request)), "progress")


@allow(Role.LEAD)
@require_POST
@never_cache
def of_month(request: HttpRequest) -> HttpResponse:
    """A month of a team that one leads."""
    user, sent = visitor(request), request.POST
    team = next((one for one in visible.teams(user) if str(one.pk) == sent.get("team")), None)
    year, _, number = sent.get("month", "").partition("-")
    if team is None or not user.has_role(Role.LEAD, team=team) or not (_is_number(year, 4) and _is_number(number, 2)):
        raise Http404
    if not (2000 <= int(year) <= 2999 and 1 <= int(number) <= 12):
        raise Http404
    with transaction.atomic():
        chain.record(Action.EXPORT, actor=user, subject=f"team:{team.pk}", facts={"what": "month"})
    return _file(request, reports.month(team, int(year), int(number), _lang(request)), f"removal-{year}-{number}")


def _file(request: HttpRequest, report: dict[str, Any], name: str) -> HttpResponse:
    kind = request.POST.get("as", "pdf")
    if kind not in FORMATS:
        raise Http404
    made = {"pdf": lambda: documents.pdf("sheet", report), "docx": lambda: reports.as_docx(report)}
    content = made[kind]() if kind in made else reports.as_csv(report)
    answer = HttpResponse(content, content_type=FORMATS[kind])
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
    path("reports/month", of_month, name="report_month"),
]
