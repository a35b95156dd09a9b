"""What the review refuses becomes a quiet page that keeps what somebody wrote; a rest that is due becomes a rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from jikim_desk import words
from jikim_desk.console.visitor import visitor
from jikim_desk.review import decisions, queue
from jikim_desk.review.faults import RestDue, ReviewRefused

View = Callable[..., HttpResponse]


def calmly(view: View) -> View:
    """Answers with a sentence and the next step where the review refuses."""

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


def note_of(request: HttpRequest) -> str:
    """The note that was sent along to whoever takes the item over."""
    return request.POST.get("note", "")[: decisions.NOTE_MAX]


def _rest(request: HttpRequest, due: RestDue) -> HttpResponse:
    if due.key == "review.rest_due":
        queue.hand_on(visitor(request), note=note_of(request))
    else:
        queue.release(visitor(request), note=note_of(request))
    messages.info(request, words.say(due.key))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse("care"))
    return redirect("care")
