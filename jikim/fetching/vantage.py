"""Looking at an address from another network: through a proxy the centre has set, a bounded beginning of the answer.

The name is resolved at the far end, so what it resolves to cannot be checked here; addresses of this network are refused by
their spelling, and nothing is asked through a proxy that is not in the settings. Nothing is sealed or kept: what is seen
serves as proof that something is there or gone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching.address import Target, is_numeric, is_public, parse
from jikim.types import Answer, Hop

_REDIRECT_STATUSES = frozenset((301, 302, 303, 307, 308))
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class Vantage:
    """A way to the web through `proxy` (`http://user:password@host:port`). Usable from many threads at once."""

    def __init__(self, settings: Fetching, proxy: str) -> None:
        self._settings = settings
        limits = httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s)
        self._client = httpx.Client(
            proxy=proxy, timeout=limits, trust_env=False, headers={"user-agent": settings.user_agent, "accept": "*/*"}
        )

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """The answer to a GET; a body longer than `max_bytes` is cut off there. Raises as `Fetcher.get`."""
        limit = min(self._settings.max_answer_bytes, max_bytes or self._settings.max_answer_bytes)
        chain: list[Hop] = []
        target = parse(url)
        for _ in range(self._settings.max_redirects + 1):
            self._check(target)
            try:
                with self._client.stream("GET", target.url, headers=dict(headers or {})) as answer:
                    shown = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
                    chain.append(Hop(target.url, answer.status_code, shown, "", datetime.now(UTC)))
                    if answer.status_code not in _REDIRECT_STATUSES:
                        body = self._beginning(answer, limit) if answer.status_code < 400 else b""
                        break
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise FetchFailed("fetching.unreachable", where=target.url, reason=type(error).__name__) from error
            target = parse(shown.get("location", ""), base=target)
        else:
            raise FetchRefused("fetching.too_many_redirects", where=url, limit=self._settings.max_redirects)
        if chain[-1].status >= 400:
            failed = FetchFailed("fetching.status", where=target.url, status=chain[-1].status)
            failed.chain = tuple(chain)
            raise failed
        return Answer(url, target.url, chain[-1].status, shown, body, "", chain[-1].at, tuple(chain))

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    def _beginning(self, answer: httpx.Response, limit: int) -> bytes:
        until_s = time.monotonic() + self._settings.total_timeout_s
        body = bytearray()
        for piece in answer.iter_bytes(16 * 1024):
            body += piece
            if len(body) >= limit:
                break
            if time.monotonic() > until_s:
                raise FetchFailed("fetching.too_slow", where=str(answer.url))
        return bytes(body[:limit])

    def _check(self, target: Target) -> None:
        is_named_here = target.host == "localhost" or target.host.endswith(_LOCAL_NAMES) or "." not in target.host
        is_inside = not is_public(target.host) if is_numeric(target.host) else is_named_here
        if is_inside and f"{target.host}:{target.port}" not in self._settings.loopback_allowed:
            raise FetchRefused("fetching.private_address", where=target.url, address=target.host)
