"""How a candidate is made: bounded, cleaned, its id from its content. Every source makes its candidates here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from jikim.sources.canonical import canonical, resolved
from jikim.sources.dates import posted_at
from jikim.sources.text import plain
from jikim.types import Candidate, Keyword, candidate_id

TITLE_LIMIT = 300
TEXT_LIMIT = 20_000
AUTHOR_LIMIT = 200
MEDIA_LIMIT = 100


def candidate(
    source: str,
    native_id: str,
    keyword: Keyword,
    found_at: datetime,
    *,
    url: str,
    title: str = "",
    text: str = "",
    author_ref: str | None = None,
    media_urls: Iterable[str] = (),
    thumbnail_urls: Iterable[str] = (),
    duration_s: float | None = None,
    posted: str | float | datetime | None = None,
) -> Candidate:
    """A candidate whose addresses are absolute and named once; a thumbnail that is also media is named as media alone.

    Addresses that cannot be opened are left out; titles are cut at `TITLE_LIMIT` and text at `TEXT_LIMIT` characters.
    """
    media = addresses(url, media_urls)
    return Candidate(
        id=candidate_id(source, native_id),
        source=source,
        native_id=native_id,
        url=url,
        title=plain(title, TITLE_LIMIT),
        text=plain(text, TEXT_LIMIT),
        author_ref=(plain(author_ref, AUTHOR_LIMIT) or None) if author_ref else None,
        media_urls=media,
        keyword=keyword,
        posted_at=posted_at(posted, found_at),
        found_at=found_at,
        thumbnail_urls=tuple(address for address in addresses(url, thumbnail_urls) if address not in media),
        duration_s=duration_s,
    )


def addresses(base: str, references: Iterable[str]) -> tuple[str, ...]:
    """The absolute addresses that can be opened, in order, each canonical form once, at most `MEDIA_LIMIT`."""
    found: dict[str, str] = {}
    for reference in references:
        if len(found) < MEDIA_LIMIT and (address := resolved(base, reference)):
            found.setdefault(canonical(address), address)
    return tuple(found.values())


def is_new_enough(found: Candidate, since: datetime | None) -> bool:
    """Whether it was posted at `since` or later, or nobody said when."""
    return since is None or found.posted_at is None or found.posted_at >= since
