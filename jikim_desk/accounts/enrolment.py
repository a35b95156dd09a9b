"""Nobody works here with a password alone: after the first sign-in everybody sets up a security key, or an authenticator app
where the centre allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from jikim.vault import recovery
from jikim_desk.accounts.models import User
from jikim_desk.accounts.rights import EVERYONE, allowed_roles
from jikim_desk.config import desk_config, jikim_config

_ENROLLED = "jikim.enrolled"


def is_enrolled(user: User, *, without: Authenticator | None = None) -> bool:
    """Whether they can sign in with two factors: a security key that asks for a PIN or finger itself, or a password together
    with a key or an app. `without` is one that is about to be removed."""
    found = Authenticator.objects.filter(user=user, type__in=second_factors())
    if without is not None:
        found = found.exclude(pk=without.pk)
    keys = list(found)
    if any(key.type == Authenticator.Type.WEBAUTHN and key.wrap().is_passwordless for key in keys):
        return True
    return bool(keys) and user.has_usable_password()


def second_factors() -> list[str]:
    """The kinds that count as a second factor at this centre."""
    return [kind for kind in settings.MFA_SUPPORTED_TYPES if kind != Authenticator.Type.RECOVERY_CODES]


def is_waived(user: User) -> bool:
    """On a practice desk, which searches nothing real, the link that opens it is enough. A desk that began in earnest, with a
    paper code, is none, whatever its settings say."""
    return desk_config().is_practice and not recovery.has_code(jikim_config().home)


class EnrolmentMiddleware:
    """Leads whoever has yet to set up how they sign in to the page where they do, whatever they ask for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or getattr(request, "token", None):
            return None
        if getattr(view, "is_before_enrolment", False) or allowed_roles(view) == EVERYONE:
            return None
        if request.session.get(_ENROLLED) == request.user.pk:
            return None
        if is_waived(request.user) or is_enrolled(request.user):
            request.session[_ENROLLED] = request.user.pk
            return None
        return redirect("enrol")
