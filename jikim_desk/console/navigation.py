"""Where somebody can go from any page: the places whose views their roles allow, so that no link leads to a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse

from jikim_desk.accounts.rights import allowed_roles

FIRST = ("home", "queue", "sweeps", "watches", "cases", "removals")
"""Names of the addresses that stand in the bar itself; the words are `console.to.<name>`."""
MORE = (
    *("reuploads", "outbox", "inbox", "channels", "calendar", "hosts", "reports"),
    *("approvals", "sources", "figures", "learning", "concepts", "jobs", "people", "rights", "audit"),
)
OWN = ("care", "mfa_index")


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    key: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Places:
    first: tuple[Place, ...] = ()
    more: tuple[Place, ...] = ()
    own: tuple[Place, ...] = ()


def places(request: HttpRequest) -> Places:
    """What this person may open; nothing for who is not signed in."""
    if not request.user.is_authenticated:
        return Places()
    roles = request.user.role_names
    return Places(*(tuple(_open_to(names, roles, request.path)) for names in (FIRST, MORE, OWN)))


def _open_to(names: tuple[str, ...], roles: frozenset[str], path: str) -> list[Place]:
    found = []
    for name in names:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        if roles & allowed_roles(resolve(url).func):
            is_here = path == url if url == "/" else path.startswith(url)
            found.append(Place(url, f"console.to.{name}", is_here))
    return found
