"""What has to be done now and then without anybody asking: the backup of keys, and sessions that are over."""

from __future__ import annotations

import logging
from pathlib import Path

from django.contrib.sessions.backends.db import SessionStore

from jikim.errors import VaultError
from jikim.vault import recovery

logger = logging.getLogger(__name__)


def keep(home: Path) -> None:
    """Writes the backup of keys anew, so that what was destroyed is not in it, and forgets sessions that are over.

    A backup that cannot be written is said in the log and tried again the next time.
    """
    SessionStore.clear_expired()
    if recovery.has_code(home):
        try:
            recovery.back_up(home)
        except VaultError as error:
            logger.error("%s", error)
