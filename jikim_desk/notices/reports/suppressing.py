"""Small numbers are left out of what goes to a council: four finds of a month may be one person whom somebody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jikim_desk.figures.stages import Z95, wilson

FEWEST = 5
"""A count of one to four is not told."""
FEWEST_OF_SHARE = 20
"""No share is told of fewer."""


def count(number: int) -> str:
    """A number that stands by itself."""
    return f"<{FEWEST}" if 0 < number < FEWEST else f"{number:,}"


def column(counts: Sequence[int]) -> list[str]:
    """Numbers whose sum is told as well: more are left out until those that are missing cannot be worked out from the sum."""
    hidden = {place for place, number in enumerate(counts) if 0 < number < FEWEST}
    others = sorted((number, place) for place, number in enumerate(counts) if number >= FEWEST)
    while hidden and others and (len(hidden) < 2 or sum(counts[place] for place in hidden) < FEWEST):
        hidden.add(others.pop(0)[1])
    return [_left_out(number) if place in hidden else f"{number:,}" for place, number in enumerate(counts)]


def table(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """As `column`, with the names."""
    return list(zip(counts, column(list(counts.values())), strict=True))


def share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson's); a dash where it would tell a small number or stands on too few."""
    if whole < FEWEST_OF_SHARE or 0 < part < FEWEST or 0 < whole - part < FEWEST:
        return "-"
    low, high = wilson(part / whole, whole, Z95)
    return f"{100 * part / whole:.1f} % ({100 * low:.1f}~{100 * high:.1f})"


def _left_out(number: int) -> str:
    return f"<{FEWEST}" if number < FEWEST else "-"
