"""Concepts taught from a few pictures of a garment or an object: taught, tried and forgotten by a lead."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jikim import teaching
from jikim.analyzers import concept_store
from jikim.analyzers.concept_learning import FEWEST, MOST
from jikim.errors import JikimError
from jikim.teaching import Picture, Tested
from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import jikim_config
from jikim_desk.console.sealed_uploads import FILE_BYTES_MAX, kept
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk

SHOWN_FROM = 0.5
TESTED_MAX = 20
_TEACHING = threading.Lock()
"""One after the other: it costs a core for seconds."""


@allow(Role.LEAD)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The concepts in force, how well each is told, and how to teach one."""
    return _page(request)


@allow(Role.LEAD)
@require_POST
def teach(request: HttpRequest) -> HttpResponse:
    """Teaches a concept from the pictures sent, which are let go afterwards."""
    name = request.POST.get("name", "")
    try:
        shown, others = _pictures(request, "pictures"), _pictures(request, "others")
        with _one_at_a_time():
            concept = teaching.teach(jikim_config(), name, shown, others)
    except JikimError as error:
        return _page(request, problem=words.say(error.key, **error.params), name=name)
    facts = {"what": "concept_taught", "pictures": concept.pictures, "version": concept.version}
    chain.record(Action.SETTING, actor=visitor(request), subject=f"concept:{concept.name}", facts=facts)
    auc = f"{concept.auc:.2f}"
    messages.success(request, words.say("console.concepts.taught", name=concept.name, pictures=concept.pictures, auc=auc))
    return redirect("concepts")


@allow(Role.LEAD)
@require_POST
def try_out(request: HttpRequest) -> HttpResponse:
    """Says of each file sent how surely it shows a concept. Nothing is displayed of it, and nothing kept."""
    try:
        files = _pictures(request, "files")[:TESTED_MAX]
        with _one_at_a_time():
            tried = list(teaching.tested(jikim_config(), request.POST.get("concept", ""), files))
    except JikimError as error:
        return _page(request, problem=words.say(error.key, **error.params))
    return _page(request, tried=[_told(one) for one in tried])


@allow(Role.LEAD)
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Removes a concept with all its versions."""
    name = request.POST.get("concept", "")
    try:
        if "sure" not in request.POST:
            raise BadAsk("console.concepts.not_sure")
        count = concept_store.forget(teaching.concepts_folder(jikim_config()), name)
    except JikimError as error:
        return _page(request, problem=words.say(error.key, **error.params))
    facts = {"what": "concept_forgotten", "versions": count}
    chain.record(Action.SETTING, actor=visitor(request), subject=f"concept:{name}", facts=facts)
    messages.success(request, words.say("console.concepts.forgotten", name=name))
    return redirect("concepts")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _TEACHING.acquire(blocking=False):
        raise BadAsk("console.concepts.busy")
    try:
        yield
    finally:
        _TEACHING.release()


def _pictures(request: HttpRequest, field: str) -> list[Picture]:
    files = kept(request, field)
    if any(file.is_too_large for file in files):
        raise BadAsk("console.concepts.too_large", limit_mb=FILE_BYTES_MAX // 2**20)
    return [file.picture for file in files]


def _told(tested: Tested) -> dict[str, Any]:
    return {
        "name": tested.name,
        "score": "" if tested.score is None else f"{tested.score:.2f}",
        "is_shown": (tested.score or 0.0) >= SHOWN_FROM,
        "error": words.say(tested.error.key, **tested.error.params) if tested.error else "",
    }


def _page(request: HttpRequest, *, problem: str = "", name: str = "", tried: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    try:
        concepts = concept_store.concepts(teaching.concepts_folder(jikim_config()))
    except JikimError as error:
        concepts, problem = [], words.say(error.key, **error.params)
    shown = {"concepts": concepts, "problem": problem, "name": name, "tried": tried, "fewest": FEWEST, "most": MOST}
    return render(request, "console/concepts.html", shown, status=400 if problem else 200)


addresses = [
    path("concepts/", page, name="concepts"),
    path("concepts/teach/", teach, name="concept_teach"),
    path("concepts/test/", try_out, name="concept_test"),
    path("concepts/forget/", forget, name="concept_forget"),
]
