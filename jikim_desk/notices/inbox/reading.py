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
from email.parser import BytesHeaderParser
from pathlib import Path

from jikim.fetching import sniff
from jikim_desk.notices.inbox import charsets, wording

HEADERS_MAX_BYTES, HEADERS_MAX, HEADER_MAX = 128 * 2**10, 1000, 4000
PARTS_MAX, DEPTH_MAX, BOUNDARIES_MAX, LINES_MAX = 100, 12, 60, 100_000
NAME_MAX = 120
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_LONG_TYPE = re.compile(rb"(?im)^content-[a-z-]{1,30}[ \t]*:(?:[^\r\n]|\r?\n[ \t]){8000}")
_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*\?=")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ANGLED = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,253})>")
_ADDRESS = re.compile(r"[^\s<>(),;:\"@]{1,64}@[^\s<>(),;:\"@]{1,253}")
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
    """The letter in `content`; of one that is not whole, or made to be slow to read, the headers are all there is."""
    found = _Found()
    head = head_of(content)
    if is_whole and _is_endless(content, head):
        found.marks.append("broken")
        is_whole = False
    message = BytesHeaderParser().parsebytes(head)
    headers = {name: [charsets.header(one) for one in raw] for name, raw in _raw(message).items()}
    text = ""
    if is_whole:
        text = _text(content, found)
    name, senders = _addresses(message, "From")
    if len(senders) > 1:
        found.marks.append("senders")
    if wording.turns(name) or wording.turns("".join(headers.get("subject", ()))):
        found.marks.append("turned")
    if len(text) > wording.TEXT_MAX:
        found.marks.append("cut")
    return Mail(
        message_id=next(iter(_ids(headers.get("message-id", ()))), ""),
        answers=tuple(dict.fromkeys([*_answers(headers), *found.returned])),
        sender="".join(senders[:1]),
        sender_name=wording.line(name, 120),
        reply_to="".join(_addresses(message, "Reply-To")[1][:1]),
        subject=wording.line("".join(headers.get("subject", ())[:1])),
        text=wording.plain(text),
        attached=tuple(found.attached),
        marks=tuple(dict.fromkeys(found.marks)),
        headers=headers,
        reports=tuple(found.reports),
    )


def head_of(content: bytes) -> bytes:
    """The headers alone, as far as anybody needs them."""
    ends = _HEAD_ENDS.search(content[:HEADERS_MAX_BYTES])
    return content[: ends.end() if ends else HEADERS_MAX_BYTES]


def _is_endless(content: bytes, head: bytes) -> bool:
    """Whether reading it could take for ever: headers without end, parts without number, or nothing but ends of lines."""
    lines = content.count(b"\n")
    has_long_head = len(head) >= HEADERS_MAX_BYTES and len(content) > len(head)
    has_short_lines = lines > LINES_MAX and len(content) < 40 * lines  # a film in base64 has 76 letters to a line
    return (
        has_long_head
        or has_short_lines
        or content.lower().count(b"boundary") > BOUNDARIES_MAX
        or bool(_LONG_TYPE.search(content))
    )


def _text(content: bytes, found: _Found) -> str:
    """The words of the letter; what is attached goes into `found`."""
    try:
        message = message_from_bytes(content)
        text = "\n\n".join(filter(None, (one.strip("\n") for one in _texts(message, found, 0))))
    except RecursionError:  # letters within letters without end
        found.marks.append("broken")
        return ""
    if message.defects:
        found.marks.append("broken")
    if not text.strip():
        found.marks.append("no_text")
    return text


def _raw(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:HEADERS_MAX]:
        is_grown = name.lower() == "references"  # the nearest stand last
        found.setdefault(name.lower(), []).append(str(value)[-HEADER_MAX:] if is_grown else str(value)[:HEADER_MAX])
    return found


def _addresses(message: Message, name: str) -> tuple[str, list[str]]:
    """The name and the addresses in a header. Addresses are read before words are decoded: one that is hidden in somebody's
    name is no address."""
    raw = "".join(_raw(message).get(name.lower(), ())[:1])
    bare = charsets.bare(_QUOTED.sub(" ", _WORD.sub(" ", raw)))
    found = [wording.line(one.lower(), 254) for one in _ANGLED.findall(bare) or _ADDRESS.findall(bare)]
    called = charsets.header(_ANGLED.sub(" ", raw)).replace('"', " ").strip() if _ANGLED.search(bare) else ""
    return " ".join(called.split()), list(dict.fromkeys(found))


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
    each = [{name.lower(): charsets.header(str(value)[:HEADER_MAX]) for name, value in block.raw_items()} for block in blocks]
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
