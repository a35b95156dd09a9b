"""How the places answer: the last word of each, from the sweeps that asked. A place that is silent must never look clean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jikim.commands.places import parsed
from jikim.types import SourceState
from jikim_desk.records.models import Sweep, SweepKind

ASKED_LATELY = 200
"""Sweeps that are looked back on."""
WELL = (SourceState.OK, SourceState.EMPTY)
_GRAVITY = list(SourceState)


@dataclass(frozen=True, slots=True)
class PlaceHealth:
    """How one place answered last. `place` is as `jikim sweep --source` takes it; `error` a message key; `failures` how many
    times in a row it has not answered well; `answered_at` when it last did."""

    place: str
    state: str
    found: int
    error: str
    asked_at: datetime
    answered_at: datetime | None
    failures: int
    field: str = ""
    """What it says otherwise than before: a path in its answer or a line of its recipe."""

    @property
    def is_well(self) -> bool:
        """Whether it gave an honest answer."""
        return self.state in WELL


def health() -> list[PlaceHealth]:
    """Every place that was asked lately, the worst first."""
    rows = Sweep.objects.exclude(kind=SweepKind.REPORTED).exclude(ended_at=None).order_by("-ended_at")
    told: dict[str, list[tuple[datetime, dict[str, object]]]] = {}
    for places, answers, ended_at in rows.values_list("places", "health", "ended_at")[:ASKED_LATELY]:
        for place, label in labelled(places):
            if label in answers and ended_at is not None:
                told.setdefault(place, []).append((ended_at, answers[label]))
    found = [_health(place, answers) for place, answers in told.items()]
    return sorted(found, key=lambda one: (-_GRAVITY.index(SourceState(one.state)), one.place))


def labelled(places: list[str]) -> list[tuple[str, str]]:
    """Each place with the name under which a sweep tells of it: `feed`, `feed:2`."""
    counts: dict[str, int] = {}
    found = []
    for place in places:
        name = parsed(place)[0]
        counts[name] = counts.get(name, 0) + 1
        found.append((place, name if counts[name] == 1 else f"{name}:{counts[name]}"))
    return found


def _health(place: str, answers: list[tuple[datetime, dict[str, object]]]) -> PlaceHealth:
    asked_at, last = answers[0]
    well = [at for at, answer in answers if answer.get("state") in WELL]
    failures = next((number for number, (_, answer) in enumerate(answers) if answer.get("state") in WELL), len(answers))
    found = last.get("found")
    return PlaceHealth(
        place=place,
        state=str(last.get("state") or SourceState.SLOW),
        found=found if isinstance(found, int) else 0,
        error=str(last.get("error") or ""),
        asked_at=asked_at,
        answered_at=well[0] if well else None,
        failures=failures,
        field=str(last.get("field") or ""),
    )
