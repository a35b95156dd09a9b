"""Web forms filled in by hand: the sheet of one notice, its print, what was filed; drafts for every search engine."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting
from jikim_desk.notices.channels import filling, printing
from jikim_desk.notices.models import NoticeState
from jikim_desk.review import access


@allow(*access.DECIDERS)
@require_POST
@never_cache
@told_at("notice", "notice_id")
def notice_sheet(request: HttpRequest, notice_id: str) -> HttpResponse:
    """What goes into which field of the form. Opening it is on record, since addresses stand in it."""
    user = visitor(request)
    found = drafting.notice_for(user, notice_id)
    sheet, filled = filling.shown(user, found)
    shown = {
        "notice": found,
        "one": None,
        "sheet": sheet,
        "fields": filled,
        "address": filling.where(sheet, found.host),
        "is_waiting": found.state == NoticeState.APPROVED,
        "receipt_max": filling.RECEIPT_MAX,
    }
    return render(request, "console/channels/sheet.html", shown)


@allow(*access.DECIDERS)
@require_POST
@never_cache
@told_at("notice", "notice_id")
def notice_sheet_file(request: HttpRequest, notice_id: str) -> HttpResponse:
    """The same on paper, as a PDF that the centre signed. Its name is the number."""
    user = visitor(request)
    found = drafting.notice_for(user, notice_id)
    sheet, filled = filling.shown(user, found)
    lang = (get_language() or "ko")[:2]
    data = filling.printed(lang, sheet, filled, found.number, filling.where(sheet, found.host))
    done = HttpResponse(printing.signed_sheet(data, timezone.now()), content_type="application/pdf")
    done["Content-Disposition"] = f'attachment; filename="sheet-{found.number}.pdf"'
    return done


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def notice_filed(request: HttpRequest, notice_id: str) -> HttpResponse:
    """It was handed in by the form."""
    user = visitor(request)
    filling.file(user, drafting.notice_for(user, notice_id), request.POST.get("receipt", ""))
    messages.success(request, words.say("channels.sheet.recorded"))
    return redirect("notice", notice_id=notice_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("removal", "candidate_id")
def removal_engines(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Drafts for every search engine that was not asked yet."""
    user = visitor(request)
    made = filling.draft_for_engines(user, drafting.removal_for(user, candidate_id))
    key = "channels.engines_made" if made else "channels.engines_none"
    messages.success(request, words.say(key, count=len(made)))
    return redirect("removal", candidate_id=candidate_id)


addresses = [
    path("outbox/<str:notice_id>/sheet", notice_sheet, name="notice_sheet"),
    path("outbox/<str:notice_id>/sheet/file", notice_sheet_file, name="notice_sheet_file"),
    path("outbox/<str:notice_id>/filed", notice_filed, name="notice_filed"),
    path("removals/<str:candidate_id>/engines", removal_engines, name="removal_engines"),
]
