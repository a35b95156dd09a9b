"""Somebody else's words made harmless: HTML as words alone, nothing that steers a screen, what they quote of us left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from lxml import etree, html

from jikim.messages import readable

TEXT_MAX = 100_000
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe", "form"})
_BREAKING = frozenset({"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "hr", "pre"})
_CELLS = frozenset({"td", "th"})
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:\.0*)?(?![.\d])",  # 0.9em is seen
    re.I,
)
_QUOTE_BEGINS = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|original nachricht|원본 메[일시]지?|forwarded message|原始邮件|原始郵件|"
    r"元のメッセージ|исходное сообщение|mensaje original|thư gốc).*"
    r"|_{10,}"
    r"|(?:on|el|am|le)\s.{4,200}(?:wrote|escribió|schrieb|écrit)\s*:"
    r"|.{4,200}(?:님이 작성|님의 말|のメール|写道|寫道|wrote|пишет|написал\(?а?\)?|đã viết)\s*[:：]"
    r"|(?:from|보낸 ?사람|差出人|发件人|寄件者|от кого|от|de|từ)\s*[:：]\s.*@.*)\s*",
    re.I,
)


def from_html(text: str) -> str:
    """The words of an HTML part, in their order. Nothing is fetched, links are their words, what is hidden is left out."""
    try:
        root = html.document_fromstring(text[: 4 * TEXT_MAX].replace("\0", ""))
    except (etree.LxmlError, ValueError):
        return ""  # without a single element
    pieces: list[str] = []
    skipped: etree._Element | None = None
    quoted = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        is_start = event == "start"
        if skipped is element and event == "end":
            skipped = None
        elif skipped is not None:
            continue
        elif is_start and (element.tag in _UNSEEN or _is_hidden(element)):
            skipped = element
            continue
        elif element.tag == "blockquote":
            quoted += 1 if is_start else -1
        if element.tag in _BREAKING:
            pieces.append("\n" + "> " * quoted)
        elif element.tag in _CELLS:
            pieces.append(" ")
        pieces.append(_flat(element.text if is_start else element.tail))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join("" if set(line) <= {">", " "} else line for line in lines)).strip()


def plain(text: str) -> str:
    """Text of several lines as a page may show it: cut, without control characters, what would turn the direction escaped."""
    lines = text[:TEXT_MAX].replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    return "\n".join(readable(line.rstrip()) for line in lines).strip("\n")


def line(text: str, limit: int = 300) -> str:
    """Text of one line as a page may show it."""
    return readable(" ".join(text.split())[:limit])


def turns(text: str) -> bool:
    """Whether something in it turns the direction of writing, or cannot be seen."""
    return any(unicodedata.category(one) in ("Cf", "Cc") for one in text)


def own_words(text: str, ours: str) -> str:
    """What they wrote themselves: without what they quote, and without any line that stands in our own letter."""
    known = _lines(ours)
    return "\n".join(one for one in _unquoted(text) if _bare(one) not in known or not one.strip())


def is_within(text: str, ours: str) -> bool:
    """Whether every line of a text, quoted or not, stands in our own letter."""
    return _lines(text) <= _lines(ours)


def folded(text: str) -> str:
    """As phrases are compared: one case, one kind of each letter, one space for any gap, nothing that cannot be seen."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("ё", "е")
    return " ".join("".join(one for one in text if unicodedata.category(one) != "Cf").split())


def _unquoted(text: str) -> Iterator[str]:
    for one in text.split("\n"):
        if one.lstrip().startswith((">", "|")):
            continue
        if len(one) < 400 and _QUOTE_BEGINS.fullmatch(one):
            return
        yield one


def _lines(text: str) -> set[str]:
    return {said for one in text.split("\n") if (said := _bare(one))}


def _bare(text: str) -> str:
    return folded(text.lstrip("> |"))


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))
