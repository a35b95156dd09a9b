"""From `NAME[=URL]` on the command line to places that can be searched.

A practice platform must prove itself and is reached through a fetcher that reaches nothing else. Every other place needs the
centre's authority on record before anything is asked of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jikim.commands.metering import MeteredFetcher
from jikim.config import Config
from jikim.errors import BadUse, FetchFailed, JikimError, NotConfigured
from jikim.fetching import SafeFetcher, parse, prove
from jikim.provenance import ProvenPractice
from jikim.seams import SOURCES, Fetcher, configured, plugin, plugins
from jikim.sources.canonical import site
from jikim.sources.keywords import keyword as read_keyword
from jikim.sources.recipes import is_on, read_recipe, recipes
from jikim.state import State
from jikim.sweep import Place
from jikim.types import Candidate, Keyword
from jikim.vault import Vault, open_vault, sweep_holder

PRACTICE = "practice"
CREDENTIALS = "credential"
"""Under which table the keys of places are sealed."""
LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")

_RECIPE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_PLATFORM = """
import sys
from jikim.media.sandbox import die_with_parent
die_with_parent(int(sys.argv.pop(1)))
from jikim.__main__ import main
main()
"""
"""A practice platform that ends with the process that asked for it, however that one ends."""


class Unusable:
    """The source of a place that cannot be asked as it is set up: whoever searches it is told why."""

    def __init__(self, name: str, error: JikimError) -> None:
        self.name = name
        self.error = error

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """Raises what is wrong."""
        raise self.error


@contextmanager
def opened(
    config: Config,
    named: Sequence[str],
    *,
    keys: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    spares_others: bool = False,
) -> Iterator[list[Place]]:
    """The places named, ready to be searched; `keys` by place instead of those on record. With `spares_others` one that cannot
    be asked as it is set up, such as a recipe that is gone, is `Unusable` among the others.

    Raises BadUse and NotConfigured, with `spares_others` where no place can be asked; AuthorityMissing, or FetchRefused for a
    false practice host.
    """
    wanted = [parsed(one) for one in named or set_up(config)]
    if not wanted:
        raise BadUse("places.none_named")
    kinds = [plugin(SOURCES, name) for name, _ in wanted]
    if any(name != PRACTICE for name, _ in wanted):
        require_authority(config)
    with ExitStack() as stack:
        vault = stack.enter_context(open_vault(config, with_private_keys=False))
        places: list[Place] = []
        for kind, (name, url) in zip(kinds, wanted, strict=True):
            proven = None
            if name == PRACTICE:
                url = url or config.sources.get(PRACTICE, {}).get("url") or stack.enter_context(platform())
                proven = prove(url, vault.practice_key())
            number = 1 + sum(place.source.name == name for place in places)
            label = name if number == 1 else f"{name}:{number}"
            secrets = keys.get(name) or own_keys(config, name)
            place = stack.enter_context(_place(config, vault, label, kind, url, proven, secrets, spares_others=spares_others))
            places.append(place)
        unusable = [place.source.error for place in places if isinstance(place.source, Unusable)]
        if len(unusable) == len(places):
            raise unusable[0]
        yield places


@contextmanager
def opened_address(config: Config, url: str) -> Iterator[Place]:
    """One address as a place: reached as practice where the host proves to be that, else by authority.

    Raises AuthorityMissing, and FetchRefused for a false practice host.
    """
    with open_vault(config, with_private_keys=False) as vault:
        proven = prove(url, vault.practice_key()) if may_be_practice(config, url) else None
        if proven is None:
            require_authority(config)
        with _place(config, vault, "page", plugin(SOURCES, "page"), url, proven, {}) as place:
            yield place


@contextmanager
def _place(
    config: Config,
    vault: Vault,
    name: str,
    kind: Any,
    url: str | None,
    proven: ProvenPractice | None,
    keys: Mapping[str, str],
    *,
    spares_others: bool = False,
) -> Iterator[Place]:
    if kind.name == "recipe" and url and _RECIPE_NAME.fullmatch(url):
        url = str(recipe_file(config, url))
    section = {**config.sources.get(kind.name, {}), **keys, **({"url": url} if url else {})}
    with ExitStack() as stack:
        holder = sweep_holder(datetime.now(UTC).date())
        fetcher: Fetcher = stack.enter_context(SafeFetcher(config.fetching, vault, holder, practice=proven))
        if getattr(kind, "quota", None):
            fetcher = MeteredFetcher(fetcher, stack.enter_context(State.open(config.home)), kind.name, kind.quota)
        try:
            source = _source(kind, section, fetcher, is_practice=proven is not None)
        except (BadUse, NotConfigured) as error:
            if not spares_others:
                raise
            source = Unusable(kind.name, error)
        canary = config.canaries.get(kind.name, getattr(source, "canary", ""))
        asked = read_keyword(canary, None) if canary else None
        identity = "" if proven else _identity(vault, kind.name, section.get("url"))
        host = site(own_url) if (own_url := str(section.get("url") or "")).startswith(("http://", "https://")) else ""
        yield Place(name, source, fetcher, is_practice=proven is not None, canary=asked, identity=identity, host=host)


def _source(kind: Any, section: Mapping[str, Any], fetcher: Fetcher, *, is_practice: bool) -> Any:
    read = configured(kind.Config, section, f"sources.{kind.name}")
    try:
        kind.verify(read)
    except JikimError as error:
        if not is_practice and "where" in error.params:
            error.params["where"] = {"message": "masked.where"}
        raise
    return kind(read, fetcher)


def _identity(vault: Vault, kind: str, url: object) -> str:
    """What a place is known by from one run to the next: its kind, and a reference for its address."""
    return f"{kind}:{vault.reference('place', str(url))[:16]}" if url else kind


def recipe_file(config: Config, name: str) -> Path:
    """Where the recipe of that name lies. Raises BadUse for what is no name."""
    if not _RECIPE_NAME.fullmatch(name):
        raise BadUse("places.recipe_name", limit=40)
    return config.home / "recipes" / f"{name}.toml"


def own_keys(config: Config, name: str) -> dict[str, str]:
    """The keys on record of a place, by field. Raises VaultError when the centre's own key is not the one they were sealed
    under."""
    if not getattr(plugin(SOURCES, name), "secrets", ()) or not (config.home / "state.sqlite").exists():
        return {}
    with State.open(config.home) as state:
        sealed = state.credentials(name)
    if not sealed:
        return {}
    with open_vault(config) as vault:
        return {field: vault.open_field(CREDENTIALS, name, field, one) for field, one in sealed.items()}


def set_up(config: Config) -> list[str]:
    """The places that are searched when none is named: those of config.toml, those set up by their keys alone, and the sites of
    recipes that are switched on."""
    switched_on = [f"recipe={name}" for name, file in recipes(config.home / "recipes").items() if is_on(file)]
    return [*config.sources, *_keyed(config), *switched_on]


def canary_of(config: Config, named: str) -> str:
    """The keyword for which a place always has something; empty where none is set. Raises BadUse for a recipe that cannot be
    read."""
    name, url = parsed(named)
    if name in config.canaries:
        return config.canaries[name]
    if name == "recipe" and url:
        file = recipe_file(config, url) if _RECIPE_NAME.fullmatch(url) else Path(url)
        return read_recipe(file).canary or ""
    return str(getattr(plugin(SOURCES, name), "canary", ""))


def _keyed(config: Config) -> list[str]:
    """The places that are set up by their keys alone."""
    if not (config.home / "state.sqlite").exists():
        return []
    with State.open(config.home) as state:
        return [name for name in plugins(SOURCES) if name not in config.sources and state.credentials(name)]


def require_authority(config: Config) -> None:
    """Raises AuthorityMissing unless the centre's authority is on record."""
    with State.open(config.home) as state:
        state.require_authority()


def parsed(named: str) -> tuple[str, str | None]:
    """`NAME` or `NAME=URL` in its two parts."""
    name, _, url = named.partition("=")
    return name.strip(), url.strip() or None


def may_be_practice(config: Config, url: str) -> bool:
    """Whether to ask a host for its proof: it is a literal address of this machine that no setting calls a test server."""
    target = parse(url)
    return target.host in LOOPBACK_NAMES and f"{target.host}:{target.port}" not in config.fetching.loopback_allowed


@contextmanager
def platform() -> Iterator[str]:
    """A practice platform in a process of its own for as long as the block lasts; its origin."""
    command = [sys.executable, "-c", _PLATFORM, str(os.getpid()), "practice", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
        try:
            origin = running.stdout.readline().strip() if running.stdout else ""
            if not origin.startswith("http://"):
                raise FetchFailed("places.practice_did_not_start")
            yield origin
        finally:
            running.terminate()
