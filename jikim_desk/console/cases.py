"""Cases: opening one, who sees it, and what is linked to it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases import linking, opening
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk
from jikim_desk.review import access
from jikim_desk.review.masking import shown
from jikim_desk.review.reading import strongest

MOST = 200


@allow(*linking.WORKS_ON_CASES)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The cases somebody may see, the newest first; `which=all` shows closed ones too."""
    user = visitor(request)
    found = linking.visible_cases(user).annotate(items=Count("candidates", distinct=True)).order_by("-opened_at")
    if request.GET.get("which") != "all":
        found = found.filter(closed_at=None)
    shown_now = {
        "cases": found.select_related("team")[:MOST],
        "teams": opening.teams_to_open_in(user),
        "which": request.GET.get("which", ""),
        "number_max": opening.NUMBER_MAX,
        "note_max": opening.NOTE_MAX,
    }
    return render(request, "console/cases.html", shown_now)


@allow(*opening.OPENS_CASES)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Opens a case."""
    user, sent = visitor(request), request.POST
    team = next((team for team in opening.teams_to_open_in(user) if str(team.pk) == sent.get("team")), None)
    if team is None:
        raise Http404
    try:
        case = opening.open_case(user, team, sent.get("number", ""), sent.get("note", ""))
    except BadAsk as problem:
        messages.error(request, problem.message().in_language((get_language() or "ko")[:2]))
        return redirect("cases")
    return redirect("case", case_id=case.pk)


@allow(*linking.WORKS_ON_CASES)
@require_GET
@never_cache
def case_page(request: HttpRequest, case_id: str) -> HttpResponse:
    """One case: its note, its people, what is linked to it. Seeing it is on record."""
    user = visitor(request)
    case = opening.case_for(user, case_id)
    lang = (get_language() or "ko")[:2]
    linked = access.visible(user).filter(case=case).order_by("level_rank", "-score")[:MOST]
    chain.record(Action.VIEW, actor=user, subject=f"case:{case.pk}", facts={"what": "case"})
    people = set(case.members.values_list("pk", flat=True))
    shown_now = {
        "case": case,
        "note": shown(case.note, has_names=True),
        "rows": [(one, strongest(one, lang)) for one in linked],
        "people": [(person, person.pk in people) for person in opening.colleagues(case.team)],
        "is_named": bool(people),
        "may_change": opening.may_change(user, case.team),
    }
    return render(request, "console/case.html", shown_now)


@allow(*opening.OPENS_CASES)
@require_POST
def close(request: HttpRequest, case_id: str) -> HttpResponse:
    """Closes a case."""
    user = visitor(request)
    opening.close(user, opening.case_for(user, case_id))
    return redirect("case", case_id=case_id)


@allow(*opening.OPENS_CASES)
@require_POST
def name_people(request: HttpRequest, case_id: str) -> HttpResponse:
    """Says who sees it."""
    user = visitor(request)
    chosen = [int(one) for one in request.POST.getlist("person") if one.isascii() and one.isdigit() and len(one) < 10]
    opening.name_people(user, opening.case_for(user, case_id), chosen)
    return redirect("case", case_id=case_id)


addresses = [
    path("cases/", page, name="cases"),
    path("cases/new", new, name="case_new"),
    path("cases/<str:case_id>/", case_page, name="case"),
    path("cases/<str:case_id>/close", close, name="case_close"),
    path("cases/<str:case_id>/people", name_people, name="case_people"),
]
