"""How every place answers: a silent place must never look as if there were nothing to find."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jikim.commands.listing import forget_fields
from jikim.commands.places import canary_of, set_up
from jikim.errors import BadUse, JikimError
from jikim.sources.health import todo_of
from jikim.types import SourceState
from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import jikim_config
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.figures import places
from jikim_desk.figures.places import PlaceHealth


@dataclass(frozen=True, slots=True)
class Shown:
    """A place with the words for how it answered: what is wrong, the field that moved, what to do, and its canary."""

    health: PlaceHealth
    error: str
    todo: str
    canary: str
    may_be_accepted: bool


@allow(Role.REVIEWER, Role.COUNSELLOR, Role.LEAD, Role.ADMINISTRATOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The places that were asked lately, the worst first, and those set up but never asked."""
    found = places.health()
    asked = {one.place for one in found} | {one.place.partition("=")[0] for one in found}
    may_set_up = visitor(request).has_role(Role.LEAD, Role.ADMINISTRATOR)
    shown = {
        "places": [_shown(one) for one in found],
        "never": [name for name in sorted(set_up(jikim_config())) if name not in asked],
        "may_set_up": may_set_up,
    }
    return render(request, "console/sources.html", shown)


@allow(Role.LEAD, Role.ADMINISTRATOR)
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Takes the way a place answers now for the usual one."""
    place = request.POST.get("place", "")
    try:
        forget_fields(jikim_config(), place)
        kind = place.partition("=")[0]
        chain.record(Action.SETTING, actor=visitor(request), subject=f"source:{kind}", facts={"what": "change_accepted"})
        messages.success(request, words.say("console.sources.accepted", place=place))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("sources")


def _shown(one: PlaceHealth) -> Shown:
    canary = ""
    with suppress(BadUse):  # a recipe that is gone or cannot be read has none
        canary = canary_of(jikim_config(), one.place)
    todo = todo_of(one.state)
    return Shown(
        one,
        told(one.error, field=one.field, canary=canary),
        told(todo) if todo else "",
        canary,
        one.state == SourceState.CHANGED and bool(one.field),
    )


addresses = [
    path("sources/", page, name="sources"),
    path("sources/accept/", accept, name="source_accept"),
]
