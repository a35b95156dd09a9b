"""Page after page of a search, bounded however the place pages: for ever, the same again, or with results that move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from jikim.errors import JikimError, SourceChanged
from jikim.sources.candidates import is_new_enough
from jikim.types import Candidate

PAGES_LIMIT = 50
"""How many pages one search reads: 300 candidates are 30 pages of ten, the smallest pages there are."""


Mark = Mapping[str, str | int]
"""Where a page begins: the query parameters that ask for it, `{"offset": 40}` or `{"cursor": "..."}`."""


class Page(NamedTuple):
    """What the page at `url` names, in its order, and the mark of the next one, None after the last."""

    url: str
    found: Sequence[Candidate]
    following: Mark | None


def paged(
    first: Mark,
    page_at: Callable[[Mark], Page],
    since: datetime | None,
    limit: int,
    warnings: list[JikimError],
    *,
    newest_first: bool = False,
) -> Iterator[Candidate]:
    """At most `limit` candidates of the pages from `first` on, each once, none posted before `since`.

    Stops with a warning where a page repeats what was named before, where two pages in a row are empty though more are
    promised, and after `PAGES_LIMIT` pages. With `newest_first` a page that is older than `since` as a whole is the last.
    Raises what `page_at` raises; what was yielded before stands.
    """
    mark, left, was_empty = first, limit, False
    seen: set[str] = set()
    for _ in range(PAGES_LIMIT):
        if left <= 0:
            return
        page = page_at(mark)
        fresh = {found.id: found for found in page.found if found.id not in seen}
        if not fresh and page.following is not None and (page.found or was_empty):
            warnings.append(SourceChanged("sources.repeated_page", where=page.url))
            return
        seen.update(fresh)
        wanted = [found for found in fresh.values() if is_new_enough(found, since)][:left]
        left -= len(wanted)
        yield from wanted
        if page.following is None or (newest_first and fresh and not wanted):
            return
        mark, was_empty = page.following, not fresh
    if left > 0:
        warnings.append(SourceChanged("sources.too_many_pages", where=page.url, limit=PAGES_LIMIT))
