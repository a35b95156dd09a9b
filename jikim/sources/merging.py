"""One thing that several places name is one find, known before anything of it is fetched.

By its page's canonical address, by its media's canonical addresses, and on one site by its title where author, time or length
say the same. When in doubt two finds stay two: nothing is lost by looking twice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterator

from jikim.sources.canonical import canonical, site
from jikim.types import Candidate

TITLE_LENGTH = 8
"""Characters: what is shorter names many things."""


class Merging:
    """What was named in one search. Posts of one place may share an address or a picture: they stay what the place says they
    are."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._named_by: dict[Hashable, str] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def is_new(self, place: str, found: Candidate) -> bool:
        """Whether neither this place named `found` before nor another one the same thing; it is known from now on."""
        if found.id in self._ids:
            return False
        marks = list(_marks(found))
        if any(self._named_by.get(mark, place) != place for mark in marks):
            return False
        self._ids.add(found.id)
        for mark in marks:
            self._named_by.setdefault(mark, place)
        return True


def _marks(found: Candidate) -> Iterator[Hashable]:
    yield "page", canonical(found.url)
    if found.media_urls:
        yield "media", tuple(sorted(canonical(url) for url in found.media_urls))
    title = "".join(unicodedata.normalize("NFKC", found.title).casefold().split())
    details = (found.posted_at, found.duration_s, found.author_ref)
    if len(title) >= TITLE_LENGTH:
        host = site(found.url).removeprefix("m.")
        yield from (("title", host, title, number, said) for number, said in enumerate(details) if said is not None)
