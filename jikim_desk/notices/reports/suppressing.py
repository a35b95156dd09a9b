"""Small numbers are left out of what goes to a council: four finds of a month may be one person whom somebody knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jikim_desk.figures.stages import Z95, wilson

FEWEST = 5
"""A count of one to four is not told."""
FEWEST_OF_SHARE = 20
"""No share is told of fewer."""
LEFT_OUT = "-"
"""Stands for what could be worked out, or would tell a small number."""


def count(number: int) -> str:
    """A number that stands by itself."""
    return f"<{FEWEST}" if 0 < number < FEWEST else f"{number:,}"


def column(counts: Mapping[str, int], *, last: Collection[str] = ()) -> dict[str, str]:
    """Numbers whose sum is told as well: more are left out until those that are missing cannot be worked out from the sum;
    those in `last`, which are told elsewhere too, only where no others are there."""
    hidden = {name for name, number in counts.items() if 0 < number < FEWEST}
    others = sorted((name in last, number, name) for name, number in counts.items() if number >= FEWEST)
    while hidden and others and (len(hidden) < 2 or sum(counts[name] for name in hidden) < FEWEST):
        hidden.add(others.pop(0)[-1])
    return {name: _left_out(number) if name in hidden else f"{number:,}" for name, number in counts.items()}


def are_told(*cells: str) -> bool:
    """Whether none of these is left out: only then may a share be told from which they could be worked out."""
    return not {LEFT_OUT, f"<{FEWEST}"} & set(cells)


def share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson's); a dash where it would tell a small number or stands on too few."""
    if whole < FEWEST_OF_SHARE or 0 < part < FEWEST or 0 < whole - part < FEWEST:
        return LEFT_OUT
    low, high = wilson(part / whole, whole, Z95)
    return f"{100 * part / whole:.1f} % ({100 * low:.1f}~{100 * high:.1f})"


def _left_out(number: int) -> str:
    return f"<{FEWEST}" if number < FEWEST else LEFT_OUT
