"""The inbox: answers to notices as words alone. A person says what each is; only then does it count."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.config import desk_config
from jikim_desk.console.lists import Column
from jikim_desk.console.lists import page as page_of
from jikim_desk.console.refusals import told_at
from jikim_desk.console.removal import NUMBER_DIGITS
from jikim_desk.console.visitor import visitor
from jikim_desk.notices.faults import Changed
from jikim_desk.notices.inbox import answering
from jikim_desk.notices.inbox.models import NO_ANSWER, LetterState
from jikim_desk.review import access

COLUMNS = (
    Column("inbox.column.arrived", "arrived_at"),
    Column("inbox.column.sender"),
    Column("inbox.column.subject"),
    Column("inbox.column.kind"),
    Column("inbox.column.notice"),
    Column("inbox.column.confirmed"),
)


@allow(*access.READERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What came in and waits, the newest first; `state=all` or `state=confirmed`. And how the mailbox is."""
    user, state = visitor(request), request.GET.get("state", "")
    seen = answering.letters(user).select_related("notice__host")
    if state != "all":
        seen = seen.filter(state=state if state in LetterState.values else LetterState.WAITING)
    found = page_of(request, seen, COLUMNS, "-arrived_at")
    shown = {
        "page": found,
        "rows": [(one, one.told, answering.remarks(one)) for one in found.rows],
        "state": state,
        "states": ["all", LetterState.CONFIRMED.value],
        "mailbox": answering.mailbox(),
        "is_set": bool(desk_config().removal.imap_host),
        "automatic": answering.automatic(user, [one.pk for one in found.rows])
        if user.role_names & set(access.DECIDERS)
        else [],
        "is_lead": Role.LEAD in user.role_names,
    }
    return render(request, "console/removal/inbox.html", shown)


@allow(*access.READERS)
@require_GET
@never_cache
def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    """One letter in words. Seeing it is on record."""
    user = visitor(request)
    found = answering.letter_for(user, letter_id)
    answering.record_view(user, found)
    shown = {
        "letter": found,
        "told": found.told,
        "remarks": answering.remarks(found),
        "find": found.notice.removal_id[:NUMBER_DIGITS] if found.notice else "",
        "may_act": answering.may_confirm(user, found) and found.state == LetterState.WAITING,
        "may_open": answering.may_confirm(user, found) and Role.LEAD in user.role_names,
        "outcomes": [*(answering.OUTCOMES if found.notice else ()), NO_ANSWER],
    }
    return render(request, "console/removal/letter.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("letter", "letter_id")
def confirm(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Says what a letter is."""
    user, outcome = visitor(request), request.POST.get("outcome", "")
    found = answering.letter_for(user, letter_id)
    answering.confirm(user, found, outcome)
    number = found.notice.number if found.notice else "-"
    messages.success(request, words.say("inbox.confirmed", outcome=words.say(f"inbox.outcome.{outcome}"), number=number))
    return redirect("inbox")


@allow(*access.DECIDERS)
@require_POST
@told_at("letter", "letter_id")
def attach(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Joins a letter to the notice whose number was typed."""
    user = visitor(request)
    joined = answering.attach(user, answering.letter_for(user, letter_id), request.POST.get("number", ""))
    messages.success(request, words.say("inbox.attached", number=joined.number))
    return redirect("letter", letter_id=letter_id)


@allow(Role.LEAD)
@require_POST
@never_cache
def file(request: HttpRequest, letter_id: str, place: int) -> HttpResponse:
    """An attached document, never under the name and kind it came with: no browser opens it by itself."""
    user = visitor(request)
    found = answering.letter_for(user, letter_id)
    done = HttpResponse(answering.attached(user, found, place), content_type="application/octet-stream")
    done["Content-Disposition"] = f'attachment; filename="mail-{found.pk[:NUMBER_DIGITS]}-{place + 1}.bin"'
    return done


@allow(*access.DECIDERS)
@require_POST
def set_aside(request: HttpRequest) -> HttpResponse:
    """Confirms that automatic letters of the list are no answers. One that somebody dealt with meanwhile is passed over."""
    user, done = visitor(request), 0
    for one in answering.automatic(user, request.POST.getlist("letter")):
        try:
            answering.confirm(user, one, NO_ANSWER)
        except Changed:
            continue
        done += 1
    messages.success(request, words.say("inbox.set_aside_done", count=done))
    return redirect("inbox")


def due(request: HttpRequest) -> dict[str, Any]:
    """For the first page: letters that wait, and what is wrong with the mailbox."""
    mailbox = answering.mailbox()
    return {"mail": answering.waiting(visitor(request)), "mail_fault": mailbox.fault_key if mailbox else ""}


addresses = [
    path("inbox/", page, name="inbox"),
    path("inbox/set-aside", set_aside, name="letters_set_aside"),
    path("inbox/<str:letter_id>/", letter, name="letter"),
    path("inbox/<str:letter_id>/confirm", confirm, name="letter_confirm"),
    path("inbox/<str:letter_id>/attach", attach, name="letter_attach"),
    path("inbox/<str:letter_id>/file/<int:place>", file, name="letter_file"),
]
