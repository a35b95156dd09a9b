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
    people = {chain.subject_reference(f"person:{user.pk}"): user for user in names.values()}
    asked = {name: request.GET.get(name, "").strip() for name in ("action", "person", "subject")}
    found = lists.page(request, _asked(asked, names), COLUMNS, "-number")
    shown = {
        "page": found,
        "rows": [_row(entry, names, people) for entry in found.rows],
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


def _row(entry: Entry, names: dict[str, User], people: dict[str, User]) -> dict[str, Any]:
    kind, _, ref = entry.subject.partition(":")
    facts = msgspec.json.decode(entry.facts)
    return {
        "entry": entry,
        "at": timezone.localtime(datetime.fromisoformat(entry.at)),
        "who": names.get(entry.actor) or (entry.actor[:8] if entry.actor else ""),
        "action": _words(f"audit.action.{entry.action}") or entry.action,
        "about": _about(kind, entry.subject, people),
        "ref": ref[:8],
        "facts": [_fact(name, value) for name, value in facts.items() if value not in (None, "", [], False)],
    }


def _about(kind: str, subject: str, people: dict[str, User]) -> str:
    """The kind of subject; a person by name, as far as they are still known."""
    if subject in people:
        return str(people[subject])
    return _words(f"audit.subject.{kind}") or kind


def _fact(name: str, value: object) -> str:
    """A fact in words: what speaks for itself alone, other values after their name."""
    values = value if isinstance(value, list) else [value]
    said = [_word(name, one) for one in values]
    if all(said):
        return ", ".join(said)
    if value is True:
        return _words(f"audit.fact.{name}") or name
    return f"{_words(f'audit.fact.{name}') or name} {_short(value)}"


def _word(name: str, value: object) -> str:
    """The word for a value that needs no name before it, "" for others."""
    match name:
        case "what" | "kind" | "method" | "reason":
            return _words(f"audit.word.{value}")
        case "role":
            return _words(f"accounts.role.{value}")
        case "right":
            return _words(f"accounts.token_right.{value}")
        case "decision":
            return _words(f"review.kind.{value}")
    return ""


def _words(key: str) -> str:
    return words.say(key) if key in words.catalogue() else ""


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
