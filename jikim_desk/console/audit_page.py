"""The chain for auditors: what was done, by whom, about what; whether it is whole; and the signed export."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Role, User
from jikim_desk.accounts.rights import allow, confirmed
from jikim_desk.audit import chain, exporting, verifying
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.console import lists
from jikim_desk.console.lists import Column
from jikim_desk.console.visitor import visitor

COLUMNS = (
    Column("console.audit.number", "number", is_number=True),
    Column("console.audit.at"),
    Column("console.audit.who"),
    Column("console.audit.what"),
    Column("console.audit.about"),
)


@allow(Role.AUDITOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The newest entries first; filters stand in the address."""
    names = {chain.person_reference(user): user for user in User.objects.all()}
    asked = {name: request.GET.get(name, "").strip() for name in ("action", "person", "subject")}
    found = lists.page(request, _asked(asked, names), COLUMNS, "-number")
    shown = {
        "page": found,
        "rows": [_row(entry, names) for entry in found.rows],
        "asked": asked,
        "actions": [(action.value, f"audit.action.{action.value}") for action in Action],
        "people": sorted(names.values(), key=str),
    }
    return render(request, "console/audit.html", shown)


@allow(Role.AUDITOR, Role.ADMINISTRATOR)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Goes through the whole chain and says what was found."""
    verdict = verifying.verify()
    shown = {
        "verdict": verdict,
        "problems": [(remark.number, words.say(remark.key, **remark.params)) for remark in verdict.problems],
        "notes": [(remark.number, words.say(remark.key, **remark.params)) for remark in verdict.notes],
    }
    return render(request, "console/audit_verdict.html", shown)


@allow(Role.AUDITOR)
@require_POST
@confirmed
def export(request: HttpRequest) -> HttpResponse | FileResponse:
    """Hands over the chain, signed, and stamped where the authority answers; the name of the file says when it is not."""
    with tempfile.TemporaryDirectory(prefix="jikim-export-") as folder:
        done = exporting.export(Path(folder, "audit.zip"), actor=visitor(request))
        content = done.path.open("rb")  # stays readable when the folder is gone
    state = "" if done.stamped_at else "-not-yet-stamped"
    name = f"jikim-audit-{done.manifest.first}-{done.manifest.last}{state}.zip"
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")


def _asked(asked: dict[str, str], names: dict[str, User]) -> QuerySet[Entry]:
    entries = Entry.objects.all()
    if asked["action"]:
        entries = entries.filter(action=asked["action"])
    if asked["person"]:
        entries = entries.filter(actor__in=[ref for ref, user in names.items() if str(user.pk) == asked["person"]])
    if asked["subject"]:
        entries = entries.filter(subject=chain.subject_reference(asked["subject"]))
    return entries


def _row(entry: Entry, names: dict[str, User]) -> dict[str, Any]:
    kind, _, ref = entry.subject.partition(":")
    facts = msgspec.json.decode(entry.facts)
    action = f"audit.action.{entry.action}"
    return {
        "entry": entry,
        "at": timezone.localtime(datetime.fromisoformat(entry.at)),
        "who": names.get(entry.actor) or (entry.actor[:8] if entry.actor else ""),
        "action": words.say(action) if action in words.catalogue() else entry.action,
        "about": f"{kind} {ref[:8]}" if ref else "",
        "facts": [(name, _short(value)) for name, value in facts.items()],
    }


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_short(inner) for inner in value)
    text = str(value)
    return text[:12] + "…" if text.startswith("ref:") else text


addresses = [
    path("audit/", page, name="audit"),
    path("audit/verify/", verify, name="audit_verify"),
    path("audit/export/", export, name="audit_export"),
]
