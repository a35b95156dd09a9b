"""The entries of a feed: RSS 0.9 to 2.0, RSS 1.0 (RDF) and Atom, with Media RSS and iTunes' additions.

Names count without their namespace, which many feeds forget to declare.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree

from jikim.sources.dates import duration_s
from jikim.sources.xml_trees import TEXT_CHARACTERS, element_text, local_name, xml_tree

ENCLOSED_LIMIT = 200
ELEMENTS_LIMIT = 2_000
"""Of markup in one text; where there is more, only its words are read."""

_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_MEDIA_TYPES = ("image/", "video/", "audio/", "application/octet-stream")
_PUBLISHED = frozenset({"pubdate", "published", "date", "issued", "created"})
_CHANGED = frozenset({"updated", "modified"})


@dataclass(slots=True)
class Entry:
    """One entry as the feed says it, addresses as they stand there. `title` and `texts` are HTML."""

    id: str = ""
    link: str = ""
    title: str = ""
    texts: list[str] = field(default_factory=list)
    author: str = ""
    posted: str = ""
    changed: str = ""
    duration_s: float | None = None
    media_urls: list[str] = field(default_factory=list)
    thumbnail_urls: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Feed:
    """`is_damaged`: its markup was broken and something may be lost."""

    entries: tuple[Entry, ...]
    is_damaged: bool


def feed_entries(text: str, limit: int) -> Feed | None:
    """The first `limit` entries of a feed; None for what is no feed at all."""
    tree = xml_tree(text)
    if tree is None or local_name(tree.root) not in _ROOTS:
        return None
    root = tree.root
    found = islice((element for element in root.iter(etree.Element) if local_name(element) in ("item", "entry")), limit)
    entries = tuple(_entry(element, is_atom=local_name(root) == "feed") for element in found)
    return Feed(entries, tree.is_damaged)


def _entry(element: Any, *, is_atom: bool) -> Entry:
    entry = Entry()
    for child in _parts(element):
        name = local_name(child)
        if _is_media_rss(child):
            _read_media_rss(entry, name, child)
        elif name == "title":
            entry.title = entry.title or _markup(child, is_atom)
        elif name in ("description", "summary", "content", "encoded"):
            entry.texts.append(_markup(child, is_atom))
        elif name == "link":
            _read_link(entry, child)
        elif name in ("guid", "id"):
            entry.id = entry.id or element_text(child)
        elif name in ("author", "creator"):
            entry.author = entry.author or next(
                (element_text(part) for part in child if local_name(part) == "name"), element_text(child)
            )
        elif name in _PUBLISHED:
            entry.posted = entry.posted or element_text(child)
        elif name in _CHANGED:
            entry.changed = entry.changed or element_text(child)
        elif name == "enclosure":
            _read_media(entry, child.get("url", ""), child.get("type", ""))
        elif name == "duration":
            entry.duration_s = entry.duration_s or duration_s(element_text(child))
        elif name == "image":
            entry.thumbnail_urls.append(child.get("href") or element_text(child))
    return entry


def _parts(element: Any) -> Iterator[Any]:
    """The children of an entry, those of Media RSS's groups and contents among them; not those of an entry within it, as
    broken markup nests them."""
    for child in element.iterchildren(etree.Element):
        if local_name(child) in ("item", "entry"):
            continue
        yield child
        if _is_media_rss(child) and local_name(child) in ("group", "content"):
            yield from _parts(child)


def _read_media_rss(entry: Entry, name: str, element: Any) -> None:
    if name == "content":
        _read_media(entry, element.get("url", ""), element.get("type", ""))
        entry.duration_s = entry.duration_s or duration_s(element.get("duration"))
    elif name == "thumbnail":
        entry.thumbnail_urls.append(element.get("url", ""))
    elif name == "description":
        entry.texts.append(_markup(element, is_atom=False))


def _read_link(entry: Entry, element: Any) -> None:
    """RSS writes the address as text, Atom as an attribute."""
    address, relation = element.get("href") or element_text(element), element.get("rel", "alternate")
    if relation == "enclosure":
        _read_media(entry, address, element.get("type", ""))
    elif relation == "alternate":
        entry.link = entry.link or address


def _read_media(entry: Entry, address: str, content_type: str) -> None:
    is_media = not content_type or content_type.strip().lower().startswith(_MEDIA_TYPES)
    if address and is_media and len(entry.media_urls) < ENCLOSED_LIMIT:
        entry.media_urls.append(address)


def _markup(element: Any, is_atom: bool) -> str:
    """The content of an element as HTML. Atom says when it is plain text; RSS does not, and its titles hold markup too."""
    if 0 < sum(1 for _ in islice(element.iterdescendants(etree.Element), ELEMENTS_LIMIT)) < ELEMENTS_LIMIT:
        return str(etree.tostring(element, encoding="unicode", method="html", with_tail=False))[:TEXT_CHARACTERS]
    text = element_text(element)
    return html.escape(text) if is_atom and element.get("type", "text") in ("text", "text/plain") else text


def _is_media_rss(element: Any) -> bool:
    return "search.yahoo.com/mrss" in element.tag or element.tag.startswith("media:")
