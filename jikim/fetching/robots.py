"""What a site's robots.txt allows (RFC 9309), asked once for each origin."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protego import Protego

from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching.address import Target, parse
from jikim.fetching.transport import Deadline

READ_BYTES = 512 * 1024
"""RFC 9309 2.5: at least 500 KiB are read; what comes after is ignored."""
_USER_AGENT_LINE = re.compile(r"\s*user[ -]?agent\s*:?\s*([^#]*)", re.IGNORECASE)
_OF_THE_HOST = frozenset(
    [
        "fetching.unreachable",
        "fetching.no_such_host",
        "fetching.tls",
        "fetching.closed",
        "fetching.private_address",
        "fetching.outside_practice",
    ]
)
"""What says something about the host itself and not just about its robots.txt."""
KEPT_S = 24 * 3600.0
FAILURE_KEPT_S = 30.0

ReadRobots = Callable[[Target, Deadline], bytes]
"""Fetches a robots.txt, at most `READ_BYTES` of it. Raises FetchRefused or FetchFailed."""


@dataclass(frozen=True, slots=True)
class _Known:
    """`rules` is None when nothing is forbidden; `failure` is set when the rules could not be had."""

    until: float
    rules: Protego | None = None
    failure: FetchRefused | FetchFailed | None = None


class Robots:
    """Asks and remembers. Thread-safe: an origin's file is fetched by one thread while others wait for it."""

    def __init__(self, user_agent: str, ignored_hosts: Mapping[str, str], read: ReadRobots) -> None:
        """`ignored_hosts`: host -> the legal ground on record for not asking; an entry without a ground does not count."""
        self._product = user_agent.split("/")[0].strip()
        self._ignored_hosts = frozenset(host.lower() for host, ground in ignored_hosts.items() if ground.strip())
        self._read = read
        self._known: dict[tuple[str, str, int], _Known] = {}
        self._asking: dict[tuple[str, str, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def crawl_delay_s(self, target: Target, deadline: Deadline) -> float:
        """Seconds the site wants between two requests, 0 when it does not say. Raises as `read` does, FetchRefused when the
        site forbids this target, FetchFailed when its rules cannot be had for now."""
        if target.host in self._ignored_hosts:
            return 0.0
        known = self._asked(target, deadline)
        if known.failure is not None:
            raise type(known.failure)(known.failure.key, **known.failure.params)
        if known.rules is None:
            return 0.0
        if not known.rules.can_fetch(target.url, self._product):
            raise FetchRefused("fetching.robots_forbid", where=target.url)
        return float(known.rules.crawl_delay(self._product) or 0.0)

    def _asked(self, target: Target, deadline: Deadline) -> _Known:
        with self._lock:
            asking = self._asking.setdefault(target.origin, threading.Lock())
        with asking:
            known = self._known.get(target.origin)
            if known is None or known.until < time.monotonic():
                known = self._known[target.origin] = self._fetched(target, deadline)
            return known

    def _fetched(self, target: Target, deadline: Deadline) -> _Known:
        """Asks the site. Raises FetchRefused when the site itself may not be reached."""
        address = parse("/robots.txt", base=target)
        try:
            text = self._read(address, deadline).decode("utf-8", "replace").removeprefix("\ufeff")
        except (FetchRefused, FetchFailed) as error:
            return self._without_rules(error, target, address)
        return _Known(time.monotonic() + KEPT_S, rules=Protego.parse(_for_us(text, self._product)))

    @staticmethod
    def _without_rules(error: FetchRefused | FetchFailed, target: Target, address: Target) -> _Known:
        status = error.params.get("status")
        # RFC 9309 2.3.1.3: a site that answers 4xx has no rules. 429 says that it is busy, which is no answer.
        if isinstance(status, int) and status < 500 and status != 429:
            return _Known(time.monotonic() + KEPT_S)
        if error.key in _OF_THE_HOST:
            failure = type(error)(error.key, **{**error.params, "where": target.url})
        else:
            failure = FetchFailed("fetching.robots_unavailable", **{**error.params, "where": address.url})
        return _Known(time.monotonic() + FAILURE_KEPT_S, failure=failure)


def _for_us(text: str, product: str) -> str:
    """The text with all groups that are not ours put under one name, since every name costs the parser a copy of its rules
    and a hostile file can have tens of thousands of them."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        named = _USER_AGENT_LINE.match(line)
        if named and "*" not in named[1] and named[1].strip().lower() not in product.lower():
            lines[at] = "User-agent: -"
    return "\n".join(lines)
