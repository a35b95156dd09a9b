"""What removal refuses, said on the page one came from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from jikim_desk import words
from jikim_desk.notices.faults import NoticeRefused

View = Callable[..., HttpResponse]


def told_at(name: str, *keys: str) -> Callable[[View], View]:
    """What a view refuses is said on the page `name`, which takes `keys` of what the view takes: nothing was done."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, **kwargs)
            except NoticeRefused as refused:
                messages.error(request, words.say(refused.key, **refused.params))
                back: HttpResponse = redirect(name, **{key: kwargs[key] for key in keys})
                return back

        return answer

    return wrap
