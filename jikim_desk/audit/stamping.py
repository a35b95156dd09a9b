"""Trusted time (RFC 3161): an authority outside the centre confirms that some bytes existed by a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import rfc3161_client
from cryptography import x509

from jikim_desk.config import desk_config
from jikim_desk.faults import DeskFault

ANSWERS_WITHIN_S = 20.0
ANSWER_MAX_BYTES = 64 * 1024


class NotStamped(DeskFault):
    """There is no stamp, and nothing that looks like one."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """`response` is the authority's answer (DER); `at` the time it confirms."""

    response: bytes
    at: datetime


def stamp(content: bytes) -> Stamp:
    """Has the authority of `[desk] timestamp_authority` stamp `content`, and checks what it answers.

    Raises NotStamped: none is set, it does not answer, or its answer does not hold.
    """
    authority = desk_config().timestamp_authority
    if not authority:
        raise NotStamped("audit.stamp.no_authority")
    request = rfc3161_client.TimestampRequestBuilder().data(content).cert_request(cert_request=True).nonce(nonce=True).build()
    try:
        with httpx.Client(timeout=ANSWERS_WITHIN_S, follow_redirects=False, trust_env=False) as client:
            answer = client.post(
                authority, content=request.as_bytes(), headers={"content-type": "application/timestamp-query"}
            ).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotStamped("audit.stamp.no_answer", where=authority, reason=str(error) or type(error).__name__) from error
    return check(content, answer.content[:ANSWER_MAX_BYTES], nonce=request.nonce)


def check(content: bytes, response: bytes, *, nonce: int | None = None) -> Stamp:
    """Checks that `response` stamps `content` under a certificate of `[desk] timestamp_roots`. Raises NotStamped."""
    try:
        decoded = rfc3161_client.decode_timestamp_response(response)
        verifier = rfc3161_client.VerifierBuilder(roots=_roots(), nonce=nonce).build()
        verifier.verify_message(decoded, content)
        return Stamp(response, decoded.tst_info.gen_time)
    except (rfc3161_client.VerificationError, ValueError) as error:
        raise NotStamped("audit.stamp.does_not_hold", reason=str(error)[:200]) from error


def _roots() -> list[x509.Certificate]:
    path = desk_config().timestamp_roots
    if not path:
        raise NotStamped("audit.stamp.no_roots")
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise NotStamped("audit.stamp.bad_roots", where=path, reason=str(error)[:200]) from error
