"""Country of a server's address by the offline data of the five regional internet registries, as the package `iptocc` carries
them; nothing is asked of anybody. They say where an address was assigned, not where the server stands. The network is known
only where a look-up was made (`lookups`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import iptocc

_PACKAGE = "iptocc"


def country(ip: str) -> str:
    """The country code (ISO 3166) to which an address was assigned; "" where the registries have none."""
    return iptocc.country_code(ip) or ""


def source() -> str:
    """The data in use and their version."""
    return f"{_PACKAGE} {version(_PACKAGE)}"


def told(ips: Sequence[str], networks: Mapping[str, str]) -> dict[str, Any]:
    """What is known of servers' addresses; `networks` are those that were looked up, by address."""
    servers = [{"ip": ip, "country": country(ip), "network": networks.get(ip, "")} for ip in ips]
    return {"source": source(), "servers": servers}
