"""A file of addresses, one a line, as a centre receives them. `#` starts a remark, empty lines are passed over.

Every address is one candidate; what stands at it is looked up when its turn comes. A line that is no address, or an address
that does not answer, becomes a warning and the rest is delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec

from jikim.errors import BadUse, FetchFailed, FetchRefused, JikimError, NotConfigured
from jikim.seams import Fetcher, SourceExample
from jikim.sources.candidates import is_new_enough
from jikim.sources.canonical import SHOWN_LIMIT, canonical, site
from jikim.sources.charsets import decoded
from jikim.sources.page import Visit
from jikim.sources.text import plain
from jikim.sources.trouble import Trouble, warn
from jikim.types import Candidate, Keyword

ADDRESSES_LIMIT = 10_000
FILE_BYTES_LIMIT = 16 * 2**20
WARNINGS_LIMIT = 1_000


class ListingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the path of the file; `addresses` are further ones. `extractors` says whether yt-dlp is asked."""

    url: str | None = None
    addresses: tuple[str, ...] = ()
    extractors: bool = True


class Line(NamedTuple):
    """A line that is an address, and where it stands, counted from 1."""

    number: int
    url: str


class ListingSource:
    name: ClassVar[str] = "listing"
    Config: ClassVar[type[msgspec.Struct]] = ListingConfig

    def __init__(self, config: ListingConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`; the keyword leaves nothing out, for each address was asked for.

        Raises BadUse for a file that cannot be read or holds no address, and the first failure where no address answered.
        """
        self.warnings = []
        self.verify(self._config)
        lines = self._lines()
        visit = Visit(self.name, keyword, self._fetcher, self._config.extractors, self.warnings)
        left = limit
        first_failure: JikimError | None = None
        answered = False
        trouble = Trouble()
        for line in lines:
            if left <= 0:
                break
            if trouble.leaves(site(line.url)):
                continue
            try:
                for found in visit.candidates(line.url, links_limit=0):
                    answered = True
                    if is_new_enough(found, since) and left > 0:
                        left -= 1
                        yield found
            except (FetchFailed, FetchRefused) as error:
                first_failure = first_failure or error
                trouble.note(site(line.url), error)
                warn(self.warnings, error, WARNINGS_LIMIT)
            else:
                trouble.is_over(site(line.url))
        for name, count in trouble.left.items():
            warn(self.warnings, FetchFailed("sources.host_left", where=name, count=count), WARNINGS_LIMIT)
        if first_failure and not answered:
            raise first_failure
        if left > 0 and (gone := trouble.of_all(site(line.url) for line in lines)):
            raise gone

    def _lines(self) -> list[Line]:
        lines, bad = addresses_in("\n".join(self._config.addresses))
        if self._config.url:
            from_file, bad_in_file = addresses_in(_text(Path(self._config.url)))
            known = {canonical(line.url) for line in lines}
            lines += [line for line in from_file if canonical(line.url) not in known]
            bad += bad_in_file
        for error in bad:
            warn(self.warnings, error, WARNINGS_LIMIT)
        if not lines:
            raise BadUse("sources.list_empty", where=self._config.url or "addresses")
        if len(lines) > ADDRESSES_LIMIT:
            raise _too_long(self._config.url or "addresses")
        return lines

    @classmethod
    def verify(cls, config: ListingConfig) -> None:
        """Raises NotConfigured without a file and without addresses."""
        if not config.url and not config.addresses:
            raise NotConfigured("sources.no_file", source=cls.name)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """A page, the same again written differently, and a picture that is not asked for before its turn to be fetched."""
        page, picture = "https://city.example/festival", "https://city.example/map.png"
        return [
            SourceExample(
                config={"addresses": (page, "HTTPS://CITY.example:443/festival#top", picture), "extractors": False},
                answers={page: "<!doctype html><title>가을 축제</title><p>공원에서 열립니다.".encode()},
                keyword=Keyword("축제"),
                native_ids=(page, picture),
            )
        ]


def addresses_in(text: str) -> tuple[list[Line], list[JikimError]]:
    """The addresses of a list, each canonical form once, in order, and one error for each line that is none."""
    lines: dict[str, Line] = {}
    bad: list[JikimError] = []
    for number, raw in enumerate(text.splitlines(), 1):
        address = raw.strip().removeprefix("\ufeff").strip()
        if not address or address.startswith("#"):
            continue
        address = address.split(" #", 1)[0].split("\t", 1)[0].strip()
        try:
            lines.setdefault(canonical(address), Line(number, address))
        except BadUse:
            bad.append(BadUse("sources.bad_line", line=number, where=plain(address, SHOWN_LIMIT) or "-"))
    return list(lines.values()), bad


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise BadUse("sources.list_unreadable", where=str(path)) from error
    if len(content) > FILE_BYTES_LIMIT:
        raise _too_long(str(path))
    return decoded(content)


def _too_long(where: str) -> BadUse:
    return BadUse("sources.list_too_long", where=where, limit=ADDRESSES_LIMIT, size_mib=FILE_BYTES_LIMIT // 2**20)
