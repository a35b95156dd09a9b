"""Suggested searches: what is to be filed or looked for again, one of them, and its fill sheet, where alone the words stand."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.console.channels import team_in, teams_of
from jikim_desk.console.lists import Column
from jikim_desk.console.lists import page as page_of
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices.channels import filling, sheet_files, suggestions
from jikim_desk.notices.channels.models import SuggestionState
from jikim_desk.review import access

COLUMNS = (
    Column("channels.sheet.number"),
    Column("suggestions.engine"),
    Column("suggestions.state"),
    Column("suggestions.due"),
    Column("suggestions.entered", "entered_at"),
)


@allow(*access.DECIDERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """All of them, the newest first, and what is due today; no words."""
    user = visitor(request)
    sheets = sheet_files.sheets()
    found = page_of(request, suggestions.seen(user).defer("words_sealed"), COLUMNS, "-entered_at")
    shown = {
        "page": found,
        "rows": [(one, sheets[one.form].title if one.form in sheets else one.form) for one in found.rows],
        "engines": list(sheet_files.fitting(sheet_files.SUGGESTION).items()),
        "teams": teams_of(user),
        "words_max": suggestions.WORDS_MAX,
        "paper_max": suggestions.PAPER_MAX,
    }
    return render(request, "console/channels/suggestions.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("suggestions")
def enter(request: HttpRequest) -> HttpResponse:
    """Takes one in."""
    sent = request.POST
    made = suggestions.enter(
        visitor(request),
        team_in(request),
        sent.get("form", ""),
        sent.get("words", ""),
        is_adult=sent.get("is_adult") == "on",
        paper=sent.get("paper", ""),
    )
    return redirect("suggestion", suggestion_id=made.pk)


@allow(*access.DECIDERS)
@require_GET
@never_cache
def suggestion(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """One of them: what was done and when, without its words."""
    found = suggestions.suggestion_for(visitor(request), suggestion_id)
    sheet = sheet_files.sheets().get(found.form)
    shown = {
        "one": found,
        "engine": sheet.title if sheet else found.form,
        "looks": found.looks.order_by("-at"),
        "is_open": found.state == SuggestionState.OPEN,
        "is_filed": found.state in (SuggestionState.FILED, SuggestionState.CLEAN),
        "is_closed": found.state == SuggestionState.CLOSED,
    }
    return render(request, "console/channels/suggestion.html", shown)


@allow(*access.DECIDERS)
@require_POST
@never_cache
@told_at("suggestion", "suggestion_id")
def sheet(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """The engine's form filled in, with the words; on record."""
    user = visitor(request)
    found = suggestions.suggestion_for(user, suggestion_id)
    form, filled = suggestions.shown(user, found)
    shown = {
        "notice": None,  # said, because a name that is missed is logged with everything beside it
        "one": found,
        "sheet": form,
        "fields": filled,
        "address": filling.where(form, None),
        "is_waiting": found.state == SuggestionState.OPEN,
        "receipt_max": filling.RECEIPT_MAX,
    }
    return render(request, "console/channels/sheet.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("suggestion", "suggestion_id")
def filed(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """It was filed with the engine."""
    user = visitor(request)
    suggestions.file(user, suggestions.suggestion_for(user, suggestion_id), request.POST.get("receipt", ""))
    messages.success(request, words.say("channels.sheet.recorded"))
    return redirect("suggestion", suggestion_id=suggestion_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("suggestion", "suggestion_id")
def looked(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """Somebody looked whether it is still suggested."""
    user = visitor(request)
    is_gone = request.POST.get("seen") == "gone"
    suggestions.looked(user, suggestions.suggestion_for(user, suggestion_id), is_gone=is_gone)
    return redirect("suggestion", suggestion_id=suggestion_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("suggestion", "suggestion_id")
def close(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """Nothing more is to be done."""
    user = visitor(request)
    suggestions.close(user, suggestions.suggestion_for(user, suggestion_id))
    return redirect("suggestions")


addresses = [
    path("channels/suggestions/", page, name="suggestions"),
    path("channels/suggestions/enter", enter, name="suggestion_enter"),
    path("channels/suggestions/<str:suggestion_id>/", suggestion, name="suggestion"),
    path("channels/suggestions/<str:suggestion_id>/sheet", sheet, name="suggestion_sheet"),
    path("channels/suggestions/<str:suggestion_id>/filed", filed, name="suggestion_filed"),
    path("channels/suggestions/<str:suggestion_id>/looked", looked, name="suggestion_looked"),
    path("channels/suggestions/<str:suggestion_id>/close", close, name="suggestion_close"),
]
