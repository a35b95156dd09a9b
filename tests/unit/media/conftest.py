"""What the tests of opening share: one sandbox for all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jikim.config import Opening
from jikim.media.opening import Opener, OpenMedia, sealed_memory

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def opener() -> Iterator[Opener]:
    with Opener(Opening()) as opener:
        yield opener


@pytest.fixture
def opened(opener: Opener) -> Iterator[Callable[[bytes], OpenMedia]]:
    """Opens bytes, and closes what was opened."""
    media: list[OpenMedia] = []

    def open_bytes(content: bytes) -> OpenMedia:
        fd = sealed_memory(iter([content]))
        try:
            media.append(opener.open(fd, "0" * 64))
        finally:
            os.close(fd)
        return media[-1]

    yield open_bytes
    for one in media:
        one.close()
