"""Keys with which machines call the API: `Authorization: Bearer jikim_...`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from jikim_desk import words
from jikim_desk.accounts import people
from jikim_desk.accounts.models import Role, Team, Token, TokenRight, User
from jikim_desk.accounts.people import require_administrator
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk

API = "/api/"
"""Below this address only tokens count; a browser's session is no key here, so no page elsewhere can borrow it."""
LONGEST = timedelta(days=366)
_PREFIX = "jikim_"
_NOTE_USE_EVERY = timedelta(minutes=5)


def issue(actor: User, machine: User, name: str, rights: Collection[str], expires_at: datetime) -> str:
    """Makes a token for `machine` and returns it; it cannot be shown again. Raises BadAsk, PermissionDenied."""
    require_administrator(actor)
    if not rights or not set(rights) <= set(TokenRight.values):
        raise BadAsk("accounts.token_needs_rights")
    if not timezone.now() < expires_at <= timezone.now() + LONGEST:
        raise BadAsk("accounts.token_bad_expiry", days=LONGEST.days)
    if not machine.has_role(Role.MACHINE):
        raise BadAsk("accounts.token_for_machines_only")
    text = _PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = Token.objects.create(
            user=machine,
            name=name.strip()[:80],
            digest=_digest(text),
            rights=sorted(rights),
            made_by=actor,
            expires_at=expires_at,
        )
        chain.record(
            Action.TOKEN,
            actor=actor,
            subject=f"token:{token.pk}",
            facts={"what": "issued", "right": sorted(rights), "machine": str(machine.pk)},
        )
    return text


def end(actor: User, token: Token) -> None:
    """Ends a token at once. Raises PermissionDenied."""
    require_administrator(actor)
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, ended_at=None).update(ended_at=timezone.now()):
            chain.record(Action.TOKEN, actor=actor, subject=f"token:{token.pk}", facts={"what": "ended"})


def find(text: str) -> Token | None:
    """The token whose text this is, if it is still good."""
    now = timezone.now()
    token = (
        Token.objects.select_related("user")
        .filter(digest=_digest(text), ended_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if token and (token.last_used_at is None or now - token.last_used_at > _NOTE_USE_EVERY):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def machine_named(actor: User, name: str, team: Team) -> User:
    """The user that stands for a machine in `team`, made where there is none. Raises PermissionDenied, BadAsk."""
    machine = User.objects.filter(username=name).first()
    if machine is None:
        machine, _ = people.create(actor, username=name, name=name, lang="")
        people.grant(actor, machine, Role.MACHINE, team)
    if not machine.has_role(Role.MACHINE):
        raise BadAsk("accounts.token_for_machines_only")
    return machine


class TokenMiddleware:
    """Below `/api/` the bearer of a token is `request.user`, with `request.token`; nobody else is anybody there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.token = None  # type: ignore[attr-defined]
        if not request.path_info.startswith(API):
            return self._get_response(request)
        request.user = AnonymousUser()
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind:
            token = find(text.strip()) if kind.lower() == "bearer" else None
            if token is None:
                return refused("accounts.token_unknown")
            request.user = token.user
            request.token = token  # type: ignore[attr-defined]
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # a browser never sends this header by itself
        elif not request.path_info.endswith("/openapi.json"):
            return refused("accounts.token_unknown")
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """Without a token: 401, where a page would lead to signing in."""
        is_asked = request.path_info.startswith(API) and getattr(view, "login_required", True)
        return refused("accounts.token_unknown") if is_asked and not request.user.is_authenticated else None


def refused(key: str) -> JsonResponse:
    """401 with one sentence in both languages."""
    answer = JsonResponse({"error": {"key": key, "ko": words.say(key, "ko"), "en": words.say(key, "en")}}, status=401)
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
