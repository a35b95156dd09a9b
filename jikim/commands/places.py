"""From `NAME[=URL]` on the command line to places that can be searched.

A practice platform must prove itself and is reached through a fetcher that reaches nothing else. Every other place needs the
centre's authority on record before anything is asked of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from jikim.config import Config
from jikim.errors import BadUse, FetchFailed
from jikim.fetching import SafeFetcher, parse, prove
from jikim.provenance import ProvenPractice
from jikim.seams import SOURCES, configured, plugin
from jikim.state import State
from jikim.sweep import Place
from jikim.vault import Vault, sweep_holder

PRACTICE = "practice"
LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")


@contextmanager
def opened(config: Config, named: Sequence[str]) -> Iterator[list[Place]]:
    """The places named, ready to be searched. Raises BadUse, AuthorityMissing, or FetchRefused for a false practice host."""
    wanted = [parsed(one) for one in named] or [(name, None) for name in config.sources]
    if not wanted:
        raise BadUse("places.none_named")
    if any(name != PRACTICE for name, _ in wanted):
        require_authority(config)
    with ExitStack() as stack:
        vault = stack.enter_context(Vault.open(config.home, with_private_keys=False))
        places = []
        for name, url in wanted:
            proven = None
            if name == PRACTICE:
                url = url or stack.enter_context(platform())
                proven = prove(url, vault.practice_key())
            places.append(stack.enter_context(_place(config, vault, name, url, proven)))
        yield places


@contextmanager
def opened_address(config: Config, url: str) -> Iterator[Place]:
    """One address as a place: reached as practice where the host proves to be that, else by authority.

    Raises AuthorityMissing, and FetchRefused for a false practice host.
    """
    with Vault.open(config.home, with_private_keys=False) as vault:
        proven = prove(url, vault.practice_key()) if may_be_practice(config, url) else None
        if proven is None:
            require_authority(config)
        with _place(config, vault, "page", url, proven) as place:
            yield place


@contextmanager
def _place(config: Config, vault: Vault, name: str, url: str | None, proven: ProvenPractice | None) -> Iterator[Place]:
    kind = plugin(SOURCES, name)
    read = configured(kind.Config, {**config.sources.get(name, {}), **({"url": url} if url else {})}, f"sources.{name}")
    kind.verify(read)
    with SafeFetcher(config.fetching, vault, sweep_holder(datetime.now(UTC).date()), practice=proven) as fetcher:
        yield Place(kind(read, fetcher), fetcher, is_practice=proven is not None)


def require_authority(config: Config) -> None:
    """Raises AuthorityMissing unless the centre's authority is on record."""
    with State.open(config.home) as state:
        state.require_authority()


def parsed(named: str) -> tuple[str, str | None]:
    """`NAME` or `NAME=URL` in its two parts."""
    name, _, url = named.partition("=")
    return name.strip(), url.strip() or None


def may_be_practice(config: Config, url: str) -> bool:
    """Whether to ask a host for its proof: it is a literal address of this machine that no setting calls a test server."""
    target = parse(url)
    return target.host in LOOPBACK_NAMES and f"{target.host}:{target.port}" not in config.fetching.loopback_allowed


@contextmanager
def platform() -> Iterator[str]:
    """A practice platform in a process of its own for as long as the block lasts; its origin."""
    command = [sys.executable, "-m", "jikim", "practice", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
        try:
            origin = running.stdout.readline().strip() if running.stdout else ""
            if not origin.startswith("http://"):
                raise FetchFailed("places.practice_did_not_start")
            yield origin
        finally:
            running.terminate()
