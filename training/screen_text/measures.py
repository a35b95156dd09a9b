"""How much of a text is read wrongly."""

from __future__ import annotations


def edits(one: str, other: str) -> int:
    """The edit distance: how many signs must be put in, left out or replaced."""
    before = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        here = [place]
        for column, there in enumerate(other, 1):
            here.append(min(before[column] + 1, here[-1] + 1, before[column - 1] + (letter != there)))
        before = here
    return before[-1]


def error_rate(read: list[str], true: list[str]) -> float:
    """Mistakes by signs, blanks not counted: in a line at most as many as it has signs, where it has none at most one."""
    said, meant = (["".join(text.split()) for text in texts] for texts in (read, true))
    wrong = sum(min(edits(a, b), max(len(b), 1)) for a, b in zip(said, meant, strict=True))
    return wrong / max(sum(map(len, meant)), 1)
