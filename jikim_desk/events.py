"""What happens in one sweep, as the thread that finds tells it to the one that keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jikim.assessing import assess
from jikim.scan import Look, failure_remarks
from jikim.sweep import Found, Health
from jikim.types import Candidate, Capture, JsonValue, Reason, SourceState

Answer = Mapping[str, Mapping[str, JsonValue]]
"""NAME -> {"state": ..., "found": ..., "error": message key or ""}: how each place answered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A place named a candidate; `place` is the name under which it is known in this sweep."""

    candidate: Candidate
    place: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Something was fetched and sealed."""

    url: str
    capture: Capture


@dataclass(frozen=True, slots=True)
class Looked:
    """A find as it stands, and the looks that need not be taken again, by step."""

    found: Found
    looks: Mapping[str, Sequence[Look]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """All places have answered for one keyword, or one address was visited; everything they named was told before."""

    number: str


@dataclass(frozen=True, slots=True)
class Asked:
    """All places have answered for everything, or are late."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything was looked at, or `error` stopped it."""

    error: BaseException | None = None


Event = Seen | Fetched | Looked | Answered | Asked | Ended


def in_transactions(batch: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in order, each final find alone: it takes its turn at the chain and locks its copies, and lets go at once."""
    together: list[Event] = []
    for event in batch:
        if isinstance(event, Looked) and event.found.is_final:
            if together:
                yield together
            yield [event]
            together = []
        else:
            together.append(event)
    if together:
        yield together


def as_it_stands(candidate: Candidate, found: Found | None, *, is_test: bool) -> Looked:
    """What is known of a find that was not looked at to the end."""
    look = found.look if found else Look()
    remarks = failure_remarks(look.failures)
    if candidate.media_urls:
        remarks.append(Reason("reason.not_read" if look.media else "reason.not_looked_at", {}, 0.0, ()))
    made = assess(candidate.id, look.cues, remarks=remarks, has_failures=bool(look.failures), is_test=is_test)
    return Looked(Found(candidate, look, made, is_final=True))


WORST_FIRST = tuple(state.value for state in reversed(SourceState) if state is not SourceState.EMPTY)
"""A place that found something for one keyword and nothing for another answered well."""


def told(health: Mapping[str, Health]) -> Answer:
    """How each place answered, as it is kept."""
    return {
        name: {
            "state": one.state.value,
            "found": one.found,
            "error": one.error.key if one.error else "",
            "field": str(one.error.params.get("field", "")) if one.error else "",
        }
        for name, one in health.items()
    }


def together(answers: Iterable[Answer]) -> Answer:
    """How each place answered over all keywords: the worst of its states, everything it found, its first error."""
    each: dict[str, list[Mapping[str, JsonValue]]] = {}
    for answer in answers:
        for name, one in answer.items():
            each.setdefault(name, []).append(one)
    return {
        name: {
            "state": next((state for state in WORST_FIRST if any(one["state"] == state for one in ones)), "empty"),
            "found": sum(one["found"] for one in ones),
            "error": next((one["error"] for one in ones if one["error"]), ""),
            "field": next((one["field"] for one in ones if one.get("field")), ""),
        }
        for name, ones in each.items()
    }
