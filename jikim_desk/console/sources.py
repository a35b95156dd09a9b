"""How every place answers: a silent place must never look as if there were nothing to find."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.config import jikim_config
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.figures import places


@allow(Role.REVIEWER, Role.COUNSELLOR, Role.LEAD, Role.ADMINISTRATOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The places that were asked lately, the worst first, and those set up but never asked."""
    found = places.health()
    asked = {one.place for one in found} | {one.place.partition("=")[0] for one in found}
    shown = {
        "places": [(one, told(one.error)) for one in found],
        "never": [name for name in sorted(jikim_config().sources) if name not in asked],
        "may_set_up": visitor(request).has_role(Role.LEAD, Role.ADMINISTRATOR),
    }
    return render(request, "console/sources.html", shown)


addresses = [path("sources/", page, name="sources")]
