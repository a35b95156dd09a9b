"""The role mailbox over IMAP: encrypted or not at all, read without changing anything on the server.

Headers and size come first; a letter is fetched whole only where it is not too large. Every fault is a MailboxFault whose key
says what to do.
"""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jikim_desk.config import Removal
from jikim_desk.notices.inbox.faults import CutOff, Gone, MailboxFault, Withheld
from jikim_desk.notices.inbox.reading import HEADERS_MAX_BYTES

TLS_PORT = 993
"""Where TLS is spoken from the first byte; at any other port it begins with STARTTLS."""
ANSWERS_WITHIN_S = 30.0
_WINDOW = 20_000
"""UIDs asked for at once, so that no answer of the server becomes longer than imaplib reads."""
_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([ \d]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4})"')
_EXPUNGED = "[EXPUNGEISSUED]"
"""What a server says (RFC 5530) of a letter that was deleted meanwhile; others answer with nothing."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a letter before it is fetched."""

    size_bytes: int
    arrived_at: datetime | None
    headers: bytes


class Folder:
    """One folder, opened for reading alone."""

    def __init__(self, server: imaplib.IMAP4, name: str) -> None:
        self._server = server
        state, said = server.select(_quoted(name), readonly=True)
        if state != "OK":
            raise MailboxFault("inbox.fault.no_folder", said=_words(said))
        self.uidvalidity = self._number("UIDVALIDITY")
        self._next = self._number("UIDNEXT")

    def after(self, uid: int, since: date, limit: int) -> tuple[list[int], int]:
        """The next `limit` letters after `uid` that arrived on `since` or later, and how far one has come with them."""
        found: list[int] = []
        first, end = uid + 1, self._next
        on = f"{since.day:02d}-{_MONTHS[since.month - 1]}-{since.year}"
        while first < end and len(found) <= limit:
            last = min(first + _WINDOW, end) - 1
            data = self._asked("SEARCH", f"UID {first}:{last}", f"SINCE {on}")
            try:
                named = [int(one) for one in _words(data).split()]
            except ValueError as error:
                raise MailboxFault("inbox.fault.not_understood", said=_words(data)) from error
            found += sorted(one for one in named if first <= one <= last)
            first = last + 1
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        return found, max(uid, end - 1)

    def head(self, uid: int) -> Head:
        """Headers, size and time of arrival. Raises Gone, Withheld, CutOff."""
        said, headers = self._fetched(uid, f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER]<0.{HEADERS_MAX_BYTES}>)")
        size, at = _SIZE.search(said), _ARRIVED.search(said)
        return Head(int(size[1]) if size else len(headers), _moment(at[1]) if at else None, headers)

    def whole(self, uid: int, limit_bytes: int) -> bytes | None:
        """The letter; None where it is larger than the server had said. Raises Gone, Withheld, CutOff."""
        _, content = self._fetched(uid, f"(UID BODY.PEEK[]<0.{limit_bytes + 1}>)")
        return None if len(content) > limit_bytes else content

    def _fetched(self, uid: int, what: str) -> tuple[bytes, bytes]:
        """What stands around the one literal of the answer, and that literal. Raises Gone, Withheld, CutOff."""
        data = self._asked("FETCH", str(uid), what)
        for place, one in enumerate(data):
            if isinstance(one, tuple):
                after = data[place + 1] if place + 1 < len(data) and isinstance(data[place + 1], bytes) else b""
                said = one[0] + b" " + after
                named = _UID.search(said)
                if named and int(named[1]) == uid:
                    return said, one[1]
        raise Gone("inbox.remark.gone")

    def _asked(self, command: str, *arguments: str) -> list[Any]:
        try:
            state, data = self._server.uid(command, *arguments)
        except (imaplib.IMAP4.abort, OSError) as error:
            raise CutOff("inbox.fault.cut_off", said=_reason(error)) from error
        if state == "NO" and command == "FETCH":
            if _EXPUNGED in _words(data):
                raise Gone("inbox.remark.gone", said=_words(data))
            raise Withheld("inbox.fault.not_understood", said=_words(data))
        if state != "OK":
            raise MailboxFault("inbox.fault.not_understood", said=_words(data))
        return data

    def _number(self, name: str) -> int:
        _, said = self._server.response(name)
        number = next((one for one in said or () if one), b"0")
        if not number.isdigit() or not int(number):
            raise MailboxFault("inbox.fault.not_understood", said=f"no {name}")
        return int(number)


@contextmanager
def opened(settings: Removal) -> Iterator[Folder]:
    """The folder the centre set, until the block ends. Raises MailboxFault, also for what happens in the block."""
    server: imaplib.IMAP4 | None = None
    try:
        server = _greeted(settings)
        _signed_in(server, settings)
        yield Folder(server, settings.imap_folder)
    except imaplib.IMAP4.abort as error:
        raise MailboxFault("inbox.fault.cut_off", said=str(error)) from error
    except imaplib.IMAP4.error as error:
        raise MailboxFault("inbox.fault.not_understood", said=str(error)) from error
    except OSError as error:
        raise MailboxFault("inbox.fault.cut_off", said=_reason(error)) from error
    finally:
        if server is not None:
            try:
                server.logout()
            except (imaplib.IMAP4.error, OSError):
                _drop(server)


def _greeted(settings: Removal) -> imaplib.IMAP4:
    """The server, over TLS. Raises MailboxFault."""
    where = settings.imap_host, settings.imap_port
    try:
        tls = ssl.create_default_context(cafile=settings.imap_roots or settings.smtp_roots or None)
        if settings.imap_port == TLS_PORT:
            return imaplib.IMAP4_SSL(*where, ssl_context=tls, timeout=ANSWERS_WITHIN_S)
        server = imaplib.IMAP4(*where, timeout=ANSWERS_WITHIN_S)
    except ssl.SSLError as error:
        raise MailboxFault("inbox.fault.bad_certificate", said=_reason(error)) from error
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxFault("inbox.fault.unreachable", said=_reason(error)) from error
    try:
        if "STARTTLS" not in server.capabilities:
            raise MailboxFault("inbox.fault.no_tls")
        server.starttls(ssl_context=tls)
    except BaseException as error:
        _drop(server)
        if isinstance(error, ssl.SSLError):
            raise MailboxFault("inbox.fault.bad_certificate", said=_reason(error)) from error
        if isinstance(error, imaplib.IMAP4.error | OSError):
            raise MailboxFault("inbox.fault.unreachable", said=_reason(error)) from error
        raise
    return server


def _signed_in(server: imaplib.IMAP4, settings: Removal) -> None:
    """Raises MailboxFault. The password stands in no error: what is told is the server's answer."""
    try:
        password = Path(settings.imap_password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MailboxFault("inbox.fault.no_password", said=type(error).__name__) from None
    secret = f"\0{settings.imap_user}\0{password}".encode()
    try:
        if "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _: secret)
        else:
            server.login(settings.imap_user, password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = str(error)
        key = "inbox.fault.unreachable" if "[UNAVAILABLE]" in said else "inbox.fault.not_signed_in"
        raise MailboxFault(key, said=said) from None
    except UnicodeEncodeError:
        raise MailboxFault("inbox.fault.not_signed_in") from None


def _drop(server: imaplib.IMAP4) -> None:
    with suppress(OSError):  # it is closed already: what counts was said before
        server.shutdown()


def _quoted(name: str) -> str:
    """A folder's name in IMAP's own UTF-7 (RFC 3501, 5.1.3), in quotes."""
    written = "".join(
        part
        if part.isascii()
        else "&" + base64.b64encode(part.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
        for part in re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", name.replace("&", "&-"))
    )
    return '"' + written.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _moment(written: bytes) -> datetime | None:
    """The time as IMAP writes it; None for one that is none."""
    day, month, rest = written.decode("ascii").strip().split("-", 2)
    try:
        number = _MONTHS.index(month.title()) + 1
        return datetime.strptime(f"{day}-{number:02d}-{rest}", "%d-%m-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _words(said: list[Any]) -> str:
    return b" ".join(one for one in said if isinstance(one, bytes)).decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
