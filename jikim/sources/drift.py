"""A place that said something of nearly every find and now says it of none has changed, though its answers can be read."""

from __future__ import annotations

from collections.abc import Mapping

from jikim.errors import SourceChanged

ENOUGH_BEFORE = 30
ENOUGH_NOW = 8
"""Finds that make a habit, and finds that break one."""
NEARLY_ALL = 0.9
KEPT = 1_000
"""Finds that are remembered of a place: beyond that all count half."""

Said = Mapping[str, tuple[int, int]]
"""Field -> how many finds were named, and of how many it was said."""


def moved(before: Said, named: int, filled: Mapping[str, int]) -> list[str]:
    """The fields that a place said of nearly all finds `before` and of none of the `named` ones."""
    if named < ENOUGH_NOW:
        return []
    return [
        field
        for field, (count, said) in before.items()
        if count >= ENOUGH_BEFORE and said >= NEARLY_ALL * count and not filled.get(field, 0)
    ]


def remembered(before: Said, fields: tuple[str, ...], named: int, filled: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """What is known of a place after it named some more. What has moved is not learned: it stays a change until it is back or
    a person accepts it."""
    gone = moved(before, named, filled)
    known: dict[str, tuple[int, int]] = {}
    for field in fields:
        count, said = before.get(field, (0, 0))
        if field not in gone:
            count, said = count + named, said + filled.get(field, 0)
        while count > KEPT:
            count, said = count // 2, said // 2
        known[field] = count, said
    return known


RECIPE_LINES = {
    "author_ref": "fields.author",
    "posted_at": "fields.posted",
    "media_urls": "fields.media",
    "thumbnail_urls": "fields.thumbnail",
    "duration_s": "fields.duration",
    "title": "fields.title",
    "text": "fields.text",
}


def drifted(source: str, field: str) -> SourceChanged:
    """The error that says which field is gone, and what to do: mend the recipe, or look whether the place still says it."""
    if source == "recipe":
        return SourceChanged("sources.recipe_line_silent", field=RECIPE_LINES.get(field, field))
    return SourceChanged("sources.field_gone", field=field)
