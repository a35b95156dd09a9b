"""What one run leaves for the next: how every place answered, what it said of its finds, and what they were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jikim.sources import budgets, drift
from jikim.sources.canonical import site
from jikim.sources.markup import kind_by_ending
from jikim.state import State, Yield
from jikim.sweep import TOLD_FIELDS, Found, Health, Place
from jikim.types import Level, SourceState
from jikim.vault import Vault


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


HOSTS = "found_host"
"""Under which table the names of hosts are sealed."""
HOSTS_A_SWEEP = 200


def record_hosts(vault: Vault, state: State, places: Sequence[Place], finds: Iterable[Found]) -> None:
    """Remembers at which hosts a sweep's finds stand that nobody asked for them: sealed, for a person to decide about."""
    own = {place.host for place in places}
    practice = {place.name for place in places if place.is_practice}
    seen: dict[str, list[Found]] = {}
    for found in finds:
        if found.place not in practice and (host := site(found.candidate.url)) not in own:
            seen.setdefault(host, []).append(found)
    for host, at_it in sorted(seen.items(), key=lambda one: -len(one[1]))[:HOSTS_A_SWEEP]:
        reference = vault.reference("host", host)
        worthy = sum(found.assessment.level is not Level.NONE for found in at_it)
        sealed = vault.seal_field(HOSTS, reference, "host", host)
        state.add_host(reference, sealed, _kind(at_it), Yield(len(at_it), worthy))


def _kind(finds: Sequence[Found]) -> str:
    """What a host mostly holds, as far as its finds tell."""
    told = [one.candidate for one in finds]
    if any(one.duration_s or any(kind_by_ending(url) == "video" for url in one.media_urls) for one in told):
        return "video"
    return "picture" if any(kind_by_ending(url) == "image" for one in told for url in one.media_urls) else "page"
