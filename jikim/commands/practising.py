"""`jikim practice`: the practice platform, on this machine alone."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from jikim.config import Config
from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world, own_world, write_truth
from jikim.vault import open_vault


def run(config: Config, port: int, items: Path | None, truth: Path | None) -> int:
    """Serves until interrupted or terminated; the first line on stdout is the origin. Returns the exit status."""
    world = load_world(items) if items else own_world()
    with open_vault(config, with_private_keys=False) as vault:
        server = PracticeServer(world, vault.practice_key(), port)
    if truth:
        write_truth(world, server.origin, truth)
    stopping = threading.Thread(target=server.stop, daemon=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if stopping.is_alive() or stopping.ident else stopping.start())
    sys.stdout.write(f"{server.origin}\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0
