"""Ports of 127.0.0.1 for servers of others, which have to be told one."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
