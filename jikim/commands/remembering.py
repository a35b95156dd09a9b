"""What one run leaves for the next: how every place answered, what it said of its finds, and what they were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jikim.sources import budgets, drift
from jikim.state import State, Yield
from jikim.sweep import TOLD_FIELDS, Found, Health, Place
from jikim.types import Level, SourceState


def worths(state: State, places: Sequence[Place], keyword: str) -> dict[str, float]:
    """What each place gave before for `keyword`, a reference, by its name in this sweep."""
    found: dict[str, float] = {}
    for place in places:
        overall, own = state.yield_of(place.identity), state.yield_of(place.identity, keyword)
        found[place.name] = budgets.worth(own.named, own.worthy, budgets.worth(overall.named, overall.worthy))
    return found


def notice_drift(state: State, places: Sequence[Place], health: Mapping[str, Health]) -> None:
    """Compares what each place said of its finds with what it used to say: a field that is gone makes it `changed`, with the
    field named. What was found stands."""
    for place in places:
        if not place.identity or place.name not in health:
            continue
        answered = health[place.name]
        before = state.fields_of(place.identity)
        gone = drift.moved(before, answered.named, answered.filled)
        if gone and answered.state is SourceState.OK:
            answered.state, answered.error = SourceState.CHANGED, drift.drifted(place.source.name, gone[0])
            answered.warnings += [drift.drifted(place.source.name, field) for field in gone[1:]]
        if answered.named:
            said = drift.remembered(before, TOLD_FIELDS, answered.named, answered.filled)
            state.keep_fields(place.identity, said)


def record(state: State, places: Sequence[Place], keyword: str, health: Mapping[str, Health], finds: Iterable[Found]) -> None:
    """Remembers how every place answered, and how many of its finds deserved a look."""
    worthy: dict[str, int] = {}
    for found in finds:
        if found.assessment.level is not Level.NONE:
            worthy[found.place] = worthy.get(found.place, 0) + 1
    for name, one in health.items():
        field = one.error.params.get("field") if one.error else None
        state.record_health(name, one.state, one.error.key if one.error else None, field if isinstance(field, str) else None)
    for place in places:
        if place.identity and place.name in health and health[place.name].found:
            state.add_yield(place.identity, keyword, Yield(health[place.name].found, worthy.get(place.name, 0)))
