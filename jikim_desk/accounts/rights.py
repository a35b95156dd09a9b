"""Who may open which page: declared at each view, refused where nothing is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.decorators import reauthentication_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from jikim_desk.accounts.models import Role

View = TypeVar("View", bound=Callable[..., Any])

EVERYONE = frozenset({"everyone"})
"""Also who is not signed in."""
ANYONE_SIGNED_IN = frozenset(Role.values) - {Role.MACHINE}


def allow(*roles: str, token_right: str = "") -> Callable[[View], View]:
    """Declares who may call a view: roles, or nothing for anyone who is signed in. Below `/api/`, `token_right` is the right
    (a TokenRight) that the machine's token must have besides."""

    def declare(view: View) -> View:
        view.allowed_roles = frozenset(roles) or ANYONE_SIGNED_IN  # type: ignore[attr-defined]
        view.token_right = token_right  # type: ignore[attr-defined]
        return view

    return declare


def before_enrolment(view: View) -> View:
    """Declares a view that somebody may open who has yet to set up how they sign in."""
    view.is_before_enrolment = True  # type: ignore[attr-defined]
    return view


def confirmed(view: View) -> View:
    """For what must not be done by whoever finds a screen unlocked: a key has to have been shown within minutes. A form that
    was sent is kept meanwhile and goes on by itself afterwards."""
    return cast(View, reauthentication_required(view))


def public(view: View) -> View:
    """Declares a view that anyone may call without signing in."""
    view.allowed_roles = EVERYONE  # type: ignore[attr-defined]
    view.login_required = False  # type: ignore[attr-defined]
    return view


def allowed_roles(view: Callable[..., Any]) -> frozenset[str]:
    """Who may call `view`; nobody where it does not say."""
    return frozenset(getattr(view, "allowed_roles", ()))


class RightsMiddleware:
    """Refuses every view to whoever does not hold a role it names, or whose token lacks the right it names."""

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
        token = getattr(request, "token", None)
        if token and getattr(view, "token_right", "") not in token.rights:
            raise PermissionDenied
