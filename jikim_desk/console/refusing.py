"""What no browser sends is refused before any view sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from jikim_desk.accounts.tokens import API
from jikim_desk.console import trouble


class NoNulMiddleware:
    """A NUL in an address or a form is no text: PostgreSQL refuses it where SQLite would keep it. Answered 400 on both."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        has_nul = "\0" in request.path_info or _has_nul(request.GET) or _is_in_body(request)
        return trouble.bad_request(request) if has_nul else None


def _is_in_body(request: HttpRequest) -> bool:
    """In a form, or in the JSON of the API, whose body is left to be read once more."""
    if request.path_info.startswith(API):
        return request.content_type == "application/json" and b"\\u0000" in request.body
    return _has_nul(request.POST)


def _has_nul(fields: QueryDict) -> bool:
    return any("\0" in name or any("\0" in value for value in values) for name, values in fields.lists())
