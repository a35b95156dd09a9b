"""People, teams and the keys of machines, for administrators. Each change asks for one's own key again and is put on record."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts import people, tokens
from jikim_desk.accounts.models import Grant, Role, Team, Token, TokenRight, User
from jikim_desk.accounts.rights import allow, confirmed
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk

TOKEN_LASTS = timedelta(days=90)
"""What the form proposes."""


@allow(Role.ADMINISTRATOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, the teams, and the machines."""
    everybody = User.objects.order_by("-is_active", "username").prefetch_related(
        Prefetch("grants", Grant.objects.select_related("team").order_by("role"))
    )
    with_keys = set(Authenticator.objects.values_list("user_id", flat=True))
    shown = {
        "everybody": [(user, "out" if not user.is_active else _state(user, with_keys)) for user in everybody],
        "teams": Team.objects.order_by("name"),
        "tokens": Token.objects.filter(ended_at=None).select_related("user").order_by("expires_at"),
        "rights": TokenRight.values,
        "proposed_expiry": (timezone.localtime() + TOKEN_LASTS).date().isoformat(),
        "now": timezone.now(),
    }
    return render(request, "console/people.html", shown)


@allow(Role.ADMINISTRATOR)
@require_GET
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: their roles and how they sign in."""
    user = get_object_or_404(User, pk=pk)
    shown = {
        "somebody": user,
        "grants": user.grants.select_related("team", "granted_by").order_by("role"),
        "roles": [role for role in Role.values if role != Role.MACHINE or user.has_role(Role.MACHINE)],
        "teams": Team.objects.order_by("name"),
        "keys": Authenticator.objects.filter(user=user, type="webauthn").count(),
        "has_app": Authenticator.objects.filter(user=user, type="totp").exists(),
        "waits": user.invitations.filter(used_at=None, expires_at__gt=timezone.now()).exists(),
    }
    return render(request, "console/person.html", shown)


@allow(Role.ADMINISTRATOR)
@never_cache
@require_POST
@confirmed
def add(request: HttpRequest) -> HttpResponse:
    """Makes a person and shows their link, once."""
    asked = {name: request.POST.get(name, "") for name in ("username", "name", "lang")}
    try:
        user, secret = people.create(visitor(request), **asked)
        if request.POST.get("role"):
            people.grant(visitor(request), user, request.POST["role"], _team(request))
    except BadAsk as error:
        return _said(request, error, reverse("people"))
    return _link_page(request, user, secret)


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    """Grants a role."""
    user = get_object_or_404(User, pk=pk)
    try:
        people.grant(visitor(request), user, request.POST.get("role", ""), _team(request))
    except BadAsk as error:
        return _said(request, error, reverse("person", args=[pk]))
    return redirect("person", pk)


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a role away."""
    found = get_object_or_404(Grant.objects.select_related("user", "team"), pk=pk)
    try:
        people.withdraw(visitor(request), found)
    except BadAsk as error:
        return _said(request, error, reverse("person", args=[found.user_id]))
    return redirect("person", found.user_id)


@allow(Role.ADMINISTRATOR)
@never_cache
@require_POST
@confirmed
def new_link(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who lost their keys: a new link, shown once."""
    user = get_object_or_404(User, pk=pk, is_active=True)
    return _link_page(request, user, people.invite_again(visitor(request), user))


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """Signs somebody out everywhere."""
    user = get_object_or_404(User, pk=pk)
    people.end_sessions(visitor(request), user)
    messages.success(request, words.say("console.people.sessions_ended", name=user))
    return redirect("person", pk)


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def put_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody leaves."""
    try:
        people.put_out(visitor(request), get_object_or_404(User, pk=pk))
    except BadAsk as error:
        return _said(request, error, reverse("person", args=[pk]))
    return redirect("person", pk)


@allow(Role.ADMINISTRATOR)
@never_cache
@require_POST
@confirmed
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody comes back."""
    user = get_object_or_404(User, pk=pk, is_active=False)
    return _link_page(request, user, people.take_back(visitor(request), user))


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def add_team(request: HttpRequest) -> HttpResponse:
    """Makes a team."""
    try:
        people.create_team(visitor(request), request.POST.get("name", ""))
    except BadAsk as error:
        return _said(request, error, reverse("people"))
    return redirect("people")


@allow(Role.ADMINISTRATOR)
@never_cache
@require_POST
@confirmed
def add_token(request: HttpRequest) -> HttpResponse:
    """Makes a token for a machine and shows it, once."""
    day = parse_date(request.POST.get("expires_on", "")) or timezone.localdate()
    expires_at = timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
    name = request.POST.get("name", "").strip()
    try:
        team = _team(request)
        if team is None:
            raise BadAsk("accounts.role_needs_team")
        machine = tokens.machine_named(visitor(request), name, team)
        text = tokens.issue(visitor(request), machine, name, request.POST.getlist("right"), expires_at)
    except BadAsk as error:
        return _said(request, error, reverse("people"))
    return render(request, "console/shown_once.html", {"secret": text, "name": name, "until": expires_at})


@allow(Role.ADMINISTRATOR)
@require_POST
@confirmed
def end_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a token at once."""
    tokens.end(visitor(request), get_object_or_404(Token, pk=pk))
    return redirect("people")


def _team(request: HttpRequest) -> Team | None:
    number = request.POST.get("team", "")
    return Team.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None


def _state(user: User, with_keys: set[int]) -> str:
    roles = {one.role for one in user.grants.all()}
    if roles == {Role.MACHINE}:
        return "machine"
    return "active" if user.pk in with_keys or user.last_login else "invited"


def _said(request: HttpRequest, error: BadAsk, where: str) -> HttpResponse:
    messages.error(request, words.say(error.key, **error.params))
    return redirect(where)


def _link_page(request: HttpRequest, user: User, secret: str) -> HttpResponse:
    link = request.build_absolute_uri(reverse("join", args=[secret]))
    shown: dict[str, Any] = {"secret": link, "somebody": user, "hours": int(people.INVITATION_LASTS.total_seconds() // 3600)}
    return render(request, "console/shown_once.html", shown)


addresses = [
    path("people/", page, name="people"),
    path("people/add/", add, name="person_add"),
    path("people/<int:pk>/", person_page, name="person"),
    path("people/<int:pk>/grant/", grant, name="grant"),
    path("people/grants/<int:pk>/withdraw/", withdraw, name="withdraw"),
    path("people/<int:pk>/link/", new_link, name="person_link"),
    path("people/<int:pk>/sessions/end/", end_sessions, name="person_sessions_end"),
    path("people/<int:pk>/out/", put_out, name="person_out"),
    path("people/<int:pk>/back/", take_back, name="person_back"),
    path("people/teams/add/", add_team, name="team_add"),
    path("people/tokens/add/", add_token, name="token_add"),
    path("people/tokens/<int:pk>/end/", end_token, name="token_end"),
]
