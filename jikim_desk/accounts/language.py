"""The desk speaks to each person in the language they chose, else in that of their browser."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation


class LanguageMiddleware:
    """After LocaleMiddleware, which reads the browser's wish, and after the person is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.user.lang:
            translation.activate(request.user.lang)
            request.LANGUAGE_CODE = translation.get_language() or request.user.lang
        return self._get_response(request)
