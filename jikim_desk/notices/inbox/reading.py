"""One letter out of its bytes: who, about what, in which words, with what attached. Broken MIME is read as far as it goes.

Nothing attached is opened: its kind is told by its name, by what it is declared as and by its first bytes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from pathlib import Path

from jikim.fetching import sniff
from jikim_desk.notices.inbox import charsets, wording

HEADERS_MAX_BYTES = 256 * 2**10
PARTS_MAX, DEPTH_MAX, BOUNDARIES_MAX = 100, 12, 200
NAME_MAX = 120
_ID = re.compile(r"<([^<>\s]{3,250})>")
_ENDINGS = tomllib.loads(Path(__file__).with_name("endings.toml").read_text("utf-8"))
_MEDIA = re.compile(r"(?:image|video|audio)/")
_TEXTS = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|hwpx?|txt|csv|rtf|jpe?g|png|gif|mp[34]|zip)[\s_.\-]*\.[A-Za-z0-9_-]{1,12}$", re.I
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Attached:
    """Something attached. `kind` is by its bytes where these tell, else as declared; `marks` say what to beware of."""

    name: str
    kind: str
    content: bytes
    marks: tuple[str, ...]
    is_kept: bool
    """Only documents are: no picture, film, sound or archive is ever put away."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter. `answers` are the Message-IDs it says it answers or returns, the nearest first."""

    message_id: str
    answers: tuple[str, ...]
    sender: str
    """The address alone, in lower case."""
    sender_name: str
    reply_to: str
    subject: str
    text: str
    attached: tuple[Attached, ...]
    marks: tuple[str, ...]
    headers: Mapping[str, Sequence[str]]
    """Names in lower case; values in words, as they stand from the top down."""
    reports: tuple[Mapping[str, str], ...] = ()
    """Of a delivery report (RFC 3464): the fields of each recipient."""

    def first(self, name: str) -> str:
        """The first value of a header, "" without one."""
        return next(iter(self.headers.get(name, ())), "")


@dataclass(slots=True)
class _Found:
    attached: list[Attached] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    reports: list[Mapping[str, str]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    parts: int = 0


def read(content: bytes, *, is_whole: bool = True) -> Mail:
    """The letter in `content`; of one that is not whole the headers are all there is."""
    found = _Found()
    if is_whole and content.lower().count(b"boundary") > BOUNDARIES_MAX:
        found.marks.append("broken")
        content, is_whole = head_of(content), False
    try:
        message = message_from_bytes(content)
    except RecursionError:  # parts within parts without end
        found.marks.append("broken")
        message, is_whole = message_from_bytes(head_of(content)), False
    headers = _headers(message)
    text = ""
    if is_whole:
        text = "\n\n".join(filter(None, (one.strip("\n") for one in _texts(message, found, 0))))
        if message.defects:
            found.marks.append("broken")
        if not text.strip():
            found.marks.append("no_text")
    name, address = _sender(headers)
    if wording.turns(name) or wording.turns("".join(headers.get("subject", ()))):
        found.marks.append("turned")
    if len(text) > wording.TEXT_MAX:
        found.marks.append("cut")
    return Mail(
        message_id=next(iter(_ids(headers.get("message-id", ()))), ""),
        answers=tuple(dict.fromkeys([*_answers(headers), *found.returned])),
        sender=address,
        sender_name=wording.line(name, 120),
        reply_to=parseaddr("".join(headers.get("reply-to", ())[:1]))[1].lower(),
        subject=wording.line("".join(headers.get("subject", ())[:1])),
        text=wording.plain(text),
        attached=tuple(found.attached),
        marks=tuple(dict.fromkeys(found.marks)),
        headers=headers,
        reports=tuple(found.reports),
    )


def head_of(content: bytes) -> bytes:
    """The headers alone."""
    ends = re.search(rb"\r?\n\r?\n", content[:HEADERS_MAX_BYTES])
    return content[: ends.end() if ends else HEADERS_MAX_BYTES]


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), []).append(charsets.header(str(value))[:10_000])
    return found


def _sender(headers: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    name, address = parseaddr("".join(headers.get("from", ())[:1]))
    return name, address.lower()[:254]


def _answers(headers: Mapping[str, Sequence[str]]) -> list[str]:
    nearest = _ids(headers.get("in-reply-to", ()))
    return [*nearest, *reversed(_ids(headers.get("references", ())))]


def _ids(values: Sequence[str]) -> list[str]:
    return [one for value in values for one in _ID.findall(value)][:100]


def _texts(part: Message, found: _Found, depth: int) -> Iterator[str]:
    """The words of a part and of what is in it; everything else is put into `found`."""
    found.parts += 1
    if found.parts > PARTS_MAX or depth > DEPTH_MAX:
        found.marks.append("broken")
        return
    kind = part.get_content_type()
    if kind == "message/delivery-status":
        found.reports += _report(part)
    elif kind in ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"):
        found.returned += _returned(part)
        found.attached.append(_attached(part, kind))
    elif part.is_multipart():
        yield from _of_several(part, kind, found, depth)
    elif kind in ("text/plain", "text/html") and not _is_attached(part):
        text, is_sound = charsets.decoded(_payload(part), _charset(part))
        if not is_sound:
            found.marks.append("unreadable")
        if kind == "text/html":
            text = wording.from_html(text)
        yield text
    else:
        if kind == "text/calendar":
            found.marks.append("invitation")
        if kind in ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"):
            found.marks.append("encrypted")
        found.attached.append(_attached(part, kind))


def _of_several(part: Message, kind: str, found: _Found, depth: int) -> Iterator[str]:
    inside = [one for one in part.get_payload() if isinstance(one, Message)]
    if kind != "multipart/alternative":
        for one in inside:
            yield from _texts(one, found, depth + 1)
        return
    wordings = [(one.get_content_type(), "\n\n".join(_texts(one, found, depth + 1))) for one in inside]
    said = [(kind, text) for kind, text in wordings if text.strip()]
    as_plain = [text for kind, text in said if kind == "text/plain"]
    yield from as_plain[:1] or [text for _, text in said[-1:]]


def _report(part: Message) -> list[Mapping[str, str]]:
    """The fields of each recipient in a delivery report; the first block is about the letter."""
    inside = part.get_payload()
    if not isinstance(inside, list):
        inside = [message_from_bytes(one) for one in re.split(rb"\r?\n\r?\n", _payload(part))]
    blocks = [one for one in inside[:50] if isinstance(one, Message)]
    each = [{name.lower(): charsets.header(str(value)) for name, value in block.raw_items()} for block in blocks]
    return [one for one in each if "action" in one or "final-recipient" in one]


def _returned(part: Message) -> list[str]:
    """The Message-ID of a letter that is in this one."""
    inside = part.get_payload()
    if isinstance(inside, list):
        return [one for each in inside[:5] if isinstance(each, Message) for one in _ids([str(each.get("Message-ID", ""))])]
    return [
        one for line in re.findall(r"(?im)^message-id:(.*)$", _payload(part).decode("ascii", "replace")) for one in _ids([line])
    ]


def _attached(part: Message, declared: str) -> Attached:
    raw = _filename(part)
    content = _payload(part)
    kind = sniff(content[:4096], declared) if content else declared
    name = wording.line(raw, NAME_MAX)
    ending = re.sub(r"[^a-z0-9-]", "", raw.rpartition(".")[2].lower()) if "." in raw else ""
    marks = [
        mark
        for mark, is_so in (
            ("turned", wording.turns(raw)),
            ("double", bool(_TEXTS.search("".join(one for one in raw if one.isprintable())))),
            ("runs", ending in _ENDINGS["runs"] or kind == "application/x-executable" or content[:2] == b"MZ"),
            ("archive", ending in _ENDINGS["archives"] or (_is_archive(content) and ending not in _ENDINGS["documents"])),
            ("media", bool(_MEDIA.match(kind) or _MEDIA.match(declared))),
            ("invitation", declared == "text/calendar"),
            ("letter", declared.startswith("message/")),
        )
        if is_so
    ]
    is_document = ending in _ENDINGS["documents"] or kind in ("application/pdf", "text/plain", "text/calendar")
    is_kept = bool(content) and is_document and not set(marks) & {"runs", "archive", "media", "letter"}
    shown = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    return Attached(name, shown, content, tuple(marks), is_kept)


def _is_archive(content: bytes) -> bool:
    return content.startswith((b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf'\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"))


def _filename(part: Message) -> str:
    try:
        return charsets.header(part.get_filename() or "")
    except (UnicodeError, LookupError, TypeError, ValueError):  # RFC 2231 written wrongly
        return "?"


def _payload(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    return b"".join(one.as_bytes() for one in part.get_payload() if isinstance(one, Message)) if part.is_multipart() else b""


def _charset(part: Message) -> str | None:
    try:
        named = part.get_content_charset()
    except (UnicodeError, LookupError, TypeError, ValueError):
        return None
    return named


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_filename(part))
