"""What may be called a test: provenance alone, never what a picture looks like.

A host is a practice host when it is on this machine and proves, over the very connection that was made, that it knows the key
under `$JIKIM_HOME/keys/practice`. The proof names the address and port that answer, so that a stranger who passes the question
on to a real practice host gains nothing. A file is a test fixture when it is byte-identical to one that is shipped.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PROOF_PATH = "/.well-known/jikim-practice"
_NONCE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ProvenPractice:
    """A practice host that has answered for itself. `origin` is its scheme, host and port, as in `http://127.0.0.1:8000`."""

    origin: str
    host: str
    ip: str
    port: int


def practice_answer(key: bytes, nonce_hex: str, ip: str, port: int) -> str:
    """The proof for one nonce: HMAC-SHA256 in hexadecimal. Raises ValueError when the nonce is not 64 hexadecimal digits."""
    if not _NONCE.fullmatch(nonce_hex):
        raise ValueError("a nonce is 64 lower-case hexadecimal digits")
    return hmac.new(key, b"\0".join((b"jikim-practice", nonce_hex.encode(), f"{ip}:{port}".encode())), "sha256").hexdigest()


@cache
def fixtures() -> Mapping[str, str]:
    """The names of the shipped test fixtures by their sha256."""
    lines = files("jikim").joinpath("practice", "fixtures", "SHA256SUMS").read_text("ascii").splitlines()
    return dict(line.split("  ", 1) for line in lines if line)


def is_fixture(sha256: str) -> bool:
    """Whether a file is byte-identical to a shipped fixture."""
    return sha256 in fixtures()
