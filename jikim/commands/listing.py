"""`jikim source`: which places there are, how they answered, and trying one."""

from __future__ import annotations

import re
import sys

import msgspec

from jikim.commands import places
from jikim.commands.trying import Tried, tried
from jikim.config import Config
from jikim.messages import catalogue
from jikim.seams import SOURCES, plugins
from jikim.sources.approved import proposals
from jikim.sources.health import todo_of
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import SourceHealth, State
from jikim.sweep import TOLD_FIELDS
from jikim.terminal import say
from jikim.types import SourceState


def show(config: Config) -> int:
    """The kinds of places, and which of them are set up in config.toml."""
    for name, kind in plugins(SOURCES).items():
        state = "listing.set_up" if name in config.sources else "listing.not_set_up"
        sys.stdout.write(f"{name:<10} {say(config.lang, state)}  {_summary(config.lang, name, kind)}\n")
    return 0


def _summary(lang: str, name: str, kind: type) -> str:
    """What a source is, in one line: ours in the person's language, another's plug-in in the words of its module."""
    key = f"listing.about.{name}"
    if key in catalogue():
        return say(lang, key)
    return next(iter((sys.modules[kind.__module__].__doc__ or "").splitlines()), "")


def health(config: Config, *, as_json: bool) -> int:
    """How each place answered last; 1 when one of them is not well."""
    with State.open(config.home) as state:
        known = state.health()
    for one in known:
        if as_json:
            sys.stdout.write(msgspec.json.encode({"schema": 1, **msgspec.to_builtins(one)}).decode() + "\n")
        else:
            when = one.recorded_at.astimezone().strftime("%Y-%m-%d %H:%M")
            sys.stdout.write(f"{one.source:<10} {say(config.lang, f'state.{one.state}')}  {when}\n")
            if one.detail:
                sys.stdout.write(f"  {_told(config.lang, one)}\n")
            if todo := todo_of(one.state):
                sys.stdout.write(f"  → {say(config.lang, todo)}\n")
    if not known and not as_json:
        sys.stdout.write(say(config.lang, "listing.never_asked") + "\n")
    return int(any(one.state not in (SourceState.OK, SourceState.EMPTY) for one in known))


class _Blanks(dict[str, str]):
    """What was not kept of a message's details stands as an ellipsis."""

    def __missing__(self, name: str) -> str:
        return "…"


def _told(lang: str, one: SourceHealth) -> str:
    """What was wrong and what to do, with the field that moved."""
    message = catalogue().get(str(one.detail))
    known = _Blanks({"field": one.field, "source": one.source} if one.field else {"source": one.source})
    return re.sub(r"\{(\w+)[^}]*\}", lambda place: known[place[1]], message.in_language(lang)) if message else ""


def accept(config: Config, named: str) -> int:
    """Forgets what a place used to say of its finds: what it says from now on is the usual."""
    sys.stdout.write(say(config.lang, "listing.accepted", source=forget_fields(config, named)) + "\n")
    return 0


def forget_fields(config: Config, named: str) -> str:
    """As `accept`, told and not said: the name of the place."""
    with places.opened(config, [named]) as [place], State.open(config.home) as state:
        state.keep_fields(place.identity, {})
        return place.name


def variants(text: str) -> int:
    """Prints what a person may approve, as the file that `jikim sweep --variants` reads."""
    sys.stdout.write(proposals(read_keyword(text, None)))
    return 0


def attempt(config: Config, named: str, text: str) -> int:
    """Asks one place for a few candidates and says how it answered; nothing is downloaded."""
    answer = tried(config, named, text)
    say_tried(config, answer)
    return int(not answer.is_well)


def say_tried(config: Config, answer: Tried) -> None:
    """Says how a place answered, and on stderr what was wrong and what to do."""
    health, found = answer.health, answer.health.named
    state = say(config.lang, f"state.{health.state}")
    sys.stdout.write(say(config.lang, "terminal.place", name=answer.place, state=state, found=found) + "\n")
    if found:
        filled = ", ".join(f"{name} {health.filled[name]}" for name in TOLD_FIELDS)
        sys.stdout.write(f"  {say(config.lang, 'listing.filled', found=found)} {filled}\n")
    for error in [health.error, *health.warnings]:
        if error is not None:
            sys.stderr.write(f"jikim: {error.message(masked=not answer.is_practice).in_language(config.lang)}\n")
    if todo := todo_of(health.state):
        sys.stderr.write(f"jikim: → {say(config.lang, todo)}\n")


def hosts(config: Config, *, as_json: bool) -> int:
    """The hosts that appeared in finds: how often, what kind, what a person said. Their names stand at the desk alone."""
    with State.open(config.home) as state:
        known = state.hosts()
    for one in known:
        told = {"host": one.reference[:12], "kind": one.kind, "finds": one.finds, "worthy": one.worthy, "state": one.state}
        if as_json:
            sys.stdout.write(msgspec.json.encode({"schema": 1, **told}).decode() + "\n")
        else:
            state_words = say(config.lang, f"listing.host.{one.state}")
            kind_words = say(config.lang, f"listing.host.{one.kind}")
            line = say(config.lang, "listing.host", kind=kind_words, finds=one.finds, worthy=one.worthy, state=state_words)
            sys.stdout.write(f"{told['host']}  {line}\n")
    if not known and not as_json:
        sys.stdout.write(say(config.lang, "listing.no_hosts") + "\n")
    return 0
