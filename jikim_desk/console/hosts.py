"""The host directory: how to reach who can take something down, and what became of earlier requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.console.lists import Column
from jikim_desk.console.lists import page as page_of
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import hosts, letters
from jikim_desk.notices.lookups import errands, proposing
from jikim_desk.notices.models import Host, HostKind

COLUMNS = (
    Column("hosts.name"),
    Column("hosts.kind"),
    Column("hosts.mailbox"),
    Column("notice.lang"),
    Column("hosts.changed", "changed_at"),
)


@allow(*hosts.KEEPERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The directory, what was changed last first (names are sealed and cannot be sorted by), and the form for a new host.
    `find` opens the host of that name, `kind` shows one kind alone, `host` fills in the name of a new one."""
    name, kind = request.GET.get("find", "")[: hosts.NAME_MAX].strip(), request.GET.get("kind", "")
    if name and (known := hosts.named(name)) is not None:
        return redirect("host", host_id=known.pk)
    rows = Host.objects.filter(kind=kind) if kind in HostKind.values else Host.objects.all()
    found = page_of(request, rows, COLUMNS, "-changed_at")
    new = name or request.GET.get("host", "")[: hosts.NAME_MAX]
    shown = {"page": found, "rows": found.rows, "name": new, "not_known": name, "kind": kind, **_choices()}
    return render(request, "console/removal/hosts.html", shown)


@allow(*hosts.KEEPERS)
@require_GET
def host(request: HttpRequest, host_id: str) -> HttpResponse:
    """One host."""
    found = hosts.host_for(visitor(request), host_id)
    shown = {"host": found, "history": hosts.history(found), "name": found.name, **_choices(), **_looked_up(found)}
    return render(request, "console/removal/host.html", shown)


@allow(*hosts.KEEPERS)
@require_POST
def look_up(request: HttpRequest, host_id: str) -> HttpResponse:
    """Has a host looked up by a worker."""
    user = visitor(request)
    errands.ask(user, hosts.host_for(user, host_id))
    messages.success(request, words.say("lookups.asked"))
    return redirect("host", host_id=host_id)


@allow(*hosts.KEEPERS)
@require_POST
@told_at("host", "host_id")
def take(request: HttpRequest, host_id: str) -> HttpResponse:
    """Takes over the proposals that were chosen."""
    user = visitor(request)
    found = hosts.host_for(user, host_id)
    proposing.take(user, found, _looked_up(found)["proposals"], frozenset(request.POST.getlist("proposal")))
    messages.success(request, words.say("lookups.taken"))
    return redirect("host", host_id=host_id)


@allow(*hosts.KEEPERS)
@require_POST
@told_at("hosts")
def keep(request: HttpRequest) -> HttpResponse:
    """Puts a host into the directory or changes it; one that nobody can be reached at is looked up. The form for a new one
    changes none that is known already: its page is shown instead."""
    user, sent = visitor(request), request.POST
    known = hosts.named(sent.get("name", ""))
    if known is not None and "changes" not in sent:
        messages.error(request, words.say("hosts.known_already"))
        return redirect("host", host_id=known.pk)
    kept = hosts.keep(
        user,
        sent.get("name", ""),
        kind=sent.get("kind", ""),
        mailbox=sent.get("mailbox", ""),
        form=sent.get("form", "").strip(),
        lang=sent.get("lang", ""),
        law=sent.get("law", "").removeprefix("none"),
        is_hostile=sent.get("is_hostile") == "on",
        stands_behind={name: sent.get(name, "") for name in hosts.BEHIND},
    )
    if not (kept.mailbox or kept.form) and errands.latest(kept) is None:
        errands.ask(user, kept)
    messages.success(request, words.say("hosts.kept"))
    return redirect("host", host_id=kept.pk)


def _looked_up(host: Host) -> dict[str, Any]:
    """The last look-up of a host: what each way answered, and what that proposes."""
    last = errands.latest(host)
    answers = (last.answers or {}) if last else {}
    ways = [(name, answers[name], _plainly(answers[name])) for name in errands.WAYS if name in answers]
    offered = proposing.proposals(host, answers, errands.headers(host), timezone.now()) if last else []
    return {"lookup": last, "ways": ways, "proposals": offered}


def _plainly(answer: Mapping[str, Any]) -> str:
    """What one way answered, in a few words."""
    if answer["state"] != errands.FOUND:
        return words.say(answer["key"], **answer.get("params", {})) if answer.get("key") else ""
    if "registrar" in answer:
        return words.say("lookups.registrar_is", name=answer["registrar"] or "-")
    if "handle" in answer:
        name = answer["organisation"] or answer["name"] or answer["handle"]
        return words.say("lookups.network_is", ip=answer["ip"], name=name, country=answer["country"] or "-")
    return ", ".join([*answer["mailboxes"], *answer["forms"]])


def _choices() -> dict[str, object]:
    return {
        "kinds": HostKind.values,
        "languages": letters.every_language(),
        "laws": [law or "none" for law in hosts.LAWS],
        "behind": hosts.BEHIND,
    }


addresses = [
    path("hosts/", page, name="hosts"),
    path("hosts/keep", keep, name="host_keep"),
    path("hosts/<str:host_id>/", host, name="host"),
    path("hosts/<str:host_id>/lookup", look_up, name="host_lookup"),
    path("hosts/<str:host_id>/take", take, name="host_take"),
]
