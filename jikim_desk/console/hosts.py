"""The host directory: how to reach who can take something down, and what became of earlier requests."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.console.removal import told
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import hosts, letters
from jikim_desk.notices.models import Host, HostKind

MOST = 500


@allow(*hosts.KEEPERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """All hosts of the directory, and the form for a new one; `host` fills in its name."""
    found = sorted(Host.objects.all()[:MOST], key=lambda host: host.name)
    shown = {"rows": found, "name": request.GET.get("host", "")[: hosts.NAME_MAX], **_choices()}
    return render(request, "console/removal/hosts.html", shown)


@allow(*hosts.KEEPERS)
@require_GET
def host(request: HttpRequest, host_id: str) -> HttpResponse:
    """One host."""
    found = hosts.host_for(visitor(request), host_id)
    shown = {"host": found, "history": hosts.history(found), "name": found.name, **_choices()}
    return render(request, "console/removal/host.html", shown)


@allow(*hosts.KEEPERS)
@require_POST
@told
def keep(request: HttpRequest) -> HttpResponse:
    """Puts a host into the directory or changes it."""
    sent = request.POST
    kept = hosts.keep(
        visitor(request),
        sent.get("name", ""),
        kind=sent.get("kind", ""),
        mailbox=sent.get("mailbox", ""),
        form=sent.get("form", "").strip(),
        lang=sent.get("lang", ""),
        law=sent.get("law", "").removeprefix("none"),
        is_hostile=sent.get("is_hostile") == "on",
        stands_behind={name: sent.get(name, "") for name in hosts.BEHIND},
    )
    messages.success(request, words.say("hosts.kept"))
    return redirect("host", host_id=kept.pk)


def _choices() -> dict[str, object]:
    return {
        "kinds": HostKind.values,
        "languages": letters.LANGUAGES,
        "laws": [law or "none" for law in hosts.LAWS],
        "behind": hosts.BEHIND,
    }


addresses = [
    path("hosts/", page, name="hosts"),
    path("hosts/keep", keep, name="host_keep"),
    path("hosts/<str:host_id>/", host, name="host"),
]
