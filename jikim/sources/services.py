"""A place with several searches of its own: the web, blogs, clips. They share one limit and fail one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from jikim.errors import JikimError
from jikim.sources.paging import Mark, Page, paged
from jikim.types import Candidate

_Service = TypeVar("_Service")


def each_service(
    services: Sequence[_Service],
    first: Mark,
    page_at: Callable[[_Service, Mark], Page],
    since: datetime | None,
    limit: int,
    warnings: list[JikimError],
) -> Iterator[Candidate]:
    """What the pages `page_at(service, mark)` from `first` on name for each of `services`: each candidate once, `limit` in all.

    What one leaves of its share goes to the next. A service that fails becomes a warning; raises the error of the first one
    where none answered.
    """
    seen: set[str] = set()
    left = limit
    failed: list[JikimError] = []
    for number, service in enumerate(services):
        share = -(-left // (len(services) - number))
        try:
            for found in paged(first, partial(page_at, service), since, share, warnings):
                if found.id not in seen:
                    seen.add(found.id)
                    left -= 1
                    yield found
        except JikimError as error:
            failed.append(error)
    if len(failed) == len(services):
        raise failed[0]
    warnings += failed
