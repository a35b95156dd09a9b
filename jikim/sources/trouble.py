"""Sites that do not answer, or say that it is too much: left alone for this time, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from jikim.errors import FetchFailed, JikimError
from jikim.sources.health import is_silence

FAILURES_IN_A_ROW = 5
"""A site that fails so often in a row is left alone for this time."""
TOO_MANY = 429


def warn(warnings: list[JikimError], error: JikimError, most: int) -> None:
    """Adds a warning: of many the first `most`, and one that says that something was not read, if there is any."""
    if len(warnings) < most or (is_silence(error) and not any(map(is_silence, warnings))):
        warnings.append(error)


class Trouble:
    """Of each site, by its name, how often in a row it failed as a whole; a page of it that is gone or refused is no such
    failure. `left` counts what was not asked of it any more."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()
        self._last: dict[str, JikimError] = {}
        self.left: Counter[str] = Counter()

    def note(self, site: str, error: JikimError) -> None:
        """Counts a failure; one who says "too many" is left at once."""
        if not isinstance(error, FetchFailed) or (error.status is not None and error.status < 500 and error.status != TOO_MANY):
            self.is_over(site)
            return
        self._last[site] = error
        self._failures[site] += FAILURES_IN_A_ROW if error.status == TOO_MANY else 1

    def is_over(self, site: str) -> None:
        """The site has answered."""
        self._failures[site] = 0

    def of_all(self, sites: Iterable[str]) -> JikimError | None:
        """How the first of `sites` failed last, where each of them did so when it was last asked."""
        named = list(dict.fromkeys(sites))
        return self._last[named[0]] if named and all(self._failures[site] for site in named) else None

    def leaves(self, site: str) -> bool:
        """Whether the site is left alone; counts what it is then not asked for."""
        is_left = self._failures[site] >= FAILURES_IN_A_ROW
        if is_left:
            self.left[site] += 1
        return is_left
