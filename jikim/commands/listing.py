"""`jikim source`: which places there are, how they answered, and trying one."""

from __future__ import annotations

import re
import sys

import msgspec

from jikim.commands import places
from jikim.config import Config
from jikim.messages import catalogue
from jikim.seams import SOURCES, plugins
from jikim.sources.approved import proposals
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import SourceHealth, State
from jikim.sweep import TOLD_FIELDS, Health, ask_place
from jikim.terminal import say
from jikim.types import Candidate, SourceState

TRIED_CANDIDATES = 20


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
    with places.opened(config, [named]) as [place], State.open(config.home) as state:
        state.keep_fields(place.identity, {})
    sys.stdout.write(say(config.lang, "listing.accepted", source=place.name) + "\n")
    return 0


def variants(text: str) -> int:
    """Prints what a person may approve, as the file that `jikim sweep --variants` reads."""
    sys.stdout.write(proposals(read_keyword(text, None)))
    return 0


def attempt(config: Config, named: str, text: str) -> int:
    """Asks one place for a few candidates and says how it answered; nothing is downloaded."""
    keyword = read_keyword(text, None)
    found: list[Candidate] = []
    with places.opened(config, [named]) as [place]:
        answered = Health()
        ask_place(place, keyword, None, TRIED_CANDIDATES, answered, lambda _, one: found.append(one) if one else None)
    name = place.name
    sys.stdout.write(
        say(config.lang, "terminal.place", name=name, state=say(config.lang, f"state.{answered.state}"), found=len(found))
    )
    sys.stdout.write("\n")
    if found:
        filled = ", ".join(f"{name} {sum(bool(getattr(one, name)) for one in found)}" for name in TOLD_FIELDS)
        sys.stdout.write(f"  {say(config.lang, 'listing.filled', found=len(found))} {filled}\n")
    for error in [answered.error, *answered.warnings]:
        if error is not None:
            sys.stderr.write(f"jikim: {error.message(masked=not place.is_practice).in_language(config.lang)}\n")
    return int(answered.state not in (SourceState.OK, SourceState.EMPTY))
