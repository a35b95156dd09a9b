"""The item page: words first, one decision, the next item."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk.accounts.models import Role, User
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases import linking
from jikim_desk.console import reuploads
from jikim_desk.console.calm import calmly, note_of
from jikim_desk.console.queue import Narrowing, next_item, to_item
from jikim_desk.console.visitor import visitor
from jikim_desk.notices.reuploads import noticing
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import access, danger, decisions, exposure, news, queue
from jikim_desk.review.masking import shown
from jikim_desk.review.models import Claim, Handover, Kind, News
from jikim_desk.review.reading import names_of, reading

NUMBER_DIGITS = 8
"""How much of an id a person is shown as its number."""
CALM = timedelta(seconds=3)
KIND_KEYS = {kind: str(place) for place, kind in enumerate(Kind.values, 1)}
_SHOWN_TEXT = 1200


@allow(*access.READERS)
@require_GET
@never_cache
@calmly
def item_page(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """The words of one item, and the decision for whoever has it in hand; not while they rest."""
    return item_answer(request, candidate_id)


def item_answer(request: HttpRequest, candidate_id: str, **more: Any) -> HttpResponse:
    """The item page, with what was asked for besides."""
    user = visitor(request)
    candidate = access.seen_by(user, candidate_id)
    held = queue.in_hand(user, candidate)
    if held is not None:
        exposure.touch(user)
        queue.renew(user)
    elif access.may_decide(user, candidate):
        queue.require_time(user)
    shown_now = _item(user, candidate, held) | {"narrowed": Narrowing.asked(request)} | more
    with transaction.atomic():
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{candidate.pk}", facts={"what": "words"})
    return render(request, "console/review/item.html", shown_now)


@allow(*access.DECIDERS)
@require_POST
@calmly
def decide(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Puts the decision on record and goes to the next item."""
    user, sent = visitor(request), request.POST
    kind = sent.get("kind", "")
    decisions.decide(
        user,
        candidate_id,
        kind,
        category=sent.get(f"category_{kind}", ""),
        note=sent.get("note", ""),
        form_id=sent.get("form_id", ""),
    )
    return next_item(request)


@allow(*access.DECIDERS)
@require_POST
@calmly
def undo(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Takes one's own last decision back, and the item into hand again."""
    user = visitor(request)
    decision = decisions.undo(user, decision_id)
    return to_item(request, queue.claim(user, decision.candidate_id))


@allow(Role.LEAD)
@require_POST
@calmly
def reopen(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """A lead wants a decided item looked at once more."""
    news.reopen_as_lead(visitor(request), candidate_id)
    return _back_to(request, candidate_id)


@allow(*access.DECIDERS)
@require_POST
@calmly
def swap(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Something else; nobody asks why. From a window left behind: back to what is in hand."""
    user = visitor(request)
    if queue.in_hand(user, access.seen_by(user, candidate_id)) is None:
        return next_item(request)
    narrowed = Narrowing.asked(request)
    return to_item(request, queue.swap(user, note=note_of(request), level=narrowed.level, team=narrowed.team))


@allow(*access.DECIDERS)
@require_POST
@calmly
def lay_down(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Lays the item down for others, with a note, and goes back to the queue."""
    user = visitor(request)
    if queue.in_hand(user, access.seen_by(user, candidate_id)) is not None:
        queue.release(user, note=note_of(request))
    return redirect(reverse("queue") + Narrowing.asked(request).query)


@allow(*access.READERS)
@require_POST
@calmly
def show_names(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Uncovers the names in the words, with a record."""
    return _uncover(request, candidate_id, "names", "has_shown_names")


@allow(*access.READERS)
@require_POST
@calmly
def show_address(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Shows the address, with a record."""
    return _uncover(request, candidate_id, "address", "has_shown_address")


@allow(*access.DECIDERS)
@require_POST
@calmly
def link_case(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Links the item to a case, or takes the link away; a decided item may wait again by that."""
    user = visitor(request)
    candidate = access.seen_by(user, candidate_id)
    if not access.may_decide(user, candidate):
        raise PermissionDenied
    with transaction.atomic():
        case = linking.link(user, candidate, request.POST.get("case", ""))
        if case is not None:
            news.came(candidate.pk, News.CASE)
    return _back_to(request, candidate.pk)


@allow(*access.DECIDERS)
@require_POST
@calmly
def in_danger(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Somebody seems to be in danger now: the sheet for the police."""
    sheet = danger.prepare(visitor(request), candidate_id, request.POST.get("form_id", "")[:64] or uuid4().hex)
    return redirect("danger_sheet", sheet_id=sheet.pk)


@allow(*access.READERS)
@require_GET
@never_cache
def danger_sheet(request: HttpRequest, sheet_id: str) -> HttpResponse:
    """The sheet, to be printed or read out."""
    sheet = danger.sheet_for(visitor(request), sheet_id)
    lang = _lang()
    content = sheet.content
    shown_now = {"sheet": sheet, "content": content, "reasons": [reason[lang] for reason in content["reasons"]]}
    return render(request, "console/review/danger.html", shown_now)


@allow(*access.DECIDERS)
@require_POST
def here(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Somebody is still at this item: keeps it in hand and counts the time. Called by script once a minute."""
    user = visitor(request)
    is_held = queue.in_hand(user, access.seen_by(user, candidate_id)) is not None and queue.renew(user)
    if is_held:
        exposure.touch(user)
    how = exposure.state(user)
    return JsonResponse({"is_held": is_held, "may_work": how.may_work, "left_s": how.left_s})


def _item(user: User, candidate: Candidate, held: Claim | None) -> dict[str, Any]:
    has_names = held is not None and held.has_shown_names
    analysis = candidate.analysis
    item = queue.item_of(candidate)
    names = names_of(candidate, analysis)
    text = shown(candidate.text, has_names=has_names, also=names)
    last = decisions.last_of(user)
    may_decide = access.may_decide(user, candidate)
    is_lead = access.is_lead(user, candidate.team_id)
    return {
        "candidate": candidate,
        "number": candidate.pk[:NUMBER_DIGITS],
        "held": held,
        "holder": queue.holder(item) if held is None else None,
        "may_take": may_decide and held is None and candidate.state == CandidateState.WAITING,
        "is_looking": candidate.state == CandidateState.LOOKING,
        "standing": decisions.standing(candidate),
        "title": shown(candidate.title, has_names=has_names, also=names),
        "text": text[:_SHOWN_TEXT],
        "more_text": text[_SHOWN_TEXT:],
        "has_names": has_names,
        "has_covered": not has_names and _is_covering(candidate, analysis, names),
        "host": shown(urlsplit(candidate.url).hostname or "", has_names=True),
        "address": shown(candidate.url, has_names=True) if held is not None and held.has_shown_address else "",
        "reading": reading(analysis, _lang(), has_names=has_names, also=names),
        "reuploads": reuploads.shown_on_item(user, noticing.of_candidate(user, candidate)),
        "copies": queue.members(user, candidate).count(),
        "notes": [(note.at, shown(note.note, has_names=True)) for note in _notes(item)],
        "sheets": list(candidate.danger_sheets.order_by("-made_at")[:3]),
        "may_reopen": is_lead and candidate.state == CandidateState.DECIDED,
        "reopened": news.why_open(item),
        "contested": decisions.open_words(item) if is_lead and queue.only_lead_decides(item) else [],
        "questions": [
            (word.decided_at, shown(word.note, has_names=True))
            for word in decisions.open_words(item)
            if word.kind == Kind.SECOND_REVIEW and word.person_id != user.pk
        ],
        "kinds": [(KIND_KEYS[kind], kind, decisions.categories(kind)) for kind in Kind.values],
        "form_id": uuid4().hex,
        "danger_form_id": uuid4().hex,
        "cases": linking.open_cases(user, candidate.team) if may_decide else [],
        "may_decide": may_decide,
        "levels": _levels(user) if may_decide else [],
        "care": exposure.state(user),
        "last": last,
        "is_calm": last is not None and timezone.now() - last.decided_at < CALM,
    }


def _is_covering(candidate: Candidate, analysis: Any, names: frozenset[str]) -> bool:
    """Whether anything on the page is covered that could be uncovered."""
    texts = [candidate.title, candidate.text]
    texts += [reason["text"][_lang()] for reason in ((analysis or {}).get("assessment") or {}).get("reasons") or ()]
    return any(shown(text, also=names) != shown(text, has_names=True) for text in texts)


def _uncover(request: HttpRequest, candidate_id: str, what: str, column: str) -> HttpResponse:
    user = visitor(request)
    candidate = access.seen_by(user, candidate_id)
    with transaction.atomic():
        held = queue.in_hand(user, candidate)
        if held is not None:
            Claim.objects.filter(person=user, item=held.item).update(**{column: True})
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{candidate.pk}", facts={"what": what})
    if held is not None:
        return _back_to(request, candidate.pk)
    uncovered: dict[str, dict[str, Any]] = {
        "names": {
            "has_names": True,
            "has_covered": False,
            "title": shown(candidate.title, has_names=True),
            "text": shown(candidate.text, has_names=True),
            "more_text": "",
            "reading": reading(candidate.analysis, _lang(), has_names=True),
        },
        "address": {"address": shown(candidate.url, has_names=True)},
    }
    return item_answer(request, candidate_id, **uncovered[what])


def _notes(item: str) -> list[Handover]:
    return list(Handover.objects.filter(item=item).order_by("-at")[:5])


def _levels(user: User) -> list[tuple[str, int, bool]]:
    found = queue.counts(user)
    return [(level, count, count >= queue.COUNTED_MAX) for level, count in found.items()]


def _back_to(request: HttpRequest, candidate_id: str) -> HttpResponse:
    return redirect(reverse("item", args=[candidate_id]) + Narrowing.asked(request).query)


def _lang() -> str:
    return (get_language() or "ko")[:2]


addresses = [
    path("items/<str:candidate_id>/", item_page, name="item"),
    path("items/<str:candidate_id>/decide", decide, name="decide"),
    path("items/<str:candidate_id>/reopen", reopen, name="reopen"),
    path("items/<str:candidate_id>/swap", swap, name="swap"),
    path("items/<str:candidate_id>/lay-down", lay_down, name="lay_down"),
    path("items/<str:candidate_id>/names", show_names, name="show_names"),
    path("items/<str:candidate_id>/address", show_address, name="show_address"),
    path("items/<str:candidate_id>/case", link_case, name="link_case"),
    path("items/<str:candidate_id>/danger", in_danger, name="in_danger"),
    path("items/<str:candidate_id>/here", here, name="here"),
    path("decisions/<str:decision_id>/undo", undo, name="undo"),
    path("danger-sheets/<str:sheet_id>/", danger_sheet, name="danger_sheet"),
]
