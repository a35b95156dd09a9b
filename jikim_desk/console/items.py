"""The queue and the item page: words first, one decision, the next item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from jikim_desk import words
from jikim_desk.accounts.models import Role, User
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.cases import linking
from jikim_desk.console.visitor import visitor
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import access, care, danger, decisions, exposure, news, queue
from jikim_desk.review.faults import RestDue, ReviewRefused
from jikim_desk.review.masking import shown
from jikim_desk.review.models import Claim, Handover, Kind, News
from jikim_desk.review.reading import reading, strongest

LEVELS = ("urgent", "look", "none")
NUMBER_DIGITS = 8
"""How much of an id a person is shown as its number."""
CALM = timedelta(seconds=3)
KIND_KEYS = {kind: str(place) for place, kind in enumerate(Kind.values, 1)}
_SHOWN_TEXT = 1200

View = Callable[..., HttpResponse]


def calmly(view: View) -> View:
    """What the review refuses becomes a quiet page; a rest that is due becomes a rest."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RestDue as due:
            return _rest(request, due)
        except ReviewRefused as refused:
            shown_now = {"sentence": words.say(refused.key, **refused.params), "note": request.POST.get("note", "")}
            if request.headers.get("HX-Request"):
                return render(request, "console/parts/notice.html", {"kind": "warning", "text": shown_now["sentence"]})
            return render(request, "console/review/calm.html", shown_now, status=409)

    return answer


def _rest(request: HttpRequest, due: RestDue) -> HttpResponse:
    if due.key == "review.rest_due":
        queue.hand_on(visitor(request))
    else:
        queue.release(visitor(request))
    messages.info(request, words.say(due.key))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse("care"))
    return redirect("care")


@allow(*access.DECIDERS)
@require_GET
@never_cache
def queue_page(request: HttpRequest) -> HttpResponse:
    """What waits, best first; `level` shows one level alone."""
    user = visitor(request)
    level = request.GET.get("level")
    level = level if level in LEVELS else None
    held = queue.current(user)
    found = queue.waiting(user, limit=30, level=level)
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    shown_now = {
        "level": level,
        "levels": _levels(user),
        "low": queue.counts(user)["none"] if not found and level is None else 0,
        "rows": [(one, strongest(one.candidate, _lang())) for one in found],
        "held": held,
        "spared": care.spared(user, month),
        "care": exposure.state(user),
        "last": decisions.last_of(user),
    }
    return render(request, "console/review/queue.html", shown_now)


@allow(*access.DECIDERS)
@require_POST
@calmly
def take_next(request: HttpRequest) -> HttpResponse:
    """Takes the best item that waits."""
    return _to(request, queue.claim_next(visitor(request), level=_level(request)))


@allow(*access.DECIDERS)
@require_POST
@calmly
def take(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Takes this item."""
    return _to(request, queue.claim(visitor(request), candidate_id))


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
    shown_now = _item(user, candidate, held) | more
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
    return _to(request, queue.claim_next(user, level=_level(request)))


@allow(*access.DECIDERS)
@require_POST
@calmly
def undo(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Takes one's own last decision back, and the item into hand again."""
    user = visitor(request)
    decision = decisions.undo(user, decision_id)
    return _to(request, queue.claim(user, decision.candidate_id))


@allow(Role.LEAD)
@require_POST
@calmly
def reopen(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """A lead wants a decided item looked at once more."""
    news.reopen_as_lead(visitor(request), candidate_id)
    return redirect("item", candidate_id=candidate_id)


@allow(*access.DECIDERS)
@require_POST
@calmly
def swap(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Something else; nobody asks why. From a window left behind: back to what is in hand."""
    user = visitor(request)
    if queue.in_hand(user, access.seen_by(user, candidate_id)) is None:
        return _to(request, queue.claim_next(user))
    return _to(request, queue.swap(user, note=request.POST.get("note", "")[: decisions.NOTE_MAX]))


@allow(*access.DECIDERS)
@require_POST
@calmly
def lay_down(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Lays the item down for others, with a note, and goes back to the queue."""
    user = visitor(request)
    if queue.in_hand(user, access.seen_by(user, candidate_id)) is not None:
        queue.release(user, note=request.POST.get("note", "")[: decisions.NOTE_MAX])
    return redirect("queue")


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
    return redirect("item", candidate_id=candidate.pk)


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
    text = shown(candidate.text, has_names=has_names)
    last = decisions.last_of(user)
    may_decide = access.may_decide(user, candidate)
    is_lead = access.is_lead(user, candidate.team_id)
    return {
        "candidate": candidate,
        "number": candidate.pk[:NUMBER_DIGITS],
        "held": held,
        "holder": queue.holder(item) if held is None else None,
        "may_take": may_decide and held is None and candidate.state == CandidateState.WAITING,
        "standing": decisions.standing(candidate),
        "title": shown(candidate.title, has_names=has_names),
        "text": text[:_SHOWN_TEXT],
        "more_text": text[_SHOWN_TEXT:],
        "has_names": has_names,
        "has_covered": not has_names and _is_covering(candidate, analysis),
        "host": shown(urlsplit(candidate.url).hostname or "", has_names=True),
        "address": shown(candidate.url, has_names=True) if held is not None and held.has_shown_address else "",
        "reading": reading(analysis, _lang(), has_names=has_names),
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


def _is_covering(candidate: Candidate, analysis: Any) -> bool:
    """Whether anything on the page is covered that could be uncovered."""
    texts = [candidate.title, candidate.text]
    texts += [reason["text"][_lang()] for reason in ((analysis or {}).get("assessment") or {}).get("reasons") or ()]
    return any(shown(text) != shown(text, has_names=True) for text in texts)


def _uncover(request: HttpRequest, candidate_id: str, what: str, column: str) -> HttpResponse:
    user = visitor(request)
    candidate = access.seen_by(user, candidate_id)
    with transaction.atomic():
        held = queue.in_hand(user, candidate)
        if held is not None:
            Claim.objects.filter(person=user, item=held.item).update(**{column: True})
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{candidate.pk}", facts={"what": what})
    if held is not None:
        return redirect("item", candidate_id=candidate.pk)
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


def _level(request: HttpRequest) -> str | None:
    level = request.POST.get("level")
    return level if level in LEVELS else None


def _to(request: HttpRequest, claim: Claim | None) -> HttpResponse:
    if claim is None:
        messages.info(request, words.say("review.page.nothing_left"))
        return redirect("queue")
    return redirect("item", candidate_id=claim.candidate_id)


def _lang() -> str:
    return (get_language() or "ko")[:2]


addresses = [
    path("queue/", queue_page, name="queue"),
    path("queue/next", take_next, name="take_next"),
    path("items/<str:candidate_id>/", item_page, name="item"),
    path("items/<str:candidate_id>/take", take, name="take"),
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
