"""Fields with personal data, sealed one by one: AES-256-GCM under a key derived for the table and row.

A sealed field is bound to its table, row and column: moved to another place it does not open.

    version (1 byte), nonce (12 bytes), ciphertext with tag
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jikim.errors import VaultError

VERSION = b"\x01"
NONCE_BYTES = 12


def seal_field(key: bytes, table: str, row: str, column: str, text: str) -> bytes:
    """Seals `text` (any string) under the 32-byte `key` for one column of one row; twice the same never looks the same."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + _cipher(key, table, row).encrypt(nonce, _encoded(text), _place(table, row, column))


def open_field(key: bytes, table: str, row: str, column: str, sealed: bytes) -> str:
    """What `seal_field` sealed for this very place. Raises VaultError for anything else."""
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != VERSION or len(nonce) != NONCE_BYTES:
        raise VaultError("vault.field_damaged", table=table, column=column)
    try:
        return _cipher(key, table, row).decrypt(nonce, body, _place(table, row, column)).decode("utf-8", "surrogatepass")
    except InvalidTag as error:
        raise VaultError("vault.field_damaged", table=table, column=column) from error


def _cipher(key: bytes, table: str, row: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=_place(table, row)).derive(key))


def _place(*names: str) -> bytes:
    """Each name with its length before it, so that no two places are written alike."""
    return b"jikim field 1" + b"".join(len(_encoded(name)).to_bytes(4, "big") + _encoded(name) for name in names)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
