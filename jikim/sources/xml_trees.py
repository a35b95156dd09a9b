"""XML as places write it, broken markup too, read by libxml2 in time that grows with the length alone: nothing is fetched, no
entity is expanded, no depth is followed beyond libxml2's limit."""

from __future__ import annotations

import re
from html.entities import html5
from itertools import islice
from typing import Any, NamedTuple

from lxml import etree

TEXT_CHARACTERS = 100_000

_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_NUMBERED = re.compile(r"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?")
_XML_NAMED = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


class Tree(NamedTuple):
    """`is_damaged`: the markup was broken and something may be lost."""

    root: Any
    is_damaged: bool


def xml_tree(text: str) -> Tree | None:
    """The tree of a document as far as it goes; None for what is no markup at all."""
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
    if root is None:
        return None
    return Tree(root, any(error.level == etree.ErrorLevels.FATAL for error in parser.error_log))


def local_name(element: Any) -> str:
    """The local name, in lower case, whether or not its prefix was declared."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def element_text(element: Any) -> str:
    """The text of an element and what stands in it, at most `TEXT_CHARACTERS`."""
    return "".join(islice(element.itertext(etree.Element), 1000))[:TEXT_CHARACTERS].strip()


def _named_characters(text: str) -> str:
    """Without a DTD, XML knows five names of characters; feeds use HTML's."""
    return _NAMED.sub(lambda name: name[0] if name[1] in _XML_NAMED else html5.get(name[1], name[0]), text)


def _numbered_characters(text: str) -> str:
    """Half a surrogate pair, written by its number, is no character. libxml2 lets it through and then nothing can read the
    element it stands in, so one post could hide all others of its feed."""
    return _NUMBERED.sub(lambda number: "\ufffd" if _is_half(number[1], 16) or _is_half(number[2], 10) else number[0], text)


def _is_half(digits: str | None, base: int) -> bool:
    return digits is not None and 0xD800 <= int(digits.lstrip("0")[:8] or "0", base) <= 0xDFFF
