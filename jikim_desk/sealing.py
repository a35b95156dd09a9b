"""Rows with personal data hold them sealed: AES-256-GCM under a key of table, row and column.

A model declares `url_sealed = models.BinaryField()` and `url = sealed_text("url_sealed")`; reading `row.url` opens it, setting
it seals it. The row's id has to be known before (ids here come from content or are random, never counted by the database).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from jikim.vault import Vault, open_vault
from jikim_desk.config import jikim_config


@cache
def vault() -> Vault:
    """The vault of this desk, opened once a process. Raises VaultError, StateError."""
    return open_vault(jikim_config())


def reference(kind: str, text: str) -> str:
    """A keyed reference to `text`: 64 hexadecimal digits, the same for the same text, telling nothing of it."""
    return vault().reference(kind, text)


def sealed_text(column: str) -> property:
    """A property that keeps text sealed in the BinaryField `column`; the empty text is kept as no bytes."""

    def opened(row: Any) -> str:
        sealed = bytes(getattr(row, column) or b"")
        return vault().open_field(row._meta.db_table, row.pk, column, sealed) if sealed else ""

    def seal(row: Any, text: str) -> None:
        setattr(row, column, vault().seal_field(row._meta.db_table, row.pk, column, text) if text else b"")

    return property(opened, seal)


def sealed_json(column: str) -> property:
    """As `sealed_text`, for a value that can be written as JSON; None is kept as no bytes."""
    text = sealed_text(column)

    def opened(row: Any) -> Any:
        written = text.__get__(row)
        return msgspec.json.decode(written) if written else None

    def seal(row: Any, value: Any) -> None:
        text.__set__(row, "" if value is None else msgspec.json.encode(value).decode())

    return property(opened, seal)
