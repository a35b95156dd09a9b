"""The filmstrip, alone or beside known material: blurred sketches on request; one frame clear while a key is held, by script
alone."""

from __future__ import annotations

import math

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.console.calm import calmly
from jikim_desk.console.items import item_answer
from jikim_desk.console.queue import Narrowing
from jikim_desk.console.visitor import visitor
from jikim_desk.review import access, comparing, exposure, frames
from jikim_desk.review.comparing import Comparison
from jikim_desk.review.faults import ReviewRefused
from jikim_desk.review.frames import Strip

HELD = "X-Held"
"""The header only our script can set: a form or an address typed in never gets a picture."""


@allow(*access.DECIDERS)
@require_POST
@never_cache
@calmly
def strip(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Opens the strip: a part of the page for script, the whole page without."""
    return _pictures(request, candidate_id, "strip", frames.open_strip(visitor(request), candidate_id))


@allow(*access.DECIDERS)
@require_POST
@never_cache
@calmly
def compare(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """Lays the item beside known material, where the strip stands."""
    number = request.POST.get("known", "")
    if not number.isdecimal() or len(number) > 2:
        raise Http404
    return _pictures(
        request, candidate_id, "comparison", comparing.open_comparison(visitor(request), candidate_id, int(number))
    )


@allow(*access.DECIDERS)
@require_POST
@never_cache
def lift(request: HttpRequest, candidate_id: str) -> HttpResponse:
    """One frame as grey values, no picture file: `X-Size` is WIDTHxHEIGHT, `X-Lift` its id."""
    if request.headers.get(HELD) != "1" or request.headers.get("Sec-Fetch-Dest", "empty") != "empty":
        return JsonResponse({"sentence": words.say("review.page.lift_by_key")}, status=400)
    try:
        at_s = _seconds(request.POST.get("at_s"))
        clear = frames.lift(
            visitor(request), candidate_id, request.POST.get("capture", ""), at_s, request.POST.get("reason", "")
        )
    except ReviewRefused as refused:
        return JsonResponse({"sentence": words.say(refused.key, **refused.params)}, status=409)
    except JikimError as error:
        return JsonResponse({"sentence": words.say(frames.problem_key(error))}, status=503)
    answer = HttpResponse(clear.grey, content_type="application/octet-stream")
    answer["X-Size"] = f"{clear.width}x{clear.height}"
    answer["X-Lift"] = clear.lift.pk
    answer["Content-Disposition"] = "attachment"
    return answer


@allow(*access.DECIDERS)
@require_POST
def fell_back(request: HttpRequest, lift_id: str) -> HttpResponse:
    """The frame is blurred again."""
    frames.fell_back(visitor(request), lift_id, _seconds(request.POST.get("seconds")) or 0.0)
    return HttpResponse(status=204)


def _pictures(request: HttpRequest, candidate_id: str, name: str, opened: Strip | Comparison) -> HttpResponse:
    shown = {name: opened, "lift_reasons": list(enumerate(frames.REASONS, 1)), "longest_lift_s": exposure.LONGEST_LIFT_S}
    if not request.headers.get("HX-Request"):
        return item_answer(request, candidate_id, **shown)
    template = "console/review/strip.html" if name == "strip" else "console/review/compare.html"
    return render(request, template, shown | {"candidate": {"pk": candidate_id}, "narrowed": Narrowing.asked(request)})


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


addresses = [
    path("items/<str:candidate_id>/strip", strip, name="strip"),
    path("items/<str:candidate_id>/compare", compare, name="compare"),
    path("items/<str:candidate_id>/lift", lift, name="lift"),
    path("lifts/<str:lift_id>/back", fell_back, name="fell_back"),
]
