"""Who may do what: read from the addresses and views themselves, so it cannot say anything else than what is enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.views.decorators.http import require_GET

from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import EVERYONE, allow, allowed_roles


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the desk. `roles` is empty where nobody may open it: that is a mistake, which a test finds."""

    route: str
    name: str
    view: Callable[..., Any]
    roles: frozenset[str]
    token_right: str

    @property
    def is_public(self) -> bool:
        """Whether it needs no sign-in."""
        return self.roles == EVERYONE

    @property
    def family(self) -> str:
        """The first part of its route."""
        return self.route.split("/")[1] or "home"

    @property
    def what_key(self) -> str:
        """The message that says what one does there."""
        return f"console.rights.what.{'api_' if self.family == 'api' and self.name != 'openapi' else ''}{self.name}"

    @property
    def what(self) -> str:
        """What one does there; empty where nobody has found words yet, which a test finds."""
        return words.say(self.what_key) if self.what_key in words.catalogue() else ""

    @property
    def cells(self) -> list[bool]:
        """For each role of ROLES, whether it may."""
        return [self.is_public or role in self.roles for role in ROLES]


ROLES = tuple(Role.values)
FAMILIES = (
    *("home", "search", "sweeps", "approvals", "watches", "queue", "items", "decisions", "lifts", "danger-sheets", "cases"),
    *("removals", "reuploads", "evidence", "outbox", "inbox", "channels", "calendar", "hosts", "reports"),
    *(
        "care",
        "sources",
        "jobs",
        "figures",
        "learning",
        "concepts",
        "people",
        "rights",
        "audit",
        "join",
        "enrol",
        "accounts",
        "api",
    ),
    *("health", "metrics"),
)
"""In the order of the work."""


def addresses_of(patterns: Iterable[URLPattern | URLResolver] | None = None, before: str = "/") -> Iterator[Address]:
    """Every address below `patterns`, of the whole desk where none are named."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses_of(pattern.url_patterns, route)
        else:
            view = pattern.callback
            right = str(getattr(view, "token_right", ""))
            yield Address(route, pattern.name or "", view, allowed_roles(view), right)


@allow(Role.ADMINISTRATOR, Role.AUDITOR, Role.LEAD)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The table of all addresses and roles."""
    families: dict[str, list[Address]] = {}
    for address in addresses_of():
        families.setdefault(address.family, []).append(address)
    named = [(words.say(f"console.rights.of.{family}"), families[family]) for family in FAMILIES if family in families]
    named += [(family, found) for family, found in families.items() if family not in FAMILIES]
    shown = {"families": named, "roles": [f"accounts.role.{role}" for role in ROLES]}
    return render(request, "console/rights.html", shown)


addresses = [path("rights/", page, name="rights")]
