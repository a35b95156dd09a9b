"""What is refused before any view sees it: what no browser sends, and what somebody sends who is not signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from jikim_desk.accounts.tokens import API
from jikim_desk.console import trouble


class SignInMiddleware(LoginRequiredMiddleware):
    """Leads who is not signed in to the sign-in and back to the page they were at; what they had written is shown to them."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Nothing for who is signed in or where nobody has to be."""
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        return trouble.signed_out(request, answer["Location"]) if answer and trouble.written(request) else answer

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        """Where somebody goes who has to sign in first."""
        return redirect_to_login(_page_of(request), self.get_login_url(view_func), self.get_redirect_field_name(view_func))


class NoNulMiddleware:
    """A NUL in an address or a form is no text: PostgreSQL refuses it where SQLite would keep it. Answered 400 on both."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        has_nul = "\0" in request.path_info or _has_nul(request.GET) or _is_in_body(request)
        return trouble.bad_request(request) if has_nul else None


def _page_of(request: HttpRequest) -> str:
    """The page that was asked for, or the one on which the form stood that was sent: a form cannot be gone back to."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(page)._replace(scheme="", netloc="").geturl() if page and is_ours else "/"


def _is_in_body(request: HttpRequest) -> bool:
    """In a form, or in the JSON of the API, whose body is left to be read once more."""
    if request.path_info.startswith(API):
        return request.content_type == "application/json" and b"\\u0000" in request.body
    return _has_nul(request.POST)


def _has_nul(fields: QueryDict) -> bool:
    return any("\0" in name or any("\0" in value for value in values) for name, values in fields.lists())
