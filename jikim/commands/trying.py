"""One place is asked a little, to see whether and how it answers; nothing of what it names is fetched or kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from jikim.commands import places
from jikim.config import Config
from jikim.sources.keywords import keyword as read_keyword
from jikim.sweep import Health, ask_place
from jikim.types import SourceState

TRIED_CANDIDATES = 20


class Tried(NamedTuple):
    """How a place answered: `health.named` candidates, of which `health.filled` says what was told of them."""

    place: str
    health: Health
    is_practice: bool

    @property
    def is_well(self) -> bool:
        """Whether it gave an honest answer."""
        return self.health.state in (SourceState.OK, SourceState.EMPTY)


def tried(
    config: Config,
    named: str,
    text: str,
    *,
    keys: Mapping[str, str] = MappingProxyType({}),
    limit: int = TRIED_CANDIDATES,
) -> Tried:
    """Asks `NAME[=URL]` for `text`, with `keys` instead of those on record. Raises as `places.opened`, BadUse for a keyword."""
    keyword = read_keyword(text, None)
    answered = Health()
    own = {places.parsed(named)[0]: keys} if keys else {}
    with places.opened(config, [named], keys=own) as [place]:
        ask_place(place, keyword, None, limit, answered, lambda *_: None)
        return Tried(place.name, answered, place.is_practice)
