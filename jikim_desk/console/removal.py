"""Removal: what is being removed, and one find's page with its clocks, evidence, notices and rechecks."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import flows, words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.console import reuploads
from jikim_desk.console.lists import Column
from jikim_desk.console.lists import page as page_of
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting, evidence, hosts, leaving, letters, rechecking, visible
from jikim_desk.notices.faults import NotAllowed
from jikim_desk.notices.models import NoticeKind, Removal, RemovalState
from jikim_desk.notices.reports import composing, files, police
from jikim_desk.records import intake
from jikim_desk.review import access

NUMBER_DIGITS = 8
COLUMNS = (
    Column("removal.column.find"),
    Column("removal.column.host"),
    Column("removal.column.state"),
    Column("removal.column.begun", "begun_at"),
    Column("removal.column.notified"),
    Column("removal.column.next"),
)
_VISITS_SHOWN = 40


@allow(*access.READERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is being removed; `state` shows one state alone."""
    user, state = visitor(request), request.GET.get("state", "")
    seen = visible.removals(user).select_related("candidate")
    if state in RemovalState.values:
        seen = seen.filter(state=state)
    found = page_of(request, seen, COLUMNS, "-begun_at")
    rows = [(one, urlsplit(one.candidate.url).hostname or "", one.candidate_id[:NUMBER_DIGITS]) for one in found.rows]
    shown = {"page": found, "rows": rows, "state": state, "states": RemovalState.values}
    return render(request, "console/removal/list.html", shown)


@allow(*access.READERS)
@require_GET
@never_cache
def removal(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """One find: four clocks, what was sent, what was seen. Seeing it is on record."""
    user = visitor(request)
    found = drafting.removal_for(user, candidate_id)
    with transaction.atomic():
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{found.pk}", facts={"what": "removal"})
    try:
        leaving.check(found, NoticeKind.MAIL)
        obstacle = ""
    except NotAllowed as refused:
        obstacle = words.say(refused.key, **refused.params)
    may_act = access.may_decide(user, found.candidate)
    shown = {
        "removal": found,
        "number": found.pk[:NUMBER_DIGITS],
        "host_name": urlsplit(found.candidate.url).hostname or "",
        "host": hosts.of(found.candidate),
        "packs": found.packs.order_by("-made_at"),
        "notices": found.notices.select_related("host").order_by("-drafted_at"),
        "visits": [(one, _sign(one.sign)) for one in found.rechecks.order_by("-at")[:_VISITS_SHOWN]],
        "next_visit": found.next_recheck_at,
        "moved_to": urlsplit(rechecking.moved_to(found)).hostname or "",
        "obstacle": obstacle,
        "may_act": may_act,
        "is_lead": access.is_lead(user, found.team_id),
        "mandates": found.mandates.filter(ended_at=None),
        "kinds": [kind for kind in NoticeKind.values if kind != NoticeKind.WITHDRAWAL],
        "languages": letters.every_language(),
        "paper_max": drafting.PAPER_MAX,
        "clocks": _clocks(found),
        "reference_max": police.REFERENCE_MAX,
        "report_languages": composing.LANGUAGES,
        "report_formats": list(files.KINDS),
        **reuploads.shown_on(user, found),
    }
    return render(request, "console/removal/find.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("removal", "candidate_id")
def draft(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Composes a notice; it is read before anything leaves."""
    user, sent = visitor(request), request.POST
    found = drafting.removal_for(user, candidate_id)
    host = hosts.named(sent.get("host", "")) or hosts.of(found.candidate)
    lang = sent.get("lang", "")
    made = drafting.draft(found, sent.get("kind", ""), by=user, lang=lang, host=host)
    return redirect("notice", notice_id=made.pk)


@allow(*access.DECIDERS)
@require_POST
def look_again(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Has the find visited as soon as a worker is free."""
    user = visitor(request)
    rechecking.ask(user, drafting.removal_for(user, candidate_id))
    messages.success(request, words.say("removal.asked"))
    return redirect("removal", candidate_id=candidate_id)


@allow(*access.DECIDERS)
@require_POST
def follow(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Takes the address a find moved to as reported, in the same team and case: it is fetched by the rules of any other."""
    user = visitor(request)
    find = drafting.removal_for(user, candidate_id)
    address = rechecking.moved_to(find)
    if not address or not access.may_decide(user, find.candidate):
        raise Http404
    with transaction.atomic():
        sweep, lines = intake.report_addresses(user, [address], team=find.team, case=find.candidate.case)
        flows.tell_reported(lines)
        if sweep is not None:
            flows.enqueue(sweep)
    if sweep is not None:
        return redirect("sweep", sweep.pk)
    is_known = lines[0].said is intake.Said.KNOWN
    messages.info(request, words.say("removal.moved.known" if is_known else "removal.moved.not_taken"))
    return redirect("removal", candidate_id=candidate_id)


@allow(*access.DECIDERS)
@require_POST
def pack_again(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Puts another evidence pack together, as things stand now."""
    user = visitor(request)
    found = drafting.removal_for(user, candidate_id)
    evidence.may_pack(user, found)
    evidence.complete(found, by=user)
    return redirect("removal", candidate_id=candidate_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("removal", "candidate_id")
def mandate(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Puts on record that an adult, or the prosecution for them, asked, or took it back (`end`)."""
    user, sent = visitor(request), request.POST
    found = drafting.removal_for(user, candidate_id)
    if sent.get("end"):
        drafting.end_mandate(user, found, sent["end"])
        return redirect("removal", candidate_id=candidate_id)
    drafting.record_mandate(
        user,
        found,
        asked_by=sent.get("asked_by", ""),
        paper=sent.get("paper", ""),
        is_warned_dmca=sent.get("is_warned_dmca") == "on",
    )
    return redirect("removal", candidate_id=candidate_id)


@allow(Role.LEAD)
@require_POST
@told_at("removal", "candidate_id")
def hold(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Holds notices for an investigation, or lets them go on."""
    user, sent = visitor(request), request.POST
    found = drafting.removal_for(user, candidate_id)
    try:
        until = date.fromisoformat(sent.get("until", "")) if sent.get("until") else None
    except ValueError:
        until = found.held_until
    drafting.hold(user, found, until=until, reason=sent.get("reason", ""))
    return redirect("removal", candidate_id=candidate_id)


def _clocks(removal: Removal) -> list[tuple[str, datetime | None, float | None]]:
    """The four clocks: their words, when each struck, and the seconds since the one before it."""
    moments = {
        "removal.clock.found": removal.candidate.found_at,
        "removal.clock.reviewed": removal.reviewed_at,
        "removal.clock.notified": removal.notified_at,
        "removal.clock.gone": removal.gone_at,
    }
    before = [None, *moments.values()]
    return [
        (key, moment, max((moment - earlier).total_seconds(), 0.0) if moment and earlier else None)
        for (key, moment), earlier in zip(moments.items(), before, strict=False)
    ]


def _sign(sign: str) -> str:
    """By what it was told, in words."""
    if sign.startswith("status_"):
        return words.say("removal.sign.status", status=sign.removeprefix("status_"))
    key = f"removal.sign.{sign}"
    return words.say(key if key in words.catalogue() else "removal.sign.other")


addresses = [
    path("removals/", page, name="removals"),
    path("removals/<str:candidate_id>/", removal, name="removal"),
    path("removals/<str:candidate_id>/draft", draft, name="removal_draft"),
    path("removals/<str:candidate_id>/look", look_again, name="removal_look"),
    path("removals/<str:candidate_id>/follow", follow, name="removal_follow"),
    path("removals/<str:candidate_id>/pack", pack_again, name="removal_pack"),
    path("removals/<str:candidate_id>/mandate", mandate, name="removal_mandate"),
    path("removals/<str:candidate_id>/hold", hold, name="removal_hold"),
]
