"""The entries of a feed: RSS 0.9 to 2.0, RSS 1.0 (RDF) and Atom, with Media RSS and iTunes' additions.

Read by libxml2 as far as broken markup goes, in time that grows with the length alone: nothing is fetched, no entity is
expanded, no depth is followed beyond libxml2's limit. Names count without their namespace, which many feeds forget to declare.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from itertools import islice
from typing import Any

from lxml import etree

from jikim.sources.dates import duration_s

ENTRY_CHARACTERS = 100_000
ENCLOSED_LIMIT = 200
ELEMENTS_LIMIT = 2_000
"""Of markup in one text; where there is more, only its words are read."""

_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_NUMBERED = re.compile(r"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?")
_XML_NAMED = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
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
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        readable = _numbered_characters(_named_characters(text.lstrip("\ufeff \t\r\n")))
        root = etree.fromstring(readable.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return None
    if root is None or _name(root) not in _ROOTS:
        return None
    found = islice((element for element in root.iter(etree.Element) if _name(element) in ("item", "entry")), limit)
    entries = tuple(_entry(element, is_atom=_name(root) == "feed") for element in found)
    return Feed(entries, any(error.level == etree.ErrorLevels.FATAL for error in parser.error_log))


def _named_characters(text: str) -> str:
    """Without a DTD, XML knows five names of characters; feeds use HTML's."""
    return _NAMED.sub(lambda name: name[0] if name[1] in _XML_NAMED else html5.get(name[1], name[0]), text)


def _numbered_characters(text: str) -> str:
    """Half a surrogate pair, written by its number, is no character. libxml2 lets it through and then nothing can read the
    element it stands in, so one post could hide all others of its feed."""
    return _NUMBERED.sub(lambda number: "\ufffd" if _is_half(number[1], 16) or _is_half(number[2], 10) else number[0], text)


def _is_half(digits: str | None, base: int) -> bool:
    return digits is not None and 0xD800 <= int(digits.lstrip("0")[:8] or "0", base) <= 0xDFFF


def _entry(element: Any, *, is_atom: bool) -> Entry:
    entry = Entry()
    for child in _parts(element):
        name = _name(child)
        if _is_media_rss(child):
            _read_media_rss(entry, name, child)
        elif name == "title":
            entry.title = entry.title or _markup(child, is_atom)
        elif name in ("description", "summary", "content", "encoded"):
            entry.texts.append(_markup(child, is_atom))
        elif name == "link":
            _read_link(entry, child)
        elif name in ("guid", "id"):
            entry.id = entry.id or _text(child)
        elif name in ("author", "creator"):
            entry.author = entry.author or next((_text(part) for part in child if _name(part) == "name"), _text(child))
        elif name in _PUBLISHED:
            entry.posted = entry.posted or _text(child)
        elif name in _CHANGED:
            entry.changed = entry.changed or _text(child)
        elif name == "enclosure":
            _read_media(entry, child.get("url", ""), child.get("type", ""))
        elif name == "duration":
            entry.duration_s = entry.duration_s or duration_s(_text(child))
        elif name == "image":
            entry.thumbnail_urls.append(child.get("href") or _text(child))
    return entry


def _parts(element: Any) -> Iterator[Any]:
    """The children of an entry, those of Media RSS's groups and contents among them; not those of an entry within it, as
    broken markup nests them."""
    for child in element.iterchildren(etree.Element):
        if _name(child) in ("item", "entry"):
            continue
        yield child
        if _is_media_rss(child) and _name(child) in ("group", "content"):
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
    address, relation = element.get("href") or _text(element), element.get("rel", "alternate")
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
        return str(etree.tostring(element, encoding="unicode", method="html", with_tail=False))[:ENTRY_CHARACTERS]
    text = _text(element)
    return html.escape(text) if is_atom and element.get("type", "text") in ("text", "text/plain") else text


def _text(element: Any) -> str:
    return "".join(islice(element.itertext(etree.Element), 1000))[:ENTRY_CHARACTERS].strip()


def _name(element: Any) -> str:
    """The local name, in lower case, whether or not its prefix was declared."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _is_media_rss(element: Any) -> bool:
    return "search.yahoo.com/mrss" in element.tag or element.tag.startswith("media:")
