"""Setting places up: their keys, recipes for sites without an interface, and the hosts that finds have led to.

Everything is tried before it is kept. Keys are never shown again; names of hosts are shown to leads alone, with a record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_POST

from jikim.commands import keys, places, reciping, remembering
from jikim.commands.trying import Tried
from jikim.errors import JikimError
from jikim.seams import SOURCES, plugins
from jikim.sources.guessing import guessed, written
from jikim.sources.keywords import keyword as read_keyword
from jikim.sources.recipes import RECIPE_BYTES, is_on, recipes
from jikim.state import HOST_STATES, State
from jikim.sweep import TOLD_FIELDS
from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import jikim_config
from jikim_desk.console.visitor import visitor
from jikim_desk.sealing import vault

HOSTS_SHOWN = 100
APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A kind of place that wants keys: their names, and whether some are on record."""

    name: str
    fields: tuple[str, ...]
    is_set: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What is in the form for a recipe, and what came of trying it."""

    name: str = ""
    text: str = ""
    url: str = ""
    keyword: str = ""
    problem: str = ""
    state: str = ""
    found: int = 0
    filled: tuple[tuple[str, int], ...] = ()


@allow(Role.LEAD, Role.ADMINISTRATOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is set up; a recipe named in the address is in the form, or the way to one for an approved host."""
    name = request.GET.get("recipe", "")
    file = recipes(_folder()).get(name)
    begun = _begun(request, request.GET.get("host", ""))
    return _page(request, begun or Shown(name, file.read_text("utf-8", "replace") if file else ""))


@allow(Role.ADMINISTRATOR)
@require_POST
def keep_keys(request: HttpRequest) -> HttpResponse:
    """Tries the keys of a place and seals them, or forgets those it had."""
    name = request.POST.get("place", "")
    try:
        wanted = keys.fields(name)
        if request.POST.get("what") == "forget":
            with State.open(jikim_config().home) as state:
                state.keep_credentials(name, {})
            _record(request, f"source:{name}", "key_forgotten")
            messages.success(request, words.say("keys.forgotten", source=name))
        else:
            answer = keys.try_and_keep(jikim_config(), name, {field: request.POST.get(field, "").strip() for field in wanted})
            _record(request, f"source:{name}", "key_kept" if answer.is_well else "key_refused")
            _say_of_keys(request, name, answer)
    except JikimError as error:
        messages.error(request, _said(error))
    return redirect("source_setup")


@allow(Role.LEAD, Role.ADMINISTRATOR)
@require_POST
def recipe(request: HttpRequest) -> HttpResponse:
    """Guesses, tries, keeps, switches or removes a recipe. What is kept was tried in the same step and answered."""
    what = request.POST.get("what", "")
    name, text, url, keyword = (request.POST.get(field, "").strip() for field in ("name", "text", "url", "keyword"))
    asked = Shown(name, text, url, keyword)
    try:
        if what == "remove":
            places.recipe_file(jikim_config(), asked.name).unlink(missing_ok=True)
            _record(request, f"recipe:{asked.name}", "recipe_removed")
            return redirect("source_setup")
        if what in ("on", "off"):
            _switch(request, asked.name, is_on=what == "on")
            return redirect("source_setup")
        if what == "guess":
            return _page(request, _guessed(request, asked))
        shown, answer = _tried(request, asked)
        if what == "keep" and answer.is_well:
            _keep(request, asked)
            messages.success(request, words.say("console.source_setup.recipe_kept", name=asked.name))
            return redirect("source_setup")
        return _page(request, shown)
    except JikimError as error:
        return _page(request, Shown(asked.name, asked.text, asked.url, asked.keyword, _said(error)), status=400)


@allow(Role.LEAD)
@require_POST
def host(request: HttpRequest) -> HttpResponse:
    """Puts what a lead says of a host on record; one that is approved leads on to its recipe."""
    what, reference = request.POST.get("what", ""), request.POST.get("host", "")
    with State.open(jikim_config().home) as state:
        is_known = what in HOST_STATES and state.decide_host(reference, what)
    if is_known:
        _record(request, f"host:{reference}", what)
    if is_known and what == APPROVED:
        return redirect(f"{reverse('source_setup')}?{urlencode({'host': reference})}#recipe")
    return redirect("source_setup")


def _page(request: HttpRequest, shown: Shown, status: int = 200) -> HttpResponse:
    user = visitor(request)
    found: list[tuple[object, str]] = []
    with State.open(jikim_config().home) as state:
        keyed = [
            Keyed(name, kind.secrets, bool(state.credentials(name)))
            for name, kind in plugins(SOURCES).items()
            if getattr(kind, "secrets", ())
        ]
        if user.has_role(Role.LEAD):
            table = remembering.HOSTS
            for one in state.hosts()[:HOSTS_SHOWN]:
                found.append((one, vault().open_field(table, one.reference, "host", one.sealed)))
    if found:
        chain.record(Action.VIEW, actor=user, subject="hosts:all", facts={"what": "hosts", "count": len(found)})
    told = {
        "keyed": keyed if user.has_role(Role.ADMINISTRATOR) else [],
        "recipes": [(name, is_on(file)) for name, file in recipes(_folder()).items()],
        "has_kept": shown.name in recipes(_folder()),
        "shown": shown,
        "hosts": found,
        "sees_hosts": user.has_role(Role.LEAD),
        "bytes": RECIPE_BYTES,
    }
    return render(request, "console/source_setup.html", told, status=status)


def _say_of_keys(request: HttpRequest, name: str, answer: Tried) -> None:
    if answer.is_well:
        messages.success(request, words.say("keys.kept", source=name))
    else:
        messages.error(request, words.say("keys.refused", source=name))
        if answer.health.error:
            messages.error(request, _said(answer.health.error))


def _guessed(request: HttpRequest, asked: Shown) -> Shown:
    """The form with a recipe guessed from the site's own search, and how the site answers to it."""
    keyword = read_keyword(asked.keyword, None)
    with places.opened_address(jikim_config(), asked.url) as place:
        text = written(guessed(asked.url, keyword, place.fetcher))
    _record(request, "recipe:guess", "recipe_guessed")
    shown, _ = _tried(request, replace(asked, text=text))
    return shown


def _begun(request: HttpRequest, reference: str) -> Shown | None:
    """The form as it begins for a host that a lead approved: everything that a guess needs."""
    if not reference or not visitor(request).has_role(Role.LEAD):
        return None
    with State.open(jikim_config().home) as state:
        found = next((one for one in state.hosts() if one.reference == reference and one.state == APPROVED), None)
    if found is None:
        return None
    name = vault().open_field(remembering.HOSTS, reference, "host", found.sealed)
    return Shown(name=recipe_name(name), url=f"https://{name}/", keyword=keys.TRIED)


def recipe_name(host: str) -> str:
    """A name for the recipe of a host."""
    return re.sub(r"[^a-z0-9_-]+", "-", host.lower()).strip("-_")[:40] or "site"


def _switch(request: HttpRequest, name: str, *, is_on: bool) -> None:
    """Has a kept recipe's site searched whenever no places are named, or not. Raises BadUse for no recipe."""
    reciping.switch(jikim_config(), name, is_on=is_on)
    _record(request, f"recipe:{name}", "recipe_on" if is_on else "recipe_off")


def _tried(request: HttpRequest, asked: Shown) -> tuple[Shown, Tried]:
    """The form with how the recipe's site answers. Raises BadUse for a recipe that cannot work."""
    answer = reciping.tried_text(jikim_config(), asked.text, asked.keyword, shown_as=asked.name or "-")
    _record(request, f"recipe:{asked.name}", "recipe_tried")
    health = answer.health
    filled = tuple((field, health.filled[field]) for field in TOLD_FIELDS)
    problem = _said(health.error) if health.error else ""
    state = str(health.state)
    return Shown(asked.name, asked.text, asked.url, asked.keyword, problem, state, health.named, filled), answer


def _keep(request: HttpRequest, asked: Shown) -> None:
    reciping.keep(jikim_config(), asked.name, asked.text)
    _record(request, f"recipe:{asked.name}", "recipe_kept")


def _folder() -> Path:
    return jikim_config().home / "recipes"


def _record(request: HttpRequest, subject: str, what: str) -> None:
    chain.record(Action.SETTING, actor=visitor(request), subject=subject, facts={"what": what})


def _said(error: JikimError) -> str:
    return words.say(error.key, **error.params)


addresses = [
    path("sources/set-up/", page, name="source_setup"),
    path("sources/keys/", keep_keys, name="source_keys"),
    path("sources/recipes/", recipe, name="source_recipe"),
    path("sources/hosts/", host, name="source_host"),
]
