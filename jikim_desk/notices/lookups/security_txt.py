"""Reads a host's security.txt (RFC 9116), which is meant for reports of security faults: a person judges a contact in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

PATHS = ("/.well-known/security.txt", "/security.txt")
"""Where it stands, and where it stood before the RFC."""
MAX_BYTES = 32 * 1024
_SIGNED, _SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"
_CONTACTS_MAX, _VALUE_MAX = 8, 300


@dataclass(frozen=True, slots=True)
class SecurityText:
    """`mailboxes` and `forms` in the order of preference. `expires` is None where it is missing or no time. `is_signed` says
    that there is a signature, not that it holds."""

    mailboxes: tuple[str, ...]
    forms: tuple[str, ...]
    languages: tuple[str, ...]
    expires: datetime | None
    is_signed: bool

    def is_expired(self, now: datetime) -> bool:
        """Whether it should no longer be used: expired, or without the time by which it does."""
        return self.expires is None or self.expires < now

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return {
            "mailboxes": self.mailboxes,
            "forms": self.forms,
            "languages": self.languages,
            "expires": self.expires.isoformat() if self.expires else "",
            "is_signed": self.is_signed,
        }


def read(body: bytes) -> SecurityText | None:
    """What a security.txt says; None for what is none, such as a page that stands for "not found"."""
    text = body[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    is_signed = text.lstrip().startswith(_SIGNED)
    fields = list(_fields(text.partition(_SIGNATURE)[0]))
    contacts = [value for name, value in fields if name == "contact"][:_CONTACTS_MAX]
    if not contacts or "<html" in text.lower():
        return None
    expires = [value for name, value in fields if name == "expires"]
    languages = [one.strip().lower() for name, value in fields if name == "preferred-languages" for one in value.split(",")]
    return SecurityText(
        mailboxes=tuple(unquote(one[len("mailto:") :].partition("?")[0]) for one in contacts if _is(one, "mailto:")),
        forms=tuple(one for one in contacts if _is(one, "https://")),
        languages=tuple(languages[:_CONTACTS_MAX]),
        expires=_time(expires[0]) if len(expires) == 1 else None,
        is_signed=is_signed,
    )


def _is(contact: str, scheme: str) -> bool:
    return contact.lower().startswith(scheme)


def _fields(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        line = line.removeprefix("- ")  # as OpenPGP escapes a line that begins with a dash
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#") and len(value) <= _VALUE_MAX:
            found.append((name.strip().lower(), value.strip()))
    return found


def _time(text: str) -> datetime | None:
    try:
        read_time = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return read_time if read_time.tzinfo else read_time.replace(tzinfo=UTC)
