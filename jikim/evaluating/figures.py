"""What a task is, what was observed of its items, and the figures that come of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from jikim.evaluating.manifest import Line
from jikim.evaluating.metrics import Estimate
from jikim.scan import Look
from jikim.types import Cue, JsonValue

Truth = TypeVar("Truth")

EVERY = "assessment"
"""In place of an analyzer's name: all of them, and what is made of their cues."""


@dataclass(frozen=True, slots=True)
class Observed(Generic[Truth]):
    """One item: what is true of it, the group it belongs to, and what one analyzer noticed in it."""

    truth: Truth
    group: str
    look: Look

    def cues(self, name: str) -> list[Cue]:
        """The cues of one name, in the order they were noticed."""
        return [cue for cue in self.look.cues if cue.name == name]


@dataclass(frozen=True, slots=True)
class Figures:
    """Metrics by name, the same by dimension and group, and drawings (SVG) by name."""

    metrics: Mapping[str, JsonValue]
    by_group: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    plots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task(Generic[Truth]):
    """One kind of measurement.

    `analyzer` is measured with `settings` over those in force, so that it shows every score and not only those above its
    threshold. `needs` are columns of the manifest, `one_of` columns of which one is needed. `read` gives a line's truth, None
    for a line that is not for this task, or raises BadLine. `is_text` tasks may have their words in a column `text`.
    A task whose analyzer is `EVERY` is measured with all analyzers together, words of a column `text` read beside the file.
    """

    name: str
    analyzer: str
    needs: Collection[str]
    read: Callable[[Line], Truth | None]
    figures: Callable[[Sequence[Observed[Truth]]], Figures]
    one_of: Collection[str] = ()
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    is_text: bool = False


def shown(estimate: Estimate | float | None) -> JsonValue:
    """A figure as JSON: `{"value", "low", "high"}` with its 95 % interval, a plain number, or null where there is none."""
    if isinstance(estimate, Estimate):
        return {name: round(getattr(estimate, name), 4) for name in ("value", "low", "high")}
    return None if estimate is None else round(estimate, 4)


def grouped(
    observed: Iterable[Observed[Truth]],
    name_of: Callable[[Observed[Truth]], str],
    figures: Callable[[Sequence[Observed[Truth]]], Mapping[str, JsonValue]],
) -> dict[str, JsonValue]:
    """The figures of each group apart, with its size `n`; items without a group are left out."""
    groups: dict[str, list[Observed[Truth]]] = {}
    for one in observed:
        if name := name_of(one):
            groups.setdefault(name, []).append(one)
    return {name: {"n": len(groups[name]), **figures(groups[name])} for name in sorted(groups)}


def by_named_group(
    observed: Sequence[Observed[Truth]], figures: Callable[[Sequence[Observed[Truth]]], Mapping[str, JsonValue]]
) -> dict[str, Mapping[str, JsonValue]]:
    """The dimension `group` where the manifest names groups."""
    named = grouped(observed, lambda one: one.group, figures)
    return {"group": named} if named else {}
