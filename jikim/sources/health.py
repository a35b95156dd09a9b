"""What the state of a place asks of people."""

from __future__ import annotations

from jikim.types import SourceState

WELL = (SourceState.OK, SourceState.EMPTY)


def todo_of(state: str) -> str | None:
    """The key of the sentence that says what to do about a place in that state; None where there is nothing to do."""
    return None if state in WELL else f"sources.todo.{SourceState(state)}"
