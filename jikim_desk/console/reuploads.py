"""What came up again elsewhere: the alarms, and on the page of one removal how its find is watched for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.models import User
from jikim_desk.accounts.rights import allow
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting
from jikim_desk.notices.models import Removal
from jikim_desk.notices.reuploads import guarding, noticing
from jikim_desk.notices.reuploads.mirroring import NUMBER_DIGITS
from jikim_desk.notices.reuploads.models import Reupload
from jikim_desk.records import watches
from jikim_desk.review import access

EVERY_MINUTES, WATCHED_FOR = 1440, timedelta(days=90)
"""How often, and how long, what led to a find is searched for again where a person asks for it: as long as it is rechecked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One re-upload. `host` and the link are for who may see the find it is; `may_note` for who may take note of it."""

    reupload: Reupload
    removal_number: str
    find_number: str
    host: str
    is_open: bool
    may_note: bool


@allow(*access.READERS)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The alarms nobody has taken note of, the latest first."""
    user = visitor(request)
    return render(request, "console/removal/reuploads.html", {"rows": _rows(user, noticing.alarms(user))})


@allow(*access.DECIDERS)
@require_POST
def seen(request: HttpRequest, reupload_id: str) -> HttpResponse:
    """Takes note of an alarm, and goes to the find."""
    user = visitor(request)
    row = noticing.take_note(user, reupload_id)
    if access.visible(user).filter(pk=row.candidate_id).exists():
        return redirect("item", candidate_id=row.candidate_id)
    return redirect("removal", candidate_id=row.removal_id)


@allow(*access.DECIDERS)
@require_POST
def guard(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Has a find, a file of it or the finds of its case watched for, or no longer."""
    user, what = visitor(request), request.POST.get("what", "")
    removal = drafting.removal_for(user, candidate_id)
    if what in ("on", "off"):
        guarding.switch(user, removal, is_on=what == "on")
    elif what in ("with", "without"):
        guarding.leave_out(user, removal, request.POST.get("file", ""), is_out=what == "without")
    elif what in ("case_on", "case_off"):
        guarding.refuse_for_case(user, removal, is_refused=what == "case_off")
    else:
        raise Http404
    return redirect("removal", candidate_id=candidate_id)


@allow(*access.DECIDERS)
@require_POST
def search_again(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Asks for a watch over all places for what led to a find, once a day; a lead approves it, as any."""
    user = visitor(request)
    candidate = drafting.removal_for(user, candidate_id).candidate
    ends_on = timezone.localdate() + WATCHED_FOR
    keyword = str((candidate.find or {}).get("keyword") or "")
    try:
        watch = watches.ask(
            user, [keyword], [], every_minutes=EVERY_MINUTES, ends_on=ends_on, team=candidate.team, case=candidate.case
        )
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
        return redirect("removal", candidate_id=candidate_id)
    return redirect("watch", watch_id=watch.pk)


def shown_on(user: User, removal: Removal) -> dict[str, Any]:
    """What the page of a removal says of the watch."""
    rows = _rows(user, noticing.of_removal(removal))
    return {
        "guard": guarding.standing(removal),
        "reuploads": rows,
        "has_alarm": any(row.may_note for row in rows),
        "earlier": shown_on_item(user, noticing.of_candidate(user, removal.candidate)),
        "may_search_again": bool((removal.candidate.find or {}).get("keyword")),
    }


def shown_on_item(user: User, reuploads: list[Reupload]) -> list[tuple[Reupload, str]]:
    """The removals that a find seems to be a re-upload of, each with its number."""
    return [(one, one.removal_id[:NUMBER_DIGITS]) for one in reuploads]


def _rows(user: User, found: list[Reupload]) -> list[Row]:
    sees, teams = access.sees(user), access.team_ids(user, *access.DECIDERS)
    rows = []
    for one in found:
        is_open = sees(one.candidate)
        host = urlsplit(one.candidate.url).hostname or "" if is_open else ""
        may_note = one.is_alarm and one.seen_at is None and one.removal.team_id in teams
        numbers = (one.removal_id[:NUMBER_DIGITS], one.candidate_id[:NUMBER_DIGITS])
        rows.append(Row(one, *numbers, host, is_open, may_note))
    return rows


addresses = [
    path("reuploads/", page, name="reuploads"),
    path("reuploads/<str:reupload_id>/seen", seen, name="reupload_seen"),
    path("removals/<str:candidate_id>/guard", guard, name="removal_guard"),
    path("removals/<str:candidate_id>/watch", search_again, name="removal_watch"),
]
