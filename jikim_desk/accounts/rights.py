"""Who may open which page: declared at each view, refused where nothing is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from jikim_desk.accounts.models import Role

View = TypeVar("View", bound=Callable[..., Any])

EVERYONE = frozenset({"everyone"})
"""Also who is not signed in."""
ANYONE_SIGNED_IN = frozenset(Role.values) - {Role.MACHINE}


def allow(*roles: str) -> Callable[[View], View]:
    """Declares who may call a view: roles, or nothing for anyone who is signed in."""

    def declare(view: View) -> View:
        view.allowed_roles = frozenset(roles) or ANYONE_SIGNED_IN  # type: ignore[attr-defined]
        return view

    return declare


def public(view: View) -> View:
    """Declares a view that anyone may call without signing in."""
    view.allowed_roles = EVERYONE  # type: ignore[attr-defined]
    view.login_required = False  # type: ignore[attr-defined]
    return view


THIRD_PARTY = {"allauth": ANYONE_SIGNED_IN}
"""Packages whose own pages we serve. Who is not signed in is sent to sign in by LoginRequiredMiddleware before this counts."""


def allowed_roles(view: Callable[..., Any]) -> frozenset[str]:
    """Who may call `view`; nobody where it does not say."""
    declared = getattr(view, "allowed_roles", None)
    if declared is None:
        declared = THIRD_PARTY.get(getattr(view, "__module__", "").partition(".")[0], frozenset())
    return frozenset(declared)


class RightsMiddleware:
    """Refuses every view to whoever does not hold a role it names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        roles = allowed_roles(view)
        if roles == EVERYONE or not getattr(view, "login_required", True):
            return
        if not request.user.is_authenticated or not roles & request.user.role_names:
            raise PermissionDenied
