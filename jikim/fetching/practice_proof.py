"""Whether a host is the practice platform: decided by proof, never by its name."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence

import msgspec

from jikim.config import Fetching
from jikim.errors import FetchRefused
from jikim.fetching.address import Reach, Target, is_loopback, is_numeric, parse
from jikim.fetching.transport import Deadline, LookUp, Transport
from jikim.provenance import PROOF_PATH, ProvenPractice, practice_answer

MAX_ANSWER_BYTES = 4096
TOTAL_TIMEOUT_S = 5.0


class _Proof(msgspec.Struct):
    hmac: str


def prove(url: str, key: bytes, *, look_up: LookUp | None = None, total_timeout_s: float = TOTAL_TIMEOUT_S) -> ProvenPractice:
    """Asks the host of `url` for its proof under `key` (32 bytes, `$JIKIM_HOME/keys/practice`).

    Only this machine is asked, by a loopback address or as `localhost`: any other name would first have to be looked up in
    the network, where nobody has to know. Raises FetchRefused when it is another host, or when the answer is not the proof;
    FetchFailed when the host does not answer at all.
    """
    target = parse(url)
    if target.scheme != "http" or not (is_numeric(target.host) or target.host == "localhost"):
        raise FetchRefused("fetching.not_practice", where=url)
    nonce = secrets.token_hex(32)
    asked = parse(f"{PROOF_PATH}?nonce={nonce}", base=target)
    transport = Transport(
        Fetching(connect_timeout_s=total_timeout_s, read_timeout_s=total_timeout_s), _LoopbackOnly(), look_up=look_up
    )
    deadline = Deadline(total_timeout_s)
    with transport.open(asked, [("Accept", "application/json")], deadline=deadline, limit_bytes=MAX_ANSWER_BYTES) as exchange:
        body = b"".join(exchange.body(MAX_ANSWER_BYTES)) if exchange.status == 200 else b""
    try:
        given = msgspec.json.decode(body, type=_Proof).hmac
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FetchRefused("fetching.not_practice", where=url) from error
    expected = practice_answer(key, nonce, exchange.peer_ip, target.port)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise FetchRefused("fetching.not_practice", where=url)
    origin = f"http://{target.authority}"
    return ProvenPractice(origin=origin, host=target.host, ip=exchange.peer_ip, port=target.port)


class _LoopbackOnly(Reach):
    """Reaches this machine and nothing else."""

    def __init__(self) -> None:
        super().__init__(())

    def checked(self, target: Target, look_up: Callable[[], Sequence[str]]) -> tuple[str, ...]:
        addresses = (target.host,) if is_numeric(target.host) else tuple(dict.fromkeys(look_up()))
        if not all(is_loopback(address) for address in addresses):
            raise FetchRefused("fetching.not_practice", where=target.url)
        return addresses
