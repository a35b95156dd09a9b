from __future__ import annotations

import pytest

from jikim import config
from jikim.weights.sessions import LocalSessions


@pytest.fixture(scope="session")
def sessions() -> LocalSessions:
    """The real model files: `jikim weights fetch` has put them there."""
    return LocalSessions(config.load().weights)
