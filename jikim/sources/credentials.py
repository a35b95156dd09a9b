"""Keys and tokens of places: to the place alone, over https, never shown."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from jikim.errors import BadUse
from jikim.sources.canonical import canonical

Secret = Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{1,4096}\Z")]
"""A key or token as it goes into a header: visible ASCII, no blanks."""

KEY_REFUSED = dict.fromkeys((401, 403), "sources.key_refused")
"""What a status says of a key that went along."""
_LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")


def shown(secret: str | None) -> str:
    """How a secret stands in what a person or a log may see."""
    return "***" if secret else "None"


def refuse_clear_text(source: str, url: str) -> None:
    """Raises BadUse for an address that cannot be opened, or to which a secret would go unencrypted over a network."""
    parts = urlsplit(canonical(url))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK_NAMES:
        raise BadUse("sources.token_in_clear", source=source, where=url)
