"""Every kind of place of the catalogue with a server that answers as it does: a new kind is not complete without its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from jikim.fetching import SafeFetcher
from jikim.seams import SOURCES, Source, configured, plugin
from tests.flow import portals
from tests.flow.interfaces import TOKEN, Interface, bluesky, mastodon, mediawiki, searxng
from tests.flow.portals import KEY

_NUMBER = re.compile(r"(?:[/ ]|v0*)(\d+)\Z")
FORUM = """\
search = "{url}/find?q={{query}}&page={{page}}"
results = "li.row"
[fields]
url = "a@href"
title = "a"
posted = "time"
"""


class Kind(NamedTuple):
    """How a place is set up beside its address (`named` makes that from its server's, in a folder of the test's own), what its
    server speaks, and how many results a page of it has; 0 where there are no pages."""

    name: str
    interface: Interface
    speaks: str
    settings: dict[str, Any]
    named: Callable[[str, Path], str]
    page_size: int = 0

    @property
    def key(self) -> str | None:
        """The setting that is a key."""
        return next((field for field in ("key", "token") if field in self.settings), None)

    def source(self, url: str, folder: Path, fetcher: SafeFetcher, **more: Any) -> Source:
        """The place as it is searched."""
        kind = plugin(SOURCES, self.name)
        made: Source = kind(
            configured(kind.Config, {**self.settings, **more, "url": self.named(url, folder)}, self.name), fetcher
        )
        return made


def _itself(url: str, folder: Path) -> str:
    return url


def _beneath(path: str) -> Callable[[str, Path], str]:
    return lambda url, folder: f"{url}{path}"


def _recipe(url: str, folder: Path) -> str:
    file = folder / "forum.toml"
    file.write_text(FORUM.format(url=url), "utf-8")
    return str(file)


def _list(url: str, folder: Path) -> str:
    file = folder / "addresses.txt"
    file.write_text("".join(f"{url}/page/{number}\n" for number in range(12, 0, -1)), "utf-8")
    return str(file)


def number_of(native_id: str) -> int | None:
    """The number of a post, whatever the place calls it; None for a page that is none."""
    found = _NUMBER.search(native_id)
    return int(found[1]) if found else None


KEYS = {"key_id": "id-7", "key": KEY}
EVERY = (
    Kind("searxng", searxng, "json", {}, _itself, 10),
    Kind("mastodon", mastodon, "json", {"token": TOKEN}, _itself, 40),
    Kind("bluesky", bluesky, "json", {}, _itself, 100),
    Kind("mediawiki", mediawiki, "json", {}, _itself, 50),
    Kind("naver", portals.naver, "json", {**KEYS, "services": ["news"]}, _itself, 100),
    Kind("kakao", portals.kakao, "json", {"key": KEY, "services": ["web"]}, _itself, 50),
    Kind("youtube", portals.youtube, "json", {"key": KEY, "searches": 20}, _itself, 50),
    Kind("peertube", portals.peertube, "json", {}, _itself, 100),
    Kind("feed", portals.feed, "xml", {}, _beneath("/feed")),
    Kind("sitemap", portals.sitemap, "xml", {}, _itself),
    Kind("recipe", portals.site, "html", {}, _recipe, 10),
    Kind("page", portals.site, "html", {}, _beneath("/")),
    Kind("crawl", portals.site, "html", {}, _beneath("/")),
    Kind("listing", portals.site, "html", {}, _list),
)
CATALOGUE = {kind.name: kind for kind in EVERY}
